"""clew's own Discord client between a local Discord and a real journal."""

import asyncio
from contextlib import asynccontextmanager

import discord
import pytest
import yarl
from discord.gateway import DiscordWebSocket
from pydantic import SecretStr

from checkpoints.database import open_database
from checkpoints.journal import Journal
from checkpoints.keys import Conversation
from discord_adapter.access import Access
from discord_adapter.access_settings import AccessSettings
from discord_adapter.client import ClewClient
from discord_adapter.outbox import Outbox
from discord_adapter.overheard import Overheard
from discord_adapter.sending import Sender
from discord_adapter.settings import DiscordSettings
from discord_adapter.surface import DiscordSurfaces
from graph.turn import Turn
from playground import LocalDiscord


@pytest.fixture
async def local(monkeypatch):
    async with LocalDiscord() as server:
        monkeypatch.setattr(discord.http.Route, "BASE", server.api_base)
        monkeypatch.setattr(discord.asset.Asset, "BASE", server.cdn_base)
        monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(server.gateway_url))
        yield server


@pytest.fixture
def general(local):
    return local.channel("general")


@pytest.fixture
def alice(local):
    return local.user("alice")


@pytest.fixture
async def client(local):
    """Logged in, without a gateway: enough to send."""
    client = ClewClient(DiscordSettings(token=SecretStr(local.token)))
    await client.login(local.token)
    yield client
    await client.close()


class Listening:
    """A client on the gateway, and what it made of what it heard."""

    def __init__(self, client):
        self.client = client
        self.accepted = asyncio.Queue()
        self.amended = asyncio.Queue()
        self.overheard = Overheard(client, Sender(client), 10, self._admits)
        self.access = None

    def denies(self, **lists):
        """From now on what these people say is denied."""
        settings = AccessSettings.model_validate({"deny": lists, "allow": {"users": [1 << 62]}})
        self.access = Access(self.client, settings, Sender(self.client))

    async def _admits(self, *somebody):
        return self.access is None or await self.access.may_decide(*somebody)

    async def accept(self, turn):
        await self.accepted.put(turn)

    async def amend(self, turn):
        await self.amended.put(turn)

    async def withdraw(self, key):
        pass

    async def get(self):
        """The next turn that was accepted."""
        async with asyncio.timeout(10):
            return await self.accepted.get()

    async def context(self, turn, after=None):
        """What was said before a turn."""
        return await self.overheard.before(turn, after)


@asynccontextmanager
async def _listening(local, **settings):
    async def started():
        pass

    client = ClewClient(DiscordSettings(token=SecretStr(local.token), **settings))
    listening = Listening(client)
    client.connect_to(turns=listening, reactions=None, overheard=listening.overheard, on_started=started)
    running = asyncio.create_task(client.start(local.token))
    await local.wait_for_ready()
    yield listening
    await client.close()
    await running


@pytest.fixture
async def turns(local):
    """The turns that clew's client takes from the gateway."""
    async with _listening(local) as listening:
        yield listening


@pytest.fixture
async def turns_without_content(local):
    """Likewise, of a client that Discord does not tell what messages say."""
    async with _listening(local, message_content=False) as listening:
        yield listening


@pytest.fixture
async def journal(tmp_path):
    database = open_database(f"sqlite:///{tmp_path / 'clew.db'}")
    await database.upgrade()
    yield Journal(database)
    await database.close()


@pytest.fixture
async def turn(journal, alice, local, general):
    """A turn that alice's message asked for."""
    asked = await local.send(alice, general, "hello")
    here = Conversation(general.guild_id, general.id, alice.id)
    turn = Turn("message:1:0", here, alice.id, general.id, "hello", message_id=asked.id)
    await journal.inbox.claim(turn.key, here, turn.payload())
    return turn


@pytest.fixture
def outbox(client, journal):
    return Outbox(client, journal.deliveries)


@pytest.fixture
def surface(outbox, turn):
    return DiscordSurfaces(outbox).open(turn)


@pytest.fixture
def shown(local, general):
    """The messages of the bot that stand in the channel now."""
    return lambda: [message for message in local.messages(general) if message.author == local.bot]
