"""Unmodified discord.py clients that talk to a local Discord."""

import asyncio

import aiohttp
import discord
import pytest
import yarl
from discord.app_commands import CommandTree
from discord.gateway import DiscordWebSocket

from playground import LocalDiscord


class Bot(discord.Client):
    """A client that writes down what it is told and wakes whoever waits for it."""

    def __init__(self, intents, **options):
        # discord.py waits this long after the last guild before it says that it is ready.
        super().__init__(intents=intents, guild_ready_timeout=0.05, **options)
        self.tree = CommandTree(self)
        self.heard = []
        self._waiters = []

    def dispatch(self, event, /, *arguments):
        super().dispatch(event, *arguments)
        self.heard.append((event, arguments[0] if arguments else None))
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def before_identify_hook(self, shard_id, *, initial=False):
        """Identify at once: discord.py would wait five seconds before each but the first."""

    def told(self, event):
        """Everything that came with an event of this name."""
        return [argument for name, argument in self.heard if name == event]

    async def hears(self, event, count=1):
        """Wait until an event has come as often as that; give what came last."""
        async with asyncio.timeout(10):
            while len(self.told(event)) < count:
                waiter = asyncio.get_running_loop().create_future()
                self._waiters.append(waiter)
                await waiter
        return self.told(event)[-1]


class ShardedBot(Bot, discord.AutoShardedClient):
    """The same, over as many connections as the server recommends."""


@pytest.fixture
def point_at(monkeypatch):
    """Let discord.py find a server."""

    def point(server):
        monkeypatch.setattr(discord.http.Route, "BASE", server.api_base)
        monkeypatch.setattr(discord.asset.Asset, "BASE", server.cdn_base)
        monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(server.gateway_url))

    return point


@pytest.fixture
async def local(point_at):
    async with LocalDiscord() as server:
        point_at(server)
        yield server


@pytest.fixture
async def start(local):
    """Start clients; they are closed when the test is over."""
    running = []

    async def begin(intents=None, *, token=None, setup=None, kind=Bot, **options):
        bot = kind(discord.Intents.all() if intents is None else intents, **options)
        if setup is not None:
            setup(bot.tree)
            bot.setup_hook = bot.tree.sync
        running.append((bot, asyncio.create_task(bot.start(token or local.token))))
        await bot.hears("ready")
        return bot

    yield begin
    for bot, task in running:
        await bot.close()
        await task


@pytest.fixture
def sharded_bot():
    return ShardedBot


@pytest.fixture
async def session(local):
    """Plain HTTP with the bot's token, where discord.py would not do what is tested."""
    headers = {"Authorization": f"Bot {local.token}"}
    async with aiohttp.ClientSession(local.url, headers=headers) as session:
        yield session


@pytest.fixture
async def bot(start):
    return await start()


@pytest.fixture
def general(local):
    return local.channel("general")


@pytest.fixture
def alice(local):
    return local.user("alice")


@pytest.fixture
def bob(local):
    return local.user("bob")
