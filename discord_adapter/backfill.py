"""What was said while we were away: found after every new gateway session, and taken as if it came now."""

from __future__ import annotations

import asyncio
from collections import Counter
from copy import copy
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import discord
import structlog

from checkpoints.place import DatabaseAway
from discord_adapter.budget import Kind, Rank
from discord_adapter.changes import Changes
from discord_adapter.gaps import Gaps, Patience
from discord_adapter.places import MOST_UNKNOWN, Places
from discord_adapter.sending import when_reachable
from discord_adapter.sights import Sights
from graph.errors import PlaceGone, SurfaceError, SurfaceUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from checkpoints.journal import Journal
    from discord_adapter.client import ClewClient
    from discord_adapter.places import Place
    from discord_adapter.sending import Sender

log = structlog.get_logger()

# Messages of one channel that are looked at: two requests.
MOST_IN_CHANNEL = 200

# Messages meant for us that are taken after one gateway session.
MOST_IN_ALL = 500

# Channels that are read at a time.
_AT_ONCE = 5


class Backfill:
    """Finds what was missed.

    A gap is a channel that has a newer message than we saw. All gaps are read, and what was meant for us is taken, the
    oldest first. Messages that come to such a channel meanwhile wait until its gap is closed, so that none overtakes an
    older one of its conversation; those of other channels do not. Between the beginning of a session and the moment
    when all guilds are known, it is not known where the gaps are: everything waits. A guild that is away then, or later
    in the session, has its gaps when it is there again.

    Args:
        client: Whose channels.
        journal: Says how far they were looked at.
        sender: Through which they are read.
        window: How far back is looked for what was not heard; zero for not at all.
        patience: How long things take.
        now: The time.
    """

    def __init__(
        self,
        client: ClewClient,
        journal: Journal,
        sender: Sender,
        window: timedelta,
        *,
        patience: Patience | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._inbox = journal.inbox
        self._sender = sender
        self._window = window
        self._patience = patience or Patience()
        self._now = now
        self._sights = Sights(journal.seen)
        self._places = Places(client, self._sights)
        self._gaps = Gaps(self._patience, known=not window)
        # Whether a guild came back since the last look began: the next one does not wait.
        self._came = False
        # Direct message channels in which one failed, until they were looked through: nothing else may tell of them.
        self._direct: set[int] = set()
        # Fair: where nothing is looked for later, the messages of a channel are taken in the order in which they came.
        self._in_order: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._changes = Changes()
        self._looking: asyncio.Task[None] | None = None
        self._writing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Backfill:
        self._writing = asyncio.create_task(self._write_often())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tasks = {task for task in (self._looking, self._writing) if task is not None}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await self._sights.write(but=self._gaps)

    def session_began(self) -> None:
        """A new gateway session: what happened since the last one was not told, and will not be."""
        if not self._window:
            return
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        self._gaps.forget()

    def begin(self) -> None:
        """All guilds are known: look for what was missed, once a session."""
        if self._window and self._looking is None:
            self._looking = asyncio.create_task(self._look())

    def guild_came(self, guild_id: int) -> None:
        """A guild is there that was away: what was said in it meanwhile was not told, and will not be."""
        if not self._window or not self._gaps.known:
            return  # nothing is looked for, or it is with all others
        places = self._places.find(self._since, due=lambda one: one.guild_id == guild_id)
        for place in places:
            self._gaps.add(place.channel_id)
        if places:
            self._came = True
            self._look_again()

    async def live(self, message: discord.Message) -> None:
        """A message came just now."""
        if self._client.asks(message):
            # discord.py changes the one it has when it is edited; what was said first may have to be answered.
            message = copy(message)
        self._sights.begin(message)
        try:
            async with self._in_order.setdefault(message.channel.id, asyncio.Lock()):
                await self._its_turn(message.channel.id)
                await (self._take_as_it_is(message) if self._window else self._until_taken(message))
        except SurfaceUnreachable as error:
            log.warning("message_not_taken_yet", message=message.id, error=str(error))
            self._sights.owe(message)
            self._failed(message)
        except Exception:
            self._failed(message)
            raise
        finally:
            self._sights.end(message)
            self._forget_changes()
        guild = message.guild
        if self._gaps.known and message.channel.id not in self._gaps and not (guild and guild.unavailable):
            self._sights.saw(message.channel.id, guild.id if guild else None, message.id)

    async def _take_as_it_is(self, message: discord.Message) -> None:
        """Take a message as it is now, unless it was deleted meanwhile."""
        now = self._changes.now(message)
        if now is None:
            return
        # An edit that does not speak to us any more takes nothing back.
        spoken = now if self._client.asks(now) else message
        await self._client.take(spoken, lambda: self._changes.now(message) is not None)

    async def _until_taken(self, message: discord.Message) -> None:
        """Take a message that is not looked for later: those of its channel that come after it wait meanwhile."""
        await when_reachable(lambda: self._take_as_it_is(message), self._patience.again)

    def edited(self, message: discord.Message) -> None:
        """A message was edited, perhaps before it could be taken."""
        self._changes.edited(message)
        self._forget_changes()

    def deleted(self, message_ids: Iterable[int]) -> None:
        """Messages were deleted, perhaps before they could be taken."""
        self._changes.deleted(message_ids)
        self._forget_changes()

    @property
    def _idle(self) -> bool:
        """Whether no message is held, read or taken."""
        return not self._gaps.holding and not self._sights.busy

    def _forget_changes(self) -> None:
        """What changed is forgotten in a while, once nobody holds a message as it was before."""
        if self._idle:
            self._changes.forget()

    async def _its_turn(self, channel_id: int) -> None:
        """Wait while older messages of a channel are looked for."""
        if not self._gaps.known:
            if not any(guild.unavailable for guild in self._client.guilds):
                # discord.py says that it is ready two seconds after the last guild came; that is known now.
                self.begin()
            await self._gaps.opened()
        await self._gaps.closed(channel_id)

    def _failed(self, message: discord.Message) -> None:
        """A message could not be taken: it is missed, and looked for in a while."""
        self._sights.failed(message)
        if not self._window:
            return
        if message.guild is None:
            self._direct.add(message.channel.id)
        self._gaps.add(message.channel.id)
        self._look_again(after=self._patience.again)

    def _look_again(self, after: float = 0.0) -> None:
        """See that gaps are looked through which came up in this session."""
        if self._gaps.known and (self._looking is None or self._looking.done()):
            self._looking = asyncio.create_task(self._look(after))

    @property
    def _since(self) -> datetime:
        """What is older is not looked for."""
        return self._now() - self._window

    async def _look(self, after: float = 0.0) -> None:
        """Look for what was missed until nothing is left."""
        done = False
        while not done:
            await asyncio.sleep(after)
            try:
                done = await self._look_once()
            except DatabaseAway as error:
                log.warning("database_away", error=str(error))
            except Exception:  # the boundary of this task: what is left is looked for again
                log.exception("missed_messages_not_taken")
            after = 0.0 if self._came else self._patience.again
        self._forget_changes()

    async def _look_once(self) -> bool:
        """Look through every gap; False when some are left."""
        self._gaps.look_begins()
        self._came = False
        await self._sights.load()
        direct = [*self._direct, *await self._inbox.direct_channels(MOST_UNKNOWN)]
        # Once a session everything; then the gateway tells, but of what it could not.
        places = self._places.find(
            self._since, direct, lambda one: not self._gaps.known or one.channel_id in self._gaps
        )
        self._gaps.are({place.channel_id for place in places})
        limit = asyncio.Semaphore(_AT_ONCE)
        async with asyncio.TaskGroup() as reading:
            read = {place: reading.create_task(self._read(place, limit)) for place in places}
        found = {place: messages for place, task in read.items() if (messages := task.result()) is not None}
        wanted = sorted((one for messages in found.values() for one in self._wanted(messages)), key=lambda one: one.id)
        if len(wanted) > MOST_IN_ALL:
            log.warning("missed_messages_left_out", messages=len(wanted) - MOST_IN_ALL)
            wanted = wanted[-MOST_IN_ALL:]
        await self._take(wanted, found)
        # What could not be taken, or failed while this looked, keeps its gap and is looked for again.
        return len(found) == len(places) and not self._gaps

    async def _take(self, wanted: list[discord.Message], found: dict[Place, list[discord.Message]]) -> None:
        """Take what was found, the oldest first; a gap is closed with its last message."""
        by_channel = {place.channel_id: place for place in found}
        left = Counter(message.channel.id for message in wanted)
        for channel_id, place in by_channel.items():
            if not left[channel_id]:
                self._close(place, found[place])
        put_off: set[int] = set()
        for message in wanted:
            if message.channel.id in put_off:
                continue
            try:
                await self._take_as_it_is(message)
            except DatabaseAway:
                raise
            except SurfaceUnreachable as error:
                log.warning("message_not_taken_yet", message=message.id, error=str(error))
                self._sights.owe(message)
                put_off.add(message.channel.id)
                continue
            except Exception:  # a message that cannot be taken must not keep all that were said after it
                log.exception("missed_message_not_taken", message=message.id)
                continue
            left[message.channel.id] -= 1
            if not left[message.channel.id]:
                place = by_channel[message.channel.id]
                self._close(place, found[place])
        if wanted:
            log.info("missed_messages_taken", messages=len(wanted), channels=len(left))

    def _close(self, place: Place, messages: list[discord.Message]) -> None:
        """Say that a channel was looked at; one in which a message failed meanwhile is read again first."""
        if not self._gaps.close(place.channel_id):
            return
        newest = max([place.newest, *(message.id for message in messages)])
        if newest:
            self._sights.saw(place.channel_id, place.guild_id, newest)
        self._sights.settle(place.channel_id)
        self._direct.discard(place.channel_id)

    def _wanted(self, messages: list[discord.Message]) -> list[discord.Message]:
        """Those that ask for a turn and have no answer yet, also none that the journal does not know of."""
        me = self._client.user
        if me is None:
            return []
        ours = [message.reference for message in messages if message.author.id == me.id]
        answered = {reference.message_id for reference in ours if reference is not None}
        return [one for one in messages if one.id not in answered and self._client.asks(one)]

    async def _read(self, place: Place, limit: asyncio.Semaphore) -> list[discord.Message] | None:
        """The newest messages of a gap; None when they cannot be read for now."""
        channel = self._client.get_partial_messageable(place.channel_id, guild_id=place.guild_id)

        async def request() -> list[discord.Message]:
            history = channel.history(limit=MOST_IN_CHANNEL, after=discord.Object(place.after), oldest_first=False)
            return [message async for message in history]

        async with limit:
            try:
                messages = await self._sender.send(place.channel_id, Kind.OTHER, request, lambda: Rank.FIRST)
            except SurfaceUnreachable as error:
                log.warning("missed_messages_not_read", channel=place.channel_id, error=str(error))
                return None
            except PlaceGone:
                return []
            except SurfaceError as error:
                self._places.unreadable(place.channel_id, place.guild_id, str(error))
                return []
        if len(messages) == MOST_IN_CHANNEL:
            log.warning("missed_messages_left_out", channel=place.channel_id, looked_at=MOST_IN_CHANNEL)
        return messages

    async def _write_often(self) -> None:
        while True:
            await asyncio.sleep(self._patience.write)
            try:
                await self._sights.write(but=self._gaps)
            except DatabaseAway as error:
                log.warning("database_away", error=str(error))
            except Exception:  # the boundary of this task: it is written the next time
                log.exception("seen_not_written")
