"""The tool node: answers one call, by running it, or by saying why it was not run."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import ToolMessage
from langgraph.errors import GraphInterrupt
from langgraph.runtime import Runtime
from langgraph.types import interrupt

from graph.doubt import CallInDoubt, Words
from graph.events import ToolFinished, ToolStarted
from graph.state import ConversationContext, Toolbox, ToolTask
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
            content = await _run(toolbox, state)
    except ToolError as problem:
        content, failed = str(problem), True
    except GraphInterrupt:
        # It gave no result; a card asks what is to become of it.
        runtime.stream_writer(ToolFinished(answer_id, call["name"], failed=True))
        raise
    runtime.stream_writer(ToolFinished(answer_id, call["name"], failed))
    answer = ToolMessage(
        content,
        tool_call_id=call["id"],
        name=call["name"],
        id=answer_id,
        status="error" if failed else "success",
    )
    return {"messages": [answer]}


async def _run(toolbox: Toolbox, task: ToolTask) -> str:
    """The result of a call; where a run of it is in doubt, the task stops until a person has said what now.

    This runs again from its first line after every word. A word names the run it is about: LangGraph gives a task what
    it was given before once more, also after a crash, and an old "run again" must not be taken for a new one.

    Raises:
        ToolError: It gave none.
    """
    words: Words = {}
    while True:
        try:
            return await toolbox.run(task, words)
        except CallInDoubt as doubt:
            words |= interrupt(doubt.doubt(task["call"]))
