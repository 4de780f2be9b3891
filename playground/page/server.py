"""Serves the page inside a running asyncio loop, next to the local Discord and the bot."""

import asyncio
import contextlib
import socket
from collections.abc import Generator
from types import TracebackType
from typing import Self

import uvicorn
from fastapi import FastAPI, Request
from nicegui import ui

from playground.page.session import Session
from playground.server import LocalDiscord


class _Current:
    """NiceGUI has one application in a process; this is the world that it shows, and the application once made."""

    discord: LocalDiscord | None = None
    application: FastAPI | None = None


class _Server(uvicorn.Server):
    """A server that leaves the process's signals alone and says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


def build(discord: LocalDiscord) -> FastAPI:
    """Give the application that shows a world.

    NiceGUI keeps its application in the process, so there is one page at a time: what was built before shows this
    world from now on.

    Args:
        discord: The world to show.
    """
    _Current.discord = discord
    if _Current.application is None:
        _Current.application = FastAPI(openapi_url=None)
        ui.page("/", title="clew playground", favicon="🧶", dark=True)(_root)
        ui.run_with(_Current.application, tailwind=False, binding_refresh_interval=None, show_welcome_message=False)
    return _Current.application


def _root(request: Request) -> None:
    assert _Current.discord is not None  # noqa: S101 - `build` has set it before anything is served
    Session(_Current.discord, request.query_params).build()


class Page:
    """The page of a world, served while the block lasts: `async with Page(discord) as page: page.url`."""

    def __init__(self, discord: LocalDiscord, *, host: str = "127.0.0.1", port: int = 0) -> None:
        """Set up a page that is not served yet.

        Args:
            discord: The world to show; it has to be started by itself.
            host: The address to listen on.
            port: The port, 0 for a free one.
        """
        self._discord = discord
        self._host, self._port = host, port
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{self._host}:{self._port}/"

    async def start(self) -> None:
        """Listen; back when the page can be opened.

        Raises:
            OSError: The port is taken.
        """
        listener = socket.create_server((self._host, self._port))
        self._port = listener.getsockname()[1]
        config = uvicorn.Config(
            build(self._discord), log_config=None, log_level="error", access_log=False, timeout_graceful_shutdown=1
        )
        self._server = _Server(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]), name="page")
        listening = asyncio.create_task(self._server.listening.wait())
        try:
            await asyncio.wait({self._serving, listening}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            await self.stop()
            raise
        finally:
            listening.cancel()
        if self._serving.done():
            await self._serving

    async def stop(self) -> None:
        """Close the page in every browser and listen no more."""
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await self._serving
        self._server = self._serving = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


async def serve_page(discord: LocalDiscord, *, host: str = "127.0.0.1", port: int = 0) -> None:
    """Serve the page of a world until cancelled; the arguments are those of `Page`."""
    async with Page(discord, host=host, port=port):
        await asyncio.Event().wait()
