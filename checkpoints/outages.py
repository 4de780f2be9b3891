"""What waits for a database that is away: what somebody said or decided must not be lost with it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

import structlog

from checkpoints.place import DatabaseAway

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")

log = structlog.get_logger()

# Seconds between two attempts.
_PAUSE = 1.0


def is_outage(fault: BaseException | None, *, otherwise: bool) -> bool:
    """Whether a fault of a driver passes by itself.

    Args:
        fault: It carries an `sqlstate` where PostgreSQL told of it ("PostgreSQL Error Codes").
        otherwise: What holds where that says nothing about it.
    """
    kind = str(getattr(fault, "sqlstate", None) or "")[:2]
    # 25: the server ended a transaction that stood still, or takes no writes for now. 54: too large, now and later.
    return kind == "25" or (otherwise and kind != "54")


async def when_back(action: Callable[[], Awaitable[T]], sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> T:
    """What an action on the database gives, made again for as long as the database is away.

    An action that was done although its answer was lost is made once more: it must change nothing then.
    """
    told = False
    while True:
        try:
            return await action()
        except DatabaseAway as error:
            if not told:
                log.warning("database_away", error=str(error))
                told = True
        await sleep(_PAUSE)
