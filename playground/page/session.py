"""One browser's session: joins the view with the text box and turns clicks into acts of the user."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import urlencode

from nicegui import background_tasks, events, ui

from playground.page.composer import Composer
from playground.page.emoji import DETECT
from playground.page.rows import Looking
from playground.page.view import View
from playground.server import LocalDiscord
from playground.values import Channel, Message, User

if TYPE_CHECKING:
    import asyncio

STYLE = Path(__file__).with_name("style.css")

# One listener for everything: what can be clicked names its act, and what it is about, in data attributes.
_CLICKED = """(e) => {
    const spoiler = e.target.closest('.spoiler');
    if (spoiler) spoiler.classList.add('shown');
    const item = e.target.closest('[data-act]');
    if (item && item.dataset.act === 'done') {
        const picked = [...item.previousElementSibling.selectedOptions].map(option => option.value);
        emit({...item.dataset, act: 'menu', values: picked});
    } else if (item && item.tagName !== 'SELECT') emit({...item.dataset});
}"""
_CHANGED = """(e) => {
    const {act, id, name} = e.target.dataset;
    if (act) emit({act: act, id: id ?? e.target.value, name: name, values: [e.target.value]});
}"""


class Session:
    """What one open page does."""

    def __init__(self, discord: LocalDiscord, query: Mapping[str, str]) -> None:
        """Begin a session.

        Args:
            discord: The world.
            query: `as` names the user to act as and `at` the channel (`dm` for the bot's); both may be left out.
        """
        self._discord = discord
        me = _user(discord, query.get("as", ""))
        self._view = View(Looking(discord, me, _channel(discord, me, query.get("at", ""))))
        self._composer = Composer(self._view)
        self._acts: dict[str, Callable[[str], Awaitable[None]]] = {
            "home": self._home,
            "guild": self._guild,
            "channel": self._go,
            "act-as": self._become,
            "reply": self._reply,
            "edit": self._edit,
            "delete": self._delete,
            "pick": self._pick,
            "dismiss": self._dismiss,
            "choose": self._choose,
            "detach": self._detach,
            "attach": self._attach,
            "cancel": self._cancel,
            "close-form": self._close_form,
        }

    def build(self) -> None:
        """Lay out the page, and keep it up to date for as long as the browser has it open."""
        ui.add_css(STYLE)
        ui.add_head_html(DETECT)
        with ui.element("div").classes("app") as app:
            app.on("click", self._clicked, js_handler=_CLICKED)
            app.on("change", self._clicked, js_handler=_CHANGED)
            self._view.build(self._composer.build)
        watching = cast(
            "asyncio.Task[None]", background_tasks.create(self._view.watch(), name="watch the local Discord")
        )
        ui.context.client.on_delete(lambda: watching.cancel())

    async def _clicked(self, event: events.GenericEventArguments) -> None:
        item: dict[str, str] = event.args
        if item["act"] not in ("pick", "react"):
            self._view.pick(None)
        if item["act"] == "react":
            await self._react(self._message(item["id"]), item["emoji"])
        elif item["act"] in ("press", "menu"):
            await self._use(self._message(item["id"]), item["act"], item["name"], event.args.get("values") or [])
        elif item["act"] in self._acts:
            await self._acts[item["act"]](item.get("id", ""))

    def _message(self, message_id: str) -> Message | None:
        # The first message of a thread has the id of the one it began at.
        return self._discord.find_message(int(message_id), self._view.looking.channel)

    async def _react(self, message: Message | None, emoji: str) -> None:
        if message is None:
            return
        me, reaction = self._view.looking.me, message.reactions.get(emoji)
        mine = reaction is not None and me.id in reaction.user_ids
        act = self._discord.unreact if mine else self._discord.react
        await self._composer.attempt(act(me, message, emoji))
        self._view.pick(None)

    async def _use(self, message: Message | None, act: str, name: str, values: list[str]) -> None:
        if message is None:
            return
        me = self._view.looking.me
        if act == "press":
            using = self._discord.press(me, message, name, timeout=60)
        else:
            using = self._discord.choose(me, message, name, *values, timeout=60)
        await self._composer.attempt(self._composer.used(using))

    async def _home(self, _: str) -> None:
        self._view.guild = None
        self._show(self._discord.dm(self._view.looking.me))

    async def _guild(self, key: str) -> None:
        guild = self._discord.guilds[int(key)]
        self._show(min(guild.channels.values(), key=lambda channel: channel.position))

    async def _go(self, key: str) -> None:
        self._show(self._discord.channels[int(key)])

    async def _become(self, key: str) -> None:
        self._view.become(self._discord.users[int(key)])
        self._settle()

    def _show(self, channel: Channel) -> None:
        self._view.go(channel)
        self._settle()

    def _settle(self) -> None:
        """After a change of place or person: empty the text box, and let a reload come back here."""
        self._composer.reset()
        looking = self._view.looking
        place = "dm" if looking.channel.is_dm else looking.channel.name
        query = urlencode({"as": looking.me.name, "at": place})
        ui.run_javascript(f"history.replaceState(history.state, '', '?{query}')")

    async def _reply(self, key: str) -> None:
        if message := self._message(key):
            self._composer.reply_to(message)

    async def _edit(self, key: str) -> None:
        if message := self._message(key):
            self._composer.edit(message)

    async def _delete(self, key: str) -> None:
        if message := self._message(key):
            await self._composer.attempt(self._discord.delete(self._view.looking.me, message))

    async def _pick(self, key: str) -> None:
        self._view.pick(None if self._view.picking == int(key) else int(key))

    async def _dismiss(self, key: str) -> None:
        self._view.dismiss(int(key))

    async def _choose(self, key: str) -> None:
        self._composer.choose(int(key))

    async def _detach(self, key: str) -> None:
        self._composer.detach(int(key))

    async def _attach(self, _: str) -> None:
        self._composer.attach()

    async def _cancel(self, _: str) -> None:
        self._composer.cancel()

    async def _close_form(self, _: str) -> None:
        self._composer.close_form()


def _user(discord: LocalDiscord, name: str) -> User:
    """The user named, else the first member of a guild who is a person."""
    people = [
        discord.users[user_id]
        for guild in discord.guilds.values()
        for user_id in guild.members
        if not discord.users[user_id].bot
    ]
    return next((user for user in people if user.name == name), people[0])


def _channel(discord: LocalDiscord, me: User, name: str) -> Channel:
    """The channel named, else the first one the user is a member of; direct messages if there is none."""
    if name == "dm":
        return discord.dm(me)
    mine = [
        channel
        for guild in discord.guilds.values()
        if me.id in guild.members
        for channel in [*guild.channels.values(), *discord.active_threads(guild, me)]
    ]
    return next((channel for channel in mine if channel.name == name), mine[0] if mine else discord.dm(me))
