"""The tools that every clew has."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tools.builtin.clock import clock_tool

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.tool import Tool


def _utc_now() -> datetime:
    return datetime.now(UTC)


def builtin_tools(now: Callable[[], datetime] = _utc_now) -> list[Tool]:
    """Give the tools of our own that need nothing from outside.

    Args:
        now: The clock; gives an aware time.
    """
    return [clock_tool(now)]
