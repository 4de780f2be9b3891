"""The file that names the MCP servers: ``mcp.json``, in the ``mcpServers`` convention of other MCP clients."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import structlog
from pydantic import BaseModel, ConfigDict, Field, HttpUrl, TypeAdapter, ValidationError

from tools.tool import OURS

if TYPE_CHECKING:
    from collections.abc import Mapping

log = structlog.get_logger()

DEFAULT_PATH = Path("mcp.json")

_HTTP = {"http", "streamable-http", "streamable_http"}
_VARIABLE = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}")
_NAME = re.compile(r"[\w .@-]{1,64}")


class McpConfigError(Exception):
    """The file cannot be used at all; one sentence that names file, line and problem."""


class StdioServer(BaseModel):
    """A server that is started as a process of its own and spoken to over its standard input and output."""

    model_config = ConfigDict(frozen=True, coerce_numbers_to_str=True)

    command: str = Field(min_length=1)
    args: tuple[str, ...] = Field(default=(), repr=False)
    env: dict[str, str] = Field(default_factory=dict, repr=False)
    cwd: str | None = None


class HttpServer(BaseModel):
    """A server that is reached at an address, over streamable HTTP or the older SSE."""

    model_config = ConfigDict(frozen=True, coerce_numbers_to_str=True)

    url: str
    headers: dict[str, str] = Field(default_factory=dict, repr=False)
    sse: bool = False


ServerConfig = StdioServer | HttpServer


@dataclass(frozen=True, slots=True)
class McpConfig:
    """What the file says.

    Attributes:
        servers: The servers to be started, by name.
        problems: One sentence for each entry that was left out.
    """

    servers: Mapping[str, ServerConfig] = field(default_factory=dict[str, ServerConfig])
    problems: tuple[str, ...] = ()


class _EntryError(Exception):
    """One entry cannot be used."""


def load_mcp_config(path: Path | None = None, *, environ: Mapping[str, str] | None = None) -> McpConfig:
    """Read the file that names the MCP servers.

    ``{"mcpServers": {"name": {...}}}``, where an entry has ``command`` (with ``args``, ``env``, ``cwd``) or
    ``url`` (with ``headers``, and ``type`` or ``transport``: ``http``, ``streamable-http`` or ``sse``);
    ``"disabled": true`` leaves it out. In every string, ``${VAR}`` and ``${VAR:-default}`` stand for the
    environment variable; as in a shell the default also stands in for an empty one. An entry that asks for a
    variable that is not set, or that cannot be used for another reason, is reported and left out.

    Args:
        path: The file; None means ``mcp.json`` in the working directory, which need not be there.
        environ: The environment variables; those of the process unless given.

    Raises:
        McpConfigError: The file cannot be read, is no JSON, or has no ``mcpServers`` in it.
    """
    file = path or DEFAULT_PATH
    if path is None and not file.exists():
        return McpConfig()
    text = _text(file)
    entries = _entries(file, text)
    servers: dict[str, ServerConfig] = {}
    problems: list[str] = []
    unknown: list[str] = []
    for name, entry in entries.items():
        try:
            server, ignored = _server(name, entry, os.environ if environ is None else environ)
        except _EntryError as error:
            problems.append(f"{file}, line {_line_of(text, name)}: the server {name!r} is left out: {error}")
            log.warning("mcp_server_misconfigured", server=name, problem=problems[-1])
            continue
        unknown += [f"{name}.{key}" for key in ignored]
        if server:
            servers[name] = server
    if unknown:
        log.warning("mcp_config_fields_ignored", file=str(file), fields=unknown)
    return McpConfig(servers, tuple(problems))


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise McpConfigError(f"{file} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise McpConfigError(f"{file}, line {line}: this is not UTF-8 text.") from error


def _entries(file: Path, text: str) -> dict[str, Any]:
    try:
        content: object = json.loads(text)
    except json.JSONDecodeError as error:
        raise McpConfigError(f"{file}, line {error.lineno}: this is not JSON: {error.msg}.") from error
    except RecursionError as error:
        raise McpConfigError(f"{file}, line 1: this is nested too deeply.") from error
    servers = cast("dict[str, object]", content).get("mcpServers") if isinstance(content, dict) else None
    if not isinstance(servers, dict):
        line = _line_of(text, "mcpServers")
        raise McpConfigError(
            f'{file}, line {line}: expected an object {{"mcpServers": {{"name": {{...}}}}}} of servers by name.'
        )
    return cast("dict[str, Any]", servers)


def _line_of(text: str, key: str) -> int:
    """Find the line on which a key stands for the first time; 1 where it does not stand in the text."""
    found = re.search(rf"{re.escape(json.dumps(key, ensure_ascii=False))}\s*:", text)
    return text.count("\n", 0, found.start()) + 1 if found else 1


def _server(name: str, entry: object, environ: Mapping[str, str]) -> tuple[ServerConfig | None, list[str]]:
    """Read one entry; None for a disabled one, and the names of the fields that mean nothing to us."""
    if not _NAME.fullmatch(name) or name == OURS:
        raise _EntryError(f"a name has up to 64 letters, digits, spaces or _.@- and is not {OURS!r}")
    if not isinstance(entry, dict):
        raise _EntryError("expected an object with a command or a url")
    fields = cast("dict[str, Any]", entry)
    if fields.get("disabled") is True:
        return None, []
    transport = _transport(fields)
    fields = {key: _expanded(value, environ) for key, value in fields.items()}
    known = {"type", "transport", "disabled"}
    try:
        if transport == "stdio":
            server = StdioServer.model_validate(fields)
            return server, sorted(fields.keys() - known - StdioServer.model_fields.keys())
        TypeAdapter(HttpUrl).validate_python(fields.get("url"))
        server = HttpServer.model_validate(fields | {"sse": transport == "sse"})
        return server, sorted(fields.keys() - known - {"url", "headers"})
    except ValidationError as error:
        raise _EntryError(_first_problem(error)) from None  # the original repeats the values, which may be secret


def _transport(fields: Mapping[str, Any]) -> str:
    """Tell how a server is reached: ``stdio``, ``http`` or ``sse``."""
    if ("command" in fields) == ("url" in fields):
        raise _EntryError("it needs either a command or a url")
    given = fields.get("type", fields.get("transport"))
    if "command" in fields:
        if given not in (None, "stdio"):
            raise _EntryError(f"it has a command, so its type is stdio, not {given!r}")
        return "stdio"
    if given == "sse":
        return "sse"
    if given is not None and str(given) not in _HTTP:
        raise _EntryError(f"its type is {given!r}; http, streamable-http and sse are known for a url")
    return "http"


def _first_problem(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "url"
    return f"{place}: {first['msg']}"


def _expanded(value: Any, environ: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
    """Put environment variables into all strings of a JSON value."""
    if isinstance(value, str):
        return _VARIABLE.sub(lambda match: _variable(match, environ), value)
    if isinstance(value, list):
        return [_expanded(item, environ) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {key: _expanded(item, environ) for key, item in cast("dict[str, Any]", value).items()}
    return value


def _variable(match: re.Match[str], environ: Mapping[str, str]) -> str:
    value = environ.get(match["name"])
    if match["default"] is not None:
        return value or match["default"]
    if value is None:
        raise _EntryError(f"the environment variable {match['name']} is not set")
    return value
