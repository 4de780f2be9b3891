"""The approval cards: which call waits for whom, and what was decided."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update
from sqlalchemy.dialects.sqlite import insert

from checkpoints.tables import approvals

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Row

    from checkpoints.database import Database


class Decision(StrEnum):
    """What became of a call that was asked about."""

    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"  # the turn was closed before anybody decided


@dataclass(frozen=True, slots=True)
class Approval:
    """One card: a sensitive call that waits, or waited, for a person.

    Attributes:
        interrupt_id: LangGraph's id of the interrupt that asks; one interrupt carries all calls of a model's message.
        call_id: The tool call.
        turn_key: The turn.
        tool: The tool's name.
        arguments: Exactly what the model asked for.
        fingerprint: Of name and arguments: what the decision is about.
        requester_id: The person who asked, and who decides.
        channel_id: Where the card is.
        decision: None while it is open.
        decided_by: The person who decided.
        decided_at: When.
    """

    interrupt_id: str
    call_id: str
    turn_key: str
    tool: str
    arguments: dict[str, Any]
    fingerprint: str
    requester_id: int
    channel_id: int
    decision: Decision | None = None
    decided_by: int | None = None
    decided_at: datetime | None = None


class Approvals:
    """The rows of the approvals."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def ask(self, approval: Approval) -> None:
        """Note a call that waits; noting it again changes nothing."""
        statement = insert(approvals).values(
            interrupt_id=approval.interrupt_id,
            call_id=approval.call_id,
            turn_key=approval.turn_key,
            tool=approval.tool,
            arguments=approval.arguments,
            fingerprint=approval.fingerprint,
            requester_id=approval.requester_id,
            channel_id=approval.channel_id,
            created_at=self._now(),
        )
        async with self._database.write() as connection:
            await connection.execute(statement.on_conflict_do_nothing())

    async def decide(self, interrupt_id: str, call_id: str, decision: Decision, decided_by: int) -> Approval | None:
        """Decide an open card; None when there is no such card or it is decided already."""
        statement = (
            update(approvals)
            .where(
                approvals.c.interrupt_id == interrupt_id,
                approvals.c.call_id == call_id,
                approvals.c.decision.is_(None),
            )
            .values(decision=decision, decided_by=decided_by, decided_at=self._now())
            .returning(approvals)
        )
        async with self._database.write() as connection:
            row = (await connection.execute(statement)).first()
        return _approval(row) if row else None

    async def withdraw(self, turn_key: str) -> list[Approval]:
        """Take back every open card of a turn that is being closed."""
        statement = (
            update(approvals)
            .where(approvals.c.turn_key == turn_key, approvals.c.decision.is_(None))
            .values(decision=Decision.WITHDRAWN, decided_at=self._now())
            .returning(approvals)
        )
        async with self._database.write() as connection:
            return [_approval(row) for row in (await connection.execute(statement)).all()]

    async def get(self, interrupt_id: str, call_id: str) -> Approval | None:
        """The card of a call."""
        found = await self._select(approvals.c.interrupt_id == interrupt_id, approvals.c.call_id == call_id)
        return found[0] if found else None

    async def settled(self, approval: Approval) -> None:
        """Note that a card shows what became of it."""
        where = (approvals.c.interrupt_id == approval.interrupt_id, approvals.c.call_id == approval.call_id)
        async with self._database.write() as connection:
            await connection.execute(update(approvals).where(*where).values(settled=True))

    async def unsettled(self) -> list[Approval]:
        """Every decided card that does not show its decision yet."""
        return await self._select(approvals.c.decision.is_not(None), approvals.c.settled.is_(False))

    async def of(self, turn_key: str) -> list[Approval]:
        """Every card of a turn."""
        return await self._select(approvals.c.turn_key == turn_key)

    async def open(self) -> list[Approval]:
        """Every card that waits for a person."""
        return await self._select(approvals.c.decision.is_(None))

    async def _select(self, *where: Any) -> list[Approval]:  # noqa: ANN401 - SQL conditions
        statement = select(approvals).where(*where).order_by(approvals.c.created_at, approvals.c.call_id)
        async with self._database.read() as connection:
            return [_approval(row) for row in await connection.execute(statement)]


def _approval(row: Row[Any]) -> Approval:
    return Approval(
        interrupt_id=row.interrupt_id,
        call_id=row.call_id,
        turn_key=row.turn_key,
        tool=row.tool,
        arguments=row.arguments,
        fingerprint=row.fingerprint,
        requester_id=row.requester_id,
        channel_id=row.channel_id,
        decision=Decision(row.decision) if row.decision else None,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
    )
