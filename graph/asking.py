"""The cards of turns: shown, decided, and brought up to date, also after a restart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from graph.errors import SurfaceError, SurfaceUnreachable
from graph.turn import Turn

if TYPE_CHECKING:
    from collections.abc import Callable

    from checkpoints.approvals import Approval, Decision
    from checkpoints.inbox import InboxRow
    from checkpoints.journal import Journal
    from checkpoints.keys import Conversation
    from graph.surface import Surfaces

log = structlog.get_logger()


class Asking:
    """Cards between the journal, which knows what waits and what was decided, and the surfaces that show them.

    Args:
        journal: The journal.
        surfaces: Where cards are shown.
        on_unsettled: Called when a card could not be brought up to date for now.
    """

    def __init__(self, journal: Journal, surfaces: Surfaces, on_unsettled: Callable[[], None]) -> None:
        self._journal = journal
        self._surfaces = surfaces
        self._on_unsettled = on_unsettled

    async def decide(self, interrupt_id: str, call_id: str, decision: Decision, decided_by: int) -> Approval | None:
        """Decide a card; None when it is decided already."""
        approval = await self._journal.approvals.decide(interrupt_id, call_id, decision, decided_by)
        if approval:
            log.info(
                "approval_decided",
                turn=approval.turn_key,
                tool=approval.tool,
                fingerprint=approval.fingerprint,
                decision=decision,
                by=decided_by,
            )
        return approval

    async def show(self, row: InboxRow, cards: list[Approval]) -> list[tuple[Approval, Decision]]:
        """See that the open cards of a turn are shown; the decisions that stand on them already.

        Raises:
            SurfaceError: They cannot be shown.
        """
        surface = self._surfaces.open(Turn.from_payload(row.payload))
        standing = [(card, await surface.ask(card)) for card in cards]
        return [(card, decision) for card, decision in standing if decision]

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

    async def withdraw(self, turn_key: str) -> None:
        """Take back the open cards of a turn that is being closed."""
        for approval in await self._journal.approvals.withdraw(turn_key):
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
