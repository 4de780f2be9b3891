"""The things of a Discord world: people, guilds, channels, messages and what hangs on them.

What never changes is frozen. Guilds, channels and messages are live objects: a test that keeps one sees what
became of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    import datetime as dt

    from playground.parts import Forum, Reference, Snapshot, Sticker, Thread

# Whatever JSON can hold; Discord's bodies are too many to type each.
JsonValue: TypeAlias = Any
Json: TypeAlias = dict[str, Any]

GUILD_TEXT, DM = 0, 1  # docs resources/channel#channel-object-channel-types

# docs resources/message#message-object-message-types
DEFAULT, REPLY, CHAT_INPUT_COMMAND, CONTEXT_MENU_COMMAND = 0, 19, 20, 23

# docs interactions/receiving-and-responding#interaction-object-interaction-type
COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5

# docs resources/message#message-object-message-flags
SUPPRESS_EMBEDS = 1 << 2
EPHEMERAL = 1 << 6
LOADING = 1 << 7
SUPPRESS_NOTIFICATIONS = 1 << 12
IS_VOICE_MESSAGE = 1 << 13
IS_COMPONENTS_V2 = 1 << 15


@dataclass(frozen=True, slots=True)
class User:
    """Somebody with an account, a person or a bot."""

    id: int
    name: str
    bot: bool = False

    @property
    def mention(self) -> str:
        """The text that mentions this user in a message."""
        return f"<@{self.id}>"


@dataclass(frozen=True, slots=True)
class Role:
    """A named set of permissions in a guild; the role whose id is the guild's is @everyone."""

    id: int
    name: str
    permissions: int
    position: int = 0
    mentionable: bool = False
    managed: bool = False


@dataclass(frozen=True, slots=True)
class Overwrite:
    """What a channel allows or denies to a role or a member, against what the guild says."""

    target_id: int
    is_member: bool
    allow: int
    deny: int


@dataclass(slots=True, eq=False)
class Member:
    """A user's place in a guild; until `muted_until` the member is timed out."""

    user: User
    role_ids: list[int]
    joined_at: dt.datetime
    nick: str | None = None
    muted_until: dt.datetime | None = None


@dataclass(slots=True, eq=False)
class Channel:
    """A channel of a guild, a thread in one, or the direct messages between a user and the bot.

    Attributes:
        slowmode: Seconds that somebody has to wait between two messages (in a forum: two posts).
        parent_id: The channel that a thread is in.
        thread: What only a thread has; None for every other channel.
        forum: What only a forum has; None for every other channel.
    """

    id: int
    name: str
    type: int = GUILD_TEXT
    guild_id: int | None = None
    position: int = 0
    recipient_ids: tuple[int, ...] = ()
    overwrites: dict[int, Overwrite] = field(default_factory=dict[int, Overwrite])
    topic: str | None = None
    slowmode: int = 0
    parent_id: int | None = None
    thread: Thread | None = None
    forum: Forum | None = None

    @property
    def is_dm(self) -> bool:
        """Whether this is a direct message channel."""
        return self.type == DM


