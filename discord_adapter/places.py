"""Where something may have been missed: channels, threads and direct messages whose last message we did not see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import discord
import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from discord_adapter.sights import Sights

log = structlog.get_logger()

# Where the search begins before the newest message that was looked at (`checkpoints.seen.Seen` says why).
MARGIN = timedelta(seconds=60)

# Channels and threads that are looked through after one gateway session: a request each, of 50 a second.
MOST_CHANNELS = 500

# Of direct messages and archived threads the gateway does not tell the last message: they are all looked through.
MOST_UNKNOWN = 100

# Snowflakes: the milliseconds stand above 22 bits (Discord's documentation, "Snowflakes").
_MARGIN_BITS = int(MARGIN.total_seconds() * 1000) << 22

_Place = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread


@dataclass(frozen=True, slots=True)
class Place:
    """One channel to look through.

    Attributes:
        channel_id: The channel.
        guild_id: Its guild; None for direct messages.
        after: The search begins after this snowflake.
        newest: Its newest message; 0 where only the search tells.
    """

    channel_id: int
    guild_id: int | None
    after: int
    newest: int = 0


class Places:
    """Finds the channels where something may have been missed.

    Args:
        client: On the gateway, its guilds known.
        sights: How far each channel was looked at.
    """

    def __init__(self, client: discord.Client, sights: Sights) -> None:
        self._client = client
        self._sights = sights
        self._said_unreadable: set[int] = set()

    def find(
        self, since: datetime, direct: Iterable[int] = (), due: Callable[[Place], bool] = lambda _: True
    ) -> list[Place]:
        """The channels to look through, bounded.

        Args:
            since: What is older is not looked for, unless it was heard already.
            direct: Channels of direct messages in which something was asked; they go before those only seen.
            due: Which of them are to be looked through at all.
        """
        floor = discord.utils.time_snowflake(since)
        told = sorted(filter(due, self._told(floor)), key=lambda one: one.newest, reverse=True)
        untold = list(filter(due, self._untold(floor, direct)))
        left_out = len(told[MOST_CHANNELS:]) + len(untold[MOST_UNKNOWN:])
        if left_out:
            log.warning("missed_messages_left_out", channels=left_out)
        return told[:MOST_CHANNELS] + untold[:MOST_UNKNOWN]

    def unreadable(self, channel_id: int, guild_id: int | None, reason: str) -> None:
        """Say once that what is missed in a channel cannot be found."""
        if channel_id not in self._said_unreadable:
            self._said_unreadable.add(channel_id)
            log.warning("missed_messages_not_readable", channel=channel_id, guild=guild_id, reason=reason)

    def _told(self, floor: int) -> Iterator[Place]:
        """Channels and threads that have a newer message than we saw, as the gateway tells."""
        for guild in self._client.guilds:
            channels: list[_Place] = [*guild.text_channels, *guild.voice_channels, *guild.stage_channels]
            for channel in [*channels, *guild.threads]:
                # A thread's first message can have its id, and is then not told of as the last one.
                newest = max(channel.last_message_id or 0, channel.id if isinstance(channel, discord.Thread) else 0)
                seen = self._sights.before_owed(channel.id, max(floor, self._sights.get(channel.id) or 0))
                if newest > seen and self._may_read(channel):
                    yield Place(channel.id, guild.id, self._after(channel.id, floor), newest)

    def _untold(self, floor: int, direct: Iterable[int]) -> Iterator[Place]:
        """Direct messages, and threads that were archived since we saw them, the last one used first."""
        known = {sight.channel_id: sight for sight in self._sights}
        sights = sorted(known.values(), key=lambda one: one.message_id, reverse=True)
        # Also those that were quiet for long: somebody may have written there before it was archived again.
        archived = [one for one in sights if self._out_of_sight(one.guild_id, one.channel_id)]
        channels = [*direct, *(one.channel_id for one in sights if one.guild_id is None)]
        for channel_id in dict.fromkeys(channels):
            yield Place(channel_id, None, self._after(channel_id, floor))
        for one in archived:
            yield Place(one.channel_id, one.guild_id, self._after(one.channel_id, floor))

    def _out_of_sight(self, guild_id: int | None, channel_id: int) -> bool:
        guild = self._client.get_guild(guild_id) if guild_id else None
        # Of a guild that is away no channel need be known; it is looked through when it is there again.
        return guild is not None and not guild.unavailable and guild.get_channel_or_thread(channel_id) is None

    def _after(self, channel_id: int, floor: int) -> int:
        sight = self._sights.get(channel_id)
        return self._sights.before_owed(channel_id, floor if sight is None else max(floor, sight - _MARGIN_BITS))

    def _may_read(self, channel: _Place) -> bool:
        if isinstance(channel, discord.Thread) and channel.parent is None:
            return False  # its channel is not shown to us
        permissions = channel.permissions_for(channel.guild.me)
        if permissions.view_channel and not permissions.read_message_history:
            self.unreadable(channel.id, channel.guild.id, "Read Message History is missing")
        return permissions.view_channel and permissions.read_message_history
