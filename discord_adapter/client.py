"""The discord.py client: gateway events in, each handed to the file it belongs to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import discord
import structlog
from discord import app_commands
from discord.asset import Asset
from discord.gateway import DiscordWebSocket
from discord.http import Route
from pydantic import BaseModel, Field, SecretStr
from yarl import URL

from discord_adapter.intake import turn_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from discord_adapter.approvals import Reactions
    from graph.turn import Turn

log = structlog.get_logger()


class DiscordSettings(BaseModel):
    """How to reach Discord."""

    token: SecretStr = Field(description="the bot's token")
    url: str | None = Field(default=None, description="address of a local Discord; Discord itself when unset")
    message_content: bool = Field(default=True, description="ask for the message content intent")


def redirect(url: str) -> None:
    """Let discord.py speak to another server in place of Discord.

    Args:
        url: The server's address, `http://127.0.0.1:8080` say; it has Discord's REST API under /api/v10, its CDN under
            /cdn and its gateway under /gateway.
    """
    Route.BASE = f"{url}/api/v10"
    Asset.BASE = f"{url}/cdn"  # pyright: ignore[reportAttributeAccessIssue] - declared as a literal
    DiscordWebSocket.DEFAULT_GATEWAY = URL(f"{re.sub('^http', 'ws', url)}/gateway")


class ClewClient(discord.Client):
    """A client that hands on what happens.

    What happens is handed on after `connect_to`; `on_started` is awaited when the bot is known by name, and
    again at every later gateway session.
    """

    def __init__(self, settings: DiscordSettings) -> None:
        # clew does not speak, so what voice would need is not missed.
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
        intents = discord.Intents.default()
        intents.message_content = settings.message_content
        super().__init__(intents=intents, allowed_mentions=discord.AllowedMentions.none(), max_messages=200)
        self.tree = app_commands.CommandTree(self)
        self._accept: Callable[[Turn], Awaitable[object]] | None = None
        self._reactions: Reactions | None = None
        self._on_started: Callable[[], Awaitable[None]] | None = None
        self._had_session = False

    def connect_to(
        self,
        *,
        accept: Callable[[Turn], Awaitable[object]],
        reactions: Reactions,
        on_started: Callable[[], Awaitable[None]],
    ) -> None:
        """Say where things go: turns, reactions, and the word that we are logged in."""
        self._accept = accept
        self._reactions = reactions
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
        if self._had_session and self._on_started is not None:
            await self._on_started()
        self._had_session = True

    async def on_message(self, message: discord.Message) -> None:
        """A message came, ours included."""
        turn = turn_of(message, self.user) if self.user else None
        if turn is not None and self._accept is not None:
            await self._accept(turn)

    async def on_raw_reaction_add(self, payload: discord.RawReactionActionEvent) -> None:
        """A reaction came, also on messages from before the start."""
        ours = self.user is not None and payload.user_id == self.user.id
        bot = payload.member is not None and payload.member.bot
        if self._reactions is not None and not ours and not bot:
            await self._reactions.added(payload)

    async def on_error(self, event_method: str, /, *_args: object, **_kwargs: object) -> None:
        """An event could not be handled; the next one will."""
        log.exception("event_failed", event_method=event_method)
