"""Everything that is sent to Discord: within its limits, once, and recorded as a delivery."""

from __future__ import annotations

import asyncio
import io
from collections import defaultdict
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import aiohttp
import discord
import structlog

from discord_adapter.budget import TOKEN_LIMIT, TOKEN_PERIOD, Bucket, ChannelBudget
from graph.errors import SurfaceError, SurfaceUnreachable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator

    from checkpoints.deliveries import Deliveries, Delivery

T = TypeVar("T")

log = structlog.get_logger()

NO_PINGS = discord.AllowedMentions.none()

# Discord out of reach: tried again after these pauses (seconds), then left to whoever asked.
_PAUSES = (1.0, 2.0, 5.0)

_TOO_MANY_REQUESTS = 429

_UNKNOWN_MESSAGE = 10008


class Outbox:
    """Sends, edits and reacts for turns.

    A part of a turn (a piece of its text, a card, a sentence) is planned first: its delivery says which message shows
    it, also when a former process posted that.

    Args:
        client: Logged in.
        deliveries: Where it is noted what was posted.
        pauses: Seconds between the attempts while Discord is out of reach.
    """

    def __init__(self, client: discord.Client, deliveries: Deliveries, *, pauses: tuple[float, ...] = _PAUSES) -> None:
        self._client = client
        self._pauses = pauses
        self._deliveries = deliveries
        self._token = Bucket(TOKEN_LIMIT, TOKEN_PERIOD)
        self._channels: defaultdict[int, ChannelBudget] = defaultdict(ChannelBudget)
        self._posting: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def plan(self, turn_key: str, part: str, channel_id: int) -> Delivery:
        """The delivery of a part of a turn."""
        return await self._deliveries.plan(turn_key, part, channel_id)

    async def planned(self, turn_key: str) -> list[Delivery]:
        """Every delivery of a turn, by whichever process it was planned."""
        return await self._deliveries.of(turn_key)

    async def show(
        self,
        delivery: Delivery,
        content: str,
        *,
        final: bool,
        reply_to: discord.MessageReference | None = None,
        file: tuple[str, bytes] | None = None,
    ) -> Delivery:
        """Show a part: in the message that shows it already, else in a new one.

        Args:
            delivery: The part's delivery.
            content: At most 2,000 characters. Nothing in it can ping.
            final: Whether this is what the part shows in the end.
            reply_to: The message that a new one answers.
            file: The name and content of what goes along with a new one.

        Returns:
            The delivery as it is now.

        Raises:
            SurfaceUnreachable: Discord cannot be reached for now; every other method here raises this as well.
            SurfaceError: Discord does not take it.
        """
        if delivery.message_id is not None:
            await self.edit(delivery, content)
            shown = replace(delivery, final=final)
            if final:
                await self._record(shown)
            return shown
        async with self._posting[delivery.channel_id]:
            message = await self._post(delivery, content, reply_to, file)
            shown = replace(delivery, message_id=message.id, final=final)
            await self._record(shown)
        if message.content != content.strip():
            # The nonce was taken: a former process had posted this part, with what it knew then.
            await self.edit(shown, content)
        return shown

    async def finish(self, delivery: Delivery) -> Delivery:
        """Record that a part shows what it is to show."""
        finished = replace(delivery, final=True)
        await self._record(finished)
        return finished

    async def edit(self, delivery: Delivery, content: str) -> None:
        """Change a message; one that was deleted meanwhile is left alone.

        Raises:
            SurfaceError: Discord does not take it.
        """
        if (message := self._message(delivery)) is None:
            return
        await self._channels[delivery.channel_id].edits.take()
        with self._unless_gone(delivery):
            await self._send(lambda: message.edit(content=content, allowed_mentions=NO_PINGS))

    async def delete(self, delivery: Delivery) -> None:
        """Delete a message of ours, if it is still there.

        Raises:
            SurfaceError: Discord does not take it.
        """
        if (message := self._message(delivery)) is None:
            return
        with self._unless_gone(delivery):
            await self._send(message.delete)

    async def react(self, delivery: Delivery, *emoji: str) -> None:
        """Add reactions of ours, for a person to click.

        Raises:
            SurfaceError: Discord does not take it.
        """
        if (message := self._message(delivery)) is None:
            return
        for one in emoji:
            with self._unless_gone(delivery):
                await self._send(partial(message.add_reaction, one))

    async def reactions(self, delivery: Delivery, *emoji: str) -> dict[str, set[int]]:
        """The people who reacted to a message in these ways, bots left out.

        Raises:
            SurfaceError: Discord does not tell.
        """
        found: dict[str, set[int]] = {one: set() for one in emoji}
        if (partial_message := self._message(delivery)) is None:
            return found
        with self._unless_gone(delivery):
            message = await self._send(partial_message.fetch)
            for reaction in message.reactions:
                if str(reaction.emoji) in found and reaction.count > reaction.me:
                    found[str(reaction.emoji)] = await self._send(partial(_people, reaction))
        return found

    async def typing(self, channel_id: int) -> None:
        """Show that something is being written, for about ten seconds.

        Raises:
            SurfaceError: Discord does not take it.
        """
        channel = self._channel(channel_id)
        await self._send(lambda: channel.typing())

    async def pace(self, channel_id: int, finished: asyncio.Event) -> None:
        """Wait until a growing text in a channel may be shown again, or is finished."""
        await self._channels[channel_id].pace(finished)

    @asynccontextmanager
    async def nothing_half_posted(self, channel_id: int) -> AsyncGenerator[None]:
        """Wait until every message that was posted in a channel is recorded: a reaction can be faster than we are."""
        async with self._posting[channel_id]:
            yield

    async def _post(
        self,
        delivery: Delivery,
        content: str,
        reply_to: discord.MessageReference | None,
        file: tuple[str, bytes] | None,
    ) -> discord.Message:
        await self._channels[delivery.channel_id].sends.take()
        channel = self._channel(delivery.channel_id)

        def post() -> Awaitable[discord.Message]:
            extra: dict[str, Any] = {}
            if reply_to is not None:
                extra["reference"] = reply_to
            if file is not None:
                # Made anew for each attempt: one that was read by the attempt before would be sent empty.
                extra["file"] = discord.File(io.BytesIO(file[1]), filename=file[0])
            return channel.send(
                content,
                nonce=delivery.nonce,
                allowed_mentions=NO_PINGS,
                mention_author=False,
                suppress_embeds=True,
                **extra,
            )

        return await self._send(post)

    def _channel(self, channel_id: int) -> discord.PartialMessageable:
        return self._client.get_partial_messageable(channel_id)

    def _message(self, delivery: Delivery) -> discord.PartialMessage | None:
        if delivery.message_id is None:
            return None
        return self._channel(delivery.channel_id).get_partial_message(delivery.message_id)

    @contextmanager
    def _unless_gone(self, delivery: Delivery) -> Generator[None]:
        """Leave a message alone that somebody deleted meanwhile."""
        try:
            yield
        except _GoneError:
            log.info("message_was_deleted", channel=delivery.channel_id, message=delivery.message_id)

    async def _record(self, delivery: Delivery) -> None:
        if delivery.message_id is not None:
            await self._deliveries.posted(delivery.turn_key, delivery.part, delivery.message_id, final=delivery.final)

    async def _send(self, request: Callable[[], Awaitable[T]]) -> T:
        """Make a request within the token's budget, again when Discord was out of reach."""
        for pause in (*self._pauses, None):
            await self._token.take()
            try:
                return await request()
            except discord.NotFound as error:
                raise (_GoneError if error.code == _UNKNOWN_MESSAGE else SurfaceError)(str(error)) from error
            except (discord.DiscordServerError, aiohttp.ClientError, OSError) as error:
                if pause is None:
                    raise SurfaceUnreachable(f"Discord is out of reach: {error}") from error
                log.warning("discord_out_of_reach", error=str(error), again_in=pause)
                await asyncio.sleep(pause)
            except discord.RateLimited as error:
                raise SurfaceUnreachable(str(error)) from error
            except discord.HTTPException as error:
                # discord.py has waited and asked again, or Cloudflare keeps us out: asking on would make it worse.
                later = error.status == _TOO_MANY_REQUESTS
                raise (SurfaceUnreachable if later else SurfaceError)(str(error)) from error
        raise AssertionError("the last pause is None")


class _GoneError(SurfaceError):
    """The message is not there any more."""


async def _people(reaction: discord.Reaction) -> set[int]:
    return {user.id async for user in reaction.users() if not user.bot}
