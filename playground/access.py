"""Refuses what somebody may not do in a place: rights, archived and locked threads, slowmode."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from playground.errors import DiscordError
from playground.permissions import Permission
from playground.values import DEFAULT, REPLY

if TYPE_CHECKING:
    from playground.values import Channel, User
    from playground.world import World


def require(world: World, channel: Channel, user: User, *needed: Permission) -> None:
    """Refuse what a user may not do: 50001 without a view of the channel, else 50013."""
    bits = world.permissions(channel, user)
    if not bits & Permission.VIEW_CHANNEL:
        raise DiscordError(50001)
    if any(not bits & permission for permission in needed):
        raise DiscordError(50013)


def may(world: World, channel: Channel, user: User, permission: Permission) -> bool:
    """Tell whether a user has a right in a channel."""
    return bool(world.permissions(channel, user) & permission)


def require_active(world: World, channel: Channel, user: User) -> None:
    """Refuse a change in a thread that takes none: one that is archived, or locked against this user.

    Docs topics/threads#active--archived-threads and #locked-threads. Where nothing is a thread, nothing is refused.
    """
    require_unlocked(world, channel, user)
    require_unarchived(channel)


def require_unarchived(channel: Channel) -> None:
    """Refuse what an archived thread does not take from anybody, such as a reaction."""
    if channel.thread is not None and channel.thread.archived:
        raise DiscordError(50083)


def require_unlocked(world: World, channel: Channel, user: User) -> None:
    """Refuse what a locked thread takes from who has MANAGE_THREADS only, such as a message."""
    locked = channel.thread is not None and channel.thread.locked
    if locked and not may(world, channel, user, Permission.MANAGE_THREADS):
        raise DiscordError(160005)


def require_deletable(world: World, channel: Channel, user: User) -> None:
    """Refuse a deletion in a thread that is both archived and locked (docs topics/threads#locked-threads)."""
    if channel.thread is not None and channel.thread.archived:
        require_unlocked(world, channel, user)


def require_patience(world: World, channel: Channel, user: User) -> None:
    """Refuse a message that comes too soon in slow mode (docs resources/channel#channel-object, rate_limit_per_user).

    Bots and who has BYPASS_SLOWMODE need no patience. A deleted message counts (assumed).
    """
    said = world.messages(channel, deleted=True)
    _wait(world, channel, user, [one.at for one in said if one.author == user and one.type in (DEFAULT, REPLY)])


def require_patience_for_thread(world: World, channel: Channel, user: User) -> None:
    """Refuse a thread that comes too soon in slow mode: each user may make one in that time (same place)."""
    threads = [one.thread for one in world.threads(channel) if one.thread is not None]
    _wait(world, channel, user, [one.created_at for one in threads if one.owner_id == user.id])


def _wait(world: World, channel: Channel, user: User, acts: list[dt.datetime]) -> None:
    if not channel.slowmode or user.bot or may(world, channel, user, Permission.BYPASS_SLOWMODE):
        return
    since = world.clock.now() - dt.timedelta(seconds=channel.slowmode)
    if any(at > since for at in acts):
        raise DiscordError(20016)
