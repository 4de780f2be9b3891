"""The database is away at the worst moment: nothing that was decided, done or given up is forgotten for it."""

import asyncio

import pytest
from structlog.testing import capture_logs

from checkpoints.cards import Decision
from checkpoints.place import DatabaseAway
from graph.advancing import MAX_DISPATCHES
from graph.errors import SurfaceUnreachable
from playground.model import call, say
from tests.graph.conftest import HERE, turn


@pytest.fixture
def away_once(monkeypatch):
    """Let the database be away once when a method is called; those who wait for it look again at once."""
    monkeypatch.setattr("checkpoints.outages._PAUSE", 0)

    def let(rows, method):
        real, left = getattr(rows, method), [DatabaseAway("gone")]

        async def once(*arguments, **named):
            if left:
                raise left.pop()
            return await real(*arguments, **named)

        monkeypatch.setattr(rows, method, once)

    return let


async def test_result_of_a_call_that_ran_is_kept_for_the_database(stand, clew, away_once):
    away_once(clew.journal.tool_runs, "finish")
    stand.script.then(call("wipe", x=1))
    stand.script.then(say("wiped"))
    await clew.ask(1)
    (card,) = await clew.cards(1)
    await clew.approve(card)
    assert await clew.answered(1, 1) == "wiped"
    assert stand.sent()[-1] == ("tool", "wipe 1 done")
    assert stand.tools.ran == [("wipe", 1)]
    assert len(clew.surface.cards) == 1


async def test_decision_after_which_the_database_went_away_goes_on_and_is_shown(stand, clew, away_once):
    stand.script.then(call("wipe", x=1))
    stand.script.then(say("wiped"))
    await clew.ask(1)
    (card,) = await clew.cards(1)
    away_once(clew.journal.inbox, "get")
    with pytest.raises(DatabaseAway):
        await clew.approve(card)
    assert clew.surface.settled == {}

    await clew.engine.sweep()
    await clew.surface.until(lambda: card in clew.surface.settled)
    assert clew.surface.settled[card].decision == Decision.APPROVED
    assert await clew.answered(1, 1) == "wiped"


async def test_decision_that_waits_to_be_shown_waits_for_the_database_too(stand, clew, away_once):
    stand.script.then(call("wipe", x=1))
    stand.script.then(say("wiped"))
    await clew.ask(1)
    (card,) = await clew.cards(1)
    clew.surface.faults["settle"] = [SurfaceUnreachable("503")]
    away_once(clew.journal.approvals, "unsettled")
    with capture_logs() as events:
        await clew.approve(card)
        await clew.surface.until(lambda: card in clew.surface.settled)
    assert "cards_not_settled" not in [event["event"] for event in events]
    assert clew.surface.settled[card].decision == Decision.APPROVED


async def test_message_that_was_deleted_while_the_database_was_away_is_not_answered(stand, clew, away_once):
    away_once(clew.journal.inbox, "withdraw")
    asked = turn(1)
    await stand.journal.inbox.claim(asked.key, HERE, asked.payload())
    await clew.engine.withdraw(asked.key)
    assert (await stand.journal.inbox.get(asked.key)).outcome == "deleted"


async def test_place_that_went_while_the_database_was_away_is_closed(stand, clew, away_once):
    stand.script.then(call("wipe", x=1))
    await clew.ask(1)
    await clew.cards(1)
    away_once(clew.journal.inbox, "close_place")
    await clew.engine.close_place("channel 2 was deleted", channel_id=2)
    await clew.closed(1)
    assert await stand.journal.approvals.open() == []


async def test_turn_that_is_given_up_stays_given_up_while_that_cannot_be_said(stand, clew):
    asked = turn(1)
    await stand.journal.inbox.claim(asked.key, HERE, asked.payload())
    for _ in range(MAX_DISPATCHES):
        await stand.journal.inbox.dispatch(await stand.journal.inbox.get(asked.key))
    clew.surface.faults["flush"] = [SurfaceUnreachable("503")] * 2
    await clew.engine.recover()

    assert "stopped several times" in await clew.told(1)
    await clew.closed(1)
    assert stand.server.requests == []


async def test_stop_and_setting_aside_mean_the_turn_they_were_pressed_for(stand, clew):
    stand.script.then(call("wipe", x=1))
    await clew.ask(1)
    (card,) = await clew.cards(1)
    assert not await clew.engine.stop(HERE, "m:0:0")
    await clew.engine.set_aside(HERE, behind="m:1:0")
    assert [one.id for one in await stand.journal.approvals.open()] == [card]
    assert (await stand.journal.inbox.get("m:1:0")).closing is None


async def test_calls_beside_one_whose_start_cannot_be_noted_run_on(stand, clew, away_once):
    """Also where the database had noted it, and only its answer was lost."""
    stand.tools.rules = {"wipe": "auto"}
    stand.tools.held["wipe"] = asyncio.Event()
    real, left = clew.journal.tool_runs._start, ["lost", "refused"]

    async def start(key, turn_key, tool, *more):
        if tool == "look" and left:
            await stand.tools.began["wipe"].wait()
            if left.pop() == "lost":
                await real(key, turn_key, tool, *more)
            raise DatabaseAway("gone")
        return await real(key, turn_key, tool, *more)

    clew.journal.tool_runs._start = start
    stand.script.then(call("wipe", x=1), call("look", x=2))
    stand.script.then(say("done"))
    await clew.ask(1)
    await stand.tools.began["look"].wait()
    stand.tools.held["wipe"].set()
    assert await clew.answered(1, 1) == "done"
    assert sorted(stand.tools.ran) == [("look", 2), ("wipe", 1)]
    assert clew.surface.cards == {}
    assert left == []


async def test_card_is_shown_after_an_outage_in_which_the_lease_ran_out(stand, clew):
    """The worker looks again before the lease is renewed: it holds nothing then, and nobody else does."""
    looked = asyncio.Event()
    fails, take = clew.surface.fail, clew.claims.take

    def fail(method):
        if method == "ask" and not looked.is_set():
            clew.claims._ends = 0.0
            raise DatabaseAway("gone")
        return fails(method)

    async def taken(conversation):
        held = await take(conversation)
        if not held:
            looked.set()
        return held

    clew.surface.fail, clew.claims.take = fail, taken
    stand.script.then(call("wipe", x=1))
    await clew.ask(1)
    async with asyncio.timeout(10):
        await looked.wait()
    await clew.claims.renew()
    assert len(await clew.cards(1)) == 1


async def test_conversation_that_another_process_works_on_is_looked_at_again_once_however_often_it_is_asked_for(
    stand, clew
):
    looked = []

    async def take(conversation):
        looked.append(conversation)
        return False

    clew.claims.take = take
    clew.engine._retry_after = 0.3
    for _ in range(20):
        clew.engine._poke(HERE)
        await asyncio.sleep(0.01)
    before = len(looked)
    await asyncio.sleep(0.35)
    assert len(looked) - before == 1
