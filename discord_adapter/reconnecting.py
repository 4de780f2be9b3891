"""How long discord.py waits before it connects anew, and what it says of that."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from discord.backoff import ExponentialBackoff

if TYPE_CHECKING:
    from collections.abc import Callable


class Pauses(ExponentialBackoff[bool]):
    """Pauses that grow to 30 seconds with every lost connection, and are short again once a session went on.

    discord.py's own count every lost connection of the last half hour, however well those between went, and grow up to
    17 minutes, in which nobody is answered. What Discord limits is new sessions, of which `NewSessions` takes care.
    """

    LONGEST = 30.0

    def delay(self) -> float:  # pyright: ignore[reportIncompatibleMethodOverride] - discord.py overloads it by its type
        """Seconds to wait before the next attempt."""
        return min(super().delay(), self.LONGEST)

    def went_on(self) -> None:
        """A session was resumed: the next pause is two seconds at most."""
        self._exp = 0


class NewSessions:
    """When the next session may begin: five seconds after the last one, and 100 at once or else one in 100 seconds.

    Discord takes one every five seconds (`max_concurrency`) and 1,000 a day, and resets the token of who begins more
    ("Get Gateway Bot", "Session Start Limit Object"): 100 and one in 100 seconds are 964 on the worst day. discord.py
    waits five seconds before each, also where the last one is hours old, and counts none.

    Args:
        clock: Gives seconds.
    """

    AT_ONCE = 100
    EVERY = 100.0
    BETWEEN = 5.5  # the way to Discord takes now longer, now shorter

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._next = self._paid_until = clock()

    def wait(self) -> float:
        """Seconds until the next one may begin."""
        return max(self._next, self._paid_until - (self.AT_ONCE - 1) * self.EVERY) - self._clock()

    def begin(self) -> None:
        """Count one that begins now."""
        now = self._clock()
        self._next = now + self.BETWEEN
        self._paid_until = max(self._paid_until, now) + self.EVERY


class _OneLine(logging.Filter):
    """Lets an outage be one line in the log: discord.py adds the whole stack to every attempt to reconnect."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and str(record.msg).startswith("Attempting a reconnect"):
            record.msg, record.args = f"{record.getMessage()}: {record.exc_info[1]!r}", ()
            record.exc_info = None
            record.levelno, record.levelname = logging.WARNING, logging.getLevelName(logging.WARNING)
        return True


ONE_LINE = _OneLine()
"""For the logger `discord.client`; added again it changes nothing."""
