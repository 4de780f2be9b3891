"""Two things at the same time: a stop and an approval, a card and a process that stands still or ends."""

import asyncio
import datetime as dt

import pytest

from checkpoints.cards import Decision
from checkpoints.inbox import InboxState
from checkpoints.place import DatabaseAway
from playground.model import call, say
from tests.databases import new_database
from tests.graph.conftest import HERE, stand_on, turn


@pytest.fixture
async def shared(postgres, server, script):
    """What outlives programs that work beside each other, on PostgreSQL."""
    async with stand_on(new_database(postgres), server, script) as stand:
        yield stand


async def lapse(claims):
    """Let a process's lease end, on the database's clock and its own."""
    claims._renewing.cancel()
    claims._lease = -1.0
    await claims.renew()


async def test_card_cannot_be_approved_once_its_turn_is_being_stopped(stand, clew, monkeypatch):
    stand.script.then(call("wipe", x=1))
    await clew.ask(1)
    (card,) = await clew.cards(1)
    writes, go_on = asyncio.Event(), asyncio.Event()
    put = clew.saver.aput

    async def slowly(*arguments, **named):
        writes.set()
        await go_on.wait()
        return await put(*arguments, **named)

    monkeypatch.setattr(clew.saver, "aput", slowly)
    stopping = asyncio.create_task(clew.engine.stop(HERE, by=3))
    await writes.wait()
    assert await clew.approve(card) is None
    go_on.set()
    await stopping
    await clew.closed(1)
    assert (await stand.journal.approvals.get(card)).decision == Decision.WITHDRAWN
    assert stand.tools.ran == []


async def test_setting_aside_does_not_stop_what_was_approved_meanwhile(stand, clew, monkeypatch):
    stand.tools.held["wipe"] = asyncio.Event()
    for reply in (call("wipe", x=1), say("wiped"), say("next answer")):
        stand.script.then(reply)
    await clew.ask(1)
    (card,) = await clew.cards(1)
    await clew.ask(2, "next")
    await asyncio.wait(set(clew.engine._workers.values()))
    head = clew.journal.inbox.head

    async def approved_meanwhile(conversation):
        monkeypatch.setattr(clew.journal.inbox, "head", head)
        row = await head(conversation)
        assert row.state == InboxState.ASKING
        assert await clew.approve(card)
        await stand.tools.began["wipe"].wait()
        return row

    monkeypatch.setattr(clew.journal.inbox, "head", approved_meanwhile)
    await clew.engine.set_aside(HERE, behind="m:2:0", by=3)
    await clew.engine.sweep()
    stand.tools.held["wipe"].set()
    await clew.closed(2)
    assert await clew.answered(1, segment=1) == "wiped"
    assert await clew.answered(2) == "next answer"


async def test_setting_aside_withdraws_what_still_waits(stand, clew):
    stand.script.then(call("wipe", x=1), call("wipe", x=2))
    stand.script.then(say("next answer"))
    await clew.ask(1)
    first, second = await clew.cards(2)
    await clew.approve(first)
    await clew.ask(2, "next")
    await clew.engine.set_aside(HERE, behind="m:2:0", by=3)
    await clew.closed(2)
    assert (await stand.journal.approvals.get(second)).decision == Decision.WITHDRAWN
    assert stand.tools.ran == []


async def test_process_that_stood_still_leaves_no_open_card_on_a_turn_that_another_one_closed(shared, monkeypatch):
    shared.script.then(call("wipe", x=1))
    async with shared.program("one") as one, shared.program("two") as two:
        frozen, wake = asyncio.Event(), asyncio.Event()
        ask = one.journal.approvals.ask

        async def after_a_freeze(*cards, **fenced):
            frozen.set()
            await wake.wait()
            await ask(*cards, **fenced)

        monkeypatch.setattr(one.journal.approvals, "ask", after_a_freeze)
        await one.ask(1)
        await frozen.wait()
        await lapse(one.claims)
        await two.engine.stop(HERE, by=3)
        await two.closed(1)
        # It goes on, as one that believes that it still has its lease.
        one.claims._ends = one.claims._clock() + 30
        wake.set()
        await asyncio.wait(set(one.engine._workers.values()))
        assert await shared.journal.approvals.open() == []


async def test_card_of_a_process_that_ends_is_shown_by_the_other_one(shared):
    async with shared.program("two") as two:
        async with shared.program("one") as one:
            gate = shared.script.hold()
            shared.script.then(call("wipe", x=1))
            await one.ask(1)
            await gate.reached
            ending = asyncio.create_task(one.engine.drain(5))
            await asyncio.sleep(0)
            gate.release()
            await ending
            assert one.surface.cards == {}
        await two.engine.sweep()
        await two.cards(1)


async def test_calls_whose_cards_were_never_noted_are_asked_about(stand, monkeypatch):
    """The deadline of those that were noted is over by then: it refuses those alone."""
    stand.script.then(call("wipe", x=1), call("wipe", x=2))
    stand.script.then(say("done"))
    async with stand.program() as old:
        ask = old.journal.approvals.ask

        async def of_the_first(first, *_, **fenced):
            await ask(first, **fenced)
            raise DatabaseAway("gone")

        monkeypatch.setattr(old.journal.approvals, "ask", of_the_first)
        await old.ask(1)
        async with asyncio.timeout(10):
            while not await stand.journal.approvals.open():
                await asyncio.sleep(0.01)
        await old.engine.drain(0)
    stand.late = dt.timedelta(hours=25)
    async with stand.program() as new:
        await new.engine.recover()
        (card,) = await new.cards(1)
        assert (await stand.journal.approvals.get(card)).arguments == {"x": 2}
        await new.approve(card)
        await new.closed(1)
    assert stand.tools.ran == [("wipe", 2)]


async def test_edit_that_comes_while_its_message_waits_for_the_database_is_not_lost(stand, clew, monkeypatch):
    monkeypatch.setattr("checkpoints.outages._PAUSE", 0.05)
    away = asyncio.Event()

    def unless_away(act):
        async def acting(*arguments, **named):
            if not away.is_set():
                raise DatabaseAway("gone")
            return await act(*arguments, **named)

        return acting

    for name in ("claim", "amend"):
        monkeypatch.setattr(clew.journal.inbox, name, unless_away(getattr(clew.journal.inbox, name)))
    asked = asyncio.create_task(clew.engine.accept(turn(1, "transfer 1000"), begin=False))
    await asyncio.sleep(0.04)
    edited = asyncio.create_task(clew.engine.amend(turn(1, "transfer 10")))
    # The edit looks between two looks of the claim.
    await asyncio.sleep(0.03)
    away.set()
    await asyncio.gather(asked, edited)
    assert (await stand.journal.inbox.get("m:1:0")).payload["text"] == "transfer 10"


async def test_card_of_a_conversation_of_others_is_not_shown_and_runs_nothing_here(stand, clew):
    """`clew chat` beside the bot: whoever may decide its card decides it, and it runs where it was asked for."""
    stand.script.then(call("wipe", x=1))
    await clew.ask(1)
    (card,) = await clew.cards(1)
    await clew.engine.drain(0)
    async with stand.program("bot") as bot:
        bot.engine._ours = lambda conversation: conversation != HERE
        assert await bot.engine.open_approvals() == []
        assert await bot.approve(card)
        assert bot.engine._workers == {}
    assert stand.tools.ran == []
