"""The text box with all it offers: completion, slash commands, replies, edits and files."""

import html
import json
import time
from collections.abc import Awaitable, Sequence

from nicegui import events, ui

from playground.errors import DiscordError
from playground.interactions import Interaction
from playground.offering import NotPermitted, UnknownCommand
from playground.options import BadOption
from playground.page import modal_form, slash_form, writing
from playground.page.emoji import icon
from playground.page.frames import place_name
from playground.page.refusals import sentence
from playground.page.slash_form import Offer
from playground.page.view import View, region
from playground.values import Message, User

TYPING_EVERY = 8.0
"""Seconds between two notices that the user is typing."""

REFUSALS = (DiscordError, BadOption, NotPermitted, UnknownCommand, ValueError, TimeoutError)
"""What an act of a user may raise; the user is told."""

# With suggestions open some keys are for them. Without, Enter empties the box at once, so that what is typed
# while the message is on its way is not lost.
_KEYS = """(e) => {
    if (e.isComposing) return;
    const open = document.querySelector('.suggestions');
    const key = e.key === 'Enter' && e.shiftKey ? null : e.key;
    if (key === 'Enter' || key === 'Escape' || (open && ['ArrowUp', 'ArrowDown', 'Tab'].includes(key))) {
        e.preventDefault();
        const cleared = key === 'Enter' && !open;
        emit({key: key, value: e.target.value, cleared: cleared});
        if (cleared) e.target.value = '';
    }
}"""
_SUBMITTED = """(e) => {
    e.preventDefault();
    const fields = {};
    for (const [name, value] of new FormData(e.target)) (fields[name] ??= []).push(value);
    emit(fields);
}"""
_ESCAPED = "(e) => { if (e.key === 'Escape') emit({}); }"


