"""What of a message a bot may read without the message content intent, over the gateway and over REST."""

import discord
import pytest

from playground import Event, LocalDiscord
from playground.intents import redact, redact_message

FILE = ("a.txt", b"x", "text/plain")
EMBED = {"title": "an embed"}
BUTTON = {"type": 1, "components": [{"type": 2, "style": 1, "label": "Go", "custom_id": "go"}]}
POLL = {"question": {"text": "?"}, "answers": [], "expiry": None, "allow_multiselect": False, "layout_type": 1}


@pytest.fixture
async def blind(start):
    """A bot that asks for everything but the message content."""
    return await start(discord.Intents.default())


async def test_content_is_hidden_without_the_intent(local, blind, general, alice):
    sent = await local.send(alice, general, "not for you", attachments=[FILE])
    await local.edit(alice, sent, "still not for you")
    hidden = await blind.hears("message")
    edited = await blind.hears("raw_message_edit")

    assert (hidden.content, hidden.attachments) == ("", [])
    assert (edited.data["content"], edited.data["attachments"]) == ("", [])
    assert sent.content == "still not for you"


async def test_direct_messages_and_mentions_carry_their_content(local, blind, general, alice):
    await local.send(alice, local.dm(alice), "direct", attachments=[FILE])
    direct = await blind.hears("message", 1)
    await local.send(alice, general, f"for {local.bot.mention}")
    mentioning = await blind.hears("message", 2)
    await local.send(alice, general, "for everybody: @everyone")
    everybody = await blind.hears("message", 3)

    assert (direct.content, len(direct.attachments)) == ("direct", 1)
    assert mentioning.content == f"for {local.bot.mention}"
    assert everybody.content == ""


async def test_own_messages_carry_their_content_and_replies_hide_what_they_answer(local, blind, general, alice):
    own = await blind.get_channel(general.id).send("mine", embed=discord.Embed(title="mine too"))
    echoed = await blind.hears("message", 1)
    asked = await local.send(alice, general, "hers")
    await blind.get_channel(general.id).get_partial_message(asked.id).reply("answered")
    reply = await blind.hears("message", 3)

    assert own.id == echoed.id
    assert (echoed.content, echoed.embeds[0].title) == ("mine", "mine too")
    assert reply.content == "answered"
    assert reply.reference.resolved.content == ""


async def test_rest_goes_by_the_applications_switch_and_not_by_what_was_identified_with(local, blind, general, alice):
    message = await local.send(alice, general, "open to the application")
    fetched = await blind.get_channel(general.id).fetch_message(message.id)

    assert fetched.content == "open to the application"


async def test_rest_hides_content_where_the_applications_switch_is_off(point_at):
    async with LocalDiscord(privileged_intents=False) as server:
        point_at(server)
        alice, general = server.user("alice"), server.channel("general")
        hidden = await server.send(alice, general, "hidden", attachments=[FILE])
        asked = await server.send(alice, general, f"asked {server.bot.mention}", reply_to=hidden)
        direct = await server.send(alice, server.dm(alice), "direct")
        bot = discord.Client(intents=discord.Intents.none())
        async with bot:
            await bot.login(server.token)
            own = await bot.http.send_message(general.id, params=discord.http.handle_message_parameters("own"))
            pages = [await bot.http.logs_from(one.id, 10) for one in (general, server.dm(alice))]

    read = {int(one["id"]): one for page in pages for one in page}
    assert (read[hidden.id]["content"], read[hidden.id]["attachments"]) == ("", [])
    assert read[asked.id]["content"] == f"asked {server.bot.mention}"
    assert read[asked.id]["referenced_message"]["content"] == ""
    assert read[int(own["id"])]["content"] == "own"
    assert read[direct.id]["content"] == "direct"


def test_every_field_of_content_is_covered_also_in_what_is_forwarded():
    written = {"content": "x", "embeds": [EMBED], "attachments": [{"id": "1"}], "components": [BUTTON]}
    stranger = {"author": {"id": "7"}, "mentions": [], "flags": 0}
    message = stranger | written | {"poll": POLL}
    hidden = redact_message(message, bot_id=1)
    snapshot = {"message": written | {"mentions": [], "type": 0}}
    to_bot = {"message": written | {"mentions": [{"id": "1"}], "type": 0}}
    forward = redact_message(message | {"content": "", "message_snapshots": [snapshot, to_bot]}, bot_id=1)
    own = redact_message(message | {"author": {"id": "1"}, "message_snapshots": [snapshot]}, bot_id=1)

    empty = {"content": "", "embeds": [], "attachments": [], "components": []}
    assert hidden == stranger | empty
    assert forward["message_snapshots"] == [{"message": empty | {"mentions": [], "type": 0}}, to_bot]
    assert own["message_snapshots"] == [snapshot]
    assert own["poll"] == POLL


def test_target_of_a_context_menu_keeps_its_content():
    target = {"id": "5", "author": {"id": "7"}, "mentions": [], "content": "read me"}
    data = {"type": 2, "data": {"type": 3, "target_id": "5", "resolved": {"messages": {"5": target}}}}

    assert redact(0, Event("INTERACTION_CREATE", data, guild_id=3), bot_id=1) == data
