"""The conversation's state machine: model -> approval -> tools -> model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from langgraph.graph import END, START, StateGraph
from langgraph.types import Send

from graph.approval import approval
from graph.model import model
from graph.state import ConversationContext, ConversationState, ToolTask
from graph.tools import tools

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver
    from langgraph.graph.state import CompiledStateGraph

    Conversations = CompiledStateGraph[ConversationState, ConversationContext, ConversationState, ConversationState]


def build(saver: BaseCheckpointSaver[str]) -> Conversations:
    """The graph of all conversations, on a saver.

    END is reached from `model` alone, so that a finished turn always ends in the same place. The fan-out into one task
    for each call stands behind `approval`, which is a single task: behind a fanned-out node it would happen twice.
    """
    graph = StateGraph(ConversationState, ConversationContext)
    graph.add_node("model", model)
    graph.add_node("approval", approval)
    graph.add_node("tools", tools, input_schema=ToolTask)
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", _after_model, ["approval", END])
    graph.add_conditional_edges("approval", _each_call, ["tools"])
    graph.add_edge("tools", "model")
    return graph.compile(checkpointer=saver)


def _after_model(state: ConversationState) -> str:
    return "approval" if state.get("calls") else END


def _each_call(state: ConversationState) -> list[Send]:
    decisions = state.get("decisions", {})
    return [Send("tools", ToolTask(call=call, decided=decisions.get(call["id"]))) for call in state.get("calls", [])]
