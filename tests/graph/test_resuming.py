"""What a new program makes of what an old one left: nothing is lost, and nothing happens twice."""

import asyncio
from dataclasses import replace

import pytest
from langchain_core.messages import AIMessage
from sqlalchemy import update

from checkpoints.cards import Decision
from checkpoints.inbox import InboxState
from checkpoints.keys import Conversation
from checkpoints.tables import owners
from checkpoints.tool_runs import ToolRunKey
from graph.advancing import MAX_DISPATCHES
from graph.errors import ModelError, ModelFault, SurfaceUnreachable
from graph.turn import ANSWERED, Input
from graph.workers import CAUGHT_UP_AT_ONCE
from playground.model import call, say
from tests.graph.conftest import HERE, turn


@pytest.fixture
async def program(stand):
    """Programs over the same database, one after the other."""
    running = []

    async def begin(*, recover=True):
        for former in running:
            await former.engine.drain(0)
        fresh = stand.program()
        await fresh.__aenter__()
        running.append(fresh)
        if recover:
            await fresh.engine.recover()
        return fresh

    yield begin
    for one in reversed(running):
        await one.__aexit__(None, None, None)


async def test_what_was_left_is_not_taken_up_before_it_was_looked_at(stand):
    """Logging in can take long; until then nobody knows whether a message that waits was deleted meanwhile."""
    asked = turn(1)
    await stand.journal.inbox.claim(asked.key, HERE, asked.payload())
    stand.sweep_every = 0.02
    stand.script.then(say("hello"))
    async with stand.program() as clew:
        await asyncio.sleep(0.3)
        assert stand.server.requests == []
        await clew.engine.recover()
        assert await clew.answered(1) == "hello"


async def test_turn_cut_off_in_the_models_answer_is_answered_by_the_next_program(stand, program):
    old = await program()
    gate = stand.script.hold()
    stand.script.then(say("an answer that nobody hears"))
    await old.ask(1)
    await gate.reached
    async with asyncio.timeout(5):  # a cancellation that is lost on the way would wait for the model
        await old.engine.drain(0)
    assert (await stand.journal.inbox.get("m:1:0")).state == InboxState.RUNNING

    stand.script.then(say("here I am"))
    new = await program()
    assert await new.answered(1) == "here I am"
    await new.closed(1)
    assert old.surface.texts == {}
    assert [message.type for message in await new.messages()] == ["human", "ai"]
    assert len(await stand.journal.turns.of("1:2:3:0")) == 1


async def test_finished_steps_are_shown_again_but_not_made_again(stand, program):
    old = await program()
    stand.script.then(call("look", x=1), text="First I look.")
    stand.tools.held["look"] = asyncio.Event()
    await old.ask(1)
    await stand.tools.began["look"].wait()
    held = stand.script.hold()
    stand.script.then(say("never heard at all"))
    stand.tools.held["look"].set()
    await held.reached
    await old.engine.drain(0)

    stand.script.then(say("Seen."))
    new = await program()
    assert await new.answered(1, 1) == "Seen."
    assert new.surface.texts["m:1:0", 0] == "First I look."
    assert stand.tools.ran == [("look", 1)]
    assert stand.sent() == [("user", "hello"), ("assistant", "First I look."), ("tool", "look 1 done")]


async def test_card_from_before_a_restart_is_shown_and_resumes_the_turn(stand, program):
    old = await program()
    stand.script.then(call("wipe", x=1), call("wipe", x=2))
    await old.ask(1)
    first, second = await old.cards(2)
    await old.approve(first)

    new = await program()
    await new.cards(1)
    assert list(new.surface.cards) == [second]
    stand.script.then(say("wiped both"))
    await new.approve(second)
    assert await new.answered(1, 1) == "wiped both"
    assert sorted(stand.tools.ran) == [("wipe", 1), ("wipe", 2)]
    assert len(stand.server.requests) == 2


async def test_decision_that_was_noted_but_not_acted_on_is_acted_on(stand, program):
    old = await program()
    stand.script.then(call("wipe", x=1))
    await old.ask(1)
    (card,) = await old.cards(1)
    await old.engine.drain(0)
    await stand.journal.approvals.decide(card, Decision.APPROVED, 3)

    stand.script.then(say("wiped"))
    new = await program()
    assert await new.answered(1, 1) == "wiped"
    assert stand.tools.ran == [("wipe", 1)]


async def test_result_that_was_noted_but_not_written_to_the_thread_is_used(stand, program):
    """The program died between the end of the call and the checkpoint."""
    old = await program()
    stand.tools.held["wipe"] = asyncio.Event()
    stand.script.then(call("wipe", x=1))
    await old.ask(1)
    (card,) = await old.cards(1)
    await old.approve(card)
    await stand.tools.began["wipe"].wait()
    await old.engine.drain(0)
    (run,) = await stand.journal.tool_runs.of("m:1:0")
    await stand.journal.tool_runs.finish(ToolRunKey(*_parts(run.key)), "wiped, and noted", failed=False)

    stand.script.then(say("good"))
    new = await program()
    await new.answered(1, 1)
    assert stand.sent()[-1] == ("tool", "wiped, and noted")
    assert stand.tools.ran == [("wipe", 1)]


