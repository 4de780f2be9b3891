"""The branches of a conversation: which one is current, and where each came from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from checkpoints.keys import Conversation, parse_thread_id
from checkpoints.tables import branches

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Row

    from checkpoints.database import Database


@dataclass(frozen=True, slots=True)
class Branch:
    """One branch of a conversation, which is one thread of the saver.

    Attributes:
        thread_id: The thread's id.
        conversation: The conversation it belongs to.
        number: Counted from 0 within the conversation.
        parent: The thread it came from; None for one that started empty.
        parent_turn: The key of the last turn it took over from its parent; None when it took none.
        current: Whether the conversation goes on here.
        reason: What opened it: start, rewind or reset.
        created_at: When.
    """

    thread_id: str
    conversation: Conversation
    number: int
    parent: str | None
    parent_turn: str | None
    current: bool
    reason: str
    created_at: datetime


class Branches:
    """The rows of the branches; a conversation has exactly one current branch once it has any."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def current(self, conversation: Conversation) -> Branch:
        """The branch on which a conversation goes on; the first one is opened here."""
        async with self._database.read() as connection:
            row = (await connection.execute(_current(conversation))).first()
        if row:
            return _branch(row)
        first = Branch(conversation.thread_id(0), conversation, 0, None, None, True, "start", self._now())
        async with self._database.write() as connection:
            # Another task may have been here since: the first branch opens once.
            await connection.execute(insert(branches).values(_values(first)).on_conflict_do_nothing())
            return _branch((await connection.execute(_current(conversation))).one())

    async def next_thread_id(self, conversation: Conversation) -> str:
        """The thread id that the next branch of a conversation will have."""
        statement = select(func.max(branches.c.number)).where(branches.c.conversation == str(conversation))
        async with self._database.read() as connection:
            highest = (await connection.execute(statement)).scalar()
        return conversation.thread_id(0 if highest is None else highest + 1)

    async def open(
        self, thread_id: str, *, reason: str, parent: str | None = None, parent_turn: str | None = None
    ) -> Branch:
        """Open a branch and make it the current one, in one transaction."""
        conversation, number = parse_thread_id(thread_id)
        branch = Branch(thread_id, conversation, number, parent, parent_turn, True, reason, self._now())
        async with self._database.write() as connection:
            await connection.execute(
                update(branches).where(branches.c.conversation == str(conversation)).values(current=False)
            )
            await connection.execute(insert(branches).values(_values(branch)))
        return branch

    async def get(self, thread_id: str) -> Branch | None:
        """The branch of a thread id."""
        found = await self._select(branches.c.thread_id == thread_id)
        return found[0] if found else None

    async def of(self, conversation: Conversation) -> list[Branch]:
        """Every branch of a conversation, the first one first."""
        return await self._select(branches.c.conversation == str(conversation))

    async def all(self) -> list[Branch]:
        """Every branch of every conversation."""
        return await self._select()

    async def _select(self, *where: Any) -> list[Branch]:  # noqa: ANN401 - SQL conditions
        statement = select(branches).where(*where).order_by(branches.c.conversation, branches.c.number)
        async with self._database.read() as connection:
            return [_branch(row) for row in await connection.execute(statement)]


def _current(conversation: Conversation) -> Any:  # noqa: ANN401 - a statement
    return select(branches).where(branches.c.conversation == str(conversation), branches.c.current)


def _values(branch: Branch) -> dict[str, Any]:
    return asdict(branch) | {"conversation": str(branch.conversation)}


def _branch(row: Row[Any]) -> Branch:
    return Branch(
        thread_id=row.thread_id,
        conversation=Conversation.parse(row.conversation),
        number=row.number,
        parent=row.parent,
        parent_turn=row.parent_turn,
        current=row.current,
        reason=row.reason,
        created_at=row.created_at,
    )
