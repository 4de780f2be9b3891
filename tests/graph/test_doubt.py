"""A call that was running when the program died waits for a person's word, and only for its own."""

import asyncio
import datetime as dt

import pytest

from checkpoints.cards import Decision, Kind
from graph.approval_settings import ApprovalSettings
from graph.deciding import Person
from graph.rates import LimitSettings
from playground.model import call, say
from tests.graph.conftest import HERE
from tools.tool import ServerDown

REQUESTER = Person(3)


@pytest.fixture
async def cut_off(stand, program):
    """A program that died while `wipe` was running, which somebody had approved; `look` beside it was done."""
    old = await program()
    stand.tools.held["wipe"] = asyncio.Event()
    stand.script.then(call("wipe", x=1), call("look", x=2))
    await old.ask(1)
    (card,) = await old.cards(1)
    await old.approve(card)
    await stand.tools.began["wipe"].wait()
    await old.surface.until(lambda: ("m:1:0", "look", False) in old.surface.tools)
    await old.engine.drain(0)
    return old


async def doubted(program, count=1):
    """Wait for the cards of calls in doubt; give their rows."""
    await program.cards(count)
    rows = await program.journal.approvals.open()
    assert [row.kind for row in rows] == [Kind.DOUBT] * count
    assert {row.id for row in rows} <= set(program.surface.cards)
    return rows


def told(stand):
    """What the model was told of the two calls."""
    return [content for role, content in stand.sent() if role == "tool"]


async def test_call_in_doubt_asks_by_itself_and_its_siblings_stay_finished(stand, program, cut_off):
    new = await program()
    (card,) = await doubted(new)

    assert (card.tool, card.arguments, card.number, card.requester_id) == ("wipe", {"x": 1}, 0, 3)
    assert sorted(stand.tools.ran) == [("look", 2), ("wipe", 1)]
    assert len(stand.server.requests) == 1


@pytest.mark.parametrize(
    ("decision", "words"), [(Decision.TAKEN_AS_DONE, "takes it as done"), (Decision.GIVEN_UP, "not run again")]
)
async def test_call_that_is_not_to_run_again_does_not(stand, program, cut_off, decision, words):
    new = await program()
    (card,) = await doubted(new)
    stand.script.then(say("noted"))
    await new.engine.decide(card.id, decision, REQUESTER)

    assert await new.answered(1, 1) == "noted"
    assert sorted(stand.tools.ran) == [("look", 2), ("wipe", 1)]
    assert words in told(stand)[0]
    assert told(stand)[1] == "look 2 done"
    assert len(stand.server.requests) == 2


async def test_call_runs_again_on_a_persons_word(stand, program, cut_off):
    new = await program()
    (card,) = await doubted(new)
    stand.tools.held.clear()
    stand.script.then(say("wiped"))
    await new.engine.decide(card.id, Decision.RUN_AGAIN, REQUESTER)

    assert await new.answered(1, 1) == "wiped"
    assert sorted(stand.tools.ran) == [("look", 2), ("wipe", 1), ("wipe", 1)]
    assert told(stand) == ["wipe 1 done", "look 2 done"]
    assert [run.key.run for run in await new.journal.tool_runs.of("m:1:0") if run.tool == "wipe"] == [0, 1]


def denied(stand):
    stand.tools.rules = {"wipe": "deny"}


def used_up(stand):
    stand.limits = LimitSettings(calls_per_turn=1)


def away(stand):
    stand.tools.results["wipe"] = ServerDown("The server is not running: nothing was done.")


def moved(stand):
    stand.tools.moved_to("other")


@pytest.mark.parametrize(
    ("hindrance", "words"),
    [
        (denied, "does not allow wipe"),
        (used_up, "as many as one turn may make"),
        (away, "nothing was done"),
        (moved, "the name of another tool"),
    ],
)
async def test_call_that_cannot_run_again_leaves_its_first_run_in_doubt(stand, program, cut_off, hindrance, words):
    stand.tools.held.clear()
    hindrance(stand)
    new = await program()
    (card,) = await doubted(new)
    stand.script.then(say("not known"))
    await new.engine.decide(card.id, Decision.RUN_AGAIN, REQUESTER)

    assert await new.answered(1, 1) == "not known"
    assert words in told(stand)[0]
    assert "An earlier run of wipe was cut off" in told(stand)[0]
    assert "its effect is not known" in told(stand)[0]
    assert told(stand)[1] == "look 2 done"


async def test_running_again_takes_as_many_people_as_were_asked_for_the_call(stand, program):
    stand.approvals = ApprovalSettings(deciders=["others"], approvals=2)
    stand.tools.held["wipe"] = asyncio.Event()
    stand.script.then(call("wipe", x=1))
    old = await program()
    await old.ask(1)
    (card,) = await old.cards(1)
    for person in (4, 5):
        await old.approve(card, user=person)
    await stand.tools.began["wipe"].wait()
    await old.engine.drain(0)

    stand.approvals = ApprovalSettings(deciders=["others"])
    stand.tools.held.clear()
    stand.script.then(say("done"))
    new = await program()
    (doubt,) = await doubted(new)
    assert new.engine.applied(doubt).terms.approvals == 2
    for person in (4, 4):
        await new.engine.decide(doubt.id, Decision.RUN_AGAIN, Person(person))
    assert stand.tools.ran == [("wipe", 1)]
    await new.engine.decide(doubt.id, Decision.RUN_AGAIN, Person(5))
    await new.closed(1)
    assert stand.tools.ran == [("wipe", 1)] * 2


