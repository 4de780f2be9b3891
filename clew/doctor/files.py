"""The settings: files that cannot be read, names that mean nothing, and the variables of a former bot."""

from __future__ import annotations

import os
import re
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from clew.doctor.finding import Finding, Level, one_line
from clew.settings import Environment, dotenv
from prompts.file import read_prompt
from tools.mcp_config import DEFAULT_PATH, McpConfigError, StdioServer, load_mcp_config

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clew.settings import Settings

_OURS = tuple(name.upper() for name in Environment.model_fields)

_FORMER = re.compile(r"^OPEN_?WEBUI_", re.IGNORECASE)

# What a former bot's variable was for shows in its name; the first that fits.
_REPLACED = (
    (re.compile(r"MCP|TOOL"), "the file mcp.json, which names MCP servers"),
    (re.compile(r"PROMPT"), "SYSTEM_PROMPT or SYSTEM_PROMPT_FILE"),
    (re.compile(r"KEY|TOKEN$|SECRET"), "LITELLM_API_KEY, a key of your LiteLLM proxy"),
    (re.compile(r"MODEL"), "MODEL_NAME, the model's name at the proxy"),
    (re.compile(r"BASE|URL|HOST|ENDPOINT"), "LITELLM_API_BASE, the address of your LiteLLM proxy"),
)

_GUIDE = "docs/from-openwebui.md has the whole list."


def check_files(settings: Settings, problems: Iterable[str]) -> list[Finding]:
    """What is to be said of the settings.

    Args:
        settings: What could be read of them.
        problems: What could not, as `Settings.load_leniently` tells it.
    """
    findings = [
        Finding(Level.FAILED, "settings", problem, "Correct this place; the README lists what can be set.")
        for problem in problems
    ]
    findings += [*_misspelt(), *_former(), *_prompt(settings)]
    if not any(finding.level == Level.FAILED for finding in findings):
        read = [name for name in (".env", str(settings.config_path)) if Path(name).is_file()]
        told = f"{' and '.join(read)} can be read" if read else "there is neither .env nor clew.toml"
        findings.insert(0, Finding(Level.OK, "settings", f"{told}."))
    return findings


def confided(settings: Settings) -> list[str]:
    """What MCP servers are given in confidence: what a report must not show, should one of them repeat it."""
    try:
        config = load_mcp_config(settings.tools.mcp_config, environ=settings.variables)
        text = (settings.tools.mcp_config or DEFAULT_PATH).read_text("utf-8")
    except (McpConfigError, OSError):
        return []
    values = [settings.variables.get(name, "") for name in re.findall(r"\$\{(\w+)", text)]
    for server in config.servers.values():
        if isinstance(server, StdioServer):
            values += server.env.values()
        else:
            values += [word for header in server.headers.values() for word in header.split()]
            values += [value for _, value in parse_qsl(urlsplit(server.url).query)]
    return values


def _misspelt() -> list[Finding]:
    """Names in `.env`, and names of ours in the environment, that look like a setting and are none."""
    names = {*dotenv(), *(name for name in os.environ if name.startswith("CLEW_"))}
    findings: list[Finding] = []
    # CLEW_ alone makes no name likely, so it must be close; what is somebody else's is none of our business.
    for name in sorted(name for name in names if name.upper() not in _OURS and not _FORMER.match(name)):
        close = get_close_matches(name.upper(), _OURS, n=1, cutoff=0.85)
        if close:
            text = f"{name} is no setting of clew, and nothing reads it."
            findings.append(Finding(Level.WARNING, "settings", text, f"Did you mean {close[0]}?"))
    return findings


def _former() -> list[Finding]:
    written = dotenv()
    names = sorted(name for name in {*os.environ, *written} if _FORMER.match(name))
    findings = [_replaced(name) for name in names]
    # Where it stands in the environment it may be anybody's; in our own file it was meant for the bot.
    if "OPENAI_API_KEY" in written and not (written.get("LITELLM_API_KEY") or os.environ.get("LITELLM_API_KEY")):
        findings.append(_replaced("OPENAI_API_KEY"))
    return findings


def _replaced(name: str) -> Finding:
    ours = next((ours for pattern, ours in _REPLACED if pattern.search(name.upper())), None)
    mend = f"In its place: {ours}. {_GUIDE}" if ours else f"Nothing takes its place. {_GUIDE}"
    return Finding(Level.WARNING, "settings", f"{name} is of a bot for Open WebUI; clew does not read it.", mend)


def _prompt(settings: Settings) -> list[Finding]:
    file = settings.prompts.file
    if file is None:
        return []
    try:
        read_prompt(file)
    except (OSError, ValueError) as error:
        mend = "Correct the file or SYSTEM_PROMPT_FILE; until then another prompt holds."
        return [Finding(Level.FAILED, "settings", f"The prompt file cannot be used: {one_line(error)}.", mend)]
    return []
