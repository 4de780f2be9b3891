"""Sessions of the gateway: what ends them, what resumes them, and how often one may begin one."""

import aiohttp
import discord
import pytest

from playground import GatewaySettings, LocalDiscord

IDENTIFY = {"op": 2, "d": {"token": "local.discord.token", "intents": 0, "properties": {}}}


@pytest.fixture
async def connect(local):
    """Websockets as bare as they are, where discord.py would not do what is tested."""
    async with aiohttp.ClientSession() as session:

        async def begin(server=local, **query):
            socket = await session.ws_connect(server.gateway_url, params=query)
            if not query:
                await hears(socket, 10)
            return socket

        yield begin


async def hears(socket, op, name=None):
    """Wait for a payload of an opcode, and of a name if one is given."""
    while True:
        payload = await socket.receive_json(timeout=5)
        if (payload["op"], name or payload["t"]) == (op, payload["t"]):
            return payload


async def closing(socket):
    """Wait for the end of a connection; give its code."""
    while (await socket.receive(timeout=5)).type is not aiohttp.WSMsgType.CLOSE:
        pass
    return socket.close_code


def resume(session_id, sequence):
    return {"op": 6, "d": {"token": "local.discord.token", "session_id": session_id, "seq": sequence}}


async def test_request_to_reconnect_is_followed_by_a_resume(local, bot, general, alice):
    local.reconnect_gateway()
    await bot.hears("resumed")
    await local.send(alice, general, "still there")
    await bot.hears("message")

    assert (local.identifies, local.resumes) == (1, 1)


async def test_connection_cut_without_a_close_frame_is_resumed_and_replayed(local, bot, general, alice):
    local.cut_gateway()
    assert not local.connected
    await local.send(alice, general, "while you were away")
    message = await bot.hears("message")

    assert message.content == "while you were away"
    assert (local.identifies, local.resumes) == (1, 1)


async def test_invalid_session_that_can_be_resumed_is_resumed(local, bot):
    local.invalidate_session(resumable=True)
    await bot.hears("resumed")

    assert (local.identifies, local.resumes) == (1, 1)


async def test_invalid_session_is_identified_anew(local, bot, general, alice):
    local.invalidate_session(resumable=False)
    await local.send(alice, general, "lost")
    await bot.hears("ready", 2)
    await local.send(alice, general, "after")
    await bot.hears("message")

    assert (local.identifies, local.resumes) == (2, 0)
    assert [one.content for one in bot.told("message")] == ["after"]


class TestWithShortHeartbeats:
    @pytest.fixture
    async def local(self, point_at):
        async with LocalDiscord(gateway=GatewaySettings(heartbeat_interval=0.2)) as server:
            point_at(server)
            yield server

    async def test_connection_without_acknowledgements_is_seen_as_a_zombie_and_resumed(self, local, start):
        bot = await start(heartbeat_timeout=0.6)
        local.stop_heartbeat_acks()
        await bot.hears("disconnect")
        local.start_heartbeat_acks()
        await bot.hears("resumed")

        assert local.identifies == 1
        assert local.resumes >= 1

    async def test_what_a_frozen_connection_lost_comes_after_the_resume(self, local, start, general, alice):
        bot = await start(heartbeat_timeout=0.6)
        local.freeze_gateway()
        await local.send(alice, general, "into the void")
        assert not bot.told("message")
        message = await bot.hears("message")

        assert message.content == "into the void"
        assert (local.identifies, local.resumes) == (1, 1)


class TestWithHeartbeats:
    @pytest.fixture
    async def local(self, point_at):
        async with LocalDiscord(gateway=GatewaySettings(heartbeat_interval=0.5)) as server:
            point_at(server)
            yield server

    async def test_bot_that_heartbeats_in_time_stays_connected(self, local, start):
        # Less than the test waits: without acknowledgements the client would be gone by then.
        await start(heartbeat_timeout=0.9)
        await local.wait_until(lambda: local.heartbeats >= 4)

        assert local.connected
        assert (local.identifies, local.resumes) == (1, 0)


async def test_resume_replays_in_order_and_ends_with_resumed(connect, local, general, alice):
    socket = await connect()
    await socket.send_json(IDENTIFY | {"d": IDENTIFY["d"] | {"intents": 1 << 9 | 1 << 15}})
    ready = (await hears(socket, 0, "READY"))["d"]
    local.cut_gateway()
    for text in ("one", "two"):
        await local.send(alice, general, text)
    again = await connect()
    await again.send_json(resume(ready["session_id"], 1))
    replayed = [await again.receive_json(timeout=5) for _ in range(3)]

    assert [one["t"] for one in replayed] == ["MESSAGE_CREATE", "MESSAGE_CREATE", "RESUMED"]
    assert [one["d"].get("content") for one in replayed] == ["one", "two", None]
    assert [one["s"] for one in replayed] == [2, 3, 4]


