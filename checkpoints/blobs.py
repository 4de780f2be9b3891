"""Images by their hash: what a conversation refers to and does not hold itself."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from checkpoints.tables import blobs

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from checkpoints.database import Database


@dataclass(frozen=True, slots=True)
class Blob:
    """One stored content.

    Attributes:
        sha256: Of the content, in hexadecimal.
        mime_type: What the content is.
        content: The bytes.
        created_at: When it was last put.
    """

    sha256: str
    mime_type: str
    content: bytes
    created_at: datetime


class Blobs:
    """The rows of the blobs: equal content is one row, whoever puts it.

    What refers to a blob is an image block, `{"type": "image", "blob": <sha256>}`, of a HumanMessage in a checkpoint;
    the journal refers to none. A blob that no checkpoint of any thread names can go, once it is older than the longest
    turn: it is put before the checkpoint that names it is written. One that is put again is young again.
    """

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def put(self, content: bytes, mime_type: str) -> str:
        """Store content once; the hash by which it is found, in hexadecimal."""
        sha256 = hashlib.sha256(content).hexdigest()
        now = self._now()
        statement = insert(blobs).values(
            sha256=sha256, mime_type=mime_type, size=len(content), content=content, created_at=now
        )
        async with self._database.write() as connection:
            await connection.execute(
                statement.on_conflict_do_update(index_elements=["sha256"], set_={"created_at": now})
            )
        return sha256

    async def get(self, sha256: str) -> Blob | None:
        """The blob of a hash; None when it is not there, or not there any more."""
        statement = select(blobs).where(blobs.c.sha256 == sha256)
        async with self._database.read() as connection:
            row = (await connection.execute(statement)).first()
        return Blob(row.sha256, row.mime_type, row.content, row.created_at) if row else None
