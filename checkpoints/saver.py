"""The LangGraph checkpointer for our database: the stock one behind a thin class of our own."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import aiosqlite
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from checkpoints.database import BUSY_TIMEOUT_MS, to_its_end

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Coroutine, Sequence
    from pathlib import Path

    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata

T = TypeVar("T")


class ThreadSaver(AsyncSqliteSaver):
    """The stock saver on a connection of its own.

    Every checkpoint write of the program passes this class, so a check of who may write has one place to stand.
    Only LangGraph's and LangChain's own types are read back (strict mode): a database that somebody else wrote to
    can make no other object.
    """

    def __init__(self, connection: aiosqlite.Connection) -> None:
        super().__init__(connection, serde=JsonPlusSerializer(allowed_msgpack_modules=None))

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Store a checkpoint; once begun it is finished, or nothing of it is kept."""
        return await self._whole(super().aput(config, checkpoint, metadata, new_versions))

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Store what a task wrote; once begun it is finished, or nothing of it is kept."""
        await self._whole(super().aput_writes(config, writes, task_id, task_path))

    async def adelete_thread(self, thread_id: str) -> None:
        """Delete a thread; once begun it is finished, or nothing of it is kept."""
        await self._whole(super().adelete_thread(thread_id))

    async def _whole(self, write: Coroutine[Any, Any, T]) -> T:
        """A write with its end: cut off between statement and commit it would keep SQLite's write lock for ever."""
        return await to_its_end(self._or_nothing(write))

    async def _or_nothing(self, write: Coroutine[Any, Any, T]) -> T:
        try:
            return await write
        except BaseException:  # whatever cut it off, and it goes on: only the transaction must not stay open
            async with self.lock:
                if self.conn.in_transaction:
                    await self.conn.rollback()
            raise


@asynccontextmanager
async def open_saver(path: Path) -> AsyncGenerator[ThreadSaver]:
    """The saver on the SQLite file of the journal, its tables made where they are missing."""
    async with aiosqlite.connect(path) as connection:
        await connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        saver = ThreadSaver(connection)
        await saver.setup()
        yield saver
