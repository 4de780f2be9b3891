"""Discord as a Surface: one turn's replies, activity line, cards and sentences in its channel."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

import discord
import structlog

from checkpoints.claims import ClaimLost
from checkpoints.keys import short
from checkpoints.place import DatabaseAway
from discord_adapter.card_messages import CardMessages
from discord_adapter.choices import GO_ON
from discord_adapter.content import Content
from discord_adapter.parts import ACTIVITY, BEHIND, TEXT
from discord_adapter.replies import GrowingText
from discord_adapter.settings import LayoutSettings
from graph.errors import SurfaceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from checkpoints.cards import Approval
    from checkpoints.keys import Conversation
    from discord_adapter.outbox import Guard, Outbox
    from graph.deciding import Said
    from graph.turn import Turn

log = structlog.get_logger()

# A typing indicator lasts ten seconds (Discord's documentation, "Trigger Typing Indicator").
_TYPING_EVERY = 8

# Typing is shown when there is nothing else to show yet: an answer that comes sooner needs none (seconds).
_TYPING_AFTER = 0.25

_TAKEN_IN = "📨"

_AT_WORK, _DONE, _FAILED = "…", "✓", "✗"


class DiscordSurfaces:
    """Makes the surface of a turn.

    Args:
        outbox: Sends.
        layout: What is too long for a chat.
        cards: Shows cards.
        check: Raises where this process must not show anything of a conversation any more; asked before each request.
    """

    def __init__(
        self,
        outbox: Outbox,
        layout: LayoutSettings | None = None,
        cards: CardMessages | None = None,
        check: Callable[[Conversation], None] = lambda _: None,
    ) -> None:
        self._outbox = outbox
        self._layout = layout or LayoutSettings()
        self._cards = cards or CardMessages(outbox)
        self._check = check

    def open(self, turn: Turn) -> DiscordSurface:
        """The surface on which a turn is shown."""
        return DiscordSurface(self._outbox, self._layout, self._cards, turn, partial(self._check, turn.conversation))


class DiscordSurface:
    """One turn in its channel.

    One task shows its texts, in order, so that a text is complete before the next one begins; cards and sentences come
    after all texts that were there before them.
    """

    def __init__(self, outbox: Outbox, layout: LayoutSettings, cards: CardMessages, turn: Turn, guard: Guard) -> None:
        self._outbox = outbox
        self._guard = guard
        self._cards = cards
        self._layout = layout
        self._turn = turn
        self._texts: dict[str, GrowingText] = {}
        self._footnotes: list[str] = []
        self._activity: dict[tuple[str, str, int], str] = {}
        self._changed = asyncio.Event()
        self._stopping = False
        self._showing: asyncio.Task[None] | None = None
        self._typing: asyncio.Task[None] | None = None

    def working(self) -> None:
        """Show that something is being done."""
        if self._typing is None:
            self._typing = asyncio.create_task(self._type())

    def text(self, segment: int, text: str) -> None:
        """Add to the text of a model message."""
        self._growing(f"{TEXT}:{segment}").add(text)
        self._wake()

    def restart_text(self, segment: int) -> None:
        """Forget what was streamed of a model message; what is shown of it stays until there is more."""
        self._growing(f"{TEXT}:{segment}").set("")

    def finish_text(self, segment: int, text: str) -> None:
        """Say what the whole text of a model message is."""
        notes = "".join(f"\n-# {note}" for note in self._footnotes)
        self._footnotes.clear()
        self._growing(f"{TEXT}:{segment}").finish(f"{text.rstrip()}\n{notes}" if notes else text)
        self._wake()

    def footnote(self, text: str) -> None:
        """Put a small line below the text that comes next."""
        self._footnotes.append(text)

    def tool(self, call_id: str, name: str, *, failed: bool | None) -> None:
        """Show a tool call in the activity line."""
        state = _AT_WORK if failed is None else _FAILED if failed else _DONE
        # Some endpoints give every call the same id: one that starts after it was done is another call, while one that
        # starts again before it was done is told again.
        same = [call for call in self._activity if call[:2] == (call_id, name)]
        if not same or (failed is None and self._activity[same[-1]] != _AT_WORK):
            same.append((call_id, name, len(same)))
        self._activity[same[-1]] = state
        first, _, _ = next(iter(self._activity))
        told = (f"`{name.replace('`', '') or 'tool'}` {state}" for (_, name, _), state in self._activity.items())
        self._growing(f"{ACTIVITY}:{short(first)}", reply=False).set("-# 🔧 " + " · ".join(told))
        self._wake()

    async def ask(self, approval: Approval) -> list[Said]:
        """Show the card of a call, with what decides it, and read what was decided on it already."""
        return await self._cards.ask(approval, self._turn.conversation.guild_id, self._reference(), self._guard)

    async def settle(self, approval: Approval) -> None:
        """Show on a card how it stands; once more changes nothing, and a card that is gone is left alone."""
        await self._cards.refresh(approval)

    async def say(self, part: str, sentence: str) -> None:
        """Show a sentence of ours, below all texts that were there before."""
        await self.flush()
        delivery = await self._outbox.plan(self._turn.key, part, self._turn.channel_id)
        if not delivery.final:
            await self._outbox.show(
                delivery, lambda: Content(sentence), final=True, reply_to=self._reference(), guard=self._guard
            )

    async def say_privately(self, part: str, sentence: str) -> None:
        """Tell the person by direct message, with a link to what it is about."""
        turn = self._turn
        if turn.conversation.guild_id is None:
            raise SurfaceError("the conversation is a direct message itself")
        delivery = await self._outbox.plan(turn.key, part, await self._outbox.private_channel(turn.user_id))
        if not delivery.final:
            told = f"{_link(turn, turn.channel_id, turn.message_id)}: {sentence}"
            await self._outbox.show(delivery, lambda: Content(told), final=True, guard=self._guard)

    async def behind_card(self, approval: Approval) -> None:
        """Tell the person that this turn waits for a card, with a reaction that goes on without it."""
        delivery = await self._outbox.plan(self._turn.key, BEHIND, self._turn.channel_id)
        if delivery.final:
            return
        card_delivery = await self._cards.current(approval)
        if card_delivery.message_id is None:
            return
        link = _link(self._turn, approval.channel_id, card_delivery.message_id)
        sentence = f"I still wait for a decision on {link}; {GO_ON} goes on without it."
        delivery, _ = await self._outbox.show(
            delivery, lambda: Content(sentence), final=False, reply_to=self._reference(), guard=self._guard
        )
        await self._outbox.reacting.offer(delivery, GO_ON)
        await self._outbox.finish(delivery)

    async def taken_in(self) -> None:
        """Show on the person's message that the turn that ran has taken it in."""
        if self._turn.message_id is not None:
            await self._outbox.reacting.mark(self._turn.channel_id, self._turn.message_id, _TAKEN_IN)

    async def flush(self) -> None:
        """Wait until all texts are shown; one that was cut short stays as it is."""
        await self._stop_typing()
        for text in self._texts.values():
            text.finish()
        if self._showing is not None:
            self._stopping = True
            self._changed.set()
            showing, self._showing = self._showing, None
            await showing
            self._stopping = False
        for text in self._texts.values():
            await text.show(settled=True)

    async def close(self) -> None:
        """Stop showing, at once: whoever is cancelled while this waits leaves nothing behind that goes on."""
        tasks = {task for task in (self._typing, self._showing) if task is not None}
        self._typing = self._showing = None
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _growing(self, name: str, *, reply: bool = True) -> GrowingText:
        if name not in self._texts:
            # What comes before is as good as complete: its last edit is not to hold up the first words of this.
            for former in self._texts.values():
                former.finish()
            reply_to = self._reference() if reply else None
            self._texts[name] = GrowingText(
                self._outbox,
                self._turn.key,
                name,
                self._turn.channel_id,
                reply_to=reply_to,
                layout=self._layout,
                guard=self._guard,
            )
        return self._texts[name]

    def _wake(self) -> None:
        self._changed.set()
        if self._showing is None:
            self._showing = asyncio.create_task(self._show())

    async def _show(self) -> None:
        try:
            while not self._stopping:
                await self._changed.wait()
                self._changed.clear()
                for text in list(self._texts.values()):
                    await text.show()
        except (SurfaceError, ClaimLost, DatabaseAway) as error:
            # Nothing is lost: `flush` shows it all again, and there the turn learns of it.
            log.warning("text_not_shown", turn=self._turn.key, error=str(error))

    async def _type(self) -> None:
        await asyncio.sleep(_TYPING_AFTER)
        try:
            while True:
                await self._outbox.typing(self._turn.channel_id)
                await asyncio.sleep(_TYPING_EVERY)
        except SurfaceError as error:
            log.info("typing_not_shown", turn=self._turn.key, error=str(error))

    async def _stop_typing(self) -> None:
        typing, self._typing = self._typing, None
        if typing is not None:
            typing.cancel()
            await asyncio.wait({typing})

    def _reference(self) -> discord.MessageReference | None:
        message_id = self._turn.reply_to or self._turn.message_id
        if message_id is None:
            return None
        return discord.MessageReference(
            message_id=message_id,
            channel_id=self._turn.channel_id,
            guild_id=self._turn.conversation.guild_id,
            fail_if_not_exists=False,
        )


def _link(turn: Turn, channel_id: int, message_id: int | None) -> str:
    """The address of a message, or of its channel, where the turn is."""
    place = f"https://discord.com/channels/{turn.conversation.guild_id or '@me'}/{channel_id}"
    return place if message_id is None else f"{place}/{message_id}"
