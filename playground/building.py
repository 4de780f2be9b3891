"""Builds and rebuilds a world: guilds, channels, roles, members and what they may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground import payloads
from playground.kinds import GUILD_ANNOUNCEMENT, GUILD_FORUM, GUILD_MEDIA, USER_JOIN
from playground.parts import Forum, Sticker, Tag
from playground.permissions import DEFAULT_PERMISSIONS, Permission
from playground.system import announce
from playground.thread_sync import access_kept_in_sync
from playground.values import GUILD_TEXT, Channel, Event, Guild, Json, Member, Overwrite, Role, User
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

    def add_channel(self, guild: Guild, name: str, *, topic: str | None = None, news: bool = False) -> Channel:
        """Make a text channel, or an announcement channel where it is for news."""
        kind = GUILD_ANNOUNCEMENT if news else GUILD_TEXT
        return self._add_channel(guild, Channel(self.snowflakes.next(), name, kind, topic=topic))

    def add_forum(
        self,
        guild: Guild,
        name: str,
        *,
        tags: Iterable[str | Tag] = (),
        tag_required: bool = False,
        media: bool = False,
    ) -> Channel:
        """Make a forum, or a media channel, which differs only in how clients show it.

        Args:
            guild: Where.
            name: Its name.
            tags: Names of the tags that posts can have, or tags as such.
            tag_required: Whether every post needs one.
            media: Whether it is a media channel.
        """
        made = [one if isinstance(one, Tag) else Tag(self.snowflakes.next(), one) for one in tags]
        kind = GUILD_MEDIA if media else GUILD_FORUM
        return self._add_channel(guild, Channel(self.snowflakes.next(), name, kind, forum=Forum(made, tag_required)))

    def _add_channel(self, guild: Guild, channel: Channel) -> Channel:
        channel.guild_id, channel.position = guild.id, len(guild.channels)
        guild.channels[channel.id] = self.channels[channel.id] = channel
        self.tell_channel("CHANNEL_CREATE", channel)
        return channel

    def slow_down(self, channel: Channel, seconds: int) -> None:
        """Set how long people have to wait between two messages of theirs (in a forum: between two posts)."""
        channel.slowmode = seconds
        self.tell_channel("CHANNEL_UPDATE", channel)

    def welcome_in(self, guild: Guild, channel: Channel | None) -> None:
        """Let a guild's joins be told in a channel by a message of the system, or nowhere."""
        guild.system_channel_id = None if channel is None else channel.id
        self.publish(Event("GUILD_UPDATE", payloads.guild(guild), guild.id))

    def add_sticker(self, guild: Guild, name: str) -> Sticker:
        """Make a sticker of a guild; the event GUILD_STICKERS_UPDATE is not sent."""
        sticker = Sticker(self.snowflakes.next(), name, guild.id)
        guild.stickers[sticker.id] = sticker
        return sticker

    def add_role(self, guild: Guild, name: str, *, permissions: int = 0, mentionable: bool = False) -> Role:
        """Make a role."""
        role = Role(self.snowflakes.next(), name, int(permissions), len(guild.roles), mentionable)
        guild.roles[role.id] = role
        self.tell_role("GUILD_ROLE_CREATE", guild, role)
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
        known = guild.members.get(user.id)
        member = known or Member(user, [], self.clock.now())
        with access_kept_in_sync(self, guild):
            guild.members[user.id] = member
            member.role_ids.extend(one for one in role_ids if one not in member.role_ids)
            self.tell_member(guild, member, new=known is None)
        if known is None and guild.system_channel_id is not None:
            announce(self, self.channels[guild.system_channel_id], user, USER_JOIN)
        return member

    def overwrite(self, channel: Channel, target: Role | User, *, allow: int = 0, deny: int = 0) -> None:
        """Let a channel allow or deny something to a role or a member."""
        is_member = isinstance(target, User)
        with access_kept_in_sync(self, self.guild_of(channel)):
            channel.overwrites[target.id] = Overwrite(target.id, is_member, int(allow), int(deny))
            self.tell_channel("CHANNEL_UPDATE", channel)

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
        """Delete a guild's channel with all that stands in it, threads included (of which no event tells; assumed)."""
        self.tell_channel("CHANNEL_DELETE", channel)
        self.forget_channel(channel)

    def tell_member(self, guild: Guild, member: Member, *, new: bool = False) -> None:
        """Send that somebody joined, or what became of a member."""
        name = "GUILD_MEMBER_ADD" if new else "GUILD_MEMBER_UPDATE"
        self.publish(Event(name, payloads.member(member) | {"guild_id": str(guild.id)}, guild.id))

    def tell_channel(self, name: str, channel: Channel) -> None:
        """Send an event that carries a channel."""
        self.publish(Event(name, payloads.channel(self, channel), channel.guild_id, channel.id))

    def tell_role(self, name: str, guild: Guild, role: Role) -> None:
        """Send an event that carries a role."""
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
