"""The LangGraph checkpointer for our database: the stock one behind a thin class of our own."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiosqlite
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from checkpoints.database import BUSY_TIMEOUT_MS

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path


class ThreadSaver(AsyncSqliteSaver):
    """The stock saver on a connection of its own.

    Every checkpoint write of the program passes this class, so a check of who may write has one place to stand.
    Only LangGraph's and LangChain's own types are read back (strict mode): a database that somebody else wrote to
    can make no other object.
    """

    def __init__(self, connection: aiosqlite.Connection) -> None:
        super().__init__(connection, serde=JsonPlusSerializer(allowed_msgpack_modules=None))


@asynccontextmanager
async def open_saver(path: Path) -> AsyncGenerator[ThreadSaver]:
    """The saver on the SQLite file of the journal, its tables made where they are missing."""
    async with aiosqlite.connect(path) as connection:
        await connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        saver = ThreadSaver(connection)
        await saver.setup()
        yield saver
