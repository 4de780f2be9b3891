"""How much may be sent, and when: Discord's limits, kept by planning instead of by running into them."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Discord's documentation, "Rate Limits", global rate limit: 50 requests a second for a bot.
TOKEN_LIMIT, TOKEN_PERIOD = 50, 1.0

# What discord.py meets in practice for a channel; Discord declares it in headers only.
CHANNEL_LIMIT, CHANNEL_PERIOD = 5, 5.0

# While a text grows, edits keep this distance (seconds), which leaves one of the five for the final text.
STREAM_SPACING = 1.25

# Discord counts when a request arrives, we when it leaves.
_MARGIN = 0.1


class Bucket:
    """At most `limit` starts in any `period` seconds."""

    def __init__(self, limit: int, period: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._period = period + _MARGIN
        self._clock = clock
        self._starts: deque[float] = deque(maxlen=limit)
        self._turnstile = asyncio.Lock()

    async def take(self) -> None:
        """Wait until one more start is within the limit, and count it."""
        async with self._turnstile:
            await asyncio.sleep(self._wait())
            self._starts.append(self._clock())

    def _wait(self) -> float:
        if len(self._starts) < self._limit:
            return 0.0
        return max(0.0, self._starts[0] + self._period - self._clock())


class ChannelBudget:
    """What one channel takes: sends and edits have a bucket each."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.sends = Bucket(CHANNEL_LIMIT, CHANNEL_PERIOD, clock)
        self.edits = Bucket(CHANNEL_LIMIT, CHANNEL_PERIOD, clock)
        self._clock = clock
        self._last_growth = float("-inf")

    async def pace(self, finished: asyncio.Event) -> None:
        """Wait until a growing text may be shown again, or is finished, in which case nothing is waited for."""
        while not finished.is_set() and (wait := self._last_growth + STREAM_SPACING - self._clock()) > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await finished.wait()
        self._last_growth = self._clock()
