"""`clew history`: what the database holds of conversations, told in the terminal."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from rich.table import Table

from checkpoints.database import open_database
from checkpoints.history import history_of, turns_of
from checkpoints.journal import Journal
from checkpoints.place import DatabaseError
from clew.terminal import told

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from rich.console import Console
    from rich.text import Text

    from checkpoints.audit import AuditEvent
    from checkpoints.branches import Branch
    from checkpoints.history import TurnHistory
    from clew.settings import Settings


# Characters of a fingerprint that tell one call from another for people.
_FINGERPRINT = 12


async def show_threads(settings: Settings, console: Console) -> None:
    """List every thread."""
    async with open_journal(settings) as journal:
        table = Table("Thread", "Opened by", "Opened", "Turns", "First words", box=None)
        for branch in await journal.branches.all():
            table.add_row(*await _thread_row(journal, branch))
    console.print(table if table.row_count else "No conversations yet.")


async def show_turns(settings: Settings, thread_id: str, console: Console) -> None:
    """List the turns of a thread.

    Raises:
        UnknownThread: There is no such thread.
    """
    async with open_journal(settings) as journal:
        console.print(turns_table(await history_of(journal, thread_id)))


async def show_approvals(settings: Settings, console: Console) -> None:
    """List everything that was decided about calls: when, what, about which, by whom, in which turn."""
    async with open_journal(settings) as journal:
        table = Table("Time", "Event", "Tool", "Fingerprint", "By", "Turn", "Detail", box=None)
        for event in await journal.audit.all():
            table.add_row(*_audit_row(event))
    console.print(table if table.row_count else "Nothing was decided yet.")


def turns_table(turns: Sequence[TurnHistory]) -> Table | str:
    """Turns as a table; a sentence where there are none."""
    table = Table("Turn", "Time", "First words", "Tools", "Approvals", "Outcome", "Tokens", box=None)
    for turn in turns:
        table.add_row(*_turn_row(turn))
    return table if turns else "This thread has no turns yet."


@asynccontextmanager
async def open_journal(settings: Settings) -> AsyncGenerator[Journal]:
    """The journal of a database that is there already.

    Raises:
        DatabaseError: It is not there, or cannot be used.
    """
    database = open_database(settings.database_url)
    if database.path and not database.path.exists():
        raise DatabaseError(f"There is no database at {database.path} yet.")
    try:
        await database.upgrade()
        yield Journal(database)
    finally:
        await database.close()


async def _thread_row(journal: Journal, branch: Branch) -> tuple[str | Text, ...]:
    turns = await turns_of(journal, branch.thread_id)
    return (
        f"{branch.thread_id}{' (current)' if branch.current else ''}",
        branch.reason,
        f"{branch.created_at:%Y-%m-%d %H:%M}",
        str(len(turns)),
        told(turns[0].first_words if turns else ""),
    )


def _audit_row(event: AuditEvent) -> tuple[str | Text, ...]:
    return (
        f"{event.at:%Y-%m-%d %H:%M:%S}",
        event.event,
        told(event.tool or ""),
        (event.fingerprint or "")[:_FINGERPRINT],
        "nobody" if event.user_id is None else str(event.user_id),
        event.turn_key or "",
        told(event.detail or ""),
    )


def _turn_row(turn: TurnHistory) -> tuple[str | Text, ...]:
    record = turn.record
    tools = [f"{run.tool}{' (failed)' if run.failed else ''}" for run in turn.tool_runs]
    approvals = [f"{card.tool}: {card.decision or 'waiting'}" for card in turn.approvals]
    return (
        str(record.number),
        f"{record.started_at:%Y-%m-%d %H:%M:%S}",
        told(record.first_words),
        told("\n".join(tools)),
        told("\n".join(approvals)),
        record.outcome or "open",
        f"{record.input_tokens}+{record.output_tokens}",
    )