async def test_approval_does_not_answer_a_doubt(stand, program, cut_off):
    new = await program()
    (card,) = await doubted(new)
    outcome = await new.engine.decide(card.id, Decision.APPROVED, REQUESTER)

    assert (await new.journal.approvals.get(card.id)).decision is None, outcome
    assert sorted(stand.tools.ran) == [("look", 2), ("wipe", 1)]


async def test_run_that_was_said_again_and_cut_off_again_needs_another_word(stand, program, cut_off):
    """An old "run again" is given to the task once more after every crash; it must not count twice."""
    for number in range(3):
        new = await program()
        (card,) = await doubted(new)
        assert card.number == number
        assert len(stand.tools.ran) == 2 + number
        stand.tools.began["wipe"].clear()
        await new.engine.decide(card.id, Decision.RUN_AGAIN, REQUESTER)
        await stand.tools.began["wipe"].wait()
        await new.engine.drain(0)
    new = await program()
    (card,) = await doubted(new)
    stand.script.then(say("enough"))
    await new.engine.decide(card.id, Decision.GIVEN_UP, REQUESTER)

    assert await new.answered(1, 1) == "enough"
    assert stand.tools.ran.count(("wipe", 1)) == 4
    audited = [row.event for row in await new.journal.audit.all()]
    assert sorted(audited) == ["approved", "given_up", *["run_again"] * 3]


async def test_word_that_was_noted_but_not_acted_on_is_acted_on_once(stand, program, cut_off):
    new = await program()
    (card,) = await doubted(new)
    await new.engine.drain(0)
    await new.journal.approvals.decide(card.id, Decision.RUN_AGAIN, 3)
    stand.tools.held.clear()
    stand.script.then(say("wiped"))
    newer = await program()

    assert await newer.answered(1, 1) == "wiped"
    assert stand.tools.ran.count(("wipe", 1)) == 2


async def test_several_calls_in_doubt_are_decided_one_by_one_and_the_model_is_asked_once(stand, program):
    stand.tools.rules = {"wipe": "auto"}
    old = await program()
    stand.tools.held["wipe"] = asyncio.Event()
    stand.script.then(call("wipe", x=1), call("wipe", x=2))
    await old.ask(1)
    async with asyncio.timeout(10):
        while len(stand.tools.ran) < 2:
            await stand.tools.began["wipe"].wait()
            stand.tools.began["wipe"].clear()
    new = await program()
    first, second = await doubted(new, 2)
    stand.tools.held.clear()
    await new.engine.decide(second.id, Decision.TAKEN_AS_DONE, REQUESTER)
    assert len(stand.server.requests) == 1
    stand.script.then(say("both"))
    await new.engine.decide(first.id, Decision.RUN_AGAIN, REQUESTER)

    assert await new.answered(1, 1) == "both"
    assert len(stand.tools.ran) == 3
    assert len(stand.server.requests) == 2


async def test_call_that_only_reads_runs_again_without_a_word(stand, program):
    old = await program()
    stand.tools.held["look"] = asyncio.Event()
    stand.script.then(call("look", x=1))
    await old.ask(1)
    await stand.tools.began["look"].wait()
    stand.tools.held.clear()
    await old.engine.drain(0)
    stand.script.then(say("seen"))
    new = await program()

    assert await new.answered(1, 1) == "seen"
    assert stand.tools.ran == [("look", 1), ("look", 1)]


async def test_stopping_answers_what_is_in_doubt(stand, program, cut_off):
    new = await program()
    (card,) = await doubted(new)
    assert await new.engine.stop(HERE)
    await new.closed(1)

    assert (await new.journal.approvals.get(card.id)).decision == Decision.WITHDRAWN
    stand.script.then(say("hello again"))
    await new.ask(2)
    assert await new.answered(2) == "hello again"
    assert "not known" in told(stand)[0]
    assert sorted(stand.tools.ran) == [("look", 2), ("wipe", 1)]


async def test_doubt_that_nobody_decides_is_given_up_at_its_deadline(stand, program, cut_off):
    new = await program()
    (card,) = await doubted(new)
    stand.late += dt.timedelta(hours=25)
    stand.script.then(say("so be it"))
    await new.engine.sweep()

    assert await new.answered(1, 1) == "so be it"
    assert (await new.journal.approvals.get(card.id)).decision == Decision.EXPIRED
    assert sorted(stand.tools.ran) == [("look", 2), ("wipe", 1)]


async def test_edited_arguments_that_were_running_are_those_in_doubt(stand, program):
    old = await program()
    stand.tools.held["wipe"] = asyncio.Event()
    stand.script.then(call("wipe", x=1))
    await old.ask(1)
    (card,) = await old.cards(1)
    edited = (await old.engine.edit(card, REQUESTER, {"x": 7})).approval
    await old.approve(edited.id)
    await stand.tools.began["wipe"].wait()
    new = await program()
    (doubt,) = await doubted(new)
    assert doubt.arguments == {"x": 7}
    stand.tools.held.clear()
    stand.script.then(say("wiped"))
    await new.engine.decide(doubt.id, Decision.RUN_AGAIN, REQUESTER)

    await new.answered(1, 1)
    assert stand.tools.ran == [("wipe", 7), ("wipe", 7)]
