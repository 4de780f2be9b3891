"""What people decided about the calls of a turn, as the graph is given it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from checkpoints.cards import Kind
from graph.state import Decided

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from checkpoints.cards import Approval
    from graph.events import ApprovalNeeded


@dataclass(frozen=True, slots=True)
class Decisions:
    """What was decided, for each interrupt whose cards are all decided.

    Attributes:
        by_interrupt: What the interrupt is given: for calls to be approved by call id, for one in doubt by the number
            of the run, as text.
        call_ids: The calls that were asked about.
    """

    by_interrupt: Mapping[str, Mapping[str, Decided]] = field(default_factory=dict[str, dict[str, Decided]])
    call_ids: frozenset[str] = frozenset()

    @classmethod
    def of(cls, cards: Sequence[Approval]) -> Decisions:
        """What the cards of a turn say.

        Of the cards of a call that waits the newest counts: those before it were replaced when the arguments were
        edited. Of a call in doubt each is about a run of its own.
        """
        by_interrupt: dict[str, dict[str, Approval]] = {}
        for card in sorted(cards, key=lambda card: card.number):
            key = card.call_id if card.kind == Kind.CALL else str(card.number)
            by_interrupt.setdefault(card.interrupt_id, {})[key] = card
        complete = {
            interrupt_id: asked
            for interrupt_id, asked in by_interrupt.items()
            if all(card.decision for card in asked.values())
        }
        return cls(
            {one: {key: _decided(card) for key, card in asked.items()} for one, asked in complete.items()},
            frozenset(card.call_id for asked in complete.values() for card in asked.values()),
        )

    def covers(self, interrupt_id: str, waiting: ApprovalNeeded) -> bool:
        """Whether all that an interrupt asks is decided."""
        asked = {call["id"] for call in waiting.calls.get(interrupt_id, ())}
        if doubt := waiting.doubts.get(interrupt_id):
            asked.add(str(doubt["run"]))
        decided = self.by_interrupt.get(interrupt_id)
        return decided is not None and asked <= decided.keys()


def _decided(card: Approval) -> Decided:
    decided = Decided(decision=str(card.decision), fingerprint=card.fingerprint)
    if card.number and card.kind == Kind.CALL:
        decided["arguments"] = card.arguments
    if card.reason:
        decided["reason"] = card.reason
    return decided
