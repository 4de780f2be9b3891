"""Rate limits: real refusals, real headers, and how discord.py takes them."""

import asyncio

from playground.limits import Limiter


async def test_burst_of_sends_is_refused_with_discords_headers(local, session, general):
    path = f"/api/v10/channels/{general.id}/messages"
    answers = await asyncio.gather(*(session.post(path, json={"content": str(n)}) for n in range(8)))
    refused = [one for one in answers if one.status == 429]
    body = await refused[0].json()
    headers = refused[0].headers

    assert sorted(one.status for one in answers) == [200] * 5 + [429] * 3
    assert local.rate_limited == 3
    assert len(local.messages(general)) == 5
    assert body["message"] == "You are being rate limited."
    assert (body["global"], body["code"]) == (False, 0)
    assert 0 < body["retry_after"] <= 5
    assert float(headers["X-RateLimit-Reset-After"]) == body["retry_after"]
    assert (headers["X-RateLimit-Limit"], headers["X-RateLimit-Remaining"]) == ("5", "0")
    assert headers["X-RateLimit-Scope"] == "user"
    assert headers["X-RateLimit-Bucket"] == answers[0].headers["X-RateLimit-Bucket"]
    assert int(headers["Retry-After"]) >= body["retry_after"]
    assert headers["Content-Type"] == "application/json"


async def test_channels_have_buckets_of_their_own(local, session, general):
    for channel in (general, local.channel("lab")):
        path = f"/api/v10/channels/{channel.id}/messages"
        answers = await asyncio.gather(*(session.post(path, json={"content": str(n)}) for n in range(5)))
        assert {one.status for one in answers} == {200}


async def test_token_is_limited_over_all_routes(local, session):
    answers = await asyncio.gather(*(session.get(f"/api/v10/channels/{n}") for n in range(60)))
    refused = [one for one in answers if one.status == 429]
    bodies = [await one.json() for one in refused]

    # On a slow machine the burst may reach into a second window.
    assert 1 <= len(refused) == local.rate_limited <= 10
    assert {one.headers["X-RateLimit-Global"] for one in refused} == {"true"}
    assert {one["global"] for one in bodies} == {True}


async def test_discord_py_keeps_to_the_buckets_it_is_told(local, bot, general):
    channel = bot.get_channel(general.id)
    message = await channel.send("card")
    for emoji in "😀😁😂":
        await message.add_reaction(emoji)

    assert len(local.messages(general)[0].reactions) == 3
    assert local.rate_limited == 0


async def test_discord_py_retries_what_was_refused(local, bot, session, general):
    message = await bot.get_channel(general.id).send("card")
    other = f"/api/v10/channels/{general.id}/messages/{message.id}/reactions/%F0%9F%91%8D/@me"
    for emoji in "😀😁😂😃😄":
        # Somebody else with the same token has just used the bucket up, unless the machine was slow.
        await session.put(other)
        await message.add_reaction(emoji)
        if local.rate_limited:
            break

    assert local.rate_limited
    assert local.messages(general)[0].reactions[emoji].user_ids == [local.bot.id]


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def test_window_opens_again_after_its_time():
    clock = Clock()
    limiter = Limiter(clock)
    route = "/channels/{channel_id}/messages"
    taken = [limiter.take("POST", route, "1") for _ in range(6)]
    clock.now += taken[5].retry_after

    assert [one.retry_after for one in taken[:5]] == [None] * 5
    assert taken[5].retry_after == 5.0
    assert limiter.take("POST", route, "1").retry_after is None


def test_interactions_are_free_of_the_token_limit():
    limiter = Limiter(Clock())
    for number in range(50):
        limiter.take("GET", "/users/{user_id}", str(number))
    callback = "/interactions/{interaction_id}/{interaction_token}/callback"

    assert limiter.take("GET", "/users/@me", "x").is_global
    assert limiter.take("POST", callback, "token").retry_after is None
