"""Which tool call runs by itself, which asks a person first, and which is never made."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import Field, RootModel, field_validator

from tools.patterns import Patterns, all_say_something, names_of

if TYPE_CHECKING:
    from tools.tool import Tool


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
    """The table ``[tools.policy]``: name pattern (`tools.patterns.Patterns`) to ``auto``, ``ask`` or ``deny``."""

    root: dict[str, Action] = Field(default_factory=dict[str, Action])

    @field_validator("root")
    @classmethod
    def _patterns_say_something(cls, root: dict[str, Action]) -> dict[str, Action]:
        if not all_say_something(root):
            raise ValueError("a pattern in [tools.policy] is empty: name a tool, or use * for all of them")
        return root


class Policy:
    """The terms on which tools are called.

    Of the configured patterns that fit a tool, the most specific decides (`tools.patterns.Patterns`). Where the
    catalog had to call a tool something else, since another server has one of its name, what is set for that name
    alone can only make it stricter: ``"read" = "deny"`` still holds, ``"read" = "auto"`` could mean either tool.

    Where none fits: a tool runs by itself if its author says that it is read-only (``readOnlyHint: true``),
    that it stays in a closed world (``openWorldHint: false``), and does not call it destructive. Everything
    else asks. The MCP specification (tool annotations) takes an absent ``openWorldHint`` for true, and so do
    we: a tool that reads the world can carry what it is given out into it. A server that says nothing, as
    many do, therefore asks until its operator writes a rule such as ``"time/*" = "auto"``. Annotations are
    the word of the server's author: they are trusted as far as whoever configured the server trusts it.
    """

    def __init__(self, settings: PolicySettings | None = None) -> None:
        self._rules = Patterns((settings or PolicySettings()).root, lambda action: _STRICTNESS[action])

    def verdict(self, tool: Tool) -> Verdict:
        """Decide about the calls of a tool."""
        verdicts = [self._verdict(tool, names_of(tool.name, tool.source, bare=bare)) for bare in (True, False)]
        return max(verdicts, key=lambda verdict: _STRICTNESS[verdict.action])

    def _verdict(self, tool: Tool, names: frozenset[str]) -> Verdict:
        found = self._rules.find(names)
        if found:
            pattern, action = found
            return Verdict(action, f"{pattern}: {action}")
        return _default_verdict(tool)


def _default_verdict(tool: Tool) -> Verdict:
    hints = tool.hints
    if hints.read_only is not True:
        return Verdict(Action.ASK, "not declared read-only")
    if hints.destructive is True:
        return Verdict(Action.ASK, "declared both read-only and destructive")
    if hints.open_world is not False:
        return Verdict(Action.ASK, "read-only, but may reach the open world")
    return Verdict(Action.AUTO, "read-only and not open-world")
