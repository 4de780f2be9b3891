"""The control interface: another process acts as a user over HTTP."""

import base64

import aiohttp
import pytest


@pytest.fixture
async def control(local):
    async with aiohttp.ClientSession(local.url) as session:

        async def call(name, body=None, **query):
            method = session.get if body is None else session.post
            options = {"params": query} if body is None else {"json": body}
            async with method(f"/control/{name}", **options) as answer:
                return answer.status, await answer.json()

        yield call


async def test_state_shows_the_world(control):
    status, state = await control("state")

    assert status == 200
    assert state["guilds"][0]["name"] == "Harbour"
    assert [channel["name"] for channel in state["guilds"][0]["channels"]] == ["general", "lab"]
    assert not state["connected"]


async def test_message_lives_its_life(control, bob):
    file = {"name": "a.txt", "base64": base64.b64encode(b"hi").decode(), "type": "text/plain"}
    _, first = await control("send", {"user": "alice", "channel": "#general", "text": "one", "attachments": [file]})
    _, reply = await control("send", {"user": "bob", "channel": "general", "text": "two", "reply_to": first["id"]})
    await control("edit", {"user": "bob", "message": reply["id"], "text": "three"})
    await control("react", {"user": "alice", "message": reply["id"], "emoji": "✅"})
    await control("unreact", {"user": "alice", "message": reply["id"], "emoji": "✅"})
    await control("react", {"user": str(bob.id), "message": reply["id"], "emoji": "👍"})
    await control("delete", {"user": "alice", "message": first["id"]})
    _, messages = await control("messages", channel="general")

    assert [one["content"] for one in messages] == ["three"]
    assert messages[0]["history"] == ["two", "three"]
    assert messages[0]["reactions"] == {"👍": ["bob"]}
    assert messages[0]["pinged"] == ["alice"]
    assert first["attachments"][0]["name"] == "a.txt"


async def test_direct_messages_are_named_after_their_user(control):
    await control("send", {"user": "alice", "channel": "@alice", "text": "psst"})
    await control("type", {"user": "alice", "channel": "@alice"})
    _, messages = await control("messages", channel="@alice")

    assert [one["content"] for one in messages] == ["psst"]


async def test_slash_command_and_reads(local, start, control):
    def commands(tree):
        @tree.command(description="Answer")
        async def ping(interaction, word: str):
            await interaction.response.send_message(f"pong {word}", ephemeral=True)

    bot = await start(setup=commands)
    _, result = await control(
        "slash", {"user": "bob", "channel": "general", "command": "ping", "options": {"word": "x"}}
    )
    _, registered = await control("commands")
    _, requests = await control("requests", since="0")
    _, seen = await control("messages", channel="general", seen_by="bob")
    await control("drop_gateway", {})
    await bot.hears("resumed")

    assert (result["content"], result["ephemeral"]) == ("pong x", True)
    assert [one["name"] for one in registered] == ["ping"]
    assert requests[0]["route"] == "/users/@me"
    assert [one["visible_to"] for one in seen] == ["bob"]
    assert local.resumes == 1


@pytest.mark.parametrize(
    ("name", "body", "complaint"),
    [
        ("send", {"channel": "general", "text": "x"}, "'user'"),
        ("send", {"user": "nobody", "channel": "general", "text": "x"}, "nobody"),
        ("send", {"user": "alice", "channel": "nowhere", "text": "x"}, "nowhere"),
        ("send", {"user": "alice", "channel": "general", "text": "x" * 2001}, "2000"),
        ("send", {"user": "alice", "channel": "general", "text": "x", "reply_to": "1"}, "no message"),
        ("send", {"user": "alice", "channel": "general", "attachments": [{"name": "x"}]}, "base64"),
        ("edit", {"user": "alice", "message": "1", "text": "x"}, "no message"),
        ("slash", {"user": "alice", "channel": "general", "command": "nothing"}, "/nothing"),
        ("slash", {"user": "alice", "channel": "general", "command": "x", "options": []}, "registered"),
        ("slash", {"user": "alice", "channel": "general", "command": "x", "options": [1]}, "object"),
        ("react", [], "object"),
        ("slow", {"route": "/users/@me"}, "seconds"),
        ("fail", {"statos": 500}, "statos"),
        ("ban", {"seconds": "long"}, "seconds"),
    ],
)
async def test_bad_input_is_told_in_a_sentence(control, name, body, complaint):
    status, answer = await control(name, body)

    assert status == 400
    assert complaint in answer["error"]


async def test_trouble_is_switched_on_from_another_process(local, bot, session, control):
    await control("fail", {"method": "GET", "route": "/users/@me", "status": 503})
    failed = await session.get("/api/v10/users/@me")
    await control("ban", {"seconds": 60})
    banned = await session.get("/api/v10/users/@me")
    await control("advance", {"seconds": 60})
    passed = await session.get("/api/v10/users/@me")
    await control("cut_gateway", {})
    await bot.hears("resumed")
    await control("invalidate_session", {"resumable": False})
    await bot.hears("ready", 2)
    _, state = await control("state")

    assert [one.status for one in (failed, banned, passed)] == [503, 429, 200]
    assert (state["identifies"], state["resumes"], state["invalid_requests"]) == (2, 1, 0)
    assert state["heartbeats"] >= 2


async def test_bad_query_is_told_in_a_sentence(control):
    assert (await control("requests", since="soon"))[0] == 400
    assert (await control("messages"))[0] == 400
