"""Makes Discord's ids: 64-bit numbers that carry the time at which they were made."""

from __future__ import annotations

import datetime as dt
import itertools
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Milliseconds from 1970 to the first second of 2015 (docs reference#snowflakes).
DISCORD_EPOCH_MS = 1_420_070_400_000


class Snowflakes:
    """A source of ids that only ever grow, so that sorting by id is sorting by time.

    Args:
        clock: Seconds since 1970; passed in so that a test can hold the time.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._last_ms = 0
        self._increment = itertools.count()

    def next(self) -> int:
        """Give a new id of the current millisecond (docs reference#snowflakes-snowflake-id-format)."""
        now_ms = int(self._clock() * 1000)
        if now_ms > self._last_ms:
            self._last_ms = now_ms
            self._increment = itertools.count()
        increment = next(self._increment)
        if increment > 0xFFF:
            # 4,096 ids a millisecond and process; beyond that the next millisecond is borrowed.
            self._last_ms += 1
            self._increment = itertools.count(1)
            increment = 0
        return ((self._last_ms - DISCORD_EPOCH_MS) << 22) | increment


def made_at(snowflake: int) -> dt.datetime:
    """Tell when an id was made."""
    milliseconds = (snowflake >> 22) + DISCORD_EPOCH_MS
    return dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC)
