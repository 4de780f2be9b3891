"""What came in and asks for a turn: claimed once, handled in order for each conversation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, and_, cast, exists, func, not_, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from checkpoints.keys import TERMINAL, Conversation
from checkpoints.tables import approvals, audit, inbox

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from sqlalchemy import Row, Select

    from checkpoints.claims import Fencing
    from checkpoints.database import Database, Transaction


COLLECTED = "collected"
"""Outcome of a row that was gathered into the turn of another one."""

STEERED = "steered"
"""Outcome of a row that was handed to the turn that ran when it came."""
LIMITED = "limited"
"""The outcome of a row that was over a limit when it came; it counts towards none."""


class InboxState(StrEnum):
    """Where a row of the inbox is."""

    WAITING = "waiting"  # not started yet
    RUNNING = "running"  # started; after a crash it goes on from its last checkpoint
    ASKING = "asking"  # its cards wait for a person
    CLOSED = "closed"


DELETED = "deleted"
"""The outcome of a row whose message was deleted before its turn began."""


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
        taken_by: The key of the turn that answers it together with its own; None for a turn of its own.
        outcome: LIMITED where it was over a limit when it came.
    """

    key: str
    conversation: Conversation
    payload: dict[str, Any]
    state: InboxState
    dispatches: int
    closing: str | None
    taken_by: str | None = None
    outcome: str | None = None


Gathering = Callable[[dict[str, Any], list[InboxRow]], dict[str, Any]]
"""Makes the payload of a row, of the one that it has and of the rows it has taken."""


