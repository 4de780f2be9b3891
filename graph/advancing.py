"""One turn, taken as far as it goes now: run, shown, closed, with every way in which that can fail."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from checkpoints.claims import ClaimLost
from checkpoints.inbox import InboxState
from checkpoints.place import DatabaseAway
from graph.conversation_settings import ConversationSettings
from graph.decisions import Decisions
from graph.errors import SurfaceError, SurfaceUnreachable
from graph.inputs import Inputs, Words
from graph.meanwhile import Meanwhile
from graph.showing import show
from graph.turn import ANSWERED, Closing, Turn
from graph.turn_record import TurnRecords

if TYPE_CHECKING:
    from checkpoints.inbox import InboxRow
    from checkpoints.journal import Journal
    from graph.asking import Asking
    from graph.build import Conversations
    from graph.events import TurnFinished
    from graph.state import ConversationContext
    from graph.surface import Surface, Surfaces

log = structlog.get_logger()

# A turn whose process died this often under it is closed and left alone.
MAX_DISPATCHES = 3

_GAVE_UP = Closing("failed", "I stopped several times while working on this, so I leave it; please ask again.")
_BROKE = Closing("failed", "Something went wrong on my side, so I could not finish this.")
_UNDELIVERED = Closing("undelivered", "I was not allowed to post my answer.")


class Contexts(Protocol):
    """Gives a run what it needs from outside: prompt, model, tools."""

    async def context(self, turn: Turn, thread_id: str, closing: Closing | None) -> ConversationContext:
        """The context of one run of a turn."""
        ...


class Advancing:
    """Runs one turn at a time, each from where it is to where it ends or waits.

    Args:
        graph: The graph.
        journal: Where it is noted how far a turn came.
        contexts: Gives a run what it needs from outside.
        surfaces: Where turns are shown.
        asking: Takes back the cards of a turn that ends.
        inputs: Reads what the model is given of a turn; without it, its words alone.
        conversations: What becomes of messages that come while a turn runs.
    """

    def __init__(
        self,
        graph: Conversations,
        journal: Journal,
        contexts: Contexts,
        surfaces: Surfaces,
        asking: Asking,
        inputs: Inputs | None = None,
        conversations: ConversationSettings | None = None,
    ) -> None:
        self._graph = graph
        self._journal = journal
        self._contexts = contexts
        self._surfaces = surfaces
        self._asking = asking
        self._meanwhile = Meanwhile(journal, inputs or Words(), surfaces, conversations or ConversationSettings())
        self._records = TurnRecords(journal, asking.rules)
        # Turns whose last start ended with the database away, which is not their fault.
        self._excused: set[str] = set()

    async def context(self, turn: Turn) -> ConversationContext:
        """What a run of a turn would be given now."""
        return await self._contexts.context(turn, await self.thread_of(turn), None)

    async def thread_of(self, turn: Turn) -> str:
        """The thread a turn runs in."""
        return await self._records.thread_of(turn)

    async def advance(self, row: InboxRow) -> None:
        """Run a turn until it ends or waits, and note where it came to rest."""
        closing = Closing.parse(row.closing) if row.closing else None
        if row.dispatches >= MAX_DISPATCHES and closing is None:
            closing = _GAVE_UP
        begun = await self._journal.inbox.dispatch(
            row,
            counted=row.key not in self._excused,
            anew=row.state == InboxState.ASKING and closing is None,
            gathering=self._meanwhile.gathering(row),
        )
        if begun is None:
            return  # its message was deleted at this very moment
        self._excused.discard(row.key)
        try:
            await self._shown(row, Turn.from_payload(begun.payload), closing)
        except ClaimLost:
            raise
        except DatabaseAway:
            self._excused.add(row.key)
            raise
        except SurfaceUnreachable:
            await self.put_off(row)
            raise
        except SurfaceError as error:
            log.warning("answer_not_shown", turn=row.key, error=str(error))
            await self._journal.inbox.give_up(row, str(_UNDELIVERED))
        except Exception:  # whatever it was: the user is told, the operator sees it, the conversation goes on
            log.exception("turn_failed", turn=row.key)
            if row.dispatches < 2 * MAX_DISPATCHES:
                await self._journal.inbox.give_up(row, str(_BROKE))
            else:
                await self._journal.inbox.close(row)

    async def put_off(self, row: InboxRow) -> None:
        """Leave a turn where it goes on later, stopped in good order: this start does not count against it.

        One that is given up stays given up: else it would be run, and kill its process, as often again.
        """
        counted = row.dispatches if row.dispatches >= MAX_DISPATCHES else 0
        await self._journal.inbox.rest(row, InboxState.RUNNING, dispatches=counted)

    async def _shown(self, row: InboxRow, turn: Turn, closing: Closing | None) -> None:
        surface = self._surfaces.open(turn)
        try:
            if closing and row.dispatches >= 2 * MAX_DISPATCHES:
                await self._finish(row, turn, surface, closing, None)
            else:
                await self._run(row, turn, surface, closing)
        finally:
            await surface.close()

    async def _run(self, row: InboxRow, turn: Turn, surface: Surface, closing: Closing | None) -> None:
        surface.working()
        thread_id = await self._records.thread_of(turn)
        context = await self._contexts.context(turn, thread_id, closing)
        context = replace(context, mailbox=self._meanwhile.mailbox(turn))

        async def entry(checkpoint: str | None) -> Any:  # noqa: ANN401 - what LangChain takes as a message's content
            former = await self._records.enter(turn, thread_id, context, checkpoint)
            read = await self._meanwhile.read(turn, former)
            if read.notice:
                await surface.say("notice", read.notice)
                surface.working()
            return read.content

        # A turn that has just begun was never asked about.
        decisions = Decisions() if row.state == InboxState.WAITING else await self._records.decisions(turn)
        end = await show(self._graph, thread_id, turn, context, surface, decisions, entry)
        if end.steered:
            await self._meanwhile.note(end.steered)
        if end.asking:
            await self._records.ask(turn, end.asking, context.toolbox)
            await surface.flush()
            await self._journal.inbox.rest(row, InboxState.ASKING)
        elif end.failure:
            log.error("model_failed", turn=row.key, fault=end.failure.fault, detail=end.failure.detail)
            failed = Closing("failed", end.failure.sentence)
            await self._journal.inbox.give_up(row, str(failed))
        elif end.finished:
            # What the process died under was only the showing of an answer that is whole: nothing is left to give up.
            whole = closing is _GAVE_UP and end.finished.answered
            await self._finish(row, turn, surface, None if whole else closing, end.finished)

    async def _finish(
        self, row: InboxRow, turn: Turn, surface: Surface, closing: Closing | None, finished: TurnFinished | None
    ) -> None:
        """Show what is left to be shown, then close the turn for good."""
        if row.state != InboxState.WAITING:
            await self._asking.withdraw(turn.key, closing.by if closing else None)
        if closing is None:
            await surface.flush()
        else:
            await _say_last(surface, turn, closing)
        await self._records.end(turn, finished, closing.outcome if closing else ANSWERED)
        await self._journal.inbox.close(row)
        log.info("turn_closed", turn=row.key, outcome=closing.outcome if closing else ANSWERED)


async def _say_last(surface: Surface, turn: Turn, closing: Closing) -> None:
    """Say why a turn ends, in private if need be; where nothing may be said, it ends all the same."""
    try:
        try:
            await surface.say("closing", closing.sentence)
            await surface.flush()
        except SurfaceUnreachable:
            raise
        except SurfaceError as error:
            log.info("closing_said_privately", turn=turn.key, outcome=closing.outcome, error=str(error))
            await surface.say_privately("closing:private", closing.sentence)
    except SurfaceUnreachable:
        raise
    except SurfaceError as error:
        log.warning("closing_not_shown", turn=turn.key, outcome=closing.outcome, error=str(error))
