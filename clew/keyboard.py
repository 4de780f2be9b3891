"""What is typed: lines, and single keys where there is a terminal; from a pipe or a file, lines alone."""

from __future__ import annotations

import asyncio
import codecs
import os
import termios
import tty
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

_END = "\x04"  # Ctrl-D, which a terminal sends as a key when it does not collect lines


class Keyboard:
    """Standard input without a thread, so that nothing is left waiting for a key when the program ends.

    Enter it in a running event loop. A terminal collects a line by itself and gives it whole.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.is_terminal = os.isatty(descriptor)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._typed = ""
        self._ended = False
        self._more = asyncio.Event()
        self._polled = False

    def __enter__(self) -> Keyboard:
        try:
            asyncio.get_running_loop().add_reader(self._descriptor, self._read)
            self._polled = True
        except PermissionError:  # an ordinary file, which is always ready: epoll takes none
            while not self._ended:
                self._read()
        return self

    def __exit__(self, *_: object) -> None:
        self._forget()

    async def line(self) -> str | None:
        """The next line, without its end; None when there is nothing more."""
        while "\n" not in self._typed and not self._ended:
            await self._wait()
        if "\n" not in self._typed:
            rest, self._typed = self._typed, ""
            return rest or None
        line, _, self._typed = self._typed.partition("\n")
        return line.rstrip("\r")

    async def key(self, ask: Callable[[], None]) -> str | None:
        """The next key, where there is a terminal, else the next line; None when there is nothing more.

        What was typed at the terminal before is dropped: it was no answer to what is asked now.

        Args:
            ask: Asks the question. Not before what was typed is dropped, or a quick answer would go with it.
        """
        if not self.is_terminal:
            ask()
            return await self.line()
        with self._single_keys():
            self._typed = ""
            ask()
            while not self._typed and not self._ended:
                await self._wait()
        key, self._typed = self._typed[:1], ""
        return None if key in ("", _END) else key

    @contextmanager
    def _single_keys(self) -> Generator[None]:
        before = termios.tcgetattr(self._descriptor)
        tty.setcbreak(self._descriptor, termios.TCSAFLUSH)
        try:
            yield
        finally:
            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, before)

    async def _wait(self) -> None:
        self._more.clear()
        await self._more.wait()

    def _read(self) -> None:
        try:
            found = os.read(self._descriptor, 65_536)
        except OSError:  # the terminal is gone
            found = b""
        self._typed += self._decoder.decode(found, final=not found)
        if not found:
            self._ended = True
            self._forget()
        self._more.set()

    def _forget(self) -> None:
        if self._polled:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            self._polled = False
