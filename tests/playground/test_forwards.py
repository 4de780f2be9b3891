"""Forwarded messages: the snapshot they carry, and what cannot be forwarded."""

import discord
import pytest

from playground import DiscordError, LocalDiscord, Permission


@pytest.fixture
def lab(local):
    return local.channel("lab")


async def test_forward_is_empty_but_for_its_snapshot(local, bot, general, lab, alice, bob):
    files = [("notes.txt", b"words", "text/plain")]
    sent = await local.send(alice, general, f"read {bob.mention}", attachments=files)
    forward = await local.forward(bob, sent, lab)
    heard = await bot.hears("message", 2)

    snapshot = heard.message_snapshots[0]
    assert (heard.content, heard.attachments, heard.author.id, forward.pinged) == ("", [], bob.id, set())
    assert (heard.type, heard.flags.forwarded) == (discord.MessageType.default, True)
    assert heard.reference.type is discord.MessageReferenceType.forward
    assert (heard.reference.message_id, heard.reference.channel_id) == (sent.id, general.id)
    assert snapshot.content == f"read {bob.mention}"
    assert await snapshot.attachments[0].read() == b"words"


async def test_snapshot_does_not_change_with_its_source(local, bot, general, lab, alice):
    sent = await local.send(alice, general, "first", attachments=[("a.txt", b"a", "text/plain")])
    forward = await local.forward(alice, sent, lab)
    await local.edit(alice, sent, "second")
    await local.delete(alice, sent)
    read = await bot.get_channel(lab.id).fetch_message(forward.id)

    assert read.message_snapshots[0].content == "first"
    assert await read.message_snapshots[0].attachments[0].read() == b"a"


async def test_bot_forwards(local, bot, general, lab, alice):
    await local.send(alice, general, "pass it on")
    heard = await bot.hears("message")
    sent = await heard.forward(bot.get_channel(lab.id))

    message = local.messages(lab)[0]
    assert (sent.message_snapshots[0].content, message.author) == ("pass it on", local.bot)
    assert message.snapshot.message["content"] == "pass it on"


async def test_forward_of_a_forward_hands_the_snapshot_on(local, bot, general, lab, alice):
    first = await local.forward(alice, await local.send(alice, general, "deep"), lab)
    second = await local.forward(alice, first, general)
    heard = await bot.hears("message", 3)

    assert heard.reference.message_id == first.id
    assert [one.content for one in heard.message_snapshots] == ["deep"]
    assert second.snapshot == first.snapshot


async def test_forward_into_a_thread(local, bot, general, alice):
    sent = await local.send(alice, general, "x")
    thread = await local.thread(alice, sent, "t")
    await local.forward(alice, sent, thread)

    heard = await bot.hears("message", 3)
    assert (heard.channel.id, heard.message_snapshots[0].content) == (thread.id, "x")


async def test_unseen_source_is_refused(local, bot, general, lab, alice):
    await local.send(alice, general, "hidden")
    heard = await bot.hears("message")
    local.deny(general, local.bot, Permission.VIEW_CHANNEL)
    with pytest.raises(discord.Forbidden) as refused:
        await heard.forward(bot.get_channel(lab.id))
    assert refused.value.code == 50001


async def test_unknown_source_is_refused(local, bot, general, lab, alice):
    sent = await local.send(alice, general, "gone")
    heard = await bot.hears("message")
    await local.delete(alice, sent)
    with pytest.raises(discord.HTTPException, match="Unknown message"):
        await heard.forward(bot.get_channel(lab.id))


async def test_system_messages_and_polls_cannot_be_forwarded(local, general, lab, alice):
    poll = {"question": {"text": "Tea?"}, "answers": [{"poll_media": {"text": "yes"}}]}
    asked = await local.send(alice, general, poll=poll)
    await local.pin(alice, asked)
    for message in local.messages(general):
        with pytest.raises(DiscordError, match="50068"):
            await local.forward(alice, message, lab)


async def test_forward_takes_no_content_of_its_own(bot, local, general, lab, alice):
    sent = await local.send(alice, general, "x")
    reference = {"type": 1, "message_id": str(sent.id), "channel_id": str(general.id)}
    route = discord.http.Route("POST", "/channels/{channel_id}/messages", channel_id=lab.id)
    with pytest.raises(discord.HTTPException) as refused:
        await bot.http.request(route, json={"content": "and this", "message_reference": reference})
    assert (refused.value.status, refused.value.code) == (400, 50035)


async def test_bot_forwards_only_what_it_can_read(point_at):
    async with LocalDiscord(privileged_intents=False) as server:
        point_at(server)
        general, lab, alice = server.channel("general"), server.channel("lab"), server.user("alice")
        hidden = await server.send(alice, general, "not for bots")
        named = await server.send(alice, general, f"for {server.bot.mention}")
        with pytest.raises(DiscordError, match="160014"):
            await server.forward(server.bot, hidden, lab)
        forward = await server.forward(server.bot, named, lab)

    assert forward.snapshot.message["content"] == f"for {server.bot.mention}"
