"""What a turn tells while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from graph.doubt import Doubt
    from graph.errors import ModelError
    from graph.state import Call


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More text of the turn's `segment`-th model message, counted from 0."""

    segment: int
    text: str


@dataclass(frozen=True, slots=True)
class TextFinished:
    """The whole text of a model message; what was streamed of it before may differ after a retry."""

    segment: int
    text: str


@dataclass(frozen=True, slots=True)
class TextRestarted:
    """What was streamed of a model message is void, since the model is asked anew; what is shown stays until then."""

    segment: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What of the conversation the model could not be shown when it wrote the text that is finished next.

    Attributes:
        turns: How many of the oldest turns.
        results: How many results of tools, in the turn that runs, were shortened.
        text: Whether what the person wrote in this turn was shortened.
    """

    turns: int = 0
    results: int = 0
    text: bool = False


@dataclass(frozen=True, slots=True)
class ToolStarted:
    """A tool call starts; `call_id` is unique in the conversation, unlike the endpoint's."""

    call_id: str
    tool: str


@dataclass(frozen=True, slots=True)
class ToolFinished:
    """A tool call has its answer; `failed` when the answer is an error or a refusal."""

    call_id: str
    tool: str
    failed: bool


@dataclass(frozen=True, slots=True)
class ApprovalNeeded:
    """The run has ended at interrupts that ask about calls.

    Attributes:
        calls: What is to be decided before anything runs, by the id of the interrupt that asks.
        doubts: Calls that were running when the process died, likewise; each has an interrupt of its own.
    """

    calls: Mapping[str, Sequence[Call]]
    doubts: Mapping[str, Doubt]

    @property
    def interrupt_ids(self) -> set[str]:
        """All interrupts that ask."""
        return {*self.calls, *self.doubts}


@dataclass(frozen=True, slots=True)
class Steered:
    """Messages that stand in the thread as part of a turn that ran when they came.

    Attributes:
        by: The key of that turn.
        keys: Their own keys.
    """

    by: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TurnFinished:
    """The run has ended and every call has its answer.

    Attributes:
        checkpoint_id: The thread's newest checkpoint; None when the thread is still empty.
        input_tokens: Over all model calls of the turn, as far as the endpoint told.
        output_tokens: Likewise.
        answered: Whether the model's answer stands at its end, and not a sentence of ours in place of it.
    """

    checkpoint_id: str | None
    input_tokens: int = 0
    output_tokens: int = 0
    answered: bool = False


@dataclass(frozen=True, slots=True)
class TurnFailed:
    """The model could not be had; the thread waits where it stopped."""

    error: ModelError


TurnEvent = (
    TextDelta
    | TextRestarted
    | TextFinished
    | LeftOut
    | ToolStarted
    | ToolFinished
    | ApprovalNeeded
    | Steered
    | TurnFinished
    | TurnFailed
)
