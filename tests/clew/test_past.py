"""What `clew history` and `clew replay` say when there is nothing to tell."""

import pytest
from typer.testing import CliRunner

from checkpoints.database import open_database
from checkpoints.history import UnknownThread
from checkpoints.journal import Journal
from clew.cli import app
from clew.settings import SettingsError


@pytest.fixture
async def database(tmp_path, monkeypatch):
    """An empty database in the working directory, and settings for it."""
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "CLEW_DATABASE_URL": "sqlite:///clew.db",
        "LITELLM_API_BASE": "http://127.0.0.1:9",
        "MODEL_NAME": "none",
    }.items():
        monkeypatch.setenv(name, value)
    database = open_database("sqlite:///clew.db")
    await database.upgrade()
    yield database
    await database.close()


@pytest.fixture
async def thread(database):
    """A thread that nobody has spoken in."""
    return (await Journal(database).branches.open("1:2:3:0", reason="start")).thread_id


def clew(*arguments):
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.output, result.exception


@pytest.mark.parametrize("command", ["history", "replay"])
@pytest.mark.parametrize("unknown", ["nonsense", "1:2:3:4", ""])
def test_an_unknown_thread_is_one_sentence(database, command, unknown):
    code, _, error = clew(command, unknown)
    assert code == 1
    assert isinstance(error, UnknownThread)
    assert str(error) == f"There is no thread {unknown}."


def test_no_conversations_yet(database):
    assert clew("history")[:2] == (0, "No conversations yet.\n")


def test_a_thread_without_turns_says_so(thread):
    assert clew("history", thread)[:2] == (0, "This thread has no turns yet.\n")
    assert clew("replay", thread)[:2] == (0, "0 of 0 turns replayed, 0 the same, 0 different.\n")


def test_a_missing_prompt_file_is_one_sentence(thread):
    code, _, error = clew("replay", thread, "--prompt", "missing.md")
    assert code == 1
    assert isinstance(error, SettingsError)
    assert "missing.md" in str(error)
