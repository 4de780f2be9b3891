"""Channels, threads and guilds that are gone: what was open there is closed, also if they went while we were away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection

    from checkpoints.keys import Conversation


class Closer(Protocol):
    """Closes what is open in a place (`graph.turns.TurnEngine`)."""

    async def close_place(self, detail: str, *, guild_id: int | None = None, channel_id: int | None = None) -> None:
        """Close every open turn of a guild or of a channel."""
        ...

    async def conversations(self) -> list[Conversation]:
        """Every conversation in which something is unfinished."""
        ...


class Places:
    """Tells whoever runs the turns that there is nowhere to show them any more."""

    def __init__(self, engine: Closer) -> None:
        self._engine = engine

    async def channel_gone(self, channel_id: int) -> None:
        """A channel or a thread was deleted; of the archived threads of a channel nothing else is told."""
        await self._engine.close_place(f"channel {channel_id} was deleted", channel_id=channel_id)

    async def guild_gone(self, guild_id: int) -> None:
        """We were taken out of a guild, or it was deleted; not: it cannot be reached for now."""
        await self._engine.close_place(f"guild {guild_id} was left", guild_id=guild_id)

    async def are(self, guild_ids: Collection[int]) -> None:
        """These are all guilds that we are in, those included that cannot be reached for now.

        A channel that was deleted while we were away is found when something is to be shown there; a guild that we
        left can look like one in which we lack a permission.
        """
        open_in = {conversation.guild_id for conversation in await self._engine.conversations()}
        for guild_id in sorted(one for one in open_in if one is not None and one not in guild_ids):
            await self.guild_gone(guild_id)
