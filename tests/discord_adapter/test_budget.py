"""Limits, on a loop whose clock jumps to the next timer: minutes pass in no time, and exactly."""

import asyncio
import selectors
from itertools import pairwise

import pytest

from discord_adapter.budget import CHANNEL_LIMITS, STREAM_SPACING, TOKEN_LIMIT, Budget, Kind, Rank


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


class _Requests:
    """Requests that go through a budget, and when each left and was answered."""

    def __init__(self, clock, takes=0.0):
        self.clock = clock
        self.takes = takes
        self.budget = Budget(clock)
        self.left = {}
        self.answered = {}

    async def make(self, name, kind=Kind.SEND, rank=Rank.FINAL, channel=1):
        async with self.budget.place(channel, kind, rank if callable(rank) else lambda: rank):
            self.left[name] = self.clock()
            await asyncio.sleep(self.takes)
            self.answered[name] = self.clock()


def _most_within(seconds, starts):
    """The most starts that any window of so many seconds sees."""
    return max(sum(begin <= one < begin + seconds for one in starts) for begin in starts)


@pytest.mark.parametrize("takes", [0.0, 0.2, 3.0])
@pytest.mark.parametrize(("kind", "limit", "period"), [(kind, *limit) for kind, limit in CHANNEL_LIMITS.items()])
def test_channel_sees_no_more_than_its_limit_wherever_on_the_way_it_counts(kind, limit, period, takes):
    """Discord counts a request somewhere between its leaving and its answer: the worst of both must fit."""

    async def work(clock):
        requests = _Requests(clock, takes)
        await asyncio.gather(*(requests.make(number, kind) for number in range(23)))
        return requests

    requests = _run(work)
    order = sorted(requests.left, key=requests.left.get)
    for early, late in zip(order, order[limit:], strict=False):
        assert requests.left[late] >= requests.answered[early] + period - 1e-9
    rounds = (len(order) - 1) // limit
    assert max(requests.left.values()) - min(requests.left.values()) <= rounds * (period + takes) + 1e-6


def test_token_sees_no_more_than_fifty_in_a_second_over_all_channels():
    async def work(clock):
        requests = _Requests(clock, 0.05)
        await asyncio.gather(*(requests.make(number, channel=number % 70) for number in range(280)))
        return list(requests.left.values())

    assert _most_within(1.0, _run(work)) <= 50


def test_what_is_complete_goes_before_first_words_before_edits_before_typing():
    async def work(clock):
        requests = _Requests(clock)
        limit, _ = TOKEN_LIMIT
        await asyncio.gather(*(requests.make(f"full {number}", channel=number) for number in range(limit)))
        waiting = [(Kind.OTHER, Rank.TYPING), (Kind.EDIT, Rank.EDIT), (Kind.SEND, Rank.FIRST), (Kind.EDIT, Rank.FINAL)]
        tasks = [asyncio.create_task(requests.make(rank, kind, rank, 100)) for kind, rank in waiting]
        await asyncio.wait(tasks)
        return [name for name in requests.left if name in list(Rank)]

    assert _run(work) == [Rank.FINAL, Rank.FIRST, Rank.EDIT, Rank.TYPING]


def test_equally_urgent_requests_keep_their_order():
    async def work(clock):
        requests = _Requests(clock)
        await asyncio.gather(*(requests.make(number) for number in range(17)))
        return list(requests.left)

    assert _run(work) == list(range(17))


def test_free_bucket_lets_through_at_once():
    async def work(clock):
        requests, begun = _Requests(clock), clock()
        await asyncio.gather(*(requests.make(number) for number in range(5)))
        return clock() - begun

    assert _run(work) == 0


def test_cancelled_request_takes_no_place_and_blocks_nobody():
    async def work(clock):
        requests = _Requests(clock)
        for number in range(5):
            await requests.make(number)
        waiting = asyncio.create_task(requests.make("cancelled"))
        await asyncio.sleep(1)
        waiting.cancel()
        await asyncio.wait({waiting})
        await asyncio.gather(*(requests.make(name) for name in "abcde"))
        return requests

    requests = _run(work)
    assert "cancelled" not in requests.left
    assert requests.left["e"] == pytest.approx(requests.left[0] + 5)


def test_request_that_is_cancelled_as_its_place_is_given_gives_it_back():
    async def work(clock):
        requests = _Requests(clock)
        for number in range(5):
            await requests.make(number)
        cancelled = asyncio.create_task(requests.make("cancelled"))
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_at(clock() + 5.0, cancelled.cancel)
        await asyncio.wait({cancelled})
        await requests.make("next")
        await asyncio.sleep(60)
        await asyncio.gather(*(requests.make(f"later {number}") for number in range(5)))
        return requests

    requests = _run(work)
    later = [at for name, at in requests.left.items() if str(name).startswith("later")]
    assert len(set(later)) == 1


def test_sends_and_edits_do_not_take_from_each_other():
    async def work(clock):
        requests, begun = _Requests(clock), clock()
        for number in range(5):
            await requests.make(f"send {number}")
            await requests.make(f"edit {number}", Kind.EDIT)
        return clock() - begun

    assert _run(work) == 0


def test_growing_text_keeps_its_distance_and_one_that_becomes_complete_does_not_wait():
    async def work(clock):
        requests, rank = _Requests(clock), Rank.EDIT
        for number in range(3):
            await requests.make(number, Kind.EDIT, Rank.EDIT)
        waiting = asyncio.create_task(requests.make("complete", Kind.EDIT, lambda: rank))
        await asyncio.sleep(0.25)
        rank = Rank.FINAL
        requests.budget.look_again()
        await waiting
        return [later - earlier for earlier, later in pairwise(requests.left.values())]

    assert _run(work) == pytest.approx([STREAM_SPACING, STREAM_SPACING, 0.25])


def test_growing_texts_leave_room_for_one_that_is_complete():
    async def work(clock):
        requests = _Requests(clock)
        growing = [asyncio.create_task(requests.make(number, Kind.EDIT, Rank.EDIT)) for number in range(40)]
        waits = []
        for _ in range(4):
            await asyncio.sleep(7.3)
            begun = clock()
            await requests.make(("complete", begun), Kind.EDIT, Rank.FINAL)
            waits.append(clock() - begun)
        for task in growing:
            task.cancel()
        await asyncio.wait(growing)
        return waits

    assert _run(work) == [0, 0, 0, 0]


def test_channels_in_which_nothing_happens_are_forgotten():
    async def work(clock):
        requests = _Requests(clock)
        for number in range(5000):
            await requests.make(number, channel=number)
        return len(requests.budget._channels)

    assert _run(work) < 2000
