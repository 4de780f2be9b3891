"""The turns of a branch, those it took over from its parents included, with what was done in each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from checkpoints.cards import Approval
    from checkpoints.journal import Journal
    from checkpoints.tool_runs import ToolRun
    from checkpoints.turns import TurnRecord


class UnknownThread(LookupError):  # noqa: N818 - named for what went wrong
    """No thread of this id is in the journal."""


@dataclass(frozen=True, slots=True)
class TurnHistory:
    """One turn, and what was done in it."""

    record: TurnRecord
    tool_runs: list[ToolRun]
    approvals: list[Approval]


async def turns_of(journal: Journal, thread_id: str) -> list[TurnRecord]:
    """The turns that a thread holds, the first one first: its parents' up to where it left them, then its own.

    Raises:
        UnknownThread: There is no such thread.
    """
    branch = await journal.branches.get(thread_id)
    if branch is None:
        raise UnknownThread(f"There is no thread {thread_id}.")
    own = await journal.turns.of(thread_id)
    if branch.parent is None or branch.parent_turn is None:
        return own
    taken: list[TurnRecord] = []
    for record in await turns_of(journal, branch.parent):
        taken.append(record)
        if record.key == branch.parent_turn:
            break
    return taken + own


async def history_of(journal: Journal, thread_id: str) -> list[TurnHistory]:
    """The turns that a thread holds, each with its tool runs and approvals.

    Raises:
        UnknownThread: There is no such thread.
    """
    return [
        TurnHistory(record, await journal.tool_runs.of(record.key), await journal.approvals.of(record.key))
        for record in await turns_of(journal, thread_id)
    ]
