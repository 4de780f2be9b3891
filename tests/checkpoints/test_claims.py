"""One process at a time works on a conversation; one that slept, or was replaced, can write nothing more."""

import asyncio
from dataclasses import replace

import pytest
from langgraph.checkpoint.base import empty_checkpoint

from checkpoints.claims import ClaimLost, Claims
from checkpoints.database import open_database
from checkpoints.inbox import InboxState
from checkpoints.journal import Journal
from checkpoints.saver import open_saver
from checkpoints.tool_runs import ToolRunKey

pytestmark = pytest.mark.parametrize("url", ["sqlite", "postgres"], indirect=True)

CONFIG = {"configurable": {"thread_id": "1:2:3:0", "checkpoint_ns": ""}}
LONG = 100.0


class Sleeper:
    """A clock that stands where a test puts it."""

    def __init__(self):
        self.time = 1000.0

    def __call__(self):
        return self.time


@pytest.fixture
async def process(database, url):
    """Processes over the same database, each with connections of its own, as the real ones have them."""
    opened = []

    async def start(owner, lease=LONG, clock=None):
        beside = open_database(url)
        claims = await Claims(beside, owner, lease=lease, **({"clock": clock} if clock else {})).__aenter__()
        opened.append((claims, beside))
        return claims, Journal(beside, claims=claims)

    yield start
    for claims, beside in opened:
        await claims.__aexit__()
        await beside.close()


async def lapse(claims):
    """Let a process's lease end on the database's clock, as if it had been asleep: the next renewal would mend it."""
    claims._renewing.cancel()
    claims._lease = -1.0
    await claims.renew()
    claims._lease = LONG


async def test_conversation_is_held_by_one_process_until_it_lets_go(process, here):
    one, _ = await process("one")
    two, _ = await process("two")

    assert await one.take(here)
    assert await one.take(here)
    assert not await two.take(here)
    assert await two.held_elsewhere() == {str(here)}
    await one.release(here)
    assert await two.held_elsewhere() == set()
    assert await two.take(here)
    assert not await one.take(here)


async def test_many_processes_at_once_give_one_holder(process, here):
    everybody = [(await process(f"p{number}"))[0] for number in range(6)]
    taken = await asyncio.gather(*(claims.take(here) for claims in everybody))

    assert sum(taken) == 1


async def test_conversations_are_held_one_by_one(process, here):
    one, _ = await process("one")
    two, _ = await process("two")
    there = replace(here, channel_id=99)
    await one.take(here)

    assert await two.take(there)
    assert not await one.take(there)
    await lapse(one)
    assert await two.take(here)
    assert not await one.take(there)


async def test_what_a_dead_process_held_is_free_when_its_lease_ends(process, here):
    one, _ = await process("one")
    two, _ = await process("two")
    await one.take(here)
    assert not await two.take(here)
    await lapse(one)

    assert await two.held_elsewhere() == set()
    assert await two.take(here)


async def test_restarted_process_takes_back_its_own_at_once(process, here):
    old, _ = await process("one")
    await old.take(here)
    new, _ = await process("one")

    assert await new.take(here)
    await old.renew()
    assert old.replaced.is_set()
    assert not old.holds(here)


async def test_process_that_was_replaced_takes_nothing_back(process, here):
    old, _ = await process("one")
    await old.take(here)
    new, _ = await process("one")
    assert await new.take(here)

    old.forget(here)
    assert not await old.take(here)
    await old.renew()
    assert not await old.take(here)
    async with new.writing(here):
        pass


async def test_process_that_was_replaced_can_write_nothing(process, here, claimed):
    old, journal = await process("one")
    await old.take(here)
    row = await journal.inbox.get(claimed)
    new, _ = await process("one")
    await new.take(here)

    for write in (
        lambda: journal.inbox.dispatch(row),
        lambda: journal.inbox.rest(row, InboxState.ASKING),
        lambda: journal.inbox.close(row),
        lambda: journal.tool_runs.start(
            ToolRunKey("1:2:3:0", "m", "c"), turn_key=claimed, tool="wipe", fingerprint="f"
        ),
    ):
        with pytest.raises(ClaimLost):
            await write()
    assert (await journal.inbox.get(claimed)).dispatches == 0
    assert await journal.tool_runs.of(claimed) == []


