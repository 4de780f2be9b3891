"""What hears what is said on cards, and what Discord tells of a reaction."""

from contextlib import asynccontextmanager
from types import SimpleNamespace

import discord

from checkpoints.claims import Claims
from discord_adapter.approvals import Reactions
from discord_adapter.choices import APPROVE
from discord_adapter.choosing import Choosing
from discord_adapter.surface import DiscordSurfaces
from graph.turns import TurnEngine


@asynccontextmanager
async def hearing(client, journal, outbox, cards, rules=None):
    """What takes reactions, over an engine that decides and runs nothing."""
    async with Claims(journal.inbox._database, "test") as claims:
        engine = TurnEngine(None, journal, None, DiscordSurfaces(outbox, cards=cards), claims=claims, rules=rules)
        async with engine:
            await engine.drain(0)
            client._connection.user = discord.Object(1)
            yield Reactions(client, engine, journal, outbox, Choosing(engine, journal, outbox, cards))


def reaction(message_id, turn, emoji=APPROVE, user_id=None, guild_id=None):
    return SimpleNamespace(
        emoji=emoji,
        message_id=message_id,
        channel_id=turn.channel_id,
        user_id=user_id or turn.user_id,
        guild_id=guild_id,
        member=None,
    )