@dataclass(slots=True, eq=False)
class Guild:
    """A server: its members, roles, channels (without threads) and stickers by id.

    Attributes:
        system_channel_id: Where it is told who joins; None to tell nobody.
    """

    id: int
    name: str
    owner_id: int
    roles: dict[int, Role]
    members: dict[int, Member]
    channels: dict[int, Channel]
    stickers: dict[int, Sticker] = field(default_factory=dict[int, "Sticker"])
    system_channel_id: int | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that hangs on a message, with its bytes.

    Attributes:
        size: Width and height of a picture in pixels.
        ephemeral: Whether it hangs on a message that only one user sees.
    """

    id: int
    filename: str
    content: bytes
    content_type: str | None
    url: str
    description: str | None = None
    size: tuple[int, int] | None = None
    flags: int = 0
    ephemeral: bool = False


@dataclass(frozen=True, slots=True)
class Version:
    """A content that a message has had, and when it got it in seconds of the monotonic clock."""

    content: str
    at: float


@dataclass(slots=True)
class Reaction:
    """An emoji on a message and the users who put it there, in their order; `burst_ids`: as a super reaction."""

    emoji: str
    user_ids: list[int]
    burst_ids: set[int] = field(default_factory=set[int])

    @property
    def count(self) -> int:
        """How many users reacted with it."""
        return len(self.user_ids)


@dataclass(frozen=True, slots=True)
class Invocation:
    """The interaction a message answers.

    Attributes:
        name: The command's name with its subcommands, or the `custom_id` of what was used.
        kind: Discord's type of interaction.
        owners: Whose installation of the application it stands on.
        extra: What its metadata tell beside the usual.
    """

    id: int
    name: str
    user: User
    guild_id: int | None
    kind: int = COMMAND
    owners: Json = field(default_factory=dict[str, Any])
    extra: Json = field(default_factory=dict[str, Any])


@dataclass(slots=True, eq=False)
class Message:
    """A message as it stands now, with everything it has said before.

    Attributes:
        history: All contents it has had, oldest first.
        mentions: The users Discord lists as mentioned.
        mention_everyone: Whether an @everyone or @here stands in it and takes effect.
        pinged: The ids of the users who were ever notified by it.
        pinged_everyone: Whether an @everyone or @here in it ever took effect.
        visible_to: The only user who sees it (an ephemeral answer), or None.
        webhook_id: The webhook that sent it; None for everybody else.
        pinned_at: When it was pinned; None when it is not.
        snapshot: What a forward carries.
    """

    id: int
    channel_id: int
    guild_id: int | None
    author: User
    content: str
    at: dt.datetime
    type: int = DEFAULT
    flags: int = 0
    edited_at: dt.datetime | None = None
    deleted: bool = False
    nonce: str | int | None = None
    reference: Reference | None = None
    mentions: list[User] = field(default_factory=list[User])
    mention_roles: list[int] = field(default_factory=list[int])
    mention_everyone: bool = False
    pinged: set[int] = field(default_factory=set[int])
    pinged_everyone: bool = False
    attachments: list[Attachment] = field(default_factory=list[Attachment])
    embeds: list[Json] = field(default_factory=list[Json])
    components: list[Json] = field(default_factory=list[Json])
    poll: Json | None = None
    reactions: dict[str, Reaction] = field(default_factory=dict[str, Reaction])
    history: list[Version] = field(default_factory=list[Version])
    invocation: Invocation | None = None
    application_id: int | None = None
    visible_to: int | None = None
    webhook_id: int | None = None
    pinned_at: dt.datetime | None = None
    snapshot: Snapshot | None = None
    stickers: list[Sticker] = field(default_factory=list["Sticker"])

    @property
    def ephemeral(self) -> bool:
        """Whether only one user sees it."""
        return self.visible_to is not None

    @property
    def told_in(self) -> int | None:
        """The guild its events are told for: none for an ephemeral one.

        Those "are tied to the DIRECT_MESSAGES intent, and the message object won't include guild_id" (docs
        events/gateway-events#messages).
        """
        return None if self.ephemeral else self.guild_id


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, in the shape of a gateway dispatch.

    Attributes:
        name: Discord's name of the event (`MESSAGE_CREATE`).
        data: Its payload as it goes over the wire, before intents take anything away.
        guild_id: The guild it happened in; None in direct messages and for events of no place.
        channel_id: The channel it happened in, where there is one.
        for_bot: Whether the bot's gateway carries it at all.
    """

    name: str
    data: Json
    guild_id: int | None = None
    channel_id: int | None = None
    for_bot: bool = True


@dataclass(frozen=True, slots=True)
class Request:
    """A REST call of the bot and how it was answered.

    Attributes:
        route: The path with its ids replaced by names.
        body: The JSON body (`payload_json` of a form with files), or None.
        response: The JSON answer, or None for an empty one.
        at: When it arrived, in seconds of the monotonic clock.
    """

    method: str
    path: str
    route: str
    body: JsonValue
    status: int
    response: JsonValue
    at: float


class Typing(NamedTuple):
    """Somebody was shown as typing; `at` is in seconds of the monotonic clock."""

    channel_id: int
    user_id: int
    at: float
