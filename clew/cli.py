"""The command line: run, chat, doctor, demo, history, replay, db upgrade."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from clew.settings import Settings

# What a command needs of clew is imported in it: LangChain, discord.py and SQLAlchemy take seconds to load, and nobody
# should wait for what is not used (tests/clew/test_cli.py holds what `clew --help` may load).

app = typer.Typer(
    help="clew: an agentic chat bot for Discord that never loses the thread.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
db = typer.Typer(help="The database.", no_args_is_help=True)
app.add_typer(db, name="db")


@app.command("run")
def run_command() -> None:
    """Run the bot until it is told to stop (SIGTERM, Ctrl-C)."""
    settings = _settings()
    settings.check()
    from clew.app import run

    asyncio.run(run(settings))


@app.command()
def demo(
    port: Annotated[int, typer.Option(help="The page's port; 0 takes a free one.")] = 8080,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
) -> None:
    """Try clew: a local Discord in your browser, an offline model (or LiteLLM, when it is set), and the bot."""
    try:  # the playground is an extra that `clew run` does without
        from clew.demo import run_demo
    except ModuleNotFoundError as error:
        from clew.settings import SettingsError

        raise SettingsError(f"The demo needs the playground extra ({error.name} is missing): `make demo`.") from error
    asyncio.run(run_demo(port=port, browser=browser))


@app.command("chat")
def chat_command() -> None:
    """Talk with clew in the terminal, without Discord; lines can also come from a pipe."""
    from clew.chat import chat
    from clew.telemetry import configure_logging

    settings = _settings()
    # What goes well is seen in the conversation itself.
    configure_logging(settings.secrets(), level=logging.WARNING)
    asyncio.run(chat(settings, _console()))


@app.command()
def doctor(
    ask: Annotated[bool, typer.Option(help="Ask the model one short question; costs a few hundred tokens.")] = True,
) -> None:
    """Look at everything clew needs: what is wrong, and how to mend it. Nothing is changed."""
    from clew.doctor.checks import examine
    from clew.telemetry import configure_logging

    # What the parts would log while they are looked at is what the report says.
    configure_logging(level=logging.CRITICAL)
    logging.disable()
    if not asyncio.run(examine(_console(), ask=ask)):
        raise typer.Exit(1)


@app.command()
def history(
    thread: Annotated[
        str | None, typer.Argument(help="A thread, as the list names it; or `approvals`: all that was decided.")
    ] = None,
) -> None:
    """List all threads, the turns of one (time, first words, tools, approvals), or every decision about a call."""
    from clew.past import show_approvals, show_threads, show_turns

    settings = _settings()
    if thread == "approvals":  # no thread has such a name
        asyncio.run(show_approvals(settings, _console()))
    elif thread is None:
        asyncio.run(show_threads(settings, _console()))
    else:
        asyncio.run(show_turns(settings, thread, _console()))


@app.command()
def replay(
    thread: Annotated[str, typer.Argument(help="A thread, as `clew history` names it.")],
    prompt: Annotated[Path | None, typer.Option(help="A file with another system prompt.", dir_okay=False)] = None,
    model: Annotated[str | None, typer.Option(help="Another model's name.")] = None,
) -> None:
    """Say again what the user said, through the present graph; tools are answered from the record, none is called."""
    from clew.replaying import show_replay

    settings = _settings()
    text = _text(prompt) if prompt else None
    if not asyncio.run(show_replay(settings, thread, _console(), prompt=text, model_name=model)):
        raise typer.Exit(1)


@db.command("upgrade")
def db_upgrade() -> None:
    """Bring the database up to this version of clew; `clew run` does it by itself."""
    asyncio.run(_upgrade(_settings()))


async def _upgrade(settings: Settings) -> None:
    from checkpoints.database import open_database

    database = open_database(settings.database_url)
    try:
        await database.upgrade()
    finally:
        await database.close()
    print(f"{database.place} is up to date.")


def _settings() -> Settings:
    from clew.settings import Settings
    from clew.telemetry import configure_logging

    settings = Settings.load()
    configure_logging(settings.secrets())
    return settings


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        from clew.settings import SettingsError

        raise SettingsError(f"The prompt file {path} cannot be read: {error}.") from error


def _console() -> Console:
    """Where the output is no terminal, lines are as long as they need to be."""
    return Console() if sys.stdout.isatty() or "COLUMNS" in os.environ else Console(width=200)


def main() -> None:
    """The console script: an error that can be told plainly is told plainly."""
    try:
        app()
    except SystemExit:  # before the next line, which would load what defines those errors
        raise
    except _plain() as error:
        print(error, file=sys.stderr)
        sys.exit(1)


def _plain() -> tuple[type[Exception], ...]:
    """The errors whose text is one sentence for whoever typed the command."""
    from checkpoints.history import UnknownThread
    from checkpoints.place import DatabaseError
    from clew.alone import StartError
    from clew.settings import SettingsError

    return (SettingsError, DatabaseError, StartError, UnknownThread)
