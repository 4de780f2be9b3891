"""One run of a turn: what goes into the graph, and what comes out until it ends or waits."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from langchain_core.messages import HumanMessage, ToolMessage
from langgraph.types import Command

from graph.errors import ModelError
from graph.events import (
    ApprovalNeeded,
    LeftOut,
    Steered,
    TextFinished,
    ToolFinished,
    ToolStarted,
    TurnFailed,
    TurnFinished,
)
from graph.llm import usage_of
from graph.state import CLOSING_MARK, LEFT_OUT_MARK, current_turn, in_turns, model_messages, steered_messages
from graph.turn import Closing

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Container

    from langchain_core.messages import AnyMessage
    from langchain_core.runnables import RunnableConfig
    from langgraph.types import StateSnapshot

    from graph.build import Conversations
    from graph.decisions import Decisions
    from graph.doubt import Doubt
    from graph.events import TurnEvent
    from graph.state import Call, ConversationContext
    from graph.turn import Turn

# Supersteps of one model call: model, approval, tools. LangGraph's own limit only has to lie above ours.
_SUPERSTEPS = 3


def config_of(thread_id: str, *, step_limit: int = 25) -> RunnableConfig:
    """LangGraph's configuration for a thread."""
    return {"configurable": {"thread_id": thread_id}, "recursion_limit": _SUPERSTEPS * (step_limit + 2)}


async def run(
    graph: Conversations,
    thread_id: str,
    turn: Turn,
    context: ConversationContext,
    decisions: Decisions,
    entry: Callable[[str | None], Awaitable[Any]],
) -> AsyncGenerator[TurnEvent]:
    """Take a turn as far as it goes: from the beginning, or from where a former run stopped.

    Args:
        graph: The graph.
        thread_id: The thread the turn belongs to.
        turn: The turn.
        context: What the run is given from outside.
        decisions: What people decided; where all that waits is in here, it is resumed.
        entry: Called when the turn enters the thread, with the thread's newest checkpoint; gives what the model is to
            read of the turn (`graph.turn.Input.content`).

    Yields:
        What the turn tells; the last event is ApprovalNeeded, TurnFinished or TurnFailed. Texts and calls that a
        former run finished are told again. Of a turn whose message another turn has taken, Steered is all.
    """
    config = config_of(thread_id, step_limit=context.step_limit)
    state = await graph.aget_state(config)
    messages = _messages(state)
    given: Any = None
    if not _entered(turn, messages):
        if taken := _taken(turn, messages):
            yield taken
            return
        if context.closing:
            yield TurnFinished(_checkpoint(state))
            return
        await _close_former(graph, state, context, config)
        given = {"messages": [HumanMessage(await entry(_checkpoint(state)), id=turn.key)]}
    else:
        for event in _told_before(messages, decisions.call_ids):
            yield event
        waiting = None if context.closing else _waiting(state)
        given = _resume(waiting, decisions) if waiting else None
        # Not `next`: it leaves out a step whose results are saved but whose checkpoint is not, and so would be lost.
        if not state.tasks or (waiting and given is None):
            for event in _end(state):
                yield event
            return
    try:
        stream = graph.astream(given, config, context=context, stream_mode="custom", durability="sync")
        async for event in stream:
            yield cast("TurnEvent", event)
    except ModelError as error:
        yield TurnFailed(error)
        return
    for event in _end(await graph.aget_state(config)):
        yield event


async def _close_former(
    graph: Conversations, state: StateSnapshot, context: ConversationContext, config: RunnableConfig
) -> None:
    """Close a turn that was left open in the thread, so that no call of it stays without an answer."""
    if not state.tasks or state.next == ("__start__",):
        return
    closing = Closing("failed", "This turn could not be finished.")
    former = replace(context, closing=closing)
    await graph.ainvoke(None, config, context=former, durability="sync")


def _messages(state: StateSnapshot) -> list[AnyMessage]:
    return state.values.get("messages", [])


def _entered(turn: Turn, messages: list[AnyMessage]) -> bool:
    return any(message.id == turn.key for message in current_turn(messages)[:1])


def _taken(turn: Turn, messages: list[AnyMessage]) -> Steered | None:
    """That a turn's message is part of another turn; the program died, or gave that one up, before it was noted."""
    for former in in_turns(messages):
        if any(message.id == turn.key for message in steered_messages(former)):
            return Steered(str(former[0].id), (turn.key,))
    return None


def _end(state: StateSnapshot) -> list[TurnEvent]:
    """What is told where a run comes to rest."""
    turn = current_turn(_messages(state))
    steered = tuple(str(message.id) for message in steered_messages(turn))
    last = _waiting(state) or _finished(state)
    return [Steered(str(turn[0].id), steered), last] if steered else [last]


def _told_before(messages: list[AnyMessage], decided: Container[str]) -> list[TurnEvent]:
    """What a former run told of the turn: its texts, and its calls since people last decided about some.

    A run that a decision resumed tells of the calls from there on; those before it were told, and shown, to the end.
    """
    turn = current_turn(messages)
    # By the ids of the messages: an endpoint may give the calls of every step the same ids.
    answers = {message.id: message for message in turn if isinstance(message, ToolMessage)}
    events: list[TurnEvent] = []
    for segment, message in enumerate(model_messages(turn)):
        if LEFT_OUT_MARK in message.additional_kwargs:
            events.append(LeftOut(**message.additional_kwargs[LEFT_OUT_MARK]))
        if message.text and CLOSING_MARK not in message.additional_kwargs:
            events.append(TextFinished(segment, message.text))
        asked = [*message.tool_calls, *message.invalid_tool_calls]
        if any(str(call["id"]) in decided for call in asked):
            events = [event for event in events if isinstance(event, TextFinished | LeftOut)]
        calls = [(f"{message.id}/{call['id']}", call["name"] or "") for call in asked]
        if any(answer_id in answers for answer_id, _ in calls):
            events += [ToolStarted(*call) for call in calls]
        events += [ToolFinished(*call, answers[call[0]].status == "error") for call in calls if call[0] in answers]
    return events


def _waiting(state: StateSnapshot) -> ApprovalNeeded | None:
    """The interrupts at which a thread waits: one about the calls of a message, or one for each call in doubt."""
    asked = {one.id: cast("list[Call]", one.value) for one in state.interrupts if isinstance(one.value, list)}
    doubts = {one.id: cast("Doubt", one.value) for one in state.interrupts if isinstance(one.value, dict)}
    return ApprovalNeeded(asked, doubts) if asked or doubts else None


def _resume(waiting: ApprovalNeeded, decisions: Decisions) -> Command[Any] | None:
    """What people decided, given to the interrupts by their ids; None while something is not decided.

    By id, since a bare value can be taken by another interrupt. All that wait at once, since each run of the graph goes
    on until all of them are answered.
    """
    if any(not decisions.covers(interrupt_id, waiting) for interrupt_id in waiting.interrupt_ids):
        return None
    return Command(resume={one: dict(decisions.by_interrupt[one]) for one in waiting.interrupt_ids})


def _checkpoint(state: StateSnapshot) -> str | None:
    return state.config.get("configurable", {}).get("checkpoint_id")


def _finished(state: StateSnapshot) -> TurnFinished:
    said = model_messages(current_turn(_messages(state)))
    usages = [usage_of(message) for message in said]
    return TurnFinished(
        _checkpoint(state),
        input_tokens=sum(usage.input_tokens for usage in usages),
        output_tokens=sum(usage.output_tokens for usage in usages),
        answered=bool(said) and CLOSING_MARK not in said[-1].additional_kwargs,
    )
