"""The gateway as discord.py meets it: login, ready, intents, compression, resuming."""

import zlib

import aiohttp
import discord
import pytest

from playground import GatewaySettings, LocalDiscord


async def test_bot_logs_in_and_sees_the_world(local, bot):
    guild = bot.get_guild(local.guild("Harbour").id)

    assert bot.user.id == local.bot.id
    assert [channel.name for channel in guild.text_channels] == ["general", "lab"]
    assert {member.name for member in guild.members} == {"alice", "bob", "carol", "clew"}
    assert guild.owner.name == "alice"
    assert local.identifies == 1
    assert local.connected


@pytest.mark.parametrize("name", ["zlib-stream", "zstd-stream", None])
async def test_every_compression_carries_several_messages(local, general, alice, bot_with_compression, name):
    bot = await bot_with_compression(name)

    await local.send(alice, general, "first " * 100)
    await local.send(alice, general, "first " * 100)

    assert (await bot.hears("message", 2)).content == ("first " * 100).strip()
    assert len(bot.told("message")) == 2


class ZlibContext:
    """What discord.py itself uses where zstandard is not installed (discord/utils.py)."""

    COMPRESSION_TYPE = "zlib-stream"

    def __init__(self):
        self._context = zlib.decompressobj()

    def decompress(self, data, /):
        assert data.endswith(b"\x00\x00\xff\xff")
        return self._context.decompress(data).decode()


@pytest.fixture
def bot_with_compression(start, monkeypatch):
    from_client = discord.gateway.DiscordWebSocket.from_client

    async def uncompressed(client, **options):
        return await from_client(client, **options, compress=False)

    async def begin(name):
        if name is None:
            monkeypatch.setattr(discord.gateway.DiscordWebSocket, "from_client", uncompressed)
        elif name == "zlib-stream":
            monkeypatch.setattr(discord.utils, "_ActiveDecompressionContext", ZlibContext)
        return await start()

    return begin


async def test_wrong_token_is_refused_before_the_gateway(local):
    with pytest.raises(discord.LoginFailure):
        await log_in("wrong")
    assert local.identifies == 0


async def log_in(token):
    client = discord.Client(intents=discord.Intents.none())
    async with client:
        await client.login(token)


async def test_gateway_closes_on_a_wrong_token(local):
    async with aiohttp.ClientSession() as session, session.ws_connect(local.gateway_url) as socket:
        assert (await socket.receive_json())["op"] == 10
        await socket.send_json({"op": 2, "d": {"token": "wrong", "intents": 0, "properties": {}}})
        closing = await socket.receive()

    assert closing.data == 4004


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ("{", 4002),
        ('{"op": 2}', 4002),
        ('{"op": 8, "d": {}}', 4003),
        ('{"op": 1, "d": "' + "x" * 4096 + '"}', 4002),
        ("[]", 4002),
        ('{"op": 2, "d": {"token": "local.discord.token", "intents": 1073741824}}', 4013),
    ],
)
async def test_gateway_closes_on_a_wrong_payload(local, payload, code):
    async with aiohttp.ClientSession() as session, session.ws_connect(local.gateway_url) as socket:
        await socket.receive_json()
        await socket.send_str(payload)
        closing = await socket.receive()

    assert closing.data == code


async def test_gateway_closes_on_too_many_payloads(local):
    async with aiohttp.ClientSession() as session, session.ws_connect(local.gateway_url) as socket:
        for _ in range(121):
            await socket.send_json({"op": 1, "d": None})
        async for _ in socket:
            pass

    assert socket.close_code == 4008


async def test_gateway_closes_on_a_silent_bot():
    settings = GatewaySettings(heartbeat_interval=0.05)
    async with (
        LocalDiscord(gateway=settings) as server,
        aiohttp.ClientSession() as session,
        session.ws_connect(server.gateway_url) as socket,
    ):
        async for _ in socket:
            pass

    assert socket.close_code == 4009


