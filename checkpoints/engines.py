"""SQLAlchemy engines for the two databases, each set up for short transactions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import create_engine, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import URL
    from sqlalchemy.engine import Connection, Engine
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

# A writer waits this long for another one; transactions are short, so a longer wait is a fault (milliseconds).
BUSY_TIMEOUT_MS = 10_000

# What every connection to PostgreSQL is made with (libpq's words). The server ends the transaction of a process that
# stands still in its middle (SIGSTOP, a frozen machine): its locks would keep everybody else from taking over its
# conversations. A server that does not answer is away after 5 seconds when we connect, and after 15 to 20 when its
# machine is gone without a word, for which the kernel by itself would wait a quarter of an hour.
POSTGRES_CONNECTION = {
    "options": f"-c idle_in_transaction_session_timeout={BUSY_TIMEOUT_MS} -c lock_timeout={BUSY_TIMEOUT_MS}",
    "connect_timeout": 5,
    "tcp_user_timeout": 15_000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
}


def sqlite_engines(path: Path) -> tuple[AsyncEngine, Engine]:
    """Engines that write, and that read, a SQLite file.

    SQLite takes its write lock at the beginning of a writing transaction (BEGIN IMMEDIATE): one that reads first and
    writes later would fail when another writer came between, whatever the busy timeout
    (https://www.sqlite.org/isolation.html). The engine that reads does so in the calling thread: in WAL mode a reader
    waits for nobody, and what we read is a few rows, for which a thread costs ten times the query.
    """
    writer = create_async_engine(f"sqlite+aiosqlite:///{path}")
    reader = create_engine(f"sqlite:///{path}", isolation_level="AUTOCOMMIT")
    for engine in (writer.sync_engine, reader):
        event.listen(engine, "connect", _prepare_connection)
    event.listen(writer.sync_engine, "begin", _begin)
    return writer, reader


def postgres_engines(url: URL) -> tuple[AsyncEngine, AsyncEngine]:
    """Engines that write, and that read, a PostgreSQL database; they share their connections."""
    writer = create_async_engine(url, pool_pre_ping=True, connect_args=dict(POSTGRES_CONNECTION))
    return writer, writer.execution_options(isolation_level="AUTOCOMMIT")


def _prepare_connection(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    """Let SQLAlchemy say when a transaction begins, and readers go on beside one writer (WAL)."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", f"busy_timeout={BUSY_TIMEOUT_MS}", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
