"""How far each channel was looked at: where the search for missed messages begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from checkpoints.tables import seen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkpoints.database import Database

# Rows of one statement: a statement holds a bounded number of values (SQLite: 32,766, https://www.sqlite.org/limits.html).
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Sight:
    """How far a channel was looked at.

    Attributes:
        channel_id: The channel, a thread, or a direct message channel.
        guild_id: Its guild; None for direct messages.
        message_id: The newest message that was looked at; all that was meant for us up to it is in the inbox.
    """

    channel_id: int
    guild_id: int | None
    message_id: int


class Seen:
    """The watermark of each channel.

    It is written in batches, some seconds late, and only with what is claimed already. So it may be behind and is never
    ahead: a process that dies at any moment has looked at more than it says, and what is found a second time is claimed
    once by its key. A message is found again by its snowflake, which holds the millisecond in which some machine of
    Discord's made it. Machines do not agree to the millisecond, and two messages can be told in another order than
    their ids have, so whoever searches begins a margin before the watermark.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[Sight]:
        """Every channel that was ever looked at."""
        async with self._database.read() as connection:
            rows = await connection.execute(select(seen))
            return [Sight(row.channel_id, row.guild_id, row.message_id) for row in rows]

    async def note(self, sights: Sequence[Sight]) -> None:
        """Write how far channels were looked at, in one transaction; a watermark never goes back."""
        async with self._database.write() as connection:
            for start in range(0, len(sights), _AT_ONCE):
                rows = [
                    {"channel_id": one.channel_id, "guild_id": one.guild_id, "message_id": one.message_id}
                    for one in sights[start : start + _AT_ONCE]
                ]
                statement = insert(seen).values(rows)
                newest = statement.excluded.message_id
                await connection.execute(
                    statement.on_conflict_do_update(
                        index_elements=[seen.c.channel_id],
                        set_={"message_id": newest},
                        where=newest > seen.c.message_id,
                    )
                )
