"""How much was asked and run lately: what limits are held against; read from the journal, so no restart forgets it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, func, or_, select

from checkpoints.inbox import LIMITED, InboxState
from checkpoints.tables import inbox, tool_runs

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement

    from checkpoints.database import Database

_TAKEN = or_(inbox.c.outcome.is_(None), inbox.c.outcome != LIMITED)


class Counts:
    """Counts over the rows of the inbox and of the tool runs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def nth_newest(
        self, nth: int, since: datetime, *, user_id: int | None = None, channel_id: int | None = None
    ) -> datetime | None:
        """When the nth newest turn was asked for that was taken since a time; None where there are fewer.

        Args:
            nth: Which, counted from 1.
            since: What is older does not count.
            user_id: Of this person only.
            channel_id: In this channel only.
        """
        statement = (
            select(inbox.c.received_at)
            .where(*_by(user_id, channel_id), inbox.c.received_at > since, _TAKEN)
            .order_by(inbox.c.received_at.desc())
            .offset(nth - 1)
            .limit(1)
        )
        async with self._database.read() as connection:
            return (await connection.execute(statement)).scalar()

    async def open_turns(self, user_id: int) -> int:
        """How many turns of a person are at work or wait to be: neither closed nor waiting for a card."""
        at_work = inbox.c.state.in_([InboxState.WAITING, InboxState.RUNNING])
        statement = select(func.count()).select_from(inbox).where(inbox.c.user_id == user_id, at_work, _TAKEN)
        async with self._database.read() as connection:
            return (await connection.execute(statement)).scalar_one()

    async def told(self, user_id: int, channel_id: int, since: datetime) -> bool:
        """Whether a person was told of a limit in a channel since a time, with nothing of theirs taken there after."""
        here = _by(user_id, channel_id)
        taken = select(func.coalesce(func.max(inbox.c.id), 0)).where(*here, _TAKEN).scalar_subquery()
        statement = select(inbox.c.id).where(
            *here,
            inbox.c.outcome == LIMITED,
            inbox.c.closing.is_not(None),
            inbox.c.received_at > since,
            inbox.c.id > taken,
        )
        async with self._database.read() as connection:
            return (await connection.execute(statement.limit(1))).first() is not None

    async def programs_in_a_row(self, channel_id: int, most: int) -> int:
        """How many of the newest turns of a channel, looking at so many, programs asked for and no person."""
        statement = (
            select(inbox.c.payload).where(inbox.c.channel_id == channel_id).order_by(inbox.c.id.desc()).limit(most)
        )
        async with self._database.read() as connection:
            payloads = list((await connection.execute(statement)).scalars())
        by_person = (number for number, payload in enumerate(payloads) if not payload.get("by_program"))
        return next(by_person, len(payloads))

    async def calls_of_turn(self, turn_key: str) -> int:
        """How many tool calls of a turn were started."""
        statement = select(func.count()).select_from(tool_runs).where(tool_runs.c.turn_key == turn_key)
        async with self._database.read() as connection:
            return (await connection.execute(statement)).scalar_one()

    async def calls_of_user(self, user_id: int, since: datetime) -> list[tuple[str, datetime]]:
        """The tool calls that were started for a person since a time, by tool and start, the newest first."""
        statement = (
            select(tool_runs.c.tool, tool_runs.c.started_at)
            .join(inbox, and_(inbox.c.key == tool_runs.c.turn_key, inbox.c.user_id == user_id))
            .where(tool_runs.c.started_at > since)
            .order_by(tool_runs.c.started_at.desc())
        )
        async with self._database.read() as connection:
            return [(row.tool, row.started_at) for row in await connection.execute(statement)]


def _by(user_id: int | None, channel_id: int | None) -> list[ColumnElement[bool]]:
    wanted = ((inbox.c.user_id, user_id), (inbox.c.channel_id, channel_id))
    return [column == value for column, value in wanted if value is not None]
