"""Compresses what the gateway sends, with one context for the life of a connection."""

from __future__ import annotations

import zlib
from typing import Protocol

import zstandard


class Compressor(Protocol):
    """Turns the text of one payload into the bytes of one websocket message."""

    def compress(self, text: str) -> bytes:
        """Give the bytes; they can be read only after those of every payload before."""
        ...


class _Zlib:
    """zlib-stream: each payload ends with a sync flush (docs events/gateway#encoding-and-compression)."""

    def __init__(self) -> None:
        self._context = zlib.compressobj()

    def compress(self, text: str) -> bytes:
        return self._context.compress(text.encode()) + self._context.flush(zlib.Z_SYNC_FLUSH)


class _Zstd:
    """zstd-stream: each payload ends with a block flush (docs events/gateway#encoding-and-compression)."""

    def __init__(self) -> None:
        self._context = zstandard.ZstdCompressor().compressobj()

    def compress(self, text: str) -> bytes:
        started = self._context.compress(text.encode())
        return started + self._context.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)


def compressor(name: str | None) -> Compressor | None:
    """Make a fresh context.

    Args:
        name: The connection's `compress` query parameter.

    Returns:
        The context; None where payloads go as plain text.
    """
    if name == "zlib-stream":
        return _Zlib()
    return _Zstd() if name == "zstd-stream" else None
