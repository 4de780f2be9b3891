"""`clew run` that connects to the gateway only when a file `connect` is there: it hears of nothing before."""

import asyncio
from pathlib import Path

import clew.app
from clew.cli import main
from discord_adapter.client import ClewClient


class LateClient(ClewClient):
    async def connect(self, *, reconnect=True):
        while not Path("connect").exists():
            await asyncio.sleep(0.02)
        await super().connect(reconnect=reconnect)


clew.app.ClewClient = LateClient

main()
