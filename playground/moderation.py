"""The acts of who runs a guild: rights by channel and role, roles of members, and timeouts."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

from playground.building import Builder
from playground.thread_sync import access_kept_in_sync
from playground.values import Overwrite, User

if TYPE_CHECKING:
    from playground.permissions import Permission
    from playground.values import Channel, Guild, Role


class Moderation(Builder):
    """A world whose rights can be changed while the bot looks on; every change is told as Discord tells it."""

    def allow(self, channel: Channel, target: Role | User, *permissions: Permission) -> None:
        """Let a channel allow something to a role or a member, beside what it says already."""
        bits = sum(permissions)
        old = self._overwrite(channel, target)
        self.overwrite(channel, target, allow=old.allow | bits, deny=old.deny & ~bits)

    def deny(self, channel: Channel, target: Role | User, *permissions: Permission) -> None:
        """Let a channel deny something to a role or a member, beside what it says already."""
        bits = sum(permissions)
        old = self._overwrite(channel, target)
        self.overwrite(channel, target, allow=old.allow & ~bits, deny=old.deny | bits)

    def clear_overwrite(self, channel: Channel, target: Role | User) -> None:
        """Let a channel say nothing about a role or a member any more."""
        with access_kept_in_sync(self, self.guild_of(channel)):
            channel.overwrites.pop(target.id, None)
            self.tell_channel("CHANNEL_UPDATE", channel)

    def _overwrite(self, channel: Channel, target: Role | User) -> Overwrite:
        nothing = Overwrite(target.id, isinstance(target, User), 0, 0)
        return channel.overwrites.get(target.id, nothing)

    def set_permissions(self, guild: Guild, role: Role, permissions: int) -> Role:
        """Change what a role may do in the whole guild; give the role as it is now."""
        changed = replace(role, permissions=int(permissions))
        with access_kept_in_sync(self, guild):
            guild.roles[role.id] = changed
            self.tell_role("GUILD_ROLE_UPDATE", guild, changed)
        return changed

    def give_role(self, guild: Guild, user: User, role: Role) -> None:
        """Give a member a role."""
        self.add_member(guild, user, roles=[role])

    def take_role(self, guild: Guild, user: User, role: Role) -> None:
        """Take a role from a member."""
        member = guild.members[user.id]
        with access_kept_in_sync(self, guild):
            member.role_ids.remove(role.id)
            self.tell_member(guild, member)

    def time_out(self, guild: Guild, user: User, seconds: float = 60.0) -> None:
        """Time a member out, who can then only read; 0 ends it (docs topics/permissions, timed out members)."""
        member = guild.members[user.id]
        until = self.clock.now() + dt.timedelta(seconds=seconds)
        member.muted_until = until if seconds else None
        self.tell_member(guild, member)
