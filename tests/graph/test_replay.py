"""A recorded conversation through the present graph: what changed is told, and nothing is run."""

import pytest

from graph.images import DataUrls
from graph.replay import RecordedTurn, recorded_turns, replay
from playground.model import Fault, ToolCall, call, say


@pytest.fixture
async def record(stand, clew):
    """Two turns: one that looks twice and wipes, and one that only talks."""
    stand.script.then(call("look", x=1), call("wipe", x=2), text="First I look.")
    stand.script.then(call("look", x=1))
    stand.script.then(say("Done."))
    await clew.ask(1, "clean up")
    (card,) = await clew.cards(1)
    await clew.approve(card)
    await clew.closed(1)
    stand.script.then(say("You are welcome."))
    await clew.ask(2, "thanks")
    await clew.closed(2)
    stand.tools.ran.clear()
    definitions = stand.tools.catalog().definitions()
    return [RecordedTurn(messages, definitions) for messages in recorded_turns(await clew.messages())]


async def _replay(stand, record):
    return await replay(
        record,
        prompt="be nice",
        model=stand.model,
        window=stand.window,
        images=DataUrls(stand.journal.blobs),
        step_limit=5,
    )


def _as_before(script):
    script.then(call("look", x=1), call("wipe", x=2), text="First I look.")
    script.then(call("look", x=1))
    script.then(say("Done."))
    script.then(say("You are welcome."))


async def test_model_that_says_the_same_is_the_same(stand, record):
    _as_before(stand.script)
    replayed = await _replay(stand, record)

    assert [one.same for one in replayed] == [True, True]
    assert [one.asked for one in replayed] == ["clean up", "thanks"]
    assert replayed[0].new.text == "First I look.\n\nDone."
    assert stand.tools.ran == []
    assert stand.script.remaining == 0


async def test_replayed_model_is_told_the_recorded_answers(stand, record):
    _as_before(stand.script)
    await _replay(stand, record)

    answers = [one["content"] for one in stand.server.requests[-1].messages if one["role"] == "tool"]
    assert answers == ["look 1 done", "wipe 2 done", "look 1 done"]


async def test_other_words_are_told(stand, record):
    stand.script.then(say("I would rather not."))
    stand.script.then(say("You are welcome."))
    first, second = await _replay(stand, record)

    assert not first.same
    assert (first.old.text, first.new.text) == ("First I look.\n\nDone.", "I would rather not.")
    assert [one.name for one in first.changes.dropped] == ["look", "wipe", "look"]
    assert (first.changes.added, first.changes.changed) == ((), ())
    assert second.same


async def test_call_that_was_not_recorded_stops_the_replay_and_runs_nothing(stand, record):
    stand.script.then(call("wipe", x=99))
    replayed = await _replay(stand, record)

    assert len(replayed) == 1
    assert "wipe" in replayed[0].stopped
    assert "99" in replayed[0].stopped
    assert stand.tools.ran == []
    changes = replayed[0].changes
    assert [(old.arguments, new.arguments) for old, new in changes.changed] == [({"x": 2}, {"x": 99})]
    assert [one.name for one in changes.dropped] == ["look", "look"]


async def test_one_call_more_than_was_recorded_is_added_and_stops_the_replay(stand, record):
    stand.script.then(call("look", x=1), call("look", x=1), call("look", x=1), call("wipe", x=2))
    (first,) = await _replay(stand, record)

    assert [one.name for one in first.changes.added] == ["look"]
    assert first.stopped


async def test_model_that_fails_stops_the_replay_with_its_sentence(stand, record):
    stand.script.then(Fault(401))
    (first,) = await _replay(stand, record)

    assert "refused my key" in first.stopped
    assert first.new.text == ""


async def test_recorded_refusal_and_failure_are_answered_as_such(stand, clew):
    stand.script.then(call("wipe", x=1))
    stand.script.then(say("As you wish."))
    await clew.ask(1)
    (card,) = await clew.cards(1)
    await clew.refuse(card)
    await clew.closed(1)
    record = [RecordedTurn(one, stand.tools.catalog().definitions()) for one in recorded_turns(await clew.messages())]

    stand.script.then(call("wipe", x=1))
    stand.script.then(say("As you wish."))
    (first,) = await _replay(stand, record)
    assert first.same
    assert "refused" in stand.sent()[-1][1]


async def test_answers_are_told_apart_although_the_endpoint_repeats_its_call_ids(stand, clew):
    def look_twice():
        stand.script.then(ToolCall("look", '{"x": 1}', "call_0"))
        stand.script.then(ToolCall("look", '{"x": 2}', "call_0"))
        stand.script.then(say("two things"))

    look_twice()
    await clew.ask(1)
    await clew.closed(1)
    record = [RecordedTurn(one, stand.tools.catalog().definitions()) for one in recorded_turns(await clew.messages())]
    look_twice()
    await _replay(stand, record)

    assert [text for role, text in stand.sent() if role == "tool"] == ["look 1 done", "look 2 done"]


def test_messages_before_the_first_question_belong_to_no_turn():
    assert recorded_turns([]) == []
