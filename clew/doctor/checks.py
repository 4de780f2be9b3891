"""All checks at once, each with a bound, told in a fixed order."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

from clew.doctor.files import check_files, confided
from clew.doctor.finding import Finding, Level, one_line
from clew.settings import Settings
from graph.redacting import Redactor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from rich.console import Console

# A check that takes longer than this (seconds) is given up; starting MCP servers for the first time takes longest.
_BOUND = 90.0


async def examine(console: Console, *, ask: bool, bound: float = _BOUND) -> bool:
    """Look at everything and tell it; False when something failed.

    Args:
        console: Where it is told.
        ask: Whether to ask the model something, which may cost a little.
        bound: Seconds that each check may take.
    """
    settings, problems = Settings.load_leniently()
    plain = Redactor([*settings.secrets(), *confided(settings)])
    checks = {
        "database": _database(settings),
        "discord": _discord(settings),
        "model": _model(settings, plain, ask=ask),
        "mcp": _servers(settings, plain),
    }
    tasks = [asyncio.create_task(_bounded(subject, check, bound, plain)) for subject, check in checks.items()]
    found: Counter[Level] = Counter()
    for findings in (_now(check_files(settings, problems)), *tasks):
        for finding in await findings:
            found[finding.level] += 1
            console.print(finding.line(plain), soft_wrap=True)
    console.print(_sum(found))
    return not found[Level.FAILED]


async def _now(findings: list[Finding]) -> list[Finding]:
    return findings


async def _bounded(
    subject: str, check: Awaitable[list[Finding]], bound: float, plain: Callable[[str], str]
) -> list[Finding]:
    """What a check finds; whatever becomes of it, the others go on."""
    try:
        async with asyncio.timeout(bound):
            return await check
    except TimeoutError:
        text = f"This took longer than {bound:g} s, so it was given up."
        return [Finding(Level.FAILED, subject, text, "Try again; if it stays so, what is looked at here hangs.")]
    except Exception as error:  # noqa: BLE001 - a fault of ours in one check must not hide what the others found
        text = f"This check broke: {type(error).__name__}: {one_line(plain(str(error)))}"
        return [Finding(Level.FAILED, subject, text, "That is a fault of clew; please report it.")]


def _sum(found: Counter[Level]) -> str:
    failed, warnings = found[Level.FAILED], found[Level.WARNING]
    if not failed and not warnings:
        return f"All {found.total()} are ok."
    return f"{found[Level.OK]} ok, {warnings} warning{'s' * (warnings != 1)}, {failed} failed."


# What each check stands on takes seconds to load, so it is loaded when the first findings are told already.


async def _database(settings: Settings) -> list[Finding]:
    from clew.doctor.database import check_database

    return await check_database(settings)


async def _discord(settings: Settings) -> list[Finding]:
    from clew.doctor.discord import check_discord

    return await check_discord(settings)


async def _model(settings: Settings, plain: Callable[[str], str], *, ask: bool) -> list[Finding]:
    from clew.doctor.model import check_model

    return await check_model(settings, plain, ask=ask)


async def _servers(settings: Settings, plain: Callable[[str], str]) -> list[Finding]:
    from clew.doctor.servers import check_servers

    return await check_servers(settings, plain)
