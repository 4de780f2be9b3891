"""What the model is given to read of a turn: what was said before, what is referred to, the words and the files."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
        text = "\n\n".join(part for part in (before, turn.quoted, turn.text) if part)
        if not turn.attached:
            return Input(text)
        read = await self._attachments.read(turn.attached)
        return Input([{"type": "text", "text": text}, *read.blocks], " ".join(read.notices) or None)
