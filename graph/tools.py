"""The tool node: answers one call, by running it, or by saying why it was not run."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import ToolMessage
from langgraph.runtime import Runtime

from graph.events import ToolFinished, ToolStarted
from graph.state import ConversationContext, ToolTask
from tools.tool import ToolError


async def tools(state: ToolTask, runtime: Runtime[ConversationContext]) -> dict[str, Any]:
    """Add the answer of one call; each call is a task of its own, so a crash repeats none that finished."""
    call = state["call"]
    # An endpoint may give the calls of every step the same ids; with the message's it is one of its own.
    answer_id = f"{call['message_id']}/{call['id']}"
    toolbox = runtime.context.toolbox
    runtime.stream_writer(ToolStarted(answer_id, call["name"]))
    failed = False
    try:
        if runtime.context.closing:
            content = await toolbox.abandon(state)
        else:
            content = await toolbox.run(state)
    except ToolError as problem:
        content, failed = str(problem), True
    runtime.stream_writer(ToolFinished(answer_id, call["name"], failed))
    answer = ToolMessage(
        content,
        tool_call_id=call["id"],
        name=call["name"],
        id=answer_id,
        status="error" if failed else "success",
    )
    return {"messages": [answer]}
