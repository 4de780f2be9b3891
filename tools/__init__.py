"""What the model may call, and on what terms.

`tools.mcp` is imported by name where it is needed: it loads the MCP library, which takes longer than everything
else here together.
"""

from tools.catalog import Catalog
from tools.policy import Action, Policy, PolicySettings, Verdict
from tools.settings import ToolSettings
from tools.tool import (
    BadArguments,
    Hints,
    Origin,
    ServerDown,
    Tool,
    ToolError,
    ToolFailed,
    ToolTimeout,
    UnknownTool,
    check_arguments,
)

__all__ = [
    "Action",
    "BadArguments",
    "Catalog",
    "Hints",
    "Origin",
    "Policy",
    "PolicySettings",
    "ServerDown",
    "Tool",
    "ToolError",
    "ToolFailed",
    "ToolSettings",
    "ToolTimeout",
    "UnknownTool",
    "Verdict",
    "check_arguments",
]
