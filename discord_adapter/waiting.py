"""Messages whose turn has not begun: what became of them while we were away."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import discord
import structlog

from checkpoints.keys import TERMINAL, turn_key
from discord_adapter.budget import Kind, Rank
from discord_adapter.sending import Gone
from graph.errors import SurfaceError, SurfaceUnreachable
from graph.turn import Turn

if TYPE_CHECKING:
    from checkpoints.inbox import Inbox
    from discord_adapter.access import Access
    from discord_adapter.client import ClewClient
    from discord_adapter.sending import Sender

log = structlog.get_logger()

# Messages of one channel that are read at a time (Discord's documentation, "Get Channel Messages").
_PAGE = 100


class Amending(Protocol):
    """Takes it that a turn that waits is another one, or none."""

    async def amend(self, turn: Turn) -> None:
        """Take a turn as it is now, unless it has begun."""
        ...

    async def withdraw(self, key: str) -> None:
        """Leave a turn alone that has not begun."""
        ...


class Waiting:
    """Looks at the messages of turns that wait, before these are gone on with.

    It is asked before the gateway tells of any guild, so it goes by what the rows say about where a message is.

    Args:
        client: Logged in.
        inbox: Has the rows.
        sender: Makes the requests.
        turns: Takes what became of them.
        access: Says what a message asks for, as for an edit that comes just now.
    """

    def __init__(self, client: ClewClient, inbox: Inbox, sender: Sender, turns: Amending, access: Access) -> None:
        self._client = client
        self._edits = client.edits
        self._inbox = inbox
        self._sender = sender
        self._turns = turns
        self._access = access

    async def look(self) -> None:
        """Withdraw the turns whose messages were deleted, and take edited ones as they are now."""
        channels: defaultdict[int, dict[int, Turn]] = defaultdict(dict)
        for row in await self._inbox.waiting():
            turn = Turn.from_payload(row.payload)
            # A command is no message, and who asks again asks for what was said then.
            if turn.message_id and row.key == turn_key("message", turn.message_id) and row.conversation != TERMINAL:
                channels[turn.channel_id][turn.message_id] = turn
        for channel_id, turns in channels.items():
            try:
                with self._edits.handled(list(turns)):
                    await self._look_in(turns)
            except SurfaceError as error:
                # They are answered as they were: nobody else waits for a channel that cannot be read.
                log.warning("waiting_messages_not_read", channel=channel_id, error=str(error))

    async def _look_in(self, turns: dict[int, Turn]) -> None:
        while turns:
            page = await self._page(turns[min(turns)])
            there = {message.id: message for message in page}
            last = page[-1].id if len(page) == _PAGE else max(turns)
            for message_id in sorted(one for one in turns if one <= last):
                turn = turns.pop(message_id)
                await self._look_at(turn, there.get(message_id) or await self._fetched(turn))

    def _channel(self, turn: Turn) -> discord.PartialMessageable:
        return self._client.get_partial_messageable(turn.channel_id, guild_id=turn.conversation.guild_id)

    async def _page(self, first: Turn) -> list[discord.Message]:
        """The messages of a channel from that of a turn on."""
        channel = self._channel(first)
        after = discord.Object((first.message_id or 0) - 1)

        async def request() -> list[discord.Message]:
            history = channel.history(limit=_PAGE, after=after, oldest_first=True)
            return [message async for message in history]

        return await self._sender.send(first.channel_id, Kind.OTHER, request, lambda: Rank.FIRST)

    async def _fetched(self, turn: Turn) -> discord.Message | None:
        """The message of a turn that no list has; None when it was deleted.

        Without Read Message History a list is empty and no error (Discord's documentation, "Get Channel Messages"), so
        it alone does not say that a message is gone.

        Raises:
            SurfaceError: Discord does not tell.
        """
        message = self._channel(turn).get_partial_message(turn.message_id or 0)
        try:
            return await self._sender.send(turn.channel_id, Kind.OTHER, message.fetch, lambda: Rank.FIRST)
        except Gone:
            return None

    async def _look_at(self, turn: Turn, message: discord.Message | None) -> None:
        if message is None:
            await self._turns.withdraw(turn.key)
        elif message.edited_at is not None and self._client.user is not None:
            try:
                edited = await self._access.turn_of(message, self._client.user)
            except SurfaceUnreachable as error:
                log.warning("edit_not_taken", turn=turn.key, error=str(error))
                return
            # One that was told of since this one was read has the last word.
            if edited is not None and self._edits.counts(message):
                self._edits.note(message)
                # The row knows the channel above a thread; here that is known only once the gateway has told.
                here = replace(edited, conversation=turn.conversation, parent_id=turn.parent_id)
                await self._turns.amend(here)
