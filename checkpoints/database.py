"""The one database: its URL, its connections, its schema brought up to date."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable

    from sqlalchemy import CursorResult, Executable
    from sqlalchemy.engine import Connection, Engine
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

T = TypeVar("T")

DEFAULT_URL = "sqlite:///data/clew.db"

NEWEST = "0002"
"""The schema's version as this clew has it: the last of `migrations/versions`."""

# A writer waits this long for another one; transactions are short, so a longer wait is a fault (milliseconds).
BUSY_TIMEOUT_MS = 10_000


class DatabaseError(Exception):
    """The database cannot be used; the text says why, in one sentence."""


class Reading:
    """Statements that read, each at once and in this thread.

    In WAL mode a reader waits for nobody, and what we read is a few rows: a thread for it costs ten times the query.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def execute(self, statement: Executable) -> CursorResult[Any]:
        """What a statement gives."""
        return self._connection.execute(statement)


class Transaction:
    """Statements on one connection.

    Each runs to its end before a cancellation of its task is felt: a connection that is left in the middle of a
    statement keeps SQLite's write lock, and every other writer fails with "database is locked".
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def execute(self, statement: Executable) -> CursorResult[Any]:
        """What a statement gives."""
        return await to_its_end(self._connection.execute(statement))


class Database:
    """Short transactions on the journal's database.

    SQLite takes its write lock at the beginning of a writing transaction (BEGIN IMMEDIATE): one that reads first and
    writes later would fail when another writer came between, whatever the busy timeout
    (https://www.sqlite.org/isolation.html).
    """

    def __init__(self, writer: AsyncEngine, reader: Engine, path: Path) -> None:
        self._writer = writer
        self._reader = reader
        self.path = path

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[Reading]:
        """For statements that each see the newest committed state and write nothing."""
        with self._reader.connect() as connection:
            yield Reading(connection)

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[Transaction]:
        """A writing transaction: committed at the end of the block, rolled back by an exception."""
        async with _connected(self._writer) as connection:
            yield Transaction(connection)
            await to_its_end(connection.commit())

    async def upgrade(self) -> None:
        """Bring the schema up to this version of clew.

        Raises:
            DatabaseError: The database is not writable, or was written by a newer clew.
        """
        try:
            # First without the engine: the thread of its failed connection can outlive the event loop, loudly.
            with closing(sqlite3.connect(self.path)) as probe:
                probe.execute("PRAGMA schema_version")
            if await self._version() == NEWEST:
                return
            # Here, since Alembic takes 10 MB and a third of a second, and is needed once after an update.
            from checkpoints.upgrading import NewerSchema, upgrade

            async with self._writer.connect() as connection:
                try:
                    await connection.run_sync(upgrade)
                except NewerSchema as error:
                    raise DatabaseError(
                        f"The database {self.path} was written by a newer clew; install that version or use another "
                        "database."
                    ) from error
                await connection.commit()
        except sqlite3.Error as error:
            raise DatabaseError(f"The database {self.path} cannot be used: {error}.") from error
        except DBAPIError as error:
            raise DatabaseError(f"The database {self.path} cannot be used: {error.orig}.") from error

    async def _version(self) -> str | None:
        """The schema's version; None where there is no schema."""
        async with self.read() as connection:
            tables = await connection.execute(text("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'"))
            if tables.first() is None:
                return None
            return (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar()

    async def close(self) -> None:
        """Close every connection."""
        self._reader.dispose()
        await self._writer.dispose()


def sqlite_path(url: str) -> Path:
    """The file that a `sqlite:///path` URL names; `sqlite:////path` is absolute.

    Raises:
        DatabaseError: It is not such a URL.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        # The text itself is not repeated: there may be a password in it.
        raise DatabaseError("CLEW_DATABASE_URL is not a database URL; it should read sqlite:///path.") from None
    if parsed.get_backend_name() != "sqlite":
        raise DatabaseError(
            f"This version of clew keeps its data in SQLite only; {parsed.get_backend_name()} is not supported yet. "
            "CLEW_DATABASE_URL should read sqlite:///path."
        )
    if not parsed.database or parsed.database == ":memory:":
        raise DatabaseError("CLEW_DATABASE_URL names no file; it should read sqlite:///path.")
    return Path(parsed.database)


def open_database(url: str = DEFAULT_URL) -> Database:
    """The database at a URL; its folder is made where it is missing.

    Raises:
        DatabaseError: The URL is wrong, or its folder cannot be made.
    """
    path = sqlite_path(url)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(f"The folder of the database {path} cannot be made: {error.strerror}.") from error
    writer = create_async_engine(f"sqlite+aiosqlite:///{path}")
    reader = create_engine(f"sqlite:///{path}", isolation_level="AUTOCOMMIT")
    for engine in (writer.sync_engine, reader):
        event.listen(engine, "connect", _prepare_connection)
    event.listen(writer.sync_engine, "begin", _begin)
    return Database(writer, reader, path)


@asynccontextmanager
async def _connected(engine: AsyncEngine) -> AsyncGenerator[AsyncConnection]:
    """A connection of an engine, given back whatever happens; what was not committed is rolled back."""
    connection = engine.connect()
    starting = asyncio.ensure_future(_started(connection))
    try:
        await to_its_end(starting)
        yield connection
    finally:
        if starting.exception() is None:
            await to_its_end(connection.close())


async def _started(connection: AsyncConnection) -> None:
    await connection.start()


async def to_its_end(work: Awaitable[T]) -> T:
    """What some work gives; when the task is cancelled meanwhile, the work is finished first."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait({task})
        raise


def _prepare_connection(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    """Let SQLAlchemy say when a transaction begins, and readers go on beside one writer (WAL)."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", f"busy_timeout={BUSY_TIMEOUT_MS}", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
