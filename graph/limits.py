"""How much one request may hold: what the proxy's model list tells, within the operator's cap."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from graph.errors import ModelError, ModelFault
from graph.model_settings import SMALLEST_WINDOW

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from graph.model_settings import ModelSettings

log = structlog.get_logger()

DEFAULT_WINDOW = 16_000
"""Tokens that a request and its answer may hold where neither proxy nor operator says: little, for today's models."""

ANSWER_SHARE = 4
"""A quarter of the window is kept for the answer, or what the model can answer at most where that is less."""

# A list that could not be had is asked for again before a request, but not sooner than this (seconds).
_AGAIN_AFTER = 60.0

# Faults after which asking again is of no use: there is no list here, or nothing that can be read.
_FINAL = (ModelFault.UNREADABLE, ModelFault.UNKNOWN_MODEL, ModelFault.REFUSED)


@dataclass(frozen=True, slots=True)
class Offer:
    """What the proxy's list tells of a model, in tokens; None where it tells nothing that can be meant.

    Attributes:
        max_input: What a request may hold.
        max_output: What an answer may hold.
    """

    max_input: int | None = None
    max_output: int | None = None

    @classmethod
    def of(cls, max_input: object, max_output: object) -> Offer:
        """The offer with these figures, whatever the list has in their place."""
        return cls(_figure(max_input, SMALLEST_WINDOW), _figure(max_output, 1))


def room(window: int, max_output: int | None = None) -> int:
    """The tokens of a window that are left for the request, once the answer has its part."""
    answer = window // ANSWER_SHARE
    return window - min(answer, max_output or answer)


def smaller_room(sent: int, limit: int | None) -> int:
    """The room for a second try, where a request was too long.

    Args:
        sent: What it held, in tokens as we count them.
        limit: The context length that the endpoint named. Where we count otherwise than the endpoint, it can be more
            than was sent, and tells nothing.
    """
    named = room(limit) if limit else sent
    return named if named < sent else sent // 2


class Limits:
    """Knows how much a request may hold; asks the proxy once, and again only while it could not be asked."""

    def __init__(
        self,
        settings: ModelSettings,
        offers: Callable[[], Awaitable[Mapping[str, Offer]]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Set up; nothing is asked yet.

        Args:
            settings: The model's name and the cap.
            offers: Asks the proxy for its list; raises ModelError.
            clock: Gives seconds that only grow.
        """
        self._name = settings.name
        self._cap = settings.window_tokens
        self._offers = offers
        self._clock = clock
        self._asking = asyncio.Lock()
        self._ask_at: float | None = clock()
        self._offer = Offer()

    async def room(self) -> int:
        """Tokens that the next request may hold, its tool definitions included."""
        async with self._asking:
            if self._ask_at is not None and self._clock() >= self._ask_at:
                await self._ask()
        known = [size for size in (self._offer.max_input, self._cap) if size]
        return room(min(known, default=DEFAULT_WINDOW), self._offer.max_output)

    async def _ask(self) -> None:
        """Ask for the list, and tell the operator what every user would be told."""
        try:
            offers = await self._offers()
        except ModelError as error:
            self._ask_at = None if error.fault in _FINAL else self._clock() + _AGAIN_AFTER
            log.error("model_endpoint_not_usable", fault=error.fault, detail=error.detail)
            return
        self._ask_at = None
        self._offer = offers.get(self._name, Offer())
        if offers and self._name not in offers:
            log.error("model_not_offered", model=self._name, offered=list(offers)[:20])
        elif self._offer.max_input is None:
            used = self._cap or DEFAULT_WINDOW
            log.info("context_length_not_told", model=self._name, window_tokens=used)


def _figure(value: object, least: int) -> int | None:
    """A number of tokens; LiteLLM gives some as floats."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if least <= value < float("inf") else None
