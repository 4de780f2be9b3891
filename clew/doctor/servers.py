"""The MCP servers: each one started as a turn would start it, its tools counted by what the policy says of them."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from clew.doctor.finding import Finding, Level, one_line
from tools.mcp import McpServers
from tools.mcp_config import McpConfigError, load_mcp_config
from tools.policy import Action, Policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from clew.settings import Settings
    from tools.mcp import ServerStatus
    from tools.mcp_config import McpConfig

# The first start of a server under uvx or npx downloads it (seconds).
_START = 60.0

_SAID = "Run its command by hand to see what it says."

# How `tools.mcp_session` and the libraries below it say what went wrong, and the way out; the first that fits.
_WAYS_OUT = (
    (r"there is no '(?:\S*/)?uvx?' to run", "Install uv (docs.astral.sh/uv), and see that uvx is on the PATH of clew."),
    (r"there is no '(?:\S*/)?(npx|node)' to run", "Install Node.js, and see that npx is on the PATH of clew."),
    (r"there is no '.*' to run", "Install it, or write its whole path as the command in {file}."),
    (r"\b(401|403)\b", "It refuses the credentials: look at headers or env of this server in {file}."),
    (r"\b404\b", "Its url in {file} is wrong; most servers are at /mcp."),
    (r"connection attempts failed|Connection refused|Name or service", "Start it, or correct its url in {file}."),
    (r"did not answer within", _SAID),
)


async def check_servers(settings: Settings, plain: Callable[[str], str]) -> list[Finding]:
    """Start every configured server, list its tools, and stop it again.

    Args:
        settings: What is set.
        plain: Takes what nobody should see out of what a server says, before it is cut.
    """
    file = settings.tools.mcp_config or "mcp.json"
    try:
        config = load_mcp_config(settings.tools.mcp_config, environ=settings.variables)
    except McpConfigError as error:
        mend = "Correct it; docs/mcp.example.json is one that works. Until then no MCP server is started."
        return [Finding(Level.FAILED, "mcp", str(error), mend)]
    findings = [Finding(Level.FAILED, "mcp", _sentence(problem), _entry_mend(problem)) for problem in config.problems]
    if config.servers:
        findings += await _started(settings, config, str(file), plain)
    return findings or [Finding(Level.OK, "mcp", "No MCP server is configured; docs/mcp.md shows how.")]


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _entry_mend(problem: str) -> str:
    if unset := re.search(r"environment variable (\w+) is not set", problem):
        name = unset[1]
        return f"Set {name} in the environment or in .env, or give a default in the file: ${{{name}:-default}}."
    return "Correct this entry; docs/mcp.md shows what one can hold."


async def _started(settings: Settings, config: McpConfig, file: str, plain: Callable[[str], str]) -> list[Finding]:
    policy = Policy(settings.tools.policy)
    async with McpServers(config.servers, start_timeout=_START, connect_timeout=_START, redact=plain) as servers:
        actions = {status.name: Counter[Action]() for status in servers.status()}
        for tool in servers.tools():
            actions[tool.server][policy.verdict(tool).action] += 1
        return [_server(status, actions[status.name], file) for status in servers.status()]


def _server(status: ServerStatus, actions: Counter[Action], file: str) -> Finding:
    if status.state != "up":
        error = one_line(status.error or f"it did not answer within {_START:g} s")
        mend = next((way for pattern, way in _WAYS_OUT if re.search(pattern, error)), _SAID)
        return Finding(Level.FAILED, "mcp", f"{status.name} does not start: {error}.", mend.format(file=file))
    if not status.tools:
        mend = (
            "See its own log; a LiteLLM gateway lists none where the key may use none, or a server of its own failed."
        )
        return Finding(Level.WARNING, "mcp", f"{status.name} runs, but offers no tools.", mend)
    counts = ", ".join(
        f"{actions[action]} {does}"
        for action, does in ((Action.AUTO, "run by themselves"), (Action.ASK, "ask"), (Action.DENY, "are denied"))
    )
    return Finding(Level.OK, "mcp", f"{status.name} runs and offers {status.tools} tools: {counts}.")
