"""Says what a member may do: Discord's permission bits and the order in which they are worked out."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from playground.kinds import PRIVATE_THREAD

if TYPE_CHECKING:
    from playground.values import Channel, Guild


class Permission(enum.IntFlag):
    """Discord's bits (docs topics/permissions#permissions-bitwise-permission-flags); those we act upon or show."""

    KICK_MEMBERS = 1 << 1
    BAN_MEMBERS = 1 << 2
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    CHANGE_NICKNAME = 1 << 26
    MANAGE_ROLES = 1 << 28
    MANAGE_WEBHOOKS = 1 << 29
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_EVENTS = 1 << 33
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38
    MODERATE_MEMBERS = 1 << 40
    CREATE_EVENTS = 1 << 44
    SEND_POLLS = 1 << 49
    PIN_MESSAGES = 1 << 51
    BYPASS_SLOWMODE = 1 << 52


# Bits 0 to 52 are given out (docs topics/permissions); 47 is not.
ALL_PERMISSIONS = (1 << 53) - 1 - (1 << 47)

# What @everyone may do in a new guild without any change (assumed: Discord's own defaults, less voice).
DEFAULT_PERMISSIONS = int(
    Permission.ADD_REACTIONS
    | Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.USE_EXTERNAL_EMOJIS
    | Permission.CHANGE_NICKNAME
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.CREATE_PUBLIC_THREADS
    | Permission.CREATE_PRIVATE_THREADS
    | Permission.SEND_MESSAGES_IN_THREADS
    | Permission.SEND_POLLS
)

# Both sides of a direct message may do this; there are no roles there (assumed from what discord.py's
# `Permissions._dm_permissions` says of DM channels).
DM_PERMISSIONS = int(
    Permission.ADD_REACTIONS
    | Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.MENTION_EVERYONE
    | Permission.USE_EXTERNAL_EMOJIS
    | Permission.PIN_MESSAGES
)

# What a timed out member keeps (docs topics/permissions#permissions-for-timed-out-members).
MUTED_PERMISSIONS = int(Permission.VIEW_CHANNEL | Permission.READ_MESSAGE_HISTORY)


def guild_permissions(guild: Guild, user_id: int) -> int:
    """Work out what somebody may do in a guild before any channel says otherwise (docs topics/permissions).

    Returns:
        The bits; 0 for somebody who is not a member.
    """
    member = guild.members.get(user_id)
    if member is None:
        return 0
    if user_id == guild.owner_id:
        return ALL_PERMISSIONS
    bits = guild.roles[guild.id].permissions
    for role_id in member.role_ids:
        bits |= guild.roles[role_id].permissions
    return ALL_PERMISSIONS if bits & Permission.ADMINISTRATOR else bits


def channel_permissions(guild: Guild | None, channel: Channel, user_id: int) -> int:
    """Work out what somebody may do in a channel (docs topics/permissions#permission-overwrites).

    The overwrite of @everyone comes first, then those of the roles together, then that of the member. A thread
    has those of the channel it is in (docs: inherited permissions); a private one is there for its members and
    for who has MANAGE_THREADS only.

    Returns:
        The bits; 0 for somebody who has no access at all.
    """
    if guild is None:
        return DM_PERMISSIONS if user_id in channel.recipient_ids else 0
    if channel.thread is not None:
        bits = channel_permissions(guild, guild.channels[channel.parent_id or 0], user_id)
        hidden = channel.type == PRIVATE_THREAD and user_id not in channel.thread.members
        return 0 if hidden and not bits & Permission.MANAGE_THREADS else bits
    bits = guild_permissions(guild, user_id)
    if bits & Permission.ADMINISTRATOR or user_id not in guild.members:
        return bits
    bits = _overwritten(bits, channel, [guild.id])
    bits = _overwritten(bits, channel, guild.members[user_id].role_ids)
    bits = _overwritten(bits, channel, [user_id])
    # Without the right to see a channel no other right in it holds (docs: implicit permissions).
    return bits if bits & Permission.VIEW_CHANNEL else 0


def to_talk(channel: Channel) -> Permission:
    """Give the right that sending a message takes; in a forum, that making a post takes (docs topics/threads)."""
    return Permission.SEND_MESSAGES if channel.thread is None else Permission.SEND_MESSAGES_IN_THREADS


def _overwritten(bits: int, channel: Channel, ids: list[int]) -> int:
    allow = deny = 0
    for target_id in ids:
        overwrite = channel.overwrites.get(target_id)
        if overwrite is not None:
            allow |= overwrite.allow
            deny |= overwrite.deny
    return (bits & ~deny) | allow
