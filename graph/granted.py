"""Which tools run without asking in a conversation, looked at again at every call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from checkpoints.grants import Grant
    from tools.tool import Tool


@dataclass(frozen=True, slots=True)
class Granted:
    """The grants of a conversation, each as long as it holds.

    Attributes:
        grants: By the tool's source.
        now: Gives the time.
    """

    grants: Mapping[str, Grant]
    now: Callable[[], datetime]

    def of(self, tool: Tool) -> Grant | None:
        """The grant by which a tool runs without asking now."""
        grant = self.grants.get(tool.source)
        return grant if grant and self.now() < grant.until else None


def without_asking(grant: Grant) -> str:
    """The rule that a grant is, in words for people."""
    return f"without asking until {grant.until:%Y-%m-%d %H:%M} UTC, granted by {grant.granted_by}"
