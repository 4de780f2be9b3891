"""What a model or a tool can write, on its way through everything that keeps it: on both databases."""

import json

import pytest

from discord_adapter.cards import card as card_text
from graph.deciding import Person
from graph.state import fingerprint
from playground import model_wire
from playground.model import ToolCall, call, say
from tests.databases import new_database
from tests.discord_adapter.hostile import HOSTILE, nested
from tests.graph.conftest import stand_on
from tools.tool import ToolFailed

# Turns into which the hostile arguments are parted: each waits for ten seconds at most.
PARTS = 10

# These cannot be kept and sent as they are.
REFUSED = ("lone surrogates", "nested more deeply than lines go", "numbers")
TAKEN = {name: one for name, one in HOSTILE.items() if name not in REFUSED}
TAKEN |= {"numbers": {"x": 2**64 - 1, "y": 1e-300, "z": -0.0, "n": -(2**63)}, "nested to the end": nested(70)}

UNSTORABLE = "a\0b\ud800c"
STORED = "a\ufffdb\ufffdc"


@pytest.fixture(params=["sqlite", "postgres"])
async def stand(request, tmp_path, server, script):
    on_sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path / 'clew.db'}" if on_sqlite else new_database(request.getfixturevalue("postgres"))
    async with stand_on(url, server, script) as stand:
        yield stand


@pytest.mark.parametrize("part", range(PARTS))
async def test_every_hostile_argument_is_asked_about_and_runs_as_it_was_written(stand, clew, monkeypatch, part):
    # LangChain reads each piece as JSON: of a long text, small pieces are too many and large ones take too long.
    monkeypatch.setattr(model_wire, "ARGUMENT_FRAGMENT", 200)
    asked = dict(list(TAKEN.items())[part::PARTS])
    stand.tools.schema = {"type": "object"}
    stand.script.then(*(ToolCall("wipe", json.dumps(one, ensure_ascii=False), name) for name, one in asked.items()))
    stand.script.then(say("done"))
    await clew.ask(1)
    await clew.cards(len(asked))
    cards = {one.call_id: one for one in await clew.journal.approvals.open()}
    assert {name: one.arguments for name, one in cards.items()} == asked
    for name, one in cards.items():
        assert one.fingerprint == fingerprint("wipe", asked[name])
        assert f"`{one.fingerprint[:16]}`" in card_text(one).text
        await clew.approve(one.id)

    assert await clew.answered(1, 1) == "done"
    ran = sorted(fingerprint("wipe", one) for one in stand.tools.received)
    assert ran == sorted(one.fingerprint for one in cards.values())
    runs = await clew.journal.tool_runs.of("m:1:0")
    assert {(run.finished_at is not None, run.failed) for run in runs} == {(True, False)}


@pytest.mark.parametrize("name", REFUSED)
async def test_arguments_that_would_not_come_back_as_they_are_are_told_to_the_model(stand, clew, name):
    stand.tools.schema = {"type": "object"}
    stand.script.then(ToolCall("wipe", json.dumps(HOSTILE[name]), "c"))
    stand.script.then(say("mended"))
    await clew.ask(1)

    assert await clew.answered(1, 1) == "mended"
    assert "correct them and call again" in stand.sent()[-1][1]
    assert clew.surface.cards == {}


@pytest.mark.parametrize("failed", [False, True], ids=["result", "error"])
async def test_result_that_no_text_column_takes_is_noted_and_told_and_nothing_comes_in_doubt(stand, clew, failed):
    stand.tools.results["wipe"] = ToolFailed(UNSTORABLE) if failed else UNSTORABLE
    stand.script.then(call("wipe", x=1), call("look", x=2))
    stand.script.then(say("done"))
    await clew.ask(1)
    (card,) = await clew.cards(1)
    await clew.approve(card)

    assert await clew.answered(1, 1) == "done"
    assert [content for role, content in stand.sent() if role == "tool"] == [STORED, "look 2 done"]
    (run,) = [run for run in await clew.journal.tool_runs.of("m:1:0") if run.tool == "wipe"]
    assert (run.result, run.failed) == (STORED, failed)


async def test_edited_arguments_that_no_text_column_takes_run_as_they_are(stand, clew):
    stand.tools.schema = {"type": "object"}
    stand.script.then(call("wipe", x=1))
    stand.script.then(say("done"))
    await clew.ask(1)
    (card,) = await clew.cards(1)
    edited = (await clew.engine.edit(card, Person(3), {"x": "a\0b"})).approval
    await clew.approve(edited.id)

    assert await clew.answered(1, 1) == "done"
    assert stand.tools.received == [{"x": "a\0b"}]


async def test_ids_and_names_that_no_text_column_takes_are_made_ones_that_it_does(stand, clew):
    stand.script.then(call("wipe", _id="a\0b", x=1), call("look", _id="a\ufffdb", x=2), call("\0"))
    stand.script.then(say("done"))
    await clew.ask(1)
    (card,) = await clew.cards(1)
    await clew.approve(card)

    assert await clew.answered(1, 1) == "done"
    assert sorted(stand.tools.ran) == [("look", 2), ("wipe", 1)]


async def test_words_that_no_text_column_takes_are_answered_and_said(stand, clew):
    stand.script.then(say("You said a\0b."))
    await clew.ask(1, "a\0b")
    await clew.closed(1)
    stand.script.then(say("and goes on"))
    await clew.ask(2)

    assert await clew.answered(2) == "and goes on"
    assert (await clew.journal.turns.get("m:1:0")).first_words == "a\ufffdb"
