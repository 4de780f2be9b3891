"""What the model is given to read of a turn: what was said before, what is referred to, the words and the files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graph.turn import Input

if TYPE_CHECKING:
    from collections.abc import Sequence

    from discord_adapter.overheard import Overheard
    from graph.attached import Attached
    from graph.turn import Turn


class Reader:
    """Reads turns."""

    def __init__(self, overheard: Overheard) -> None:
        self._overheard = overheard

    async def read(self, turn: Turn, after: int | None) -> Input:
        """What a turn says, with its context.

        Args:
            turn: The turn.
            after: The message that the turn before it in the thread came from; None at the beginning.
        """
        before = await self._overheard.before(turn, after)
        text = "\n\n".join(part for part in (before, turn.quoted, turn.text) if part)
        lines = [f"[The user attached {one.filename}; it cannot be read.]" for one in turn.attached]
        return Input("\n".join([text, *lines]), _notice(turn.attached))


def _notice(attached: Sequence[Attached]) -> str | None:
    names = ", ".join(one.filename.replace("`", "'") for one in attached)
    return f"I cannot read images or files yet, so I answer without {names}."[:500] if names else None
