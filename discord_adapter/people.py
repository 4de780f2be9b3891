"""Who somebody is at this moment, as far as decisions go: the id, the roles held now, and whether it is a bot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord

from discord_adapter.budget import Kind
from graph.deciding import Person

if TYPE_CHECKING:
    from discord_adapter.sending import Sender


def person_of(user: discord.Member | discord.User) -> Person:
    """The person that an event tells of; `@everyone` counts among the roles, with the server's id."""
    roles = user.roles if isinstance(user, discord.Member) else ()
    return Person(user.id, frozenset(role.id for role in roles), bot=user.bot)


def may_manage_messages(client: discord.Client, channel_id: int, member: discord.Member | None = None) -> bool:
    """Whether a member, or we ourselves, may manage the messages of a server's channel, as far as is known here."""
    channel = client.get_channel(channel_id)
    if not isinstance(channel, discord.abc.GuildChannel | discord.Thread):
        return False
    return channel.permissions_for(member or channel.guild.me).manage_messages


class People:
    """Asks Discord who somebody is now, where an event does not tell.

    Args:
        client: Logged in.
        sender: Makes the requests.
    """

    def __init__(self, client: discord.Client, sender: Sender) -> None:
        self._client = client
        self._sender = sender

    async def find(self, guild_id: int | None, user_id: int) -> Person | None:
        """A person as a member of a server now; None for one who is not there any more.

        Args:
            guild_id: The server; None in a direct message, where nobody has roles.
            user_id: The person.

        Raises:
            SurfaceError: Discord does not tell.
        """
        if guild_id is None:
            return Person(user_id)

        async def member() -> Person | None:
            try:
                found = await self._client.http.get_member(guild_id, user_id)
            except discord.NotFound:
                return None
            roles = frozenset({guild_id, *map(int, found["roles"])})
            return Person(user_id, roles, bot=found["user"].get("bot", False))

        return await self._sender.send(0, Kind.OTHER, member)
