"""What was said in a channel before somebody called us: the context of a turn.

It is kept in memory. What a turn is told of it is stored with the conversation, as part of that turn; what somebody
says whom a list denies is told to no turn.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import discord
import structlog

from discord_adapter.budget import Kind, Rank
from discord_adapter.intake import addressed
from discord_adapter.readable import names_of, quoted, said
from discord_adapter.sending import Gone
from graph.errors import SurfaceError

if TYPE_CHECKING:
    from collections.abc import Collection

    from discord_adapter.sending import Sender
    from discord_adapter.standing import Admits
    from graph.turn import Turn

log = structlog.get_logger()

# Channels whose last messages are kept; the one that was not asked about for longest is forgotten first.
_CHANNELS_KEPT = 200

_MAY_NOT_READ = "I may not read what was said here before (Read Message History), so I answer without it."

_KINDS = (discord.MessageType.default, discord.MessageType.reply, discord.MessageType.thread_starter_message)


@dataclass(slots=True)
class _Channel:
    """What is remembered of one channel.

    Attributes:
        recent: The newest messages, the oldest first.
        starter: The message that a thread began with.
        fetched: Set when what was said before we listened is there.
    """

    recent: deque[discord.Message]
    starter: discord.Message | None = None
    fetched: asyncio.Event = field(default_factory=asyncio.Event)


class Overheard:
    """The last messages of the channels in which we were called.

    A channel's messages are fetched once, when we are first called there; from then on the gateway tells. `forget`
    says that the gateway may have missed some.

    Args:
        client: Whose channels.
        sender: Through which they are fetched.
        limit: Messages before the one that called us; 0 for none.
        admits: Whether what somebody says may be told at all: that of whoever no list denies. Without it, everybody's
            may. Who is only not in an allow list, and bots and webhooks, may be read by it without being answered.
    """

    def __init__(self, client: discord.Client, sender: Sender, limit: int, admits: Admits | None = None) -> None:
        self._client = client
        self._sender = sender
        self._limit = limit
        self._admits = admits
        self._channels: OrderedDict[int, _Channel] = OrderedDict()
        self._told: set[int] = set()

    def heard(self, message: discord.Message) -> None:
        """A message came."""
        if known := self._channels.get(message.channel.id):
            known.recent.append(message)

    def changed(self, message: discord.Message) -> None:
        """A message was edited."""
        if known := self._channels.get(message.channel.id):
            places = [index for index, one in enumerate(known.recent) if one.id == message.id]
            for index in places:
                known.recent[index] = message

    def removed(self, channel_id: int, message_ids: Collection[int]) -> None:
        """Messages were deleted."""
        if known := self._channels.get(channel_id):
            kept = [message for message in known.recent if message.id not in message_ids]
            known.recent = deque(kept, known.recent.maxlen)

    def forget(self) -> None:
        """The gateway may have missed something: everything is fetched again."""
        self._channels.clear()

    def notice(self, turn: Turn) -> str | None:
        """What a turn's person is told, once for each channel, where what was said before may not be read."""
        if not self._limit or turn.message_id is None or turn.channel_id in self._told:
            return None
        channel = self._client.get_channel(turn.channel_id)
        if not isinstance(channel, discord.abc.GuildChannel | discord.Thread):
            return None
        # Discord gives an empty history, and no error ("Get Channel Messages").
        if channel.permissions_for(channel.guild.me).read_message_history:
            return None
        self._told.add(turn.channel_id)
        return _MAY_NOT_READ

    async def before(self, turn: Turn, after: int | None) -> str:
        """What was said in a turn's channel before it and not to us, as a quote; empty where nothing was.

        Args:
            turn: The turn.
            after: The message up to which the conversation knows everything; None when it has just begun.
        """
        me, message_id, guild_id = self._client.user, turn.message_id, turn.conversation.guild_id
        # Everything in a direct message is said to us.
        if not self._limit or me is None or message_id is None or guild_id is None:
            return ""
        known = await self._known(turn.channel_id, guild_id, message_id)
        heard = [message for message in known.recent if (after or 0) < message.id < message_id]
        heard = [one for one in heard if one.type in _KINDS and one.author.id != me.id and not addressed(one, me)]
        heard = await self._admitted(heard, guild_id)
        if after is None and known.starter and known.starter.id not in {message_id, *(one.id for one in heard)}:
            heard = [*await self._admitted([known.starter], guild_id), *heard]
        told = [text for message in heard if (text := _told(message))]
        where = _name(self._client.get_channel(turn.channel_id))
        return quoted(f"Said in {where} before, not to you:", told) if told else ""

    async def _admitted(self, heard: list[discord.Message], guild_id: int) -> list[discord.Message]:
        """The newest messages whose authors no list denies, no more than are shown."""
        asked: dict[int, bool] = {}
        found: list[discord.Message] = []
        for message in reversed(heard):
            author = _original(message).author
            if author.id not in asked:
                asked[author.id] = self._admits is None or await self._admits(author, guild_id, message.channel.id)
            if asked[author.id]:
                found.append(message)
            if len(found) == self._limit:
                break
        return found[::-1]

    async def _known(self, channel_id: int, guild_id: int, message_id: int) -> _Channel:
        if known := self._channels.get(channel_id):
            self._channels.move_to_end(channel_id)
            await known.fetched.wait()
            return known
        # From here on what comes is kept, also while the rest is being fetched.
        self._channels[channel_id] = known = _Channel(deque(maxlen=self._kept))
        if len(self._channels) > _CHANNELS_KEPT:
            self._channels.popitem(last=False)
        try:
            channel = self._client.get_partial_messageable(channel_id, guild_id=guild_id)
            earlier = await self._history(channel, message_id)
            known.recent = deque([*earlier, *known.recent], self._kept)
            known.starter = await self._starter(self._client.get_channel(channel_id))
        except SurfaceError as error:
            # The turn does without; the next one asks again.
            log.info("context_not_read", channel=channel_id, error=str(error))
            self._channels.pop(channel_id, None)
        finally:
            known.fetched.set()
        return known

    async def _history(self, channel: discord.PartialMessageable, before: int) -> list[discord.Message]:
        """The messages of a channel before one, the oldest first."""

        async def request() -> list[discord.Message]:
            return [message async for message in channel.history(limit=self._kept, before=discord.Object(before))]

        return (await self._sender.send(channel.id, Kind.OTHER, request, lambda: Rank.FIRST))[::-1]

    async def _starter(self, channel: object) -> discord.Message | None:
        """The message that a thread began with: in a forum it stands in the thread, else in the channel above."""
        if not isinstance(channel, discord.Thread):
            return None
        in_forum = isinstance(channel.parent, discord.ForumChannel)
        place = channel.id if in_forum else channel.parent_id
        above = self._client.get_partial_messageable(place, guild_id=channel.guild.id)
        try:
            return await self._sender.send(
                channel.id, Kind.OTHER, lambda: above.fetch_message(channel.id), lambda: Rank.FIRST
            )
        except Gone:
            return None  # a thread that was made without a message

    @property
    def _kept(self) -> int:
        """More than are shown: those that were meant for us do not count."""
        return 3 * self._limit


def _original(message: discord.Message) -> discord.Message:
    """The message itself, or the one in the channel above that it stands for where a thread begins."""
    original = message.reference.resolved if message.reference else None
    begins = message.type is discord.MessageType.thread_starter_message
    return original if begins and isinstance(original, discord.Message) else message


def _told(message: discord.Message) -> str:
    message = _original(message)
    text = "\n".join(filter(None, [said(message), *names_of(message.attachments)]))
    return f"{message.author.display_name}: {text}" if text else ""


def _name(channel: object) -> str:
    match channel:
        case discord.Thread():
            return f"the thread #{channel.name}"
        case discord.abc.GuildChannel():
            return f"#{channel.name}"
        case _:
            return "this channel"
