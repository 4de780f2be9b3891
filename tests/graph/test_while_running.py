"""What comes while a turn runs is answered once, in each of the three ways, whatever happens to the program."""

import asyncio

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from checkpoints.inbox import COLLECTED, STEERED, InboxState
from checkpoints.tables import inbox
from graph.advancing import MAX_DISPATCHES
from graph.conversation_settings import ConversationSettings, WhileRunning
from graph.errors import SurfaceUnreachable
from graph.events import LeftOut
from graph.images import DataUrls
from graph.replay import RecordedTurn, recorded_turns, replay
from graph.state import STEERED_MARK
from graph.tokens import counter_for
from graph.turn import Closing, Input
from graph.window import Window
from playground.model import Fault, call, say
from tests.graph.conftest import HERE, turn
from tests.marks import PLAIN


def set_to(stand, mode):
    stand.conversations = ConversationSettings(while_running=mode)


def will_say(stand, *texts):
    for text in texts:
        stand.script.then(say(text))


async def outcomes(stand):
    """Of every row its number, how it ended, and which turn took it."""
    async with stand.database.read() as connection:
        rows = (await connection.execute(inbox.select().order_by(inbox.c.id))).all()
    assert {row.state for row in rows} == {InboxState.CLOSED}
    return [(row.key, row.outcome, row.taken_by) for row in rows]


def words(message):
    return message.content if isinstance(message.content, str) else [block.get("text") for block in message.content]


async def people_said(clew):
    """What the thread holds of people's messages."""
    return [words(message) for message in await clew.messages() if message.type == "human"]


async def started(stand):
    """Start the first turn as a program does that dies at once: with all that waits behind it."""
    row = await stand.journal.inbox.get("m:1:0")
    await stand.journal.inbox.dispatch(row, gathering=lambda payload, _: payload)


async def in_a_tool(stand, clew, *, then=1):
    """A turn that stands still in a tool; what to do for it to go on."""
    stand.tools.held["look"] = asyncio.Event()
    for x in range(then):
        stand.script.then(call("look", x=x))
    await clew.ask(1, "first")
    await stand.tools.began["look"].wait()
    return stand.tools.held.pop("look").set


# The settings


def test_thread_has_its_own_setting_or_that_of_the_channel_above():
    found = ConversationSettings.model_validate({"while_running": "collect", "channels": {"5": "steer", "6": "queue"}})

    assert found.while_running_in(5, None) == WhileRunning.STEER
    assert found.while_running_in(6, 5) == WhileRunning.QUEUE
    assert found.while_running_in(7, 5) == WhileRunning.STEER
    assert found.while_running_in(7, 8) == found.while_running_in(7, None) == WhileRunning.COLLECT


# queue


async def test_messages_wait_and_are_turns_of_their_own_unless_set_otherwise(stand, clew):
    go_on = await in_a_tool(stand, clew)
    await clew.ask(2, "second")
    await clew.ask(3, "third")
    stand.script.default = lambda request: say(f"answer to {request.last_user_text}")
    go_on()
    await clew.closed(3)

    assert clew.surface.texts["m:1:0", 1] == "answer to first"
    assert clew.surface.texts["m:2:0", 0] == "answer to second"
    assert clew.surface.texts["m:3:0", 0] == "answer to third"
    assert await outcomes(stand) == [("m:1:0", None, None), ("m:2:0", None, None), ("m:3:0", None, None)]


# collect


async def test_messages_that_wait_are_one_turn(stand, program):
    set_to(stand, "collect")
    clew = await program()
    go_on = await in_a_tool(stand, clew)
    for number in (2, 3, 4):
        await clew.ask(number, f"message {number}")
    will_say(stand, "one", "two, three and four")
    go_on()
    await clew.closed(4)

    assert clew.surface.texts["m:2:0", 0] == "two, three and four"
    assert len(stand.server.requests) == 3
    assert stand.sent()[-1] == ("user", "message 2\n\nmessage 3\n\nmessage 4")
    assert (await outcomes(stand))[1:] == [
        ("m:2:0", None, None),
        ("m:3:0", COLLECTED, "m:2:0"),
        ("m:4:0", COLLECTED, "m:2:0"),
    ]
    assert [record.first_words for record in await stand.journal.turns.of("1:2:3:0")] == ["first", "message 2"]


