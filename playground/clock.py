"""The local Discord's time, which a test can set forward or hold."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from contextlib import suppress


class Clock:
    """Seconds since 1970, as everything here reads them that Discord would time.

    Args:
        offset: Seconds that this clock is ahead of the machine's. One that begins an hour behind and is set forward
            by an hour makes what was sent before an hour old for the bot too, whose clock is the machine's.
    """

    def __init__(self, offset: float = 0.0) -> None:
        self._offset = offset
        self._held: float | None = None
        self._sleepers: list[asyncio.Future[None]] = []

    def __call__(self) -> float:
        """Tell the time."""
        return (time.time() if self._held is None else self._held) + self._offset

    def now(self) -> dt.datetime:
        """Tell the time as a date."""
        return dt.datetime.fromtimestamp(self(), dt.UTC)

    def advance(self, seconds: float) -> None:
        """Set the clock forward, and wake who slept until then."""
        self._offset += seconds
        self._wake()

    def hold(self) -> None:
        """Let time stand still, except where it is set forward."""
        self._held = time.time()

    def release(self) -> None:
        """Let time go on from where it stood."""
        if self._held is not None:
            self._offset -= time.time() - self._held
            self._held = None
            self._wake()

    async def sleep(self, seconds: float) -> None:
        """Wait until this clock has gone on by so much, by itself or because it was set forward."""
        until = self() + seconds
        while (left := until - self()) > 0:
            moved: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._sleepers.append(moved)
            with suppress(TimeoutError):
                async with asyncio.timeout(left if self._held is None else None):
                    await moved

    def _wake(self) -> None:
        sleepers, self._sleepers = self._sleepers, []
        for sleeper in sleepers:
            if not sleeper.done():
                sleeper.set_result(None)