class Inbox:
    """The rows of the inbox."""

    def __init__(self, database: Database, now: Callable[[], datetime], claims: Fencing) -> None:
        self._database = database
        self._claims = claims
        self._now = now

    async def claim(
        self,
        key: str,
        conversation: Conversation,
        payload: Mapping[str, Any],
        *,
        user_id: int | None = None,
        channel_id: int | None = None,
        at: datetime | None = None,
        limited: bool = False,
        closing: str | None = None,
    ) -> bool:
        """Put a row in; False when the key is there already: the event was delivered before.

        Args:
            key: The turn's key.
            conversation: In which conversation.
            payload: What is needed to run it.
            user_id: Who asks.
            channel_id: Where.
            at: When it was asked for, where that is known; now, else.
            limited: Whether it is over a limit.
            closing: Then: with what it is to be answered; without, it is closed at once and in silence.
        """
        silent = limited and closing is None
        statement = insert(inbox).values(
            key=key,
            conversation=str(conversation),
            payload=dict(payload),
            state=InboxState.CLOSED if silent else InboxState.WAITING,
            user_id=user_id,
            channel_id=channel_id,
            received_at=at or self._now(),
            closed_at=self._now() if silent else None,
            outcome=LIMITED if limited else None,
            closing=closing,
        )
        async with self._database.write() as connection:
            result = await connection.execute(statement.on_conflict_do_nothing().returning(inbox.c.key))
            return result.first() is not None

    async def amend(self, key: str, payload: Mapping[str, Any]) -> bool:
        """Change what a row holds; False when its turn has begun, or there is no such row."""
        statement = update(inbox).where(inbox.c.key == key, inbox.c.state == InboxState.WAITING, _UNTAKEN)
        async with self._database.write() as connection:
            result = await connection.execute(statement.values(payload=dict(payload)).returning(inbox.c.key))
            return result.first() is not None

    async def withdraw(self, key: str) -> bool:
        """Close a row whose message was deleted; False when its turn has begun, or there is no such row."""
        statement = update(inbox).where(inbox.c.key == key, inbox.c.state == InboxState.WAITING, _UNTAKEN)
        closed = {"state": InboxState.CLOSED, "outcome": DELETED, "closed_at": self._now()}
        async with self._database.write() as connection:
            result = await connection.execute(statement.values(**closed).returning(inbox.c.key))
            return result.first() is not None

    async def waiting(self) -> list[InboxRow]:
        """Every row whose turn has not begun, the oldest first."""
        statement = select(inbox).where(inbox.c.state == InboxState.WAITING, _UNTAKEN).order_by(inbox.c.id)
        async with self._database.read() as connection:
            return [_row(row) for row in await connection.execute(statement)]

    async def direct_channels(self, limit: int) -> list[int]:
        """The channels of direct messages that asked for something, the one that did last first."""
        statement = (
            select(inbox.c.conversation)
            .where(inbox.c.conversation.like("dm:%"), inbox.c.conversation != str(TERMINAL))
            .group_by(inbox.c.conversation)
            .order_by(func.max(inbox.c.id).desc())
            .limit(limit)
        )
        async with self._database.read() as connection:
            found = (await connection.execute(statement)).scalars()
            return [Conversation.parse(text).channel_id for text in found]

    async def head(self, conversation: Conversation) -> InboxRow | None:
        """The oldest row of a conversation that is not closed, and not taken by another one."""
        statement = (
            select(inbox)
            .where(inbox.c.conversation == str(conversation), inbox.c.state != InboxState.CLOSED, _UNTAKEN)
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
            .where(inbox.c.key != row_key, _UNTAKEN)
            .order_by(inbox.c.id)
        )
        async with self._database.read() as connection:
            return [_row(row) for row in await connection.execute(statement)]

    async def taken_by(self, key: str) -> list[InboxRow]:
        """The rows that a row has taken, closed ones included, the oldest first."""
        async with self._database.read() as connection:
            return [_row(row) for row in await connection.execute(_taken_by(key))]

    async def close_steered(self, keys: Collection[str], by: str) -> list[InboxRow]:
        """Close the rows that stand in the thread already, as part of a turn; those that were not closed before."""
        statement = update(inbox).where(inbox.c.key.in_(keys), inbox.c.state != InboxState.CLOSED)
        closed = {"state": InboxState.CLOSED, "closed_at": self._now(), "taken_by": by, "outcome": STEERED}
        async with self._database.write() as connection:
            return [_row(row) for row in await connection.execute(statement.values(**closed).returning(inbox))]

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

    async def ready(self) -> list[Conversation]:
        """Every conversation whose oldest open row waits for nobody: it is to begin, to go on, or to be closed."""
        is_open = (inbox.c.state != InboxState.CLOSED, _UNTAKEN)
        heads = select(func.min(inbox.c.id)).where(*is_open).group_by(inbox.c.conversation)
        asked = exists().where(approvals.c.turn_key == inbox.c.key, approvals.c.decision.is_(None))
        waits = and_(inbox.c.state == InboxState.ASKING, inbox.c.closing.is_(None), asked)
        statement = select(inbox.c.conversation).where(inbox.c.id.in_(heads), not_(waits)).order_by(inbox.c.id)
        async with self._database.read() as connection:
            return [Conversation.parse(text) for text in (await connection.execute(statement)).scalars()]

    async def dispatch(
        self, row: InboxRow, *, counted: bool = True, anew: bool = False, gathering: Gathering | None = None
    ) -> InboxRow | None:
        """Count a start, before it.

        Args:
            row: The row.
            counted: Whether it counts; not where the former one ended in good order.
            anew: Whether it is the first one since what the row waited for has come.
            gathering: Whether a row that has not begun takes all that wait behind it in its conversation, and what it
                holds then. At once with the start: until then each can be edited or withdrawn, afterwards none.

        Returns:
            The row as it is from now on: until now its message could be edited; None when it was closed meanwhile and
            must not be started.

        Raises:
            ClaimLost: This process does not hold the conversation; `rest` and `close` raise this as well.
        """
        started = {
            "state": InboxState.RUNNING,
            "dispatches": int(counted) if anew else inbox.c.dispatches + int(counted),
        }
        async with self._claims.writing(row.conversation) as connection:
            if gathering is not None:
                started |= await self._gathered(connection, row, gathering)
            return await self._moved(connection, row, started)

    async def _gathered(self, connection: Transaction, row: InboxRow, gathering: Gathering) -> dict[str, Any]:
        """Let a row that waits take all that wait behind it; what changes in the row itself."""
        # Locked where the database can: a row that is withdrawn meanwhile must take nothing.
        taker = select(inbox).where(inbox.c.key == row.key, inbox.c.state == InboxState.WAITING).with_for_update()
        found = (await connection.execute(taker)).first()
        if found is None:
            return {}
        waiting = (inbox.c.conversation == str(row.conversation), inbox.c.state == InboxState.WAITING, _UNTAKEN)
        behind = update(inbox).where(*waiting, inbox.c.key != row.key, inbox.c.closing.is_(None))
        await connection.execute(behind.values(taken_by=row.key))
        taken = [_row(one) for one in await connection.execute(_taken_by(row.key))]
        return {"payload": gathering(found.payload, taken)} if taken else {}

    async def count(self, row: InboxRow) -> None:
        """Count that the cards of a row are shown, before they are; it stays where it is, and `rest` counts anew."""
        await self._move(row, dispatches=inbox.c.dispatches + 1)

    async def rest(self, row: InboxRow, state: InboxState, *, dispatches: int = 0) -> None:
        """Say that a row came to rest in good order: its starts are counted anew. A closed row stays closed.

        Args:
            row: The row.
            state: Where it rests.
            dispatches: The starts that count all the same.
        """
        await self._move(row, state=state, dispatches=dispatches)

    async def request_close(self, key: str, reason: str) -> None:
        """Ask that a row be closed without another model call; the first reason stands."""
        statement = update(inbox).where(inbox.c.key == key).values(closing=func.coalesce(inbox.c.closing, reason))
        async with self._database.write() as connection:
            await connection.execute(statement)

    async def set_aside(self, key: str, reason: str) -> bool:
        """As `request_close`, for a turn that waits for cards; False when it does not any more, so that it goes on."""
        # Locked where the database can: who decides the last card now is seen, and who would after it sees this.
        waits = select(approvals.c.id).where(approvals.c.turn_key == key, approvals.c.decision.is_(None))
        asking = (inbox.c.key == key, inbox.c.state == InboxState.ASKING, inbox.c.closing.is_(None))
        statement = update(inbox).where(*asking).values(closing=reason).returning(inbox.c.key)
        async with self._database.write() as connection:
            if (await connection.execute(waits.with_for_update())).first() is None:
                return False
            return (await connection.execute(statement)).first() is not None

    async def give_up(self, row: InboxRow, reason: str) -> None:
        """As `request_close`, for whoever works on the conversation: somebody else may have taken it over.

        Raises:
            ClaimLost: This process does not hold it.
        """
        await self._move(row, closing=func.coalesce(inbox.c.closing, reason))

    async def close_place(
        self, reason: str, detail: str, *, guild_id: int | None = None, channel_id: int | None = None
    ) -> list[InboxRow]:
        """Ask that every open row of a place be closed, since the place is gone; each is audited once.

        Args:
            reason: The closing, as in `request_close`; a row that has one keeps it, and is not audited.
            detail: What happened to the place, for the audit.
            guild_id: The guild that is gone.
            channel_id: Or the channel that is gone, with the threads below it.

        Returns:
            The rows that are closed for that reason.
        """
        if channel_id is None:
            there = inbox.c.conversation.like(f"{guild_id}:%")
        else:
            # Discord tells of no thread that went with its channel while it was archived.
            above = cast(inbox.c.payload["parent_id"].as_string(), BigInteger)
            there = or_(inbox.c.conversation.like(f"%:{channel_id}:%"), above == channel_id)
        statement = (
            update(inbox)
            .where(there, inbox.c.state != InboxState.CLOSED, inbox.c.closing.is_(None))
            .values(closing=reason)
            .returning(inbox)
        )
        async with self._database.write() as connection:
            rows = (await connection.execute(statement)).all()
            for row in rows:
                told = {"conversation": row.conversation, "turn_key": row.key, "user_id": row.user_id}
                await connection.execute(
                    insert(audit).values(at=self._now(), event="place_gone", detail=detail, **told)
                )
        return [_row(row) for row in rows]

    async def close(self, row: InboxRow) -> None:
        """Close a row for good, and those gathered into it."""
        closed = {"state": InboxState.CLOSED, "closed_at": self._now()}
        is_open = inbox.c.state != InboxState.CLOSED
        gathered = update(inbox).where(inbox.c.taken_by == row.key, is_open).values(**closed, outcome=COLLECTED)
        async with self._claims.writing(row.conversation) as connection:
            await connection.execute(update(inbox).where(inbox.c.key == row.key, is_open).values(**closed))
            await connection.execute(gathered)

    async def _move(self, row: InboxRow, **values: Any) -> InboxRow | None:  # noqa: ANN401 - column values
        async with self._claims.writing(row.conversation) as connection:
            return await self._moved(connection, row, values)

    async def _moved(self, connection: Transaction, row: InboxRow, values: Mapping[str, Any]) -> InboxRow | None:
        statement = update(inbox).where(inbox.c.key == row.key, inbox.c.state != InboxState.CLOSED)
        moved = (await connection.execute(statement.values(**values).returning(inbox))).first()
        return _row(moved) if moved else None


_UNTAKEN = inbox.c.taken_by.is_(None)


def _taken_by(key: str) -> Select[Any]:
    return select(inbox).where(inbox.c.taken_by == key).order_by(inbox.c.id)


def _row(row: Row[Any]) -> InboxRow:
    return InboxRow(
        key=row.key,
        conversation=Conversation.parse(row.conversation),
        payload=row.payload,
        state=InboxState(row.state),
        dispatches=row.dispatches,
        closing=row.closing,
        taken_by=row.taken_by,
        outcome=row.outcome,
    )
