"""The one place that says who may start or change something: asked before anything is stored or fetched for it."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import discord
import structlog
from discord import app_commands

from discord_adapter.access_settings import (
    AccessSettings,
    DirectMessages,
    Somebody,
    allowed,
    denied,
    guild_allowed,
)
from discord_adapter.budget import Kind, Rank
from discord_adapter.intake import turn_of
from graph.errors import PlaceGone, SurfaceError, SurfaceUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from discord_adapter.sending import Sender
    from graph.turn import Turn

log = structlog.get_logger()

# What Discord was asked about a person is believed for so long (seconds), of so many people.
_BELIEVED = 300.0
_REMEMBERED = 1000

_NOT_HERE = "I may not talk with you here."

# Commands that start nothing: who decides about a card, or manages messages, need not be allowed to talk.
_FOR_DECIDERS = frozenset({"pending", "stop"})


@dataclass(frozen=True, slots=True)
class _Membership:
    """What a person is in the guilds that we share.

    Attributes:
        member: Whether they are in one in which we may be talked to.
        roles: Those of their roles that a list names.
        until: When this is looked up again.
    """

    member: bool
    roles: frozenset[int]
    until: float


class Access:
    """Who may talk to the bot, and who may not even decide.

    What cannot be found out is taken for a no; only a message is looked at later where Discord is out of reach now.

    Args:
        client: Knows guilds and channels.
        settings: The lists.
        sender: Makes the requests for what the client does not know; without it, that counts as a no.
        clock: Gives seconds that only grow.
    """

    def __init__(
        self,
        client: discord.Client,
        settings: AccessSettings | None = None,
        sender: Sender | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._settings = settings or AccessSettings()
        self._sender = sender
        self._clock = clock
        self._known: OrderedDict[int, _Membership] = OrderedDict()
        self._looking: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def turn_of(self, message: discord.Message, me: discord.abc.User) -> Turn | None:
        """The turn that a message asks for; None when it is not meant for us, or its author may not talk to us.

        Raises:
            SurfaceUnreachable: Discord cannot tell for now whether its author may.
        """
        turn = self.meant(message, me)
        if turn is None:
            return None
        guild_id, by_program = turn.conversation.guild_id, turn.by_program
        may = await self._asked(allowed, message.author, guild_id, message.channel, program=by_program, or_later=True)
        return turn if may else None

    def meant(self, message: discord.Message, me: discord.abc.User) -> Turn | None:
        """The turn that a message asks for if its author may talk to us, which is not looked at here."""
        return turn_of(message, me, programs=self._settings.bots | self._settings.webhooks)

    async def may_use(self, interaction: discord.Interaction[discord.Client]) -> bool:
        """Whether somebody may use one of our commands where they are; what only decides or ends is denied by name."""
        command = interaction.command
        rule = _not_denied if command and command.qualified_name in _FOR_DECIDERS else allowed
        return await self._asked(rule, interaction.user, interaction.guild_id, interaction.channel)

    async def may_press(self, interaction: discord.Interaction[discord.Client]) -> bool:
        """Whether somebody may press our buttons: whoever no list denies; a card says itself who decides it."""
        return await self._asked(_not_denied, interaction.user, interaction.guild_id, interaction.channel)

    async def may_react(self, payload: discord.RawReactionActionEvent) -> bool:
        """Whether somebody's reaction may change something: that of whoever no list denies."""
        user = payload.member or discord.Object(payload.user_id)
        return await self.may_decide(user, payload.guild_id, payload.channel_id)

    async def may_decide(
        self, user: discord.abc.Snowflake, guild_id: int | None, channel_id: int, *, or_later: bool = False
    ) -> bool:
        """Whether what somebody says on a card may count at all, found whenever: that of whoever no list denies.

        Raises:
            SurfaceUnreachable: With `or_later`, where Discord cannot tell for now; without, that is a no.
        """
        channel = self._client.get_channel(channel_id) or discord.Object(channel_id)
        return await self._asked(_not_denied, user, guild_id, channel, or_later=or_later)

    async def _asked(
        self,
        rule: Callable[[AccessSettings, Somebody], bool],
        user: discord.abc.Snowflake,
        guild_id: int | None,
        channel: object,
        *,
        program: bool = False,
        or_later: bool = False,
    ) -> bool:
        """Whether a rule lets somebody do something; `or_later`: whoever asks can ask again, where Discord is away."""
        try:
            who = await self._somebody(user, guild_id, channel, program=program)
            may = rule(self._settings, who)
            if may and rule is allowed and guild_id is None:
                may = await self._may_write_directly(user.id)
        except SurfaceError as error:
            if or_later and isinstance(error, SurfaceUnreachable):
                raise
            log.warning("access_not_known", user=user.id, error=str(error))
            return False
        if not may:
            log.info("access_denied", user=user.id, guild=guild_id, channel=_id(channel))
        return may

    async def _somebody(
        self, user: discord.abc.Snowflake, guild_id: int | None, channel: object, *, program: bool
    ) -> Somebody:
        settings = self._settings
        channels = await self._channels(channel, guild_id) if settings.channels else frozenset(_places(channel))
        if not settings.roles or user.id in settings.webhooks:
            roles = frozenset[int]()
        elif guild_id is None:
            roles = (await self._membership(user.id)).roles
        elif isinstance(user, discord.Member):
            roles = frozenset(role.id for role in user.roles)
        else:
            roles = await self._roles(guild_id, user.id) or frozenset[int]()
        return Somebody(user.id, roles, guild_id, channels, program)

    async def _may_write_directly(self, user_id: int) -> bool:
        match self._settings.direct_messages:
            case DirectMessages.EVERYONE:
                return True
            case DirectMessages.NOBODY:
                return False
            case DirectMessages.MEMBERS:
                return (await self._membership(user_id)).member

    async def _membership(self, user_id: int) -> _Membership:
        # Fair: whoever writes twice before the answer is there is heard in the order of their messages.
        async with self._looking.setdefault(user_id, asyncio.Lock()):
            known = self._known.get(user_id)
            if known is None or known.until < self._clock():
                known = await self._looked_up(user_id)
                self._known[user_id] = known
                if len(self._known) > _REMEMBERED:
                    self._known.popitem(last=False)
            return known

    async def _looked_up(self, user_id: int) -> _Membership:
        """Look a person up in the guilds that matter: those with a listed role, and others until they are found."""
        if not self._guilds_known:
            raise SurfaceUnreachable("the gateway has not told yet in which servers we are")
        settings = self._settings
        member, roles = False, frozenset[int]()
        for guild in self._client.guilds:
            counts = guild_allowed(settings, guild.id)
            named = any(guild.get_role(role) for role in settings.roles)
            if not named and (member or not counts):
                continue
            held = await self._roles(guild.id, user_id)
            member = member or (counts and held is not None)
            roles |= (held or frozenset[int]()) & settings.roles
        return _Membership(member, roles, self._clock() + _BELIEVED)

    @property
    def _guilds_known(self) -> bool:
        """Whether the gateway has told of our guilds: a start looks at cards before, and READY only names them."""
        guilds = self._client.guilds
        return self._client.is_ready() or (bool(guilds) and not any(guild.unavailable for guild in guilds))

    async def _roles(self, guild_id: int, user_id: int) -> frozenset[int] | None:
        """A person's roles in a guild; None when they are not in it."""

        async def request() -> frozenset[int] | None:
            try:
                found = await self._client.http.get_member(guild_id, user_id)
            except discord.NotFound:
                return None
            # The role of everybody, which Discord does not list, has the guild's id.
            return frozenset({guild_id, *map(int, found["roles"])})

        guild = self._client.get_guild(guild_id)
        known = guild.get_member(user_id) if guild else None
        if known is not None:
            return frozenset(role.id for role in known.roles)
        return await self._fetching.send(guild_id, Kind.OTHER, request, lambda: Rank.FIRST)

    async def _channels(self, channel: object, guild_id: int | None) -> frozenset[int]:
        """The ids under which a list can name a channel, what is above it included."""
        known = await self._channel(channel, guild_id)
        places = set(_places(known))
        if isinstance(known, discord.Thread) and self._client.get_guild(known.guild.id) is None:
            places.update(_places(await self._channel(discord.Object(known.parent_id), guild_id)))
        return frozenset(places)

    async def _channel(self, channel: object, guild_id: int | None) -> object:
        """A channel of a guild; the client does not know an archived thread, nor any before the gateway told of it."""
        channel_id = _id(channel)
        if guild_id is None or channel_id is None or isinstance(channel, discord.abc.GuildChannel | discord.Thread):
            return channel
        known = self._client.get_channel(channel_id)
        if known is not None:
            return known
        try:
            return await self._fetching.send(
                channel_id, Kind.OTHER, lambda: self._client.fetch_channel(channel_id), lambda: Rank.FIRST
            )
        except PlaceGone:
            return channel

    @property
    def _fetching(self) -> Sender:
        if self._sender is None:
            raise SurfaceError("nothing can be looked up")
        return self._sender


class GuardedTree(app_commands.CommandTree[discord.Client]):
    """The slash commands, for those who may use them; others are told so, where nobody else sees it."""

    access: Access | None = None

    async def interaction_check(self, interaction: discord.Interaction[discord.Client], /) -> bool:
        """Called by discord.py before every command and every completion of one."""
        if self.access is None or await self.access.may_use(interaction):
            return True
        if interaction.type is discord.InteractionType.application_command:
            await interaction.response.send_message(_NOT_HERE, ephemeral=True)
        return False


def _not_denied(settings: AccessSettings, who: Somebody) -> bool:
    return not denied(settings, who)


def _places(channel: object) -> Iterable[int]:
    """The ids under which a list can name a channel."""
    if (own := _id(channel)) is not None:
        yield own
    if isinstance(channel, discord.Thread):
        yield channel.parent_id
        channel = channel.parent
    category = getattr(channel, "category_id", None)
    if isinstance(category, int):
        yield category


def _id(channel: object) -> int | None:
    found = getattr(channel, "id", None)
    return found if isinstance(found, int) else None
