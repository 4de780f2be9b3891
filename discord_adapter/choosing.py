"""Does what a person chose on a card, by whichever way they said it: a reaction, a button, a reply."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import discord
import structlog

from checkpoints.cards import Decision
from discord_adapter.cards import who_decides
from discord_adapter.choices import DECISIONS, EXPLAIN, Verb
from discord_adapter.content import Content
from discord_adapter.plain import inline
from discord_adapter.text.links import with_true_hosts
from discord_adapter.text.splitting import MESSAGE_LIMIT, split
from graph.deciding import NEEDS_ENOUGH, Answer
from graph.errors import ModelError, SurfaceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from checkpoints.cards import Approval
    from checkpoints.deliveries import Delivery
    from checkpoints.journal import Journal
    from discord_adapter.card_messages import CardMessages
    from discord_adapter.outbox import Outbox
    from graph.deciding import Person
    from graph.turns import TurnEngine

log = structlog.get_logger()

CLOSED = "This is decided already."
TAKEN_BACK = "This was taken back."
_NAME_ROOM = 100

# Seconds until the model is asked again about a card that it could not explain: each time costs a call, and no limit
# counts it.
_PAUSE = 60.0

_CUT = "\n…"


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a choice.

    Attributes:
        answer: What the engine says.
        sentence: What the person is told where only they see it.
    """

    answer: Answer
    sentence: str


