"""The rows of the approval cards: which wait, who has approved them, and what was decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from checkpoints.cards import Approval, Decision, Kind, Terms
from checkpoints.grants import give
from checkpoints.tables import approvals, audit, inbox, votes

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import ColumnElement, Executable, Row

    from checkpoints.claims import Fencing
    from checkpoints.database import Database, Transaction
    from checkpoints.keys import Conversation


_PRESSED, _TAKEN_BACK = "approval_pressed", "approval_taken_back"
_NOT_ALLOWED, _TAKEN_AWAY = "reaction_not_allowed", "reaction_taken_away"


class Approvals:
    """The rows of the approvals. Every decision leaves a row in the audit in the same transaction."""

    def __init__(self, database: Database, now: Callable[[], datetime], claims: Fencing) -> None:
        self._database = database
        self._claims = claims
        self._now = now

    async def ask(self, *cards: Approval, fenced: Conversation | None = None) -> None:
        """Note calls that wait, all of them or none; noting them again changes nothing.

        Args:
            cards: What waits.
            fenced: The conversation that this process has to hold for it; without it, nobody is asked.

        Raises:
            ClaimLost: It does not hold that one.
        """
        async with self._claims.writing(fenced) if fenced else self._database.write() as connection:
            for card in cards:
                await connection.execute(self._asked(card))

    async def get(self, approval_id: str) -> Approval | None:
        """The card of an id."""
        found = await self._select(approvals.c.id == approval_id)
        return found[0] if found else None

    async def approve(
        self,
        approval_id: str,
        decision: Decision,
        user_id: int,
        needed: int,
        grant: tuple[Conversation, datetime] | None = None,
    ) -> Approval | None:
        """Count a person who approves an open card, each once; with the last one that is needed it is decided.

        One transaction: a program that dies leaves no card that has enough approvals and no decision, and no decision
        without the grant that was part of it.

        Args:
            approval_id: The card.
            decision: What it is decided as, once enough people said so.
            user_id: The person.
            needed: How many people have to approve.
            grant: Where, and until when, its tool runs without asking once it is decided.

        Returns:
            The card, decided or still open; None when there is none that can be decided.
        """
        counted = select(func.count()).select_from(votes).where(votes.c.approval_id == approval_id)
        statement = insert(votes).values(approval_id=approval_id, user_id=user_id, voted_at=self._now())
        async with self._database.write() as connection:
            # Locked where the database can: two people who approve at once must see each other's votes.
            found = select(approvals).where(*self._decidable(approval_id)).with_for_update()
            row = (await connection.execute(found)).first()
            if row is None:
                return None
            new = await connection.execute(statement.on_conflict_do_nothing().returning(votes.c.user_id))
            is_new = new.first() is not None
            if (await connection.execute(counted)).scalar_one() >= needed:
                decided = await self._decided(connection, approval_id, decision, user_id)
                if decided and grant:
                    await give(connection, decided, grant[0], grant[1], self._now())
                return decided
            if is_new:
                await connection.execute(self._audited("approval_counted", _approval(row), user_id))
            return _approval(row)

    async def votes(self, approval_id: str) -> list[int]:
        """Who approves a card, the first one first."""
        statement = select(votes.c.user_id).where(votes.c.approval_id == approval_id).order_by(votes.c.voted_at)
        async with self._database.read() as connection:
            return list((await connection.execute(statement)).scalars())

    async def pressed(self, approval: Approval, user_id: int) -> None:
        """Note that somebody approves by a button: no reaction stands for it, so none that is missing takes it back."""
        async with self._database.write() as connection:
            await connection.execute(self._audited(_PRESSED, approval, user_id))

    async def pressers(self, approval_id: str) -> set[int]:
        """Who approved a card by a button and has not taken an approval of it back since."""
        about = audit.c.approval_id == approval_id, audit.c.event.in_((_PRESSED, _TAKEN_BACK))
        newest = select(func.max(audit.c.id)).where(*about).group_by(audit.c.user_id)
        statement = select(audit.c.user_id).where(audit.c.id.in_(newest), audit.c.event == _PRESSED)
        async with self._database.read() as connection:
            return set((await connection.execute(statement)).scalars())

    async def disregard(self, approval: Approval, user_id: int, emoji: str) -> None:
        """Note a reaction of somebody who may not decide that stays on a card: it is not to count later by itself."""
        if (user_id, emoji) not in await self.disregarded(approval.id):
            async with self._database.write() as connection:
                await connection.execute(self._audited(_NOT_ALLOWED, approval, user_id, emoji))

    async def disregarded(self, approval_id: str) -> set[tuple[int, str]]:
        """The reactions, by person and emoji, that were not allowed when they were made and stand since."""
        about = audit.c.approval_id == approval_id, audit.c.event.in_((_NOT_ALLOWED, _TAKEN_AWAY))
        newest = select(func.max(audit.c.id)).where(*about).group_by(audit.c.user_id, audit.c.detail)
        statement = select(audit.c.user_id, audit.c.detail).where(audit.c.id.in_(newest), audit.c.event == _NOT_ALLOWED)
        async with self._database.read() as connection:
            return {(row.user_id, row.detail) for row in await connection.execute(statement)}

    async def regard(self, approval: Approval, user_id: int, emoji: str) -> None:
        """Note that such a reaction was taken away: another one may count."""
        async with self._database.write() as connection:
            await connection.execute(self._audited(_TAKEN_AWAY, approval, user_id, emoji))

    async def unvote(self, approval_id: str, user_id: int) -> None:
        """Take back what a person said who took the reaction away; a decision that was made stands, with its votes."""
        found = select(approvals).where(approvals.c.id == approval_id, approvals.c.decision.is_(None))
        gone = delete(votes).where(votes.c.approval_id == approval_id, votes.c.user_id == user_id)
        async with self._database.write() as connection:
            row = (await connection.execute(found.with_for_update())).first()
            if row is None:
                return
            if (await connection.execute(gone.returning(votes.c.user_id))).first() is not None:
                await connection.execute(self._audited(_TAKEN_BACK, _approval(row), user_id))

    async def decide(
        self,
        approval_id: str,
        decision: Decision,
        decided_by: int | None,
        reason: str | None = None,
        reply_id: int | None = None,
    ) -> Approval | None:
        """Decide an open card; None when there is none, it is decided, its turn is being closed, or its time is over.

        Only EXPIRED is decided after the deadline, and not before it.
        """
        async with self._database.write() as connection:
            return await self._decided(connection, approval_id, decision, decided_by, reason, reply_id)

    async def edit(self, approval_id: str, successor: Approval, edited_by: int) -> Approval | None:
        """Put a card with other arguments in the place of an open one; None when that cannot be decided any more."""
        statement = (
            update(approvals)
            .where(*self._decidable(approval_id))
            .values(decision=Decision.EDITED, decided_by=edited_by, decided_at=self._now())
            .returning(approvals)
        )
        async with self._database.write() as connection:
            row = (await connection.execute(statement)).first()
            if row is None:
                return None
            await connection.execute(self._asked(successor))
            former = _approval(row)
            await connection.execute(
                self._audited(str(Decision.EDITED), former, edited_by, detail=f"now {successor.fingerprint}")
            )
        return former

    async def due(self) -> list[Approval]:
        """Every open card whose deadline has passed."""
        return await self._select(approvals.c.decision.is_(None), self._overdue())

    async def withdraw(self, turn_key: str, by: int | None = None) -> list[Approval]:
        """Take back every open card of a turn that is being closed, by a person or by nobody."""
        statement = (
            update(approvals)
            .where(approvals.c.turn_key == turn_key, approvals.c.decision.is_(None))
            .values(decision=Decision.WITHDRAWN, decided_by=by, decided_at=self._now())
            .returning(approvals)
        )
        async with self._database.write() as connection:
            withdrawn = [_approval(row) for row in (await connection.execute(statement)).all()]
            for one in withdrawn:
                await connection.execute(self._audited(str(Decision.WITHDRAWN), one, by))
        return withdrawn

    async def settled(self, approval: Approval) -> None:
        """Note that a card shows what became of it."""
        statement = update(approvals).where(approvals.c.id == approval.id).values(settled=True)
        async with self._database.write() as connection:
            await connection.execute(statement)

    async def unsettled(self) -> list[Approval]:
        """Every decided card that does not show its decision yet."""
        return await self._select(approvals.c.decision.is_not(None), approvals.c.settled.is_(False))

    async def of(self, turn_key: str) -> list[Approval]:
        """Every card of a turn."""
        return await self._select(approvals.c.turn_key == turn_key)

    async def open(self) -> list[Approval]:
        """Every card that waits for a person."""
        return await self._select(approvals.c.decision.is_(None))

    async def _decided(
        self,
        connection: Transaction,
        approval_id: str,
        decision: Decision,
        decided_by: int | None,
        reason: str | None = None,
        reply_id: int | None = None,
    ) -> Approval | None:
        """Decide a card within a transaction: the row decides who was first."""
        statement = (
            update(approvals)
            .where(*self._decidable(approval_id, late=decision == Decision.EXPIRED))
            .values(decision=decision, decided_by=decided_by, decided_at=self._now(), reason=reason, reply_id=reply_id)
            .returning(approvals)
        )
        row = (await connection.execute(statement)).first()
        if row is None:
            return None
        decided = _approval(row)
        await connection.execute(self._audited(str(decision), decided, decided_by))
        return decided

    def _decidable(self, approval_id: str, *, late: bool = False) -> tuple[ColumnElement[bool], ...]:
        """That a card is open, that its turn is not being closed, and that its deadline has passed, or has not."""
        in_time = self._overdue() if late else or_(approvals.c.deadline.is_(None), approvals.c.deadline > self._now())
        ends = exists().where(inbox.c.key == approvals.c.turn_key, inbox.c.closing.is_not(None))
        return approvals.c.id == approval_id, approvals.c.decision.is_(None), ~ends, in_time

    def _overdue(self) -> ColumnElement[bool]:
        return approvals.c.deadline <= self._now()

    def _asked(self, approval: Approval) -> Executable:
        return insert(approvals).values(**_values(approval), created_at=self._now()).on_conflict_do_nothing()

    def _audited(self, event: str, approval: Approval, user_id: int | None, detail: str | None = None) -> Executable:
        return insert(audit).values(
            at=self._now(),
            event=event,
            turn_key=approval.turn_key,
            approval_id=approval.id,
            tool=approval.tool,
            fingerprint=approval.fingerprint,
            user_id=user_id,
            detail=detail or approval.reason,
        )

    async def _select(self, *where: Any) -> list[Approval]:  # noqa: ANN401 - SQL conditions
        statement = (
            select(approvals).where(*where).order_by(approvals.c.created_at, approvals.c.call_id, approvals.c.number)
        )
        async with self._database.read() as connection:
            return [_approval(row) for row in await connection.execute(statement)]


def _values(approval: Approval) -> dict[str, Any]:
    return {
        "id": approval.id,
        "interrupt_id": approval.interrupt_id,
        "call_id": approval.call_id,
        "number": approval.number,
        "kind": approval.kind,
        "turn_key": approval.turn_key,
        "tool": approval.tool,
        "source": approval.source,
        "effects": list(approval.effects),
        "arguments": approval.arguments,
        "fingerprint": approval.fingerprint,
        "requester_id": approval.requester_id,
        "channel_id": approval.channel_id,
        "terms": approval.terms.payload(),
        "deadline": approval.deadline,
    }


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
        number=row.number,
        kind=Kind(row.kind),
        source=row.source,
        effects=tuple(row.effects),
        terms=Terms.from_payload(row.terms),
        deadline=row.deadline,
        decision=Decision(row.decision) if row.decision else None,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        reason=row.reason,
        reply_id=row.reply_id,
    )
