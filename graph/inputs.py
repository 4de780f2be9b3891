"""Inputs: where a run gets from what the model is to read of a turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from graph.foreign import quoted_block
from graph.turn import Input

if TYPE_CHECKING:
    from graph.turn import Turn


class Inputs(Protocol):
    """Reads turns: fetches what they refer to, when they are about to enter the graph."""

    async def read(self, turn: Turn, after: int | None) -> Input:
        """What the model is given to read of a turn.

        Args:
            turn: The turn.
            after: The message that the turn before it in the thread came from; None at the beginning.
        """
        ...


class Words:
    """What was written and what it refers to, and nothing beside it."""

    async def read(self, turn: Turn, after: int | None) -> Input:  # noqa: ARG002 - nothing is looked up
        """The words of a turn."""
        if not turn.quoted:
            return Input(turn.text)
        return Input([quoted_block(turn.quoted), {"type": "text", "text": turn.text}])
