"""One browser's view of the local Discord: what it shows, and what it does when something happens."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

from nicegui import ui

from playground.access import may
from playground.page import frames
from playground.page.rows import Looking, row
from playground.page.usable import usable
from playground.permissions import Permission
from playground.values import Channel, Event, Guild, Message, User

TYPING_SECONDS = 10.0
"""How long somebody counts as typing (docs events/gateway-events#typing-start shows none; the client's habit)."""

PRESENCE_SECONDS = 2.0
"""How often the bot's presence is looked at, of which no event tells."""

MOST_SHOWN = 200
"""The newest messages of a channel that are shown when it is opened."""

_MESSAGE_EVENTS = frozenset(
    (
        "MESSAGE_UPDATE",
        "MESSAGE_REACTION_ADD",
        "MESSAGE_REACTION_REMOVE",
        "MESSAGE_REACTION_REMOVE_ALL",
        "MESSAGE_REACTION_REMOVE_EMOJI",
    )
)


def region(css: str, testid: str | None = None) -> ui.html:
    """A part of the page whose HTML is made here; all that comes from a message is escaped where it is made."""
    made = ui.html("", sanitize=False).classes(css)
    if testid:
        made.props(f"data-testid={testid}")
    return made


class View:
    """The frames and the messages of one channel as one user sees them, kept up to date.

    Attributes:
        looking: Who looks at which channel.
        guild: The guild whose channels are listed; None for none.
        picking: The message whose list of emoji is open.
    """

    def __init__(self, looking: Looking) -> None:
        self.looking = looking
        self.guild: Guild | None = looking.discord.guild_of(looking.channel)
        self.picking: int | None = None
        self._rows: dict[int, ui.html] = {}
        self._before: dict[int, Message | None] = {}
        self._last: Message | None = None
        self._dismissed: set[int] = set()
        self._unread: dict[int, int] = {}
        self._typing: dict[int, float] = {}
        self._connected = looking.discord.connected

    def build(self, composer: Callable[[], None]) -> None:
        """Lay out the page.

        Args:
            composer: Builds what stands under the messages.
        """
        self._rail = region("rail")
        with ui.element("nav").classes("side"):
            self._guild_name = region("guild-name", "guild-name")
            self._sidebar = region("channels", "channels")
            self._panel = region("panel")
        with ui.element("main").classes("chat"):
            self._title = region("title")
            with ui.element("div").classes("scroller"), ui.element("div").classes("scrolled"):
                self._welcome = region("welcome-place")
                self._list = ui.element("div").classes("messages").props("data-testid=messages role=log")
            composer()
            self._typing_line = region("typing")
        self._members = region("members", "members")
        self.refresh()

    def refresh(self) -> None:
        """Show everything anew."""
        self._unread.pop(self.looking.channel.id, None)
        self._typing.clear()
        self.picking = None
        self.frames()
        self.messages()

    def frames(self) -> None:
        """Show what stands around the messages."""
        looking = self.looking
        self._rail.set_content(frames.rail(list(looking.discord.guilds.values()), self.guild))
        self._guild_name.set_content(f"<b>{self.guild.name if self.guild else 'Direct messages'}</b>")
        self._sidebar.set_content(frames.sidebar(looking, self.guild, self._unread))
        self._panel.set_content(frames.panel(looking))
        self._title.set_content(frames.title(looking))
        self._members.set_content(frames.members(looking))
        self._show_typing()

    def messages(self) -> None:
        """Show all messages of the channel."""
        self._list.clear()
        self._rows.clear()
        self._before.clear()
        self._last = None
        messages = self.looking.discord.messages(self.looking.channel, seen_by=self.looking.me)
        shown = [message for message in messages if message.id not in self._dismissed]
        self._welcome.set_content(frames.welcome(self.looking) if len(shown) <= MOST_SHOWN else frames.EARLIER)
        for message in shown[-MOST_SHOWN:]:
            self._append(message)

    def go(self, channel: Channel) -> None:
        """Look at another channel."""
        self.looking = replace(self.looking, channel=channel)
        self.guild = self.looking.discord.guild_of(channel) or self.guild
        self.refresh()

    def become(self, user: User) -> None:
        """Act as another user; direct messages are then that user's."""
        channel = self.looking.discord.dm(user) if self.looking.channel.is_dm else self.looking.channel
        self._unread.clear()
        self._dismissed.clear()
        self.looking = replace(self.looking, me=user, channel=channel)
        self.refresh()

    def pick(self, message_id: int | None) -> None:
        """Open the list of emoji of one message, or close it."""
        was, self.picking = self.picking, message_id
        for changed in {was, message_id} - {None}:
            self._update(changed)

    def dismiss(self, message_id: int) -> None:
        """Show an ephemeral message no more."""
        self._dismissed.add(message_id)
        self.messages()

    def apply(self, event: Event) -> None:
        """Show what an event changed."""
        here = event.channel_id == self.looking.channel.id
        message_id = int(event.data.get("message_id") or event.data.get("id") or 0)
        if event.name == "MESSAGE_CREATE" and event.channel_id is not None:
            self._created(message_id, self.looking.discord.channels[event.channel_id])
        elif event.name in ("MESSAGE_DELETE", "MESSAGE_DELETE_BULK") and here:
            self.messages()
        elif event.name in _MESSAGE_EVENTS and here:
            self._update(message_id)
        elif event.name == "TYPING_START" and here:
            self._types(int(event.data["user_id"]))
        elif event.name == "THREAD_DELETE" and message_id == self.looking.channel.id:
            self.go(self.looking.discord.channels[int(event.data["parent_id"])])
        elif event.name.startswith(("CHANNEL_", "GUILD_", "THREAD_")):
            self.frames()

    def expire_typing(self, now: float | None = None) -> float | None:
        """Stop showing those who have not typed for a while.

        Args:
            now: Seconds of the monotonic clock.

        Returns:
            Seconds until somebody else is to be taken away, or None when nobody is shown.
        """
        now = time.monotonic() if now is None else now
        gone = [user_id for user_id, until in self._typing.items() if until <= now]
        for user_id in gone:
            del self._typing[user_id]
        if gone:
            self._show_typing()
        return min(self._typing.values()) - now if self._typing else None

    async def watch(self) -> None:
        """Show whatever happens, until cancelled."""
        with self.looking.discord.subscribe() as events:
            while True:
                wait = self.expire_typing()
                self._show_presence()
                try:
                    async with asyncio.timeout(min(wait or PRESENCE_SECONDS, PRESENCE_SECONDS)):
                        event = await events.get()
                except TimeoutError:
                    continue
                with self._list:
                    self.apply(event)

    def _show_presence(self) -> None:
        if self._connected != self.looking.discord.connected:
            self._connected = self.looking.discord.connected
            self._members.set_content(frames.members(self.looking))

    def _created(self, message_id: int, channel: Channel) -> None:
        message = self.looking.discord.find_message(message_id, channel)
        if message is None or message.visible_to not in (None, self.looking.me.id):
            return
        if message.channel_id == self.looking.channel.id:
            if self._typing.pop(message.author.id, None):
                self._show_typing()
            self._append(message)
        elif self._sees(message.channel_id):
            pinged = self.looking.me.id in message.pinged or message.pinged_everyone
            dm = self.looking.discord.channels[message.channel_id].is_dm
            self._unread[message.channel_id] = self._unread.get(message.channel_id, 0) + (pinged or dm)
            self._sidebar.set_content(frames.sidebar(self.looking, self.guild, self._unread))

    def _sees(self, channel_id: int) -> bool:
        channel = self.looking.discord.channels[channel_id]
        return may(self.looking.discord, channel, self.looking.me, Permission.VIEW_CHANNEL)

    def _append(self, message: Message) -> None:
        if message.id in self._rows:
            return
        self._before[message.id] = self._last
        self._last = message
        with self._list:
            self._rows[message.id] = region("entry")
        self._update(message.id)

    def _update(self, message_id: int | None) -> None:
        message = self.looking.discord.find_message(message_id, self.looking.channel) if message_id else None
        if message is None or message.id not in self._rows:
            return
        picking = self.picking == message.id
        below = usable(message, self.looking)
        shown = row(message, self._before[message.id], self.looking, picking=picking, below=below)
        self._rows[message.id].set_content(shown)

    def _types(self, user_id: int) -> None:
        if user_id != self.looking.me.id:
            self._typing[user_id] = time.monotonic() + TYPING_SECONDS
            self._show_typing()

    def _show_typing(self) -> None:
        users = self.looking.discord.users
        self._typing_line.set_content(frames.typing([users[user_id].name for user_id in self._typing]))
