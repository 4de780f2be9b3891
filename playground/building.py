"""Builds and rebuilds a world: guilds, channels, roles, members and what they may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground import payloads
from playground.permissions import DEFAULT_PERMISSIONS, Permission
from playground.values import Channel, Event, Guild, Json, Member, Overwrite, Role, User
from playground.world import World

if TYPE_CHECKING:
    from collections.abc import Iterable


class Builder(World):
    """A world whose places can be changed; the bot is told as Discord tells it."""

    def add_guild(self, name: str, owner: User) -> Guild:
        """Make a guild with its owner and the bot as members."""
        guild_id = self.snowflakes.next()
        everyone = Role(guild_id, "@everyone", DEFAULT_PERMISSIONS)
        guild = Guild(guild_id, name, owner.id, {guild_id: everyone}, {}, {})
        self.guilds[guild_id] = guild
        now = self.clock.now()
        for user in (owner, self.bot):
            guild.members[user.id] = Member(user, [], now)
        # The gateway shapes it anew for each session, since its members depend on intents.
        self.publish(Event("GUILD_CREATE", {"id": str(guild_id)}, guild_id))
        return guild

    def add_channel(self, guild: Guild, name: str, *, topic: str | None = None) -> Channel:
        """Make a text channel."""
        position = len(guild.channels)
        channel = Channel(self.snowflakes.next(), name, guild_id=guild.id, position=position, topic=topic)
        guild.channels[channel.id] = self.channels[channel.id] = channel
        self._tell_channel("CHANNEL_CREATE", channel)
        return channel

    def add_role(self, guild: Guild, name: str, *, permissions: int = 0, mentionable: bool = False) -> Role:
        """Make a role."""
        role = Role(self.snowflakes.next(), name, int(permissions), len(guild.roles), mentionable)
        guild.roles[role.id] = role
        self._tell_role("GUILD_ROLE_CREATE", guild, role)
        return role

    def add_member(self, guild: Guild, user: User, *, permissions: int = 0, roles: Iterable[Role] = ()) -> Member:
        """Let a user join a guild, or give a member more.

        Args:
            guild: The guild.
            user: The user.
            permissions: Bits given through a role of the user's own, beside what @everyone has.
            roles: Roles that exist already.
        """
        role_ids = [role.id for role in roles]
        if permissions:
            role_ids.append(self.add_role(guild, f"{user.name}'s role", permissions=permissions).id)
        member = guild.members.get(user.id)
        name = "GUILD_MEMBER_ADD" if member is None else "GUILD_MEMBER_UPDATE"
        if member is None:
            member = guild.members[user.id] = Member(user, [], self.clock.now())
        member.role_ids.extend(role_ids)
        self.publish(Event(name, payloads.member(member) | {"guild_id": str(guild.id)}, guild.id))
        return member

    def overwrite(self, channel: Channel, target: Role | User, *, allow: int = 0, deny: int = 0) -> None:
        """Let a channel allow or deny something to a role or a member."""
        is_member = isinstance(target, User)
        channel.overwrites[target.id] = Overwrite(target.id, is_member, int(allow), int(deny))
        self._tell_channel("CHANNEL_UPDATE", channel)

    def everyone(self, guild: Guild) -> Role:
        """Give a guild's @everyone role."""
        return guild.roles[guild.id]

    def close_dms(self, user: User) -> None:
        """Let a user take no direct messages from the bot any more."""
        self.closed_dms.add(user.id)

    def remove_member(self, guild: Guild, user: User) -> None:
        """Let a member leave; when it is the bot, the guild is gone for it."""
        member = guild.members.pop(user.id)
        if user == self.bot:
            data: Json = {"id": str(guild.id)}
            self.publish(Event("GUILD_DELETE", data, guild.id))
            return
        left: Json = {"guild_id": str(guild.id), "user": payloads.user(member.user)}
        self.publish(Event("GUILD_MEMBER_REMOVE", left, guild.id))

    def delete_channel(self, channel: Channel) -> None:
        """Delete a guild's channel with all that stands in it."""
        guild = self.guild_of(channel)
        if guild is not None:
            del guild.channels[channel.id]
        self._tell_channel("CHANNEL_DELETE", channel)
        del self.channels[channel.id]

    def _tell_channel(self, name: str, channel: Channel) -> None:
        self.publish(Event(name, payloads.channel(self, channel), channel.guild_id, channel.id))

    def _tell_role(self, name: str, guild: Guild, role: Role) -> None:
        data: Json = {"guild_id": str(guild.id), "role": payloads.role(role)}
        self.publish(Event(name, data, guild.id))


def furnish(world: Builder) -> None:
    """Build the world that is there from the start: the guild Harbour, two channels, three people and the bot."""
    alice, bob, carol = (world.add_user(name) for name in ("alice", "bob", "carol"))
    harbour = world.add_guild("Harbour", owner=alice)
    world.add_channel(harbour, "general")
    world.add_channel(harbour, "lab")
    # Alice owns the guild; her role shows what an interaction tells of her permissions.
    world.add_member(harbour, alice, permissions=Permission.MANAGE_GUILD)
    world.add_member(harbour, bob)
    world.add_member(harbour, carol)
