"""Channels in which something was missed, and what waits there until they were looked through."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


@dataclass(frozen=True, slots=True)
class Patience:
    """How long things take here, in seconds.

    Attributes:
        hold: New messages of a channel wait so long for older ones to be found.
        again: After a fault is looked again.
        write: Between two writes of how far channels were looked at.
    """

    hold: float = 15.0
    again: float = 15.0
    write: float = 5.0


class Gaps:
    """The channels that have a newer message than we saw.

    What comes to one waits until it is closed, and not for ever; before the gaps of a session are known all wait.

    Args:
        patience: How long things take.
        known: As below, at first.

    Attributes:
        known: Whether it is known where they are.
    """

    def __init__(self, patience: Patience, *, known: bool) -> None:
        self._patience = patience
        self._gaps: dict[int, asyncio.Event] = {}
        # Channels in which something was missed since the last look began: what was read there may not hold it.
        self._unread: set[int] = set()
        self.known = known
        # Whether messages may pass that are in no gap.
        self._open = asyncio.Event()
        if known:
            self._open.set()

    def __contains__(self, channel_id: object) -> bool:
        return channel_id in self._gaps

    def __len__(self) -> int:
        return len(self._gaps)

    @property
    def holding(self) -> bool:
        """Whether some messages wait."""
        return bool(self._gaps) or not self._open.is_set()

    def forget(self) -> None:
        """A new session began: where they are is not known."""
        self.known = False
        self._open.clear()
        asyncio.get_running_loop().call_later(self._patience.hold, self._open.set)

    def look_begins(self) -> None:
        """From now on channels are read: what is missed later may not be in it."""
        self._unread.clear()

    def are(self, channel_ids: Collection[int]) -> None:
        """These are all; messages of other channels pass."""
        former, self._gaps = self._gaps, {}
        for channel_id in channel_ids:
            self._gaps[channel_id] = former.pop(channel_id, None) or self._held(self._patience.hold)
        for over in former.values():
            over.set()
        self.known = True
        self._open.set()

    def add(self, channel_id: int) -> None:
        """Something is missed in a channel while a session goes on."""
        self._unread.add(channel_id)
        if channel_id not in self._gaps:
            # What comes waits until it was looked for: that can begin later than for what was missed before.
            self._gaps[channel_id] = self._held(self._patience.again + self._patience.hold)

    def close(self, channel_id: int) -> bool:
        """A channel was looked through; False where something was missed meanwhile, so that it is read again first."""
        if channel_id in self._unread:
            return False
        if over := self._gaps.pop(channel_id, None):
            over.set()
        return True

    async def opened(self) -> None:
        """Wait until it is known where they are, or for too long."""
        await self._open.wait()

    async def closed(self, channel_id: int) -> None:
        """Wait until a channel has none."""
        if gap := self._gaps.get(channel_id):
            await gap.wait()

    def _held(self, seconds: float) -> asyncio.Event:
        over = asyncio.Event()
        asyncio.get_running_loop().call_later(seconds, over.set)
        return over
