"""What comes while a turn runs: it waits, is gathered into the next turn, or is handed to the running one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from langchain_core.messages import HumanMessage

from checkpoints.inbox import InboxState
from checkpoints.keys import origin_of
from graph.conversation_settings import ConversationSettings, WhileRunning
from graph.errors import SurfaceError, SurfaceUnreachable
from graph.state import STEERED_MARK
from graph.turn import Input, Turn

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from langchain_core.messages import AnyMessage

    from checkpoints.inbox import Gathering, InboxRow
    from checkpoints.journal import Journal
    from graph.events import Steered
    from graph.inputs import Inputs
    from graph.state import Mailbox
    from graph.surface import Surfaces

log = structlog.get_logger()


class Meanwhile:
    """Messages that wait behind a turn, and what becomes of them.

    Args:
        journal: Where they wait.
        inputs: Reads them.
        surfaces: Where their senders are told something.
        settings: What becomes of them where.
    """

    def __init__(self, journal: Journal, inputs: Inputs, surfaces: Surfaces, settings: ConversationSettings) -> None:
        self._journal = journal
        self._inputs = inputs
        self._surfaces = surfaces
        self._settings = settings

    def gathering(self, row: InboxRow) -> Gathering | None:
        """How a turn that begins takes what waits behind it; None where it does not.

        What it has taken is fixed with the start: a turn that was started takes nothing more, so that a later process
        reads and closes the same messages.

        Args:
            row: The turn's row.
        """
        collects = self._mode(row.payload) == WhileRunning.COLLECT
        return _gathered if collects and row.state == InboxState.WAITING and not row.closing else None

    async def read(self, turn: Turn, after: int | None) -> Input:
        """What the model is given to read of a turn and of all that was gathered into it.

        Args:
            turn: The turn.
            after: As `Inputs.read` takes it.
        """
        taken = await self._journal.inbox.taken_by(turn.key)
        gathered = [Turn.from_payload(row.payload) for row in taken if row.state != InboxState.CLOSED]
        inputs: list[Input] = []
        for one in (turn, *gathered):
            inputs.append(await self._inputs.read(one, after))
            after = origin_of(one.key)
        return _joined(inputs)

    def mailbox(self, turn: Turn) -> Mailbox | None:
        """What is handed to a turn while it runs; None where messages wait for its end."""
        if self._mode(turn.payload()) != WhileRunning.STEER:
            return None
        return _JournalMailbox(self._journal, self._inputs, self._surfaces, turn)

    async def note(self, steered: Steered) -> None:
        """Close the rows of messages that the thread holds as part of a turn, and show that they were taken in."""
        for row in await self._journal.inbox.close_steered(steered.keys, steered.by):
            log.info("message_steered", turn=row.key, by=steered.by)
            surface = self._surfaces.open(Turn.from_payload(row.payload))
            try:
                await surface.taken_in()
            except SurfaceError as error:
                # A hint: it is not worth holding the answer up, and the answer follows.
                log.info("taking_in_not_shown", turn=row.key, error=str(error))
            finally:
                await surface.close()

    def _mode(self, payload: dict[str, Any]) -> WhileRunning:
        return self._settings.while_running_in(payload["channel_id"], payload.get("parent_id"))


class _JournalMailbox:
    """The messages that wait in the journal behind a turn."""

    def __init__(self, journal: Journal, inputs: Inputs, surfaces: Surfaces, turn: Turn) -> None:
        self._journal = journal
        self._inputs = inputs
        self._surfaces = surfaces
        self._turn = turn

    async def read(self, messages: list[AnyMessage]) -> list[HumanMessage]:
        held = [str(message.id) for message in messages if isinstance(message, HumanMessage)]
        after = origin_of(held[-1])
        read: list[HumanMessage] = []
        for row in await self._journal.inbox.behind(self._turn.key, self._turn.conversation):
            if row.key in held or row.closing:
                continue
            turn = Turn.from_payload(row.payload)
            given = await self._inputs.read(turn, after)
            if given.notice:
                await self._say(turn, given.notice)
            read.append(_message(turn.key, given))
            after = origin_of(turn.key)
        return read

    async def _say(self, turn: Turn, notice: str) -> None:
        """Tell a sender what cannot be read; where nothing may be said, the turn goes on all the same."""
        surface = self._surfaces.open(turn)
        try:
            await surface.say("notice", notice)
        except SurfaceUnreachable:
            raise
        except SurfaceError as error:
            log.warning("notice_not_shown", turn=turn.key, error=str(error))
        finally:
            await surface.close()


def _gathered(payload: dict[str, Any], gathered: list[InboxRow]) -> dict[str, Any]:
    """What a turn that took others holds: its answer refers to the last one."""
    log.info("messages_collected", turn=payload["key"], messages=1 + len(gathered))
    return payload | {"reply_to": gathered[-1].payload.get("message_id")}


def _message(key: str, given: Input) -> HumanMessage:
    content: Any = given.content
    return HumanMessage(content, id=key, additional_kwargs={STEERED_MARK: True})


def _joined(inputs: Sequence[Input]) -> Input:
    """Several messages as one: in their order, each a paragraph or blocks of its own."""
    if len(inputs) == 1:
        return inputs[0]
    notices = dict.fromkeys(one.notice for one in inputs if one.notice)
    texts = [one.content for one in inputs if isinstance(one.content, str)]
    if len(texts) == len(inputs):
        return Input("\n\n".join(texts), " ".join(notices) or None)
    blocks: list[dict[str, Any]] = []
    for one in inputs:
        blocks += [{"type": "text", "text": one.content}] if isinstance(one.content, str) else one.content
    return Input(blocks, " ".join(notices) or None)