async def test_privileged_intents_must_be_switched_on(point_at):
    async with LocalDiscord(privileged_intents=False) as server:
        point_at(server)
        client = discord.Client(intents=discord.Intents.all())
        with pytest.raises(discord.PrivilegedIntentsRequired):
            await client.start(server.token)
        await client.close()


async def test_heartbeat_is_acknowledged_after_a_moment(local, bot, general, alice):
    # An acknowledgement in the same instant would read as a whole interval.
    await local.send(alice, general, "by now it has been acknowledged")
    await bot.hears("message")

    assert 0 < bot.latency < 1


async def test_events_outside_the_intents_do_not_come(local, start, general, alice):
    bot = await start(discord.Intents(guilds=True, dm_messages=True))

    message = await local.send(alice, general, "guild")
    await local.react(alice, message, "✅")
    await local.type(alice, general)
    await local.send(alice, local.dm(alice), "direct")
    await bot.hears("message")

    assert [one.content for one in bot.told("message")] == ["direct"]
    assert not bot.told("raw_reaction_add")
    assert not bot.told("typing")


async def test_channel_out_of_view_is_silent(local, bot, general, alice):
    local.overwrite(local.channel("lab"), local.bot, deny=1 << 10)

    await local.send(alice, local.channel("lab"), "secret")
    await local.send(alice, general, "open")
    await bot.hears("message")

    assert [one.content for one in bot.told("message")] == ["open"]


async def test_dropped_connection_resumes_and_replays(local, bot, general, alice):
    await local.drop_gateway()
    assert not local.connected
    await local.send(alice, general, "while you were away")

    message = await bot.hears("message")

    assert message.content == "while you were away"
    assert (local.identifies, local.resumes) == (1, 1)


async def test_lost_session_identifies_anew(local, bot, general, alice):
    await local.drop_gateway(resumable=False)
    await local.send(alice, general, "lost")

    await bot.hears("ready", 2)
    await local.send(alice, general, "after")
    await bot.hears("message")

    assert (local.identifies, local.resumes) == (2, 0)
    assert [one.content for one in bot.told("message")] == ["after"]


async def test_killed_bot_leaves_a_session_and_the_next_one_starts_afresh(local, start, general, alice):
    first = await start()
    first.ws.socket._response.connection.transport.abort()
    await local.wait_until(lambda: not local.connected)
    await local.send(alice, general, "nobody hears it")
    second = await start()
    await local.send(alice, general, "the new one does")
    await second.hears("message")

    assert [one.content for one in second.told("message")] == ["the new one does"]


async def test_typing_is_seen_both_ways(local, bot, general, alice):
    await local.type(alice, general)
    await bot.hears("typing")
    async with bot.get_channel(general.id).typing():
        pass

    assert [one.user_id for one in local.typing] == [alice.id, local.bot.id]


async def test_subscription_sees_what_happens(local, general, alice):
    with local.subscribe() as events:
        await local.send(alice, general, "hi")
        event = await events.get()

    assert (event.name, event.data["content"]) == ("MESSAGE_CREATE", "hi")


async def test_guild_out_of_reach_is_silent_and_comes_back_as_it_is_then(local, bot, general, alice):
    guild = local.guild_of(general)
    local.lose_guild(guild)
    assert (await bot.hears("guild_unavailable")).id == guild.id
    sent = await local.send(alice, general, "not heard")
    local.regain_guild(guild)
    await bot.hears("guild_available", 2)
    await local.send(alice, general, "heard")
    await bot.hears("message")

    assert [message.content for message in bot.told("message")] == ["heard"]
    assert sent in local.messages(general)
    assert bot.told("guild_remove") == []


async def test_guild_out_of_reach_at_a_start_comes_later(local, start, general, alice):
    guild = local.guild_of(general)
    local.lose_guild(guild)
    bot = await start()
    assert [one.unavailable for one in bot.guilds] == [True]
    sent = await local.send(alice, general, "not heard")
    local.regain_guild(guild)
    await bot.hears("guild_available")

    assert bot.get_channel(general.id).last_message_id == sent.id
    assert bot.told("message") == []