class Choosing:
    """Carries choices to the engine and shows on the card what they changed.

    Args:
        engine: Decides, and knows who may.
        journal: Has the cards.
        outbox: Posts explanations.
        cards: Where the cards are shown.
        clock: Gives seconds that only grow.
    """

    def __init__(
        self,
        engine: TurnEngine,
        journal: Journal,
        outbox: Outbox,
        cards: CardMessages,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._journal = journal
        self._outbox = outbox
        self._cards = cards
        self._clock = clock
        self._explaining: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        # About which cards the model was asked lately, and when.
        self._asked: dict[str, float] = {}

    def session_began(self) -> None:
        """A session of the gateway began: what was done on cards before it was not heard."""
        self._cards.session_began()

    async def choose(
        self, approval: Approval, verb: Verb, person: Person, stands: Callable[[], bool] = lambda: True
    ) -> Told:
        """Do what a verb stands for, if this person may.

        Args:
            approval: The card.
            verb: What was chosen.
            person: Who chose it.
            stands: Whether it was not taken back; asked right before it counts.

        Raises:
            SurfaceUnreachable: What was said before cannot be read now, so nothing was done.
        """
        if verb in DECISIONS:
            return await self.decide(approval, DECISIONS[verb], person, stands=stands)
        if verb is Verb.REMEMBER:
            await self._hear_others_first(approval)
            if not stands():
                return Told(Answer.CLOSED, TAKEN_BACK)
            outcome = await self._engine.remember(approval.id, person)
            return await self._told(approval, outcome.answer, Decision.APPROVED)
        if verb is Verb.EXPLAIN:
            return await self._explain(approval, person)
        raise ValueError(f"{verb} is no choice by itself")

    async def press(self, approval: Approval, verb: Verb, person: Person) -> Told:
        """Do what a button stands for, if this person may."""
        counts = DECISIONS.get(verb) in NEEDS_ENOUGH and self._engine.applied(approval).terms.approvals > 1
        if counts and self._engine.may_decide(approval, person):
            # Before it counts: else a look at the reactions in between would take it back.
            await self._journal.approvals.pressed(approval, person.user_id)
        return await self.choose(approval, verb, person)

    async def stands_in(self, approval: Approval, message_id: int) -> None:
        """Learn in which message a card stands: its own note may have been lost, and a decision before it could be."""
        if await self._cards.stands_in(approval, message_id) and approval.decision is not None:
            await self._refresh(approval)

    async def decide(
        self,
        approval: Approval,
        decision: Decision,
        person: Person,
        reason: str | None = None,
        reply_id: int | None = None,
        stands: Callable[[], bool] = lambda: True,
    ) -> Told:
        """Decide a card, or count this person among those who approve it.

        Raises:
            SurfaceUnreachable: As in `choose`.
        """
        if decision in NEEDS_ENOUGH:
            await self._hear_others_first(approval)
        if not stands():
            return Told(Answer.CLOSED, TAKEN_BACK)
        outcome = await self._engine.decide(approval.id, decision, person, reason, reply_id)
        return await self._told(approval, outcome.answer, decision)

    async def _hear_others_first(self, approval: Approval) -> None:
        """Before something may run: what was refused, or taken back, on this card while nobody listened."""
        row = await self._journal.inbox.get(approval.turn_key)
        for said in await self._cards.unheard(approval, row.conversation.guild_id if row else None):
            if said.decision not in NEEDS_ENOUGH and said.stands():
                await self._engine.decide(approval.id, said.decision, said.person, said.reason, said.reply_id)

    async def take_back(self, approval: Approval, user_id: int | None = None) -> None:
        """Count a person no longer among those who approve an open card, or everybody whose reaction stood for it."""
        voters = await self._journal.approvals.votes(approval.id)
        if user_id is None:
            pressers = await self._journal.approvals.pressers(approval.id)
            gone = [one for one in voters if one not in pressers]
        else:
            gone = [one for one in voters if one == user_id]
        for one in gone:
            await self._journal.approvals.unvote(approval.id, one)
        if gone:
            await self._refresh(approval)

    async def _told(self, approval: Approval, answer: Answer, decision: Decision) -> Told:
        approval = self._engine.applied(approval)
        match answer:
            case Answer.DECIDED:
                sentence = f"{decision.words.capitalize()}: {inline(approval.tool, _NAME_ROOM)}."
            case Answer.COUNTED:
                await self._refresh(approval)
                missing = approval.terms.approvals - len(await self._journal.approvals.votes(approval.id))
                sentence = f"Counted; {missing} more {'approval is' if missing == 1 else 'approvals are'} needed."
            case Answer.NOT_ALLOWED:
                sentence = f"You may not decide this: {who_decides(approval)}."
            case Answer.CLOSED:
                sentence = CLOSED
        return Told(answer, sentence)

    async def _refresh(self, approval: Approval) -> None:
        """Show how many approve; it may have been decided meanwhile, and then that is shown."""
        try:
            await self._cards.refresh(approval)
        except SurfaceError as error:
            log.warning("card_not_refreshed", turn=approval.turn_key, error=str(error))

    async def _explain(self, approval: Approval, person: Person) -> Told:
        """Let the model say what a call is for, below the card, once; it costs a call, so not everybody may."""
        if not self._engine.may_decide(approval, person) and person.user_id != approval.requester_id:
            return Told(Answer.NOT_ALLOWED, f"You may not ask about this: {who_decides(approval)}.")
        lock = self._explaining.setdefault(approval.id, asyncio.Lock())
        if lock.locked():
            return Told(Answer.CLOSED, "It is being explained below the card.")
        async with lock:
            delivery = await self._outbox.plan(approval.turn_key, f"explain:{approval.id}", approval.channel_id)
            if delivery.final:
                return Told(Answer.CLOSED, "It is explained below the card already.")
            if self._asked_lately(approval):
                return Told(Answer.CLOSED, "That did not work just now; please ask again in a minute.")
            try:
                # Whole: a secret that is cut in half would not be found.
                text = with_true_hosts(self._outbox.redact(await self._engine.explain(approval.id)))
            except ModelError as error:
                log.warning("card_not_explained", turn=approval.turn_key, fault=error.fault, detail=error.detail)
                await self._say(approval, delivery, error.sentence, final=False)
                return Told(Answer.DECIDED, error.sentence)
            about = f"-# {EXPLAIN} What the model says about {inline(approval.tool, _NAME_ROOM)}; it may be wrong."
            await self._say(approval, delivery, _as_one_message(f"{about}\n{text}"), final=True)
        return Told(Answer.DECIDED, "It is explained below the card.")

    def _asked_lately(self, approval: Approval) -> bool:
        """Whether the model was asked about a card within the pause; if not, it counts as asked now."""
        now = self._clock()
        self._asked = {one: at for one, at in self._asked.items() if now - at < _PAUSE}
        lately = approval.id in self._asked
        self._asked.setdefault(approval.id, now)
        return lately

    async def _say(self, approval: Approval, delivery: Delivery, text: str, *, final: bool) -> None:
        """Post a text as an answer to a card."""
        card = await self._cards.current(approval)
        reference = None
        if card.message_id is not None:
            reference = discord.MessageReference(
                message_id=card.message_id, channel_id=card.channel_id, fail_if_not_exists=False
            )
        await self._outbox.show(delivery, lambda: Content(text), final=final, reply_to=reference)


def _as_one_message(text: str) -> str:
    """A text, cut where it is too long for a message."""
    whole, *more = split(text)
    return f"{split(text, MESSAGE_LIMIT - len(_CUT))[0]}{_CUT}" if more else whole
