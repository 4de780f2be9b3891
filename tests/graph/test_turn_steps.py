"""One turn on its way: steps, verdicts, cards, limits."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import text

from checkpoints.cards import Decision
from checkpoints.keys import Conversation
from graph.deciding import Person
from playground import model_wire
from playground.model import ToolCall, call, say
from playground.model_wire import Completion
from tools.tool import LARGEST_ARGUMENTS, ToolError, ToolFailed


async def test_turn_of_several_steps_ends_in_the_models_last_words(stand, clew):
    stand.script.then(call("look", x=1), text="First I look.")
    stand.script.then(call("look", x=2))
    stand.script.then(say("Two things seen."))

    assert await clew.ask(1)
    assert await clew.answered(1, 2) == "Two things seen."
    await clew.closed(1)

    assert clew.surface.texts == {("m:1:0", 0): "First I look.", ("m:1:0", 2): "Two things seen."}
    assert stand.tools.ran == [("look", 1), ("look", 2)]
    assert stand.sent() == [
        ("user", "hello"),
        ("assistant", "First I look."),
        ("tool", "look 1 done"),
        ("assistant", None),
        ("tool", "look 2 done"),
    ]
    record = await stand.journal.turns.get("m:1:0")
    assert (record.outcome, record.number, record.first_words, record.model) == ("answered", 1, "hello", "scripted")
    assert record.input_tokens > 0
    assert record.output_tokens > 0
    assert record.end_checkpoint == (await clew.state()).config["configurable"]["checkpoint_id"]


async def test_verdicts_stand_in_the_state_while_a_card_waits(stand, clew):
    stand.tools.rules = {"look": "deny"}
    stand.script.then(call("wipe", x=1), call("look", x=2), call("nothing"), call("wipe", x="no number"))
    await clew.ask(1)
    await clew.cards(1)

    state = await clew.state()
    calls = {(one["name"], str(one["arguments"].get("x"))): one for one in state.values["calls"]}
    assert state.next == ("approval",)
    assert [one["action"] for one in calls.values()] == ["ask", "deny", "deny", "deny"]
    assert calls["wipe", "1"]["error"] is None
    assert calls["look", "2"]["rule"] == "look: deny"
    assert "no tool named 'nothing'" in calls["nothing", "None"]["error"]
    assert "x" in calls["wipe", "no number"]["error"]


async def test_denied_tool_is_not_offered(stand, clew):
    stand.tools.rules = {"look": "deny"}
    stand.script.then(say("ok"))
    await clew.ask(1)
    await clew.answered(1)

    assert stand.server.requests[0].tool_names == ["wipe"]


async def test_model_is_called_once_when_all_calls_are_answered(stand, clew):
    """Cards decided in the other order, and a call that needs nobody beside them."""
    stand.script.then(call("look", x=1), call("wipe", x=2), call("wipe", x=3))
    stand.script.then(say("all done"))
    await clew.ask(1)
    first, second = await clew.cards(2)
    assert stand.tools.ran == []

    assert await clew.refuse(second)
    await clew.surface.until(lambda: second in clew.surface.settled)
    assert len(stand.server.requests) == 1
    await clew.approve(first)
    assert await clew.answered(1, 1) == "all done"

    assert sorted(stand.tools.ran) == [("look", 1), ("wipe", 2)]
    assert len(stand.server.requests) == 2
    answers = [content for role, content in stand.sent() if role == "tool"]
    assert answers[:2] == ["look 1 done", "wipe 2 done"]
    assert "refused" in answers[2]
    assert [one.decision for one in clew.surface.settled.values()] == [Decision.REFUSED, Decision.APPROVED]


async def test_card_decides_once_and_a_second_word_changes_nothing(stand, clew):
    stand.script.then(call("wipe", x=2), call("wipe", x=3))
    stand.script.then(say("done"))
    await clew.ask(1)
    first, second = await clew.cards(2)

    assert (await clew.refuse(first)).decision == Decision.REFUSED
    assert await clew.approve(first) is None
    await clew.approve(second)
    await clew.answered(1, 1)
    assert await clew.refuse(second) is None
    assert stand.tools.ran == [("wipe", 3)]


async def test_both_cards_decided_at_once_resume_once(stand, clew):
    stand.script.then(call("wipe", x=2), call("wipe", x=3))
    stand.script.then(say("done"))
    await clew.ask(1)
    cards = await clew.cards(2)

    await asyncio.gather(*(clew.approve(card) for card in cards for _ in range(3)))
    await clew.closed(1)
    assert sorted(stand.tools.ran) == [("wipe", 2), ("wipe", 3)]
    assert len(stand.server.requests) == 2


async def test_decision_about_other_arguments_does_not_run_the_call(stand, clew):
    stand.script.then(call("wipe", x=2))
    stand.script.then(say("noted"))
    await clew.ask(1)
    (card,) = await clew.cards(1)
    async with stand.database.write() as connection:
        await connection.execute(text("UPDATE approvals SET fingerprint = 'of something else'"))

    await clew.approve(card)
    await clew.answered(1, 1)
    assert stand.tools.ran == []
    assert "not this call" in stand.sent()[-1][1]


async def test_policy_that_became_deny_while_the_card_waited_wins(stand, clew):
    stand.script.then(call("wipe", x=2))
    stand.script.then(say("noted"))
    await clew.ask(1)
    (card,) = await clew.cards(1)
    stand.tools.rules = {"wipe": "deny"}

    await clew.approve(card)
    await clew.answered(1, 1)
    assert stand.tools.ran == []
    assert "not allow wipe any more" in stand.sent()[-1][1]


async def test_policy_that_became_auto_while_the_card_waited_does_not_overrule_a_refusal(stand, clew):
    stand.script.then(call("wipe", x=2))
    stand.script.then(say("noted"))
    await clew.ask(1)
    (card,) = await clew.cards(1)
    stand.tools.rules = {"wipe": "auto"}

    await clew.refuse(card)
    await clew.answered(1, 1)
    assert stand.tools.ran == []


async def test_arguments_that_are_no_json_are_answered_and_the_model_goes_on(stand, clew):
    stand.script.then(ToolCall("look", '{"x": 1', "broken"), call("look", x=4), ToolCall("look", "[1]", "list"))
    stand.script.then(say("mended"))
    await clew.ask(1)
    assert await clew.answered(1, 1) == "mended"

    answers = {
        one["tool_call_id"]: one["content"] for one in stand.server.requests[-1].messages if one["role"] == "tool"
    }
    assert stand.tools.ran == [("look", 4)]
    assert "not a JSON object" in answers["broken"]
    assert "not a JSON object" in answers["list"]


@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN", "Infinity", "[[1e999]]", "[" * 100_000])
async def test_number_that_is_none_is_told_to_the_model_and_nobody_is_asked(stand, clew, number):
    """The card would show it, and the MCP library would send null."""
    stand.tools.schema = {"type": "object", "properties": {"x": {"type": ["number", "array"]}}}
    stand.script.then(ToolCall("wipe", f'{{"x": {number}}}', "endless"))
    stand.script.then(say("mended"))
    await clew.ask(1)
    assert await clew.answered(1, 1) == "mended"

    assert "correct them and call again" in stand.sent()[-1][1]
    assert clew.surface.cards == {}
    assert stand.tools.ran == []


async def test_arguments_that_are_too_much_for_a_card_are_told_to_the_model_and_nobody_is_asked(
    stand, clew, monkeypatch
):
    # In one piece: LangChain reads each as JSON.
    monkeypatch.setattr(model_wire, "ARGUMENT_FRAGMENT", 10 * LARGEST_ARGUMENTS)
    stand.tools.schema = {"type": "object"}
    stand.script.then(call("wipe", x="é" * (LARGEST_ARGUMENTS // 2)))
    stand.script.then(call("wipe", x="é" * (LARGEST_ARGUMENTS // 2 - 10)))
    stand.script.then(say("done"))
    await clew.ask(1)
    (card,) = await clew.cards(1)
    with pytest.raises(ToolError, match="may have 256"):
        await clew.engine.edit(card, Person(3), {"x": "y" * LARGEST_ARGUMENTS})
    await clew.approve(card)

    assert await clew.answered(1, 2) == "done"
    refused, ran = [content for role, content in stand.sent() if role == "tool"]
    assert "257 KiB, and those of a call may have 256; wipe was not run" in refused
    assert ran.endswith("done")
    assert len(stand.tools.ran) == 1


async def test_failed_tool_is_an_answer(stand, clew):
    stand.tools.results["look"] = ToolFailed("the disk is on fire")
    stand.script.then(call("look", x=4))
    stand.script.then(say("I see"))
    await clew.ask(1)
    await clew.answered(1, 1)

    assert stand.sent()[-1] == ("tool", "the disk is on fire")
    assert clew.surface.tools[-1] == ("m:1:0", "look", True)


async def test_tool_with_a_bug_closes_the_turn_with_one_sentence_and_the_next_turn_works(stand, clew):
    stand.tools.results["look"] = RuntimeError("boom")
    stand.script.then(call("look", x=4))
    await clew.ask(1)
    sentence = await clew.told(1)
    await clew.closed(1)
    assert "Something went wrong" in sentence
    assert "boom" not in sentence

    stand.script.then(say("back"))
    await clew.ask(2)
    assert await clew.answered(2) == "back"


async def test_repeated_and_missing_call_ids_get_ids_of_their_own(stand, clew):
    stand.script.then(
        ToolCall("look", '{"x": 1}', "same"), ToolCall("look", '{"x": 2}', "same"), ToolCall("look", '{"x": 3}', "")
    )
    stand.script.then(ToolCall("look", '{"x": 4}', "same"))
    stand.script.then(say("four"))
    await clew.ask(1)
    assert await clew.answered(1, 2) == "four"

    assert sorted(stand.tools.ran) == [("look", 1), ("look", 2), ("look", 3), ("look", 4)]
    answers = [content for role, content in stand.sent() if role == "tool"]
    assert answers == ["look 1 done", "look 2 done", "look 3 done", "look 4 done"]
    called = [one["id"] for one in stand.server.requests[1].messages[2]["tool_calls"]]
    assert len(set(called)) == 3
    assert all(called)


async def test_call_id_made_for_a_repeated_one_is_free(stand, clew):
    stand.script.then(
        ToolCall("look", '{"x": 1}', "a"), ToolCall("look", '{"x": 2}', "call_2_a"), ToolCall("look", '{"x": 3}', "a")
    )
    stand.script.then(say("three"))
    await clew.ask(1)
    await clew.answered(1, 1)

    assert sorted(stand.tools.ran) == [("look", 1), ("look", 2), ("look", 3)]


async def test_message_ids_are_unique_although_the_endpoint_repeats_its_own(stand, clew, monkeypatch):
    same = Completion.of

    def repeating(request, reply, *, now):
        return replace(same(request, reply, now=now), id="chatcmpl-1")

    monkeypatch.setattr(Completion, "of", repeating)
    for number in (1, 2):
        stand.script.then(call("look", x=number))
        stand.script.then(say(f"answer {number}"))
        await clew.ask(number)
        await clew.answered(number, 1)
        await clew.closed(number)

    ids = [message.id for message in await clew.messages()]
    assert len(ids) == len(set(ids)) == 8
    assert stand.sent()[-3:] == [("user", "hello"), ("assistant", None), ("tool", "look 2 done")]


async def test_step_limit_ends_the_turn_with_a_sentence(stand, clew):
    stand.script.default = lambda _: call("look", x=1)
    await clew.ask(1)
    sentence = await clew.answered(1, 5)
    await clew.closed(1)

    assert "5 steps" in sentence
    assert len(stand.server.requests) == 5
    assert len(stand.tools.ran) == 5
    assert (await clew.state()).next == ()


async def test_turn_accepted_again_runs_nothing(stand, clew):
    stand.script.then(say("once"))
    assert await clew.ask(1)
    assert not await clew.ask(1, "something else")
    await clew.answered(1)
    await clew.closed(1)
    assert not await clew.ask(1)

    # whatever the second word had started would stand before this turn
    stand.script.then(say("next"))
    await clew.ask(2)
    await clew.answered(2)
    assert stand.sent() == [("user", "hello"), ("assistant", "once"), ("user", "hello")]


async def test_turns_of_a_conversation_run_one_at_a_time_and_others_beside(stand, clew):
    gate = stand.script.hold()
    stand.script.then(say("slow answer here"))
    await clew.ask(1, "first")
    await gate.reached
    await clew.ask(2, "second")
    stand.script.then(say("elsewhere"))
    await clew.ask(3, "beside", Conversation(1, 2, 99))

    assert await clew.answered(3) == "elsewhere"
    assert [request.last_user_text for request in stand.server.requests] == ["first", "beside"]
    stand.script.then(say("second answer"))
    gate.release()
    assert await clew.answered(2) == "second answer"
    assert clew.surface.texts["m:1:0", 0] == "slow answer here"
    assert stand.sent() == [("user", "first"), ("assistant", "slow answer here"), ("user", "second")]


async def test_turn_behind_a_card_waits_and_its_person_is_told(stand, clew):
    stand.script.then(call("wipe", x=1))
    await clew.ask(1)
    (card,) = await clew.cards(1)
    await clew.ask(2, "are you there?")
    await clew.surface.until(lambda: clew.surface.behind)

    assert clew.surface.behind == [("m:2:0", card)]
    assert len(stand.server.requests) == 1
    stand.script.then(say("wiped"))
    stand.script.then(say("yes"))
    await clew.approve(card)
    assert await clew.answered(2) == "yes"
    assert stand.tools.ran == [("wipe", 1)]


async def test_setting_aside_refuses_the_waiting_calls_and_takes_the_next_turn(stand, clew):
    stand.script.then(call("wipe", x=1), call("look", x=2))
    await clew.ask(1)
    (card,) = await clew.cards(1)
    await clew.ask(2, "forget it")
    stand.script.then(say("forgotten"))
    await clew.engine.set_aside(Conversation(1, 2, 3))

    assert await clew.answered(2) == "forgotten"
    assert "Set aside" in clew.surface.said["m:1:0", "closing"]
    assert clew.surface.settled[card].decision == Decision.WITHDRAWN
    assert stand.tools.ran == []
    assert await clew.approve(card) is None
    assert (await stand.journal.turns.get("m:1:0")).outcome == "set-aside"
    assert [role for role, _ in stand.sent()] == ["user", "assistant", "tool", "tool", "assistant", "user"]


async def test_setting_aside_where_nothing_waits_changes_nothing(stand, clew):
    gate = stand.script.hold()
    stand.script.then(say("an answer"))
    await clew.ask(1)
    await gate.reached
    await clew.engine.set_aside(Conversation(1, 2, 3))
    gate.release()

    assert await clew.answered(1) == "an answer"
    await clew.closed(1)
    assert clew.surface.said == {}
