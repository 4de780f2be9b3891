"""What the journal keeps of a turn on its way: its thread, its place there, its cards, its end."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from checkpoints.approvals import Approval
from checkpoints.keys import origin_of
from graph.state import Decided

if TYPE_CHECKING:
    from checkpoints.journal import Journal
    from checkpoints.turns import TurnRecord
    from graph.events import ApprovalNeeded, TurnFinished
    from graph.state import ConversationContext
    from graph.turn import Turn


class TurnRecords:
    """Writes the journal's rows of turns and cards."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._kept: set[str] = set()

    async def thread_of(self, turn: Turn) -> str:
        """The thread a turn runs in: the one it entered, else the conversation's current branch."""
        record = await self._journal.turns.get(turn.key)
        if record:
            return record.thread_id
        return (await self._journal.branches.current(turn.conversation)).thread_id

    async def enter(
        self, turn: Turn, thread_id: str, context: ConversationContext, checkpoint: str | None
    ) -> int | None:
        """Note that a turn enters its thread, with what it is offered; noted once.

        Args:
            turn: The turn.
            thread_id: The thread.
            context: What the run is given.
            checkpoint: The thread's newest checkpoint; None while it is empty.

        Returns:
            The snowflake of what the turn before it in the thread came from; None at the beginning.
        """
        former = await self._former(turn, thread_id)
        await self._journal.turns.enter(
            turn.key,
            thread_id,
            number=former.number + 1 if former else 1,
            text=turn.text,
            start_checkpoint=checkpoint,
            model=context.model.name,
            toolset=await self._toolset(context.toolbox.definitions()),
        )
        return origin_of(former.key) if former else None

    async def _toolset(self, definitions: list[dict[str, Any]]) -> str:
        """The fingerprint under which these tool definitions are kept."""
        fingerprint = hashlib.sha256(json.dumps(definitions, sort_keys=True).encode()).hexdigest()
        if fingerprint not in self._kept:
            await self._journal.turns.keep_toolset(fingerprint, definitions)
            self._kept.add(fingerprint)
        return fingerprint

    async def _former(self, turn: Turn, thread_id: str) -> TurnRecord | None:
        """The turn before this one in its thread, perhaps taken over from the thread it branched off."""
        own = await self._journal.turns.newest(thread_id, but=turn.key)
        branch = None if own else await self._journal.branches.get(thread_id)
        if branch and branch.parent_turn:
            return await self._journal.turns.get(branch.parent_turn)
        return own

    async def ask(self, turn: Turn, asking: ApprovalNeeded) -> None:
        """Note every call that an interrupt asks about as a card that waits."""
        for call in asking.calls:
            await self._journal.approvals.ask(
                Approval(
                    interrupt_id=asking.interrupt_id,
                    call_id=call["id"],
                    turn_key=turn.key,
                    tool=call["name"],
                    arguments=call["arguments"],
                    fingerprint=call["fingerprint"],
                    requester_id=turn.user_id,
                    channel_id=turn.channel_id,
                )
            )

    async def decisions(self, turn: Turn) -> dict[str, dict[str, Decided]]:
        """What was decided about a turn's cards, for each interrupt whose cards are all decided."""
        by_interrupt: dict[str, list[Approval]] = {}
        for card in await self._journal.approvals.of(turn.key):
            by_interrupt.setdefault(card.interrupt_id, []).append(card)
        return {
            interrupt_id: {
                card.call_id: Decided(decision=str(card.decision), fingerprint=card.fingerprint) for card in cards
            }
            for interrupt_id, cards in by_interrupt.items()
            if all(card.decision for card in cards)
        }

    async def end(self, turn: Turn, finished: TurnFinished | None, outcome: str) -> None:
        """Note how a turn ended; `finished` is None for one that never entered the graph."""
        await self._journal.turns.end(
            turn.key,
            end_checkpoint=finished.checkpoint_id if finished else None,
            outcome=outcome,
            input_tokens=finished.input_tokens if finished else 0,
            output_tokens=finished.output_tokens if finished else 0,
        )
