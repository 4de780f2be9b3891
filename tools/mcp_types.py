"""What a session with an MCP server gives and raises, free of the MCP library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tools.tool import Hints


class SessionError(Exception):
    """Something did not work between us and a server; the text says what, in a few words for operators."""


class SessionLost(SessionError):  # noqa: N818 - named for what happened
    """The session is over or could not be opened."""


class RemoteError(SessionError):
    """The server answered a request with an error, or with what the protocol does not allow."""


@dataclass(frozen=True, slots=True)
class RemoteTool:
    """A tool as a server lists it."""

    name: str
    description: str
    schema: dict[str, Any]
    hints: Hints


@dataclass(frozen=True, slots=True)
class RemoteResult:
    """What a call gave: content blocks in the protocol's JSON, structured content, and whether it is an error."""

    blocks: list[dict[str, Any]]
    structured: dict[str, Any] | None
    is_error: bool
