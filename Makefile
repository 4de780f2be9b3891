# What a newcomer types. `make` alone lists the targets.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
UV_VERSION := 0.13.9
LITELLM_VERSION := 1.106.2
# uv from the PATH where it is, else from PyPI into a folder of our own
UV := $(or $(shell command -v uv),.uv/bin/uv)
BIN := .venv/bin

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

.uv/bin/uv:
	$(PYTHON) -m venv .uv && .uv/bin/python -m pip install --quiet uv==$(UV_VERSION)

.venv/bin/python: | $(filter .uv/bin/uv,$(UV))
	$(UV) venv --quiet --python $(PYTHON) .venv

# Each stamp says that .venv holds what the locked file of the same name asks for.
.venv/%.stamp: requirements/%.txt pyproject.toml | .venv/bin/python
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r $<
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

install: .venv/run.stamp ## make .venv with what the bot needs to run

demo: .venv/demo.stamp ## local Discord, offline model and the bot, in your browser
	$(BIN)/clew demo

check: .venv/dev.stamp ## format, lint, types, imports, dependencies
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/deptry .

# Four at a time on two cores: most of the time is waiting for processes and limits.
test: .venv/dev.stamp test-needs ## the whole test suite
	$(BIN)/pytest -n 4 --dist loadfile

bench: .venv/dev.stamp ## what clew adds to a turn, measured here; kept in bench/results
	$(BIN)/python -m bench.turns

load: .venv/dev.stamp ## 500 streamed answers in 20 channels at once (about six minutes)
	CLEW_LOAD_ANSWERS=500 $(BIN)/pytest -s tests/end_to_end/test_streaming_load.py

crash-test: .venv/dev.stamp ## 200 turns under SIGKILL on each database, and under trouble; CLEW_CRASH_SEED repeats one
	CLEW_CRASH_TURNS=$${CLEW_CRASH_TURNS:-200} $(BIN)/pytest -s tests/crash tests/end_to_end/test_while_running.py

# What some tests need beside Python packages; a test says in one line why it is skipped where this could not be had.
test-needs: .venv-litellm/stamp chromium

.venv-litellm/stamp: requirements/litellm.txt | $(filter .uv/bin/uv,$(UV))
	$(UV) venv --quiet --clear --python $(PYTHON) .venv-litellm
	$(UV) pip install --quiet --python .venv-litellm/bin/python --require-hashes -r $<
	@touch $@

chromium:
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	  && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; } \
	  || echo "chromium is not installed: the browser tests will be skipped"

LOCK := $(UV) pip compile --universal --generate-hashes --quiet --no-header --python-version 3.11
lock: | $(filter .uv/bin/uv,$(UV)) ## resolve the locked requirements anew
	$(LOCK) pyproject.toml --all-extras --group dev -o requirements/dev.txt
	$(LOCK) pyproject.toml --extra postgres -c requirements/dev.txt -o requirements/run.txt
	$(LOCK) pyproject.toml --extra playground --extra postgres -c requirements/dev.txt -o requirements/demo.txt
	echo 'litellm[proxy]==$(LITELLM_VERSION)' | $(LOCK) - -o requirements/litellm.txt

format: .venv/dev.stamp ## put the code into its format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## remove what the targets above made
	rm -rf .venv .venv-litellm .uv

.PHONY: help install demo check test crash-test bench load test-needs chromium lock format clean
