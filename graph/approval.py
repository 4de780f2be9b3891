"""The approval node: stops the run until a person has decided about every sensitive call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langgraph.runtime import Runtime
from langgraph.types import interrupt

from graph.state import ConversationContext, ConversationState
from tools.policy import Action

if TYPE_CHECKING:
    from graph.state import Call


async def approval(state: ConversationState, runtime: Runtime[ConversationContext]) -> dict[str, Any]:
    """Ask about the calls whose verdict says so, all in one interrupt.

    The verdicts come from state, never from the policy: after the answer this runs again from its first line, and the
    policy may have changed meanwhile.
    """
    asked: list[Call] = [call for call in state.get("calls", []) if call["action"] == Action.ASK and not call["error"]]
    if not asked or runtime.context.closing:
        return {"decisions": {}}
    return {"decisions": interrupt(asked)}
