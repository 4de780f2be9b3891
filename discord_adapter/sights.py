"""How far each channel was looked at, in memory as messages come in, and written from time to time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checkpoints.seen import Sight

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    import discord

    from checkpoints.seen import Seen


class Sights:
    """The watermarks of all channels.

    A message that is being taken holds the watermark of its channel below it: those after it may be faster.
    """

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._sights: dict[int, Sight] = {}
        self._unwritten: set[int] = set()
        self._taking: dict[int, int] = {}
        self._owed: dict[int, int] = {}
        self._loaded = False

    async def load(self) -> None:
        """Read what former processes saw; what this one saw is newer."""
        if not self._loaded:
            self._sights = {one.channel_id: one for one in await self._seen.all()} | self._sights
            self._loaded = True

    @property
    def busy(self) -> bool:
        """Whether a message is being taken."""
        return bool(self._taking)

    def get(self, channel_id: int) -> int | None:
        """The newest message of a channel that was looked at."""
        sight = self._sights.get(channel_id)
        return sight.message_id if sight else None

    def __iter__(self) -> Iterator[Sight]:
        return iter(list(self._sights.values()))

    def begin(self, message: discord.Message) -> None:
        """A message is being taken."""
        self._taking[message.id] = message.channel.id

    def end(self, message: discord.Message) -> None:
        """A message is not being taken any more."""
        self._taking.pop(message.id, None)

    def saw(self, channel_id: int, guild_id: int | None, message_id: int) -> None:
        """All messages of a channel up to this one were looked at, or are being taken."""
        if message_id > (self.get(channel_id) or 0):
            self._sights[channel_id] = Sight(channel_id, guild_id, message_id)
            self._unwritten.add(channel_id)

    def failed(self, message: discord.Message) -> None:
        """A message could not be taken: its channel was looked at up to there only."""
        sight = self._sights.get(message.channel.id)
        if sight is not None and sight.message_id >= message.id:
            self._sights[sight.channel_id] = Sight(sight.channel_id, sight.guild_id, message.id - 1)

    def owe(self, message: discord.Message) -> None:
        """A message was heard and is taken later, however long that takes."""
        self._owed[message.channel.id] = min(message.id, self._owed.get(message.channel.id, message.id))

    def settle(self, channel_id: int) -> None:
        """Everything that was heard in a channel is taken."""
        self._owed.pop(channel_id, None)

    def before_owed(self, channel_id: int, snowflake: int) -> int:
        """From where a channel is looked through: a snowflake, or an earlier one that is before all that is owed."""
        return min(snowflake, self._owed.get(channel_id, snowflake + 1) - 1)

    async def write(self, but: Container[int] = ()) -> None:
        """Write what is new, except of some channels."""
        rows: list[Sight] = []
        written: set[int] = set()
        for channel_id in self._unwritten:
            if channel_id in but or channel_id in self._taking.values():
                continue
            rows.append(self._sights[channel_id])
            written.add(channel_id)
        if rows:
            # Taken off first: what comes while they are being written is new again.
            self._unwritten -= written
            try:
                await self._seen.note(rows)
            except BaseException:
                self._unwritten |= written
                raise
