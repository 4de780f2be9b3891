"""The turn engine: claims turns, runs them one at a time for each conversation, and goes on after a restart."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog

from checkpoints.inbox import DELETED, LIMITED, InboxState
from checkpoints.keys import asked_at
from checkpoints.outages import when_back
from graph.advancing import Advancing
from graph.asking import Asking
from graph.deciding import Answer, Outcome, Person, Rules, Said
from graph.errors import PlaceGone, SurfaceError, SurfaceUnreachable
from graph.explaining import explain
from graph.rates import Admission
from graph.turn import Closing, Turn
from graph.workers import HeldElsewhere, Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from checkpoints.cards import Approval, Decision
    from checkpoints.claims import Claims
    from checkpoints.inbox import InboxRow
    from checkpoints.journal import Journal
    from checkpoints.keys import Conversation
    from graph.advancing import Contexts
    from graph.build import Conversations
    from graph.conversation_settings import ConversationSettings
    from graph.inputs import Inputs
    from graph.rates import Rates
    from graph.surface import Surfaces

log = structlog.get_logger()

_NO_CARD = Closing("failed", "I was not allowed to post the question about a tool, so I left this.")
_STOPPED = Closing("stopped", "Stopped.")
_GONE = Closing("gone", "The place where you asked this is gone, so I left it unfinished.")
_SET_ASIDE = Closing("set-aside", "Set aside: what waited for you above was not run.")

# Discord's events come within seconds; what is older was not heard when it was written.
_LATE = timedelta(minutes=1)


class TurnEngine(Workers):
    """Runs turns: takes what people ask, decide and want ended, and lets the workers see to it.

    What is to be done stands in the journal alone. A worker for each conversation looks there, takes the oldest turn
    that is not closed as far as it goes, and ends when nothing is left or a card waits; whatever changes the journal
    pokes it. So a restart is nothing but a poke for every conversation that has something left.
    """

    def __init__(
        self,
        graph: Conversations,
        journal: Journal,
        contexts: Contexts,
        surfaces: Surfaces,
        inputs: Inputs | None = None,
        *,
        claims: Claims,
        conversations: ConversationSettings | None = None,
        rates: Rates | None = None,
        ours: Callable[[Conversation], bool] = lambda _: True,
        rules: Rules | None = None,
        retry_after: float = 15.0,
        sweep_every: float | None = None,
    ) -> None:
        """Put an engine together; nothing runs before it is entered.

        Args:
            graph: The graph.
            journal: The journal.
            contexts: Gives a run what it needs from outside.
            surfaces: Where turns are shown.
            inputs: Reads what the model is given of a turn; without it, its words alone.
            claims: The conversations that this process works on.
            conversations: What becomes of messages that come while a turn runs; without it, they wait in order.
            rates: Says which turns may be taken; without it, all.
            ours: Which conversations are shown there; what others left unfinished is not touched.
            rules: Who may decide about the calls that wait; unless given, the person who asked.
            retry_after: Seconds until a conversation is looked at again after a fault that is not its own.
            sweep_every: Seconds between two looks for what nobody works on and for cards whose deadline has passed;
                as often as the lease is renewed unless given.
        """
        super().__init__(journal, claims, ours=ours, retry_after=retry_after, sweep_every=sweep_every)
        self._graph = graph
        self._asking = Asking(journal, surfaces, rules or Rules(), self._settle_later)
        self._advancing = Advancing(graph, journal, contexts, surfaces, self._asking, inputs, conversations)
        self._rates = rates
        # Fair: messages are claimed in the order in which they came, whichever transaction would have been faster.
        self._claiming = asyncio.Lock()

    async def accept(self, turn: Turn, *, begin: bool = True) -> bool:
        """Claim a turn and see to it that it runs; False when it was claimed before, or is not to be taken.

        One that is over a limit is claimed too, with what is to be said of it, so that it is answered once.

        Args:
            turn: The turn.
            begin: Whether it may begin at once; else `begin` is called when it may.
        """
        async with self._claiming:
            # Whether or not it is new, it is looked after below: the answer to the first attempt may have been lost.
            claimed = await when_back(lambda: self._claim(turn))
        if begin:
            self._poke(turn.conversation, late=self._is_late(turn))
        return claimed

    def _is_late(self, turn: Turn) -> bool:
        """Whether a turn was asked for a while ago: it was missed, and found now."""
        at = asked_at(turn.key)
        return at is not None and self._journal.now() - at > _LATE

    async def _claim(self, turn: Turn) -> bool:
        """Claim a turn, on the terms that its limits leave; nobody else claims between the look and the claim."""
        admission = await self._rates.admit(turn) if self._rates else Admission()
        return admission.taken and await self._journal.inbox.claim(
            turn.key,
            turn.conversation,
            turn.payload(),
            user_id=turn.user_id,
            channel_id=turn.channel_id,
            at=asked_at(turn.key),
            limited=admission.limited,
            closing=str(admission.closing) if admission.closing else None,
        )

    async def begin(self, turn: Turn) -> None:
        """Let a claimed turn begin, as it is now."""
        await self.amend(turn)
        self._poke(turn.conversation)

    async def amend(self, turn: Turn) -> None:
        """Take a turn as it is now, if it has not begun: its message was edited."""
        async with self._claiming:  # behind its own claim, which may wait for the database
            await when_back(lambda: self._journal.inbox.amend(turn.key, turn.payload()))

    async def withdraw(self, key: str) -> None:
        """Leave a turn alone that has not begun: its message was deleted."""
        async with self._claiming:
            if await when_back(lambda: self._journal.inbox.withdraw(key)):
                log.info("turn_closed", turn=key, outcome=DELETED)

    async def silenced(self, turn: Turn) -> bool:
        """Whether a claimed turn was over a limit that its person had been told of, so that nothing is said of it."""
        row = await self._journal.inbox.get(turn.key)
        return row is not None and row.outcome == LIMITED and row.closing is None

    async def close_place(self, detail: str, *, guild_id: int | None = None, channel_id: int | None = None) -> None:
        """Close every open turn of a place that is gone: open calls are answered, cards withdrawn, people told.

        Args:
            detail: What happened to it, for the audit.
            guild_id: The guild.
            channel_id: Or the channel.
        """
        rows = await when_back(
            lambda: self._journal.inbox.close_place(str(_GONE), detail, guild_id=guild_id, channel_id=channel_id)
        )
        for row in rows:
            log.info("place_gone", turn=row.key, detail=detail)
            running = self._running.get(row.conversation)
            if running and row.state != InboxState.WAITING:
                running.task.cancel()
            self._poke(row.conversation)

    async def conversations(self) -> list[Conversation]:
        """Every conversation of ours in which something is unfinished."""
        return list(filter(self._ours, await self._journal.inbox.unfinished()))

    async def recover(self) -> None:
        """Go on with everything that was left unfinished: by a former process, or while Discord was away.

        From the first time on it is looked for again and again; not before, when what waits may have been taken back.
        """
        self._keep_sweeping()
        for conversation in await self.conversations():
            self._poke(conversation, late=True)
        await self.expire()
        await self._asking.settle_all(self._ours)

    async def decide(
        self,
        approval_id: str,
        decision: Decision,
        person: Person,
        reason: str | None = None,
        reply_id: int | None = None,
    ) -> Outcome:
        """Take somebody's decision about a card. The last card of a model's message resumes the turn.

        Args:
            approval_id: The card.
            decision: One that fits the card's kind; another changes nothing.
            person: Who decides, as they are now.
            reason: Why, for the model, where they refuse.
            reply_id: The message in which they do, where it answers the card.
        """
        outcome = await self._asking.decide(approval_id, decision, person, reason, reply_id=reply_id)
        return await self._decided(outcome)

    async def remember(self, approval_id: str, person: Person) -> Outcome:
        """Approve a card, and run its tool without asking in this conversation, where and as long as the terms say."""
        if row := await self._row_of(approval_id):
            return await self._decided(await self._asking.remember(approval_id, row.conversation, person))
        return Outcome(Answer.CLOSED, None)

    async def edit(self, approval_id: str, person: Person, arguments: dict[str, Any]) -> Outcome:
        """Put a card with other arguments in the place of an open one; the outcome has the new one, which is shown.

        Raises:
            ToolError: They do not fit the tool or hold a secret.
        """
        row = await self._row_of(approval_id)
        if row is None:
            return Outcome(Answer.CLOSED, None)
        toolbox = (await self._advancing.context(Turn.from_payload(row.payload))).toolbox
        try:
            return await self._asking.edit(approval_id, person, arguments, toolbox)
        finally:
            self._poke(row.conversation)

    def may_decide(self, approval: Approval, person: Person) -> bool:
        """Whether somebody, as they are now, may decide a card."""
        return self._asking.rules.may_decide(approval, person)

    def applied(self, approval: Approval) -> Approval:
        """A card with the terms that count now."""
        return self._asking.rules.applied(approval)

    async def explain(self, approval_id: str) -> str:
        """What the model says about a call that waits; asked beside the conversation, which is not touched.

        Raises:
            ModelError: The model gave no usable answer.
        """
        approval = await self._journal.approvals.get(approval_id)
        row = await self._row_of(approval_id)
        if approval is None or row is None:
            return "This question is not there any more."
        turn = Turn.from_payload(row.payload)
        thread_id = await self._advancing.thread_of(turn)
        return await explain(self._graph, thread_id, await self._advancing.context(turn), approval)

    async def open_approvals(self) -> list[Approval]:
        """Every card that waits for a person in a conversation of ours."""
        cards = await self._journal.approvals.open()
        rows = {key: await self._journal.inbox.get(key) for key in {card.turn_key for card in cards}}
        return [card for card in cards if (row := rows[card.turn_key]) and self._ours(row.conversation)]

    async def stop(self, conversation: Conversation, turn_key: str | None = None, *, by: int | None = None) -> bool:
        """End the turn that runs or waits in a conversation, without another model call; False when there is none.

        Args:
            conversation: The conversation.
            turn_key: The turn that is meant, if it is not whichever runs: it may be over, and another one begun.
            by: The person who says so.
        """
        row = await self._journal.inbox.head(conversation)
        if row is None or row.state == InboxState.WAITING or turn_key not in (None, row.key):
            return False
        try:
            async with self.halted(conversation, replace(_STOPPED, by=by), only=row.key):
                return True
        except HeldElsewhere as error:
            # Whoever works on it ends it: that it is to be closed stands in its row.
            log.info("stopped_elsewhere", turn=row.key, error=str(error))
            return True

    async def ask_again(self, conversation: Conversation, *, by: int) -> list[str]:
        """Take back that tools run without asking in a conversation; which ones did until now, as server/tool.

        Args:
            conversation: The conversation.
            by: The person who says so.
        """
        sources = await self._journal.grants.take_back(conversation, by)
        if sources:
            log.info("grants_taken_back", conversation=str(conversation), tools=sources, by=by)
        return sources

    async def expire(self) -> None:
        """Refuse the cards whose deadline has passed; what waited for them goes on."""
        for conversation in await self._asking.expire(self._ours):
            self._poke(conversation)

    async def _decided(self, outcome: Outcome) -> Outcome:
        """Let the turn of a card go on that was decided, and show the decision."""
        if outcome.answer is Answer.DECIDED and outcome.approval:
            if row := await self._journal.inbox.get(outcome.approval.turn_key):
                self._poke(row.conversation)
            await self._asking.settle(outcome.approval)
        return outcome

    async def _row_of(self, approval_id: str) -> InboxRow | None:
        approval = await self._journal.approvals.get(approval_id)
        return await self._journal.inbox.get(approval.turn_key) if approval else None

    async def show_again(self, turn_key: str) -> None:
        """See that the cards of a turn are shown: one was deleted."""
        if row := await self._journal.inbox.get(turn_key):
            self._poke(row.conversation)

    async def set_aside(self, conversation: Conversation, behind: str | None = None, *, by: int | None = None) -> None:
        """Go on without the cards that a conversation waits for: their calls are refused, the next turn begins.

        Args:
            conversation: The conversation.
            behind: The turn that is to go on; once it has come to its own cards, those are not meant.
            by: The person who says so.
        """
        row = await self._journal.inbox.head(conversation)
        if row and row.key != behind and await self._journal.inbox.set_aside(row.key, str(replace(_SET_ASIDE, by=by))):
            self._poke(conversation)

    async def _hold(self, row: InboxRow, cards: list[Approval]) -> None:
        """See that the cards a turn waits for are shown, and tell those who wait behind them."""
        try:
            for card in cards:
                # Each before the next one is read: what was said on it may be taken back meanwhile.
                await self._count(row, card, await self._asking.show(row, card))
        except SurfaceUnreachable:
            raise
        except PlaceGone as error:
            await self.close_place(str(error), channel_id=row.conversation.channel_id)
            return
        except SurfaceError as error:
            log.warning("card_not_shown", turn=row.key, error=str(error))
            await self._journal.inbox.give_up(row, str(_NO_CARD))
            self._poke(row.conversation)
            return
        await self._asking.tell_those_behind(row, cards[0])

    async def _count(self, row: InboxRow, card: Approval, said: Sequence[Said]) -> None:
        """Count what people said on a card while nobody listened, where it still stands."""
        for one in said:
            if not one.stands():
                continue
            outcome = await self.decide(card.id, one.decision, one.person, one.reason, one.reply_id)
            if outcome.answer is Answer.COUNTED:
                await self._asking.show_count(row, card)
