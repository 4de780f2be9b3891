"""A place where the events of a world wait for one reader."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from playground.values import Event
    from playground.world import World


class Subscription:
    """Every event from now on, in order: `async for`, or `get()`; `close()` or a `with` block ends it."""

    def __init__(self, world: World) -> None:
        self._queue: asyncio.Queue[Event] = asyncio.Queue()
        self._stop = world.listen(self._queue.put_nowait)
        self._open = True

    async def get(self) -> Event:
        """Wait for the next event."""
        return await self._queue.get()

    def get_nowait(self) -> Event | None:
        """Give the next event if there is one."""
        return None if self._queue.empty() else self._queue.get_nowait()

    def close(self) -> None:
        """Take no more events."""
        if self._open:
            self._open = False
            self._stop()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        return await self.get()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
