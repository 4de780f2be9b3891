"""Answers that break off: asked for anew, shown once, and never taken for whole ones."""

import asyncio
from contextlib import aclosing

import pytest
from langchain_core.messages import HumanMessage
from structlog.testing import capture_logs

from graph.draft import Draft
from graph.errors import ModelError, ModelFault
from graph.events import TextDelta, TextRestarted
from graph.llm import Model
from graph.model_settings import ModelSettings
from graph.retrying import Retrying
from playground.model import Fault, Gate, Reply, call, say

OVERLOADED = {"error": {"message": "overloaded", "code": "500"}}
NO_CALL = call("wipe", x=123456789)
CUT_CALL = Fault(cut_after=2, text="", calls=(NO_CALL,))


@pytest.mark.parametrize(
    "fault",
    [
        Fault(cut_after=3, text="one two three four"),
        Fault(cut_after=3, text="one two three four", body=OVERLOADED),
    ],
    ids=["closed", "error in the stream"],
)
async def test_text_of_a_cut_stream_is_void_and_shown_once(stand, clew, fault):
    stand.script.then(fault)
    stand.script.then(say("one two three four five"))
    await clew.ask(1)

    assert await clew.answered(1) == "one two three four five"
    assert clew.surface.restarted == [("m:1:0", 0, "one two three ")]
    assert clew.surface.streamed == {("m:1:0", 0): "one two three four five"}
    await clew.closed(1)
    assert [message.text for message in await clew.messages()] == ["hello", "one two three four five"]


async def test_later_text_of_a_turn_begins_anew_under_its_own_number(stand, clew):
    stand.script.then(call("look", x=1), text="First I look.")
    stand.script.then(Fault(cut_after=1, text="then I"))
    stand.script.then(say("Seen."))
    await clew.ask(1)

    assert await clew.answered(1, 1) == "Seen."
    assert clew.surface.restarted == [("m:1:0", 1, "then ")]
    assert clew.surface.streamed == {("m:1:0", 0): "First I look.", ("m:1:0", 1): "Seen."}


async def test_nothing_begins_anew_where_nothing_was_shown(stand, clew):
    stand.script.then(Fault(cut_after=0))
    stand.script.then(Fault(500))
    stand.script.then(say("fine"))
    await clew.ask(1)

    assert await clew.answered(1) == "fine"
    assert clew.surface.restarted == []


async def test_text_that_was_shown_is_void_once_however_often_the_model_is_asked(stand, clew):
    stand.script.then(Fault(cut_after=2))
    stand.script.then(Fault(500))
    stand.script.then(Fault(500))
    stand.script.then(say("fine"))
    await clew.ask(1)

    assert await clew.answered(1) == "fine"
    assert len(clew.surface.restarted) == 1


async def test_what_came_is_void_only_when_the_model_is_asked_again(stand, clew):
    """While it is waited for, and where it is not asked again, the text stays as it is."""
    await stand.prepare(retries=0)
    gate = Gate()
    stand.script.then(Fault(cut_after=2, text="half of it", gate=gate))
    await clew.ask(1)
    await clew.surface.until(lambda: clew.surface.streamed)
    gate.release()

    assert "broke off" in await clew.told(1)
    assert clew.surface.streamed == {("m:1:0", 0): "half of "}
    assert clew.surface.restarted == []


@pytest.mark.parametrize(
    "fault",
    [
        CUT_CALL,
        Fault(cut_after=2, text="", calls=(NO_CALL,), unnamed=True),
        Fault(cut_after=1, text="", calls=(NO_CALL,), unnamed=True),
    ],
    ids=["closed", "no finish reason", "no finish reason, no arguments"],
)
async def test_call_of_a_cut_stream_is_never_made(stand, clew, fault):
    stand.script.then(fault)
    stand.script.then(say("I leave it."))
    stand.tools.rules = {"wipe": "auto"}
    await clew.ask(1)

    assert await clew.answered(1) == "I leave it."
    assert stand.tools.ran == []
    await clew.closed(1)
    assert len(await clew.messages()) == 2