async def test_answer_refers_to_the_last_message_gathered(stand, program):
    set_to(stand, "collect")
    opened = []
    clew = await program()
    await clew.engine.drain(0)
    for number in (1, 2):
        asked = turn(number)
        payload = asked.payload() | {"message_id": number}
        await stand.journal.inbox.claim(asked.key, HERE, payload)
    new = stand.program()
    new.surface.open, opening = lambda asked: opened.append(asked) or opening(asked), new.surface.open
    async with new:
        stand.script.then(say("both"))
        await new.engine.recover()
        await new.answered(1)
        await new.closed(1)

    assert {(asked.key, asked.message_id, asked.reply_to) for asked in opened} == {("m:1:0", 1, 2)}


async def test_files_of_all_messages_gathered_are_read_in_their_order(stand, program):
    class Reading:
        async def read(self, asked, after):
            text = {"type": "text", "text": f"{asked.text} after {after}"}
            return Input([text, {"type": "text", "text": f"file of {asked.key}"}], "One file cannot be read.")

    set_to(stand, "collect")
    stand.inputs = Reading()
    clew = await program()
    await clew.engine.drain(0)
    for number in (1, 2):
        await clew.ask(number, f"message {number}")
    stand.script.then(say("read"))
    new = await program()
    await new.closed(2)

    assert await people_said(new) == [["message 1 after None", "file of m:1:0", "message 2 after 1", "file of m:2:0"]]
    assert new.surface.said == {("m:1:0", "notice"): "One file cannot be read."}


async def test_gathered_turn_that_was_cut_off_takes_nothing_more_in_the_next_program(stand, program):
    """What the model was sent before the kill is what is closed after it."""
    set_to(stand, "collect")
    old = await program()
    await old.engine.drain(0)
    await old.ask(1, "one")
    await old.ask(2, "two")
    gate = stand.script.hold()
    stand.script.then(say("never heard"))
    cut = await program()
    await gate.reached
    await cut.ask(3, "three")

    will_say(stand, "one and two", "three")
    new = await program()
    await new.closed(3)
    assert await people_said(new) == ["one\n\ntwo", "three"]
    assert new.surface.texts == {("m:1:0", 0): "one and two", ("m:3:0", 0): "three"}
    assert await outcomes(stand) == [("m:1:0", None, None), ("m:2:0", COLLECTED, "m:1:0"), ("m:3:0", None, None)]


async def test_program_that_died_after_the_start_was_counted_gathers_the_same_again(stand, program):
    set_to(stand, "collect")
    old = await program()
    await old.engine.drain(0)
    await old.ask(1, "one")
    await old.ask(2, "two")
    await started(stand)
    await old.ask(3, "three")

    stand.script.default = lambda _: say("answered")
    new = await program()
    await new.closed(3)
    assert await people_said(new) == ["one\n\ntwo", "three"]


async def test_gathered_messages_stay_one_turn_when_the_setting_changes(stand, program):
    set_to(stand, "collect")
    old = await program()
    await old.engine.drain(0)
    await old.ask(1, "one")
    await old.ask(2, "two")
    await started(stand)

    set_to(stand, "queue")
    stand.script.then(say("both"))
    new = await program()
    await new.closed(2)
    assert await people_said(new) == ["one\n\ntwo"]
    assert len(stand.server.requests) == 1


