"""Ways back in a conversation: rewind to before a turn, or start anew; both leave the old branch whole."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from checkpoints.history import turns_of
from graph.errors import GraphError
from graph.running import config_of
from graph.turn import Closing

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver

    from checkpoints.branches import Branch
    from checkpoints.journal import Journal
    from checkpoints.keys import Conversation
    from checkpoints.turns import TurnRecord
    from graph.build import Conversations
    from graph.turns import TurnEngine

_REWOUND = Closing("stopped", "Stopped, because the conversation was rewound.")
_RESET = Closing("stopped", "Stopped, because the conversation was started anew.")


class NoSuchTurn(GraphError):  # noqa: N818 - named for what went wrong
    """The turn to rewind to is not there; the text is one sentence for the user."""


class Branching:
    """Opens branches of conversations."""

    def __init__(
        self, engine: TurnEngine, graph: Conversations, journal: Journal, saver: BaseCheckpointSaver[str]
    ) -> None:
        self._saver = saver
        self._engine = engine
        self._graph = graph
        self._journal = journal

    async def reset(self, conversation: Conversation, *, by: int | None = None) -> Branch:
        """Start a conversation anew on an empty branch; what is open in it is closed by that person."""
        async with self._engine.halted(conversation, replace(_RESET, by=by)):
            parent = await self._journal.branches.current(conversation)
            thread_id = await self._fresh_thread(conversation)
            return await self._journal.branches.open(thread_id, reason="reset", parent=parent.thread_id)

    async def rewind(self, conversation: Conversation, number: int, *, by: int | None = None) -> Branch:
        """Go back to before a turn: the conversation goes on from there on a new branch.

        Args:
            conversation: The conversation.
            number: The turn's place in the current branch, from 1.
            by: The person who says so, who closes what is open.

        Raises:
            NoSuchTurn: The current branch has no such turn.
        """
        await self._before(conversation, number)  # a wrong number stops nothing
        async with self._engine.halted(conversation, replace(_REWOUND, by=by)):
            parent, kept = await self._before(conversation, number)
            thread_id = await self._fresh_thread(conversation)
            if kept:
                await self._copy(kept.thread_id, kept.end_checkpoint, thread_id)
            return await self._journal.branches.open(
                thread_id, reason="rewind", parent=parent.thread_id, parent_turn=kept.key if kept else None
            )

    async def _before(self, conversation: Conversation, number: int) -> tuple[Branch, TurnRecord | None]:
        """The current branch, and its last turn before the one of that number; None where that is the first."""
        branch = await self._journal.branches.current(conversation)
        turns = await turns_of(self._journal, branch.thread_id)
        if not 1 <= number <= len(turns):
            raise NoSuchTurn(f"There is no turn {number} here; this conversation has {len(turns)}.")
        kept = turns[number - 2] if number > 1 else None
        if kept and kept.ended_at and kept.end_checkpoint is None:
            raise NoSuchTurn("The turn before that one was never finished, so there is nothing to go back to.")
        return branch, kept

    async def _fresh_thread(self, conversation: Conversation) -> str:
        """The next branch's thread, without what an attempt left there whose process died before it was noted."""
        thread_id = await self._journal.branches.next_thread_id(conversation)
        await self._saver.adelete_thread(thread_id)
        return thread_id

    async def _copy(self, source: str, checkpoint_id: str | None, target: str) -> None:
        """Begin a thread with the state at the end of a turn of another one."""
        config = config_of(source)
        config["configurable"] = {"thread_id": source, "checkpoint_id": checkpoint_id}
        state = await self._graph.aget_state(config)
        if checkpoint_id is None or state.next:
            raise NoSuchTurn("The turn before that one was never finished, so there is nothing to go back to.")
        values: dict[str, Any] = {"messages": state.values["messages"], "calls": [], "decisions": {}}
        await self._graph.aupdate_state(config_of(target), values, as_node="model")
