"""What the command line loads before it knows what it is asked for."""

import subprocess
import sys

HEAVY = {"alembic", "discord", "langchain_core", "langgraph", "mcp", "openai", "pydantic", "sqlalchemy"}


def loaded_by(statement):
    """The modules that a new process has after a statement."""
    report = "import sys; print(*sys.modules)"
    program = [sys.executable, "-c", f"{statement}\n{report}"]
    return set(subprocess.run(program, check=True, capture_output=True, text=True, timeout=60).stdout.split())


def test_help_loads_nothing_that_takes_long():
    assert loaded_by("import clew.cli") & HEAVY == set()


def test_history_and_the_settings_load_the_database_alone():
    found = loaded_by("import clew.past, clew.settings") & HEAVY
    assert found == {"pydantic", "sqlalchemy"}
