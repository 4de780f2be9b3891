"""Whether a card may be shown, and its buttons pressed, away from the place where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
import structlog

from discord_adapter.budget import Kind
from graph.errors import SurfaceError

if TYPE_CHECKING:
    from checkpoints.cards import Approval
    from discord_adapter.sending import Sender

log = structlog.get_logger()


class Offering:
    """Looks at who can see the place of a card.

    Args:
        sender: Makes the requests for what the client does not know.
    """

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def to(self, approval: Approval, user: discord.User | discord.Member) -> bool:
        """Whether somebody may be shown a card: who asked, who is named a decider, and who can see its channel now.

        What cannot be found out is taken for a no. Who may decide the card is another question.
        """
        if user.id == approval.requester_id or f"user:{user.id}" in approval.terms.deciders:
            return True
        try:
            return isinstance(user, discord.Member) and await self._sees(user, approval.channel_id)
        except (SurfaceError, discord.ClientException) as error:
            log.info("sight_not_known", user=user.id, channel=approval.channel_id, error=str(error))
            return False

    async def _sees(self, member: discord.Member, channel_id: int) -> bool:
        guild = member.guild
        channel = guild.get_channel_or_thread(channel_id)
        if channel is None:  # a thread that was archived
            channel = await self._sender.send(channel_id, Kind.OTHER, lambda: guild.fetch_channel(channel_id))
        permissions = channel.permissions_for(member)
        if isinstance(channel, discord.Thread) and channel.is_private() and not permissions.manage_threads:
            # Fails for whoever is not in it.
            await self._sender.send(channel_id, Kind.OTHER, lambda: channel.fetch_member(member.id))
        return permissions.view_channel
