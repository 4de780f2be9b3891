"""Rate limits: real refusals, real headers, and how discord.py takes them."""

import asyncio

from playground.limits import InvalidRequests, Limiter


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
    local.clock.hold()
    answers = await asyncio.gather(*(session.get(f"/api/v10/channels/{n}") for n in range(60)))
    refused = [one for one in answers if one.status == 429]
    bodies = [await one.json() for one in refused]

    assert len(refused) == local.rate_limited == 10
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


def test_no_second_holds_more_than_fifty_requests_wherever_it_begins():
    clock = Clock()
    limiter = Limiter(clock)

    def send(count):
        taken = [limiter.take("GET", "/users/{user_id}", str(number)) for number in range(count)]
        return sum(one.retry_after is None for one in taken)

    first = send(1)
    clock.now += 0.9
    before = send(60)
    clock.now += 0.2
    after = send(60)
    wait = limiter.take("GET", "/users/{user_id}", "x").retry_after
    clock.now += wait

    assert (first, before, after) == (1, 49, 1)
    assert wait == 0.8
    assert send(60) == 49


async def test_edits_of_an_old_message_have_a_limit_of_their_own(local, session, general, alice):
    local.clock.hold()
    path = f"/api/v10/channels/{general.id}/messages"
    sent = [await (await session.post(path, json={"content": name})).json() for name in ("old", "older")]
    for one in local.messages(general):
        local.age(one, 3601)
    young = await (await session.post(path, json={"content": "young"})).json()

    async def edit(message):
        return await session.patch(f"{path}/{message['id']}", json={"content": "edited"})

    answers = [await edit(message) for message in (*sent, sent[0], sent[1])]
    refusal = await answers[3].json()
    at_once = await edit(young)
    local.clock.advance(6)
    later = await edit(sent[1])

    assert [one.status for one in (*answers, at_once, later)] == [200, 200, 200, 429, 200, 200]
    assert refusal == {
        "message": "Maximum number of edits to messages older than 1 hour reached. Try again later",
        "retry_after": 6.0,
        "global": False,
        "code": 30046,
    }
    # A limit within a limit: the route's own headers say that more may follow.
    assert answers[3].headers["X-RateLimit-Remaining"] == "2"
    assert answers[3].headers["X-RateLimit-Bucket"] == answers[0].headers["X-RateLimit-Bucket"]


async def test_client_waits_where_a_message_is_too_old_to_be_edited_often(local, bot, general):
    message = await bot.get_channel(general.id).send("card")
    local.clock.advance(3601)
    local.clock.hold()
    for text in "abc":
        await message.edit(content=text)
    waiting = asyncio.create_task(message.edit(content="d"))
    await local.wait_until(lambda: local.requests[-1].status == 429)
    done = waiting.done()
    waiting.cancel()

    assert local.requests[-1].response["code"] == 30046
    assert local.messages(general)[0].content == "c"
    assert not done


async def test_invalid_requests_are_counted(local, session, general, alice):
    local.overwrite(local.channel("lab"), local.bot, deny=1 << 10)
    await session.get(f"/api/v10/channels/{local.channel('lab').id}")
    await session.get("/api/v10/users/@me", headers={"Authorization": "Bot wrong"})
    await session.get("/api/v10/channels/1")
    local.limit_globally(1)
    await session.get("/api/v10/users/@me")
    counted = local.invalid_requests
    local.clock.advance(600)

    assert [one.status for one in local.requests] == [403, 401, 404, 429]
    assert counted == 3
    assert local.invalid_requests == 0


async def test_too_many_invalid_requests_lock_the_address_out(local, session, monkeypatch):
    monkeypatch.setattr("playground.limits.INVALID_LIMIT", 3)
    local.clock.hold()
    wrong = {"Authorization": "Bot wrong"}
    answers = []
    for _ in range(3):
        answers.append(await session.get("/api/v10/users/@me", headers=wrong))
        local.clock.advance(60)
    answers.append(await session.get("/api/v10/users/@me"))
    local.clock.advance(420)
    answers.append(await session.get("/api/v10/users/@me"))

    assert [one.status for one in answers] == [401, 401, 401, 429, 200]
    assert (await answers[3].text(), answers[3].headers["Retry-After"]) == ("error code: 1015", "420")


def test_limits_shared_with_others_are_not_held_against_the_bot():
    invalid = InvalidRequests(Clock())
    invalid.count(429, {"X-RateLimit-Scope": "shared"})
    invalid.count(429, {"X-RateLimit-Scope": "user"})
    invalid.count(404, {})

    assert invalid.recent == 1
