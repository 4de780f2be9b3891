"""Who may talk to the bot: the table ``[access]`` of clew.toml, and what its lists say of somebody somewhere."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

# The upper bits are the milliseconds since 2015, so none is smaller (docs reference#snowflakes); a column has 63 bits.
_SMALLEST, _BEYOND = 1 << 22, 1 << 63


def _snowflake(value: object) -> int:
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else 0
    if not _SMALLEST <= number < _BEYOND:
        raise ValueError("it must be a snowflake, the long number that Copy ID gives in Discord (Developer Mode)")
    return number


Snowflakes = frozenset[Annotated[int, BeforeValidator(_snowflake)]]


class AccessList(BaseModel):
    """Ids by kind: ``[access.allow]`` and ``[access.deny]``."""

    model_config = ConfigDict(extra="forbid")

    users: Snowflakes = Field(default=Snowflakes(), description="people")
    roles: Snowflakes = Field(default=Snowflakes(), description="everybody who has one of these roles")
    channels: Snowflakes = Field(default=Snowflakes(), description="channels with their threads, or whole categories")
    guilds: Snowflakes = Field(default=Snowflakes(), description="servers")


class DirectMessages(StrEnum):
    """Who may write to the bot directly."""

    EVERYONE = "everyone"
    MEMBERS = "members"  # people who share a server with it in which it may be talked to
    NOBODY = "nobody"


class AccessSettings(BaseModel):
    """The table ``[access]`` of clew.toml."""

    model_config = ConfigDict(extra="forbid")

    allow: AccessList = Field(default_factory=AccessList, description="an empty list allows all of its kind")
    deny: AccessList = Field(default_factory=AccessList, description="goes before what is allowed")
    direct_messages: DirectMessages = Field(default=DirectMessages.EVERYONE, description="who may write directly")
    bots: Snowflakes = Field(default=Snowflakes(), description="bots that are listened to; no other bot is")
    webhooks: Snowflakes = Field(default=Snowflakes(), description="webhooks that are listened to; no other is")

    @property
    def roles(self) -> AbstractSet[int]:
        """Every role that matters."""
        return self.allow.roles | self.deny.roles

    @property
    def channels(self) -> AbstractSet[int]:
        """Every channel that matters."""
        return self.allow.channels | self.deny.channels


@dataclass(frozen=True, slots=True)
class Somebody:
    """Who does something, and where.

    Attributes:
        user_id: The person, the bot or the webhook.
        roles: Their roles, a webhook has none; in a direct message those in all guilds that we share.
        guild_id: The guild; None in a direct message.
        channels: The channel; of a thread also the channel above it, and the category of either.
        program: Whether that is a bot or a webhook.
    """

    user_id: int
    roles: AbstractSet[int] = frozenset()
    guild_id: int | None = None
    channels: AbstractSet[int] = frozenset()
    program: bool = False


def denied(settings: AccessSettings, who: Somebody) -> bool:
    """Whether a list denies somebody what would start or change something."""
    deny = settings.deny
    return bool(
        who.user_id in deny.users
        or who.guild_id in deny.guilds
        or deny.roles & who.roles
        or deny.channels & who.channels
    )


def allowed(settings: AccessSettings, who: Somebody) -> bool:
    """Whether somebody may talk to the bot there, direct messages by their setting aside.

    Users and roles are one list of people. A program needs to be named, and is then no question of that list. The
    places of the allow lists are places in guilds: they say nothing about direct messages.
    """
    if denied(settings, who):
        return False
    allow = settings.allow
    if who.program:
        if who.user_id not in settings.bots | settings.webhooks:
            return False
    elif (allow.users or allow.roles) and who.user_id not in allow.users and not allow.roles & who.roles:
        return False
    if who.guild_id is None:
        return True
    return guild_allowed(settings, who.guild_id) and (not allow.channels or bool(allow.channels & who.channels))


def guild_allowed(settings: AccessSettings, guild_id: int) -> bool:
    """Whether the bot may be talked to in a guild."""
    allow = settings.allow.guilds
    return guild_id not in settings.deny.guilds and (not allow or guild_id in allow)
