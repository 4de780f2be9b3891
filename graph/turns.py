"""The turn engine: claims turns, runs them one at a time for each conversation, and goes on after a restart."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from checkpoints.inbox import InboxState
from graph.advancing import Advancing
from graph.asking import Asking
from graph.errors import SurfaceError, SurfaceUnreachable
from graph.turn import Closing

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from checkpoints.approvals import Approval, Decision
    from checkpoints.inbox import InboxRow
    from checkpoints.journal import Journal
    from checkpoints.keys import Conversation
    from graph.advancing import Contexts
    from graph.build import Conversations
    from graph.inputs import Inputs
    from graph.surface import Surfaces
    from graph.turn import Turn

log = structlog.get_logger()

_NO_CARD = Closing("failed", "I was not allowed to post the question about a tool, so I left this.")
_SET_ASIDE = Closing("set-aside", "Set aside: what waited for you above was not run.")


class TurnEngine:
    """Runs turns.

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
        ours: Callable[[Conversation], bool] = lambda _: True,
        retry_after: float = 15.0,
    ) -> None:
        """Put an engine together; nothing runs before it is entered.

        Args:
            graph: The graph.
            journal: The journal.
            contexts: Gives a run what it needs from outside.
            surfaces: Where turns are shown.
            inputs: Reads what the model is given of a turn; without it, its words alone.
            ours: Which conversations are shown there; what others left unfinished is not touched.
            retry_after: Seconds until a conversation is looked at again after a fault that is not its own.
        """
        self._journal = journal
        self._asking = Asking(journal, surfaces, self._settle_later)
        self._advancing = Advancing(graph, journal, contexts, surfaces, self._asking, inputs)
        self._ours = ours
        self._retry_after = retry_after
        self._tasks = asyncio.TaskGroup()
        self._workers: dict[Conversation, asyncio.Task[None]] = {}
        self._poked: set[Conversation] = set()
        self._running: dict[Conversation, asyncio.Task[None]] = {}
        self._settling: asyncio.Task[None] | None = None
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

    async def accept(self, turn: Turn, *, begin: bool = True) -> bool:
        """Claim a turn and see to it that it runs; False when it was claimed before.

        Args:
            turn: The turn.
            begin: Whether it may begin at once; else `begin` is called when it may.
        """
        async with self._claiming:
            claimed = await self._journal.inbox.claim(turn.key, turn.conversation, turn.payload())
        if claimed and begin:
            self._poke(turn.conversation)
        return claimed

    async def begin(self, turn: Turn) -> None:
        """Let a claimed turn begin, as it is now."""
        await self.amend(turn)
        self._poke(turn.conversation)

    async def amend(self, turn: Turn) -> None:
        """Take a turn as it is now, if it has not begun: its message was edited."""
        await self._journal.inbox.amend(turn.key, turn.payload())

    async def recover(self) -> None:
        """Go on with everything that was left unfinished: by a former process, or while Discord was away."""
        for conversation in filter(self._ours, await self._journal.inbox.unfinished()):
            self._poke(conversation)
        await self._asking.settle_all(self._ours)

    async def decide(self, interrupt_id: str, call_id: str, decision: Decision, decided_by: int) -> Approval | None:
        """Decide a card; None when it is decided already. The last card of a model's message resumes the turn."""
        approval = await self._asking.decide(interrupt_id, call_id, decision, decided_by)
        row = await self._journal.inbox.get(approval.turn_key) if approval else None
        if approval is None or row is None:
            return None
        self._poke(row.conversation)
        await self._asking.settle(approval)
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
                    await self._advancing.advance(replace(row, closing=row.closing or str(closing)))
                yield
        finally:
            self._poke(conversation)

    async def drain(self, seconds: float) -> None:
        """Begin nothing more, give what runs some seconds, and leave the rest where it can be resumed."""
        self._draining = True
        workers = set(self._workers.values())
        if workers and seconds:
            await asyncio.wait(workers, timeout=seconds)
        if self._settling is not None:
            self._settling.cancel()
        for worker in list(self._workers.values()):
            worker.cancel()
        if self._workers:
            await asyncio.wait(set(self._workers.values()))

    def _poke(self, conversation: Conversation) -> None:
        self._poked.add(conversation)
        if not self._draining and conversation not in self._workers:
            self._workers[conversation] = self._tasks.create_task(self._work(conversation))

    def _poke_later(self, conversation: Conversation) -> None:
        asyncio.get_running_loop().call_later(self._retry_after, self._poke, conversation)

    def _settle_later(self) -> None:
        """Bring cards up to date that could not be changed, once that is possible again."""
        if self._settling is None and not self._draining:
            self._settling = self._tasks.create_task(self._settle())

    async def _settle(self) -> None:
        settled = False
        try:
            while not settled:
                await asyncio.sleep(self._retry_after)
                settled = await self._asking.settle_all(self._ours)
        except Exception:  # the boundary, as for a worker: the next occasion comes with the next session
            log.exception("cards_not_settled")
        finally:
            self._settling = None

    def _lock(self, conversation: Conversation) -> asyncio.Lock:
        return self._locks.setdefault(conversation, asyncio.Lock())

    async def _work(self, conversation: Conversation) -> None:
        try:
            while conversation in self._poked and not self._draining:
                self._poked.discard(conversation)
                while await self._step(conversation):
                    pass
        except SurfaceUnreachable as error:
            log.warning("surface_unreachable", conversation=str(conversation), error=str(error))
            self._poke_later(conversation)
        except Exception:  # the worker's boundary: one conversation's fault must not end the others
            log.exception("conversation_stuck", conversation=str(conversation))
            self._poke_later(conversation)
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
        task = self._running[row.conversation] = asyncio.create_task(self._advancing.advance(row))
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
        try:
            standing = await self._asking.show(row, cards)
        except SurfaceUnreachable:
            raise
        except SurfaceError as error:
            log.warning("card_not_shown", turn=row.key, error=str(error))
            await self._journal.inbox.request_close(row.key, str(_NO_CARD))
            self._poke(row.conversation)
            return
        for card, decision in standing:
            await self.decide(card.interrupt_id, card.call_id, decision, card.requester_id)
        await self._asking.tell_those_behind(row, cards[0])
