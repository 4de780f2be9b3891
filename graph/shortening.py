"""A turn that alone is too long for the model, made to fit: its long texts are cut in their middle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

if TYPE_CHECKING:
    from langchain_core.messages import AnyMessage

    from graph.tokens import TokenCounter

# What is left of a text at least (tokens): enough to see what it was.
_LEAST = 100

# What the word to the model between the two parts of a cut text takes (tokens, rounded up).
_MARKER = 24


@dataclass(frozen=True, slots=True)
class Cut:
    """What was cut of a turn; false when nothing was.

    Attributes:
        results: How many results of tools.
        text: Whether what the person wrote.
    """

    results: int = 0
    text: bool = False

    def __bool__(self) -> bool:
        return bool(self.results) or self.text


def shortened(turn: list[AnyMessage], room: int, counter: TokenCounter) -> tuple[list[AnyMessage], Cut]:
    """The messages of a turn in so many tokens, or as near to it as cutting texts can come, and what was cut.

    What is cut, as far as it takes: first the results of tools that the model has seen before, the oldest first; then
    what the person wrote; then the results that the model has not seen yet, the longest first. A message keeps its
    place, its kind and its call id, so that every call keeps its answer. What the model itself wrote stays.
    """
    excess = sum(counter.message(message) for message in turn) - room
    messages, results, text = list(turn), 0, False
    for index in _order(turn, counter):
        if excess <= 0:
            break
        message = _shorter(turn[index], excess, counter)
        gained = counter.message(turn[index]) - counter.message(message)
        if gained <= 0:
            continue
        messages[index] = message
        excess -= gained
        results += isinstance(message, ToolMessage)
        text = text or isinstance(message, HumanMessage)
    return messages, Cut(results, text)


def _order(turn: list[AnyMessage], counter: TokenCounter) -> list[int]:
    """The places of the messages that may be cut, in the order in which they are."""
    newest = max((index for index, message in enumerate(turn) if isinstance(message, AIMessage)), default=0)
    results = [index for index, message in enumerate(turn) if isinstance(message, ToolMessage)]
    written = [index for index, message in enumerate(turn) if isinstance(message, HumanMessage)]
    unseen = sorted((index for index in results if index > newest), key=lambda index: -counter.message(turn[index]))
    return [*(index for index in results if index < newest), *written, *unseen]


def _shorter(message: AnyMessage, excess: int, counter: TokenCounter) -> AnyMessage:
    """A message with up to so many tokens less of text; pictures stay."""
    # Without its id, under which the whole message was counted.
    if isinstance(message.content, str):
        return message.model_copy(update={"content": _cut(message.content, excess, counter), "id": None})
    content: list[str | dict[str, Any]] = []
    for block in message.content:
        whole = block if isinstance(block, str) else block.get("text") or "" if block.get("type") == "text" else ""
        part = _cut(whole, excess, counter)
        excess -= counter.text(whole) - counter.text(part)
        content.append(block if part == whole else part if isinstance(block, str) else {**block, "text": part})
    return message.model_copy(update={"content": content, "id": None})


def _cut(text: str, excess: int, counter: TokenCounter) -> str:
    held = counter.text(text)
    left = max(_LEAST, held - excess - _MARKER)
    return counter.cut(text, left) if excess > 0 and left + _MARKER < held else text
