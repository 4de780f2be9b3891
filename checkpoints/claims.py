"""Who works on which conversation: one process at a time, fenced by a number that grows with every change of hands."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import structlog
from sqlalchemy import Float, Integer, and_, bindparam, exists, literal_column, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from checkpoints.keys import Conversation
from checkpoints.place import DatabaseAway
from checkpoints.tables import claims, owners

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from contextlib import AbstractAsyncContextManager

    from checkpoints.database import Database, Transaction

log = structlog.get_logger()

LEASE = 30.0
"""Seconds after which what a process holds is free when nothing was heard of it."""


# Also those in which the machine sleeps, where it can tell (Linux).
_SECONDS = partial(time.clock_gettime, time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic


class ClaimLost(Exception):  # noqa: N818 - named for what went wrong
    """This process does not hold the conversation any more; whatever it was about to do there, it must not."""


class DatabaseNow(FunctionElement[float]):
    """The database's own clock, as a Unix time: the processes' clocks may differ."""

    type = Float(53)
    inherit_cache = True


@compiles(DatabaseNow, "sqlite")
def _sqlite_now(*_: object, **__: object) -> str:  # pyright: ignore[reportUnusedFunction] - SQLAlchemy calls it
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(DatabaseNow, "postgresql")
def _postgres_now(*_: object, **__: object) -> str:  # pyright: ignore[reportUnusedFunction] - SQLAlchemy calls it
    return "CAST(extract(epoch FROM clock_timestamp()) AS double precision)"


@dataclass(frozen=True, slots=True)
class Fence:
    """What a write has to show: who holds a conversation, and since which change of hands."""

    conversation: str
    owner: str
    incarnation: int
    fence: int


_LIVE = and_(
    owners.c.name == claims.c.owner,
    owners.c.incarnation == claims.c.incarnation,
    owners.c.until > DatabaseNow(),
)

_ALIVE = exists(select(owners.c.name).where(_LIVE).correlate(claims))

STANDS = (
    select(literal_column("1", Integer))
    .select_from(claims.join(owners, owners.c.name == claims.c.owner))
    .where(
        claims.c.conversation == bindparam("conversation"),
        claims.c.owner == bindparam("owner"),
        claims.c.incarnation == bindparam("incarnation"),
        claims.c.fence == bindparam("fence"),
        _LIVE,
    )
    # Until the transaction ends nobody else can take the conversation over; SQLite has one writer anyway.
    .with_for_update(read=True, of=claims)
)
"""One row where a `Fence` stands, with its fields as parameters; none where it fell."""


class Fencing(Protocol):
    """What the writers of the journal and of checkpoints need to know of claims."""

    def writing(self, conversation: Conversation) -> AbstractAsyncContextManager[Transaction]:
        """A writing transaction that is nothing unless this process holds the conversation.

        Raises:
            ClaimLost: It does not.
        """
        ...

    def fence(self, conversation: Conversation) -> Fence | None:
        """What a write there has to show; None where nothing is fenced.

        Raises:
            ClaimLost: This process does not hold the conversation.
        """
        ...


class Unfenced:
    """For those who are alone with a database: tests of the rows, commands that look at it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def writing(self, conversation: Conversation) -> AbstractAsyncContextManager[Transaction]:  # noqa: ARG002 - as above
        """A writing transaction."""
        return self._database.write()

    def fence(self, conversation: Conversation) -> None:
        """Nothing is fenced."""


