"""What is tried again, when, and for how long: the one place that decides, since two would multiply."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import structlog

from graph.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")

log = structlog.get_logger()

# Seconds before the first repetition, and the longest there are; between them they double.
_FIRST_WAIT = 1.0
_LONGEST_WAIT = 30.0


@dataclass(frozen=True, slots=True)
class Retrying:
    """Repeats a model call while its fault is one that passes, within a bound.

    Attributes:
        retries: How often a call is repeated at most.
        seconds: No attempt begins later than this after the first one.
        clock: Gives seconds that only grow.
        sleep: Waits so many seconds.
        uniform: A random number between two others.
    """

    retries: int
    seconds: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    uniform: Callable[[float, float], float] = random.uniform

    async def call(self, attempt: Callable[[], Awaitable[T]], again: Callable[[], None]) -> T:
        """What an attempt gives, the first or a later one.

        Args:
            attempt: One whole model call.
            again: Called before every attempt but the first.

        Raises:
            ModelError: The last attempt's, or one that another attempt would not mend.
        """
        began = self.clock()
        number = 1
        while True:
            try:
                return await attempt()
            except ModelError as error:
                wait = self._wait(number, error)
                late = self.clock() - began + wait > self.seconds
                if not error.fault.transient or number > self.retries or late:
                    raise
                log.warning("model_retry", attempt=number, wait=round(wait, 2), fault=error.fault, detail=error.detail)
            await self.sleep(wait)
            again()
            number += 1

    def _wait(self, number: int, error: ModelError) -> float:
        """Seconds until the next attempt: what the endpoint asked for, else doubling, never in step with others.

        The half that is left to chance is the "equal jitter" of the AWS Architecture Blog, "Exponential Backoff And
        Jitter". It is added where the endpoint named a time, so that it is never asked before that.
        """
        backoff = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** (number - 1))
        if error.retry_after is not None:
            return error.retry_after + self.uniform(0, min(backoff, error.retry_after) / 2)
        return self.uniform(backoff / 2, backoff)
