"""The LangGraph checkpointer for PostgreSQL, fenced as the one for SQLite is."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import psycopg
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from checkpoints.claims import STANDS, ClaimLost, Fence
from checkpoints.database import UPGRADE_LOCK
from checkpoints.engines import POSTGRES_CONNECTION
from checkpoints.finishing import to_its_end
from checkpoints.outages import is_outage
from checkpoints.place import DatabaseAway
from checkpoints.saver import fence_of, serializer, thread_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Sequence

    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata, CheckpointTuple
    from psycopg import AsyncCursor

    from checkpoints.claims import Fencing
    from checkpoints.place import Place

_STANDS = str(STANDS.compile(dialect=PGDialect_psycopg())).encode()

# Not the upgrade's: whoever waits for that one does so within a transaction.
SETUP_LOCK = UPGRADE_LOCK + 1

# Seconds between two attempts to take it.
_LOOK_AGAIN = 0.1

# A connection is waited for so long before the database counts as away (seconds).
_POOL_TIMEOUT = 10.0

_fence: ContextVar[Fence | None] = ContextVar("fence", default=None)


class PostgresThreadSaver(AsyncPostgresSaver):
    """The stock saver for PostgreSQL; what writes does so in one transaction behind a check of the fence."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[DictRow]], claims: Fencing | None = None) -> None:
        super().__init__(pool, serde=serializer())
        self._claims = claims

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """The checkpoint of a configuration."""
        with _naming_outages():
            return await super().aget_tuple(config)

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Store a checkpoint; once begun it is finished, or nothing of it is kept."""
        with self._fenced(thread_of(config)):
            return await to_its_end(super().aput(config, checkpoint, metadata, new_versions))

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Store what a task wrote; once begun it is finished, or nothing of it is kept."""
        with self._fenced(thread_of(config)):
            await to_its_end(super().aput_writes(config, writes, task_id, task_path))

    async def adelete_thread(self, thread_id: str) -> None:
        """Delete a thread; once begun it is finished, or nothing of it is kept."""
        with self._fenced(thread_id):
            await to_its_end(super().adelete_thread(thread_id))

    @contextmanager
    def _fenced(self, thread_id: str) -> Generator[None]:
        before = _fence.set(fence_of(self._claims, thread_id))
        try:
            with _naming_outages():
                yield
        finally:
            _fence.reset(before)

    @asynccontextmanager
    async def _cursor(self, *, pipeline: bool = False) -> AsyncGenerator[AsyncCursor[DictRow]]:
        """The stock saver's way to its connection; every write of its passes here."""
        fence = _fence.get()
        async with super()._cursor(pipeline=pipeline and fence is None) as cursor:
            if fence is None:
                yield cursor
                return
            async with cursor.connection.transaction():
                values = {name: getattr(fence, name) for name in Fence.__slots__}
                await cursor.execute(_STANDS, values)
                if await cursor.fetchone() is None:
                    raise ClaimLost(f"{fence.conversation} was taken over by another process")
                yield cursor


async def _locked(connection: AsyncConnection[DictRow]) -> bool:
    """Take the lock of the setup, without waiting for it.

    The setup makes indexes CONCURRENTLY, which waits for every transaction that is open, and so for a statement that
    would wait for this lock (seen: two processes that started at once waited for each other until one gave up).
    """
    cursor = await connection.execute("SELECT pg_try_advisory_lock(%s) AS taken", (SETUP_LOCK,))
    row = await cursor.fetchone()
    return row is not None and row["taken"]


async def _look_alive(connection: AsyncConnection[DictRow]) -> None:
    """See that a connection still works, before it is given out."""
    await connection.execute("SELECT 1")


@contextmanager
def _naming_outages() -> Generator[None]:
    try:
        yield
    except psycopg.Error as error:
        if not is_outage(error, otherwise=isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)):
            raise
        raise DatabaseAway(str(error).strip() or type(error).__name__) from error


@asynccontextmanager
async def open_postgres_saver(place: Place, claims: Fencing | None) -> AsyncGenerator[PostgresThreadSaver]:
    """The saver on a PostgreSQL database, its tables made where they are missing."""
    settings: dict[str, Any] = {
        "autocommit": True,
        "prepare_threshold": 0,
        "row_factory": dict_row,
        **POSTGRES_CONNECTION,
    }
    pool = AsyncConnectionPool(
        place.conninfo,
        connection_class=AsyncConnection[DictRow],
        kwargs=settings,
        # The stock saver uses one connection at a time; the other one keeps the lock of the upgrade.
        min_size=1,
        max_size=2,
        timeout=_POOL_TIMEOUT,
        check=_look_alive,
        open=False,
    )
    async with pool:
        saver = PostgresThreadSaver(pool, claims)
        with _naming_outages():
            # Two processes that start at once must not both make the tables.
            async with pool.connection() as connection:
                while not await _locked(connection):  # noqa: ASYNC110 - another process cannot tell us
                    await asyncio.sleep(_LOOK_AGAIN)
                try:
                    await saver.setup()
                finally:
                    await connection.execute("SELECT pg_advisory_unlock(%s)", (SETUP_LOCK,))
        yield saver