async def test_edit_before_the_turn_begins_is_gathered_and_one_after_it_changes_nothing(stand, program):
    set_to(stand, "collect")
    clew = await program()
    go_on = await in_a_tool(stand, clew)
    await clew.ask(2, "two")
    await clew.ask(3, "three")
    await clew.engine.amend(turn(3, "three, edited"))
    will_say(stand, "one", "both")
    go_on()
    await clew.closed(3)
    await clew.engine.amend(turn(3, "too late"))

    assert await people_said(clew) == ["first", "two\n\nthree, edited"]
    assert (await stand.journal.inbox.get("m:3:0")).payload["text"] == "three, edited"


async def test_gathered_turn_that_is_given_up_closes_all_its_messages_with_one_sentence(stand, program):
    set_to(stand, "collect")
    old = await program()
    await old.engine.drain(0)
    await old.ask(1, "one")
    await old.ask(2, "two")
    for _ in range(2 * MAX_DISPATCHES):
        await started(stand)

    new = await program()
    await new.closed(2)
    assert list(new.surface.said) == [("m:1:0", "closing")]
    assert (await outcomes(stand))[1] == ("m:2:0", COLLECTED, "m:1:0")


async def test_reset_stops_all_that_was_gathered_and_what_waits_goes_on(stand, program):
    set_to(stand, "collect")
    clew = await program()
    await clew.engine.drain(0)
    await clew.ask(1, "one")
    await clew.ask(2, "two")
    gate = stand.script.hold()
    stand.script.then(say("never heard"))
    new = await program()
    await gate.reached
    await new.ask(3, "three")
    stand.script.then(say("on the new branch"))
    await new.branching.reset(HERE)
    await new.closed(3)

    assert await people_said(new) == ["three"]
    assert (await outcomes(stand))[1:] == [("m:2:0", COLLECTED, "m:1:0"), ("m:3:0", None, None)]


# steer


async def test_message_is_handed_to_the_running_turn_between_two_steps(stand, program):
    set_to(stand, "steer")
    clew = await program()
    go_on = await in_a_tool(stand, clew)
    await clew.ask(2, "rather the other")
    await clew.ask(3, "please")
    stand.script.then(say("The other, then."))
    go_on()
    await clew.closed(3)
    await clew.closed(1)

    assert clew.surface.texts == {("m:1:0", 1): "The other, then."}
    assert clew.surface.taken_in == ["m:2:0", "m:3:0"]
    assert [role for role, _ in stand.sent()] == ["user", "assistant", "tool", "user", "user"]
    assert stand.sent()[3:] == [("user", "rather the other"), ("user", "please")]
    assert await outcomes(stand) == [
        ("m:1:0", None, None),
        ("m:2:0", STEERED, "m:1:0"),
        ("m:3:0", STEERED, "m:1:0"),
    ]
    assert [record.key for record in await stand.journal.turns.of("1:2:3:0")] == ["m:1:0"]


async def test_message_that_cannot_be_marked_as_taken_in_holds_nothing_up(stand, program):
    set_to(stand, "steer")
    clew = await program()
    go_on = await in_a_tool(stand, clew)
    await clew.ask(2, "second")
    clew.surface.faults["taken_in"] = [SurfaceUnreachable("away")]
    will_say(stand, "both")
    go_on()
    await clew.closed(2)
    await clew.closed(1)

    assert clew.surface.texts == {("m:1:0", 1): "both"}
    assert (await outcomes(stand))[1] == ("m:2:0", STEERED, "m:1:0")


async def test_message_that_finds_no_step_is_a_turn_of_its_own(stand, program):
    set_to(stand, "steer")
    clew = await program()
    gate = stand.script.hold()
    will_say(stand, "one", "two")
    await clew.ask(1, "first")
    await gate.reached
    await clew.ask(2, "second")
    gate.release()
    await clew.closed(2)
    await clew.closed(1)

    assert clew.surface.texts == {("m:1:0", 0): "one", ("m:2:0", 0): "two"}
    assert (await outcomes(stand))[1] == ("m:2:0", None, None)


