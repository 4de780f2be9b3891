"""What the journal keeps of a turn on its way: its thread, its place there, its cards, its end."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from checkpoints.cards import Approval, Kind
from checkpoints.keys import origin_of
from graph.decisions import Decisions
from tools.tool import Hints, ToolError

if TYPE_CHECKING:
    from checkpoints.cards import Terms
    from checkpoints.journal import Journal
    from checkpoints.turns import TurnRecord
    from graph.deciding import Rules
    from graph.events import ApprovalNeeded, TurnFinished
    from graph.state import Call, ConversationContext, Toolbox
    from graph.turn import Turn


class TurnRecords:
    """Writes the journal's rows of turns and cards.

    Args:
        journal: The journal.
        rules: The terms on which calls are asked about.
    """

    def __init__(self, journal: Journal, rules: Rules) -> None:
        self._journal = journal
        self._rules = rules
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
            The snowflake of the newest message in the turn before it in the thread; None at the beginning.
        """
        former = await self._former(turn, thread_id)
        await self._journal.turns.enter(
            turn.key,
            turn.conversation,
            thread_id,
            number=former.number + 1 if former else 1,
            text=turn.text,
            start_checkpoint=checkpoint,
            model=context.model.name,
            toolset=await self._toolset(context.toolbox.definitions()),
        )
        if former is None:
            return None
        taken = await self._journal.inbox.taken_by(former.key)
        return max(origin_of(key) for key in (former.key, *(row.key for row in taken)))

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

    async def ask(self, turn: Turn, asking: ApprovalNeeded, toolbox: Toolbox) -> None:
        """Note everything that interrupts ask about as cards that wait, on the terms that hold now."""
        cards = [
            self._card(turn, interrupt_id, call, toolbox)
            for interrupt_id, calls in asking.calls.items()
            for call in calls
        ]
        asked = await self._terms(turn) if asking.doubts else {}
        for interrupt_id, doubt in asking.doubts.items():
            card = self._card(turn, interrupt_id, doubt["call"], toolbox)
            about = {"arguments": doubt["arguments"], "fingerprint": doubt["fingerprint"]}
            terms = asked.get(card.call_id, card.terms)
            cards.append(replace(card, kind=Kind.DOUBT, number=doubt["run"], terms=terms, **about))
        await self._journal.approvals.ask(*cards, fenced=turn.conversation)

    async def _terms(self, turn: Turn) -> dict[str, Terms]:
        """On which terms the calls of a turn were asked about, by their ids: running one again takes as much."""
        cards = await self._journal.approvals.of(turn.key)
        return {card.call_id: card.terms for card in cards if card.kind == Kind.CALL}

    def _card(self, turn: Turn, interrupt_id: str, call: Call, toolbox: Toolbox) -> Approval:
        name, source = call["name"], call["source"]
        return Approval(
            interrupt_id=interrupt_id,
            call_id=call["id"],
            turn_key=turn.key,
            tool=name,
            arguments=call["arguments"],
            fingerprint=call["fingerprint"],
            requester_id=turn.user_id,
            channel_id=turn.channel_id,
            source=source,
            effects=_effects(toolbox, name, source),
            terms=self._rules.terms(name, source),
            deadline=self._rules.deadline(name, source, self._journal.now()),
        )

    async def decisions(self, turn: Turn) -> Decisions:
        """What was decided about a turn's cards."""
        return Decisions.of(await self._journal.approvals.of(turn.key))

    async def end(self, turn: Turn, finished: TurnFinished | None, outcome: str) -> None:
        """Note how a turn ended; `finished` is None for one that never entered the graph."""
        await self._journal.turns.end(
            turn.key,
            turn.conversation,
            end_checkpoint=finished.checkpoint_id if finished else None,
            outcome=outcome,
            input_tokens=finished.input_tokens if finished else 0,
            output_tokens=finished.output_tokens if finished else 0,
        )


def _effects(toolbox: Toolbox, name: str, source: str) -> tuple[str, ...]:
    try:
        return toolbox.tool(name, source).hints.effects
    except ToolError:  # its server went away meanwhile: what nobody can say counts as the worst
        return Hints().effects
