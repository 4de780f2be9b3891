"""What a provider refuses: requests out of shape and conversations with unanswered tool calls."""

import re
from collections.abc import Mapping
from typing import Any, cast

ROLES = ("system", "developer", "user", "assistant", "tool", "function")
TOOL_NAME = re.compile(r"^[a-zA-Z0-9_-]{1,64}$")

Json = dict[str, Any]


def fault_of(body: object) -> tuple[str, str | None] | None:
    """Find what is wrong with a request's body.

    Args:
        body: The parsed body.

    Returns:
        OpenAI's sentence and the parameter it is about, or None for a request that can be answered.
    """
    if not isinstance(body, Mapping):
        return "We could not parse the JSON body of your request. The API expects a JSON payload.", None
    fields = cast("Mapping[str, object]", body)
    model = fields.get("model")
    if not isinstance(model, str) or not model:
        return "you must provide a model parameter", None
    return _messages_fault(fields.get("messages")) or _tools_fault(fields.get("tools"))


def _messages_fault(messages: object) -> tuple[str, str | None] | None:
    if not isinstance(messages, list):
        return "Missing required parameter: 'messages'.", "messages"
    if not messages:
        return "Invalid 'messages': empty array. Expected an array with minimum length 1.", "messages"
    for index, message in enumerate(cast("list[object]", messages)):
        if not isinstance(message, dict):
            return f"Invalid type for 'messages[{index}]': expected an object.", f"messages[{index}]"
        fault = _message_fault(cast("Json", message), f"messages[{index}]")
        if fault:
            return fault, f"messages[{index}]"
    return _pairing_fault(cast("list[Json]", messages))


def _message_fault(message: Json, place: str) -> str | None:
    if message.get("role") not in ROLES:
        supported = ", ".join(f"'{role}'" for role in ROLES)
        return f"Invalid value: '{message.get('role')}' in {place}.role. Supported values are: {supported}."
    content = message.get("content")
    if content is None and not (message["role"] == "assistant" and message.get("tool_calls")):
        return f"Invalid value for 'content' in {place}: expected a string, got null."
    if content is not None and not isinstance(content, str | list):
        return f"Invalid type for '{place}.content': expected one of a string or array of objects."
    return None


def _pairing_fault(messages: list[Json]) -> tuple[str, str | None] | None:
    """Every call needs its answer right behind it, and every answer its call, as OpenAI demands."""
    waiting: set[str] = set()
    for index, message in enumerate(messages):
        if message["role"] == "tool":
            if message.get("tool_call_id") not in waiting:
                words = "messages with role 'tool' must be a response to a preceding message with 'tool_calls'."
                return f"Invalid parameter: {words}", f"messages.[{index}].role"
            waiting.discard(message["tool_call_id"])
            continue
        if waiting:
            return _unanswered(waiting), f"messages.[{index}].role"
        calls = cast("list[Json]", message.get("tool_calls") or [])
        waiting = {str(call.get("id")) for call in calls}
    return (_unanswered(waiting), "messages") if waiting else None


def _unanswered(waiting: set[str]) -> str:
    return (
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
        "'tool_call_id'. "
        f"The following tool_call_ids did not have response messages: {', '.join(sorted(waiting))}"
    )


def _tools_fault(tools: object) -> tuple[str, str | None] | None:
    if tools is None:
        return None
    if not isinstance(tools, list):
        return "Invalid type for 'tools': expected an array of objects.", "tools"
    names: set[str] = set()
    for index, tool in enumerate(cast("list[object]", tools)):
        name = _tool_name(tool)
        place = f"tools[{index}].function.name"
        if name is None:
            return f"Missing required parameter: '{place}'.", place
        if not TOOL_NAME.match(name):
            return f"Invalid '{place}': string does not match pattern. Expected '^[a-zA-Z0-9_-]+$'.", place
        if name in names:
            return f"Invalid '{place}': duplicate function name {name}.", place
        names.add(name)
    return None


def _tool_name(tool: object) -> str | None:
    function = cast("Json", tool).get("function") if isinstance(tool, dict) else None
    name = cast("Json", function).get("name") if isinstance(function, dict) else None
    return name if isinstance(name, str) else None
