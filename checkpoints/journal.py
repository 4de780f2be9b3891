"""The journal: everything durable that is not a checkpoint, by subject."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from checkpoints.approvals import Approvals
from checkpoints.audit import Audit
from checkpoints.blobs import Blobs
from checkpoints.branches import Branches
from checkpoints.claims import Unfenced
from checkpoints.counts import Counts
from checkpoints.deliveries import Deliveries
from checkpoints.grants import Grants
from checkpoints.inbox import Inbox
from checkpoints.prompt_rows import PromptRows
from checkpoints.seen import Seen
from checkpoints.tool_runs import ToolRuns
from checkpoints.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable

    from checkpoints.claims import Fencing
    from checkpoints.database import Database


class Journal:
    """The journal of one database.

    The checkpoints say what a conversation is; the journal says what was promised to the outside.

    Args:
        database: The database.
        now: The time, aware.
        claims: What this process holds; without it, it is alone with the database.
    """

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        claims: Fencing | None = None,
    ) -> None:
        fencing = claims or Unfenced(database)
        self.now = now
        self.inbox = Inbox(database, now, fencing)
        self.counts = Counts(database)
        self.turns = Turns(database, now, fencing)
        self.branches = Branches(database, now)
        self.deliveries = Deliveries(database, now)
        self.approvals = Approvals(database, now, fencing)
        self.grants = Grants(database, now)
        self.audit = Audit(database)
        self.tool_runs = ToolRuns(database, now, fencing)
        self.prompts = PromptRows(database, now)
        self.blobs = Blobs(database, now)
        self.seen = Seen(database)
