"""Looks at a database without changing it: can it be written, and which version of clew wrote it."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from checkpoints.engines import POSTGRES_CONNECTION
from checkpoints.place import DatabaseError, Place, place_of

# Another process may write just now; its transactions are short (seconds).
_PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """What was found.

    Attributes:
        place: The database.
        there: Whether there is one.
        revision: The version of its schema; None where it has none yet.
        newest: The version that this clew brings it to.
        known: Whether this clew knows the database's version; a newer clew's it does not.
    """

    place: Place
    there: bool
    revision: str | None
    newest: str
    known: bool


def inspect(url: str) -> DatabaseState:
    """Look at the database of a URL; neither it nor its folder is made where it is missing.

    Raises:
        DatabaseError: The URL is wrong, or clew could not write there.
    """
    place = place_of(url)
    scripts = ScriptDirectory(str(Path(__file__).parent / "migrations"))
    newest = str(scripts.get_current_head())
    if place.path and not place.path.exists():
        _see_that_it_can_be_made(place.path)
        return DatabaseState(place, there=False, revision=None, newest=newest, known=True)
    revision = _revision(place.path) if place.path else _postgres_revision(place)
    known = revision is None or revision in {script.revision for script in scripts.walk_revisions()}
    return DatabaseState(place, there=True, revision=revision, newest=newest, known=known)


def _see_that_it_can_be_made(path: Path) -> None:
    folder = path.parent
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir():
        raise DatabaseError(f"The database {path} cannot be made: {folder} is no folder.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise DatabaseError(f"The database {path} cannot be made: {folder} cannot be written.")


def _postgres_revision(place: Place) -> str | None:
    """The version that stands in a PostgreSQL database, in which tables can be made."""
    try:
        engine = create_engine(place.url, connect_args=dict(POSTGRES_CONNECTION))
        with engine.connect() as connection:
            may = connection.execute(text("SELECT has_schema_privilege(current_schema(), 'CREATE')")).scalar()
            if not may:
                raise DatabaseError(f"The database {place} cannot be used: tables cannot be made there.")
            if connection.execute(text("SELECT to_regclass('alembic_version')")).scalar() is None:
                return None
            return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except ModuleNotFoundError as error:
        raise DatabaseError(f"PostgreSQL needs the postgres extra of clew ({error.name} is missing).") from error
    except DBAPIError as error:
        raise DatabaseError(f"The database {place} cannot be used: {error.orig}.") from error


def _revision(path: Path) -> str | None:
    """The version that stands in a database, after taking its write lock and giving it back."""
    try:
        uri = f"file:{quote(str(path.absolute()))}?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, timeout=_PATIENCE, isolation_level=None)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            found = None
            if "alembic_version" in tables:
                found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            if not _busy(connection):
                connection.execute("ROLLBACK")
            return found[0] if found else None
    except sqlite3.Error as error:
        raise DatabaseError(f"The database {path} cannot be used: {error}.") from error


def _busy(connection: sqlite3.Connection) -> bool:
    """Try to begin to write; a database in which somebody else writes can be written."""
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            return True
        raise
    return False
