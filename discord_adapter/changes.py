"""What became of messages before they were taken: an edit, a deletion, perhaps told before the message itself."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterable

    import discord

# Of two events of a channel the later one can be told first; so much later (seconds) the other one still counts.
_KEPT = 60.0

# Of so many messages what became of them is kept for that long, those that changed last.
_MOST = 1000


@dataclass(frozen=True, slots=True)
class _Change:
    """What became of a message.

    Attributes:
        message: As it is now; None where it was deleted.
        until: When it is forgotten, if nobody holds the message then.
    """

    message: discord.Message | None
    until: float


class Changes:
    """What became of messages, for whoever holds them as they were.

    Discord promises no order of its events: an edit or a deletion can be told before the message itself.

    Args:
        clock: Gives seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # The one that changed last is at the end.
        self._changes: dict[int, _Change] = {}

    def edited(self, message: discord.Message) -> None:
        """A message was edited; one that was deleted stays so."""
        known = self._changes.get(message.id)
        if known is None or (known.message is not None and not _newer(known.message, message)):
            self._note(message.id, message)

    def deleted(self, message_ids: Iterable[int]) -> None:
        """Messages were deleted."""
        for message_id in message_ids:
            self._note(message_id, None)

    def now(self, message: discord.Message) -> discord.Message | None:
        """A message as it is now; None when it was deleted."""
        known = self._changes.get(message.id)
        if known is None or (known.message is not None and _newer(message, known.message)):
            return message
        return known.message

    def forget(self) -> None:
        """Nobody holds a message: what became of them counts for those that are told of too late."""
        now = self._clock()
        while self._changes:
            oldest = next(iter(self._changes))
            if len(self._changes) <= _MOST and self._changes[oldest].until > now:
                break
            del self._changes[oldest]

    def _note(self, message_id: int, message: discord.Message | None) -> None:
        self._changes.pop(message_id, None)
        self._changes[message_id] = _Change(message, self._clock() + _KEPT)


class Edits:
    """Which edit of a message counts of those that are being looked at: the latest, whichever is done with first."""

    def __init__(self) -> None:
        self._latest: dict[int, discord.Message] = {}
        self._handled: Counter[int] = Counter()

    @contextmanager
    def handled(self, message_ids: Collection[int]) -> Generator[None]:
        """Remember the edits of these messages meanwhile."""
        self._handled.update(message_ids)
        try:
            yield
        finally:
            self._handled.subtract(message_ids)
            for message_id in message_ids:
                if not self._handled[message_id]:
                    del self._handled[message_id]
                    self._latest.pop(message_id, None)

    def note(self, message: discord.Message) -> None:
        """A message was edited, and those who look at earlier edits of it need not go on."""
        if self.counts(message):
            self._latest[message.id] = message

    def counts(self, message: discord.Message) -> bool:
        """Whether no later edit of a message is known."""
        latest = self._latest.get(message.id)
        return latest is None or not _newer(latest, message)


def _newer(one: discord.Message, other: discord.Message) -> bool:
    """Whether a message is as it was made by a later edit than the other."""
    return one.edited_at is not None and (other.edited_at is None or one.edited_at > other.edited_at)
