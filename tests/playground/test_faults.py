"""Trouble on purpose, and what discord.py makes of it."""

import aiohttp
import pytest

from playground import LocalDiscord

SENDS = ("POST", "/channels/{channel_id}/messages")


async def test_lost_answer_and_enforced_nonce_make_one_message(local, bot, general):
    local.fail(*SENDS, status=502, done=True)

    message = await bot.get_channel(general.id).send("exactly once", nonce="turn-1")

    assert [one.id for one in local.messages(general)] == [message.id]
    assert [one.status for one in local.requests if one.method == "POST"] == [502, 200]


async def test_failed_request_does_nothing(local, session, general):
    local.fail(*SENDS, status=503)
    path = f"/api/v10/channels/{general.id}/messages"
    failed = await session.post(path, json={"content": "one"})
    passed = await session.post(path, json={"content": "two"})

    assert (failed.status, passed.status) == (503, 200)
    assert [one.content for one in local.messages(general)] == ["two"]


async def test_cut_connection_is_seen_as_such(local, session, general):
    local.fail(*SENDS, status=0, done=True)

    with pytest.raises(aiohttp.ClientConnectionError):
        await session.post(f"/api/v10/channels/{general.id}/messages", json={"content": "one"})
    assert [one.content for one in local.messages(general)] == ["one"]


async def test_latency_delays_every_request():
    async with LocalDiscord(latency=0.05) as server, aiohttp.ClientSession(server.url) as session:
        await session.get("/api/v10/gateway")
        slow = server.requests[-1].at
        await session.get("/api/v10/gateway")

    assert server.requests[-1].at - slow >= 0.05


async def test_stopped_server_starts_again_at_its_address(local, bot, general, alice):
    address = local.url
    await local.stop()
    await local.start()
    await bot.hears("ready", 2)
    await local.send(alice, general, "back")
    await bot.hears("message")

    assert local.url == address
