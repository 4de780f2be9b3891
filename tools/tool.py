"""A tool as the rest of clew sees it: what the model is told, what it may do, how it is run."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from tools.schemas import BrokenSchema, misfits

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from jsonschema.exceptions import ValidationError

log = structlog.get_logger()

OURS = "clew"
"""What a tool of our own has for its server."""

LARGEST_ARGUMENTS = 256 * 1024
"""Bytes of a call's arguments as JSON. Whatever stands in them, on a card they are a file far below the 10 MiB that
Discord takes (its documentation, reference, uploading files)."""

_SHOWN_ERRORS = 5


class ToolError(Exception):
    """A call that gave no result; its text is one sentence that tells the model what to do about it."""


class UnknownTool(ToolError):  # noqa: N818 - the errors of this room are named for what went wrong
    """No tool of this name can be called."""


class BadArguments(ToolError):  # noqa: N818
    """The arguments do not fit the tool's schema; nothing was run."""


class ToolFailed(ToolError):  # noqa: N818
    """The tool ran and reports an error of its own."""


class ToolTimeout(ToolError):  # noqa: N818
    """The tool gave no answer in time; it may still be at work."""


class ServerDown(ToolError):  # noqa: N818
    """The server that has the tool cannot be reached."""


@dataclass(frozen=True, slots=True)
class Hints:
    """What a tool's author says about its effects (MCP tool annotations); None where nothing is said."""

    read_only: bool | None = None
    destructive: bool | None = None
    idempotent: bool | None = None
    open_world: bool | None = None

    @property
    def effects(self) -> tuple[str, ...]:
        """The effects in words; what is not said counts as the MCP specification has it (tool annotations).

        By default a tool is not read-only, one that is not is destructive, and every one reaches the open world.
        """
        if self.read_only is True:
            found = ["reads"] + ["destroys"] * (self.destructive is True)
        else:
            found = ["writes"] + ["destroys"] * (self.destructive is not False)
        return (*found, *["reaches outside"] * (self.open_world is not False))


@dataclass(frozen=True, slots=True)
class Origin:
    """For whom, and from where, a call is made: Discord ids; guild_id is None in a direct message."""

    guild_id: int | None
    channel_id: int
    user_id: int


@dataclass(frozen=True, slots=True)
class Tool:
    """Something the model may call.

    Attributes:
        name: The name the model uses, ``^[a-zA-Z0-9_-]{1,64}$`` once it has passed the catalog.
        description: What it does, for the model.
        schema: JSON schema of the arguments.
        server: Name of the MCP server it comes from, or ``clew`` for one of our own.
        hints: What its author says about its effects.
        run: Takes arguments that passed `check_arguments`, gives the result as text, raises `ToolError`.
        original: The name the server itself uses, where the catalog gave the tool another one.
    """

    name: str
    description: str
    schema: Mapping[str, Any]
    server: str
    hints: Hints
    run: Callable[[dict[str, Any], Origin], Awaitable[str]]
    original: str | None = None

    @property
    def source(self) -> str:
        """The server and its own name for the tool: stays the same whatever the catalog calls it."""
        return f"{self.server}/{self.original or self.name}"

    def definition(self) -> dict[str, Any]:
        """Give the tool in the function format of OpenAI's chat completions."""
        # Some providers refuse an object without "properties", and some the "$schema" key.
        parameters: dict[str, Any] = {"type": "object", "properties": {}}
        parameters |= {key: value for key, value in self.schema.items() if key != "$schema"}
        function: dict[str, Any] = {"name": self.name, "description": self.description, "parameters": parameters}
        return {"type": "function", "function": function}


def check_arguments(tool: Tool, arguments: Mapping[str, Any]) -> None:
    """Hold a call's arguments against their bound and the tool's schema, before anything is asked or run.

    A schema that is itself broken, refers to what is not in it, or takes too long, cannot be held against anything:
    that is logged, and the tool's server is left to judge.

    Args:
        tool: The tool that is to be called.
        arguments: What the model wrote.

    Raises:
        BadArguments: They do not fit; the text names each place and what was expected there.
    """
    size = len(json.dumps(arguments, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    if size > LARGEST_ARGUMENTS:
        raise BadArguments(
            f"The arguments have {math.ceil(size / 1024)} KiB, and those of a call may have "
            f"{LARGEST_ARGUMENTS // 1024}; {tool.name} was not run. Call it with less, perhaps in several calls."
        )
    try:
        errors = misfits(arguments, tool.schema)
    except BrokenSchema as fault:
        log.warning("tool_schema_broken", tool=tool.name, server=tool.server, error=str(fault))
        return
    if not errors:
        return
    lines = [f"- {_place(error)}: {_shortened(error.message)}" for error in errors[:_SHOWN_ERRORS]]
    if len(errors) > _SHOWN_ERRORS:
        lines.append(f"- and {len(errors) - _SHOWN_ERRORS} more")
    raise BadArguments("\n".join([f"The arguments do not fit {tool.name}; correct them and call again:", *lines]))


def _place(error: ValidationError) -> str:
    """Name the argument an error is about, as in ``items[2].name``."""
    return error.json_path.removeprefix("$").removeprefix(".") or "arguments"


def _shortened(message: str) -> str:
    """Keep the end of a message, where the expectation stands: a large value at its front tells nothing."""
    return message if len(message) <= 300 else f"{message[:80]} ... {message[-200:]}"
