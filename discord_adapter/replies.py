"""The streaming writer: a text that grows, shown in as many messages as it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from discord_adapter.budget import Rank
from discord_adapter.content import Content
from discord_adapter.outbox import unguarded
from discord_adapter.settings import LayoutSettings
from discord_adapter.text.layout import Layout, lay_out
from graph.errors import SurfaceError, SurfaceUnreachable

if TYPE_CHECKING:
    import discord

    from checkpoints.deliveries import Delivery
    from discord_adapter.outbox import Guard, Outbox

log = structlog.get_logger()

_NOTHING = Content("")


class GrowingText:
    """One text of a turn: first words at once, then edits, in the end exactly what it is.

    What a request carries is made when it leaves, so a text that was completed while its first message waited is one
    message and no edit. Its parts are deliveries, so that a text which a former process began is continued in the same
    messages. Where a file is refused, all of it comes in messages.
    """

    def __init__(
        self,
        outbox: Outbox,
        turn_key: str,
        name: str,
        channel_id: int,
        *,
        reply_to: discord.MessageReference | None = None,
        layout: LayoutSettings | None = None,
        guard: Guard = unguarded,
    ) -> None:
        self._outbox = outbox
        self._guard = guard
        self._turn_key = turn_key
        self._name = name
        self._channel_id = channel_id
        self._reply_to = reply_to
        self._settings = layout or LayoutSettings()
        self._text = ""
        self._laid_out: tuple[str, bool, bool, Layout] | None = None
        self._finished = False
        # Whether it ended before it was whole: what may be the beginning of a secret then stays held back.
        self._cut_short = False
        # Until Discord refuses one: that takes a permission of its own.
        self._with_files = True
        self._deliveries: list[Delivery] = []
        self._shown: list[Content] = []
        # Whether there can be messages that the text no longer needs: a former process's, or some of our own.
        self._surplus = False

    def add(self, text: str) -> None:
        """Let it grow."""
        self._text += text

    def set(self, text: str) -> None:
        """Replace the whole of it; what is shown of it stays until there is something else to show."""
        self._text = text

    def finish(self, text: str | None = None) -> None:
        """Say that it is complete, and what it is; without a text it stays as it is."""
        self._cut_short = text is None and (self._cut_short or not self._finished)
        self._text = self._text if text is None else text
        self._finished = True
        self._outbox.look_again()

    async def show(self, *, settled: bool = False) -> None:
        """Show what there is by now.

        Args:
            settled: Whether the text is in a checkpoint, so that no later run can bring another one.

        Raises:
            SurfaceError: Discord does not take it.
        """
        if not self._seen.strip():
            return
        index = 0
        # It grows while its parts are shown: there can be more of them in the end than there were at first.
        while index < len(self._layout.parts):
            await self._show_part(index, settled=settled)
            index += 1
        if settled and (self._surplus or index < len(self._deliveries)):
            await self._remove_surplus(index)
            self._surplus = False

    async def _show_part(self, index: int, *, settled: bool) -> None:
        if index == len(self._deliveries):
            part = f"{self._name}:{index}"
            begins = self._content(index).text
            self._deliveries.append(await self._outbox.plan(self._turn_key, part, self._channel_id, begins))
            self._shown.append(_NOTHING)
            self._surplus |= self._deliveries[0].known
        delivery = self._deliveries[index]
        content = self._content(index)
        if delivery.final or not content.text.strip():
            return
        if self._shown[index] != content:
            try:
                delivery, self._shown[index] = await self._send(index, final=settled)
            except SurfaceUnreachable:
                raise
            except SurfaceError as error:
                if not self._content(index).files:
                    raise
                log.warning("files_not_shown", turn=self._turn_key, error=str(error))
                self._with_files = False
                delivery, self._shown[index] = await self._send(index, final=settled)
        elif settled:
            delivery = await self._outbox.finish(delivery)
        self._deliveries[index] = delivery

    async def _send(self, index: int, *, final: bool) -> tuple[Delivery, Content]:
        return await self._outbox.show(
            self._deliveries[index],
            lambda: self._content(index),
            final=final,
            rank=lambda: self._rank(index),
            reply_to=self._reply_to if index == 0 else None,
            guard=self._guard,
            grows=True,
        )

    def _rank(self, index: int) -> Rank:
        if self._finished:
            return Rank.FINAL
        return Rank.FIRST if self._deliveries[index].message_id is None else Rank.EDIT

    @property
    def _seen(self) -> str:
        """What people may see of the text: no secret, and no end that may become one."""
        redact = self._outbox.redact
        whole = self._finished and not self._cut_short
        return redact(self._text) if whole else redact.growing(self._text)

    @property
    def _layout(self) -> Layout:
        now = (self._text, self._finished, self._with_files)
        if self._laid_out is None or self._laid_out[:3] != now:
            layout = lay_out(self._seen, self._settings, complete=self._finished, with_files=self._with_files)
            self._laid_out = (*now, layout)
        return self._laid_out[3]

    def _content(self, index: int) -> Content:
        """What a part shows now; of a text that has become shorter, what the part showed before."""
        layout = self._layout
        if index >= len(layout.parts):
            return self._shown[index]
        last = index == len(layout.parts) - 1
        files = tuple((file.name, file.content) for file in layout.files) if last else ()
        return Content(layout.parts[index], files)

    async def _remove_surplus(self, count: int) -> None:
        """Take away messages that a longer, abandoned version of the text had needed, also a former process's.

        Not before the text is settled: a later run could bring a longer one again, and need them.
        """
        for delivery in await self._outbox.planned(self._turn_key):
            name, _, index = delivery.part.rpartition(":")
            if name == self._name and int(index) >= count and not delivery.final:
                known = await self._outbox.find_abandoned(delivery)
                await self._outbox.delete(known)
                await self._outbox.finish(known)
        del self._deliveries[count:], self._shown[count:]
