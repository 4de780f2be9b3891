"""A message of ours whose POST was carried out and whose answer was lost: found again in its channel."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import discord
import structlog

from checkpoints.keys import origin_of
from discord_adapter.budget import Kind, Rank
from discord_adapter.choices import card_shown
from discord_adapter.parts import card_of
from discord_adapter.sending import Gone
from graph.errors import SurfaceError, SurfaceUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from checkpoints.deliveries import Deliveries, Delivery
    from discord_adapter.sending import Sender

log = structlog.get_logger()

# A nonce gives a message back "in the past few minutes" (Discord's documentation, "Create Message", enforce_nonce):
# a part that was planned longer ago than this is looked for in the channel, which also finds what the nonce would.
LOOKED_FOR_AFTER = timedelta(minutes=1)

# Discord's clock, which the ids of messages go by, and ours need not agree.
_CLOCKS = timedelta(seconds=60)

# Messages of the channel that are looked at: five requests.
_LOOKED_AT = 500

# What a growing text ends with while it grows: a fence that is closed for now, the state of a tool.
_UNFINISHED = "`…✓✗ \n"

# Kinds of messages that a bot posts; others are Discord's own, that somebody pinned something, say.
_POSTED = (discord.MessageType.default, discord.MessageType.reply)


class Posted:
    """Finds messages by what they answer and what they say, cards by their buttons.

    Args:
        client: Logged in.
        sender: Through which channels are read.
        deliveries: Say which messages are known to show something else.
        now: The time, on the clock of the deliveries.
    """

    def __init__(
        self, client: discord.Client, sender: Sender, deliveries: Deliveries, now: Callable[[], datetime]
    ) -> None:
        self._client = client
        self._sender = sender
        self._deliveries = deliveries
        self._now = now

    async def find(
        self,
        delivery: Delivery,
        text: Callable[[], str],
        reply_to: discord.MessageReference | None,
        *,
        grows: bool,
    ) -> list[discord.Message]:
        """The messages that show a part already, the oldest first; those after the first are its exact duplicates.

        Looked for is what an earlier attempt may have posted so long ago that its nonce does not help. In a channel
        that cannot be read, nothing is found.

        Args:
            delivery: The part's delivery.
            text: Gives what it shows now.
            reply_to: The message that it answers.
            grows: Whether it may have shown less, or more, when it was posted.

        Raises:
            SurfaceUnreachable: Discord cannot be reached for now.
        """
        if delivery.message_id is not None or self._is_young(delivery):
            return []
        answered = reply_to.message_id if reply_to is not None else None

        def chosen(ours: Sequence[discord.Message], answered: int | None = answered) -> list[discord.Message]:
            texts = _texts(ours, text(), answered, grows=grows) or _begun(ours, delivery, answered)[:1]
            return _cards(ours, delivery) or texts

        found = await self._search(delivery, chosen)
        if found == [] and answered is not None and await self._is_gone(delivery.channel_id, answered):
            # It was gone before this was posted: what answers it then answers nothing (`fail_if_not_exists`).
            found = await self._search(delivery, partial(chosen, answered=None))
        return found or []

    async def find_card(self, delivery: Delivery) -> list[discord.Message]:
        """The messages that show a card already, also one that was posted just now; the oldest first.

        Raises:
            SurfaceUnreachable: Discord cannot be reached for now, or the card may be on its way.
        """
        if delivery.message_id is not None or not delivery.known:
            return []
        found = await self._search(delivery, partial(_cards, delivery=delivery))
        if found == [] and self._is_young(delivery):
            raise SurfaceUnreachable("the card may be on its way")
        return found or []

    async def find_abandoned(self, delivery: Delivery) -> discord.Message | None:
        """The message that shows a part of a text which became shorter; None where that is not certain.

        Raises:
            SurfaceUnreachable: Discord cannot be reached for now.
        """
        if delivery.message_id is not None:
            return None
        begun = await self._search(delivery, partial(_begun, delivery=delivery, answered=None)) or []
        return begun[0] if len(begun) == 1 else None

    def _is_young(self, delivery: Delivery) -> bool:
        """Whether its nonce still helps; what was planned after now was planned by a clock that was wrong."""
        return timedelta() <= self._now() - delivery.created_at < LOOKED_FOR_AFTER

    async def _search(
        self, delivery: Delivery, chosen: Callable[[Sequence[discord.Message]], list[discord.Message]]
    ) -> list[discord.Message] | None:
        """What is chosen of the messages of ours that are no delivery; None where they cannot be read."""
        found: list[discord.Message] = []
        try:
            for start in _starts(delivery):
                ours = [one for one in await self._since(start, delivery.channel_id) if self._is_ours(one)]
                taken = await self._deliveries.known_messages([one.id for one in ours])
                if found := chosen([one for one in ours if one.id not in taken]):
                    log.info("found_again", turn=delivery.turn_key, part=delivery.part, duplicates=len(found) - 1)
                    break
        except SurfaceUnreachable:
            raise
        except SurfaceError as error:
            log.warning("not_looked_for", turn=delivery.turn_key, part=delivery.part, error=str(error))
            return None
        return found

    async def _since(self, start: int, channel_id: int) -> Sequence[discord.Message]:
        channel, after = self._client.get_partial_messageable(channel_id), discord.Object(start)

        async def request() -> list[discord.Message]:
            return [one async for one in channel.history(limit=_LOOKED_AT, after=after, oldest_first=True)]

        return await self._sender.send(channel_id, Kind.OTHER, request, lambda: Rank.FIRST)

    async def _is_gone(self, channel_id: int, message_id: int) -> bool:
        channel = self._client.get_partial_messageable(channel_id)
        try:
            await self._sender.send(channel_id, Kind.OTHER, partial(channel.fetch_message, message_id))
        except Gone:
            return True
        except SurfaceUnreachable:
            raise
        except SurfaceError as error:
            log.warning("not_looked_for", message=message_id, error=str(error))
        return False

    def _is_ours(self, message: discord.Message) -> bool:
        """Whether the message was posted by us as a bot does; what answers a command is recorded nowhere."""
        me = self._client.user
        posted = message.type in _POSTED and message.interaction_metadata is None
        return me is not None and message.author.id == me.id and posted


def _starts(delivery: Delivery) -> list[int]:
    """Where the search for a part begins, as snowflakes: when it was planned, and then at what its turn came from.

    The clock that tells the first may have been ahead; the second is of Discord's, but can lie far back.
    """
    planned = discord.utils.time_snowflake(delivery.created_at - _CLOCKS)
    origin = origin_of(delivery.turn_key)
    return [planned, origin] if origin < planned else [planned]


def _answered(message: discord.Message) -> int | None:
    return message.reference.message_id if message.reference is not None else None


def _cards(messages: Sequence[discord.Message], delivery: Delivery) -> list[discord.Message]:
    """Those of some messages that are the card which a part is: what it says changes with the settings."""
    card = card_of(delivery.part)
    return [one for one in messages if card and card_shown(one) == card]


def _texts(
    messages: Sequence[discord.Message], text: str, answered: int | None, *, grows: bool
) -> list[discord.Message]:
    """Those of some messages that answer a message with a text, the first one and what equals it."""
    alike = [
        one for one in messages if _answered(one) == answered and (_related if grows else _same)(one.content, text)
    ]
    # Without a reference nothing says that two equal messages belong to one turn.
    same = [one for one in alike[1:] if answered is not None and _same(one.content, alike[0].content)]
    return alike[:1] + same


def _begun(messages: Sequence[discord.Message], delivery: Delivery, answered: int | None) -> list[discord.Message]:
    """Those of some messages that begin as a part did when it was planned, whatever it would say now.

    One that answers no message must also have been posted right after that.
    """
    beginning = delivery.begins.strip().rstrip(_UNFINISHED)
    until = delivery.created_at + LOOKED_FOR_AFTER + _CLOCKS
    begun = [one for one in messages if _answered(one) == answered and beginning and one.content.startswith(beginning)]
    return [one for one in begun if answered is not None or one.created_at < until]


def _same(one: str, other: str) -> bool:
    return one.strip() == other.strip()


def _related(one: str, other: str) -> bool:
    """Whether one text is a beginning of the other, but for how it ends while it grows."""
    shorter, longer = sorted((one.strip(), other.strip()), key=len)
    beginning = shorter.rstrip(_UNFINISHED)
    return _same(one, other) or (bool(beginning) and longer.startswith(beginning))
