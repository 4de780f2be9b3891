"""The turns that entered a thread: when, with which words, from which checkpoint to which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from checkpoints.tables import toolsets, turns
from checkpoints.texts import storable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy import Row

    from checkpoints.claims import Fencing
    from checkpoints.database import Database
    from checkpoints.keys import Conversation

_FIRST_WORDS = 80


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """What is kept of one turn of a thread.

    Attributes:
        key: The turn's key.
        thread_id: The thread it entered.
        number: Counted from 1 along the branch, the turns taken over from its parents included.
        first_words: Of what the user wrote.
        start_checkpoint: The thread's newest checkpoint before it; None at the beginning of a thread.
        end_checkpoint: The thread's newest checkpoint after it; None while it is not closed.
        outcome: answered, or why it was closed otherwise; None while it is not closed.
        model: The model that was asked.
        toolset: The fingerprint of the tools it was offered.
        input_tokens: Over all model calls of the turn.
        output_tokens: Likewise.
        started_at: When it entered the thread.
        ended_at: When it was closed.
    """

    key: str
    thread_id: str
    number: int
    first_words: str
    start_checkpoint: str | None
    end_checkpoint: str | None
    outcome: str | None
    model: str | None
    toolset: str | None
    input_tokens: int
    output_tokens: int
    started_at: datetime
    ended_at: datetime | None


class Turns:
    """The rows of the turns."""

    def __init__(self, database: Database, now: Callable[[], datetime], claims: Fencing) -> None:
        self._database = database
        self._claims = claims
        self._now = now

    async def enter(
        self,
        key: str,
        conversation: Conversation,
        thread_id: str,
        *,
        number: int,
        text: str,
        start_checkpoint: str | None,
        model: str,
        toolset: str,
    ) -> TurnRecord:
        """The record of a turn that enters a thread; entering again gives the record that is there.

        Args:
            key: The turn's key.
            conversation: Whose turn it is.
            thread_id: The thread.
            number: Its place in the branch, from 1.
            text: What the user wrote.
            start_checkpoint: The thread's newest checkpoint.
            model: The model that is asked.
            toolset: The fingerprint of the tools it is offered (`keep_toolset`).

        Raises:
            ClaimLost: This process does not hold the conversation; `end` raises this as well.
        """
        statement = insert(turns).values(
            key=key,
            thread_id=thread_id,
            number=number,
            first_words=storable(" ".join(text.split())[:_FIRST_WORDS]),
            start_checkpoint=start_checkpoint,
            model=model,
            toolset=toolset,
            started_at=self._now(),
        )
        async with self._claims.writing(conversation) as connection:
            await connection.execute(statement.on_conflict_do_nothing())
            row = (await connection.execute(select(turns).where(turns.c.key == key))).one()
        return _record(row)

    async def end(
        self,
        key: str,
        conversation: Conversation,
        *,
        end_checkpoint: str | None,
        outcome: str,
        input_tokens: int,
        output_tokens: int,
    ) -> None:
        """Note how a turn ended, and the tokens its model calls used."""
        statement = (
            update(turns)
            .where(turns.c.key == key)
            .values(
                end_checkpoint=end_checkpoint,
                outcome=outcome,
                input_tokens=input_tokens,
                output_tokens=output_tokens,
                ended_at=self._now(),
            )
        )
        async with self._claims.writing(conversation) as connection:
            await connection.execute(statement)

    async def get(self, key: str) -> TurnRecord | None:
        """The record of a turn; None when it never entered a thread."""
        async with self._database.read() as connection:
            row = (await connection.execute(select(turns).where(turns.c.key == key))).first()
        return _record(row) if row else None

    async def newest(self, thread_id: str, *, but: str) -> TurnRecord | None:
        """The newest turn of a thread but one; None when it has no other of its own."""
        statement = (
            select(turns)
            .where(turns.c.thread_id == thread_id, turns.c.key != but)
            .order_by(turns.c.number.desc())
            .limit(1)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(statement)).first()
        return _record(row) if row else None

    async def of(self, thread_id: str) -> list[TurnRecord]:
        """The turns that entered this very thread, the first one first."""
        statement = select(turns).where(turns.c.thread_id == thread_id).order_by(turns.c.number)
        async with self._database.read() as connection:
            return [_record(row) for row in await connection.execute(statement)]

    async def keep_toolset(self, fingerprint: str, definitions: Sequence[dict[str, Any]]) -> None:
        """Keep a set of tool definitions under its fingerprint, once."""
        statement = insert(toolsets).values(fingerprint=fingerprint, definitions=list(definitions))
        async with self._database.write() as connection:
            await connection.execute(statement.on_conflict_do_nothing())

    async def toolset(self, fingerprint: str) -> list[dict[str, Any]]:
        """The tool definitions kept under a fingerprint; empty when there are none."""
        statement = select(toolsets.c.definitions).where(toolsets.c.fingerprint == fingerprint)
        async with self._database.read() as connection:
            return (await connection.execute(statement)).scalar() or []


def _record(row: Row[Any]) -> TurnRecord:
    return TurnRecord(
        key=row.key,
        thread_id=row.thread_id,
        number=row.number,
        first_words=row.first_words,
        start_checkpoint=row.start_checkpoint,
        end_checkpoint=row.end_checkpoint,
        outcome=row.outcome,
        model=row.model,
        toolset=row.toolset,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )
