"""What happens to our messages: reactions and replies that decide, and the deletion of a card that waits."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import discord
import structlog

from checkpoints.inbox import InboxState
from checkpoints.keys import turn_key
from checkpoints.outages import when_back
from discord_adapter.choices import (
    AGAIN,
    APPROVE,
    DECISIONS,
    EXPLAIN,
    GO_ON,
    REFUSALS,
    REFUSE,
    STOP,
    plain_emoji,
    verb_of,
)
from discord_adapter.parts import BEHIND, GROWING, card_of
from discord_adapter.people import may_manage_messages, person_of
from discord_adapter.written import reply_of
from graph.deciding import NEEDS_ENOUGH, Answer, Person
from graph.turn import Turn

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from checkpoints.cards import Approval
    from checkpoints.deliveries import Delivery
    from checkpoints.journal import Journal
    from discord_adapter.choosing import Choosing
    from discord_adapter.outbox import Outbox
    from discord_adapter.standing import Admits
    from graph.turns import TurnEngine

log = structlog.get_logger()

_MEANT = frozenset(map(plain_emoji, (APPROVE, REFUSE, AGAIN, EXPLAIN, GO_ON, STOP)))


async def _everybody() -> bool:
    return True


class Reactions:
    """Takes what is done to messages; the journal knows which of them mean something.

    While the database is away what was done waits for it; a reaction that is taken away meanwhile was never there.

    Args:
        client: Knows who may do what in which channel.
        engine: Decides, and stops turns.
        journal: Has the cards, and which message is what.
        outbox: Takes reactions off.
        choosing: Does what was chosen.
        admits: Whether what somebody says on a card may count at all; without it, everybody's may.
    """

    def __init__(
        self,
        client: discord.Client,
        engine: TurnEngine,
        journal: Journal,
        outbox: Outbox,
        choosing: Choosing,
        admits: Admits | None = None,
    ) -> None:
        self._client = client
        self._engine = engine
        self._journal = journal
        self._outbox = outbox
        self._choosing = choosing
        self._admits = admits

    async def added(
        self, payload: discord.RawReactionActionEvent, may_react: Callable[[], Awaitable[bool]] = _everybody
    ) -> None:
        """A reaction was added to some message, ours or not, new or from before the start.

        Args:
            payload: The reaction.
            may_react: Whether whoever it is may change anything by it, asked where it could.
        """
        emoji = plain_emoji(str(payload.emoji))
        if emoji not in _MEANT:
            return
        # Of this one: another one of the same person, made when this was taken away, has a watch of its own.
        watch = self._outbox.watches.begin(payload.message_id)

        async def if_it_stands() -> None:
            if watch.stands(payload.user_id, emoji):
                await self._added(payload, emoji, may_react, partial(watch.surely_stands, payload.user_id, emoji))

        await when_back(if_it_stands)

    async def _added(
        self,
        payload: discord.RawReactionActionEvent,
        emoji: str,
        may_react: Callable[[], Awaitable[bool]],
        stands: Callable[[], bool],
    ) -> None:
        async with self._outbox.nothing_half_posted(payload.channel_id):
            delivery = await self._journal.deliveries.by_message(payload.message_id)
        if delivery is None:
            return
        if not await may_react():
            return
        if approval_id := card_of(delivery.part):
            await self._on_card(approval_id, payload, stands)
        elif emoji == plain_emoji(GO_ON) and delivery.part == BEHIND:
            await self._go_on(delivery, payload.user_id)
        elif emoji == STOP and delivery.part.partition(":")[0] in GROWING:
            await self._stop(delivery, payload)

    def session_began(self) -> None:
        """A session of the gateway began: what was done on cards before it was not heard."""
        self._choosing.session_began()

    async def removed(self, payload: discord.RawReactionActionEvent) -> None:
        """A reaction was taken away: an approval that was only counted does not count any more."""
        self._outbox.watches.taken_off(payload.message_id, payload.user_id, plain_emoji(str(payload.emoji)))
        await when_back(lambda: self._taken_back(payload.message_id, str(payload.emoji), payload.user_id))

    async def cleared(self, message_id: int, emoji: str | None = None) -> None:
        """All reactions, or all of an emoji, were taken off a message."""
        self._outbox.watches.taken_off(message_id, emoji=None if emoji is None else plain_emoji(emoji))
        await when_back(lambda: self._taken_back(message_id, emoji))

    async def _taken_back(self, message_id: int, emoji: str | None, user_id: int | None = None) -> None:
        plain = None if emoji is None else plain_emoji(emoji)
        approval = await self._open_card(message_id) if plain is None or plain in _MEANT else None
        if approval is None:
            return
        for person, made in await self._journal.approvals.disregarded(approval.id):
            if user_id in (None, person) and plain in (None, made):
                await self._journal.approvals.regard(approval, person, made)
        verb = verb_of(plain, approval) if plain else None
        if plain is None or (verb and DECISIONS.get(verb) in NEEDS_ENOUGH):
            await self._choosing.take_back(approval, user_id)

    async def replied(self, message: discord.Message) -> bool:
        """Take a message that answers an open card as a refusal with that reason, from somebody who may decide it.

        It may be told again (a reconnect, a restart), with other words: what it was at first, it is.

        Returns:
            Whether it was one; then it asks for nothing else.

        Raises:
            SurfaceUnreachable: It cannot be read now who its author is; nothing was done.
        """
        reply = reply_of(message, self._client.user) if self._client.user else None
        approval = await self._card(reply.answers) if reply else None
        if reply is None or approval is None:
            return False
        if approval.decision is not None:
            return approval.reply_id == reply.message_id
        if not reply.words or await self._journal.inbox.get(turn_key("message", reply.message_id)):
            return False
        person = await self._author(message)
        if person is None or not self._engine.may_decide(approval, person) or not await self._heard(message):
            return False
        told = await self._choosing.decide(approval, REFUSALS[approval.kind], person, reply.words, reply.message_id)
        if told.answer is Answer.CLOSED:
            # At this very moment; perhaps by another process that was told of this message as well.
            approval = await self._journal.approvals.get(approval.id)
            return approval is not None and approval.reply_id == reply.message_id
        return told.answer is Answer.DECIDED

    async def _author(self, message: discord.Message) -> Person | None:
        """Who wrote a message, as they are now; None for somebody who has left. The history does not tell of roles."""
        if message.guild is None or isinstance(message.author, discord.Member):
            return person_of(message.author)
        return await self._outbox.people.find(message.guild.id, message.author.id)

    async def _heard(self, message: discord.Message) -> bool:
        """Whether its author is heard at all: whoever a list denies is not."""
        guild_id = message.guild.id if message.guild else None
        return self._admits is None or await self._admits(message.author, guild_id, message.channel.id)

    async def deleted(self, message_ids: Iterable[int]) -> None:
        """Messages were deleted: a card among them that still waits is posted anew."""
        for message_id in message_ids:
            await when_back(partial(self._deleted, message_id))

    async def _deleted(self, message_id: int) -> None:
        if approval := await self._open_card(message_id):
            await self._engine.show_again(approval.turn_key)

    async def _on_card(
        self, approval_id: str, payload: discord.RawReactionActionEvent, stands: Callable[[], bool]
    ) -> None:
        approval = await self._journal.approvals.get(approval_id)
        if approval is None or approval.decision is not None:
            return
        verb = verb_of(str(payload.emoji), approval)
        person = await self._person(payload) if verb else None
        if verb is None or person is None:
            return
        told = await self._choosing.choose(approval, verb, person, stands)
        if told.answer is Answer.NOT_ALLOWED:
            log.info("reaction_by_a_stranger", turn=approval.turn_key, tool=approval.tool, user=person.user_id)
            if DECISIONS.get(verb) in NEEDS_ENOUGH and person.user_id in await self._journal.approvals.votes(
                approval.id
            ):
                return  # taken off, it would take back an approval that counts on
            emoji = str(payload.emoji)
            place = payload.channel_id, payload.message_id
            off = await self._outbox.reacting.take_off(*place, emoji, payload.user_id)
            if verb in DECISIONS and not off and stands():
                await self._journal.approvals.disregard(approval, payload.user_id, plain_emoji(emoji))

    async def _person(self, payload: discord.RawReactionActionEvent) -> Person | None:
        """Who reacted, as they are now; None for somebody who has left."""
        if payload.member is not None:
            return person_of(payload.member)
        return await self._outbox.people.find(payload.guild_id, payload.user_id)

    async def _go_on(self, delivery: Delivery, user_id: int) -> None:
        row = await self._journal.inbox.get(delivery.turn_key)
        if row and Turn.from_payload(row.payload).user_id == user_id:
            await self._engine.set_aside(row.conversation, behind=row.key, by=user_id)

    async def _stop(self, delivery: Delivery, payload: discord.RawReactionActionEvent) -> None:
        """Stop the turn whose answer is being written: its requester may, and who manages messages there."""
        row = await self._journal.inbox.get(delivery.turn_key)
        if row is None or row.state is InboxState.CLOSED or (payload.member is not None and payload.member.bot):
            return
        asked = Turn.from_payload(row.payload).user_id == payload.user_id
        member = payload.member
        if asked or (member is not None and may_manage_messages(self._client, payload.channel_id, member)):
            await self._engine.stop(row.conversation, row.key, by=payload.user_id)
            log.info("turn_stopped", turn=row.key, by=payload.user_id)

    async def _open_card(self, message_id: int) -> Approval | None:
        """The card that a message is, if it waits."""
        approval = await self._card(message_id)
        return approval if approval and approval.decision is None else None

    async def _card(self, message_id: int) -> Approval | None:
        """The card that a message is."""
        delivery = await self._journal.deliveries.by_message(message_id)
        approval_id = card_of(delivery.part) if delivery else None
        return await self._journal.approvals.get(approval_id) if approval_id else None
