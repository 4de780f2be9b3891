"""How often people may ask and tools may run: what is over a limit is told once, counts for nothing, and never runs."""

import asyncio
import re
from datetime import UTC, datetime, timedelta

import pytest

from checkpoints.inbox import InboxState
from checkpoints.keys import TERMINAL, Conversation, asked_at
from graph.rates import LimitSettings
from graph.turn import Turn
from playground.model import call, say

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
HERE = Conversation(1, 2, 3)
ELSEWHERE = Conversation(1, 9, 3)


def turn(seconds, conversation=HERE, *, by_program=False):
    """A turn of a message that was sent so many seconds after noon."""
    snowflake = int((NOON + timedelta(seconds=seconds) - EPOCH) / timedelta(milliseconds=1)) << 22
    user, channel = conversation.user_id, conversation.channel_id
    return Turn(f"message:{snowflake}:0", conversation, user, channel, f"at {seconds}", by_program=by_program)


async def closed(clew, *turns):
    async with asyncio.timeout(10):
        for one in turns:
            while (row := await clew.stand.journal.inbox.get(one.key)).state != InboxState.CLOSED:
                clew.surface.changed.clear()
                await clew.surface.changed.wait()
            yield row


async def outcomes(clew, *turns):
    """What became of turns: answered, told (its sentence), or silent."""
    rows = [row async for row in closed(clew, *turns)]
    told = [clew.surface.said.get((row.key, "closing")) for row in rows]
    return [sentence or ("silent" if row.outcome else "answered") for row, sentence in zip(rows, told, strict=True)]


@pytest.fixture
def limited(stand):
    def limit(**settings):
        stand.script.default = lambda _: say("Yes.")
        stand.limits = LimitSettings(**settings)

    return limit


@pytest.fixture
async def program(stand, limited):
    """A program under limits, begun when they are set."""
    began = []

    async def begin(**settings):
        limited(**settings)
        for former in began:
            await former.engine.drain(0)
        began.append(await stand.program().__aenter__())
        await began[-1].engine.recover()
        return began[-1]

    yield begin
    for one in reversed(began):
        await one.__aexit__(None, None, None)


def test_snowflake_tells_when_a_message_was_sent_and_a_later_attempt_does_not():
    assert asked_at(turn(5).key) == NOON + timedelta(seconds=5)
    assert asked_at(turn(5).key.removesuffix("0") + "1") is None
    assert asked_at("terminal:5:0") is None


@pytest.mark.parametrize(
    ("setting", "window", "others_count"),
    [
        ("user_per_minute", 60, False),
        ("user_per_day", 86400, False),
        ("channel_per_minute", 60, True),
        ("channel_per_day", 86400, True),
    ],
)
async def test_third_turn_within_a_window_of_two_is_told_when_there_is_room_again(
    program, setting, window, others_count
):
    clew = await program(**{"user_per_minute": 0, setting: 2})
    other = Conversation(1, 2, 4)
    turns = [turn(0), turn(1), turn(2), turn(3, other), turn(window - 1), turn(window), turn(window + 0.5)]
    for one in turns:
        assert await clew.engine.accept(one)
    first, second, told, theirs, still, again, more = await outcomes(clew, *turns)

    assert (first, second, still, again) == ("answered", "answered", "silent", "answered")
    until = int(NOON.timestamp()) + window
    assert re.search(rf"2 times within .*; please ask this again <t:{until}:R>\.$", told)
    # Somebody else is told of a full channel, and not of another person's limit.
    assert (theirs != "answered") == others_count
    # Something was taken since it was told, so it is told again.
    assert f"<t:{until + 1}:R>" in more


async def test_limit_of_a_person_counts_in_every_channel_and_is_told_in_each(program):
    clew = await program(user_per_minute=1)
    turns = [turn(0), turn(1, ELSEWHERE), turn(2), turn(3, ELSEWHERE)]
    for one in turns:
        await clew.engine.accept(one)
    found = await outcomes(clew, *turns)

    assert [found[0], found[3]] == ["answered", "silent"]
    assert all("once within a minute" in told for told in found[1:3])


async def test_burst_at_one_moment_takes_no_more_than_the_limit_and_is_told_once(program, stand):
    clew = await program(user_per_minute=3)
    turns = [turn(number / 100, Conversation(1, 2, 3)) for number in range(40)]
    await asyncio.gather(*(clew.engine.accept(one) for one in turns))
    found = await outcomes(clew, *turns)

    assert (found.count("answered"), found.count("silent")) == (3, 36)
    assert len(stand.server.requests) == 3


async def test_row_over_the_limit_is_told_once_by_the_next_program_and_a_redelivered_one_is_not_taken_again(
    program, stand
):
    old = await program(user_per_minute=1)
    gate = stand.script.hold()
    turns = [turn(0), turn(1), turn(2)]
    await old.engine.accept(turns[0])
    await gate.reached
    for one in turns[1:]:
        await old.engine.accept(one)
    # It waits behind the turn that runs; the process ends before it is told.
    new = await program(user_per_minute=1)
    for one in turns:
        assert not await new.engine.accept(one)
    found = await outcomes(new, *turns)

    assert found[0] == "answered"
    assert "once within a minute" in found[1]
    assert found[2] == "silent"
    assert old.surface.said == {}


