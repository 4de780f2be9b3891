"""How often people may ask and tools may run: the table ``[limits]``, and what becomes of what is over it."""

from __future__ import annotations

import asyncio
import math
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from pydantic import BaseModel, ConfigDict, Field, field_validator

from checkpoints.keys import TERMINAL, asked_at
from checkpoints.outages import when_back
from graph.turn import Closing
from tools.patterns import fits, names_of
from tools.policy import Action
from tools.tool import ToolError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from checkpoints.counts import Counts
    from graph.state import Call
    from graph.turn import Turn
    from tools.catalog import Catalog
    from tools.tool import Tool

log = structlog.get_logger()

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class ToolBucket(BaseModel):
    """How often the tools of one pattern may run."""

    model_config = ConfigDict(extra="forbid")

    per_user_per_hour: int = Field(default=0, ge=0, description="calls of all its tools together; 0: no limit")


class LimitSettings(BaseModel):
    """The table ``[limits]`` of clew.toml; 0 sets no limit."""

    model_config = ConfigDict(extra="forbid")

    # One every three seconds for a whole minute is no person who reads the answers.
    user_per_minute: int = Field(default=20, ge=0, description="turns that a person may ask for within a minute")
    user_per_day: int = Field(default=0, ge=0, description="turns that a person may ask for within 24 hours")
    channel_per_minute: int = Field(default=0, ge=0, description="turns of a channel within a minute")
    channel_per_day: int = Field(default=0, ge=0, description="turns of a channel within 24 hours")
    user_at_once: int = Field(default=0, ge=0, description="turns of a person at work or waiting for it, cards aside")
    # The steps of a turn are bounded (step_limit), the calls of a step are not.
    calls_per_turn: int = Field(default=50, ge=0, description="tool calls of one turn")
    programs_in_a_row: int = Field(
        default=3, ge=1, description="turns of bots and webhooks in a channel without one of a person between"
    )
    tools: dict[str, ToolBucket] = Field(
        default_factory=dict[str, ToolBucket], description="name pattern to a bucket of its own, as in [tools.policy]"
    )

    @field_validator("tools")
    @classmethod
    def _patterns_say_something(cls, tools: dict[str, ToolBucket]) -> dict[str, ToolBucket]:
        if any(not pattern.strip() for pattern in tools):
            raise ValueError("a pattern in [limits.tools] is empty: name a tool, or use * for all of them")
        return tools


@dataclass(frozen=True, slots=True)
class Admission:
    """What becomes of a turn that is asked for.

    Attributes:
        taken: Whether it is claimed at all.
        limited: Whether it is over a limit.
        closing: Then: what is said of it; None where that was said already.
    """

    taken: bool = True
    limited: bool = False
    closing: Closing | None = None


@dataclass(frozen=True, slots=True)
class _Over:
    """A limit that is reached.

    Attributes:
        window: The time it counts over.
        sentence: What the person is told.
        until: When there is room again; None where nobody knows.
    """

    window: timedelta
    sentence: str
    until: datetime | None = None


