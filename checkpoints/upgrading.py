"""Brings the schema up to this version of clew, with Alembic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


class NewerSchema(Exception):  # noqa: N818 - named for what went wrong
    """The schema is of a version that this clew does not know."""


def upgrade(connection: Connection, to: str = "head") -> None:
    """Upgrade the schema behind a connection.

    Args:
        connection: To the database.
        to: The revision; the newest unless a test says otherwise.

    Raises:
        NewerSchema: A newer clew wrote it.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    ScriptDirectory.from_config(config)
    try:
        command.upgrade(config, to)
    except CommandError as error:
        raise NewerSchema(str(error)) from error
