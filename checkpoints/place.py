"""Where the database is: what a database URL names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

if TYPE_CHECKING:
    from sqlalchemy import URL

DEFAULT_URL = "sqlite:///data/clew.db"

_FORMS = "sqlite:///path or postgresql://user:password@host/name"

# libpq takes these from an address's query as well (PostgreSQL's documentation, "Parameter Key Words").
_SECRET_PARAMETERS = ("password", "sslpassword")


class DatabaseError(Exception):
    """The database cannot be used; the text says why, in one sentence."""


class DatabaseAway(DatabaseError):  # noqa: N818 - named for what went wrong
    """The database does not answer for now; what was to be done can be done later."""


@dataclass(frozen=True, slots=True)
class Place:
    """One database.

    Attributes:
        url: Its address for SQLAlchemy.
        path: Its file; None for PostgreSQL.
    """

    url: URL
    path: Path | None

    def __str__(self) -> str:
        """As it is told to people: without passwords."""
        told = self.url.set(drivername="postgresql").difference_update_query(_SECRET_PARAMETERS)
        return str(self.path) if self.path else told.render_as_string()

    @property
    def conninfo(self) -> str:
        """PostgreSQL's address for libpq."""
        return self.url.set(drivername="postgresql").render_as_string(hide_password=False)

    @property
    def passwords(self) -> set[str]:
        """What must not be told."""
        asked = self.url.normalized_query
        return {self.url.password or "", *(value for name in _SECRET_PARAMETERS for value in asked.get(name, ()))} - {
            ""
        }


def place_of(url: str) -> Place:
    """The database that a URL names; `sqlite:////path` is absolute.

    Raises:
        DatabaseError: It names none that clew can use.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        # The text itself is not repeated: there may be a password in it.
        raise DatabaseError(f"CLEW_DATABASE_URL is not a database URL; it should read {_FORMS}.") from None
    except ValueError:  # what SQLAlchemy raises is Python's own error for a text that is no number
        raise DatabaseError(f"CLEW_DATABASE_URL has a port that is no number; it should read {_FORMS}.") from None
    match parsed.get_backend_name():
        case "sqlite":
            if not parsed.database or parsed.database == ":memory:":
                raise DatabaseError("CLEW_DATABASE_URL names no file; it should read sqlite:///path.")
            return Place(parsed, Path(parsed.database))
        case "postgresql" | "postgres":
            return Place(parsed.set(drivername="postgresql+psycopg"), None)
        case other:
            raise DatabaseError(f"clew keeps its data in SQLite or PostgreSQL, not in {other}; use {_FORMS}.")
