"""The terminal as a Surface: text as it comes, tools as they run, cards that wait for a key."""

from __future__ import annotations

import asyncio
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.text import Text

from checkpoints.cards import Kind
from discord_adapter.plain import exact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from checkpoints.cards import Approval
    from graph.deciding import Said
    from graph.turn import Turn

_HEADING = {
    Kind.CALL: "May I run {}?",
    Kind.DOUBT: "{} was running when I stopped; whether it was done is not known. What now?",
}


class Screen:
    """Writes on the terminal; what others wrote can put no control sequence there."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._within_line = False

    def piece(self, text: str) -> None:
        """Go on in the line that is there."""
        shown = visible(text)
        if shown:
            self.console.out(shown, end="", highlight=False)
            self._within_line = not shown.endswith("\n")

    def end_line(self) -> None:
        """End the line that is there, if there is one."""
        if self._within_line:
            self.console.out()
            self._within_line = False

    def returned(self) -> None:
        """Note that the person ended the line by pressing Return."""
        self._within_line = False

    def line(self, text: str, *, style: str | None = None) -> None:
        """Write a line of its own, or the end of a question and its answer."""
        self.end_line()
        self.console.out(visible(text), style=style, highlight=False)


def visible(text: str) -> str:
    """A text without control characters, which could move the cursor or pretend what is not there."""
    return "".join(one for one in text if one in "\n\t" or unicodedata.category(one) not in ("Cc", "Cs"))


def told(text: str) -> Text:
    """What others wrote, for a table or a panel: no control characters, and no markup is read in it."""
    return Text(visible(text))


def with_times(sentence: str) -> str:
    """A sentence with the times in it written out that Discord would show as relative ones."""
    return re.sub(r"<t:(\d+):R>", lambda found: _time(int(found[1])), sentence)


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).astimezone().strftime("at %H:%M:%S on %Y-%m-%d")


@dataclass(slots=True)
class _Shown:
    """What of a turn stands on the screen already; a turn is told anew whenever it goes on."""

    turn_key: str
    texts: dict[int, str] = field(default_factory=dict[int, str])
    finished: set[int] = field(default_factory=set[int])
    once: set[object] = field(default_factory=set[object])


class TerminalSurfaces:
    """Makes the surface of a turn, and knows which cards wait.

    Attributes:
        cards: The cards that wait for a key, in the order in which they were shown.
        news: Set when a card was shown or a run has ended; whoever waits for it clears it.
    """

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self.cards: dict[str, Approval] = {}
        self.news = asyncio.Event()
        self._shown = _Shown("")

    def open(self, turn: Turn) -> TerminalSurface:
        """The surface on which a turn is shown."""
        if self._shown.turn_key != turn.key:
            self._shown = _Shown(turn.key)
        # A text that was cut off is told anew from its beginning.
        self._shown.texts = {one: text for one, text in self._shown.texts.items() if one in self._shown.finished}
        return TerminalSurface(self, self._shown)


class TerminalSurface:
    """One turn on the screen; everything is written at once, so there is nothing to wait for."""

    def __init__(self, surfaces: TerminalSurfaces, shown: _Shown) -> None:
        self._surfaces = surfaces
        self._screen = surfaces.screen
        self._shown = shown

    def working(self) -> None:
        """Nothing: what is done is seen as it is done."""

    def text(self, segment: int, text: str) -> None:
        """Add to the text of a model message."""
        if segment in self._shown.finished:
            return
        if segment not in self._shown.texts:
            self._screen.end_line()
        self._shown.texts[segment] = self._shown.texts.get(segment, "") + text
        self._screen.piece(text)

    def restart_text(self, segment: int) -> None:
        """Void what was streamed of a model message."""
        if segment not in self._shown.finished and self._shown.texts.pop(segment, ""):
            self._screen.line("(That broke off; it begins again.)", style="dim")

    def finish_text(self, segment: int, text: str) -> None:
        """Say what the whole text of a model message is."""
        if segment in self._shown.finished:
            return
        before = self._shown.texts.get(segment, "")
        if not text.startswith(before):
            self.restart_text(segment)
            before = ""
        self.text(segment, text[len(before) :])
        self._shown.finished.add(segment)
        self._screen.end_line()

    def footnote(self, text: str) -> None:
        """Put one small line below the answer."""
        if self._first_time(("footnote", text)):
            self._screen.line(text, style="dim")

    def tool(self, call_id: str, name: str, *, failed: bool | None) -> None:
        """Show a tool call at work or done."""
        state = "..." if failed is None else "failed" if failed else "done"
        if self._first_time((call_id, state)):
            self._screen.line(f"[{name}: {state}]", style="dim")

    async def ask(self, approval: Approval) -> Sequence[Said]:
        """Show the card of a call; the answer comes from the keyboard."""
        self._surfaces.cards[approval.id] = approval
        if self._first_time(("card", approval.id)):
            self._screen.line(_HEADING[approval.kind].format(approval.tool), style="bold")
            self._screen.line(exact(approval.arguments))
        self._surfaces.news.set()
        return ()

    async def settle(self, approval: Approval) -> None:
        """Show what became of a card."""
        self._surfaces.cards.pop(approval.id, None)
        if approval.decision and self._first_time(("settled", approval.id)):
            self._screen.line(f"[{approval.tool}: {approval.decision.words}]", style="dim")

    async def say(self, part: str, sentence: str) -> None:
        """Show a sentence of ours."""
        if self._first_time(("said", part)):
            self._screen.line(with_times(sentence))

    async def say_privately(self, part: str, sentence: str) -> None:
        """Show a sentence of ours; at a terminal all is private."""
        await self.say(part, sentence)

    async def behind_card(self, approval: Approval) -> None:
        """Nothing: the card stands above, and the keyboard answers it before anything else."""

    async def taken_in(self) -> None:
        """Nothing: the terminal waits for an answer before it reads on."""

    async def flush(self) -> None:
        """End the line of a text that was cut off."""
        self._screen.end_line()

    async def close(self) -> None:
        """Stop showing."""
        self._screen.end_line()
        self._surfaces.news.set()

    def _first_time(self, part: object) -> bool:
        first = part not in self._shown.once
        self._shown.once.add(part)
        return first
