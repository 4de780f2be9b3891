"""Everything that is sent to Discord: within its limits, once, and recorded as a delivery."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import discord

from discord_adapter.budget import Kind, Rank
from discord_adapter.choices import view
from discord_adapter.content import NO_PINGS
from discord_adapter.people import People
from discord_adapter.posted import Posted
from discord_adapter.reacting import Reacting
from discord_adapter.sending import PAUSES, MayNotReply, Sender, unless_gone
from discord_adapter.watches import Watches
from discord_adapter.written import Written
from graph.redacting import NOTHING_SECRET

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from checkpoints.deliveries import Deliveries, Delivery
    from discord_adapter.content import Content
    from graph.redacting import Redactor

Guard = Callable[[], None]


def unguarded() -> None:
    """Nothing keeps a message from being shown."""


class Outbox:
    """Sends and edits for turns, all of it through one budget.

    A part of a turn (a piece of its text, a card, a sentence) is planned first: its delivery says which message shows
    it, also when a former process posted that.

    Args:
        client: Logged in.
        deliveries: Where it is noted what was posted.
        link_previews: Whether Discord shows what is behind the links in our messages.
        pauses: Seconds between the attempts while Discord is out of reach.
        now: The time, on the clock of the deliveries.
        redact: Takes secrets out of all that is sent.

    Attributes:
        sender: What makes the requests.
        redact: Takes secrets out of a text.
        people: Tells who somebody is now.
        reacting: Adds, takes off and reads reactions.
        watches: Hear what is taken off messages.
        written: Tells what people wrote in reply to a message.
    """

    def __init__(
        self,
        client: discord.Client,
        deliveries: Deliveries,
        *,
        link_previews: bool = False,
        pauses: tuple[float, ...] = PAUSES,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        redact: Redactor = NOTHING_SECRET,
    ) -> None:
        self._client = client
        self.redact = redact
        self._link_previews = link_previews
        self._deliveries = deliveries
        self.sender = Sender(client, pauses)
        self._posted = Posted(client, self.sender, deliveries, now)
        self.people = People(client, self.sender)
        self.reacting = Reacting(client, self.sender)
        self.watches = Watches()
        self.written = Written(client, self.sender)
        # Grows with the channels in which something was ever sent; a lock is 100 bytes.
        self._posting: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def plan(self, turn_key: str, part: str, channel_id: int, begins: str = "") -> Delivery:
        """The delivery of a part of a turn; of one that grows, with what it begins with."""
        return await self._deliveries.plan(turn_key, part, channel_id, begins)

    async def private_channel(self, user_id: int) -> int:
        """The id of our direct message channel with a person.

        Raises:
            SurfaceError: Discord does not give it.
        """
        person = discord.Object(user_id)
        channel = await self.sender.send(0, Kind.OTHER, lambda: self._client.create_dm(person))
        return channel.id

    async def planned(self, turn_key: str) -> list[Delivery]:
        """Every delivery of a turn, by whichever process it was planned."""
        return await self._deliveries.of(turn_key)

    async def show(
        self,
        delivery: Delivery,
        content: Callable[[], Content],
        *,
        final: bool,
        rank: Callable[[], Rank] = lambda: Rank.FINAL,
        reply_to: discord.MessageReference | None = None,
        grows: bool = False,
        guard: Guard = unguarded,
    ) -> tuple[Delivery, Content]:
        """Show a part: in the message that shows it already, else in a new one.

        Args:
            delivery: The part's delivery.
            content: Gives what the part shows; asked when the request can leave, so that it is the newest.
            final: Whether this is what the part shows in the end.
            rank: Gives how urgent it is.
            reply_to: The message that a new one answers.
            grows: Whether a former process may have posted more or less of it.
            guard: Raises where this must not be shown any more; asked right before each request.

        Returns:
            The delivery as it is now, and what it shows.

        Raises:
            SurfaceUnreachable: Discord cannot be reached for now; every other method here raises this as well.
            SurfaceError: Discord does not take it.
        """
        delivery = await self._found_again(delivery, content, reply_to, grows=grows)
        if delivery.message_id is not None:
            shown = await self.edit(delivery, content, rank=rank, guard=guard)
            edited = replace(delivery, final=final)
            if final:
                await self._record(edited)
            return edited, shown
        posted, shown, as_sent = await self._post(delivery, content, rank, reply_to, final=final, guard=guard)
        if not as_sent:
            # The nonce was taken: a former process had posted this part, with what it knew then.
            shown = await self.edit(posted, content, guard=guard)
            if final:
                posted = await self.finish(posted)
        return posted, shown

    async def find_card(self, delivery: Delivery) -> Delivery:
        """The delivery of a card, with the message that shows it: looked for where that could never be noted.

        Raises:
            SurfaceUnreachable: As everywhere here, or the card may be on its way.
        """
        return await self._adopt_all(delivery, await self._posted.find_card(delivery))

    async def find_abandoned(self, delivery: Delivery) -> Delivery:
        """The delivery of a part that is needed no more, with its message: looked for where that was never noted."""
        found = await self._posted.find_abandoned(delivery)
        return delivery if found is None else await self.adopt(delivery, found.id)

    async def adopt(self, delivery: Delivery, message_id: int) -> Delivery:
        """Note the message that shows a part, unless that is known by now; the delivery as it is then."""
        async with self._posting[delivery.channel_id]:
            return await self._deliveries.adopt(delivery, message_id)

    async def finish(self, delivery: Delivery) -> Delivery:
        """Record that a part shows what it is to show."""
        finished = replace(delivery, final=True)
        await self._record(finished)
        return finished

    async def edit(
        self,
        delivery: Delivery,
        content: Callable[[], Content],
        *,
        rank: Callable[[], Rank] = lambda: Rank.FINAL,
        guard: Guard = unguarded,
    ) -> Content:
        """Change a message; one that was deleted meanwhile is left alone.

        Raises:
            SurfaceError: Discord does not take it.
        """
        shown = content().without(self.redact)
        if (message := self._message(delivery)) is None:
            return shown

        async def change() -> None:
            nonlocal shown
            shown = content().without(self.redact)
            # None would take the files off that hang there already, and the buttons.
            more: dict[str, Any] = {"attachments": shown.attached()} if shown.files else {}
            if shown.buttons is not None:
                more["view"] = view(shown.buttons)
            guard()
            await message.edit(content=shown.text, allowed_mentions=NO_PINGS, **more)

        with unless_gone(delivery.channel_id, delivery.message_id):
            await self.sender.send(delivery.channel_id, Kind.EDIT, change, rank)
        return shown

    async def delete(self, delivery: Delivery) -> None:
        """Delete a message of ours, if it is still there.

        Raises:
            SurfaceError: Discord does not take it.
        """
        if (message := self._message(delivery)) is None:
            return
        with unless_gone(delivery.channel_id, delivery.message_id):
            await self.sender.send(delivery.channel_id, Kind.DELETE, message.delete, lambda: Rank.EDIT)

    async def typing(self, channel_id: int) -> None:
        """Show that something is being written, for about ten seconds.

        Raises:
            SurfaceError: Discord does not take it.
        """
        channel = self._channel(channel_id)
        await self.sender.send(channel_id, Kind.OTHER, lambda: channel.typing(), lambda: Rank.TYPING)

    def look_again(self) -> None:
        """Say that something has become more urgent (a text is complete)."""
        self.sender.look_again()

    @asynccontextmanager
    async def nothing_half_posted(self, channel_id: int) -> AsyncGenerator[None]:
        """Wait until every message that was posted in a channel is recorded: a reaction can be faster than we are."""
        async with self._posting[channel_id]:
            yield

    async def _found_again(
        self,
        delivery: Delivery,
        content: Callable[[], Content],
        reply_to: discord.MessageReference | None,
        *,
        grows: bool,
    ) -> Delivery:
        """The delivery of a part that may have been posted without our knowing, for which its nonce may have aged."""
        found = await self._posted.find(delivery, lambda: content().text, reply_to, grows=grows)
        return await self._adopt_all(delivery, found)

    async def _adopt_all(self, delivery: Delivery, found: Sequence[discord.Message]) -> Delivery:
        """The delivery with the first of the messages that were found for it; the others are deleted."""
        if not found:
            return delivery
        adopted = await self.adopt(delivery, found[0].id)
        if adopted.message_id == found[0].id:
            for duplicate in found[1:]:
                await self.delete(replace(delivery, message_id=duplicate.id))
        return adopted

    async def _post(
        self,
        delivery: Delivery,
        content: Callable[[], Content],
        rank: Callable[[], Rank],
        reply_to: discord.MessageReference | None,
        *,
        final: bool,
        guard: Guard,
    ) -> tuple[Delivery, Content, bool]:
        """Post a part and record it; what was posted, and whether that is what the message now shows."""
        channel = self._channel(delivery.channel_id)
        extra: dict[str, Any] = {} if reply_to is None else {"reference": reply_to}

        async def post() -> tuple[Delivery, Content, bool]:
            posted = content().without(self.redact)
            if posted.buttons and (buttons := view(posted.buttons)):
                extra["view"] = buttons
            async with self._posting[delivery.channel_id]:
                guard()
                message = await channel.send(
                    posted.text,
                    nonce=delivery.nonce,
                    allowed_mentions=posted.pings.allowed(),
                    mention_author=False,
                    suppress_embeds=not self._link_previews,
                    files=posted.attached(),
                    **extra,
                )
                as_sent = message.content == posted.text.strip()
                recorded = replace(delivery, message_id=message.id, final=final and as_sent)
                await self._record(recorded)
            return recorded, posted, as_sent

        try:
            return await self.sender.send(delivery.channel_id, Kind.SEND, post, rank)
        except MayNotReply:
            extra.pop("reference", None)
            return await self.sender.send(delivery.channel_id, Kind.SEND, post, rank)

    def _channel(self, channel_id: int) -> discord.PartialMessageable:
        return self._client.get_partial_messageable(channel_id)

    def _message(self, delivery: Delivery) -> discord.PartialMessage | None:
        if delivery.message_id is None:
            return None
        return self._channel(delivery.channel_id).get_partial_message(delivery.message_id)

    async def _record(self, delivery: Delivery) -> None:
        if delivery.message_id is not None:
            await self._deliveries.posted(delivery.turn_key, delivery.part, delivery.message_id, final=delivery.final)