def _parts(key):
    return key.thread_id, key.model_message_id, key.call_id, key.run


async def test_read_only_call_that_was_running_is_run_again(stand, program):
    old = await program()
    stand.tools.held["look"] = asyncio.Event()
    stand.script.then(call("look", x=1))
    await old.ask(1)
    await stand.tools.began["look"].wait()
    await old.engine.drain(0)

    stand.tools.held.clear()
    stand.script.then(say("seen"))
    new = await program()
    assert await new.answered(1, 1) == "seen"
    assert stand.tools.ran == [("look", 1), ("look", 1)]


async def test_turn_whose_program_died_under_it_too_often_is_given_up(stand, program):
    old = await program()
    gate = stand.script.hold()
    stand.script.then(say("never to the end"))
    await old.ask(1)
    await gate.reached
    await old.engine.drain(0)
    while (await stand.journal.inbox.get("m:1:0")).dispatches < MAX_DISPATCHES:
        await stand.journal.inbox.dispatch(await stand.journal.inbox.get("m:1:0"))
    asked = len(stand.server.requests)

    new = await program()
    assert "stopped several times" in await new.told(1)
    await new.closed(1)
    assert len(stand.server.requests) == asked
    assert (await stand.journal.turns.get("m:1:0")).outcome == "failed"

    stand.script.then(say("better"))
    await new.ask(2)
    assert await new.answered(2) == "better"


async def test_turn_whose_program_died_too_often_while_it_showed_its_card_is_given_up(stand, program):
    stand.script.then(call("wipe", x=1))
    old = await program()
    await old.ask(1)
    (card,) = await old.cards(1)
    await old.engine.drain(0)
    assert (await stand.journal.inbox.get("m:1:0")).dispatches == 0
    for _ in range(MAX_DISPATCHES):
        await stand.journal.inbox.count(await stand.journal.inbox.get("m:1:0"))

    new = await program()
    assert "stopped several times" in await new.told(1)
    await new.closed(1)
    assert new.surface.cards == {}
    assert (await stand.journal.approvals.get(card)).decision == Decision.WITHDRAWN
    assert stand.tools.ran == []


async def test_start_behind_a_decision_is_counted_anew(stand, program):
    """The process died while it showed the card, and the decision came all the same."""
    stand.script.then(call("wipe", x=1))
    old = await program()
    await old.ask(1)
    (card,) = await old.cards(1)
    await old.engine.drain(0)
    for _ in range(MAX_DISPATCHES - 1):
        await stand.journal.inbox.count(await stand.journal.inbox.get("m:1:0"))
    await old.approve(card)
    gate = stand.script.hold()
    stand.script.then(say("never to the end"))

    await program()
    await gate.reached
    assert (await stand.journal.inbox.get("m:1:0")).dispatches == 1
    stand.script.then(say("done"))
    again = await program()
    assert await again.answered(1, 1) == "done"


async def test_card_that_is_shown_counts_no_start(stand, program):
    stand.script.then(call("wipe", x=1))
    for _ in range(MAX_DISPATCHES + 1):
        new = await program()
        if not await stand.journal.approvals.open():
            await new.ask(1)
        (card,) = await new.cards(1)
        await new.ask(2, "behind it")
    stand.script.then(say("done"))
    stand.script.then(say("and behind it"))
    await new.approve(card)
    assert await new.answered(2) == "and behind it"
    assert stand.tools.ran == [("wipe", 1)]


async def test_turn_that_is_tried_for_the_last_time_is_still_answered(stand, program):
    old = await program()
    await old.engine.drain(0)
    await old.ask(1)
    for _ in range(MAX_DISPATCHES - 1):
        await stand.journal.inbox.dispatch(await stand.journal.inbox.get("m:1:0"))

    stand.script.then(say("at last"))
    new = await program()
    assert await new.answered(1) == "at last"


async def test_turn_whose_answer_is_whole_is_answered_however_often_the_program_died_under_it(stand, program):
    old = await program()
    old.surface.faults["flush"].append(SurfaceUnreachable("away for a moment"))
    stand.script.then(say("all of it"))
    await old.ask(1)
    await old.answered(1)
    await old.engine.drain(5)
    for _ in range(MAX_DISPATCHES):
        await stand.journal.inbox.dispatch(await stand.journal.inbox.get("m:1:0"))

    new = await program()
    await new.closed(1)
    assert new.surface.texts["m:1:0", 0] == "all of it"
    assert new.surface.said == {}
    assert (await stand.journal.turns.get("m:1:0")).outcome == ANSWERED


