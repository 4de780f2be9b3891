"""The LangGraph checkpointer for our database: the stock one behind a thin class of our own."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiosqlite
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from checkpoints.database import BUSY_TIMEOUT_MS, to_its_end

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence
    from pathlib import Path

    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata


class ThreadSaver(AsyncSqliteSaver):
    """The stock saver on a connection of its own.

    Every checkpoint write of the program passes this class, so a check of who may write has one place to stand.
    Only LangGraph's and LangChain's own types are read back (strict mode): a database that somebody else wrote to
    can make no other object.
    """

    def __init__(self, connection: aiosqlite.Connection) -> None:
        super().__init__(connection, serde=JsonPlusSerializer(allowed_msgpack_modules=None))

    # A write that is cut off between its statement and its commit would keep SQLite's write lock.

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Store a checkpoint; once begun it is finished."""
        return await to_its_end(super().aput(config, checkpoint, metadata, new_versions))

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Store what a task wrote; once begun it is finished."""
        await to_its_end(super().aput_writes(config, writes, task_id, task_path))

    async def adelete_thread(self, thread_id: str) -> None:
        """Delete a thread; once begun it is finished."""
        await to_its_end(super().adelete_thread(thread_id))


@asynccontextmanager
async def open_saver(path: Path) -> AsyncGenerator[ThreadSaver]:
    """The saver on the SQLite file of the journal, its tables made where they are missing."""
    async with aiosqlite.connect(path) as connection:
        await connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        saver = ThreadSaver(connection)
        await saver.setup()
        yield saver
