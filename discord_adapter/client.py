"""The discord.py client: gateway events in, each handed to the file it belongs to."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Protocol

import discord
import structlog
from discord import app_commands
from discord.asset import Asset
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from discord_adapter.intake import turn_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from discord_adapter.approvals import Reactions
    from discord_adapter.overheard import Overheard
    from discord_adapter.settings import DiscordSettings
    from graph.turn import Turn

log = structlog.get_logger()


class Turns(Protocol):
    """Takes what people ask for."""

    async def accept(self, turn: Turn) -> object:
        """Take a turn, once."""
        ...

    async def amend(self, turn: Turn) -> None:
        """Take a turn as it is now, unless it has begun."""
        ...


def redirect(url: str) -> None:
    """Let discord.py speak to another server in place of Discord.

    Args:
        url: The server's address, `http://127.0.0.1:8080` say; it has Discord's REST API under /api/v10, its CDN under
            /cdn and its gateway under /gateway.
    """
    Route.BASE = f"{url}/api/v10"
    Asset.BASE = f"{url}/cdn"  # pyright: ignore[reportAttributeAccessIssue] - declared as a literal
    DiscordWebSocket.DEFAULT_GATEWAY = URL(f"{re.sub('^http', 'ws', url)}/gateway")


class _OneLine(logging.Filter):
    """Lets an outage be one line in the log: discord.py adds the whole stack to every attempt to reconnect."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and str(record.msg).startswith("Attempting a reconnect"):
            record.msg, record.args = f"{record.getMessage()}: {record.exc_info[1]!r}", ()
            record.exc_info = None
            record.levelno, record.levelname = logging.WARNING, logging.getLevelName(logging.WARNING)
        return True


_ONE_LINE = _OneLine()


class ClewClient(discord.Client):
    """A client that hands on what happens.

    What happens is handed on after `connect_to`; `on_started` is awaited when the bot is known by name, and
    again at every later gateway session.
    """

    def __init__(self, settings: DiscordSettings) -> None:
        # clew does not speak, so what voice would need is not missed.
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
        logging.getLogger("discord.client").addFilter(_ONE_LINE)
        intents = discord.Intents.default()
        intents.message_content = settings.message_content
        super().__init__(intents=intents, allowed_mentions=discord.AllowedMentions.none(), max_messages=200)
        self.tree = app_commands.CommandTree(self)
        self._turns: Turns | None = None
        self._reactions: Reactions | None = None
        self._overheard: Overheard | None = None
        self._on_started: Callable[[], Awaitable[None]] | None = None
        self._had_session = False

    def connect_to(
        self,
        *,
        turns: Turns,
        reactions: Reactions,
        overheard: Overheard,
        on_started: Callable[[], Awaitable[None]],
    ) -> None:
        """Say where things go: turns, reactions, what is said around us, and the word that we are logged in."""
        self._turns = turns
        self._reactions = reactions
        self._overheard = overheard
        self._on_started = on_started

    async def setup_hook(self) -> None:
        """Called by discord.py once, after login and before the gateway is connected."""
        try:
            await self.tree.sync()
        except discord.HTTPException as error:
            log.warning("commands_not_registered", error=str(error))
        if self._on_started is not None:
            await self._on_started()

    async def close(self) -> None:
        """Stop; also what discord.py leaves to fail loudly when it is closed within two seconds of its start."""
        # discord.py has no public way to that task.
        waiting = self._connection._ready_task  # pyright: ignore[reportPrivateUsage, reportUnknownVariableType]
        if waiting is not None:
            waiting.cancel()
        await super().close()

    async def on_ready(self) -> None:
        """Called at every new gateway session: after the first one, what happened in the gap is looked for."""
        log.info("ready", user=str(self.user), guilds=len(self.guilds))
        if self._overheard is not None:
            self._overheard.forget()
        if self._had_session and self._on_started is not None:
            await self._on_started()
        self._had_session = True

    async def on_message(self, message: discord.Message) -> None:
        """A message came, ours included."""
        if self._overheard is not None:
            self._overheard.heard(message)
        turn = turn_of(message, self.user) if self.user else None
        if turn is not None and self._turns is not None:
            await self._turns.accept(turn)

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """A message was edited; one that is not answered yet is answered as it is now."""
        if self._overheard is not None:
            self._overheard.changed(payload.message)
        turn = turn_of(payload.message, self.user) if self.user else None
        if turn is not None and self._turns is not None:
            await self._turns.amend(turn)

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """A message was deleted."""
        if self._overheard is not None:
            self._overheard.removed(payload.channel_id, {payload.message_id})

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        """Messages were deleted at once."""
        if self._overheard is not None:
            self._overheard.removed(payload.channel_id, payload.message_ids)

    async def on_raw_reaction_add(self, payload: discord.RawReactionActionEvent) -> None:
        """A reaction came, also on messages from before the start."""
        ours = self.user is not None and payload.user_id == self.user.id
        bot = payload.member is not None and payload.member.bot
        if self._reactions is not None and not ours and not bot:
            await self._reactions.added(payload)

    async def on_error(self, event_method: str, /, *_args: object, **_kwargs: object) -> None:
        """An event could not be handled; the next one will."""
        log.exception("event_failed", event_method=event_method)
