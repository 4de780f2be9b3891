"""What people write in reply to a message of ours, as it comes and as it stands in the channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import discord

from discord_adapter.budget import Kind
from discord_adapter.intake import words_of

if TYPE_CHECKING:
    from discord_adapter.sending import Sender

# Messages of the channel that are looked at: two requests, as for what was missed.
_LOOKED_AT = 200

# Characters of the words that are kept; a card shows the beginning of them as the reason of a refusal.
_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Reply:
    """What a person wrote in reply to a message.

    Attributes:
        message_id: The reply.
        answers: The message that it answers.
        author_id: Who wrote it.
        words: What; empty where it has none.
    """

    message_id: int
    answers: int
    author_id: int
    words: str


def reply_of(message: discord.Message, me: discord.abc.User) -> Reply | None:
    """A message as a reply; None for one that answers none, is forwarded, or was written by a program.

    Args:
        message: The message.
        me: Who we are.
    """
    reference = message.reference
    if reference is None or reference.message_id is None or reference.type is not discord.MessageReferenceType.reply:
        return None
    if message.author.bot or message.webhook_id is not None:
        return None
    return Reply(message.id, reference.message_id, message.author.id, words_of(message, me)[:_LONGEST])


class Written:
    """Reads channels for replies.

    Args:
        client: Logged in.
        sender: Makes the requests.
    """

    def __init__(self, client: discord.Client, sender: Sender) -> None:
        self._client = client
        self._sender = sender

    async def to(self, channel_id: int, message_id: int, guild_id: int | None) -> list[Reply]:
        """What people wrote in reply to a message, the first one first, among the newest messages of its channel.

        Raises:
            SurfaceError: Discord does not tell.
        """
        me = self._client.user
        if me is None:
            return []
        channel = self._client.get_partial_messageable(channel_id, guild_id=guild_id)

        async def request() -> list[discord.Message]:
            since: list[discord.Message] = []
            async for message in channel.history(limit=_LOOKED_AT):
                if message.id <= message_id:
                    break
                since.append(message)
            return since

        since = await self._sender.send(channel_id, Kind.OTHER, request)
        replies = [reply for message in reversed(since) if (reply := reply_of(message, me))]
        return [reply for reply in replies if reply.answers == message_id]