async def test_step_limit_counts_the_whole_turn_and_messages_do_not_begin_it_anew(stand, program):
    set_to(stand, "steer")
    stand.step_limit = 2
    clew = await program()
    go_on = await in_a_tool(stand, clew, then=2)
    await clew.ask(2, "second")
    go_on()
    await clew.closed(2)
    await clew.closed(1)

    assert "took 2 steps" in clew.surface.texts["m:1:0", 2]
    assert len(stand.server.requests) == 2
    assert [message.id for message in await clew.messages() if message.type == "ai"] == [
        "m:1:0/0",
        "m:1:0/1",
        "m:1:0/2",
    ]


async def test_message_whose_model_call_was_cut_off_waits_and_is_read_again(stand, program):
    set_to(stand, "steer")
    old = await program()
    go_on = await in_a_tool(stand, old)
    await old.ask(2, "second")
    gate = stand.script.hold()
    stand.script.then(say("never heard"))
    go_on()
    await gate.reached
    assert stand.sent()[-1] == ("user", "second")
    await old.engine.drain(0)
    assert (await stand.journal.inbox.get("m:2:0")).state == InboxState.WAITING

    await old.engine.amend(turn(2, "second, edited"))
    stand.script.then(say("both"))
    new = await program()
    await new.closed(2)
    await new.closed(1)
    assert await people_said(new) == ["first", "second, edited"]
    assert new.surface.texts == {("m:1:0", 1): "both"}
    assert (await outcomes(stand))[1] == ("m:2:0", STEERED, "m:1:0")


async def test_message_whose_model_call_failed_is_answered_in_a_turn_of_its_own(stand, program):
    set_to(stand, "steer")
    await stand.prepare(retries=0)
    clew = await program()
    go_on = await in_a_tool(stand, clew)
    await clew.ask(2, "second")
    stand.script.then(Fault(status=400))
    stand.script.then(say("better"))
    go_on()
    await clew.closed(2)
    await clew.closed(1)

    assert clew.surface.texts["m:2:0", 0] == "better"
    assert await people_said(clew) == ["first", "second"]
    assert (await outcomes(stand))[1] == ("m:2:0", None, None)


async def taken_in_and_put_away(stand, program, monkeypatch):
    """The program ends when the thread holds a second message as part of a turn, and nobody has closed its row."""
    set_to(stand, "steer")
    old = await program()
    go_on = await in_a_tool(stand, old)
    await old.ask(2, "second")
    reached = asyncio.Event()

    async def stuck(_steered):
        reached.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(old.engine._advancing._meanwhile, "note", stuck)
    stand.script.then(say("both"))
    go_on()
    await reached.wait()
    await old.engine.drain(0)


async def test_message_that_is_in_the_thread_but_not_closed_is_closed_by_the_next_program(stand, program, monkeypatch):
    """The program died between the last checkpoint and the rows of the journal."""
    await taken_in_and_put_away(stand, program, monkeypatch)
    assert (await stand.journal.inbox.get("m:2:0")).state == InboxState.WAITING

    new = await program()
    await new.closed(2)
    await new.closed(1)
    assert len(stand.server.requests) == 2
    assert new.surface.texts == {("m:1:0", 1): "both"}
    assert (await outcomes(stand))[1] == ("m:2:0", STEERED, "m:1:0")


async def test_message_in_a_turn_that_was_put_away_does_not_begin_as_a_turn(stand, program, monkeypatch):
    await taken_in_and_put_away(stand, program, monkeypatch)
    # As if it had been given up without the graph.
    await stand.journal.inbox.close(await stand.journal.inbox.get("m:1:0"))

    new = await program()
    await new.closed(2)
    await new.closed(1)
    assert len(stand.server.requests) == 2
    assert [message.id for message in await new.messages() if message.type == "human"] == ["m:1:0", "m:2:0"]
    assert (await outcomes(stand))[1] == ("m:2:0", STEERED, "m:1:0")


