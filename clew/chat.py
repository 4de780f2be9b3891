"""`clew chat`: the same conversation machine in the terminal; what was killed goes on where it stopped."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, TypeVar

from checkpoints.cards import Decision, Kind
from checkpoints.history import history_of
from checkpoints.keys import TERMINAL, turn_key
from clew.alone import DatabaseHeld, StartError
from clew.keyboard import Keyboard
from clew.parts import open_parts
from clew.past import turns_table
from clew.terminal import Screen, TerminalSurfaces
from graph.branching import NoSuchTurn
from graph.deciding import Answer, Person
from graph.turn import Closing, Turn

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from rich.console import Console

    from checkpoints.cards import Approval
    from clew.parts import Parts
    from clew.settings import Settings
    from graph.branching import Branching
    from graph.turns import TurnEngine

T = TypeVar("T")

_HELP = "/history lists the turns, /rewind N goes back to before one, /reset starts anew, /quit leaves."
_ASK = {
    Kind.CALL: "y runs it, n refuses it, s goes on without it: ",
    Kind.DOUBT: "a runs it again, d takes it as done, n gives it up, s goes on without it: ",
}

_STOPPED = Closing("stopped", "Stopped.")

_DECISIONS = {
    Kind.CALL: {"y": Decision.APPROVED, "n": Decision.REFUSED},
    Kind.DOUBT: {"a": Decision.RUN_AGAIN, "d": Decision.TAKEN_AS_DONE, "n": Decision.GIVEN_UP},
}

# A turn that is given up for good may end without a word; then nobody tells us, and we look by ourselves (seconds).
_LOOK_AGAIN = 1.0


class _Leave(Exception):  # noqa: N818 - it is a wish, not a fault
    """The person wants to leave."""


class _Pressed(Exception):  # noqa: N818 - as above
    """Ctrl-C was pressed, for the first time since something was typed."""


async def chat(settings: Settings, console: Console, *, number: Callable[[], int] = time.time_ns) -> None:
    """Talk with clew until the person leaves; standard input may be a terminal or a pipe.

    Args:
        settings: What is set; Discord's part is not needed.
        console: Where it is shown.
        number: Gives each message a number that none had before.

    Raises:
        StartError: The bot, or another chat, has the database.
        DatabaseError: The database cannot be used.
    """
    async with AsyncExitStack() as stack:
        try:
            # A chat that was killed gives its lock back at once; nothing is worth waiting for.
            parts = await stack.enter_async_context(open_parts(settings, patience=1.0, suffix="/chat"))
        except DatabaseHeld as error:
            raise StartError(
                f"{error} Stop it first (a bot, or another chat), or chat on another database: "
                "CLEW_DATABASE_URL=sqlite:///data/chat.db clew chat"
            ) from error
        surfaces = TerminalSurfaces(Screen(console))
        engine = await stack.enter_async_context(parts.engine(surfaces, terminal=True))
        keyboard = stack.enter_context(Keyboard(sys.stdin.fileno()))
        talk = _Talk(parts, engine, surfaces, keyboard, number)
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, talk.interrupt)
        loop.add_signal_handler(signal.SIGTERM, talk.leave)
        await talk.go_on()


class _Talk:
    """One sitting at the terminal."""

    def __init__(
        self,
        parts: Parts,
        engine: TurnEngine,
        surfaces: TerminalSurfaces,
        keyboard: Keyboard,
        number: Callable[[], int],
    ) -> None:
        self._journal = parts.journal
        self._branching: Branching = parts.branching(engine)
        self._engine = engine
        self._surfaces = surfaces
        self._screen = surfaces.screen
        self._keyboard = keyboard
        self._number = number
        self._pressed = False
        self._interrupted = asyncio.Event()
        self._leaving = asyncio.Event()

    def interrupt(self) -> None:
        """Ctrl-C: once stops what runs, twice leaves."""
        if self._pressed:
            self._leaving.set()
        self._pressed = True
        self._interrupted.set()

    def leave(self) -> None:
        """Leave at once; what runs goes on the next time."""
        self._leaving.set()

    async def go_on(self) -> None:
        """Take up what was left, then take turns until the person leaves."""
        if self._keyboard.is_terminal:
            self._screen.line(f"clew chat. {_HELP}", style="dim")
        try:
            await self._engine.recover()
            while True:
                await self._settled()
                cards = list(self._surfaces.cards.values())
                await (self._decide(cards[0]) if cards else self._take_line())
        except _Leave:
            if self._surfaces.cards:
                self._screen.line("The question stays open; clew chat asks it again.")

    async def _settled(self) -> None:
        """Wait until a card waits or nothing is left to do; Ctrl-C stops what runs."""
        while not self._surfaces.cards and await self._journal.inbox.head(TERMINAL):
            self._surfaces.news.clear()
            try:
                if not self._surfaces.cards:
                    await self._either(asyncio.wait_for(self._surfaces.news.wait(), _LOOK_AGAIN))
            except TimeoutError:
                continue
            except _Pressed:
                await self._either(self._stop())
                self._pressed = False

    async def _stop(self) -> None:
        async with self._engine.halted(TERMINAL, _STOPPED):
            pass

    async def _either(self, work: Coroutine[Any, Any, T]) -> T:
        """What some work gives.

        Raises:
            _Leave: The person wants to leave before that.
            _Pressed: Ctrl-C came before that.
        """
        doing = asyncio.ensure_future(work)
        signals = [asyncio.ensure_future(event.wait()) for event in (self._interrupted, self._leaving)]
        try:
            await asyncio.wait({doing, *signals}, return_when=asyncio.FIRST_COMPLETED)
            if self._leaving.is_set():
                raise _Leave
            if not doing.done():
                self._interrupted.clear()
                raise _Pressed
            return doing.result()
        finally:
            for future in (doing, *signals):
                future.cancel()
            await asyncio.gather(doing, *signals, return_exceptions=True)

    async def _typed(self, typing: Coroutine[Any, Any, str | None]) -> str:
        """What is typed; nothing when Ctrl-C came for the first time."""
        try:
            typed = await self._either(typing)
        except _Pressed:
            self._screen.line("Ctrl-C again, or /quit, leaves.", style="dim")
            return ""
        self._pressed = False
        if typed is None:
            raise _Leave
        return typed.strip()

    async def _decide(self, card: Approval) -> None:
        answer = await self._typed(self._keyboard.key(lambda: self._screen.piece(_ASK[card.kind])))
        self._screen.piece(f"{answer}\n")
        decision = _DECISIONS[card.kind].get(answer)
        if decision:
            outcome = await self._engine.decide(card.id, decision, Person(card.requester_id))
            if outcome.answer is Answer.NOT_ALLOWED:
                self._screen.line("The settings ([approvals]) let nobody decide this from here; s goes on without it.")
        elif answer == "s":
            # The turn's other cards are taken back with it.
            self._surfaces.cards.clear()
            await self._engine.set_aside(TERMINAL)
        elif answer == "/quit":
            raise _Leave

    async def _take_line(self) -> None:
        if self._keyboard.is_terminal:
            self._screen.piece("> ")
        text = await self._typed(self._keyboard.line())
        self._screen.returned()
        if text.startswith("/"):
            await self._command(*text.split())
        elif text:
            key = turn_key("terminal", self._number())
            channel, user = TERMINAL.channel_id, TERMINAL.user_id or 0
            await self._engine.accept(Turn(key, TERMINAL, user_id=user, channel_id=channel, text=text))

    async def _command(self, name: str, *arguments: str) -> None:
        match name, arguments:
            case "/quit", ():
                raise _Leave
            case "/history", ():
                branch = await self._journal.branches.current(TERMINAL)
                self._screen.console.print(turns_table(await history_of(self._journal, branch.thread_id)))
            case "/reset", ():
                opened = await self._branching.reset(TERMINAL)
                self._screen.line(f"A new conversation, {opened.thread_id}; the old one stays in `clew history`.")
            case "/rewind", (number,) if number.isascii() and number.isdecimal():
                await self._rewind(int(number))
            case _:
                self._screen.line(_HELP)

    async def _rewind(self, number: int) -> None:
        try:
            opened = await self._branching.rewind(TERMINAL, number)
        except NoSuchTurn as error:
            self._screen.line(str(error))
            return
        self._screen.line(f"Back to before turn {number}; the conversation goes on as {opened.thread_id}.")
