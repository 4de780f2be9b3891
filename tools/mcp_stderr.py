"""Where the standard error of an MCP server goes: into the log, at debug level."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TextIO

import structlog

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import AsyncGenerator, Callable

log = structlog.get_logger()

_LINE_LIMIT = 500  # characters of a line that are kept
_REST_LIMIT = 65536  # bytes kept of a line that does not end


@asynccontextmanager
async def stderr_log(name: str, last_words: deque[str], redact: Callable[[str], str]) -> AsyncGenerator[TextIO]:
    """Give a file that a server's process may write to.

    Args:
        name: The server's name, for the log.
        last_words: Takes the lines; its length limits how many are kept.
        redact: Takes secrets out, before a cut could leave half of one.
    """
    if sys.platform == "win32":  # asyncio cannot read an anonymous pipe there
        with os.fdopen(os.open(os.devnull, os.O_WRONLY), "w") as nowhere:
            yield nowhere
        return
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as source, os.fdopen(writing, "w") as sink:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(lambda: _Lines(name, last_words, redact), source)
        try:
            yield sink
        finally:
            transport.close()


class _Lines(asyncio.Protocol):
    """Logs what comes, line by line."""

    def __init__(self, name: str, last_words: deque[str], redact: Callable[[str], str]) -> None:
        self._name = name
        self._last_words = last_words
        self._redact = redact
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[:_REST_LIMIT]
        for line in lines:
            text = self._redact(line.decode(errors="replace").strip())[:_LINE_LIMIT]
            if text:
                self._last_words.append(text)
                log.debug("mcp_server_stderr", server=self._name, line=text)
