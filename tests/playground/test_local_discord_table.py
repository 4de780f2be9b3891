"""The page that says what the local Discord does, checked against the tests that it names."""

import ast
import functools
import re
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINES = (ROOT / "docs" / "local-discord.md").read_text(encoding="utf-8").splitlines()
# `test_gateway.py::test_name`, `::test_of_the_same_file`; a file without a folder is in this one.
NAMED = re.compile(r"([\w/]+\.py)?::(test_\w+)")
HEADS = {line for line, rule in pairwise(LINES) if rule.startswith(("| --", "|--"))}
ROWS = [line for line in LINES if line.startswith("| ") and line not in HEADS and not line.startswith("| --")]


@functools.cache
def functions_of(path):
    """The test functions of a file, also those in classes."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(tree) if isinstance(node, kinds) and node.name.startswith("test_")}


def named(cell):
    file = ""
    for match in NAMED.finditer(cell):
        file = match[1] or file
        yield file, match[2]


def found(file, name):
    folder = ROOT if "/" in file else Path(__file__).parent
    return name in functions_of(folder / file)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:60])
def test_behaviour_has_a_source_and_tests_that_exist(row):
    behaviour, source, tests = (cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:4])

    assert behaviour
    assert source
    assert list(named(tests))
    assert [f"{file}::{name}" for file, name in named(tests) if not found(file, name)] == []


def test_page_names_its_tests_in_tables():
    assert len(ROWS) > 40
    assert {head.strip("| ").split(" | ")[-1] for head in HEADS} == {"Test"}
