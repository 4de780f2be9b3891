"""A prompt in a file, read again when it changes; a broken file keeps the last good one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from pathlib import Path

log = structlog.get_logger()

# A larger file is taken for a mistake.
_LARGEST_BYTES = 200_000


class PromptFile:
    """The prompt in one file.

    The file is read for every turn: it is small, a turn costs a model call, and no change can be missed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._good: str | None = None
        self._fault: str | None = None

    async def read(self) -> str | None:
        """What the file says now, else what it said last; None when it never said anything."""
        try:
            text = await asyncio.to_thread(read_prompt, self._path)
        except (OSError, ValueError) as error:
            self._report(str(error))
            return self._good
        self._fault = None
        self._good = text
        return text

    def _report(self, fault: str) -> None:
        """One event for a fault, not one for every turn that meets it."""
        if fault != self._fault:
            self._fault = fault
            log.error("prompt_file_broken", path=str(self._path), error=fault, kept=self._good is not None)


def read_prompt(path: Path) -> str:
    """The prompt that a file holds now.

    Raises:
        OSError: It cannot be read.
        ValueError: It is empty, not UTF-8, or too large to be meant.
    """
    if path.stat().st_size > _LARGEST_BYTES:
        raise ValueError(f"{path} is larger than {_LARGEST_BYTES:,} bytes")
    text = path.read_text("utf-8").strip()
    if not text:
        raise ValueError(f"{path} is empty")
    return text
