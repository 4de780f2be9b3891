"""Trouble on purpose, and what discord.py makes of it."""

import asyncio

import aiohttp
import discord
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


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_server_can_fail_on_any_route(local, session, general, status):
    local.fail(times=2, status=status)
    paths = ["/api/v10/users/@me", f"/api/v10/channels/{general.id}", "/api/v10/users/@me"]
    answers = [await session.get(path) for path in paths]

    assert [one.status for one in answers] == [status, status, 200]


async def test_client_gives_up_on_a_server_that_is_unavailable(local, bot, general):
    local.fail(*SENDS, status=503)

    with pytest.raises(discord.DiscordServerError):
        await bot.get_channel(general.id).send("one")
    assert local.messages(general) == []


async def test_slow_answer_comes_when_its_time_is_over_and_is_done_before(local, session, general):
    local.slow(3600, *SENDS)
    path = f"/api/v10/channels/{general.id}/messages"
    slow = asyncio.create_task(session.post(path, json={"content": "done already"}))
    message = await local.wait_for_message(general, lambda one: one.content == "done already")
    other = await session.get(f"/api/v10/channels/{general.id}")
    early = slow.done()
    local.clock.advance(3600)
    answer = await asyncio.wait_for(slow, 5)

    assert not early
    assert (other.status, answer.status) == (200, 200)
    assert (await answer.json())["id"] == str(message.id)


async def test_client_that_gave_up_on_a_slow_answer_sent_its_message_all_the_same(local, bot, general):
    local.slow(3600)
    sending = asyncio.create_task(bot.get_channel(general.id).send("one"))
    await local.wait_for_message(general, lambda one: one.content == "one")
    waited = not sending.done()
    sending.cancel()
    local.clock.advance(3600)
    await bot.get_channel(general.id).send("two")

    assert waited
    assert [one.content for one in local.messages(general)] == ["one", "two"]


async def test_global_limit_holds_for_its_time(local, session, general):
    local.clock.hold()
    local.limit_globally(30)
    refused = await session.get(f"/api/v10/channels/{general.id}")
    body = await refused.json()
    local.clock.advance(29.5)
    still = await session.get("/api/v10/users/@me")
    local.clock.advance(0.5)
    passed = await session.get("/api/v10/users/@me")

    assert (refused.status, still.status, passed.status) == (429, 429, 200)
    assert body == {"message": "You are being rate limited.", "retry_after": 30.0, "global": True, "code": 0}
    assert refused.headers["Retry-After"] == "30"
    assert (refused.headers["X-RateLimit-Global"], refused.headers["X-RateLimit-Scope"]) == ("true", "global")
    assert "X-RateLimit-Bucket" not in refused.headers


async def test_client_waits_for_the_global_limit_with_every_route(local, bot, general):
    lab = local.channel("lab")
    local.clock.hold()
    local.limit_globally(0.3)
    sending = [asyncio.create_task(bot.get_channel(one.id).send("at last")) for one in (general, lab)]
    await local.wait_until(lambda: local.rate_limited > 0)
    early = local.messages(general) + local.messages(lab)
    local.clock.release()
    await asyncio.wait_for(asyncio.gather(*sending), 10)

    assert early == []
    assert [one.content for one in local.messages(general) + local.messages(lab)] == ["at last", "at last"]


async def test_client_can_be_told_not_to_wait_for_a_limit(local, start, general):
    bot = await start(max_ratelimit_timeout=30.0)
    local.limit_globally(3600)

    with pytest.raises(discord.RateLimited) as caught:
        await bot.get_channel(general.id).send("one")
    assert 3590 < caught.value.retry_after <= 3600


async def test_ban_is_no_answer_of_discords_own(local, bot, session, general):
    local.ban(60)
    refused = await session.get("/api/v10/users/@me")
    with pytest.raises(discord.HTTPException) as caught:
        await bot.get_channel(general.id).send("one")
    local.clock.advance(60)
    passed = await session.get("/api/v10/users/@me")

    assert (refused.status, refused.headers["Retry-After"]) == (429, "60")
    assert "Via" not in refused.headers
    assert await refused.text() == "error code: 1015"
    assert caught.value.status == 429
    assert passed.status == 200
    assert local.messages(general) == []
