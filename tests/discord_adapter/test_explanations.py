"""What the model says below a card about a call: one message, and no more model calls than it takes."""

import asyncio

import discord
import pytest

from checkpoints.cards import Approval
from checkpoints.claims import Claims
from discord_adapter.card_messages import CardMessages
from discord_adapter.choices import Verb
from discord_adapter.choosing import Choosing
from discord_adapter.surface import DiscordSurfaces
from discord_adapter.text.splitting import open_fence
from graph.deciding import Answer, Person
from graph.errors import ModelError, ModelFault
from graph.turns import TurnEngine


class Explained:
    """A card, and an engine whose model explains it as told."""

    def __init__(self, choosing, approval):
        self._choosing = choosing
        self._approval = approval
        self.answer = "It wipes."
        self.asked = 0
        self.gate = None
        self.seconds = 0.0

    async def explain(self, _approval_id):
        self.asked += 1
        if self.gate:
            await self.gate.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def press(self):
        return await self._choosing.press(self._approval, Verb.EXPLAIN, Person(self._approval.requester_id))


@pytest.fixture
async def explained(client, journal, outbox, turn, monkeypatch):
    cards = CardMessages(outbox, journal.approvals)
    approval = Approval("i", "c", turn.key, "wipe", {"x": 1}, "f", turn.user_id, turn.channel_id)
    await journal.approvals.ask(approval)
    await cards.ask(approval, None, None)
    async with Claims(journal.inbox._database, "test") as claims:
        engine = TurnEngine(None, journal, None, DiscordSurfaces(outbox, cards=cards), claims=claims)
        client._connection.user = discord.Object(1)
        choosing = Choosing(engine, journal, outbox, cards, clock=lambda: explained.seconds)
        explained = Explained(choosing, approval)
        monkeypatch.setattr(engine, "explain", explained.explain)
        yield explained


@pytest.mark.parametrize("text", ["word " * 5000, "```py\n" + "x = 1\n" * 5000, "x" * 5000])
async def test_long_explanation_is_one_message_that_ends_where_it_is_cut(explained, shown, text):
    explained.answer = text
    await explained.press()

    _, told = shown()
    assert told.content.startswith("-# ❓ What the model says about `wipe`")
    assert told.content.endswith("\n…")
    assert 1500 < len(told.content) <= 2000
    assert open_fence(told.content) is None


async def test_explanation_that_fits_is_whole(explained, shown):
    await explained.press()

    assert shown()[1].content.endswith("it may be wrong.\nIt wipes.")


async def test_model_that_fails_is_asked_about_a_card_once_a_minute(explained, shown):
    explained.answer = ModelError(ModelFault.TIMEOUT, "slow")
    assert (await explained.press()).answer is Answer.DECIDED
    for _ in range(10):
        explained.seconds += 5
        assert "in a minute" in (await explained.press()).sentence
    assert explained.asked == 1
    explained.seconds += 20
    explained.answer = "It wipes."
    assert (await explained.press()).answer is Answer.DECIDED

    assert explained.asked == 2
    assert len(shown()) == 2
    assert shown()[1].content.endswith("It wipes.")


async def test_card_that_is_being_explained_is_not_explained_once_more(explained):
    explained.gate = asyncio.Event()
    first = asyncio.create_task(explained.press())
    while not explained.asked:
        await asyncio.sleep(0)
    assert (await explained.press()).sentence == "It is being explained below the card."
    explained.gate.set()
    await first

    assert explained.asked == 1
    assert "already" in (await explained.press()).sentence
