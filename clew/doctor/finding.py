"""What a check finds, and how it reads in the terminal."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from rich.text import Text

from clew.terminal import visible

if TYPE_CHECKING:
    from collections.abc import Callable


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"  # clew runs, but not as somebody may expect
    FAILED = "failed"  # clew does not run, or a part of it does not


_STYLES = {Level.OK: "green", Level.WARNING: "yellow", Level.FAILED: "bold red"}
_WIDEST_LEVEL = max(len(level) for level in Level)
_SUBJECT_WIDTH = 9


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        level: How bad it is.
        subject: What it belongs to, in one word.
        text: What is so, in a sentence.
        mend: What to do about it; empty where there is nothing to do.
    """

    level: Level
    subject: str
    text: str
    mend: str = ""

    def line(self, plain: Callable[[str], str]) -> Text:
        """The finding as a line, and the way out on the next one.

        Args:
            plain: Takes what nobody should see out of a text.
        """
        line = Text(f"{self.level:<{_WIDEST_LEVEL}}", style=_STYLES[self.level])
        line.append(f"  {self.subject:<{_SUBJECT_WIDTH}} {visible(plain(self.text))}", style="default")
        if self.mend:
            line.append(f"\n{'':{_WIDEST_LEVEL + _SUBJECT_WIDTH + 3}}{visible(plain(self.mend))}", style="dim")
        return line


def one_line(text: object, limit: int = 300) -> str:
    """What somebody else said, made fit for a line of ours."""
    words = " ".join(str(text).split())
    return words if len(words) <= limit else f"{words[:limit]}..."
