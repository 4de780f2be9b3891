"""The journal: everything durable that is not a checkpoint, by subject."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from checkpoints.approvals import Approvals
from checkpoints.blobs import Blobs
from checkpoints.branches import Branches
from checkpoints.deliveries import Deliveries
from checkpoints.inbox import Inbox
from checkpoints.prompt_rows import PromptRows
from checkpoints.tool_runs import ToolRuns
from checkpoints.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable

    from checkpoints.database import Database


class Journal:
    """The journal of one database.

    The checkpoints say what a conversation is; the journal says what was promised to the outside.
    """

    def __init__(self, database: Database, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.inbox = Inbox(database, now)
        self.turns = Turns(database, now)
        self.branches = Branches(database, now)
        self.deliveries = Deliveries(database, now)
        self.approvals = Approvals(database, now)
        self.tool_runs = ToolRuns(database, now)
        self.prompts = PromptRows(database, now)
        self.blobs = Blobs(database, now)
