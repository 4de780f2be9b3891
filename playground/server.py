"""The local Discord as a whole: one server with REST, gateway, CDN and control, and the world behind them."""

# Tests read better with one number at the call than with a block around each wait.
# ruff: noqa: ASYNC109

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from playground.building import furnish
from playground.cdn import Cdn
from playground.control import Control
from playground.openapi import OpenApiCheck
from playground.outages import Outages
from playground.rest.api import PREFIX

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from playground.clock import Clock
    from playground.sessions import GatewaySettings

# "10 MiB by default" a file, ten files (docs reference#uploading-files), and the JSON beside them.
_MAX_BODY = 101 * 1024 * 1024


class LocalDiscord(Outages):
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
        gateway: How its gateway differs from Discord's: heartbeat interval, shards, how often one may identify.
        clock: Its time.
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
        gateway: GatewaySettings | None = None,
        clock: Clock | None = None,
    ) -> None:
        document = openapi or os.environ.get("CLEW_DISCORD_OPENAPI")
        self._check = OpenApiCheck(Path(document)) if document else None
        super().__init__(
            token=token,
            bot_name=bot_name,
            privileged_intents=privileged_intents,
            gateway=gateway,
            clock=clock,
            check=self._check,
        )
        self.latency = latency
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
