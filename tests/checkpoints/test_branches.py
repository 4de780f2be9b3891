import asyncio

import pytest
from sqlalchemy.exc import IntegrityError

from checkpoints.history import UnknownThread, turns_of
from checkpoints.keys import Conversation

pytestmark = pytest.mark.parametrize("url", ["sqlite", "postgres"], indirect=True)


async def test_first_branch_opens_when_it_is_asked_for(journal, here):
    first = await journal.branches.current(here)

    assert (first.thread_id, first.number, first.parent, first.reason) == ("1:2:3:0", 0, None, "start")
    assert await journal.branches.current(here) == first
    assert await journal.branches.of(here) == [first]


async def test_first_branch_asked_for_many_times_at_once_is_one(journal, here):
    found = await asyncio.gather(*(journal.branches.current(here) for _ in range(20)))

    assert {branch.thread_id for branch in found} == {"1:2:3:0"}
    assert len(await journal.branches.of(here)) == 1


async def test_exactly_the_newest_opened_branch_is_current(journal, here):
    await journal.branches.current(here)
    for expected in ("1:2:3:1", "1:2:3:2", "1:2:3:3"):
        parent = await journal.branches.current(here)
        thread_id = await journal.branches.next_thread_id(here)
        assert thread_id == expected
        await journal.branches.open(thread_id, reason="rewind", parent=parent.thread_id, parent_turn="message:1:0")

    branches = await journal.branches.of(here)
    assert [branch.number for branch in branches if branch.current] == [3]
    assert [branch.parent for branch in branches] == [None, "1:2:3:0", "1:2:3:1", "1:2:3:2"]
    assert (await journal.branches.get("1:2:3:2")).parent_turn == "message:1:0"


async def test_other_conversations_keep_their_branch(journal, here):
    other = Conversation(1, 2, 33)
    before = await journal.branches.current(other)
    await journal.branches.current(here)
    await journal.branches.open(await journal.branches.next_thread_id(here), reason="reset")

    assert await journal.branches.current(other) == before
    assert len(await journal.branches.all()) == 3


async def test_next_id_goes_on_from_the_highest_number(journal, here):
    assert await journal.branches.next_thread_id(here) == "1:2:3:0"
    for number in (0, 10, 9):
        await journal.branches.open(here.thread_id(number), reason="rewind")

    assert await journal.branches.next_thread_id(here) == "1:2:3:11"


async def test_branch_that_is_there_cannot_be_opened_again_and_the_current_one_stays(journal, here):
    await journal.branches.current(here)
    await journal.branches.open("1:2:3:1", reason="rewind")
    with pytest.raises(IntegrityError):
        await journal.branches.open("1:2:3:0", reason="rewind")

    assert (await journal.branches.current(here)).thread_id == "1:2:3:1"


async def _turn(journal, conversation, thread_id, key, number):
    await journal.inbox.claim(key, conversation, {})
    await journal.turns.enter(
        key, conversation, thread_id, number=number, text=key, start_checkpoint=None, model="m", toolset="t"
    )


async def test_turns_of_a_branch_begin_with_what_it_took_from_its_parents(journal, here):
    await journal.branches.open("1:2:3:0", reason="start")
    for number in (1, 2, 3):
        await _turn(journal, here, "1:2:3:0", f"a{number}", number)
    await journal.branches.open("1:2:3:1", reason="rewind", parent="1:2:3:0", parent_turn="a2")
    await _turn(journal, here, "1:2:3:1", "b3", 3)
    await journal.branches.open("1:2:3:2", reason="rewind", parent="1:2:3:1", parent_turn="a1")
    await _turn(journal, here, "1:2:3:2", "c2", 2)
    await journal.branches.open("1:2:3:3", reason="reset", parent="1:2:3:2")

    found = [[record.key for record in await turns_of(journal, f"1:2:3:{number}")] for number in range(4)]
    assert found == [["a1", "a2", "a3"], ["a1", "a2", "b3"], ["a1", "c2"], []]


async def test_thread_that_is_not_there_is_named(journal):
    with pytest.raises(UnknownThread, match="1:2:3:7"):
        await turns_of(journal, "1:2:3:7")
