"""The prompts that people set from Discord, one for a guild or a channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from checkpoints.tables import prompts

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from checkpoints.database import Database


class PromptRows:
    """The rows of the prompts: the store that the prompts room asks for."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def get(self, scope: str, scope_id: int) -> str | None:
        """The prompt of a scope; None when none is set."""
        statement = select(prompts.c.text).where(prompts.c.scope == scope, prompts.c.scope_id == scope_id)
        async with self._database.read() as connection:
            return (await connection.execute(statement)).scalar()

    async def set(self, scope: str, scope_id: int, text: str, set_by: int) -> None:
        """Set the prompt of a scope."""
        values = {"text": text, "set_by": set_by, "set_at": self._now()}
        statement = insert(prompts).values(scope=scope, scope_id=scope_id, **values)
        async with self._database.write() as connection:
            await connection.execute(statement.on_conflict_do_update(index_elements=["scope", "scope_id"], set_=values))

    async def reset(self, scope: str, scope_id: int) -> bool:
        """Take the prompt of a scope away; False when none was set."""
        statement = delete(prompts).where(prompts.c.scope == scope, prompts.c.scope_id == scope_id)
        async with self._database.write() as connection:
            return (await connection.execute(statement)).rowcount > 0
