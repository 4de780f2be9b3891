"""What the model sees of a conversation: the system prompt and the newest whole turns that fit."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from langchain_core.messages import SystemMessage

from graph.events import LeftOut
from graph.foreign import Boundary, as_sent
from graph.shortening import shortened
from graph.state import in_turns
from graph.tokens import most_tokens

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from langchain_core.messages import AnyMessage

    from graph.tokens import TokenCounter


@dataclass(frozen=True, slots=True)
class View:
    """What one request shows of a conversation.

    Attributes:
        messages: The messages, the system prompt first.
        tokens: What they and the tools hold, as we count it.
        left_out: What is not shown; None when all of it is.
    """

    messages: list[AnyMessage]
    tokens: int
    left_out: LeftOut | None


class Window:
    """Makes the view of a conversation that fits a number of tokens.

    An older turn is taken whole or not at all, so a tool call is never parted from its answer. The newest turn is
    always there; where it alone is too much, its long texts are cut (`graph.shortening`), never its messages. What is
    foreign is marked before anything is counted, so what is counted is what is sent.
    """

    def __init__(self, counter: TokenCounter, boundary: Boundary) -> None:
        self._counter = counter
        self._boundary = boundary

    def fit(self, prompt: str, messages: list[AnyMessage], definitions: list[dict[str, Any]], room: int) -> View:
        """The view for one request.

        Args:
            prompt: The system prompt.
            messages: The whole conversation.
            definitions: The tools that go along; they take their part of the room.
            room: How many tokens the request may hold.
        """
        system = SystemMessage(self._boundary.prompt(prompt))
        fixed = self._counter.message(system) + self._counter.definitions(definitions)
        *older, newest = in_turns(self._boundary.marked(messages)) or [[]]
        newest, cut = shortened(newest, room - fixed, self._counter)
        kept = [newest]
        tokens = fixed + self._cost(newest)
        for turn in reversed(older):
            cost = self._cost(turn)
            if tokens + cost > room:
                break
            tokens += cost
            kept.insert(0, turn)
        left_out = LeftOut(1 + len(older) - len(kept), cut.results, text=cut.text)
        shown = [system, *(message for turn in kept for message in turn)]
        return View(as_sent(shown), tokens, left_out if left_out != LeftOut() else None)

    def _cost(self, turn: list[AnyMessage]) -> int:
        return sum(self._counter.message(message) for message in turn)


class WindowOnDemand:
    """A window whose vocabulary, 40 MB of memory, is loaded when a conversation first comes near its room.

    Until then it is enough to know that there are no more tokens than bytes.

    Args:
        load: Gives the counter.
        boundary: What stands around foreign text; one of its own unless given.
    """

    def __init__(self, load: Callable[[], Awaitable[TokenCounter]], boundary: Boundary | None = None) -> None:
        self._load = load
        self._boundary = boundary or Boundary.drawn()
        self._loading = asyncio.Lock()
        self._window: Window | None = None

    async def fit(
        self,
        prompt: str,
        messages: list[AnyMessage],
        definitions: list[dict[str, Any]],
        room: int,
        *,
        exact: bool = False,
    ) -> View:
        """The view for one request, as `Window.fit` gives it.

        Args:
            prompt: The system prompt.
            messages: The whole conversation.
            definitions: The tools that go along.
            room: How many tokens the request may hold.
            exact: Whether the view's tokens are to be counted, and not only bounded.
        """
        if self._window is None and not exact:
            shown = [SystemMessage(self._boundary.prompt(prompt)), *self._boundary.marked(messages)]
            bound = most_tokens(shown, definitions)
            if bound <= room:
                return View(as_sent(shown), bound, None)
        async with self._loading:
            self._window = self._window or Window(await self._load(), self._boundary)
        return self._window.fit(prompt, messages, definitions, room)
