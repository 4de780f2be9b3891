"""Builds the parts in order, starts them, drains and stops them."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING

import aiohttp
import discord
import structlog

from clew.alone import StartError
from clew.parts import open_parts
from discord_adapter.approvals import Reactions
from discord_adapter.client import ClewClient, redirect
from discord_adapter.commands import register
from discord_adapter.files.attachments import Attachments
from discord_adapter.outbox import Outbox
from discord_adapter.overheard import Overheard
from discord_adapter.reading import Reader
from discord_adapter.server_tools import server_tools
from discord_adapter.surface import DiscordSurfaces

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from clew.settings import Settings
    from graph.turns import TurnEngine

log = structlog.get_logger()

# After SIGTERM the process is gone within 10 seconds: running turns get half of them (seconds), MCP servers the rest.
_DRAIN = 5.0


async def run(settings: Settings) -> None:
    """Run the bot until SIGTERM or SIGINT.

    Raises:
        StartError: Discord does not let it in.
        DatabaseError: The database cannot be used.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with _bot(settings) as (client, engine):
        connection = asyncio.create_task(_connect(client, settings.discord.token.get_secret_value()))
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({connection, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            log.info("stopping")
            await engine.drain(_DRAIN)
            connection.cancel()
        stopped.cancel()
        await client.close()
        with suppress(asyncio.CancelledError):
            await connection


async def _connect(client: ClewClient, token: str) -> None:
    try:
        await client.start(token)
    except discord.LoginFailure as error:
        raise StartError("Discord refused the token; DISCORD_TOKEN must be the bot's token as it is now.") from error
    except discord.PrivilegedIntentsRequired as error:
        raise StartError(
            "Discord does not grant the message content intent; switch it on in the Developer Portal under Bot, "
            "or set message_content = false under [discord] in clew.toml."
        ) from error
    except (aiohttp.ClientError, OSError, discord.HTTPException, discord.GatewayNotFound) as error:
        raise StartError(f"Discord cannot be reached: {error}.") from error


@asynccontextmanager
async def _bot(settings: Settings) -> AsyncGenerator[tuple[ClewClient, TurnEngine]]:
    """All parts of the bot, put together; taken apart in the opposite order."""
    async with AsyncExitStack() as stack:
        if settings.discord.url:
            redirect(settings.discord.url)
        client = ClewClient(settings.discord)
        parts = await stack.enter_async_context(open_parts(settings, server_tools(client), patience=2 * _DRAIN))
        journal = parts.journal
        outbox = Outbox(client, journal.deliveries, link_previews=settings.discord.link_previews)
        overheard = Overheard(client, outbox.sender, settings.discord.context_messages)
        attachments = await stack.enter_async_context(Attachments(journal.blobs, settings.attachments))
        surfaces = DiscordSurfaces(outbox, settings.answers)
        engine = await stack.enter_async_context(parts.engine(surfaces, Reader(overheard, attachments)))
        branching = parts.branching(engine)
        register(client.tree, engine=engine, prompts_here=parts.prompts, journal=journal, branching=branching)
        client.connect_to(
            turns=engine,
            reactions=Reactions(engine, journal, outbox),
            overheard=overheard,
            on_started=engine.recover,
        )
        # Reads the proxy's list of models, so that the operator is told at once what every user would be told; it also
        # warms the connection up.
        check = asyncio.create_task(parts.model.room())
        stack.callback(check.cancel)
        yield client, engine
