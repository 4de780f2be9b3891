"""One worker for each conversation: woken, one at a time over all processes, and never in the way of the others."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self
from weakref import WeakValueDictionary

import structlog

from checkpoints.claims import ClaimLost
from checkpoints.finishing import to_its_end
from checkpoints.inbox import InboxState
from checkpoints.outages import when_back
from checkpoints.place import DatabaseAway
from graph.advancing import MAX_DISPATCHES
from graph.errors import GraphError, SurfaceUnreachable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from checkpoints.cards import Approval
    from checkpoints.claims import Claims
    from checkpoints.inbox import InboxRow
    from checkpoints.journal import Journal
    from checkpoints.keys import Conversation
    from graph.advancing import Advancing
    from graph.asking import Asking
    from graph.turn import Closing

log = structlog.get_logger()

# Seconds that a command waits for another process.
_PATIENCE = 20

CAUGHT_UP_AT_ONCE = 20
"""How many conversations are taken up at once of those that were left: by a former process, in an outage, or unread.

What people write now does not wait for them.
"""


@dataclass(frozen=True, slots=True)
class _Running:
    """A turn that is being advanced, and whether it is only being closed."""

    task: asyncio.Task[None]
    closing: bool


class HeldElsewhere(GraphError):  # noqa: N818 - named for what went wrong
    """Another process works on the conversation and does not let go of it."""


class Workers(ABC):
    """Takes the oldest open turn of each conversation as far as it goes, whenever something wakes its worker.

    What is to be done stands in the journal alone; a worker ends when nothing is left or a card waits. It holds the
    conversation's claim while it works, so that of all processes on the database one works there.
    """

    # Set by whoever puts the engine together: what runs a turn, and what shows its cards.
    _advancing: Advancing
    _asking: Asking

    def __init__(
        self,
        journal: Journal,
        claims: Claims,
        *,
        ours: Callable[[Conversation], bool],
        retry_after: float,
        sweep_every: float | None,
    ) -> None:
        self._journal = journal
        self._claims = claims
        self._ours = ours
        self._retry_after = retry_after
        self._sweep_every = claims.interval if sweep_every is None else sweep_every
        self._tasks = asyncio.TaskGroup()
        self._workers: dict[Conversation, asyncio.Task[None]] = {}
        self._poked: set[Conversation] = set()
        self._to_be_poked: set[Conversation] = set()
        self._running: dict[Conversation, _Running] = {}
        self._settling: asyncio.Task[None] | None = None
        self._sweeping: asyncio.Task[None] | None = None
        self._locks: WeakValueDictionary[Conversation, asyncio.Lock] = WeakValueDictionary()
        self._draining = False
        self._catching_up = asyncio.Semaphore(CAUGHT_UP_AT_ONCE)

    @abstractmethod
    async def expire(self) -> None:
        """Refuse the cards whose deadline has passed; what waited for them goes on."""

    @abstractmethod
    async def _hold(self, row: InboxRow, cards: list[Approval]) -> None:
        """See that the cards a turn waits for are shown."""

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.drain(0)
        await self._tasks.__aexit__(None, None, None)

    @asynccontextmanager
    async def halted(
        self, conversation: Conversation, closing: Closing, *, only: str | None = None
    ) -> AsyncGenerator[None]:
        """Close what runs in a conversation and hold it still for the block; what waits goes on afterwards.

        Args:
            conversation: The conversation.
            closing: Why it is closed.
            only: The one turn that is closed; another process may have closed it by then and begun the next one.

        Raises:
            HeldElsewhere: Another process works on it for longer than a person would wait.
        """
        row = await self._journal.inbox.head(conversation)
        if row and (only is None or row.key == only) and row.state != InboxState.WAITING:
            await self._journal.inbox.request_close(row.key, str(closing))
            if running := self._running.get(conversation):
                running.task.cancel()
        try:
            async with self._lock(conversation):
                await self._take(conversation)
                row = await self._journal.inbox.head(conversation)
                if row and row.state != InboxState.WAITING and (only is None or row.key == only):
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
        for task in (self._settling, self._sweeping):
            if task is not None:
                task.cancel()
        for worker in list(self._workers.values()):
            worker.cancel()
        if self._workers:
            await asyncio.wait(set(self._workers.values()))

    def _keep_sweeping(self) -> None:
        if self._sweeping is None and not self._draining:
            self._sweeping = self._tasks.create_task(self._sweep_for_ever())

    async def sweep(self) -> None:
        """Take up what nobody works on (another process died, or its news never reached us), and what is overdue."""
        await self.expire()
        if await self._journal.approvals.unsettled():
            self._settle_later()
        elsewhere = await self._claims.held_elsewhere()
        # Who is gone may have left a card unposted: that waits for nobody's decision yet.
        for conversation in (*await self._claims.abandoned(), *await self._journal.inbox.ready()):
            if str(conversation) not in elsewhere:
                self._poke(conversation, late=True)
        for conversation, running in list(self._running.items()):
            row = await self._journal.inbox.head(conversation)
            if row and row.closing and not running.closing:
                running.task.cancel()

    async def _sweep_for_ever(self) -> None:
        while True:
            await asyncio.sleep(self._sweep_every)
            try:
                await self.sweep()
            except DatabaseAway as error:
                log.warning("database_away", error=str(error))
            except Exception:  # the boundary, as for a worker: what was left is looked at again
                log.exception("sweep_failed")

    async def _take(self, conversation: Conversation) -> None:
        """Hold a conversation, once another process that works on it lets go.

        Raises:
            HeldElsewhere: It does not, for longer than a person would wait.
        """
        for _ in range(_PATIENCE):
            if await self._claims.take(conversation):
                return
            await asyncio.sleep(1)
        raise HeldElsewhere("I am still busy with this conversation; please try again in a moment.")

    def _poke(self, conversation: Conversation, *, late: bool = False) -> None:
        """Wake the worker of a conversation, if it is one of ours.

        Args:
            conversation: The conversation.
            late: Whether it was left for a while, so that it may wait until others that were are taken up.
        """
        if not self._ours(conversation):
            return
        self._poked.add(conversation)
        if not self._draining and conversation not in self._workers:
            self._workers[conversation] = self._tasks.create_task(self._work(conversation, late=late))

    def _poke_later(self, conversation: Conversation) -> None:
        """Poke a conversation in a while; once, however often this is asked for until then."""
        if conversation not in self._to_be_poked:
            self._to_be_poked.add(conversation)
            asyncio.get_running_loop().call_later(self._retry_after, self._poke_now, conversation)

    def _poke_now(self, conversation: Conversation) -> None:
        self._to_be_poked.discard(conversation)
        self._poke(conversation, late=True)

    def _settle_later(self) -> None:
        """Bring cards up to date that could not be changed, once that is possible again."""
        if self._settling is None and not self._draining:
            self._settling = self._tasks.create_task(self._settle())

    async def _settle(self) -> None:
        settled = False
        try:
            while not settled:
                await asyncio.sleep(self._retry_after)
                settled = await when_back(lambda: self._asking.settle_all(self._ours))
        except Exception:  # the boundary, as for a worker: the next occasion comes with the next session
            log.exception("cards_not_settled")
        finally:
            self._settling = None

    def _lock(self, conversation: Conversation) -> asyncio.Lock:
        return self._locks.setdefault(conversation, asyncio.Lock())

    async def _work(self, conversation: Conversation, *, late: bool) -> None:
        try:
            async with self._catching_up if late else nullcontext():
                while conversation in self._poked and not self._draining:
                    await self._work_off(conversation)
        except ClaimLost as error:
            log.warning("claim_lost", conversation=str(conversation), error=str(error))
            self._claims.forget(conversation)
            self._poke_later(conversation)
        except DatabaseAway as error:
            log.warning("database_away", conversation=str(conversation), error=str(error))
            self._poke_later(conversation)
        except SurfaceUnreachable as error:
            log.warning("surface_unreachable", conversation=str(conversation), error=str(error))
            self._poke_later(conversation)
        except Exception:  # the worker's boundary: one conversation's fault must not end the others
            log.exception("conversation_stuck", conversation=str(conversation))
            self._poke_later(conversation)
        finally:
            del self._workers[conversation]

    async def _work_off(self, conversation: Conversation) -> None:
        self._poked.discard(conversation)
        while await self._step(conversation):
            pass
        # What is left where it is since the program ends stays held: others take that up when the lease ends.
        if conversation not in self._poked and not self._draining:
            await self._claims.release(conversation)

    async def _step(self, conversation: Conversation) -> bool:
        """Take the oldest open turn as far as it goes now; False when there is nothing to do."""
        async with self._lock(conversation):
            if self._draining:
                return False
            if not await self._claims.take(conversation):
                # Held elsewhere, or our lease had run out: what woke us is not known to whoever holds it.
                self._poke_later(conversation)
                return False
            row = await self._journal.inbox.head(conversation)
            if row is None:
                return False
            if row.state == InboxState.ASKING and not row.closing:
                cards = await self._journal.approvals.of(row.key)
                open_cards = [card for card in cards if card.decision is None]
                if open_cards and row.dispatches < MAX_DISPATCHES:
                    await self._held(row, open_cards)
                    return False
            await self._watched(row)
            return True

    async def _held(self, row: InboxRow, cards: list[Approval]) -> None:
        """Show the cards of a turn; what the process may die under is counted, as a start is."""
        try:
            await self._journal.inbox.count(row)
            await self._hold(row, cards)
        finally:
            await to_its_end(self._journal.inbox.rest(row, InboxState.ASKING))

    async def _watched(self, row: InboxRow) -> None:
        """Advance a turn in a task of its own, which `halted` can cancel while the worker stays."""
        task = asyncio.create_task(self._advancing.advance(row))
        self._running[row.conversation] = _Running(task, closing=row.closing is not None)
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait({task})
            if task.cancelled():
                await self._advancing.put_off(row)
            raise
        finally:
            del self._running[row.conversation]
        if not task.cancelled():
            task.result()
