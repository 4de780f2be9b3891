"""The LangGraph checkpointer for our database: the stock one, fenced.

Every checkpoint write of the program passes here, and is nothing unless this process holds the conversation: a process
that slept past its lease would else become the head of a thread in which others had gone on (seen; LangGraph itself
does not look).
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import aiosqlite
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from sqlalchemy.dialects import sqlite

from checkpoints.claims import STANDS, ClaimLost, Fence
from checkpoints.engines import BUSY_TIMEOUT_MS
from checkpoints.finishing import to_its_end
from checkpoints.keys import parse_thread_id
from checkpoints.place import DatabaseAway

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Coroutine, Generator, Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.base import (
        BaseCheckpointSaver,
        ChannelVersions,
        Checkpoint,
        CheckpointMetadata,
        CheckpointTuple,
    )

    from checkpoints.claims import Fencing
    from checkpoints.place import Place

T = TypeVar("T")

_STANDS = str(STANDS.compile(dialect=sqlite.dialect(paramstyle="named")))


def serializer() -> JsonPlusSerializer:
    """Reads only LangGraph's and LangChain's own types back (strict mode).

    A database that somebody else wrote to can make no other object.
    """
    return JsonPlusSerializer(allowed_msgpack_modules=None)


def thread_of(config: RunnableConfig) -> str:
    """The thread that a configuration names."""
    return config.get("configurable", {})["thread_id"]


def fence_of(claims: Fencing | None, thread_id: str) -> Fence | None:
    """What a write to a thread has to show; None where nothing is fenced.

    Raises:
        ClaimLost: This process does not hold the thread's conversation.
    """
    return claims.fence(parse_thread_id(thread_id)[0]) if claims else None


class ThreadSaver(AsyncSqliteSaver):
    """The stock saver for SQLite on a connection of its own."""

    def __init__(self, connection: aiosqlite.Connection, claims: Fencing | None = None) -> None:
        super().__init__(connection, serde=serializer())
        self._claims = claims
        self._writing = asyncio.Lock()

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
        return await self._whole(config, super().aput(config, checkpoint, metadata, new_versions))

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Store what a task wrote; once begun it is finished, or nothing of it is kept."""
        await self._whole(config, super().aput_writes(config, writes, task_id, task_path))

    async def adelete_thread(self, thread_id: str) -> None:
        """Delete a thread; once begun it is finished, or nothing of it is kept."""
        await self._whole({"configurable": {"thread_id": thread_id}}, super().adelete_thread(thread_id))

    async def _whole(self, config: RunnableConfig, write: Coroutine[Any, Any, T]) -> T:
        """A write with its end: cut off between statement and commit it would keep SQLite's write lock for ever."""
        try:
            fence = fence_of(self._claims, thread_of(config))
        except BaseException:
            write.close()
            raise
        with _naming_outages():
            return await to_its_end(self._or_nothing(fence, write))

    async def _or_nothing(self, fence: Fence | None, write: Coroutine[Any, Any, T]) -> T:
        """Write behind a check of the fence, in one transaction, which the stock saver's own commit ends."""
        async with self._writing:
            try:
                if fence:
                    await self._begin(fence)
                return await write
            except BaseException:  # whatever cut it off, and it goes on: only the transaction must not stay open
                write.close()
                async with self.lock:
                    if self.conn.in_transaction:
                        await self.conn.rollback()
                raise

    async def _begin(self, fence: Fence) -> None:
        async with self.lock:
            await self.conn.execute("BEGIN IMMEDIATE")
            values = {name: getattr(fence, name) for name in Fence.__slots__}
            async with self.conn.execute(_STANDS, values) as cursor:
                if await cursor.fetchone() is None:
                    raise ClaimLost(f"{fence.conversation} was taken over by another process")


@contextmanager
def _naming_outages() -> Generator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise DatabaseAway(str(error)) from error


@asynccontextmanager
async def _open_sqlite(path: Path, claims: Fencing | None) -> AsyncGenerator[ThreadSaver]:
    async with aiosqlite.connect(path) as connection:
        await connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        saver = ThreadSaver(connection, claims)
        await saver.setup()
        yield saver


def open_saver(place: Place, claims: Fencing | None = None) -> AbstractAsyncContextManager[BaseCheckpointSaver[str]]:
    """The saver on the journal's database, its tables made where they are missing.

    Args:
        place: The database.
        claims: What this process holds; without it, nothing is fenced.
    """
    if place.path:
        return _open_sqlite(place.path, claims)
    # Here, since it is an extra.
    from checkpoints.postgres_saver import open_postgres_saver

    return open_postgres_saver(place, claims)
