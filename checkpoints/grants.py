"""Tools that run without asking in a conversation for a while, because somebody said so on a card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from checkpoints.tables import audit, grants

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from checkpoints.cards import Approval
    from checkpoints.database import Database, Transaction
    from checkpoints.keys import Conversation


_GRANTED, _TAKEN_BACK = "granted", "grant_taken_back"


@dataclass(frozen=True, slots=True)
class Grant:
    """That a tool runs without asking in a conversation.

    Attributes:
        source: The server that has the tool, and its own name for it.
        granted_by: The person who said so.
        granted_at: When.
        until: When it is over.
    """

    source: str
    granted_by: int
    granted_at: datetime
    until: datetime


async def give(
    connection: Transaction, approval: Approval, conversation: Conversation, until: datetime, now: datetime
) -> None:
    """Let the tool of a card that was just approved run without asking; the newest word about a tool counts.

    Args:
        connection: The transaction that decides the card: a grant must not come of a word that came too late.
        approval: The card; who decided it grants.
        conversation: Where.
        until: When it is over.
        now: When it is given.
    """
    newest = {"granted_by": approval.decided_by, "granted_at": now, "until": until}
    statement = insert(grants).values(conversation=str(conversation), source=approval.source, **newest)
    await connection.execute(statement.on_conflict_do_update(index_elements=["conversation", "source"], set_=newest))
    await connection.execute(
        insert(audit).values(
            at=now,
            event=_GRANTED,
            conversation=str(conversation),
            turn_key=approval.turn_key,
            approval_id=approval.id,
            tool=approval.tool,
            fingerprint=approval.fingerprint,
            user_id=approval.decided_by,
            detail=f"{approval.source} without asking until {until:%Y-%m-%d %H:%M} UTC",
        )
    )


class Grants:
    """The rows of the grants."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def of(self, conversation: Conversation) -> dict[str, Grant]:
        """What holds in a conversation now, by the tool's source."""
        statement = select(grants).where(grants.c.conversation == str(conversation), grants.c.until > self._now())
        async with self._database.read() as connection:
            rows = await connection.execute(statement)
            return {row.source: Grant(row.source, row.granted_by, row.granted_at, row.until) for row in rows}

    async def take_back(self, conversation: Conversation, by: int) -> list[str]:
        """Let every tool of a conversation ask again; the sources of those that ran without asking until now.

        Args:
            conversation: Where.
            by: The person who says so, for the audit.
        """
        now = self._now()
        taken = (
            delete(grants).where(grants.c.conversation == str(conversation)).returning(grants.c.source, grants.c.until)
        )
        async with self._database.write() as connection:
            sources = sorted(row.source for row in await connection.execute(taken) if row.until > now)
            for source in sources:
                told = {"event": _TAKEN_BACK, "conversation": str(conversation), "user_id": by, "detail": source}
                await connection.execute(insert(audit).values(at=now, **told))
            return sources
