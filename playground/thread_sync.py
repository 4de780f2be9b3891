"""Tells the bot of the threads of a channel that it comes to see (docs topics/threads#channel-access)."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from playground import payloads, thread_payloads
from playground.permissions import Permission
from playground.values import Event

if TYPE_CHECKING:
    from collections.abc import Generator

    from playground.values import Channel, Guild, Json
    from playground.world import World


@contextmanager
def access_kept_in_sync(world: World, guild: Guild | None) -> Generator[None]:
    """Send THREAD_LIST_SYNC when what happens inside lets the bot see channels that it could not see before.

    What it may no longer see is told by no event of threads (docs: losing access to channels).
    """
    before = _seen(world, guild)
    yield
    gained = _seen(world, guild) - before
    if guild is not None and gained:
        _sync(world, guild, gained)


def _seen(world: World, guild: Guild | None) -> set[int]:
    if guild is None or world.bot.id not in guild.members:
        return set()
    channels = guild.channels.values()
    return {one.id for one in channels if world.permissions(one, world.bot) & Permission.VIEW_CHANNEL}


def _sync(world: World, guild: Guild, channel_ids: set[int]) -> None:
    """Shape and send the event (docs gateway-events#thread-list-sync)."""
    threads = [one for one in world.active_threads(guild, world.bot) if one.parent_id in channel_ids]
    data: Json = {
        "guild_id": str(guild.id),
        "channel_ids": [str(channel_id) for channel_id in sorted(channel_ids)],
        "threads": [payloads.channel(world, one) for one in threads],
        "members": joined(world, threads),
    }
    world.publish(Event("THREAD_LIST_SYNC", data, guild.id))


def joined(world: World, threads: list[Channel]) -> list[Json]:
    """Shape the bot's memberships among some threads, as every list of threads carries them."""
    bot = world.bot.id
    return [thread_payloads.member(one, one.thread, bot) for one in threads if one.thread and bot in one.thread.members]