async def test_process_that_slept_past_its_lease_writes_no_checkpoint(process, here, url):
    sleeper, _ = await process("sleeper")
    await sleeper.take(here)
    database = open_database(url)
    async with open_saver(database.place, sleeper) as saver:
        await saver.aput(CONFIG, empty_checkpoint() | {"id": "1"}, {}, {})
        await lapse(sleeper)
        sleeper._ends = float("inf")  # as if it did not know yet that it slept
        other, _ = await process("other")
        assert await other.take(here)
        at_first = {"configurable": CONFIG["configurable"] | {"checkpoint_id": "1"}}
        with pytest.raises(ClaimLost):
            await saver.aput(at_first, empty_checkpoint() | {"id": "2"}, {}, {})
        with pytest.raises(ClaimLost):
            await saver.aput_writes(at_first, [("messages", ["x"])], "task")
        with pytest.raises(ClaimLost):
            await saver.adelete_thread("1:2:3:0")
        found = await saver.aget_tuple(CONFIG)
        assert found.checkpoint["id"] == "1"
        assert not found.pending_writes
    await database.close()


async def test_lease_that_ended_unnoticed_lets_nothing_be_written_although_nobody_took_over(process, here, claimed):
    sleeper, journal = await process("sleeper")
    await sleeper.take(here)
    row = await journal.inbox.get(claimed)
    await lapse(sleeper)
    sleeper._ends = float("inf")

    with pytest.raises(ClaimLost):
        await journal.inbox.close(row)


async def test_process_knows_by_its_own_clock_that_it_slept(process, here):
    clock = Sleeper()
    claims, _ = await process("sleeper", clock=clock)
    await claims.take(here)
    claims.check(here)
    clock.time += LONG
    with pytest.raises(ClaimLost):
        claims.check(here)
    await claims.renew()
    assert await claims.take(here)
    claims.check(here)


async def test_renewal_does_not_give_back_what_others_may_have_taken_while_it_slept(process, here):
    clock = Sleeper()
    sleeper, _ = await process("sleeper", clock=clock)
    await sleeper.take(here)
    await lapse(sleeper)
    other, _ = await process("other")
    assert await other.take(here)
    clock.time += LONG

    await sleeper.renew()

    with pytest.raises(ClaimLost):
        sleeper.check(here)
    assert not await sleeper.take(here)
    other.check(here)


async def test_lease_is_renewed_while_the_process_lives(process, here):
    one, _ = await process("one", lease=0.6)
    two, _ = await process("two")
    await one.take(here)
    ends = one._ends
    async with asyncio.timeout(10):
        while one._ends < ends + 1:
            await asyncio.sleep(0.05)

    assert one.holds(here)
    assert not await two.take(here)


async def test_process_that_ends_in_good_order_leaves_everything_free(process, here):
    one, _ = await process("one")
    two, _ = await process("two")
    await one.take(here)
    await one.__aexit__()

    assert await two.take(here)


async def test_process_that_was_replaced_and_does_not_know_takes_nothing_from_its_successor(process, here):
    old, _ = await process("one")
    new, _ = await process("one")
    assert await new.take(here)
    assert not await old.take(here)
    async with new.writing(here):
        pass
    await new.release(here)
    assert not await old.take(here)


async def test_lease_is_renewed_after_any_fault(process, monkeypatch):
    claims, _ = await process("one")
    again = asyncio.Event()
    faults = [RuntimeError("no such thing")]

    async def renew():
        if faults:
            raise faults.pop()
        again.set()

    claims._renewing.cancel()
    monkeypatch.setattr(claims, "renew", renew)
    monkeypatch.setattr(Claims, "interval", 0)
    claims._renewing = asyncio.create_task(claims._renew_for_ever())
    async with asyncio.timeout(10):
        await again.wait()
    claims._renewing.cancel()