async def test_session_is_forgotten_after_some_minutes(connect, local):
    socket = await connect()
    await socket.send_json(IDENTIFY)
    ready = (await hears(socket, 0, "READY"))["d"]
    local.cut_gateway()
    local.clock.advance(181)
    again = await connect()
    await again.send_json(resume(ready["session_id"], 1))

    assert (await hears(again, 9))["d"] is False


async def test_resume_from_what_was_never_sent_is_refused(connect):
    socket = await connect()
    await socket.send_json(IDENTIFY)
    ready = (await hears(socket, 0, "READY"))["d"]
    again = await connect()
    await again.send_json(resume(ready["session_id"], 1000))

    assert await closing(again) == 4007


async def test_other_versions_of_the_gateway_are_refused(connect):
    assert await closing(await connect(v="5")) == 4012


async def test_too_many_guilds_for_one_session_need_shards(connect, local, alice):
    for number in range(2500):
        local.add_guild(f"guild {number}", alice)
    whole, half = await connect(), await connect()
    await whole.send_json(IDENTIFY)
    await half.send_json(IDENTIFY | {"d": IDENTIFY["d"] | {"shard": [0, 4000]}})

    assert await closing(whole) == 4011
    assert (await hears(half, 0, "READY"))["d"]["shard"] == [0, 4000]


class TestWithDiscordsPace:
    @pytest.fixture
    async def local(self, point_at):
        settings = GatewaySettings(identify_seconds=5.0, session_starts=4, max_concurrency=2)
        async with LocalDiscord(gateway=settings) as server:
            point_at(server)
            yield server

    async def identify(self, connect, shard):
        socket = await connect()
        await socket.send_json(IDENTIFY | {"d": IDENTIFY["d"] | {"shard": [shard, 4]}})
        return socket

    async def test_shards_of_one_bucket_identify_one_after_the_other(self, connect, local):
        local.clock.hold()
        zero = await self.identify(connect, 0)
        one = await self.identify(connect, 1)
        two = await self.identify(connect, 2)
        answers = [await socket.receive_json(timeout=5) for socket in (zero, one, two)]
        local.clock.advance(5)
        two = await self.identify(connect, 2)
        later = await two.receive_json(timeout=5)

        assert [(answer["op"], answer["t"]) for answer in answers] == [(0, "READY"), (0, "READY"), (9, None)]
        assert answers[2]["d"] is False
        assert later["t"] == "READY"

    async def test_starts_are_counted_and_too_many_make_the_token_void(self, connect, local, session):
        for _ in range(3):
            await hears(await self.identify(connect, 0), 0, "READY")
            local.clock.advance(5)
        told = await (await session.get("/api/v10/gateway/bot")).json()
        last = await self.identify(connect, 0)
        await hears(last, 0, "READY")
        local.clock.advance(5)
        code = await closing(await self.identify(connect, 0))
        refused = await session.get("/api/v10/gateway/bot")

        limit = told["session_start_limit"]
        assert (limit["total"], limit["remaining"], limit["max_concurrency"]) == (4, 1, 2)
        assert 86_300_000 < limit["reset_after"] <= 86_385_000
        assert code == 4004
        assert (await hears(last, 9))["d"] is False
        assert refused.status == 401

    async def test_starts_are_given_anew_after_a_day(self, connect, local, session):
        await hears(await self.identify(connect, 0), 0, "READY")
        local.clock.advance(86_400)
        told = await (await session.get("/api/v10/gateway/bot")).json()

        assert told["session_start_limit"]["remaining"] == 4


async def test_all_members_of_a_guild_can_be_asked_for_once_in_thirty_seconds(local, start):
    local.clock.hold()
    bot = await start(discord.Intents(guilds=True, members=True), chunk_guilds_at_startup=False)
    guild = bot.guilds[0]
    members = await guild.chunk(cache=False)
    limited = bot.ws.wait_for("RATE_LIMITED", lambda _: True)
    await bot.ws.request_chunks(guild.id, query="", limit=0, nonce="again")
    refusal = await limited
    local.clock.advance(30)
    again = await guild.chunk(cache=False)

    assert {one.name for one in members} == {one.name for one in again} == {"alice", "bob", "carol", "clew"}
    assert refusal == {
        "opcode": 8,
        "retry_after": 30.0,
        "meta": {"guild_id": str(guild.id), "nonce": "again"},
    }


async def test_members_are_found_by_name_without_the_intent(start):
    bot = await start(discord.Intents(guilds=True))
    found = await bot.guilds[0].query_members("al")

    assert [one.name for one in found] == ["alice"]
