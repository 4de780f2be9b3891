"""A run, shown: each event of a turn put before the people who see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graph.events import (
    ApprovalNeeded,
    LeftOut,
    Steered,
    TextDelta,
    TextFinished,
    TextRestarted,
    ToolFinished,
    ToolStarted,
    TurnFailed,
    TurnFinished,
)
from graph.running import run

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from graph.build import Conversations
    from graph.decisions import Decisions
    from graph.errors import ModelError
    from graph.state import ConversationContext
    from graph.surface import Surface
    from graph.turn import Turn


@dataclass(slots=True)
class RunEnd:
    """How a run ended: one of the first three is set, or none for a message that a former turn has taken.

    Attributes:
        asking: It waits for people.
        finished: The turn is at its end.
        failure: The model could not be had.
        steered: What the thread holds of messages that came while a turn ran.
    """

    asking: ApprovalNeeded | None = None
    finished: TurnFinished | None = None
    failure: ModelError | None = None
    steered: Steered | None = None


async def show(
    graph: Conversations,
    thread_id: str,
    turn: Turn,
    context: ConversationContext,
    surface: Surface,
    decisions: Decisions,
    entry: Callable[[str | None], Awaitable[Any]],
) -> RunEnd:
    """Run a turn (`graph.running.run`) and show on the surface what it tells."""
    end = RunEnd()
    async for event in run(graph, thread_id, turn, context, decisions, entry):
        match event:
            case TextDelta(segment, text):
                surface.text(segment, text)
            case TextRestarted(segment):
                surface.restart_text(segment)
            case TextFinished(segment, text):
                surface.finish_text(segment, text)
            case LeftOut():
                surface.footnote(left_out_sentence(event))
            case ToolStarted(call_id, tool):
                surface.tool(call_id, tool, failed=None)
            case ToolFinished(call_id, tool, failed):
                surface.tool(call_id, tool, failed=failed)
            case Steered():
                end.steered = event
            case ApprovalNeeded():
                end.asking = event
            case TurnFinished():
                end.finished = event
            case TurnFailed(error):
                end.failure = error
    return end


def left_out_sentence(left_out: LeftOut) -> str:
    """What the user is told of what the model could not be shown."""
    sentences: list[str] = []
    if left_out.turns == 1:
        sentences.append("The oldest turn of this conversation no longer fits and was left out.")
    elif left_out.turns:
        sentences.append(f"The {left_out.turns} oldest turns of this conversation no longer fit and were left out.")
    if left_out.text:
        sentences.append("Your message is too long for the model to read whole; its middle was left out.")
    if left_out.results:
        sentences.append("Long results of tools were shortened to fit.")
    return " ".join(sentences)
