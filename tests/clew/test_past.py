"""What `clew history` and `clew replay` say when there is nothing to tell."""

import asyncio

import pytest
from typer.testing import CliRunner

from checkpoints.cards import Approval, Decision
from checkpoints.database import open_database
from checkpoints.history import UnknownThread
from checkpoints.journal import Journal
from checkpoints.keys import Conversation
from checkpoints.place import DatabaseError
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
        # As wide as tables are told where no terminal is.
        "COLUMNS": "200",
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


@pytest.mark.parametrize("command", [("history",), ("replay", "1:2:3:0"), ("db", "upgrade")])
def test_a_port_that_is_no_number_is_one_sentence(database, monkeypatch, command):
    monkeypatch.setenv("CLEW_DATABASE_URL", "postgresql://me:secret@host:port/clew")
    code, _, error = clew(*command)

    assert code == 1
    assert isinstance(error, DatabaseError)
    assert "port that is no number" in str(error)
    assert "secret" not in str(error)


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


async def decided(database, tool, reason="[red]too much[/red]"):
    """A card that person 9 refused, for a reason."""
    journal = Journal(database)
    await journal.inbox.claim("m:5:0", Conversation(1, 2, 3), {})
    card = Approval("i", "c", "m:5:0", tool, {}, "0123456789abcdef" * 4, 3, 2)
    await journal.approvals.ask(card)
    await journal.approvals.decide(card.id, Decision.REFUSED, 9, reason)


def test_no_decisions_yet(database):
    assert clew("history", "approvals")[:2] == (0, "Nothing was decided yet.\n")


async def test_history_approvals_lists_every_decision(database):
    await decided(database, "wipe")

    code, told, _ = await asyncio.to_thread(clew, "history", "approvals")
    assert code == 0
    head, line = told.splitlines()
    assert head.split() == ["Time", "Event", "Tool", "Fingerprint", "By", "Turn", "Detail"]
    assert line.split()[2:] == ["refused", "wipe", "0123456789ab", "9", "m:5:0", "[red]too", "much[/red]"]


HOSTILE = "[/red] \x1b]52;c;cm0=\x07\x1b[1A\x1b[2K\x9b2Jwords"
SHOWN = "[/red] ]52;c;cm0=[1A[2K2Jwords"


async def test_what_others_wrote_is_neither_markup_nor_control_characters(database):
    await decided(database, HOSTILE, reason=HOSTILE)
    journal = Journal(database)
    thread = (await journal.branches.open("1:2:3:0", reason="start")).thread_id
    entering = {"number": 1, "start_checkpoint": None, "model": "m", "toolset": ""}
    await journal.turns.enter("m:5:0", Conversation(1, 2, 3), thread, text=HOSTILE, **entering)

    for arguments, times in ((("history",), 1), (("history", thread), 2), (("history", "approvals"), 2)):
        code, told, _ = await asyncio.to_thread(clew, *arguments)
        assert code == 0
        assert told.count(SHOWN) == times
        assert "\x1b" not in told
        assert "\x9b" not in told
