"""The model node: calls the model and fixes the verdict of each tool call it makes."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from langchain_core.messages import AIMessage, ToolCall
from langgraph.runtime import Runtime

from graph.draft import Draft
from graph.errors import ModelError, ModelFault
from graph.events import TextFinished
from graph.images import with_images
from graph.limits import smaller_room
from graph.state import (
    CLOSING_MARK,
    LEFT_OUT_MARK,
    Call,
    ConversationContext,
    ConversationState,
    current_turn,
    fingerprint,
    model_messages,
)
from tools.policy import Action
from tools.tool import ToolError

if TYPE_CHECKING:
    from langchain_core.messages import AnyMessage

    from graph.events import LeftOut
    from graph.state import Toolbox

log = structlog.get_logger()

# Under which name arguments that could not be read are quoted, and how many characters of them.
_UNREADABLE = "unreadable_arguments"
_QUOTED = 1000


async def model(state: ConversationState, runtime: Runtime[ConversationContext]) -> dict[str, Any]:
    """Add the model's next message and the calls it asks for, and before it what people wrote meanwhile.

    Message ids are made from the turn and the step: endpoints repeat theirs, and a message with an id that is there
    already would replace it.

    Raises:
        ModelError: The model gave no usable message; nothing is written and the node can run again.
    """
    context = runtime.context
    messages = state.get("messages", [])
    turn = current_turn(messages)
    step = len(model_messages(turn))
    message_id = f"{turn[0].id}/{step}"
    if context.closing:
        return {"messages": [_closing_message(message_id, context.closing.sentence)], "calls": []}
    if step >= context.step_limit:
        sentence = f"I stopped here: this took {step} steps, which is as many as one turn may take."
        runtime.stream_writer(TextFinished(step, sentence))
        return {"messages": [AIMessage(sentence, id=message_id)], "calls": []}
    with structlog.contextvars.bound_contextvars(turn=context.turn_key):
        # Between two steps only: what was there when the turn began has its own turn.
        steered = await context.mailbox.read(messages) if step and context.mailbox else []
        message, left_out = await _answer(context, [*messages, *steered], Draft(step, runtime.stream_writer))
    message = _with_readable_calls(message.model_copy(update={"id": message_id}))
    calls = await context.toolbox.within_limits(_calls(message, context.toolbox))
    marks: dict[str, Any] = {}
    if left_out and message.text and asdict(left_out) not in _told(turn):
        # With the message, so that it is told again where the turn is shown again after a restart.
        marks[LEFT_OUT_MARK] = asdict(left_out)
        runtime.stream_writer(left_out)
    if message.text:
        runtime.stream_writer(TextFinished(step, message.text))
    return {
        "messages": [*steered, message.model_copy(update={"invalid_tool_calls": [], "additional_kwargs": marks})],
        "calls": calls,
    }


def _told(turn: list[AnyMessage]) -> list[dict[str, Any] | None]:
    """What the turn has told of that was left out."""
    return [message.additional_kwargs.get(LEFT_OUT_MARK) for message in model_messages(turn)]


async def _answer(
    context: ConversationContext, messages: list[AnyMessage], draft: Draft
) -> tuple[AIMessage, LeftOut | None]:
    """The model's next message, and what of the conversation it could not be shown.

    What the endpoint finds too long is tried once more with less of the conversation.

    Raises:
        ModelError: The model gave no usable message.
    """
    definitions = context.toolbox.definitions()
    room = await context.model.room()
    view = await context.window.fit(context.prompt, messages, definitions, room)
    try:
        shown = await with_images(view.messages, context.images)
        return await context.model.ask(shown, definitions, draft), view.left_out
    except ModelError as error:
        if error.fault is not ModelFault.TOO_LONG:
            raise
        fit = partial(context.window.fit, context.prompt, messages, definitions, exact=True)
        sent = (await fit(room)).tokens
        smaller = await fit(smaller_room(sent, error.limit))
        if smaller.tokens >= sent:
            raise
        log.warning("window_shrunk", tokens=sent, to=smaller.tokens, limit=error.limit, detail=error.detail)
    draft.restart()
    shown = await with_images(smaller.messages, context.images)
    return await context.model.ask(shown, definitions, draft), smaller.left_out


def _closing_message(message_id: str, sentence: str) -> AIMessage:
    return AIMessage(sentence, id=message_id, additional_kwargs={CLOSING_MARK: True})


def _calls(message: AIMessage, toolbox: Toolbox) -> list[Call]:
    """The calls of a message with their verdicts."""
    broken = {call["id"]: call for call in message.invalid_tool_calls}
    return [
        _broken_call(message, call, broken[call["id"]]["error"])
        if call["id"] in broken
        else _call(message, toolbox, call_id=str(call["id"]), name=call["name"], arguments=call["args"])
        for call in message.tool_calls
    ]


def _with_readable_calls(message: AIMessage) -> AIMessage:
    """The message with every call in a form that all endpoints take back; unreadable arguments are quoted in it."""
    quoted = [
        ToolCall(name=call["name"] or "unnamed", args={_UNREADABLE: (call["args"] or "")[:_QUOTED]}, id=call["id"])
        for call in message.invalid_tool_calls
    ]
    return message.model_copy(update={"tool_calls": [*message.tool_calls, *quoted]})


def _call(message: AIMessage, toolbox: Toolbox, *, call_id: str, name: str, arguments: dict[str, Any]) -> Call:
    action, rule, source, error = Action.DENY, "", "", None
    try:
        verdict, source = toolbox.verdict(name, arguments)
        action, rule = verdict.action, verdict.rule
    except ToolError as problem:
        error = str(problem)
    return Call(
        id=call_id,
        message_id=str(message.id),
        name=name,
        source=source,
        arguments=arguments,
        fingerprint=fingerprint(name, arguments),
        action=str(action),
        rule=rule,
        error=error,
    )


def _broken_call(message: AIMessage, call: ToolCall, reason: str | None) -> Call:
    return Call(
        id=str(call["id"]),
        message_id=str(message.id),
        name=call["name"],
        source="",
        arguments=call["args"],
        fingerprint=fingerprint(call["name"], call["args"]),
        action=str(Action.DENY),
        rule="",
        error=f"The arguments are not a JSON object ({reason or 'unreadable'}); correct them and call again.",
    )
