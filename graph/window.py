"""What the model sees of a conversation: the system prompt and the newest whole turns that fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.messages import HumanMessage, SystemMessage

if TYPE_CHECKING:
    from langchain_core.messages import AnyMessage

    from graph.tokens import TokenCounter


class Window:
    """A view of a conversation within a budget of tokens.

    A turn is taken whole or not at all, so a tool call is never parted from its answer; the newest turn is always
    there, whatever its size.
    """

    def __init__(self, counter: TokenCounter, budget: int) -> None:
        self._counter = counter
        self._budget = budget

    def fit(self, prompt: str, messages: list[AnyMessage], definitions: list[dict[str, Any]]) -> list[AnyMessage]:
        """The messages of one request.

        Args:
            prompt: The system prompt.
            messages: The whole conversation.
            definitions: The tools that go along; they count against the budget.
        """
        system = SystemMessage(prompt)
        room = self._budget - self._counter.message(system) - self._counter.definitions(definitions)
        turns = _turns(messages)
        kept = turns[-1:]
        room -= self._cost(kept[0]) if kept else 0
        for turn in reversed(turns[:-1]):
            room -= self._cost(turn)
            if room < 0:
                break
            kept.insert(0, turn)
        return [system, *(message for turn in kept for message in turn)]

    def _cost(self, turn: list[AnyMessage]) -> int:
        return sum(self._counter.message(message) for message in turn)


def _turns(messages: list[AnyMessage]) -> list[list[AnyMessage]]:
    """The conversation in turns: each begins with what a person wrote."""
    turns: list[list[AnyMessage]] = []
    for message in messages:
        if isinstance(message, HumanMessage) or not turns:
            turns.append([])
        turns[-1].append(message)
    return turns
