"""Work that is finished also when whoever asked for it is cancelled."""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import structlog

if TYPE_CHECKING:
    from collections.abc import Awaitable

T = TypeVar("T")

log = structlog.get_logger()


async def to_its_end(work: Awaitable[T], patience: float = math.inf) -> T:
    """What some work gives; whoever is cancelled meanwhile waits for its end first.

    Args:
        work: It goes on whatever happens to whoever waits for it.
        patience: Seconds that somebody who is cancelled waits at most.

    Raises:
        Exception: What the work raises; of one that fails when nobody waits for it any more there is an event.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        task.add_done_callback(_unheard)
        await _over(task, patience)
        raise


async def _over(task: asyncio.Future[Any], patience: float) -> None:
    """Wait for a task, also when this is cancelled once more."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience
    while not task.done() and (left := deadline - loop.time()) > 0:
        with suppress(asyncio.CancelledError):
            await asyncio.wait({task}, timeout=left)


def _unheard(task: asyncio.Future[Any]) -> None:
    if not task.cancelled() and (error := task.exception()):
        log.info("failed_unheard", error=str(error))