async def test_message_taken_in_before_a_card_is_not_told_that_it_waits(stand, program):
    set_to(stand, "steer")
    clew = await program()
    go_on = await in_a_tool(stand, clew)
    await clew.ask(2, "second")
    stand.script.then(call("wipe", x=1))
    go_on()
    (card,) = await clew.cards(1)
    await clew.ask(3, "third")
    await clew.surface.until(lambda: clew.surface.behind)
    assert [key for key, _ in clew.surface.behind] == ["m:3:0"]
    assert len(stand.server.requests) == 2

    stand.script.then(say("wiped"))
    await clew.approve(card)
    await clew.closed(3)
    await clew.closed(1)
    assert [role for role, _ in stand.sent()] == ["user", "assistant", "tool", "user", "assistant", "tool", "user"]
    assert (await outcomes(stand))[1:] == [("m:2:0", STEERED, "m:1:0"), ("m:3:0", STEERED, "m:1:0")]


async def test_message_behind_a_card_that_is_set_aside_is_a_turn_of_its_own(stand, program):
    set_to(stand, "steer")
    clew = await program()
    stand.script.then(call("wipe", x=1))
    await clew.ask(1, "first")
    await clew.cards(1)
    await clew.ask(2, "second")
    stand.script.then(say("two"))
    await clew.engine.set_aside(HERE)
    assert await clew.answered(2) == "two"
    await clew.closed(2)
    await clew.closed(1)

    assert stand.tools.ran == []
    assert (await outcomes(stand))[1] == ("m:2:0", None, None)


async def test_stopping_a_turn_closes_what_it_took_in_and_the_rest_goes_on(stand, program):
    set_to(stand, "steer")
    stand.tools.rules["wipe"] = "auto"
    clew = await program()
    go_on = await in_a_tool(stand, clew)
    await clew.ask(2, "second")
    stand.tools.began.clear()
    stand.tools.held["wipe"] = asyncio.Event()
    stand.script.then(call("wipe", x=1))
    go_on()
    await stand.tools.began["wipe"].wait()
    await clew.ask(3, "third")
    stand.script.then(say("three"))
    async with clew.engine.halted(HERE, Closing("stopped", "Stopped.")):
        pass
    await clew.closed(3)
    await clew.closed(1)

    assert clew.surface.texts["m:3:0", 0] == "three"
    assert await people_said(clew) == ["first", "second", "third"]
    assert (await outcomes(stand))[1:] == [("m:2:0", STEERED, "m:1:0"), ("m:3:0", None, None)]


async def test_rewind_to_before_a_turn_leaves_what_it_took_in_behind(stand, program):
    set_to(stand, "steer")
    clew = await program()
    go_on = await in_a_tool(stand, clew)
    await clew.ask(2, "second")
    will_say(stand, "both", "kept")
    go_on()
    await clew.closed(2)
    await clew.closed(1)
    await clew.ask(3, "third")
    await clew.closed(3)
    await clew.closed(1)

    await clew.branching.rewind(HERE, 2)
    assert await people_said(clew) == ["first", "second"]
    await clew.branching.rewind(HERE, 1)
    stand.script.then(say("anew"))
    await clew.ask(4, "fourth")
    await clew.closed(4)
    assert await people_said(clew) == ["fourth"]


async def test_reader_is_told_up_to_where_the_conversation_knows_everything(stand, program):
    class Reading:
        def __init__(self):
            self.after = {}

        async def read(self, asked, after):
            self.after[asked.key] = after
            return Input(asked.text)

    set_to(stand, "steer")
    stand.inputs = reading = Reading()
    clew = await program()
    go_on = await in_a_tool(stand, clew)
    await clew.ask(2, "second")
    await clew.ask(3, "third")
    stand.script.default = lambda _: say("answered")
    go_on()
    await clew.closed(3)
    await clew.closed(1)
    await clew.ask(4, "fourth")
    await clew.closed(4)

    assert reading.after == {"m:1:0": None, "m:2:0": 1, "m:3:0": 2, "m:4:0": 3}


