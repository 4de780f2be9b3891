"""The local Discord as a whole: one server with REST, gateway, CDN and control, and the world behind them."""

# Tests read better with one number at the call than with a block around each wait.
# ruff: noqa: ASYNC109

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from playground import sending
from playground.building import furnish
from playground.cdn import Cdn
from playground.control import Control
from playground.faults import Fault
from playground.gateway import Gateway
from playground.interacting import Interacting
from playground.openapi import OpenApiCheck
from playground.rest.api import PREFIX, Api

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from playground.values import Message

# "10 MiB by default" a file, ten files (docs reference#uploading-files), and the JSON beside them.
_MAX_BODY = 101 * 1024 * 1024


class LocalDiscord(Interacting):
    """A small, honest Discord on this machine, for one bot.

    Args:
        host: The address to listen on.
        port: The port; 0 takes a free one.
        token: The bot's token.
        bot_name: The bot's user name.
        world: Whether to begin with a guild, two channels and three people; else the world is empty.
        privileged_intents: Whether the application may ask for members, presences and message content.
        openapi: Discord's OpenAPI document, to check every exchange with; by default what the environment
            variable CLEW_DISCORD_OPENAPI names, if it is set.
        latency: Seconds that every REST request takes on its way.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        token: str = "local.discord.token",  # noqa: S107  # it opens nothing but this server
        bot_name: str = "clew",
        world: bool = True,
        privileged_intents: bool = True,
        openapi: str | Path | None = None,
        latency: float = 0.0,
    ) -> None:
        super().__init__(token=token, bot_name=bot_name, privileged_intents=privileged_intents)
        self.latency = latency
        document = openapi or os.environ.get("CLEW_DISCORD_OPENAPI")
        self._check = OpenApiCheck(Path(document)) if document else None
        self._gateway = Gateway(self)
        self._api = Api(self, self._check)
        self._host, self._port = host, port
        self._runner: web.AppRunner | None = None
        self.url = ""
        if world:
            furnish(self)

    @property
    def api_base(self) -> str:
        """What `discord.http.Route.BASE` is to be set to."""
        return self.url + PREFIX

    @property
    def identifies(self) -> int:
        """How often a bot has identified."""
        return self._gateway.identifies

    @property
    def resumes(self) -> int:
        """How often a bot has resumed a session."""
        return self._gateway.resumes

    @property
    def connected(self) -> bool:
        """Whether a bot is on the line."""
        return self._gateway.connected

    @property
    def rate_limited(self) -> int:
        """How many requests were refused with 429."""
        return self._api.limiter.refused

    @property
    def violations(self) -> list[str]:
        """What did not fit Discord's OpenAPI document, one sentence each."""
        return [] if self._check is None else self._check.violations

    async def start(self) -> None:
        """Listen, and know one's own address."""
        app = web.Application(client_max_size=_MAX_BODY)
        self._api.mount(app)
        app.router.add_get("/gateway", self._gateway.handle)
        Cdn(self).mount(app)
        Control(self).mount(app)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self.url = f"http://{self._host}:{self._port}"
        self.gateway_url = f"ws://{self._host}:{self._port}/gateway"
        self.cdn_base = f"{self.url}/cdn"

    async def stop(self) -> None:
        """Close every connection and listen no more."""
        await self._gateway.drop(code=1001, resumable=False)
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def redeliver(self, message: Message) -> None:
        """Send the bot MESSAGE_CREATE once more, as the gateway may after a RESUME (seen; not in the documentation)."""
        self._gateway.carry(sending.created(self, message))

    async def drop_gateway(self, *, code: int = 4000, resumable: bool = True) -> None:
        """Close the bot's websocket.

        Args:
            code: The close code.
            resumable: Whether the session lives on; else a RESUME is answered with an invalid session.
        """
        await self._gateway.drop(code=code, resumable=resumable)

    def fail(self, method: str, route: str, *, times: int = 1, status: int = 500, done: bool = False) -> None:
        """Let the bot's next requests of a route run into trouble.

        Args:
            method: The HTTP method.
            route: The path's template, as `Request.route` shows it.
            times: How many requests.
            status: What they are answered with; 0 cuts the connection.
            done: Whether what they ask for is done all the same, and only the answer is lost.
        """
        self.faults.order(Fault(method, route, times, status, done))

    async def wait_for_ready(self, timeout: float = 20.0) -> None:
        """Wait until a bot has identified and got READY and its guilds."""
        await self.wait_until(lambda: self.connected, timeout, lambda: "No bot has identified.")

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()
        if kind is None and self.violations:
            listed = "\n".join(f"  {one}" for one in self.violations)
            raise AssertionError(f"What went over the wire does not fit Discord's OpenAPI document:\n{listed}")
