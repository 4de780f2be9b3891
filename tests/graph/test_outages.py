"""What becomes of turns when the place they are shown in, or the database, fails for a while or for good."""

import pytest

from checkpoints.inbox import InboxState
from graph.errors import SurfaceError, SurfaceUnreachable
from playground.model import call, say
from tests.graph.conftest import HERE


def fails(surface, method, error, times):
    """Let a method of every surface fail so many times."""
    surface.faults[method] = [error] * times


async def test_answer_waits_until_the_place_can_be_reached_again(stand, clew):
    fails(clew.surface, "flush", SurfaceUnreachable("503"), 2)
    stand.script.then(say("the answer"))
    await clew.ask(1)
    await clew.closed(1)
    assert clew.surface.faults["flush"] == []
    assert (await stand.journal.turns.get("m:1:0")).outcome == "answered"
    assert len(stand.server.requests) == 1


async def test_card_waits_until_the_place_can_be_reached_again(stand, clew):
    fails(clew.surface, "ask", SurfaceUnreachable("503"), 5)
    stand.script.then(call("wipe", x=1))
    stand.script.then(say("wiped"))
    await clew.ask(1)
    (card,) = await clew.cards(1)
    await clew.approve(card)
    assert await clew.answered(1, 1) == "wiped"
    assert stand.tools.ran == [("wipe", 1)]


async def test_refused_place_closes_the_turn_and_the_next_one_keeps_every_answer_in_place(stand, clew):
    fails(clew.surface, "flush", SurfaceError("403"), 1)
    stand.script.then(call("wipe", x=1), text="I will wipe.")
    await clew.ask(1, "A")
    await clew.closed(1)
    assert await stand.journal.approvals.open() == []
    record = await stand.journal.turns.get("m:1:0")
    assert record.outcome == "undelivered"
    assert record.end_checkpoint
    stand.script.then(call("look", x=1))
    stand.script.then(call("look", x=2))
    stand.script.then(say("B done"))
    await clew.ask(2, "B")
    assert await clew.answered(2, 2) == "B done"
    ids = [message.id for message in await clew.messages()]
    assert len(set(ids)) == len(ids)
    assert stand.tools.ran == [("look", 1), ("look", 2)]
    assert (await clew.branching.rewind(HERE, 2)).number == 1


async def test_turn_left_open_in_its_thread_is_closed_under_its_own_ids(stand, clew):
    stand.script.then(call("wipe", x=1), text="I will wipe.")
    await clew.ask(1, "A")
    await clew.cards(1)
    # As if it had been given up without the graph.
    await stand.journal.inbox.close(await stand.journal.inbox.get("m:1:0"))
    stand.script.then(call("look", x=1))
    stand.script.then(call("look", x=2))
    stand.script.then(say("B done"))
    await clew.ask(2, "B")
    assert await clew.answered(2, 2) == "B done"
    assert [message.id for message in await clew.messages()][:4] == [
        "m:1:0",
        "m:1:0/0",
        (await clew.messages())[2].id,
        "m:1:0/1",
    ]
    assert ("user", "B") in stand.sent()


async def test_fault_of_the_journal_is_tried_again(stand, clew, monkeypatch):
    real, left = stand.journal.inbox.head, [RuntimeError("database is locked")] * 2

    async def head(conversation):
        if left:
            raise left.pop()
        return await real(conversation)

    monkeypatch.setattr(stand.journal.inbox, "head", head)
    stand.script.then(say("here I am"))
    await clew.ask(1)
    assert await clew.answered(1) == "here I am"


async def test_decision_that_could_not_be_shown_is_shown_as_soon_as_it_can_be(stand, clew):
    fails(clew.surface, "settle", SurfaceUnreachable("503"), 3)
    stand.script.then(call("wipe", x=1), call("wipe", x=2))
    stand.script.then(say("wiped"))
    await clew.ask(1)
    cards = await clew.cards(2)
    for card in cards:
        await clew.approve(card)
    await clew.closed(1)
    await clew.surface.until(lambda: set(clew.surface.settled) == set(cards))
    assert clew.surface.faults["settle"] == []


async def test_decision_that_was_never_shown_is_shown_after_a_restart(stand, clew):
    fails(clew.surface, "settle", SurfaceUnreachable("503"), 1000)
    stand.script.then(call("wipe", x=1))
    stand.script.then(say("wiped"))
    await clew.ask(1)
    (card,) = await clew.cards(1)
    await clew.approve(card)
    await clew.closed(1)
    assert clew.surface.settled == {}
    async with stand.program() as again:
        await again.engine.recover()
        assert list(again.surface.settled) == [card]
        again.surface.settled.clear()
        await again.engine.recover()
        assert again.surface.settled == {}


async def test_reset_after_a_rewind_that_was_cut_off_starts_empty(stand, clew, monkeypatch):
    for number in (1, 2):
        stand.script.then(say(f"answer {number}"))
        await clew.ask(number, f"question {number}")
        await clew.closed(number)

    async def cut_off(*_arguments, **_named):
        raise RuntimeError("killed here")

    with monkeypatch.context() as patched:
        patched.setattr(clew.journal.branches, "open", cut_off)
        with pytest.raises(RuntimeError):
            await clew.branching.rewind(HERE, 2)
    await clew.branching.reset(HERE)
    stand.script.then(say("answer 3"))
    await clew.ask(3, "question 3")
    await clew.closed(3)
    assert stand.sent() == [("user", "question 3")]


async def test_name_that_passed_to_another_server_does_not_run_what_was_approved(stand, clew):
    stand.script.then(call("wipe", x=1))
    stand.script.then(say("not wiped"))
    await clew.ask(1)
    (card,) = await clew.cards(1)
    stand.tools.moved_to("elsewhere")
    await clew.approve(card)
    assert await clew.answered(1, 1) == "not wiped"
    assert stand.tools.ran == []
    assert "another tool by now" in stand.sent()[-1][1]


async def test_closed_row_is_not_opened_again_by_coming_to_rest(stand, clew):
    stand.script.then(say("done"))
    await clew.ask(1)
    await clew.closed(1)
    await stand.journal.inbox.rest(await stand.journal.inbox.get("m:1:0"), InboxState.RUNNING)
    assert (await stand.journal.inbox.get("m:1:0")).state == InboxState.CLOSED


@pytest.mark.parametrize("blank", ["\n\n", "   "])
async def test_blank_answer_is_an_unreadable_one(stand, clew, blank):
    stand.script.then(say(blank))
    await clew.ask(1)
    assert "could not read" in await clew.told(1)
