"""The discord.py client: gateway events in, each handed to the file it belongs to."""

from __future__ import annotations

import asyncio
import logging
import re
from functools import partial
from typing import TYPE_CHECKING, Protocol

import discord
import structlog
from discord.asset import Asset
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from checkpoints.keys import turn_key
from checkpoints.outages import when_back
from discord_adapter.access import Access, GuardedTree
from discord_adapter.changes import Edits
from discord_adapter.reconnecting import ONE_LINE, NewSessions, Pauses
from discord_adapter.sending import when_reachable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from discord_adapter.approvals import Reactions
    from discord_adapter.backfill import Backfill
    from discord_adapter.overheard import Overheard
    from discord_adapter.places_gone import Places
    from discord_adapter.presses import Presses
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

    async def withdraw(self, key: str) -> None:
        """Leave a turn alone that has not begun."""
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


class ClewClient(discord.Client):
    """A client that hands on what happens.

    What happens is handed on after `connect_to`; `on_started` is awaited when the bot is known by name, and
    again at every gateway session.

    Attributes:
        edits: Those of messages of which it is being found out whether they may ask for a turn.
    """

    def __init__(self, settings: DiscordSettings) -> None:
        # clew does not speak, so what voice would need is not missed.
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
        logging.getLogger("discord.client").addFilter(ONE_LINE)
        intents = discord.Intents.default()
        intents.message_content = settings.message_content
        super().__init__(intents=intents, allowed_mentions=discord.AllowedMentions.none(), max_messages=200)
        self.tree = GuardedTree(self)
        self._turns: Turns | None = None
        self._reactions: Reactions | None = None
        self._presses: Presses | None = None
        self._overheard: Overheard | None = None
        self._missed: Backfill | None = None
        self._access = Access(self)
        self._places: Places | None = None
        self._on_started: Callable[[], Awaitable[None]] | None = None
        self._pauses, self._new_sessions = Pauses(), NewSessions()
        # Whether what happened before this session of the gateway is looked for already.
        self._looked = False
        self.edits = Edits()

    def connect_to(
        self,
        *,
        turns: Turns,
        reactions: Reactions,
        presses: Presses | None = None,
        overheard: Overheard,
        on_started: Callable[[], Awaitable[None]],
        missed: Backfill | None = None,
        access: Access | None = None,
        places: Places | None = None,
    ) -> None:
        """Say where things go: turns, reactions, presses, what is said or was missed, places that are gone, our login.

        Whatever can start or change something passes `access` first; without it everybody may but other programs.
        """
        self._access = self.tree.access = access or self._access
        self._places = places
        self._turns = turns
        self._reactions = reactions
        self._presses = presses
        self._overheard = overheard
        self._missed = missed
        self._on_started = on_started

    async def setup_hook(self) -> None:
        """Called by discord.py once, after login and before the gateway is connected."""
        try:
            await self.tree.sync()
        except discord.HTTPException as error:
            log.warning("commands_not_registered", error=str(error))
        if self._on_started is not None:
            await when_back(self._on_started)

    async def connect(self, *, reconnect: bool = True) -> None:
        """Stay connected; with pauses of ours, for which discord.py has no setting."""
        discord.client.ExponentialBackoff = lambda: self._pauses  # pyright: ignore[reportPrivateImportUsage, reportAttributeAccessIssue]
        await super().connect(reconnect=reconnect)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:  # noqa: ARG002
        """Called by discord.py before a session begins, which it gives up after a minute and tries again."""
        await asyncio.sleep(self._new_sessions.wait())
        self._new_sessions.begin()

    async def close(self) -> None:
        """Stop; also what discord.py leaves to fail loudly when it is closed within two seconds of its start."""
        # discord.py has no public way to that task.
        waiting = self._connection._ready_task  # pyright: ignore[reportPrivateUsage, reportUnknownVariableType]
        if waiting is not None:
            waiting.cancel()
        await super().close()

    async def on_connect(self) -> None:
        """Called when a gateway session begins, before anything is told in it; not when one is resumed."""
        self._looked = False
        if self._missed is not None:
            self._missed.session_began()
        if self._reactions is not None:
            self._reactions.session_began()

    async def on_resumed(self) -> None:
        """A session goes on."""
        self._pauses.went_on()

    async def on_ready(self) -> None:
        """Called at every new gateway session: what happened before it is looked for."""
        log.info("ready", user=str(self.user), guilds=len(self.guilds))
        self._looked = True
        if self._missed is not None:
            self._missed.begin()
        # Also at the first one: what was clicked or deleted since `setup_hook` was told to nobody.
        await self._catch_up()
        if (places := self._places) is not None:
            await when_back(lambda: places.are({guild.id for guild in self.guilds}))

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """A guild is there: in a session's beginning, or later where it was away, of which we are told nothing else."""
        if self._missed is not None:
            self._missed.guild_came(guild.id)
        if not self._looked:
            return  # READY is to come
        if self._reactions is not None:
            self._reactions.session_began()
        await self._catch_up()

    async def _catch_up(self) -> None:
        """Look at what waits as it is now: what was edited, deleted and clicked meanwhile was told to nobody."""
        if self._overheard is not None:
            self._overheard.forget()
        if self._on_started is not None:
            await when_back(self._on_started)

    async def on_message(self, message: discord.Message) -> None:
        """A message came, ours included."""
        if self._overheard is not None:
            self._overheard.heard(message)
        if self._missed is None:
            await self.take(message)
        else:
            await self._missed.live(message)

    def asks(self, message: discord.Message) -> bool:
        """Whether a message is meant for us; whether its author may talk to us is seen when it is taken."""
        return self.user is not None and self._access.meant(message, self.user) is not None

    async def take(self, message: discord.Message, stands: Callable[[], bool] = lambda: True) -> None:
        """Take what a message asks for, whether it came just now or was missed.

        Args:
            message: The message.
            stands: Whether it was not deleted meanwhile; asked right before it counts.

        Raises:
            SurfaceUnreachable: Discord cannot tell for now whether its author may ask; it is to be taken later.
        """
        reactions = self._reactions
        # A refusal that was taken is known again by its message, so it may be told once more.
        if reactions is not None and await when_back(lambda: reactions.replied(message)):
            return
        turn = await self._turn_of(message)
        if turn is not None and self._turns is not None and stands():
            await self._turns.accept(turn)

    async def _turn_of(self, message: discord.Message) -> Turn | None:
        return await self._access.turn_of(message, self.user) if self.user else None

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """A message was edited; one that is not answered yet is answered as it is now."""
        if self._overheard is not None:
            self._overheard.changed(payload.message)
        if self._missed is not None:
            self._missed.edited(payload.message)
        message = payload.message
        with self.edits.handled([message.id]):
            self.edits.note(message)
            turn = await when_reachable(lambda: self._turn_of(message))
            # Whoever edited it once more while Discord was away means that edit.
            if turn is not None and self._turns is not None and self.edits.counts(message):
                await self._turns.amend(turn)

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """A message was deleted."""
        await self._deleted(payload.channel_id, {payload.message_id})

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        """Messages were deleted at once."""
        await self._deleted(payload.channel_id, payload.message_ids)

    async def _deleted(self, channel_id: int, message_ids: set[int]) -> None:
        """Messages are gone: those that wait for an answer get none, cards that wait are posted anew."""
        if self._overheard is not None:
            self._overheard.removed(channel_id, message_ids)
        if self._missed is not None:
            self._missed.deleted(message_ids)
        if self._turns is not None:
            for message_id in sorted(message_ids):
                await self._turns.withdraw(turn_key("message", message_id))
        if self._reactions is not None:
            await self._reactions.deleted(message_ids)

    async def on_raw_reaction_add(self, payload: discord.RawReactionActionEvent) -> None:
        """A reaction came, also on messages from before the start; our own ask for nothing."""
        ours = self.user is not None and payload.user_id == self.user.id
        if self._reactions is not None and not ours:
            await self._reactions.added(payload, partial(self._access.may_react, payload))

    async def on_raw_reaction_remove(self, payload: discord.RawReactionActionEvent) -> None:
        """A reaction was taken away, by whoever made it or by a moderator."""
        if self._reactions is not None:
            await self._reactions.removed(payload)

    async def on_raw_reaction_clear(self, payload: discord.RawReactionClearEvent) -> None:
        """All reactions were taken off a message."""
        if self._reactions is not None:
            await self._reactions.cleared(payload.message_id)

    async def on_raw_reaction_clear_emoji(self, payload: discord.RawReactionClearEmojiEvent) -> None:
        """All reactions of one kind were taken off a message."""
        if self._reactions is not None:
            await self._reactions.cleared(payload.message_id, str(payload.emoji))

    async def on_interaction(self, interaction: discord.Interaction[discord.Client]) -> None:
        """Something of ours was used; commands go to the tree by themselves."""
        kinds = (discord.InteractionType.component, discord.InteractionType.modal_submit)
        if self._presses is not None and interaction.type in kinds and await self._access.may_press(interaction):
            await self._presses.used(interaction)

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """A channel was deleted."""
        if self._places is not None:
            await self._places.channel_gone(channel.id)

    async def on_raw_thread_delete(self, payload: discord.RawThreadDeleteEvent) -> None:
        """A thread was deleted, by itself or with the channel above it."""
        if self._places is not None:
            await self._places.channel_gone(payload.thread_id)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """We were taken out of a guild, or it was deleted; discord.py tells of an outage otherwise."""
        if self._places is not None:
            await self._places.guild_gone(guild.id)

    async def on_error(self, event_method: str, /, *_args: object, **_kwargs: object) -> None:
        """An event could not be handled; the next one will."""
        log.exception("event_failed", event_method=event_method)
