"""The turn engine: claims turns, runs them one at a time for each conversation, and goes on after a restart."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import structlog

from checkpoints.inbox import InboxState
from graph.errors import SurfaceError
from graph.showing import show
from graph.turn import ANSWERED, Closing, Turn
from graph.turn_record import TurnRecords

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from checkpoints.approvals import Approval, Decision
    from checkpoints.inbox import InboxRow
    from checkpoints.journal import Journal
    from checkpoints.keys import Conversation
    from graph.build import Conversations
    from graph.events import TurnFinished
    from graph.state import ConversationContext
    from graph.surface import Surface, Surfaces

log = structlog.get_logger()

# A turn whose process died this often under it is closed and left alone.
MAX_DISPATCHES = 3

_GAVE_UP = Closing("failed", "I stopped several times while working on this, so I leave it; please ask again.")
_BROKE = Closing("failed", "Something went wrong on my side, so I could not finish this.")
_SET_ASIDE = Closing("set-aside", "Set aside: what waited for you above was not run.")


class Contexts(Protocol):
    """Gives a run what it needs from outside: prompt, model, tools."""

    async def context(self, turn: Turn, thread_id: str, closing: Closing | None) -> ConversationContext:
        """The context of one run of a turn."""
        ...


class TurnEngine:
    """Runs turns.

    What is to be done stands in the journal alone. A worker for each conversation looks there, takes the oldest turn
    that is not closed as far as it goes, and ends when nothing is left or a card waits; whatever changes the journal
    pokes it. So a restart is nothing but a poke for every conversation that has something left.
    """

    def __init__(self, graph: Conversations, journal: Journal, contexts: Contexts, surfaces: Surfaces) -> None:
        self._graph = graph
        self._journal = journal
        self._contexts = contexts
        self._surfaces = surfaces
        self._records = TurnRecords(graph, journal)
        self._tasks = asyncio.TaskGroup()
        self._workers: dict[Conversation, asyncio.Task[None]] = {}
        self._poked: set[Conversation] = set()
        self._running: dict[Conversation, asyncio.Task[None]] = {}
        self._locks: dict[Conversation, asyncio.Lock] = {}
        # Fair: messages are claimed in the order in which they came, whichever transaction would have been faster.
        self._claiming = asyncio.Lock()
        self._draining = False

    async def __aenter__(self) -> TurnEngine:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.drain(0)
        await self._tasks.__aexit__(None, None, None)

    async def accept(self, turn: Turn) -> bool:
        """Claim a turn and see to it that it runs; False when it was claimed before."""
        async with self._claiming:
            claimed = await self._journal.inbox.claim(turn.key, turn.conversation, turn.payload())
        if claimed:
            self._poke(turn.conversation)
        return claimed

    async def recover(self) -> None:
        """Go on with everything that a former process left unfinished."""
        for conversation in await self._journal.inbox.unfinished():
            self._poke(conversation)

    async def decide(self, interrupt_id: str, call_id: str, decision: Decision, decided_by: int) -> Approval | None:
        """Decide a card; None when it is decided already. The last card of a model's message resumes the turn."""
        approval = await self._journal.approvals.decide(interrupt_id, call_id, decision, decided_by)
        row = await self._journal.inbox.get(approval.turn_key) if approval else None
        if approval is None or row is None:
            return None
        log.info(
            "approval_decided",
            turn=approval.turn_key,
            tool=approval.tool,
            fingerprint=approval.fingerprint,
            decision=decision,
            by=decided_by,
        )
        self._poke(row.conversation)
        await _settle(self._surfaces.open(Turn.from_payload(row.payload)), approval)
        return approval

    async def set_aside(self, conversation: Conversation) -> None:
        """Go on without the cards that a conversation waits for: their calls are refused, the next turn begins."""
        row = await self._journal.inbox.head(conversation)
        if row and row.state == InboxState.ASKING:
            await self._journal.inbox.request_close(row.key, str(_SET_ASIDE))
            self._poke(conversation)

    @asynccontextmanager
    async def halted(self, conversation: Conversation, closing: Closing) -> AsyncGenerator[None]:
        """Close what runs in a conversation and hold it still for the block; what waits goes on afterwards."""
        row = await self._journal.inbox.head(conversation)
        if row and row.state != InboxState.WAITING:
            await self._journal.inbox.request_close(row.key, str(closing))
            if running := self._running.get(conversation):
                running.cancel()
        try:
            async with self._lock(conversation):
                row = await self._journal.inbox.head(conversation)
                if row and row.state != InboxState.WAITING:
                    # Perhaps it began only after the look above: its cards must not stay open on a left branch.
                    await self._journal.inbox.request_close(row.key, str(closing))
                    await self._advance(replace(row, closing=row.closing or str(closing)))
                yield
        finally:
            self._poke(conversation)

    async def drain(self, seconds: float) -> None:
        """Begin nothing more, give what runs some seconds, and leave the rest where it can be resumed."""
        self._draining = True
        workers = set(self._workers.values())
        if workers and seconds:
            await asyncio.wait(workers, timeout=seconds)
        for worker in list(self._workers.values()):
            worker.cancel()
        if self._workers:
            await asyncio.wait(set(self._workers.values()))

    def _poke(self, conversation: Conversation) -> None:
        self._poked.add(conversation)
        if not self._draining and conversation not in self._workers:
            self._workers[conversation] = self._tasks.create_task(self._work(conversation))

    def _lock(self, conversation: Conversation) -> asyncio.Lock:
        return self._locks.setdefault(conversation, asyncio.Lock())

    async def _work(self, conversation: Conversation) -> None:
        try:
            while conversation in self._poked and not self._draining:
                self._poked.discard(conversation)
                while await self._step(conversation):
                    pass
        except Exception:  # the worker's boundary: one conversation's fault must not end the others
            log.exception("conversation_stuck", conversation=str(conversation))
        finally:
            del self._workers[conversation]

    async def _step(self, conversation: Conversation) -> bool:
        """Take the oldest open turn as far as it goes now; False when there is nothing to do."""
        async with self._lock(conversation):
            row = await self._journal.inbox.head(conversation)
            if row is None or self._draining:
                return False
            if row.state == InboxState.ASKING and not row.closing:
                cards = await self._journal.approvals.of(row.key)
                open_cards = [card for card in cards if card.decision is None]
                if open_cards:
                    await self._hold(row, open_cards)
                    return False
            await self._watched(row)
            return True

    async def _watched(self, row: InboxRow) -> None:
        """Advance a turn in a task of its own, which `halted` can cancel while the worker stays."""
        task = self._running[row.conversation] = asyncio.create_task(self._advance(row))
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait({task})
            if task.cancelled():
                # Stopped in good order: this start does not count against the turn.
                await self._journal.inbox.rest(row.key, InboxState.RUNNING)
            raise
        finally:
            del self._running[row.conversation]
        if not task.cancelled():
            task.result()

    async def _hold(self, row: InboxRow, cards: list[Approval]) -> None:
        """See that the cards a turn waits for are shown, and tell those who wait behind them."""
        await self._show_cards(row, cards)
        for waiting in await self._journal.inbox.behind(row.key, row.conversation):
            surface = self._surfaces.open(Turn.from_payload(waiting.payload))
            try:
                await surface.behind_card(cards[0])
            except SurfaceError as error:
                log.warning("notice_not_shown", turn=waiting.key, error=str(error))

    async def _show_cards(self, row: InboxRow, cards: list[Approval]) -> None:
        surface = self._surfaces.open(Turn.from_payload(row.payload))
        try:
            for card in cards:
                if decision := await surface.ask(card):
                    await self.decide(card.interrupt_id, card.call_id, decision, card.requester_id)
        except SurfaceError as error:
            log.warning("card_not_shown", turn=row.key, error=str(error))
            closing = Closing("failed", "I may not post the question about a tool here, so I leave this.")
            await self._journal.inbox.request_close(row.key, str(closing))
            self._poke(row.conversation)

    async def _advance(self, row: InboxRow) -> None:
        """Run a turn until it ends or waits, and note where it came to rest."""
        turn = Turn.from_payload(row.payload)
        closing = Closing.parse(row.closing) if row.closing else None
        if row.dispatches >= MAX_DISPATCHES and closing is None:
            closing = _GAVE_UP
        await self._journal.inbox.dispatch(row.key)
        surface = self._surfaces.open(turn)
        try:
            if closing and row.dispatches >= 2 * MAX_DISPATCHES:
                await self._finish(row, turn, surface, closing, None)
            else:
                await self._run(row, turn, surface, closing)
        except SurfaceError as error:
            log.warning("answer_not_shown", turn=row.key, error=str(error))
            await self._records.end(turn, None, "undelivered")
            await self._journal.inbox.close(row.key)
        except Exception:  # whatever it was: the user is told, the operator sees it, the conversation goes on
            log.exception("turn_failed", turn=row.key)
            if row.dispatches < 2 * MAX_DISPATCHES:
                await self._journal.inbox.request_close(row.key, str(_BROKE))
            else:
                await self._journal.inbox.close(row.key)
        finally:
            await surface.close()

    async def _run(self, row: InboxRow, turn: Turn, surface: Surface, closing: Closing | None) -> None:
        surface.working()
        if turn.notice:
            await surface.say("notice", turn.notice)
        thread_id = await self._records.thread_of(turn)
        context = await self._contexts.context(turn, thread_id, closing)
        await self._records.enter(turn, thread_id, context)
        end = await show(self._graph, thread_id, turn, context, surface, await self._records.decisions(turn))
        if end.asking:
            await self._records.ask(turn, end.asking)
            await surface.flush()
            await self._journal.inbox.rest(row.key, InboxState.ASKING)
        elif end.failure:
            log.error("model_failed", turn=row.key, fault=end.failure.fault, detail=end.failure.detail)
            failed = Closing("failed", end.failure.sentence)
            await self._journal.inbox.request_close(row.key, str(failed))
        elif end.finished:
            await self._finish(row, turn, surface, closing, end.finished)

    async def _finish(
        self, row: InboxRow, turn: Turn, surface: Surface, closing: Closing | None, finished: TurnFinished | None
    ) -> None:
        """Show what is left to be shown, then close the turn for good."""
        for approval in await self._journal.approvals.withdraw(turn.key):
            await _settle(surface, approval)
        if closing:
            await surface.say("closing", closing.sentence)
        await surface.flush()
        await self._records.end(turn, finished, closing.outcome if closing else ANSWERED)
        await self._journal.inbox.close(row.key)
        log.info("turn_closed", turn=row.key, outcome=closing.outcome if closing else ANSWERED)


async def _settle(surface: Surface, approval: Approval) -> None:
    """Show a decision on its card; it stands whether or not the card can be changed."""
    try:
        await surface.settle(approval)
    except SurfaceError as error:
        log.warning("card_not_settled", turn=approval.turn_key, error=str(error))