async def test_turn_that_cannot_even_be_closed_is_put_away(stand, program):
    old = await program()
    await old.engine.drain(0)
    await old.ask(1)
    for _ in range(2 * MAX_DISPATCHES):
        await stand.journal.inbox.dispatch(await stand.journal.inbox.get("m:1:0"))

    new = await program()
    await new.closed(1)
    assert "stopped several times" in new.surface.said["m:1:0", "closing"]


async def test_everything_unfinished_goes_on_in_its_order(stand, program):
    old = await program()
    await old.engine.drain(0)
    for number in (1, 2, 3):
        assert await old.ask(number, f"question {number}")
    assert stand.server.requests == []

    stand.script.default = lambda request: say(f"answer to {request.last_user_text}")
    new = await program()
    await new.closed(3)
    assert [new.surface.texts[f"m:{n}:0", 0] for n in (1, 2, 3)] == [f"answer to question {n}" for n in (1, 2, 3)]
    assert stand.sent()[-1] == ("user", "question 3")
    assert len(stand.sent()) == 5


class Held:
    """Reads what people write; what was left once there are no more than may be taken up at once."""

    def __init__(self):
        self.begun = []
        self.go_on = asyncio.Event()

    async def read(self, turn, _after):
        self.begun.append(turn.text)
        if turn.text == "left":
            await self.go_on.wait()
        return Input(turn.text)


async def test_what_was_left_is_taken_up_some_at_a_time_and_what_comes_now_does_not_wait_for_it(stand, program):
    stand.inputs = held = Held()
    stand.script.default = lambda _: say("answered")
    left = [turn(100 + number, "left", Conversation(1, 2, number)) for number in range(CAUGHT_UP_AT_ONCE + 5)]
    for one in left:
        await stand.journal.inbox.claim(one.key, one.conversation, one.payload())
    new = await program()
    async with asyncio.timeout(30):
        while len(held.begun) < CAUGHT_UP_AT_ONCE:
            await asyncio.sleep(0.01)
    # One that was found is no different; a snowflake tells when it was written (here: 2015).
    found = replace(turn(0, "left", Conversation(1, 2, 200)), key="message:1:0")
    await new.engine.accept(found)
    await new.ask(1, "now", Conversation(1, 2, 300))
    assert await new.answered(1) == "answered"
    assert held.begun == ["left"] * CAUGHT_UP_AT_ONCE + ["now"]
    held.go_on.set()
    await new.surface.until(lambda: len(new.surface.texts) == len(left) + 2)
    assert held.begun.count("left") == len(left) + 1


async def test_drain_lets_what_runs_come_to_its_end(stand, program):
    old = await program()
    gate = stand.script.hold()
    stand.script.then(say("just in time"))
    await old.ask(1)
    await gate.reached
    drained = asyncio.create_task(old.engine.drain(10))
    gate.release()
    await drained

    assert old.surface.texts["m:1:0", 0] == "just in time"
    assert (await stand.journal.inbox.get("m:1:0")).state == InboxState.CLOSED


async def test_nothing_is_at_work_any_more_after_a_drain(stand, program):
    """What still ran would write to a database that the program closes next."""
    old = await program()
    stand.tools.held["look"] = asyncio.Event()
    stand.script.then(call("look", x=1))
    await old.ask(1)
    await stand.tools.began["look"].wait()
    await old.engine.drain(0)

    at_work = [task for task in asyncio.all_tasks() if "TurnEngine" in repr(task.get_coro())]
    assert at_work == []


async def test_process_that_lost_its_claim_does_not_fail_the_turn_of_the_one_that_took_over(stand, monkeypatch):
    """The old one stands still in its model call, which has failed for good when it wakes up."""
    async with stand.program("old") as old, stand.program("new") as new:
        held, go, answering, answer = (asyncio.Event() for _ in range(4))

        async def ask(messages, definitions, draft):
            if not held.is_set():
                held.set()
                await go.wait()
                raise ModelError(ModelFault.TIMEOUT, "the connection broke while the process stood still")
            answering.set()
            await answer.wait()
            return AIMessage("here it is", id="x")

        monkeypatch.setattr(stand.model, "ask", ask)
        await old.ask(1)
        await held.wait()
        old.claims._ends = 0.0
        async with stand.database.write() as connection:
            await connection.execute(update(owners).where(owners.c.name == "old").values(until=0.0))
        await new.engine.sweep()
        await answering.wait()
        go.set()
        while old.engine._running:
            await asyncio.sleep(0.01)
        assert (await stand.journal.inbox.get("m:1:0")).closing is None
        await new.engine.sweep()
        answer.set()
        assert await new.answered(1) == "here it is"
        await new.closed(1)
        assert (await stand.journal.turns.get("m:1:0")).outcome == "answered"
