"""How long discord.py waits before it connects anew, and what it says of that."""

import logging

from discord.backoff import ExponentialBackoff


class Pauses(ExponentialBackoff[bool]):
    """Pauses that grow to 100 seconds with every lost connection, and are short again once a session went on.

    discord.py's own count every lost connection of the last half hour, however well those between went, and grow up to
    17 minutes, in which nobody is answered. What Discord limits is new sessions, 1,000 a day ("Get Gateway Bot",
    `session_start_limit`), and not going on with one (RESUME). So what is new makes nothing shorter: the pauses are
    drawn between 0 and 2 ** 10 seconds in the end, which is 95 seconds on average with this bound, some 900 a day.
    """

    LONGEST = 100.0

    def delay(self) -> float:  # pyright: ignore[reportIncompatibleMethodOverride] - discord.py overloads it by its type
        """Seconds to wait before the next attempt."""
        return min(super().delay(), self.LONGEST)

    def went_on(self) -> None:
        """A session was resumed: the next pause is two seconds at most."""
        self._exp = 0


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
