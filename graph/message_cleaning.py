"""A model's message as it came, made into one that every endpoint takes back in a history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from langchain_core.messages import AIMessage, InvalidToolCall, ToolCall

from checkpoints.texts import storable
from graph.errors import ModelError, ModelFault
from tools.catalog import fitting_name
from tools.json_text import read_json

if TYPE_CHECKING:
    from langchain_core.messages import AIMessageChunk
    from langchain_core.messages.tool import ToolCallChunk

_KEPT = {"finish_reason", "model_name"}


def end_of(chunk: AIMessageChunk) -> str | None:
    """Why the model stopped, in the endpoint's word; None where it named no end."""
    return chunk.response_metadata.get("finish_reason")


def cleaned(chunk: AIMessageChunk) -> AIMessage:
    """The whole message, each call with an id of its own, and nothing that only this endpoint understands.

    Calls are read from their text: what LangChain makes of the chunks takes a call that was cut short for a whole one.

    Raises:
        ModelError: It says nothing and calls nothing, or a call may not be whole.
    """
    if chunk.tool_call_chunks and not end_of(chunk):
        raise ModelError(ModelFault.INTERRUPTED, "the stream ended within a tool call")
    calls: list[ToolCall] = []
    broken: list[InvalidToolCall] = []
    for piece, call_id in zip(chunk.tool_call_chunks, _ids(chunk.tool_call_chunks), strict=True):
        # Endpoints refuse a history in which a call has another kind of name. The catalog offers a tool under the name
        # that is made here of its own one, so a model that writes the tool's own name calls the tool.
        name = fitting_name(piece["name"]) if piece["name"] else "unnamed"
        try:
            arguments = _arguments(piece["args"] or "", may_be_missing=end_of(chunk) == "tool_calls")
            calls.append(ToolCall(name=name, args=arguments, id=call_id))
        except ValueError as error:
            broken.append(
                InvalidToolCall(type="invalid_tool_call", name=name, args=piece["args"], id=call_id, error=str(error))
            )
    if not chunk.text.strip() and not calls and not broken:
        refused = end_of(chunk) == "content_filter"
        fault = ModelFault.REFUSED if refused else ModelFault.UNREADABLE
        raise ModelError(fault, f"the model answered with an empty message ({end_of(chunk)})")
    return AIMessage(
        chunk.text,
        tool_calls=calls,
        invalid_tool_calls=broken,
        usage_metadata=chunk.usage_metadata,
        response_metadata={key: value for key, value in chunk.response_metadata.items() if key in _KEPT},
    )


def _ids(pieces: list[ToolCallChunk]) -> list[str]:
    """An id for each call: its own, unless it has none or shares it with one before."""
    given = [storable(piece["id"] or "") for piece in pieces]
    ids: list[str] = []
    for index, call_id in enumerate(given):
        if not call_id or call_id in ids:
            call_id = f"call_{index}_{call_id or 'unnamed'}"
            while call_id in given:
                call_id += "_"
        ids.append(call_id)
    return ids


def _arguments(text: str, *, may_be_missing: bool) -> dict[str, Any]:
    """The arguments of a call.

    Args:
        text: As they came.
        may_be_missing: Whether none at all is a way to say that there are none. It is where the endpoint says that the
            message ended in its calls; where it says something else, the stream may have been cut before them, which
            LiteLLM tells as a proper end (seen).

    Raises:
        ValueError: They are no JSON object.
    """
    if not text and may_be_missing:
        return {}
    if not text:
        raise ValueError("they are missing")
    arguments = read_json(text)
    if not isinstance(arguments, dict):
        raise ValueError("they are not a JSON object")  # noqa: TRY004 - one kind of error for all that cannot be read
    return cast("dict[str, Any]", arguments)