class Rates:
    """Says of a turn whether it may be taken now. Whoever asks claims it before the next one is asked about."""

    def __init__(
        self, counts: Counts, settings: LimitSettings, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._counts = counts
        self._settings = settings
        self._now = now

    async def admit(self, turn: Turn) -> Admission:
        """What becomes of a turn.

        A loop between bots is broken without a word: a word would go on with it. Of the limits that are reached the
        one that lasts longest is told, once until something of that person is taken there again, or its time is over.
        """
        most = self._settings.programs_in_a_row
        if turn.by_program and await self._counts.programs_in_a_row(turn.channel_id, most) >= most:
            log.info("loop_broken", turn=turn.key, user=turn.user_id, channel=turn.channel_id)
            return Admission(taken=False)
        now = asked_at(turn.key) or self._now()
        over = await self._over(turn, now)
        if over is None:
            return Admission()
        log.info("turn_limited", turn=turn.key, user=turn.user_id, channel=turn.channel_id, limit=over.sentence)
        # At a terminal nobody else reads, and silence would look like a fault.
        told = turn.conversation != TERMINAL and await self._counts.told(
            turn.user_id, turn.channel_id, now - over.window
        )
        silent = told or turn.by_program
        return Admission(limited=True, closing=None if silent else Closing("limited", over.sentence))

    async def _over(self, turn: Turn, now: datetime) -> _Over | None:
        settings, user, channel = self._settings, {"user_id": turn.user_id}, {"channel_id": turn.channel_id}
        bounds = (
            (settings.user_per_minute, _MINUTE, user, "You asked me {} within a minute"),
            (settings.user_per_day, _DAY, user, "You asked me {} within 24 hours"),
            (settings.channel_per_minute, _MINUTE, channel, "I was asked {} within a minute in this channel"),
            (settings.channel_per_day, _DAY, channel, "I was asked {} within 24 hours in this channel"),
        )
        reached: list[_Over] = []
        for most, window, whose, told in bounds:
            first = await self._counts.nth_newest(most, now - window, **whose) if most else None
            if first:
                until = first + window
                # Discord shows such a time relative to whoever reads it, so it stays true if it is shown late.
                again = f"please ask this again <t:{math.ceil(until.timestamp())}:R>."
                reached.append(
                    _Over(window, f"{told.format(_times(most))}, which is as much as I take; {again}", until)
                )
        if reached:
            return max(reached, key=lambda over: over.until or now)
        most = settings.user_at_once
        if most and await self._counts.open_turns(turn.user_id) >= most:
            things = "one thing" if most == 1 else f"{most} things"
            return _Over(
                _MINUTE, f"I am at {things} for you, which is as many as I take at once; please ask when one is done."
            )
        return None


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


class TooManyCalls(ToolError):  # noqa: N818 - named as the tool errors are, for what went wrong
    """A call over a limit; nothing was run."""


class CallRates:
    """Says of a tool call whether it may start now, counted over all calls that were started."""

    def __init__(
        self, counts: Counts, settings: LimitSettings, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._counts = counts
        self._settings = settings
        self._now = now
        self._counting = asyncio.Lock()

    async def within(self, calls: list[Call], turn_key: str) -> list[Call]:
        """The calls of a model message; the last of them, if they are more than the turn has left, with that as error.

        It is looked at here, before anybody is asked: a card for a call that could not start would be asked in vain.
        What starts is counted again in `room`.

        Args:
            calls: The calls, with their verdicts.
            turn_key: The turn that makes them.
        """
        most = self._settings.calls_per_turn
        if not most:
            return calls
        left = most - await when_back(lambda: self._counts.calls_of_turn(turn_key))
        may_start = [call for call in calls if call["action"] != Action.DENY]
        over = [call["id"] for call in may_start[max(0, left) :]]
        return [{**call, "error": _turn_is_over(call["name"], most)} if call["id"] in over else call for call in calls]

    @asynccontextmanager
    async def room(self, tool: Tool, catalog: Catalog, *, turn_key: str, user_id: int) -> AsyncGenerator[None]:
        """Hold the room for one call while its start is noted; calls of one step start side by side.

        Args:
            tool: The tool that is to run.
            catalog: All tools there are now.
            turn_key: The turn that calls it.
            user_id: For whom.

        Raises:
            TooManyCalls: There is none; the text tells the model what to do about it.
        """
        async with self._counting:
            most = self._settings.calls_per_turn
            if most and await when_back(lambda: self._counts.calls_of_turn(turn_key)) >= most:
                raise TooManyCalls(_turn_is_over(tool.name, most))
            for pattern, bucket in self._settings.tools.items():
                if bucket.per_user_per_hour and _fits(tool, pattern):
                    await self._look(tool, catalog, pattern, bucket.per_user_per_hour, user_id)
            yield

    async def _look(self, tool: Tool, catalog: Catalog, pattern: str, most: int, user_id: int) -> None:
        # What ran before another server had a tool of its name was noted under that name alone.
        names = {name for one in catalog.tools() if _fits(one, pattern) for name in names_of(one.name, one.source)}
        calls = await when_back(lambda: self._counts.calls_of_user(user_id, self._now() - _HOUR))
        started = [at for name, at in calls if name in names]
        if len(started) < most:
            return
        minutes = math.ceil((started[most - 1] + _HOUR - self._now()) / _MINUTE)
        wait = "a minute" if minutes <= 1 else f"{minutes} minutes"
        log.info("call_limited", tool=tool.name, user=user_id, pattern=pattern, per_hour=most)
        raise TooManyCalls(
            f"{tool.name} was not run: it may run {_times(most)} an hour for this user, and can run again in {wait}. "
            "Do not try it again before; tell the user so."
        )


def _turn_is_over(name: str, most: int) -> str:
    return (
        f"{name} was not run: this turn has made {most} tool calls, as many as one turn may make. "
        "Answer with what you have, and tell the user that it is not complete."
    )


def _fits(tool: Tool, pattern: str) -> bool:
    """Whether a pattern means a tool, by the rules of [tools.policy]."""
    return fits(pattern, names_of(tool.name, tool.source))
