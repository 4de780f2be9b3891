"""Rewind and reset: a new branch, the old one whole."""

import asyncio

import pytest

from checkpoints.history import turns_of
from graph.branching import NoSuchTurn
from playground.model import call, say
from tests.graph.conftest import HERE


async def _talk(stand, clew, *numbers):
    for number in numbers:
        stand.script.then(say(f"answer {number}"))
        await clew.ask(number, f"question {number}")
        await clew.closed(number)


async def _rows(clew, thread_id):
    config = {"configurable": {"thread_id": thread_id}}
    return [(one.config, one.checkpoint, one.metadata, one.pending_writes) async for one in clew.saver.alist(config)]


async def test_rewind_goes_on_from_before_the_turn_and_leaves_the_old_branch_as_it_was(stand, clew):
    await _talk(stand, clew, 1, 2, 3)
    before = await _rows(clew, "1:2:3:0")
    turns = await stand.journal.turns.of("1:2:3:0")

    branch = await clew.branching.rewind(HERE, 2)
    state = await clew.state(branch.thread_id)
    assert (branch.thread_id, branch.parent, branch.parent_turn) == ("1:2:3:1", "1:2:3:0", "m:1:0")
    assert state.next == ()
    assert [message.text for message in state.values["messages"]] == ["question 1", "answer 1"]

    await _talk(stand, clew, 4)
    assert stand.sent() == [("user", "question 1"), ("assistant", "answer 1"), ("user", "question 4")]
    assert await _rows(clew, "1:2:3:0") == before
    assert await stand.journal.turns.of("1:2:3:0") == turns
    assert [one.key for one in await turns_of(stand.journal, "1:2:3:1")] == ["m:1:0", "m:4:0"]


async def test_rewind_to_before_the_first_turn_begins_empty(stand, clew):
    await _talk(stand, clew, 1, 2)
    branch = await clew.branching.rewind(HERE, 1)
    await _talk(stand, clew, 3)

    assert branch.parent_turn is None
    assert stand.sent() == [("user", "question 3")]
    assert (await stand.journal.turns.get("m:3:0")).number == 1


async def test_rewind_over_a_rewind_finds_the_turns_of_both_branches(stand, clew):
    await _talk(stand, clew, 1, 2, 3)
    await clew.branching.rewind(HERE, 3)
    await _talk(stand, clew, 4)
    await clew.branching.rewind(HERE, 2)
    await _talk(stand, clew, 5)

    assert [text for _, text in stand.sent()] == ["question 1", "answer 1", "question 5"]
    assert [one.number for one in await stand.journal.branches.of(HERE) if one.current] == [2]


@pytest.mark.parametrize("number", [0, -1, 3, 99])
async def test_rewind_to_a_turn_that_is_not_there_changes_nothing(stand, clew, number):
    await _talk(stand, clew, 1, 2)
    with pytest.raises(NoSuchTurn, match="has 2"):
        await clew.branching.rewind(HERE, number)

    assert len(await stand.journal.branches.of(HERE)) == 1
    await _talk(stand, clew, 3)
    assert len(stand.sent()) == 5


async def test_reset_begins_empty_and_keeps_the_old_branch(stand, clew):
    await _talk(stand, clew, 1)
    before = await _rows(clew, "1:2:3:0")
    branch = await clew.branching.reset(HERE)
    await _talk(stand, clew, 2)

    assert branch.reason == "reset"
    assert stand.sent() == [("user", "question 2")]
    assert await _rows(clew, "1:2:3:0") == before


async def test_rewind_closes_the_turn_that_waits_for_a_card(stand, clew):
    await _talk(stand, clew, 1)
    stand.script.then(call("wipe", x=1))
    await clew.ask(2, "wipe it")
    (card,) = await clew.cards(1)
    branch = await clew.branching.rewind(HERE, 2)

    assert "rewound" in clew.surface.said["m:2:0", "closing"]
    assert await clew.approve(card) is None
    assert stand.tools.ran == []
    assert (await clew.state("1:2:3:0")).next == ()
    assert (await stand.journal.turns.get("m:2:0")).outcome == "stopped"
    assert branch.thread_id == "1:2:3:1"


async def test_reset_stops_an_answer_that_is_being_written(stand, clew):
    await _talk(stand, clew, 1)
    gate = stand.script.hold()
    stand.script.then(say("a long answer to nobody"))
    await clew.ask(2, "talk")
    await gate.reached
    await clew.branching.reset(HERE)

    assert "started anew" in clew.surface.said["m:2:0", "closing"]
    assert (await clew.state("1:2:3:0")).next == ()
    await _talk(stand, clew, 3)
    assert stand.sent() == [("user", "question 3")]


async def test_reset_stops_a_tool_that_is_running_and_says_that_it_is_in_doubt(stand, clew):
    stand.tools.held["wipe"] = asyncio.Event()
    stand.script.then(call("wipe", x=1))
    await clew.ask(1)
    (card,) = await clew.cards(1)
    await clew.approve(card)
    await stand.tools.began["wipe"].wait()
    await clew.branching.reset(HERE)

    answer = (await clew.messages("1:2:3:0"))[-2]
    assert answer.type == "tool"
    assert "not known" in answer.text


async def test_reset_right_after_a_question_leaves_no_card_open_on_the_old_branch(stand, clew):
    """Only the current branch gets writes: a card of the old one could be approved for ever."""
    stand.script.default = lambda _: call("wipe", x=1)
    await clew.ask(1)
    branch = await clew.branching.reset(HERE)

    state = await clew.state("1:2:3:0")
    row = await stand.journal.inbox.get("m:1:0")
    record = await stand.journal.turns.get("m:1:0")
    assert await stand.journal.approvals.open() == [] or record.thread_id == branch.thread_id, (state.next, row.state)


async def test_turn_that_waits_behind_goes_on_on_the_new_branch(stand, clew):
    stand.script.then(call("wipe", x=1))
    await clew.ask(1)
    await clew.cards(1)
    await clew.ask(2, "next")
    stand.script.then(say("fresh"))
    await clew.branching.reset(HERE)

    assert await clew.answered(2) == "fresh"
    assert (await stand.journal.turns.get("m:2:0")).thread_id == "1:2:3:1"
    assert stand.sent() == [("user", "next")]
