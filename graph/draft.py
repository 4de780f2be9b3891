"""The text of one model message while it grows, which is told as events and may have to begin anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graph.events import TextDelta, TextRestarted

if TYPE_CHECKING:
    from collections.abc import Callable

    from graph.events import TurnEvent


class Draft:
    """Tells the text of the turn's `segment`-th model message as it comes."""

    def __init__(self, segment: int, tell: Callable[[TurnEvent], None]) -> None:
        self._segment = segment
        self._tell = tell
        self._begun = False

    def add(self, text: str) -> None:
        """Tell of more text."""
        self._begun = True
        self._tell(TextDelta(self._segment, text))

    def restart(self) -> None:
        """Tell that the message begins anew; nothing is told while there was no text."""
        if self._begun:
            self._begun = False
            self._tell(TextRestarted(self._segment))