async def test_call_without_arguments_that_may_have_been_cut_is_told_to_the_model(stand, clew):
    """LiteLLM tells a stream that ends without a finish reason as one that ended in good order."""
    stand.script.then(lambda _: call("wipe", _raw=""))
    stand.script.then(say("done"))
    stand.script.then(Reply(calls=(call("wipe", _raw=""),), finish="stop"))
    stand.script.then(say("mended"))
    stand.tools.rules = {"wipe": "auto"}
    await clew.ask(1)
    assert await clew.answered(1, 1) == "done"
    assert stand.tools.ran == [("wipe", None)]
    await clew.ask(2)
    assert await clew.answered(2, 1) == "mended"

    assert stand.tools.ran == [("wipe", None)]
    assert "they are missing" in stand.sent()[-1][1]


async def test_end_that_is_not_named_is_a_cut_at_an_endpoint_that_names_ends(stand, clew):
    stand.script.then(say("fine"))
    await clew.ask(1)
    await clew.closed(1)
    stand.script.default = lambda _: Fault(cut_after=2, unnamed=True)
    await clew.ask(2)

    assert "broke off" in await clew.told(2)
    assert len(stand.server.requests) == 7


async def test_endpoint_that_never_names_ends_is_asked_twice_once(stand, clew):
    stand.script.default = lambda _: Fault(cut_after=9, text="all of it", unnamed=True)
    for number in (1, 2):
        await clew.ask(number)
        assert await clew.answered(number) == "all of it"
        await clew.closed(number)

    assert len(stand.server.requests) == 3
    assert clew.surface.restarted == [("m:1:0", 0, "all of it")]


async def test_answer_that_trickles_for_ever_is_given_up(stand, clew):
    await stand.prepare(call_timeout=0.2, retries=0)
    stand.script.then(say("word " * 1000, delay=0.02))
    with capture_logs() as logs:
        await clew.ask(1)
        assert "took too long" in await clew.told(1)
        await clew.closed(1)

    (failed,) = [one for one in logs if one["event"] == "model_failed"]
    assert failed["fault"] == ModelFault.TIMEOUT
    assert "0.2 seconds" in failed["detail"]
    await stand.server.wait_for_aborted(1)
    assert clew.surface.streamed["m:1:0", 0].startswith("word word")


@pytest.fixture
async def alone(stand):
    """A model by itself, and what its draft tells."""
    settings = ModelSettings(api_base=stand.server.base_url, name="scripted", call_timeout=5)
    told = []
    async with aclosing(Model(settings, retrying=Retrying(2, 180, sleep=stand._wait))) as model:
        yield model, Draft(3, told.append), told


async def test_cancellation_in_the_middle_of_an_answer_is_a_cancellation(stand, alone):
    model, draft, told = alone
    gate = stand.script.hold()
    stand.script.then(say("never whole"))
    task = asyncio.create_task(model.ask([HumanMessage("hi")], [], draft))
    await asyncio.wait_for(gate.reached.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 5)
    await stand.server.wait_for_aborted(1)

    assert len(stand.server.requests) == 1
    assert told in ([], [TextDelta(3, "never ")])


async def test_cancellation_is_not_lost_in_a_stream_of_chunks(stand, alone):
    """It comes with a chunk that is there already; on Python 3.11 `asyncio.wait_for` would lose it."""
    model, _, _ = alone
    stand.script.then(say("word " * 2000))

    class Cancelling:
        def add(self, text):
            task.cancel()

        def restart(self):
            raise AssertionError("a cancellation is no fault")

    task = asyncio.create_task(model.ask([HumanMessage("hi")], [], Cancelling()))
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 5)


async def test_draft_tells_what_is_streamed_and_where_it_begins_anew(stand, alone):
    model, draft, told = alone
    stand.script.then(Fault(cut_after=1, text="one two"))
    stand.script.then(say("done"))
    message = await model.ask([HumanMessage("hi")], [], draft)

    assert message.text == "done"
    assert told == [TextDelta(3, "one "), TextRestarted(3), TextDelta(3, "done")]


async def test_fault_after_the_last_attempt_is_the_last_ones(stand, alone):
    model, draft, _ = alone
    stand.script.then(Fault(500))
    stand.script.then(Fault(cut_after=2))
    stand.script.then(Fault(401))
    with pytest.raises(ModelError) as failed:
        await model.ask([HumanMessage("hi")], [], draft)

    assert failed.value.fault == ModelFault.UNAUTHORIZED