class Claims:
    """The conversations that this process works on.

    A process has one lease, which it renews; what it holds falls with it. Another process takes a conversation over
    when the lease has ended, a later run of the same process (of the same name) at once. A run that was replaced by
    a later one, or that slept past its lease, can write nothing more in what it held.

    Args:
        database: The database.
        owner: This process's name; the same again after a restart.
        lease: Seconds.
        clock: Gives seconds that only grow, also while the process stands still.

    Attributes:
        replaced: Set when a later process of the same name has taken over.
    """

    def __init__(
        self,
        database: Database,
        owner: str,
        *,
        lease: float | None = None,
        clock: Callable[[], float] = _SECONDS,
    ) -> None:
        self._database = database
        self._owner = owner
        self._lease = LEASE if lease is None else lease
        self._clock = clock
        self._incarnation = 0
        # By our clock, and counted from before the renewal was sent: never later than the database's own time.
        self._ends = 0.0
        self._held: dict[Conversation, int] = {}
        self._renewing: asyncio.Task[None] | None = None
        self.replaced = asyncio.Event()

    @property
    def interval(self) -> float:
        """Seconds between two renewals."""
        return self._lease / 3

    async def __aenter__(self) -> Claims:
        began = self._clock()
        statement = insert(owners).values(name=self._owner, incarnation=1, until=DatabaseNow() + self._lease)
        renewed = {"incarnation": owners.c.incarnation + 1, "until": DatabaseNow() + self._lease}
        async with self._database.write() as connection:
            row = await connection.execute(
                statement.on_conflict_do_update(index_elements=["name"], set_=renewed).returning(owners.c.incarnation)
            )
            self._incarnation = row.scalar_one()
        self._ends = began + self._lease
        self._renewing = asyncio.create_task(self._renew_for_ever())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.wait({self._renewing})
        try:
            async with self._database.write() as connection:
                await connection.execute(self._mine(update(owners)).values(until=0.0))
        except DatabaseAway as error:
            log.warning("lease_not_ended", error=str(error))

    async def take(self, conversation: Conversation) -> bool:
        """Hold a conversation; False while another process does.

        Raises:
            DatabaseAway: The database does not answer.
        """
        if self.holds(conversation):
            return True
        if self.replaced.is_set():
            return False
        mine: dict[str, Any] = {"owner": self._owner, "incarnation": self._incarnation}
        # A process that was replaced and does not know it yet must not take from the one that came after it.
        current = self._mine(select(owners.c.name)).with_for_update(read=True)
        first = insert(claims).values(conversation=str(conversation), fence=1, **mine).on_conflict_do_nothing()
        # An earlier run of ours left it; a later one, which has replaced us, must not lose it to us.
        ours = and_(claims.c.owner == self._owner, claims.c.incarnation <= self._incarnation)
        free = or_(claims.c.owner.is_(None), ours, ~_ALIVE)
        further = update(claims).where(claims.c.conversation == str(conversation), free)
        further = further.values(fence=claims.c.fence + 1, **mine)
        async with self._database.write() as connection:
            if (await connection.execute(current)).first() is None:
                return False
            fence = (await connection.execute(first.returning(claims.c.fence))).scalar()
            if fence is None:
                fence = (await connection.execute(further.returning(claims.c.fence))).scalar()
        if fence is None:
            return False
        self._held[conversation] = fence
        return self.holds(conversation)

    async def release(self, conversation: Conversation) -> None:
        """Let go of a conversation; of one that is not held any more, nothing."""
        fence = self._held.pop(conversation, None)
        if fence is None:
            return
        where = (claims.c.conversation == str(conversation), claims.c.owner == self._owner, claims.c.fence == fence)
        statement = update(claims).where(*where, claims.c.incarnation == self._incarnation)
        async with self._database.write() as connection:
            await connection.execute(statement.values(owner=None, incarnation=None))

    def forget(self, conversation: Conversation) -> None:
        """Do as if a conversation was never held: its claim was found to be lost."""
        self._held.pop(conversation, None)

    def holds(self, conversation: Conversation) -> bool:
        """Whether this process holds a conversation, as far as it can know without asking the database."""
        return conversation in self._held and self._clock() < self._ends and not self.replaced.is_set()

    def check(self, conversation: Conversation) -> None:
        """See that this process holds a conversation, right before something that cannot be taken back.

        Raises:
            ClaimLost: It does not, or not for certain.
        """
        if not self.holds(conversation):
            raise ClaimLost(f"{conversation} is not held by this process any more")

    def fence(self, conversation: Conversation) -> Fence:
        """What a write in a conversation has to show.

        Raises:
            ClaimLost: This process does not hold it.
        """
        self.check(conversation)
        return Fence(str(conversation), self._owner, self._incarnation, self._held[conversation])

    @asynccontextmanager
    async def writing(self, conversation: Conversation) -> AsyncGenerator[Transaction]:
        """A writing transaction that is nothing unless this process holds the conversation.

        Raises:
            ClaimLost: It does not.
        """
        fence = self.fence(conversation)
        values = {name: getattr(fence, name) for name in Fence.__slots__}
        async with self._database.write() as connection:
            if (await connection.execute(STANDS.params(**values))).first() is None:
                raise ClaimLost(f"{conversation} was taken over by another process")
            yield connection

    async def held_elsewhere(self) -> set[str]:
        """Every conversation, as its key reads, that another living process holds."""
        statement = select(claims.c.conversation).where(claims.c.owner != self._owner, _ALIVE)
        async with self._database.read() as connection:
            return set((await connection.execute(statement)).scalars())

    async def abandoned(self) -> list[Conversation]:
        """Every conversation that was not let go of by a process that is gone: it may have been in the middle of it."""
        statement = select(claims.c.conversation).where(claims.c.owner.is_not(None), ~_ALIVE)
        async with self._database.read() as connection:
            return [Conversation.parse(text) for text in (await connection.execute(statement)).scalars()]

    async def renew(self) -> None:
        """Prolong the lease, or begin it anew where it had run out: what was held then is not held any more.

        When a later process of this name is there, this one says so and holds nothing more.
        """
        began = self._clock()
        async with self._database.write() as connection:
            renewed = await connection.execute(
                self._mine(update(owners)).values(until=DatabaseNow() + self._lease).returning(owners.c.name)
            )
            ours = renewed.first() is not None
        if ours:
            if self._clock() >= self._ends:
                # It had run out: others may have taken over meanwhile, so everything is taken anew.
                self._held.clear()
            self._ends = began + self._lease
        else:
            log.error("replaced_by_a_later_process", owner=self._owner)
            self.replaced.set()

    async def _renew_for_ever(self) -> None:
        while not self.replaced.is_set():
            await asyncio.sleep(self.interval)
            try:
                await self.renew()
            except DatabaseAway as error:
                log.warning("lease_not_renewed", owner=self._owner, error=str(error))
            except Exception:  # the boundary of this task: without it this process would never hold anything again
                log.exception("lease_not_renewed", owner=self._owner)

    def _mine(self, statement: Any) -> Any:  # noqa: ANN401 - a statement on `owners`
        return statement.where(owners.c.name == self._owner, owners.c.incarnation == self._incarnation)
