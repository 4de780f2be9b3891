"""Reactions below messages: ours for a person to click, and those of people, which are read and taken off."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import discord
import structlog

from discord_adapter.budget import Kind
from discord_adapter.people import may_manage_messages
from discord_adapter.sending import Forbidden, unless_gone
from graph.errors import PlaceGone, SurfaceError, SurfaceUnreachable

if TYPE_CHECKING:
    from checkpoints.deliveries import Delivery
    from discord_adapter.sending import Sender

log = structlog.get_logger()

# People who reacted that Discord tells of in one answer (its documentation, "Get Reactions").
_PAGE = 100


class Reacting:
    """Adds, takes off and reads reactions.

    Args:
        client: Logged in.
        sender: Makes the requests.
    """

    def __init__(self, client: discord.Client, sender: Sender) -> None:
        self._client = client
        self._sender = sender

    async def offer(self, delivery: Delivery, *emoji: str) -> bool:
        """Put reactions on a message of ours for a person to click; where we may not, they can add their own.

        Returns:
            Whether we may add reactions there.

        Raises:
            SurfaceUnreachable: Discord cannot be reached for now.
            PlaceGone: The channel is not there any more.
        """
        if delivery.message_id is None:
            return True
        try:
            for one in emoji:
                with unless_gone(delivery.channel_id, delivery.message_id):
                    await self.mark(delivery.channel_id, delivery.message_id, one)
        except (SurfaceUnreachable, PlaceGone):
            raise
        except SurfaceError as error:
            log.warning("reactions_not_added", turn=delivery.turn_key, error=str(error))
            return not isinstance(error, Forbidden)
        return True

    async def mark(self, channel_id: int, message_id: int, emoji: str) -> None:
        """Add a reaction of ours to a message.

        Raises:
            SurfaceError: Discord does not take it, or the message is gone.
        """
        message = self._message(channel_id, message_id)
        await self._sender.send(channel_id, Kind.REACT, partial(message.add_reaction, emoji))

    async def take_off(self, channel_id: int, message_id: int, emoji: str, user_id: int) -> bool:
        """Take somebody's reaction off a message, where we may: refusals of Discord count against us.

        Returns:
            Whether it is off.
        """
        if not may_manage_messages(self._client, channel_id):
            return False
        message, person = self._message(channel_id, message_id), discord.Object(user_id)
        try:
            await self._sender.send(channel_id, Kind.REACT, lambda: message.remove_reaction(emoji, person))
        except SurfaceError as error:
            log.info("reaction_not_removed", message=message_id, error=str(error))
            return False
        return True

    async def people(self, delivery: Delivery, *emoji: str) -> dict[str, set[int]]:
        """The people who reacted to a message in these ways, bots left out.

        Raises:
            Gone: The message was deleted.
            SurfaceError: Discord does not tell.
        """
        found: dict[str, set[int]] = {one: set() for one in emoji}
        if delivery.message_id is None:
            return found
        message = await self._sender.send(
            delivery.channel_id, Kind.OTHER, self._message(delivery.channel_id, delivery.message_id).fetch
        )
        for reaction in message.reactions:
            if str(reaction.emoji) in found and reaction.count > reaction.me:
                found[str(reaction.emoji)] = await self._who_reacted(reaction)
        return found

    async def _who_reacted(self, reaction: discord.Reaction) -> set[int]:
        """The people who reacted with an emoji, with a super reaction as well.

        Discord tells of one kind at a time (resources/message).
        """
        kinds = {discord.ReactionType.normal: reaction.normal_count, discord.ReactionType.burst: reaction.burst_count}
        people: set[int] = set()
        for kind, count in kinds.items():
            if count:
                every = partial(self._every, reaction.message, str(reaction.emoji), kind)
                people |= await self._sender.send(reaction.message.channel.id, Kind.OTHER, every)
        return people

    async def _every(self, message: discord.Message, emoji: str, kind: discord.ReactionType) -> set[int]:
        """Everybody, page after page until one is not full.

        discord.py ends at the number that the message had when it was read: where somebody has reacted since, another
        one would be left out.
        """
        people, after = set[int](), None
        while True:
            page = await self._client.http.get_reaction_users(
                message.channel.id, message.id, emoji, _PAGE, after=after, type=kind.value
            )
            people |= {int(user["id"]) for user in page if not user.get("bot")}
            if len(page) < _PAGE:
                return people
            after = int(page[-1]["id"])

    def _message(self, channel_id: int, message_id: int) -> discord.PartialMessage:
        return self._client.get_partial_messageable(channel_id).get_partial_message(message_id)
