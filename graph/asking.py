"""The cards of turns: shown, decided, and brought up to date, also after a restart."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog

from checkpoints.cards import Decision, Kind
from graph.deciding import FITTING, NEEDS_ENOUGH, Answer, Outcome
from graph.errors import SurfaceError, SurfaceUnreachable
from graph.state import fingerprint
from graph.turn import Turn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from checkpoints.cards import Approval
    from checkpoints.inbox import InboxRow
    from checkpoints.journal import Journal
    from checkpoints.keys import Conversation
    from graph.deciding import Person, Rules, Said
    from graph.state import Toolbox
    from graph.surface import Surfaces

log = structlog.get_logger()


class Asking:
    """Cards between the journal, which knows what waits and what was decided, and the surfaces that show them.

    Args:
        journal: The journal.
        surfaces: Where cards are shown.
        rules: Who may decide.
        on_unsettled: Called when a card could not be brought up to date for now.
    """

    def __init__(self, journal: Journal, surfaces: Surfaces, rules: Rules, on_unsettled: Callable[[], None]) -> None:
        self.rules = rules
        self._journal = journal
        self._surfaces = surfaces
        self._on_unsettled = on_unsettled

    async def decide(
        self,
        approval_id: str,
        decision: Decision,
        person: Person,
        reason: str | None = None,
        grant: tuple[Conversation, datetime] | None = None,
        reply_id: int | None = None,
    ) -> Outcome:
        """Take somebody's decision about a card.

        What runs something takes as many people as the terms say; each counts once, and whoever was allowed when they
        approved still counts when they are not any more: the card stood open to their word then. Whoever gives the
        last word must be allowed now. Anything else takes one person.

        Args:
            approval_id: The card.
            decision: What was said.
            person: Who said it.
            reason: Why, where it is refused.
            grant: Where, and until when, the tool then runs without asking.
            reply_id: The message that says it, where it is one that answers the card.
        """
        approval = await self._open_to(approval_id, person)
        if isinstance(approval, Outcome):
            return approval
        if decision not in FITTING[approval.kind]:
            return Outcome(Answer.NOT_ALLOWED, approval)
        if decision in NEEDS_ENOUGH:
            needed = self.rules.needed(approval)
            decided = await self._journal.approvals.approve(approval_id, decision, person.user_id, needed, grant)
        else:
            decided = await self._journal.approvals.decide(approval_id, decision, person.user_id, reason, reply_id)
        if decided is None:
            return await self._closed(approval_id)
        if decided.decision is None:
            log.info("approval_counted", **_named(decided), by=person.user_id)
            return Outcome(Answer.COUNTED, decided)
        _log_decided(decided)
        return Outcome(Answer.DECIDED, decided)

    async def remember(self, approval_id: str, conversation: Conversation, person: Person) -> Outcome:
        """Approve a card, and let its tool run without asking in this conversation for the minutes of its terms."""
        found = await self._journal.approvals.get(approval_id)
        minutes = self.rules.remember_minutes(found) if found else 0
        if found and found.decision is None and not minutes:
            return Outcome(Answer.NOT_ALLOWED, found)
        until = self._journal.now() + timedelta(minutes=minutes)
        outcome = await self.decide(approval_id, Decision.APPROVED, person, grant=(conversation, until))
        if outcome.answer is Answer.DECIDED and outcome.approval:
            log.info("tool_granted", **_named(outcome.approval), by=person.user_id, minutes=minutes)
        return outcome

    async def edit(self, approval_id: str, person: Person, arguments: dict[str, Any], toolbox: Toolbox) -> Outcome:
        """Put a card with other arguments in the place of an open one.

        The new card has the terms and the deadline of the old one: an edit neither loosens who decides nor buys time.

        Raises:
            ToolError: The arguments do not fit the tool or hold a secret, or it is not there any more.
        """
        found = await self._open_to(approval_id, person)
        if isinstance(found, Outcome):
            return found
        if found.kind != Kind.CALL:
            return Outcome(Answer.NOT_ALLOWED, found)
        toolbox.tool(found.tool, found.source)  # still there, and no other one
        toolbox.verdict(found.tool, arguments)  # could be asked about at all
        successor = replace(
            found, number=found.number + 1, arguments=arguments, fingerprint=fingerprint(found.tool, arguments)
        )
        former = await self._journal.approvals.edit(approval_id, successor, person.user_id)
        if former is None:
            return await self._closed(approval_id)
        _log_decided(former)
        await self.settle(former)
        return Outcome(Answer.DECIDED, successor)

    async def expire(self, ours: Callable[[Conversation], bool]) -> list[Conversation]:
        """Refuse the cards of our conversations whose deadline has passed; the conversations that go on after it."""
        going_on: list[Conversation] = []
        for card in await self._journal.approvals.due():
            row = await self._journal.inbox.get(card.turn_key)
            if row is None or not ours(row.conversation):
                continue
            expired = await self._journal.approvals.decide(card.id, Decision.EXPIRED, None)
            if expired:
                _log_decided(expired)
                going_on.append(row.conversation)
                await self.settle(expired)
        return going_on

    async def _open_to(self, approval_id: str, person: Person) -> Approval | Outcome:
        """The card, where somebody may decide it; else what to tell them. The rows decide once more."""
        approval = await self._journal.approvals.get(approval_id)
        if approval is None or approval.decision is not None:
            return Outcome(Answer.CLOSED, approval)
        if not self.rules.may_decide(approval, person):
            log.info("approval_by_a_stranger", **_named(approval), user=person.user_id)
            return Outcome(Answer.NOT_ALLOWED, approval)
        return approval

    async def _closed(self, approval_id: str) -> Outcome:
        return Outcome(Answer.CLOSED, await self._journal.approvals.get(approval_id))

    async def show(self, row: InboxRow, card: Approval) -> Sequence[Said]:
        """See that an open card of a turn is shown; what people said on it already.

        Raises:
            SurfaceError: It cannot be shown.
        """
        return await self._surfaces.open(Turn.from_payload(row.payload)).ask(card)

    async def show_count(self, row: InboxRow, card: Approval) -> None:
        """Show on an open card how many approve it by now.

        Raises:
            SurfaceUnreachable: It can be shown later.
        """
        try:
            await self._surfaces.open(Turn.from_payload(row.payload)).settle(card)
        except SurfaceUnreachable:
            raise
        except SurfaceError as error:
            log.warning("count_not_shown", turn=row.key, error=str(error))

    async def tell_those_behind(self, row: InboxRow, card: Approval) -> None:
        """Tell everybody whose turn waits behind a card that it does.

        Raises:
            SurfaceUnreachable: They can be told later.
        """
        for waiting in await self._journal.inbox.behind(row.key, row.conversation):
            surface = self._surfaces.open(Turn.from_payload(waiting.payload))
            try:
                await surface.behind_card(card)
            except SurfaceUnreachable:
                raise
            except SurfaceError as error:
                log.warning("notice_not_shown", turn=waiting.key, error=str(error))

    async def withdraw(self, turn_key: str, by: int | None) -> None:
        """Take back the open cards of a turn that is being closed, by a person or by nobody."""
        for approval in await self._journal.approvals.withdraw(turn_key, by):
            await self.settle(approval)

    async def settle(self, approval: Approval) -> bool:
        """Show on a card what became of it; the decision stands whether or not the card can be changed now.

        Returns:
            Whether there is nothing left to show; False when it can be shown later.
        """
        row = await self._journal.inbox.get(approval.turn_key)
        if row is None:
            return True
        try:
            await self._surfaces.open(Turn.from_payload(row.payload)).settle(approval)
        except SurfaceUnreachable as error:
            log.warning("card_not_settled", turn=approval.turn_key, error=str(error))
            self._on_unsettled()
            return False
        except SurfaceError as error:
            log.warning("card_not_settled", turn=approval.turn_key, error=str(error))
        await self._journal.approvals.settled(approval)
        return True

    async def settle_all(self, ours: Callable[[Conversation], bool]) -> bool:
        """Bring every card of our conversations up to date whose decision was never shown (a crash, an outage).

        Returns:
            Whether there is nothing left to show.
        """
        done = True
        for approval in await self._journal.approvals.unsettled():
            row = await self._journal.inbox.get(approval.turn_key)
            if row and ours(row.conversation):
                done = await self.settle(approval) and done
        return done


def _log_decided(approval: Approval) -> None:
    log.info("approval_decided", **_named(approval), decision=approval.decision, by=approval.decided_by)


def _named(approval: Approval) -> dict[str, str]:
    return {"turn": approval.turn_key, "tool": approval.tool, "fingerprint": approval.fingerprint}
