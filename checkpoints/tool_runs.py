"""Which tool calls were started and finished: a call that has effects starts once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, select, update
from sqlalchemy.dialects.postgresql import insert

from checkpoints.keys import parse_thread_id, short
from checkpoints.outages import when_back
from checkpoints.tables import tool_runs

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import ColumnElement, Row

    from checkpoints.claims import Fencing
    from checkpoints.database import Database


@dataclass(frozen=True, slots=True)
class ToolRunKey:
    """What names one run of one tool call; "run again" is the next run number."""

    thread_id: str
    model_message_id: str
    call_id: str
    run: int = 0


@dataclass(frozen=True, slots=True)
class ToolRun:
    """One run of a tool call.

    Attributes:
        key: Which run.
        turn_key: In which turn.
        tool: The tool's name.
        started_at: When it was noted that it starts.
        finished_at: None while it runs, and for ever when the process died under it.
        result: What the model is told.
        failed: Whether the result is an error.
    """

    key: ToolRunKey
    turn_key: str
    tool: str
    started_at: datetime
    finished_at: datetime | None
    result: str | None
    failed: bool | None


class ToolRuns:
    """The rows of the tool runs."""

    def __init__(self, database: Database, now: Callable[[], datetime], claims: Fencing) -> None:
        self._database = database
        self._claims = claims
        self._now = now

    async def start(self, key: ToolRunKey, *, turn_key: str, tool: str, fingerprint: str) -> ToolRun | None:
        """Note that a run starts, before it does; when it was noted before, the earlier row and no start.

        A database that is away is waited for: to fail would cut off the calls that run beside this one.

        Raises:
            ClaimLost: This process does not hold the conversation, so it may start nothing there.
        """
        started_at, again = self._now(), False

        async def noted() -> ToolRun | None:
            nonlocal again
            ours, again = again, True
            earlier = await self._start(key, turn_key, tool, fingerprint, started_at)
            # The answer to the first attempt may have been lost.
            return None if ours and earlier and earlier.started_at == started_at else earlier

        return await when_back(noted)

    async def _start(
        self, key: ToolRunKey, turn_key: str, tool: str, fingerprint: str, started_at: datetime
    ) -> ToolRun | None:
        conversation, _ = parse_thread_id(key.thread_id)
        statement = insert(tool_runs).values(
            thread_id=key.thread_id,
            model_message_id=key.model_message_id,
            call_id=short(key.call_id),
            run=key.run,
            turn_key=turn_key,
            tool=tool,
            fingerprint=fingerprint,
            started_at=started_at,
        )
        async with self._claims.writing(conversation) as connection:
            started = await connection.execute(statement.on_conflict_do_nothing().returning(tool_runs.c.run))
            if started.first() is not None:
                return None
            row = (await connection.execute(select(tool_runs).where(_is(key)))).one()
        return _run(row)

    def check(self, key: ToolRunKey) -> None:
        """See that a run may begin now: since it was noted this process may have stood still.

        Raises:
            ClaimLost: This process does not hold the conversation any more.
        """
        conversation, _ = parse_thread_id(key.thread_id)
        self._claims.fence(conversation)

    async def finish(self, key: ToolRunKey, result: str, *, failed: bool) -> None:
        """Note what a run gave."""
        statement = update(tool_runs).where(_is(key)).values(finished_at=self._now(), result=result, failed=failed)
        async with self._database.write() as connection:
            await connection.execute(statement)

    async def find(self, key: ToolRunKey) -> ToolRun | None:
        """The row of a run; None when it never started."""
        async with self._database.read() as connection:
            row = (await connection.execute(select(tool_runs).where(_is(key)))).first()
        return _run(row) if row else None

    async def newest(self, key: ToolRunKey) -> ToolRun | None:
        """The last run of a call that was started, whatever the number in the key; None when it never was."""
        statement = select(tool_runs).where(_is_call(key)).order_by(tool_runs.c.run.desc()).limit(1)
        async with self._database.read() as connection:
            row = (await connection.execute(statement)).first()
        return _run(row) if row else None

    async def of(self, turn_key: str) -> list[ToolRun]:
        """Every run of a turn, the oldest first."""
        statement = select(tool_runs).where(tool_runs.c.turn_key == turn_key).order_by(tool_runs.c.started_at)
        async with self._database.read() as connection:
            return [_run(row) for row in await connection.execute(statement)]


def _is_call(key: ToolRunKey) -> ColumnElement[bool]:
    return and_(
        tool_runs.c.thread_id == key.thread_id,
        tool_runs.c.model_message_id == key.model_message_id,
        tool_runs.c.call_id == short(key.call_id),
    )


def _is(key: ToolRunKey) -> ColumnElement[bool]:
    return and_(_is_call(key), tool_runs.c.run == key.run)


def _run(row: Row[Any]) -> ToolRun:
    key = ToolRunKey(row.thread_id, row.model_message_id, row.call_id, row.run)
    return ToolRun(key, row.turn_key, row.tool, row.started_at, row.finished_at, row.result, row.failed)
