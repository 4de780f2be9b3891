"""How much may be sent, and when: Discord's limits, kept by planning instead of by running into them."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

# While texts grow in a channel, their edits keep this distance (seconds): it leaves one of the five for a final text.
STREAM_SPACING = 1.25

# Channels whose buckets are kept although nothing was sent there lately.
_CHANNELS_KEPT = 1000


class Rank(IntEnum):
    """What goes first when not everything can go: the answer that is complete, then the sign that one begins."""

    FINAL = 0
    FIRST = 1
    EDIT = 2
    TYPING = 3


class Kind(StrEnum):
    """What is asked of Discord, by what it counts together in a channel."""

    SEND = "send"
    EDIT = "edit"
    REACT = "react"
    DELETE = "delete"
    OTHER = "other"


# Discord's documentation, "Rate Limits", global rate limit: 50 requests a second for a bot. Five of them are left for
# what discord.py asks by itself: at a start it logs in and registers commands while old turns go on.
TOKEN_LIMIT = (45, 1.0)

# Requests in so many seconds in a channel. Discord declares them in headers only; these are what its headers have said
# for years. discord.py waits by itself where the headers say less.
CHANNEL_LIMITS: dict[Kind, tuple[int, float]] = {
    Kind.SEND: (5, 5.0),
    Kind.EDIT: (5, 5.0),
    Kind.REACT: (1, 0.25),
    Kind.DELETE: (5, 1.0),
}


class Bucket:
    """At most `limit` requests in any `period` seconds, whenever between its leaving and its answer Discord counts one.

    A request holds its place from when it leaves until `period` seconds after its answer: Discord counted it before it
    answered, so one that leaves then comes late enough, however long either was on its way.
    """

    def __init__(self, limit: int, period: float) -> None:
        self._limit = limit
        self._period = period
        self._under_way = 0
        self._answered: deque[float] = deque()

    def opens_at(self, now: float) -> float:
        """When one more may leave; `now` or before: at once, infinity: not before another one is answered."""
        while self._answered and self._answered[0] + self._period <= now:
            self._answered.popleft()
        if self._under_way + len(self._answered) < self._limit:
            return now
        return self._answered[0] + self._period if self._answered else math.inf

    def leave(self) -> None:
        """Count a request that leaves."""
        self._under_way += 1

    def answer(self, now: float) -> None:
        """Note that a request was answered, or broke off."""
        self._under_way -= 1
        self._answered.append(now)

    def idle(self, now: float) -> bool:
        """Whether nothing is counted in it."""
        return not self._under_way and self.opens_at(now) <= now and not self._answered


@dataclass(slots=True, eq=False)
class _Channel:
    """What is counted for one channel, and when a growing text was last edited there."""

    buckets: dict[Kind, Bucket] = field(
        default_factory=lambda: {kind: Bucket(*limit) for kind, limit in CHANNEL_LIMITS.items()}
    )
    last_growth: float = -math.inf

    def idle(self, now: float) -> bool:
        return all(bucket.idle(now) for bucket in self.buckets.values())


@dataclass(slots=True, eq=False)
class _Waiting:
    """A request that waits for its place, and later holds it."""

    channel: _Channel
    kind: Kind
    rank: Callable[[], Rank]
    granted: asyncio.Future[None]

    def opens_at(self, now: float) -> float:
        """When the channel has room for it."""
        bucket = self.channel.buckets.get(self.kind)
        opens = bucket.opens_at(now) if bucket else now
        return max(opens, self.channel.last_growth + STREAM_SPACING) if self._grows else opens

    def leave(self, now: float) -> None:
        """Count it."""
        if bucket := self.channel.buckets.get(self.kind):
            bucket.leave()
        if self._grows:
            self.channel.last_growth = now

    def answer(self, now: float) -> None:
        """Note that it was answered."""
        if bucket := self.channel.buckets.get(self.kind):
            bucket.answer(now)

    @property
    def _grows(self) -> bool:
        return self.kind is Kind.EDIT and self.rank() is Rank.EDIT


class Budget:
    """All requests of the token, each let go when its channel and the token have room, the most urgent one first.

    Args:
        clock: Seconds that only grow; passed in so that a test can hold the time.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._token = Bucket(*TOKEN_LIMIT)
        self._channels: dict[int, _Channel] = {}
        # In the order in which they came.
        self._waiting: list[_Waiting] = []
        self._timer: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def place(self, channel_id: int, kind: Kind, rank: Callable[[], Rank]) -> AsyncGenerator[None]:
        """Wait for a place and hold it for the block, in which one request is made and answered.

        Args:
            channel_id: Where the request goes.
            kind: What it is.
            rank: How urgent it is; asked again whenever a place is given away (`look_again` says it has changed).
        """
        granted = asyncio.get_running_loop().create_future()
        waiting = _Waiting(self._channel(channel_id), kind, rank, granted)
        self._waiting.append(waiting)
        self.look_again()
        try:
            await granted
            yield
        finally:
            if waiting in self._waiting:
                self._waiting.remove(waiting)
            else:
                self._answered(waiting)

    def look_again(self) -> None:
        """Give away what places there are, and see to it that it is done again when there are more."""
        now = self._clock()
        while best := self._best(now):
            self._waiting.remove(best)
            best.leave(now)
            self._token.leave()
            best.granted.set_result(None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        opening = min((waiting.opens_at(now) for waiting in self._waiting), default=math.inf)
        opening = max(opening, self._token.opens_at(now))
        if opening < math.inf:
            self._timer = asyncio.get_running_loop().call_later(opening - now, self.look_again)

    def _best(self, now: float) -> _Waiting | None:
        """The most urgent of those that may go now; among equals the one that came first."""
        if self._token.opens_at(now) > now:
            return None
        ready = (one for one in self._waiting if not one.granted.done() and one.opens_at(now) <= now)
        return min(ready, key=lambda waiting: waiting.rank(), default=None)

    def _answered(self, waiting: _Waiting) -> None:
        now = self._clock()
        waiting.answer(now)
        self._token.answer(now)
        self.look_again()

    def _channel(self, channel_id: int) -> _Channel:
        if channel_id not in self._channels:
            if len(self._channels) >= _CHANNELS_KEPT:
                now = self._clock()
                self._channels = {key: kept for key, kept in self._channels.items() if not kept.idle(now)}
            self._channels[channel_id] = _Channel()
        return self._channels[channel_id]
