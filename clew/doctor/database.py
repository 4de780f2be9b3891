"""The database: can it be used, is it of this version, and does a running clew hold it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from checkpoints.inspection import inspect
from checkpoints.place import DatabaseError
from clew.alone import DatabaseHeld, StartError, alone
from clew.doctor.finding import Finding, Level, one_line

if TYPE_CHECKING:
    from pathlib import Path

    from checkpoints.inspection import DatabaseState
    from clew.settings import Settings


async def check_database(settings: Settings) -> list[Finding]:
    """Look at the database; a thread does it, since it may have to wait for whoever writes just now."""
    try:
        state = await asyncio.to_thread(inspect, settings.database_url)
        held = state.place.path is not None and await asyncio.to_thread(_held, state.place.path)
    except (DatabaseError, StartError) as error:
        mend = "CLEW_DATABASE_URL must name a file where clew may write (sqlite:///path), or a PostgreSQL database."
        return [Finding(Level.FAILED, "database", one_line(error), mend)]
    return [_finding(state, held=held)]


def _finding(state: DatabaseState, *, held: bool) -> Finding:
    if not state.there:
        return Finding(Level.OK, "database", f"{state.place} is not there yet; `clew run` makes it.")
    if not state.known:
        text = f"{state.place} was written by a newer clew."
        return Finding(Level.FAILED, "database", text, "Install that version, or use another database.")
    by = "; a running clew has it, so a second one would not start" if held else ""
    if state.revision != state.newest:
        return Finding(Level.OK, "database", f"{state.place} can be written; `clew run` brings it up to date{by}.")
    return Finding(Level.OK, "database", f"{state.place} can be written and is up to date{by}.")


def _held(path: Path) -> bool:
    """Whether a running clew has the database; where nobody ever had it, no lock is made."""
    if not path.with_name(f"{path.name}.lock").exists():
        return False
    try:
        with alone(path, patience=0):
            return False
    except DatabaseHeld:
        return True