class Composer:
    """What stands under the messages."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._offered: Sequence[Offer] = ()
        self._people: Sequence[User] = ()
        self._selected = 0
        self._typed = ""
        self._form: Offer | None = None
        self._asked: Interaction | None = None
        self._reply: Message | None = None
        self._edited: Message | None = None
        self._files: list[tuple[str, bytes, str]] = []
        self._told_typing = 0.0

    def build(self) -> None:
        """Lay it out."""
        with ui.element("div").classes("composer-place"):
            self._popup = region("popup")
            self._notice = region("notice-place")
            with ui.element("div").classes("composer"):
                self._bar = region("bar")
                self._chips = region("chips")
                self._form_place = region("form-place").on("submit", self._submitted, js_handler=_SUBMITTED)
                self._form_place.on("keydown", self.close_form, js_handler=_ESCAPED)
                with ui.element("div").classes("line"):
                    region("plus").set_content(
                        '<button type="button" data-act="attach" title="Add a file">' + icon("add_circle") + "</button>"
                    )
                    self._upload = ui.upload(on_upload=self._uploaded, auto_upload=True, multiple=True)
                    self._upload.classes("hidden-upload")
                    self._box = ui.element("textarea").props("rows=1 autofocus data-testid=composer")
                    self._box.on("keydown", self._key, js_handler=_KEYS)
                    self._box.on("input", self._input, js_handler="(e) => emit(e.target.value)")
        self.reset()

    def reset(self) -> None:
        """Begin anew, in another channel or as somebody else."""
        self._reply = self._edited = None
        self._files.clear()
        self.close_form()
        self._box.props["placeholder"] = f"Message {place_name(self._view.looking)}"
        self._box.update()
        self._show_bar()
        self._show_chips()
        self.tell("")

    def tell(self, words: str) -> None:
        """Tell the user a sentence, or take it away."""
        shown = f'<div class="notice" data-testid="notice">{html.escape(words)}</div>' if words else ""
        self._notice.set_content(shown)

    async def attempt(self, act: Awaitable[object]) -> bool:
        """Do something as the user, and tell when Discord would refuse it.

        Returns:
            Whether it was done.
        """
        try:
            await act
        except REFUSALS as refusal:
            self.tell(sentence(refusal))
            return False
        self.tell("")
        return True

    def reply_to(self, message: Message) -> None:
        """Let the next message be a reply."""
        self._reply, self._edited = message, None
        self._show_bar()
        self._focus()

    def edit(self, message: Message) -> None:
        """Let the next text replace that of a message."""
        self._reply, self._edited = None, message
        self._show_bar()
        self._write(writing.without_mentions(message.content, self._view.looking))

    def cancel(self) -> None:
        """Reply to nothing and edit nothing."""
        if self._edited is not None:
            self._write("")
        self._reply = self._edited = None
        self._show_bar()

    def attach(self) -> None:
        """Let the user choose files."""
        self._upload.run_method("pickFiles")

    def detach(self, index: int) -> None:
        """Leave a file away."""
        del self._files[index]
        self._show_chips()

    def choose(self, index: int) -> None:
        """Take one of the suggestions."""
        if self._offered:
            self._open(self._offered[index])
        elif self._people:
            self._write(writing.completed(self._typed, self._people[index]))
        self._suggest("")

    def close_form(self) -> None:
        """Leave a slash command, or a form."""
        if self._form is not None or self._asked is not None:
            self._focus()
        self._form = self._asked = None
        self._form_place.set_content("")
        self._suggest("")

    async def _input(self, event: events.GenericEventArguments) -> None:
        typed = str(event.args)
        exact = slash_form.chosen(typed, slash_form.offers(self._view.looking)) if typed.startswith("/") else None
        if exact and typed.endswith(" ") and exact[0].options:
            self._open(exact[0], exact[1])
            return
        self._suggest(typed)
        if typed and time.monotonic() - self._told_typing > TYPING_EVERY:
            self._told_typing = time.monotonic()
            await self.attempt(self._view.looking.discord.type(self._view.looking.me, self._view.looking.channel))

    async def _key(self, event: events.GenericEventArguments) -> None:
        key, value = str(event.args["key"]), str(event.args["value"])
        if value != self._typed:
            self._suggest(value)
        count = len(self._offered or self._people)
        if key in ("ArrowUp", "ArrowDown") and count:
            self._selected = (self._selected + (1 if key == "ArrowDown" else -1)) % count
            self._show_suggestions()
        elif key in ("Tab", "Enter") and count:
            self.choose(self._selected)
        elif key == "Escape":
            self._suggest("")
            self.cancel()
        elif key == "Enter":
            if not event.args["cleared"]:
                self._write("")
            await self._enter(value)

    async def _enter(self, value: str) -> None:
        self._suggest("")
        text = writing.with_mentions(value.strip(), self._view.looking)
        looking, reply, edited, files = self._view.looking, self._reply, self._edited, tuple(self._files)
        if edited is not None:
            act: Awaitable[object] = looking.discord.edit(looking.me, edited, text)
        elif text or files:
            act = looking.discord.send(looking.me, looking.channel, text, reply_to=reply, attachments=files)
        else:
            return
        if not await self.attempt(act):
            self._write(value)
            return
        self._reply = self._edited = None
        self._files.clear()
        self._told_typing = 0.0
        self._show_bar()
        self._show_chips()

    async def _submitted(self, event: events.GenericEventArguments) -> None:
        offer, asked, values = self._form, self._asked, event.args
        if offer is not None:
            await self.attempt(self._invoke(offer, {str(name): str(value[0]) for name, value in values.items()}))
        elif asked is not None and asked.modal is not None:
            me, fields = self._view.looking.me, modal_form.filled(asked.modal, values)
            if await self.attempt(self.used(self._view.looking.discord.submit(me, asked, fields, timeout=60))):
                self.close_form()

    async def _invoke(self, offer: Offer, values: dict[str, str]) -> None:
        looking = self._view.looking
        options = slash_form.filled(offer, values)
        self.close_form()
        await self.used(looking.discord.slash_with(looking.me, looking.channel, offer.path, options, timeout=60))

    async def used(self, act: Awaitable[Interaction]) -> None:
        """Wait for what comes of something that was used; a form is shown.

        Raises:
            TimeoutError: The bot did not answer in time.
        """
        done = await act
        if done.failed:
            raise TimeoutError("The application did not respond.")
        if done.modal is not None:
            self._form, self._asked = None, done
            self._form_place.set_content(modal_form.form(done.modal, self._view.looking))
            self._box.client.run_javascript(_script("", ".slash-form input, .slash-form textarea, .slash-form select"))

    async def _uploaded(self, event: events.UploadEventArguments) -> None:
        kind = event.file.content_type or "application/octet-stream"
        self._files.append((event.file.name, await event.file.read(), kind))
        self._upload.reset()
        self._show_chips()
        self._focus()

    def _open(self, offer: Offer, first: str = "") -> None:
        self._form = offer
        self._suggest("")
        self._form_place.set_content(slash_form.form(offer, self._view.looking, first))
        self._write("", focus=".slash-form input, .slash-form select, .slash-form .send")

    def _suggest(self, typed: str) -> None:
        looking = self._view.looking
        self._typed, self._selected = typed, 0
        self._offered = slash_form.matching(typed, slash_form.offers(looking)) if typed.startswith("/") else ()
        self._people = () if self._offered else writing.completions(typed, looking)
        self._show_suggestions()

    def _show_suggestions(self) -> None:
        if self._offered:
            self._popup.set_content(slash_form.suggestions(self._offered, self._selected))
        elif self._people:
            self._popup.set_content(writing.suggestions(self._people, self._selected))
        else:
            self._popup.set_content("")

    def _show_bar(self) -> None:
        words = ""
        if self._reply is not None:
            words = f"Replying to <b>{html.escape(self._reply.author.name)}</b>"
        elif self._edited is not None:
            words = "Editing your message"
        close = '<button type="button" class="close" data-act="cancel" title="Cancel (Escape)">✕</button>'
        self._bar.set_content(f'<div class="reply-bar"><span>{words}</span>{close}</div>' if words else "")

    def _show_chips(self) -> None:
        chips = "".join(
            f'<span class="chip">{icon("attach_file")} {html.escape(name)} '
            f'<button type="button" data-act="detach" data-id="{index}" title="Remove">✕</button></span>'
            for index, (name, _, _) in enumerate(self._files)
        )
        self._chips.set_content(chips)

    def _write(self, text: str, focus: str = "[data-testid=composer]") -> None:
        """Put a text into the box, and the cursor at the end of it or into another field."""
        self._box.client.run_javascript(_script(f"getHtmlElement({self._box.id}).value = {json.dumps(text)};", focus))

    def _focus(self) -> None:
        self._box.client.run_javascript(_script("", "[data-testid=composer]"))


def _script(first: str, focus: str) -> str:
    # The field to be focused may be on its way to the page.
    return f"{first} setTimeout(() => document.querySelector({json.dumps(focus)})?.focus(), 40)"
