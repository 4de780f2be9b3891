"""What people decided, or what was decided for want of one: the rows that are written once and never changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from checkpoints.tables import audit

if TYPE_CHECKING:
    from datetime import datetime

    from checkpoints.database import Database


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One thing that was decided.

    Attributes:
        at: When.
        event: A decision (`checkpoints.cards.Decision`), `approval_counted`, `approval_pressed`,
            `approval_taken_back`, `reaction_not_allowed`, `reaction_taken_away`, `granted`, or `grant_taken_back`.
        turn_key: In which turn.
        approval_id: On which card.
        tool: About which tool.
        fingerprint: Of the name and the arguments it was about.
        user_id: Who; None where nobody did.
        detail: The reason that was given, or what else there is to say.
    """

    at: datetime
    event: str
    turn_key: str | None
    approval_id: str | None
    tool: str | None
    fingerprint: str | None
    user_id: int | None
    detail: str | None


class Audit:
    """Reads the audit; its rows are written in the transactions of what they tell about."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[AuditEvent]:
        """Everything that was decided, the oldest first."""
        async with self._database.read() as connection:
            return [
                AuditEvent(
                    at=row.at,
                    event=row.event,
                    turn_key=row.turn_key,
                    approval_id=row.approval_id,
                    tool=row.tool,
                    fingerprint=row.fingerprint,
                    user_id=row.user_id,
                    detail=row.detail,
                )
                for row in await connection.execute(select(audit).order_by(audit.c.id))
            ]
