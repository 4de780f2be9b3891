"""Builds the parts in order, starts them, drains and stops them."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import aiohttp
import discord
import structlog

from clew.alone import StartError
from clew.parts import open_parts
from discord_adapter.access import Access
from discord_adapter.approvals import Reactions
from discord_adapter.backfill import Backfill
from discord_adapter.card_messages import CardMessages
from discord_adapter.choosing import Choosing
from discord_adapter.client import ClewClient, redirect
from discord_adapter.commands import register
from discord_adapter.files.attachments import Attachments
from discord_adapter.offering import Offering
from discord_adapter.outbox import Outbox
from discord_adapter.overheard import Overheard
from discord_adapter.places_gone import Places
from discord_adapter.presses import Presses
from discord_adapter.reading import Reader
from discord_adapter.server_tools import server_tools
from discord_adapter.surface import DiscordSurfaces
from discord_adapter.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from checkpoints.claims import Claims
    from clew.settings import Settings
    from graph.turns import TurnEngine

log = structlog.get_logger()

# After SIGTERM the process is gone within 10 seconds: running turns get half of them (seconds), MCP servers the rest.
_DRAIN = 5.0


async def run(settings: Settings) -> None:
    """Run the bot until SIGTERM or SIGINT.

    Raises:
        StartError: Discord does not let it in, or a later process of the same name has taken over.
        DatabaseError: The database cannot be used.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with _bot(settings) as (client, engine, claims):
        connection = asyncio.create_task(_connect(client, settings.discord.token.get_secret_value()))
        ends = [asyncio.create_task(event.wait()) for event in (stop, claims.replaced)]
        await asyncio.wait({connection, *ends}, return_when=asyncio.FIRST_COMPLETED)
        if not connection.done():
            log.info("stopping")
        # Where the connection failed nothing can be shown any more: what runs is left where it can be resumed.
        await engine.drain(0 if connection.done() else _DRAIN)
        connection.cancel()
        for end in ends:
            end.cancel()
        await client.close()
        with suppress(asyncio.CancelledError):
            await connection
        if claims.replaced.is_set():
            raise StartError(
                f"A later clew named {settings.owner!r} works on this database, so this one has ended; "
                "give each process a CLEW_OWNER of its own."
            )


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
async def _bot(settings: Settings) -> AsyncGenerator[tuple[ClewClient, TurnEngine, Claims]]:
    """All parts of the bot, put together; taken apart in the opposite order."""
    async with AsyncExitStack() as stack:
        if settings.discord.url:
            redirect(settings.discord.url)
        client = ClewClient(settings.discord)
        parts = await stack.enter_async_context(open_parts(settings, server_tools(client), patience=2 * _DRAIN))
        journal = parts.journal
        outbox = Outbox(client, journal.deliveries, link_previews=settings.discord.link_previews, redact=parts.redact)
        access = Access(client, settings.access, outbox.sender)
        overheard = Overheard(client, outbox.sender, settings.discord.context_messages, access.may_decide)
        attachments = await stack.enter_async_context(Attachments(journal.blobs, settings.attachments))
        # What is said on cards is read again where Discord cannot tell for now who somebody is.
        heard = partial(access.may_decide, or_later=True)
        cards = CardMessages(outbox, journal.approvals, rules=parts.rules, admits=heard, inbox=journal.inbox)
        surfaces = DiscordSurfaces(outbox, settings.answers, cards, parts.claims.check)
        engine = await stack.enter_async_context(parts.engine(surfaces, Reader(overheard, attachments)))
        branching = parts.branching(engine)
        offering = Offering(outbox.sender)
        register(
            client.tree,
            engine=engine,
            prompts_here=parts.prompts,
            journal=journal,
            branching=branching,
            cards=cards,
            offering=offering,
            redact=parts.redact,
        )
        choosing = Choosing(engine, journal, outbox, cards)
        window = timedelta(minutes=settings.discord.backfill_minutes)
        missed = await stack.enter_async_context(Backfill(client, journal, outbox.sender, window))
        waiting = Waiting(client, journal.inbox, outbox.sender, engine, access)

        async def started() -> None:
            await waiting.look()
            await engine.recover()

        client.connect_to(
            turns=engine,
            reactions=Reactions(client, engine, journal, outbox, choosing, heard),
            presses=Presses(engine, journal, choosing, offering, parts.redact),
            overheard=overheard,
            on_started=started,
            missed=missed,
            access=access,
            places=Places(engine),
        )
        # Reads the proxy's list of models, so that the operator is told at once what every user would be told; it also
        # warms the connection up.
        check = asyncio.create_task(parts.model.room())
        stack.callback(check.cancel)
        yield client, engine, parts.claims
