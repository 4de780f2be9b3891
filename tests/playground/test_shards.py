"""Shards: which of a bot's connections is told of what."""

import aiohttp
import pytest

from playground import GatewaySettings, LocalDiscord

SHARDS = 3


@pytest.fixture
async def local(point_at):
    async with LocalDiscord(gateway=GatewaySettings(shards=SHARDS, max_concurrency=SHARDS)) as server:
        point_at(server)
        yield server


@pytest.fixture
def channels(local, alice):
    """A channel in a guild of each shard."""
    found = {}
    while len(found) < SHARDS:
        guild = local.add_guild("another", alice)
        # The millisecond of an id decides its shard; ids of one millisecond share it.
        local.clock.advance(0.001)
        found[(guild.id >> 22) % SHARDS] = local.add_channel(guild, "here")
    return [found[number] for number in range(SHARDS)]


async def test_unmodified_client_starts_the_recommended_shards(local, channels, start, sharded_bot):
    bot = await start(kind=sharded_bot)

    assert set(bot.shards) == {0, 1, 2}
    assert local.identifies == SHARDS
    assert {one.shard_id for one in bot.guilds} == {0, 1, 2}
    assert len(bot.guilds) == len(local.guilds_of(local.bot))


async def test_each_event_comes_once_whatever_its_shard(local, channels, alice, start, sharded_bot):
    bot = await start(kind=sharded_bot)
    for channel in channels:
        await local.send(alice, channel, channel.name)
    await local.send(alice, local.dm(alice), "direct")
    await bot.hears("message", 4)

    assert sorted(one.channel.id for one in bot.told("message")) == sorted(
        one.id for one in (*channels, local.dm(alice))
    )


async def test_one_shard_is_told_of_its_guilds_only_and_the_first_of_direct_messages(local, channels, alice, start):
    second = await start(shard_id=1, shard_count=SHARDS)
    first = await start(shard_id=0, shard_count=SHARDS)
    for channel in (*channels, local.dm(alice), channels[1], channels[0]):
        await local.send(alice, channel, "hi")
    await second.hears("message", 2)
    await first.hears("message", 3)

    assert {(one.id >> 22) % SHARDS for one in second.guilds} == {1}
    assert [one.channel.id for one in second.told("message")] == [channels[1].id] * 2
    assert [one.channel.id for one in first.told("message")] == [channels[0].id, local.dm(alice).id, channels[0].id]


async def test_interactions_go_to_the_shard_of_their_guild(local, channels, alice, start):
    def commands(tree):
        @tree.command(description="Answer")
        async def ping(interaction):
            await interaction.response.send_message(f"shard {interaction.guild.shard_id}")

    await start(shard_id=1, shard_count=SHARDS, setup=commands)
    answer = await local.slash(alice, channels[1], "ping")

    assert answer.content == "shard 1"


async def test_trouble_can_come_to_one_shard(local, channels, alice, start, sharded_bot):
    bot = await start(kind=sharded_bot)
    await local.drop_gateway(shard=1)
    await bot.hears("shard_resumed")
    local.invalidate_session(resumable=False, shard=2)
    await bot.hears("shard_ready", SHARDS + 1)
    for channel in channels:
        await local.send(alice, channel, "all there")
    await bot.hears("message", SHARDS)

    assert bot.told("shard_resumed") == [1]
    assert bot.told("shard_ready")[SHARDS:] == [2]
    assert len(bot.told("message")) == SHARDS


@pytest.mark.parametrize("shard", [[3, 3], [-1, 3], [0, 0], [0], "0", ["0", "3"]])
async def test_invalid_shard_is_refused(local, shard):
    data = {"token": local.token, "intents": 0, "properties": {}, "shard": shard}
    async with aiohttp.ClientSession() as session, session.ws_connect(local.gateway_url) as socket:
        await socket.receive_json()
        await socket.send_json({"op": 2, "d": data})
        closing = await socket.receive(timeout=5)

    assert closing.data == 4010