async def test_file_that_cannot_be_read_is_told_to_the_one_who_sent_it(stand, program):
    class Reading:
        async def read(self, asked, _after):
            return Input(asked.text, "That file cannot be read." if asked.text == "second" else None)

    set_to(stand, "steer")
    stand.inputs = Reading()
    clew = await program()
    go_on = await in_a_tool(stand, clew)
    await clew.ask(2, "second")
    stand.script.then(say("both"))
    go_on()
    await clew.closed(2)
    await clew.closed(1)

    assert clew.surface.said == {("m:2:0", "notice"): "That file cannot be read."}


async def test_marks_of_handed_in_messages_do_not_reach_the_model(stand, program):
    set_to(stand, "steer")
    clew = await program()
    go_on = await in_a_tool(stand, clew)
    await clew.ask(2, "second")
    stand.script.then(say("both"))
    go_on()
    await clew.closed(2)
    await clew.closed(1)

    assert [STEERED_MARK in one.additional_kwargs for one in await clew.messages() if one.type == "human"] == [
        False,
        True,
    ]
    assert stand.server.requests[-1].messages[-1] == {"role": "user", "content": "second"}


async def test_window_keeps_a_turn_whole_around_what_was_handed_to_it():
    asked = {"id": "x", "name": "look", "args": {}}
    messages = [
        HumanMessage("an old question " * 200, id="a"),
        AIMessage("an old answer", id="a/0"),
        HumanMessage("first", id="b"),
        AIMessage("", id="b/0", tool_calls=[asked]),
        ToolMessage("seen", id="b/0/x", tool_call_id="x"),
        HumanMessage("second", id="c", additional_kwargs={STEERED_MARK: True}),
    ]
    view = Window(await counter_for("scripted"), PLAIN).fit("be nice", messages, [], 300)

    assert [message.id for message in view.messages[1:]] == ["b", "b/0", "b/0/x", "c"]
    assert view.left_out == LeftOut(turns=1)


# replay


async def _steered_record(stand, program):
    set_to(stand, "steer")
    clew = await program()
    go_on = await in_a_tool(stand, clew)
    await clew.ask(2, "second")
    stand.script.then(say("both"))
    go_on()
    await clew.closed(2)
    await clew.closed(1)
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


async def test_replay_hands_a_message_in_before_the_same_model_call(stand, program):
    record = await _steered_record(stand, program)
    sent = stand.server.requests[-1].messages
    stand.script.then(call("look", x=0))
    stand.script.then(say("both"))
    (replayed,) = await _replay(stand, record)

    assert replayed.same
    assert stand.server.requests[-1].messages[-1] == sent[-1] == {"role": "user", "content": "second"}


async def test_replay_of_a_model_that_needs_no_step_asks_what_was_handed_in_as_a_turn(stand, program):
    record = await _steered_record(stand, program)
    will_say(stand, "at once", "and the second")
    first, second = await _replay(stand, record)

    assert (first.asked, first.new.text, first.recorded) == ("first", "at once", True)
    assert (second.asked, second.new.text, second.recorded) == ("second", "and the second", False)


async def test_edit_that_came_right_before_the_start_is_read(stand, program, monkeypatch):
    clew = await program()
    real, took = clew.journal.inbox.dispatch, []

    async def dispatch(row, **named):
        took.append(await clew.journal.inbox.amend(row.key, turn(1, "as it is now").payload()))
        return await real(row, **named)

    monkeypatch.setattr(clew.journal.inbox, "dispatch", dispatch)
    stand.script.then(say("ok"))
    await clew.ask(1, "as it was")
    await clew.closed(1)
    assert took == [True]
    assert stand.sent() == [("user", "as it is now")]
