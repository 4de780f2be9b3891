"""The command line: run, demo, history, replay, db upgrade."""

from __future__ import annotations

import asyncio
import sys

import typer

from checkpoints.database import DatabaseError, open_database
from clew.app import StartError, run
from clew.settings import Settings, SettingsError
from clew.telemetry import configure_logging

app = typer.Typer(
    help="clew: an agentic chat bot for Discord that never loses the thread.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
db = typer.Typer(help="The database.", no_args_is_help=True)
app.add_typer(db, name="db")

# Errors whose text is one sentence for whoever typed the command.
_PLAIN = (SettingsError, DatabaseError, StartError)


@app.command("run")
def run_command() -> None:
    """Run the bot until it is told to stop (SIGTERM, Ctrl-C)."""
    settings = _settings()
    configure_logging(settings.secrets())
    settings.check()
    asyncio.run(run(settings))


@db.command("upgrade")
def db_upgrade() -> None:
    """Bring the database up to this version of clew; `clew run` does it by itself."""
    asyncio.run(_upgrade(_settings()))


async def _upgrade(settings: Settings) -> None:
    database = open_database(settings.database_url)
    try:
        await database.upgrade()
    finally:
        await database.close()
    print(f"{database.path} is up to date.")


def _settings() -> Settings:
    settings = Settings.load()
    configure_logging(settings.secrets())
    return settings


def main() -> None:
    """The console script: an error that can be told plainly is told plainly."""
    try:
        app()
    except _PLAIN as error:
        print(error, file=sys.stderr)
        sys.exit(1)
