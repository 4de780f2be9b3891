"""The streaming writer: a text that grows, shown in as many messages as it takes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from discord_adapter.splitting import MESSAGE_LIMIT, closed, split

if TYPE_CHECKING:
    import discord

    from checkpoints.deliveries import Delivery
    from discord_adapter.outbox import Outbox


class GrowingText:
    """One text of a turn: first words at once, then edits, in the end exactly what it is.

    Its parts are deliveries, so that a text which a former process began is continued in the same messages.
    """

    def __init__(
        self, outbox: Outbox, turn_key: str, name: str, channel_id: int, reply_to: discord.MessageReference | None
    ) -> None:
        self._outbox = outbox
        self._turn_key = turn_key
        self._name = name
        self._channel_id = channel_id
        self._reply_to = reply_to
        self._text = ""
        self._finished = asyncio.Event()
        self._deliveries: list[Delivery] = []
        self._shown: list[str] = []
        self._tidy = False

    def add(self, text: str) -> None:
        """Let it grow."""
        self._text += text

    def set(self, text: str) -> None:
        """Replace the whole of it."""
        self._text = text

    def finish(self, text: str | None = None) -> None:
        """Say that it is complete, and what it is; without a text it stays as it is."""
        self._text = self._text if text is None else text
        self._finished.set()

    async def show(self, *, settled: bool = False) -> None:
        """Show what there is by now.

        Args:
            settled: Whether the text is in a checkpoint, so that no later run can bring another one.

        Raises:
            SurfaceError: Discord does not take it.
        """
        if not self._text.strip():
            return
        if self._deliveries:
            await self._outbox.pace(self._channel_id, self._finished)
        finished = self._finished.is_set()
        parts = split(self._text)
        if not finished and len(shown := closed(parts[-1])) <= MESSAGE_LIMIT:
            parts[-1] = shown
        for index, part in enumerate(parts):
            await self._show_part(index, part, settled=settled)
        if settled and not self._tidy:
            await self._remove_surplus(len(parts))
            self._tidy = True

    async def _show_part(self, index: int, content: str, *, settled: bool) -> None:
        if index == len(self._deliveries):
            part = f"{self._name}:{index}"
            self._deliveries.append(await self._outbox.plan(self._turn_key, part, self._channel_id))
            self._shown.append("")
        delivery = self._deliveries[index]
        if delivery.final or not content.strip():
            return
        if self._shown[index] != content:
            reply_to = self._reply_to if index == 0 else None
            delivery = await self._outbox.show(delivery, content, final=settled, reply_to=reply_to)
            self._shown[index] = content
        elif settled:
            delivery = await self._outbox.finish(delivery)
        self._deliveries[index] = delivery

    async def _remove_surplus(self, count: int) -> None:
        """Take away messages that a longer, abandoned version of the text had needed, also a former process's.

        Not before the text is settled: a later run could bring a longer one again, and need them.
        """
        for delivery in await self._outbox.planned(self._turn_key):
            name, _, index = delivery.part.rpartition(":")
            if name == self._name and int(index) >= count and not delivery.final:
                await self._outbox.delete(delivery)
                await self._outbox.finish(delivery)
        del self._deliveries[count:], self._shown[count:]
