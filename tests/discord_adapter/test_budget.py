"""Limits, on a loop whose clock jumps to the next timer: minutes pass in no time, and exactly."""

import asyncio
import selectors
from itertools import pairwise

import pytest

from discord_adapter.budget import CHANNEL_LIMIT, CHANNEL_PERIOD, STREAM_SPACING, Bucket, ChannelBudget


class _Jumping(selectors.DefaultSelector):
    """Waits for nothing: where the loop would wait for a timer, the clock is set to it."""

    def __init__(self):
        super().__init__()
        self.now = 1000.0

    def select(self, timeout=None):
        if timeout:
            self.now += timeout
        return super().select(0)


class _HeldLoop(asyncio.SelectorEventLoop):
    def __init__(self):
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self):
        return self._jumping.now


def _run(work):
    """Run a coroutine that is given the clock."""
    with asyncio.Runner(loop_factory=_HeldLoop) as runner:
        return runner.run(work(runner.get_loop().time))


@pytest.mark.parametrize(("limit", "period", "takers"), [(5, 5.0, 23), (1, 2.0, 4), (50, 1.0, 260)])
def test_no_period_sees_more_starts_than_the_limit(limit, period, takers):
    async def work(clock):
        bucket, starts = Bucket(limit, period, clock), []

        async def take():
            await bucket.take()
            starts.append(clock())

        await asyncio.gather(*(take() for _ in range(takers)))
        return starts

    starts = _run(work)
    assert len(starts) == takers
    assert all(later - earlier > period for earlier, later in zip(starts, starts[limit:], strict=False))
    # and no longer than needed: each full round costs one period and the margin
    assert starts[-1] - starts[0] <= (takers - 1) // limit * (period + 0.1) + 1e-6


def test_free_bucket_lets_through_at_once():
    async def work(clock):
        bucket, begun = Bucket(5, 5.0, clock), clock()
        for _ in range(5):
            await bucket.take()
        return clock() - begun

    assert _run(work) == 0


def test_cancelled_taker_takes_no_place_and_blocks_nobody():
    async def work(clock):
        bucket = Bucket(1, 5.0, clock)
        await bucket.take()
        waiting = asyncio.create_task(bucket.take())
        await asyncio.sleep(1)
        waiting.cancel()
        await asyncio.wait({waiting})
        begun = clock()
        await bucket.take()
        return clock() - begun

    assert _run(work) == pytest.approx(4.1)


def test_sends_and_edits_do_not_take_from_each_other():
    async def work(clock):
        budget, begun = ChannelBudget(clock), clock()
        for _ in range(CHANNEL_LIMIT):
            await budget.sends.take()
            await budget.edits.take()
        between = clock() - begun
        await budget.edits.take()
        return between, clock() - begun

    between, after = _run(work)
    assert between == 0
    assert after > CHANNEL_PERIOD


def test_growing_text_keeps_its_distance_and_a_finished_one_does_not_wait():
    async def work(clock):
        budget, finished, times = ChannelBudget(clock), asyncio.Event(), []
        for _ in range(3):
            await budget.pace(finished)
            times.append(clock())
        waiting = asyncio.create_task(budget.pace(finished))
        await asyncio.sleep(0.25)
        finished.set()
        await waiting
        times.append(clock())
        return [later - earlier for earlier, later in pairwise(times)]

    assert _run(work) == pytest.approx([STREAM_SPACING, STREAM_SPACING, 0.25])
