"""What was posted for a turn: noted before the POST, with the message's id after it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from checkpoints.tables import deliveries
from checkpoints.texts import storable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy import Row

    from checkpoints.database import Database

# Discord takes at most 25 characters (OpenAPI document, MessageCreateRequest.nonce).
_NONCE_LENGTH = 25

# Characters that are kept of what a part began with.
_BEGINNING = 100


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message posted, or about to be posted, for a turn.

    Attributes:
        turn_key: For which turn.
        part: Which part of what the turn shows, `text:0:0` or `card:<call id>`, say.
        channel_id: Where.
        nonce: The same for the same part, so that Discord drops a second POST.
        message_id: Discord's id of it; None while it is not known that the POST succeeded.
        final: Whether it shows what it is to show in the end.
        created_at: When it was noted first.
        begins: What it was to begin with then, of a part that grows; a model that is asked again says something else.
        known: Whether it was noted before, perhaps by a former process.
    """

    turn_key: str
    part: str
    channel_id: int
    nonce: str
    message_id: int | None
    final: bool
    created_at: datetime
    begins: str = ""
    known: bool = field(default=True, compare=False)


def nonce_of(turn_key: str, part: str) -> str:
    """The nonce of a part of a turn."""
    return hashlib.sha256(f"{turn_key}\n{part}".encode()).hexdigest()[:_NONCE_LENGTH]


class Deliveries:
    """The rows of the deliveries."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def plan(self, turn_key: str, part: str, channel_id: int, begins: str = "") -> Delivery:
        """The delivery of a part; noted here when it is new."""
        statement = insert(deliveries).values(
            turn_key=turn_key,
            part=part,
            channel_id=channel_id,
            nonce=nonce_of(turn_key, part),
            final=False,
            created_at=self._now(),
            begins=storable(begins[:_BEGINNING]),
        )
        where = (deliveries.c.turn_key == turn_key, deliveries.c.part == part)
        async with self._database.write() as connection:
            new = (await connection.execute(statement.on_conflict_do_nothing().returning(deliveries))).first()
            if new is not None:
                return replace(_delivery(new), known=False)
            return _delivery((await connection.execute(select(deliveries).where(*where))).one())

    async def posted(self, turn_key: str, part: str, message_id: int, *, final: bool) -> None:
        """Note the message that a part is shown in, and whether it is complete."""
        statement = (
            update(deliveries)
            .where(deliveries.c.turn_key == turn_key, deliveries.c.part == part)
            .values(message_id=message_id, final=final)
        )
        async with self._database.write() as connection:
            await connection.execute(statement)

    async def adopt(self, delivery: Delivery, message_id: int) -> Delivery:
        """Note the message that a part was found in, unless one of them is known to belong elsewhere by now.

        Returns:
            The delivery as it is then.
        """
        where = (deliveries.c.turn_key == delivery.turn_key, deliveries.c.part == delivery.part)
        taken = select(deliveries.c.part).where(deliveries.c.message_id == message_id)
        statement = (
            update(deliveries)
            .where(*where, deliveries.c.message_id.is_(None), ~taken.exists())
            .values(message_id=message_id)
        )
        async with self._database.write() as connection:
            await connection.execute(statement)
            return _delivery((await connection.execute(select(deliveries).where(*where))).one())

    async def by_message(self, message_id: int) -> Delivery | None:
        """The delivery that a message is."""
        async with self._database.read() as connection:
            found = await connection.execute(select(deliveries).where(deliveries.c.message_id == message_id))
            row = found.first()
        return _delivery(row) if row else None

    async def known_messages(self, message_ids: Sequence[int]) -> set[int]:
        """Those of some messages that are deliveries."""
        statement = select(deliveries.c.message_id).where(deliveries.c.message_id.in_(message_ids))
        async with self._database.read() as connection:
            return set((await connection.execute(statement)).scalars())

    async def of(self, turn_key: str) -> list[Delivery]:
        """Every delivery of a turn, the oldest first."""
        statement = select(deliveries).where(deliveries.c.turn_key == turn_key).order_by(deliveries.c.created_at)
        async with self._database.read() as connection:
            return [_delivery(row) for row in await connection.execute(statement)]


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(
        row.turn_key,
        row.part,
        row.channel_id,
        row.nonce,
        row.message_id,
        row.final,
        row.created_at,
        begins=row.begins or "",
    )
