"""Which tools run without asking in a conversation, looked at again at every call."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from checkpoints.grants import Grant
    from graph.deciding import Rules
    from tools.tool import Tool


@dataclass(frozen=True, slots=True)
class Granted:
    """The grants of a conversation, each as long as it holds.

    The present settings count as well as those under which it was given: it holds for no more minutes than they offer
    for its tool, from when it was given; where they do not offer that, it does not hold at all.

    Attributes:
        grants: By the tool's source.
        now: Gives the time.
        rules: The present settings.
    """

    grants: Mapping[str, Grant]
    now: Callable[[], datetime]
    rules: Rules

    def of(self, tool: Tool) -> Grant | None:
        """The grant by which a tool runs without asking now, until when it holds by the present settings."""
        grant = self.grants.get(tool.source)
        if grant is None:
            return None
        minutes = self.rules.terms(tool.name, tool.source).remember_minutes
        until = min(grant.until, grant.granted_at + timedelta(minutes=minutes))
        return replace(grant, until=until) if self.now() < until else None


def without_asking(grant: Grant) -> str:
    """The rule that a grant is, in words for people."""
    return f"without asking until {grant.until:%Y-%m-%d %H:%M} UTC, granted by {grant.granted_by}"
