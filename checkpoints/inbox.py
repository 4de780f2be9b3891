"""What came in and asks for a turn: claimed once, handled in order for each conversation."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.sqlite import insert

from checkpoints.keys import Conversation
from checkpoints.tables import inbox

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from sqlalchemy import Row

    from checkpoints.database import Database


class InboxState(StrEnum):
    """Where a row of the inbox is."""

    WAITING = "waiting"  # not started yet
    RUNNING = "running"  # started; after a crash it goes on from its last checkpoint
    ASKING = "asking"  # its cards wait for a person
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One thing that asks for a turn.

    Attributes:
        key: The turn's key.
        conversation: In which conversation.
        payload: What is needed to run it, as plain data.
        state: Where it is.
        dispatches: How often it was started since it last came to rest.
        closing: Why it is to be closed without another model call; None while it is to be answered.
    """

    key: str
    conversation: Conversation
    payload: dict[str, Any]
    state: InboxState
    dispatches: int
    closing: str | None


class Inbox:
    """The rows of the inbox."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def claim(self, key: str, conversation: Conversation, payload: Mapping[str, Any]) -> bool:
        """Put a row in; False when the key is there already: the event was delivered before."""
        statement = insert(inbox).values(
            key=key,
            conversation=str(conversation),
            payload=dict(payload),
            state=InboxState.WAITING,
            received_at=self._now(),
        )
        async with self._database.write() as connection:
            result = await connection.execute(statement.on_conflict_do_nothing().returning(inbox.c.key))
            return result.first() is not None

    async def amend(self, key: str, payload: Mapping[str, Any]) -> bool:
        """Change what a row holds; False when its turn has begun, or there is no such row."""
        statement = update(inbox).where(inbox.c.key == key, inbox.c.state == InboxState.WAITING)
        async with self._database.write() as connection:
            result = await connection.execute(statement.values(payload=dict(payload)).returning(inbox.c.key))
            return result.first() is not None

    async def head(self, conversation: Conversation) -> InboxRow | None:
        """The oldest row of a conversation that is not closed."""
        statement = (
            select(inbox)
            .where(inbox.c.conversation == str(conversation), inbox.c.state != InboxState.CLOSED)
            .order_by(inbox.c.id)
            .limit(1)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(statement)).first()
        return _row(row) if row else None

    async def behind(self, row_key: str, conversation: Conversation) -> list[InboxRow]:
        """The rows of a conversation that wait behind another one, the oldest first."""
        statement = (
            select(inbox)
            .where(inbox.c.conversation == str(conversation), inbox.c.state == InboxState.WAITING)
            .where(inbox.c.key != row_key)
            .order_by(inbox.c.id)
        )
        async with self._database.read() as connection:
            return [_row(row) for row in await connection.execute(statement)]

    async def get(self, key: str) -> InboxRow | None:
        """The row of a key."""
        async with self._database.read() as connection:
            row = (await connection.execute(select(inbox).where(inbox.c.key == key))).first()
        return _row(row) if row else None

    async def unfinished(self) -> list[Conversation]:
        """Every conversation with a row that is not closed, the one that waits longest first."""
        statement = (
            select(inbox.c.conversation)
            .where(inbox.c.state != InboxState.CLOSED)
            .group_by(inbox.c.conversation)
            .order_by(func.min(inbox.c.id))
        )
        async with self._database.read() as connection:
            return [Conversation.parse(text) for text in (await connection.execute(statement)).scalars()]

    async def dispatch(self, key: str) -> None:
        """Count a start, before it."""
        await self._set(key, state=InboxState.RUNNING, dispatches=inbox.c.dispatches + 1)

    async def rest(self, key: str, state: InboxState) -> None:
        """Say that a row came to rest in good order: its starts are counted anew. A closed row stays closed."""
        statement = update(inbox).where(inbox.c.key == key, inbox.c.state != InboxState.CLOSED)
        async with self._database.write() as connection:
            await connection.execute(statement.values(state=state, dispatches=0))

    async def request_close(self, key: str, reason: str) -> None:
        """Ask that a row be closed without another model call; the first reason stands."""
        await self._set(key, closing=func.coalesce(inbox.c.closing, reason))

    async def close(self, key: str) -> None:
        """Close a row for good."""
        await self._set(key, state=InboxState.CLOSED, closed_at=self._now())

    async def _set(self, key: str, **values: Any) -> None:  # noqa: ANN401 - column values
        async with self._database.write() as connection:
            await connection.execute(update(inbox).where(inbox.c.key == key).values(**values))


def _row(row: Row[Any]) -> InboxRow:
    return InboxRow(
        key=row.key,
        conversation=Conversation.parse(row.conversation),
        payload=row.payload,
        state=InboxState(row.state),
        dispatches=row.dispatches,
        closing=row.closing,
    )
