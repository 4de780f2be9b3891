"""The state of the local Discord, and the news of what changes in it."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from typing import TYPE_CHECKING, TypeVar

from playground import payloads
from playground.clock import Clock
from playground.commands import CommandBook
from playground.faults import Faults
from playground.permissions import MUTED_PERMISSIONS, Permission, channel_permissions
from playground.sessions import GatewaySettings, SessionStarts
from playground.snowflake import Snowflakes
from playground.values import (
    DM,
    Channel,
    Event,
    Guild,
    Json,
    Message,
    Request,
    Typing,
    User,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from playground.interactions import Interaction
    from playground.parts import Webhook
    from playground.values import Attachment

# Flags of an application whose privileged intents are switched on and that is in fewer than 100 guilds
# (docs resources/application#application-object-application-flags: the LIMITED ones).
_INTENT_FLAGS = 1 << 13 | 1 << 15 | 1 << 19


_Named = TypeVar("_Named", User, Guild, Channel)


class World:
    """Users, guilds, channels and messages, with one bot and its application.

    Args:
        token: The bot's token.
        bot_name: The bot's user name.
        privileged_intents: Whether the application may ask for members, presences and message content.
        gateway: How its gateway differs from Discord's.
        clock: Its time.
    """

    def __init__(
        self,
        *,
        token: str,
        bot_name: str,
        privileged_intents: bool,
        gateway: GatewaySettings | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.token = token
        self.privileged_intents = privileged_intents
        self.clock = clock or Clock()
        self.gateway_settings = gateway or GatewaySettings()
        self.session_starts = SessionStarts(self.gateway_settings, self.clock)
        self.snowflakes = Snowflakes(self.clock)
        self.users: dict[int, User] = {}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.closed_dms: set[int] = set()
        # How large a file of somebody may be who pays for more than is usual, in bytes.
        self.file_limits: dict[int, int] = {}
        self.requests: list[Request] = []
        self.typing: list[Typing] = []
        self.faults = Faults()
        self.latency = 0.0
        self.cdn_base = ""
        self.gateway_url = ""
        self.bot = self.add_user(bot_name, bot=True)
        # A bot's user and its application have had one id since 2016 (assumed for every bot).
        self.application_id = self.bot.id
        self.application_owner = self.add_user("operator")
        self.command_book = CommandBook(self.snowflakes, self.application_id)
        self.interactions: dict[str, Interaction] = {}
        # Who has the application installed for themselves, and the files that were handed to it in forms and options.
        self.user_installs: set[int] = set()
        self.handed_over: dict[int, Attachment] = {}
        self.webhooks: dict[int, Webhook] = {}
        self._messages: defaultdict[int, dict[int, Message]] = defaultdict(dict)
        self._listeners: list[Callable[[Event], None]] = []
        self._waiters: list[asyncio.Future[None]] = []

    @property
    def application_flags(self) -> int:
        """The application's public flags."""
        return _INTENT_FLAGS if self.privileged_intents else 0

    # News

    def listen(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Call somebody at every event; what is returned ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def publish(self, event: Event) -> None:
        """Tell everybody who listens, then wake those who wait for a condition."""
        for listener in list(self._listeners):
            listener(event)
        self.touch()

    def touch(self) -> None:
        """Wake those who wait: something changed that may be no event of Discord's (a request, a session)."""
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def changed(self) -> None:
        """Wait until something changes."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        await waiter

    # Looking up

    def user(self, name: str) -> User:
        """Find a user by name."""
        return _named(self.users.values(), name, "user")

    def guild(self, name: str) -> Guild:
        """Find a guild by name."""
        return _named(self.guilds.values(), name, "guild")

    def channel(self, name: str, guild: Guild | None = None) -> Channel:
        """Find a channel by name, or else a thread, in any guild or in one."""
        places = [one for one in self.channels.values() if not one.is_dm and guild in (None, self.guild_of(one))]
        places.sort(key=lambda one: one.thread is not None)
        return _named(places, name.removeprefix("#"), "channel")

    def threads(self, channel: Channel) -> list[Channel]:
        """Give the threads of a channel, archived or not, oldest first."""
        return sorted((one for one in self.channels.values() if one.parent_id == channel.id), key=lambda one: one.id)

    def active_threads(self, guild: Guild, user: User) -> list[Channel]:
        """Give the threads of a guild that are not archived and that somebody can see."""
        return [
            one
            for one in self.channels.values()
            if one.guild_id == guild.id and one.thread is not None and not one.thread.archived
            if self.permissions(one, user) & Permission.VIEW_CHANNEL
        ]

    def guilds_of(self, user: User) -> list[Guild]:
        """Give the guilds somebody is a member of."""
        return [one for one in self.guilds.values() if user.id in one.members]

    def guild_of(self, channel: Channel) -> Guild | None:
        """Give the guild of a channel; None for direct messages."""
        return self.guilds[channel.guild_id] if channel.guild_id is not None else None

    def permissions(self, channel: Channel, user: User) -> int:
        """Work out what a user may do in a channel; who is timed out and no administrator can only read."""
        guild = self.guild_of(channel)
        bits = channel_permissions(guild, channel, user.id)
        member = None if guild is None else guild.members.get(user.id)
        muted_until = None if member is None else member.muted_until
        muted = muted_until is not None and muted_until > self.clock.now() and not bits & Permission.ADMINISTRATOR
        return bits & MUTED_PERMISSIONS if muted else bits

    def people_in(self, channel: Channel) -> dict[int, User]:
        """Give everybody who belongs to a channel's guild or direct messages, by id."""
        guild = self.guild_of(channel)
        ids: Iterable[int] = channel.recipient_ids if guild is None else guild.members
        return {user_id: self.users[user_id] for user_id in ids}

    def messages(self, channel: Channel, *, seen_by: User | None = None, deleted: bool = False) -> list[Message]:
        """Give the messages that stand in a channel, oldest first.

        Args:
            channel: The channel.
            seen_by: Somebody whose ephemeral messages are listed too; without it none are.
            deleted: Whether those that were deleted are listed too.
        """
        viewer = None if seen_by is None else seen_by.id
        messages = self._messages[channel.id].values()
        return [one for one in messages if one.deleted <= deleted and one.visible_to in (None, viewer)]

    def find_message(self, message_id: int, channel: Channel | None = None) -> Message | None:
        """Find a message that still stands, ephemeral or not; None when it is unknown or deleted."""
        boxes = self._messages.values() if channel is None else [self._messages[channel.id]]
        found = next((box[message_id] for box in boxes if message_id in box), None)
        return None if found is None or found.deleted else found

    def find_file(self, file_id: int) -> Attachment | None:
        """Find a file that hangs on a message that stands, or on one that was forwarded."""
        standing = [one for box in self._messages.values() for one in box.values() if not one.deleted]
        files = [one for message in standing for one in message.attachments]
        files += [one for message in standing if message.snapshot for one in message.snapshot.attachments]
        return next((one for one in files if one.id == file_id), None)

    def keep(self, message: Message) -> None:
        """Put a new message into its channel."""
        self._messages[message.channel_id][message.id] = message

    # People and places

    def add_user(self, name: str, *, bot: bool = False) -> User:
        """Make an account."""
        user = User(self.snowflakes.next(), name, bot)
        self.users[user.id] = user
        return user

    def dm(self, user: User) -> Channel:
        """Give the direct messages between a user and the bot, made when first asked for."""
        pair = (user.id, self.bot.id)
        known = next((one for one in self.channels.values() if one.recipient_ids == pair), None)
        if known is None:
            known = Channel(self.snowflakes.next(), f"dm-{user.name}", type=DM, recipient_ids=pair)
            self.channels[known.id] = known
        return known

    def forget_channel(self, channel: Channel) -> None:
        """Take a channel of a guild out of the world, with its threads and webhooks."""
        guild = self.guild_of(channel)
        if guild is not None:
            del guild.channels[channel.id]
        for gone in [channel, *self.threads(channel)]:
            del self.channels[gone.id]
        self.webhooks = {key: one for key, one in self.webhooks.items() if one.channel_id != channel.id}

    def show_typing(self, channel: Channel, user: User) -> None:
        """Show somebody as typing, in a thread too (docs events/gateway-events#typing-start)."""
        self.typing.append(Typing(channel.id, user.id, time.monotonic()))
        data: Json = {
            "channel_id": str(channel.id),
            "user_id": str(user.id),
            "timestamp": int(self.clock()),
        }
        guild = self.guild_of(channel)
        if guild is not None:
            data |= {"guild_id": str(guild.id), "member": payloads.member(guild.members[user.id])}
        self.publish(Event("TYPING_START", data, channel.guild_id, channel.id))


def _named(things: Iterable[_Named], name: str, kind: str) -> _Named:
    known = list(things)
    found = next((thing for thing in known if thing.name == name), None)
    if found is None:
        raise LookupError(f"There is no {kind} named {name!r}; there are {[thing.name for thing in known]}.")
    return found