async def test_turns_at_once_are_bounded_and_those_that_wait_for_a_card_do_not_count(program, stand):
    clew = await program(user_at_once=1)
    stand.script.then(call("wipe", x=1))
    await clew.engine.accept(turn(0))
    await clew.cards(1)
    gate = stand.script.hold()
    await clew.engine.accept(turn(1, ELSEWHERE))
    await gate.reached
    third = turn(2, Conversation(1, 10, 3))
    await clew.engine.accept(third)

    (told,) = await outcomes(clew, third)
    assert told == "I am at one thing for you, which is as many as I take at once; please ask when one is done."
    gate.release()


async def test_loop_of_programs_ends_until_a_person_speaks_also_over_a_restart(program, stand):
    robot = Conversation(1, 2, 77)
    clew = await program(programs_in_a_row=2)
    assert await clew.engine.accept(turn(0, robot, by_program=True))
    assert await clew.engine.accept(turn(1, robot, by_program=True))
    clew = await program(programs_in_a_row=2)
    refused = turn(2, robot, by_program=True)
    assert not await clew.engine.accept(refused)
    assert await stand.journal.inbox.get(refused.key) is None
    assert await clew.engine.accept(turn(3, Conversation(1, 9, 77), by_program=True))  # in another channel
    assert await clew.engine.accept(turn(4))
    assert await clew.engine.accept(turn(5, robot, by_program=True))


async def test_program_over_a_limit_is_never_told(program):
    robot = Conversation(1, 2, 77)
    clew = await program(user_per_minute=1)
    turns = [turn(0, robot, by_program=True), turn(1, robot, by_program=True)]
    for one in turns:
        await clew.engine.accept(one)

    assert await outcomes(clew, *turns) == ["answered", "silent"]


async def test_terminal_is_told_each_time(program):
    clew = await program(user_per_minute=1)
    turns = [Turn(f"terminal:{number}:0", TERMINAL, 1, 1, "hello") for number in range(3)]
    for one in turns:
        await clew.engine.accept(one)
    found = await outcomes(clew, *turns)

    assert found[0] == "answered"
    assert all("once within a minute" in told for told in found[1:])


async def test_calls_of_a_turn_are_bounded_and_the_model_and_the_person_are_told(program, stand):
    clew = await program(calls_per_turn=2)
    stand.script.then(*(call("look", _id=str(number), x=number) for number in range(4)))
    await clew.ask(1)
    assert await clew.answered(1, 1) == "Yes."

    assert len(stand.tools.ran) == 2
    answers = [text for role, text in stand.sent() if role == "tool"]
    assert sum("this turn has made 2 tool calls" in text for text in answers) == 2
    ended = [failed for _, name, failed in clew.surface.tools if failed is not None]
    assert sorted(ended) == [False, False, True, True]


async def test_no_more_cards_are_shown_than_calls_may_be_made(program, stand):
    clew = await program(calls_per_turn=3)
    stand.script.then(call("look", _id="first", x=1))
    stand.script.then(
        *(call("wipe", _id=str(number), x=number) for number in range(40)), call("wipe", _id="no", x="no")
    )
    await clew.ask(1)
    for card in await clew.cards(2):
        await clew.approve(card)
    assert await clew.answered(1, 2) == "Yes."

    assert stand.tools.ran[0] == ("look", 1)
    assert sorted(stand.tools.ran[1:]) == [("wipe", 0), ("wipe", 1)]
    answers = [text for role, text in stand.sent() if role == "tool"]
    assert ["this turn has made 3 tool calls" in text for text in answers] == [False] * 3 + [True] * 38 + [False]


async def test_expensive_tools_have_a_bucket_of_their_own_for_each_person(program, stand):
    clew = await program(tools={"clew/lo*": {"per_user_per_hour": 2}})
    stand.tools.rules = {"*": "auto"}
    stand.script.then(*(call("look", _id=str(number), x=number) for number in range(3)), call("wipe", _id="w", x=9))
    await clew.ask(1)
    await clew.answered(1, 1)
    assert sorted(name for name, _ in stand.tools.ran) == ["look", "look", "wipe"]
    refused = [text for role, text in stand.sent() if role == "tool" and "was not run" in text]
    (told,) = refused
    assert told.startswith(
        "look was not run: it may run 2 times an hour for this user, and can run again in 60 minutes"
    )
    # After a restart it is full still; an hour later it is not.
    clew = await program(tools={"clew/lo*": {"per_user_per_hour": 2}})
    stand.script.then(call("look", x=4))
    await clew.ask(2)
    await clew.answered(2, 1)
    assert len(stand.tools.ran) == 3
    stand.now = lambda: datetime.now(UTC) + timedelta(hours=1, seconds=1)
    stand.script.then(call("look", x=5))
    await clew.ask(3)
    await clew.answered(3, 1)
    assert stand.tools.ran[-1] == ("look", 5)


async def test_bucket_of_a_tool_stays_as_full_when_another_server_has_a_tool_of_its_name(program, stand):
    clew = await program(tools={"look": {"per_user_per_hour": 1}})
    stand.tools.moved_to("notes")
    stand.tools.rules = {"*": "auto"}
    stand.script.then(call("look", x=1))
    await clew.ask(1)
    await clew.answered(1, 1)
    stand.tools.also_on("files")
    stand.script.then(call("notes_look", x=2))
    await clew.ask(2)
    await clew.answered(2, 1)
    assert stand.tools.ran == [("look", 1)]


@pytest.mark.parametrize("settings", [{"user_per_minute": -1}, {"tools": {" ": {}}}, {"programs_in_a_row": 0}])
def test_limits_that_mean_nothing_are_refused(settings):
    with pytest.raises(ValueError, match=r"limit|greater"):
        LimitSettings(**settings)
