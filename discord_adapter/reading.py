"""What the model is given to read of a turn: what was said before, what is referred to, the words and the files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graph.foreign import file_block, quoted_block
from graph.turn import Input

if TYPE_CHECKING:
    from discord_adapter.files.attachments import Attachments
    from discord_adapter.overheard import Overheard
    from graph.turn import Turn


class Reader:
    """Reads turns."""

    def __init__(self, overheard: Overheard, attachments: Attachments) -> None:
        self._overheard = overheard
        self._attachments = attachments

    async def read(self, turn: Turn, after: int | None) -> Input:
        """What a turn says, with its context.

        Args:
            turn: The turn.
            after: The message that the turn before it in the thread came from; None at the beginning.
        """
        before = await self._overheard.before(turn, after)
        notice = self._overheard.notice(turn)
        quotes = "\n\n".join(part for part in (before, turn.quoted) if part)
        if not (quotes or turn.attached):
            return Input(turn.text, notice)
        content = [*([quoted_block(quotes)] if quotes else ()), {"type": "text", "text": turn.text}]
        if not turn.attached:
            return Input(content, notice)
        read = await self._attachments.read(turn.attached)
        notices = [*([notice] if notice else ()), *read.notices]
        return Input([*content, *map(file_block, read.blocks)], " ".join(notices) or None)
