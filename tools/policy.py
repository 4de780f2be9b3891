"""Which tool call runs by itself, which asks a person first, and which is never made."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from pydantic import Field, RootModel, field_validator

if TYPE_CHECKING:
    from tools.tool import Tool

_WILDCARD = re.compile(r"\[!?\]?[^\]]*\]|[*?]")


class Action(StrEnum):
    """What becomes of a call."""

    AUTO = "auto"
    ASK = "ask"
    DENY = "deny"


_STRICTNESS = {Action.AUTO: 0, Action.ASK: 1, Action.DENY: 2}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a call, and the pattern or reason that decided it, in words for people."""

    action: Action
    rule: str


class PolicySettings(RootModel[dict[str, Action]]):
    """The table ``[tools.policy]``: name pattern to ``auto``, ``ask`` or ``deny``.

    A pattern is a shell pattern (``*``, ``?``, ``[abc]``), case counts. It is held against the tool's name as
    the model sees it and against ``server/name``, where the server's own name for the tool counts as well, so
    that a rule holds whatever the catalog had to call it. Our own tools have the server ``clew``.
    """

    root: dict[str, Action] = Field(default_factory=dict[str, Action])

    @field_validator("root")
    @classmethod
    def _patterns_say_something(cls, root: dict[str, Action]) -> dict[str, Action]:
        if any(not pattern.strip() for pattern in root):
            raise ValueError("a pattern in [tools.policy] is empty: name a tool, or use * for all of them")
        return root


class Policy:
    """The terms on which tools are called.

    Of the configured patterns that fit a tool, the most specific decides: the one with the longest literal
    part; among equals the stricter.

    Where none fits: a tool runs by itself if its author says that it is read-only (``readOnlyHint: true``),
    that it stays in a closed world (``openWorldHint: false``), and does not call it destructive. Everything
    else asks. The MCP specification (tool annotations) takes an absent ``openWorldHint`` for true, and so do
    we: a tool that reads the world can carry what it is given out into it. A server that says nothing, as
    many do, therefore asks until its operator writes a rule such as ``"time/*" = "auto"``. Annotations are
    the word of the server's author: they are trusted as far as whoever configured the server trusts it.
    """

    def __init__(self, settings: PolicySettings | None = None) -> None:
        rules = (settings or PolicySettings()).root.items()
        self._rules = sorted(rules, key=lambda rule: (-_literal_length(rule[0]), -_STRICTNESS[rule[1]]))

    def verdict(self, tool: Tool) -> Verdict:
        """Decide about the calls of a tool."""
        names = {tool.name, f"{tool.server}/{tool.name}", tool.source}
        for pattern, action in self._rules:
            if any(fnmatchcase(name, pattern) for name in names):
                return Verdict(action, f"{pattern}: {action}")
        return _default_verdict(tool)


def _literal_length(pattern: str) -> int:
    """Count the characters of a pattern that stand for themselves."""
    return len(_WILDCARD.sub("", pattern))


def _default_verdict(tool: Tool) -> Verdict:
    hints = tool.hints
    if hints.read_only is not True:
        return Verdict(Action.ASK, "not declared read-only")
    if hints.destructive is True:
        return Verdict(Action.ASK, "declared both read-only and destructive")
    if hints.open_world is not False:
        return Verdict(Action.ASK, "read-only, but may reach the open world")
    return Verdict(Action.AUTO, "read-only and not open-world")
