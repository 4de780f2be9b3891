"""The one database: short transactions on it, its schema brought up to date."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import asynccontextmanager, closing, contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from checkpoints.engines import postgres_engines, sqlite_engines
from checkpoints.finishing import to_its_end
from checkpoints.outages import is_outage
from checkpoints.place import DEFAULT_URL, DatabaseAway, DatabaseError, Place, place_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator
    from pathlib import Path

    from sqlalchemy import CursorResult, Executable
    from sqlalchemy.engine import Connection, Engine

NEWEST = "0003"
"""The schema's version as this clew has it: the last of `migrations/versions`."""

# Two processes that start at once on PostgreSQL upgrade one after the other: the key of that lock, "clew" in ASCII.
UPGRADE_LOCK = 0x636C6577


class Reading:
    """Statements that read SQLite, each at once and in this thread."""

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

    Attributes:
        place: Where it is.
    """

    def __init__(self, writer: AsyncEngine, reader: Engine | AsyncEngine, place: Place) -> None:
        self._writer = writer
        self._reader = reader
        self.place = place

    @property
    def path(self) -> Path | None:
        """The SQLite file; None for PostgreSQL."""
        return self.place.path

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[Reading | Transaction]:
        """For statements that each see the newest committed state and write nothing.

        Raises:
            DatabaseAway: The database does not answer.
        """
        with naming_outages():
            if isinstance(self._reader, AsyncEngine):
                async with _connected(self._reader) as connection:
                    yield Transaction(connection)
            else:
                with self._reader.connect() as connection:
                    yield Reading(connection)

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[Transaction]:
        """A writing transaction: committed at the end of the block, rolled back by an exception.

        Raises:
            DatabaseAway: The database does not answer.
        """
        with naming_outages():
            async with _connected(self._writer) as connection:
                yield Transaction(connection)
                await to_its_end(connection.commit())

    async def upgrade(self) -> None:
        """Bring the schema up to this version of clew.

        Raises:
            DatabaseError: The database is not writable, or was written by a newer clew.
        """
        try:
            if self.path:
                # First without the engine: the thread of its failed connection can outlive the event loop, loudly.
                with closing(sqlite3.connect(self.path)) as probe:
                    probe.execute("PRAGMA schema_version")
            if await self._version() == NEWEST:
                return
            # Here, since Alembic takes 10 MB and a third of a second, and is needed once after an update.
            from checkpoints.upgrading import NewerSchema, upgrade

            async with self._writer.connect() as connection:
                try:
                    if not self.path:
                        await connection.execute(text(f"SELECT pg_advisory_xact_lock({UPGRADE_LOCK})"))
                    await connection.run_sync(upgrade)
                except NewerSchema as error:
                    raise DatabaseError(
                        f"The database {self.place} was written by a newer clew; install that version or use another "
                        "database."
                    ) from error
                await connection.commit()
        except sqlite3.Error as error:
            raise DatabaseError(f"The database {self.place} cannot be used: {error}.") from error
        except DBAPIError as error:
            raise DatabaseError(f"The database {self.place} cannot be used: {error.orig}.") from error
        except DatabaseAway as error:
            raise DatabaseError(f"The database {self.place} cannot be used: {error}.") from error

    async def _version(self) -> str | None:
        """The schema's version; None where there is no schema."""
        there = (
            "SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'"
            if self.path
            else "SELECT 1 FROM pg_class WHERE oid = to_regclass('alembic_version')"
        )
        async with self.read() as connection:
            if (await connection.execute(text(there))).first() is None:
                return None
            return (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar()

    async def close(self) -> None:
        """Close every connection."""
        if not isinstance(self._reader, AsyncEngine):
            self._reader.dispose()
        await self._writer.dispose()


def open_database(url: str = DEFAULT_URL) -> Database:
    """The database at a URL; the folder of a SQLite file is made where it is missing.

    Raises:
        DatabaseError: The URL is wrong, its folder cannot be made, or what PostgreSQL needs is not installed.
    """
    place = place_of(url)
    if place.path is None:
        try:
            return Database(*postgres_engines(place.url), place)
        except ModuleNotFoundError as error:
            raise DatabaseError(f"PostgreSQL needs the postgres extra of clew ({error.name} is missing).") from error
    try:
        place.path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(f"The folder of the database {place} cannot be made: {error.strerror}.") from error
    return Database(*sqlite_engines(place.path), place)


@contextmanager
def naming_outages() -> Generator[None]:
    """Tell a database that does not answer from a statement that is wrong."""
    try:
        yield
    except PoolTimeoutError as error:
        raise DatabaseAway(str(error)) from error
    except DBAPIError as error:
        if not is_outage(error.orig, otherwise=isinstance(error, OperationalError | InterfaceError)):
            raise
        raise DatabaseAway(str(error.orig).strip() or type(error.orig).__name__) from error


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
