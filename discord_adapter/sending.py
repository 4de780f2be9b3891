"""One request to Discord: within the budget, again after an outage, and what its failure means."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import aiohttp
import discord
import structlog

from checkpoints.finishing import to_its_end
from discord_adapter.budget import Budget, Kind, Rank
from graph.errors import PlaceGone, SurfaceError, SurfaceUnreachable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

T = TypeVar("T")

log = structlog.get_logger()

# Discord out of reach: tried again after these pauses (seconds), then left to whoever asked.
PAUSES = (1.0, 2.0, 5.0)

PATIENCE = 5.0
"""Seconds that somebody who is cancelled waits for a request that has left: an edit must not come behind a later one.

It comes to its end in any case: while a global limit holds, discord.py lets no request leave, and it is the one which
met the limit that lets them leave again (`HTTPClient.request`, 2.7)."""

# What cannot be left to somebody else is tried again after this pause (seconds).
_AGAIN = 15.0

_UNAUTHORIZED, _TOO_MANY_REQUESTS = 401, 429

# Discord's documentation, "Opcodes and Status Codes", JSON error codes.
_UNKNOWN_CHANNEL = 10003
_UNKNOWN_MESSAGE = 10008
_THREAD_ARCHIVED = 50083
_REPLY_WITHOUT_HISTORY = 160002
_MISSING_PERMISSIONS = 50013


async def when_reachable(action: Callable[[], Awaitable[T]], pause: float = _AGAIN) -> T:
    """What an action gives, made again for as long as Discord is out of reach.

    Args:
        action: It must change nothing when it was done already.
        pause: Seconds between two attempts.
    """
    while True:
        try:
            return await action()
        except SurfaceUnreachable as error:
            log.warning("surface_unreachable", error=str(error), again_in=pause)
        await asyncio.sleep(pause)


class Gone(SurfaceError):  # noqa: N818 - named for what went wrong
    """The message is not there any more."""


class MayNotReply(SurfaceError):  # noqa: N818 - named for what went wrong
    """A message there may not answer another one."""


class Forbidden(SurfaceError):  # noqa: N818 - named for what went wrong
    """A permission is missing there."""


@contextmanager
def unless_gone(channel_id: int, message_id: int | None) -> Generator[None]:
    """Leave a message alone that somebody deleted meanwhile."""
    try:
        yield
    except Gone:
        log.info("message_was_deleted", channel=channel_id, message=message_id)


class Sender:
    """Makes the requests of one token.

    Args:
        client: Logged in.
        pauses: Seconds between the attempts while Discord is out of reach.
    """

    def __init__(self, client: discord.Client, pauses: tuple[float, ...] = PAUSES) -> None:
        self._client = client
        self._pauses = pauses
        self._budget = Budget()

    def look_again(self) -> None:
        """Say that a waiting request has become more urgent."""
        self._budget.look_again()

    async def send(
        self,
        channel_id: int,
        kind: Kind,
        request: Callable[[], Awaitable[T]],
        rank: Callable[[], Rank] = lambda: Rank.FINAL,
    ) -> T:
        """Make a request, again when Discord was out of reach.

        Args:
            channel_id: Where.
            kind: What it is.
            request: Makes it; called for each attempt, when it may leave.
            rank: Gives how urgent it is.

        Raises:
            SurfaceUnreachable: Discord cannot be reached for now.
            Gone: The message is not there any more.
            PlaceGone: The channel is not there any more.
            MayNotReply: It would answer another message, which takes a permission of its own.
            Forbidden: It takes a permission that we do not have there.
            SurfaceError: Discord does not take it.
        """
        for pause in (*self._pauses, None):
            try:
                return await self._attempt(channel_id, kind, request, rank)
            except (discord.DiscordServerError, aiohttp.ClientError, OSError) as error:
                if pause is None:
                    raise SurfaceUnreachable(f"Discord is out of reach: {error}") from error
                log.warning("discord_out_of_reach", error=str(error), again_in=pause)
                await asyncio.sleep(pause)
            except RuntimeError as error:
                # aiohttp's "Session is closed": this program is ending.
                if not self._client.is_closed():
                    raise
                raise SurfaceUnreachable(str(error)) from error
            except discord.RateLimited as error:
                raise SurfaceUnreachable(str(error)) from error
            except discord.HTTPException as error:
                raise _meaning(error) from error
        raise AssertionError("the last pause is None")

    async def _attempt(
        self, channel_id: int, kind: Kind, request: Callable[[], Awaitable[T]], rank: Callable[[], Rank]
    ) -> T:
        """Make a request once; in a thread that was archived meanwhile, open that again and make it once more."""
        try:
            async with self._budget.place(channel_id, kind, rank):
                return await to_its_end(request(), PATIENCE)
        except discord.HTTPException as error:
            if error.code != _THREAD_ARCHIVED:
                raise
        async with self._budget.place(channel_id, Kind.OTHER, rank):
            # "Editing a thread to set archived to false only requires the current user has already been added to the
            # thread" (Discord's documentation, "Threads"); a locked one stays closed to us.
            await to_its_end(self._client.http.edit_channel(channel_id, archived=False), PATIENCE)
        async with self._budget.place(channel_id, kind, rank):
            return await to_its_end(request(), PATIENCE)


def _meaning(error: discord.HTTPException) -> SurfaceError:
    if error.code == _UNKNOWN_MESSAGE:
        return Gone(str(error))
    if error.code == _UNKNOWN_CHANNEL:
        return PlaceGone(str(error))
    if error.code == _REPLY_WITHOUT_HISTORY:
        return MayNotReply(str(error))
    if error.code == _MISSING_PERMISSIONS:
        return Forbidden(str(error))
    # discord.py has waited and asked again, or Cloudflare keeps us out: asking on would make it worse. So is the limit
    # on edits of messages older than an hour (30046): what could not be edited is edited later.
    if error.status == _TOO_MANY_REQUESTS:
        return SurfaceUnreachable(str(error))
    # The token was reset: what is open waits for the next one, with which the process is started anew.
    if error.status == _UNAUTHORIZED:
        return SurfaceUnreachable(str(error))
    return SurfaceError(str(error))
