"""Messages over the wire: sent, edited, deleted, replied to, read back."""

import datetime
import io

import aiohttp
import discord
import pytest

from playground import DiscordError, LocalDiscord, Permission


@pytest.fixture
def channel(bot, general):
    return bot.get_channel(general.id)


def errors_of(refusal):
    return refusal.status, refusal.code


async def test_round_trip_keeps_what_was_said(local, bot, general, alice):
    asked = await local.send(alice, general, "question?")
    heard = await bot.hears("message")
    answer = await heard.reply("thinking")
    await answer.edit(content="the answer")

    message = await local.wait_for_message(general, lambda one: one.content == "the answer")

    assert message.reference.message_id == asked.id
    assert [version.content for version in message.history] == ["thinking", "the answer"]
    assert message.history[0].at <= message.history[1].at
    assert message.edited_at is not None
    assert message.author == local.bot


async def test_waiting_in_vain_shows_what_is_there(local, general, alice):
    await local.send(alice, general, "something else")

    with pytest.raises(TimeoutError, match="something else"):
        await local.wait_for_message(general, lambda one: one.content == "never", timeout=0.01)


async def test_history_pages_as_discord_does(local, channel, general, alice):
    sent = [await local.send(alice, general, f"m{number}") for number in range(7)]

    async def contents(**options):
        return [one.content async for one in channel.history(**options)]

    assert await contents(limit=2) == ["m6", "m5"]
    assert await contents(before=discord.Object(sent[2].id)) == ["m1", "m0"]
    assert await contents(after=discord.Object(sent[4].id)) == ["m5", "m6"]
    assert set(await contents(around=discord.Object(sent[3].id), limit=3)) == {"m2", "m3", "m4"}


async def test_deleted_message_is_gone(local, bot, channel, general, alice):
    message = await local.send(alice, general, "short-lived")
    await local.delete(alice, message)

    with pytest.raises(discord.NotFound) as refused:
        await channel.fetch_message(message.id)
    assert refused.value.code == 10008
    assert message.deleted
    assert local.messages(general) == []
    await bot.hears("raw_message_delete")


async def test_reply_to_a_deleted_message(local, bot, channel, general, alice):
    message = await local.send(alice, general, "gone soon")
    heard = await bot.hears("message")
    await local.delete(alice, message)

    with pytest.raises(discord.HTTPException, match="Unknown message") as refused:
        await heard.reply("too late")
    plain = await channel.send("all the same", reference=heard.to_reference(fail_if_not_exists=False))

    assert errors_of(refused.value) == (400, 50035)
    assert plain.reference is None


async def test_reply_into_another_channel_is_refused(local, channel, alice):
    elsewhere = await local.send(alice, local.channel("lab"), "here")
    reference = discord.MessageReference(message_id=elsewhere.id, channel_id=elsewhere.channel_id)

    with pytest.raises(discord.HTTPException) as refused:
        await channel.send("there", reference=reference)
    assert errors_of(refused.value) == (400, 50035)


async def test_enforced_nonce_makes_one_message(local, channel, general):
    first = await channel.send("once", nonce="turn-1")
    again = await channel.send("twice", nonce="turn-1")

    assert again.id == first.id
    assert [one.content for one in local.messages(general)] == ["once"]
    assert local.messages(general)[0].nonce == "turn-1"


async def test_nonce_is_told_at_once_and_not_later(bot, channel):
    await channel.send("once", nonce="turn-1")

    created = await bot.hears("message")
    read_back = await channel.fetch_message(created.id)

    assert created.nonce == "turn-1"
    assert read_back.nonce is None


async def test_nonce_that_is_too_long_is_refused(channel):
    with pytest.raises(discord.HTTPException, match="25 or fewer"):
        await channel.send("x", nonce="n" * 26)


async def test_content_stops_at_2000_characters(local, channel, general, alice):
    await channel.send("x" * 2000)

    with pytest.raises(discord.HTTPException, match="Must be 2000 or fewer in length") as refused:
        await channel.send("x" * 2001)
    with pytest.raises(DiscordError):
        await local.send(alice, general, "x" * 2001)

    assert errors_of(refused.value) == (400, 50035)
    assert local.requests[-1].response["errors"]["content"]["_errors"][0]["code"] == "BASE_TYPE_MAX_LENGTH"


async def test_edit_stops_at_2000_characters_too(channel):
    message = await channel.send("short")

    with pytest.raises(discord.HTTPException, match="Must be 2000 or fewer in length"):
        await message.edit(content="x" * 2001)


@pytest.mark.parametrize("content", ["", "   \n"])
async def test_empty_message_is_refused(channel, content):
    with pytest.raises(discord.HTTPException) as refused:
        await channel.send(content)
    assert errors_of(refused.value) == (400, 50006)


async def test_others_messages_cannot_be_edited(local, channel, general, alice, bob):
    message = await local.send(alice, general, "mine")

    with pytest.raises(discord.Forbidden) as refused:
        await channel.get_partial_message(message.id).edit(content="yours")
    with pytest.raises(DiscordError, match="50005"):
        await local.edit(bob, message, "yours")
    assert refused.value.code == 50005


async def test_others_messages_are_deleted_with_permission_only(local, channel, general, alice):
    message = await local.send(alice, general, "mine")
    partial = channel.get_partial_message(message.id)

    with pytest.raises(discord.Forbidden) as refused:
        await partial.delete()
    local.add_member(local.guild("Harbour"), local.bot, permissions=Permission.MANAGE_MESSAGES)
    await partial.delete()

    assert refused.value.code == 50013
    assert message.deleted


@pytest.mark.parametrize(("denied", "code"), [(Permission.VIEW_CHANNEL, 50001), (Permission.SEND_MESSAGES, 50013)])
async def test_missing_rights_are_told_apart(local, channel, general, denied, code):
    local.overwrite(general, local.everyone(local.guild("Harbour")), deny=denied)

    with pytest.raises(discord.Forbidden) as refused:
        await channel.send("hello")
    assert refused.value.code == code


async def test_unknown_channel_is_refused(bot):
    with pytest.raises(discord.NotFound) as refused:
        await bot.fetch_channel(1)
    assert refused.value.code == 10003


async def test_suppress_embeds_flag_is_kept(local, channel, general):
    message = await channel.send("https://example.org", suppress_embeds=True)
    sent = local.messages(general)[0].flags
    await message.edit(content="https://example.org/2", suppress=True)
    kept = local.messages(general)[0].flags
    # An edit of discord.py always says whether embeds are suppressed, and by default that they are not.
    await message.edit(content="https://example.org/3")

    assert (sent, kept, local.messages(general)[0].flags) == (4, 4, 0)


async def test_direct_messages_go_both_ways(local, bot, alice):
    await local.send(alice, local.dm(alice), "psst")
    heard = await bot.hears("message")
    await heard.channel.send("what?")
    user = await bot.fetch_user(alice.id)
    await user.send("hello again")

    assert isinstance(heard.channel, discord.DMChannel)
    assert [one.content for one in local.messages(local.dm(alice))] == ["psst", "what?", "hello again"]


async def test_closed_direct_messages_refuse_the_bot(local, bot, alice):
    local.close_dms(alice)
    user = await bot.fetch_user(alice.id)

    with pytest.raises(discord.Forbidden) as refused:
        await user.send("hello?")
    assert refused.value.code == 50007


async def test_attachments_are_downloadable_both_ways(local, bot, channel, general, alice):
    await local.send(alice, general, "look", attachments=[("a b.png", b"\x89PNG", "image/png")])
    heard = await bot.hears("message")
    data = await heard.attachments[0].read()
    file = discord.File(__file__, filename="code.py", description="this test")
    await channel.send("and back", file=file)

    sent = local.messages(general)[-1].attachments[0]
    assert data == b"\x89PNG"
    assert heard.attachments[0].content_type == "image/png"
    assert (sent.filename, sent.description) == ("code.py", "this test")
    assert b"both_ways" in sent.content


async def test_large_file_is_refused(local, general, alice, monkeypatch):
    monkeypatch.setattr("playground.uploads.MAX_FILE", 3)

    with pytest.raises(DiscordError, match="40005"):
        await local.send(alice, general, "x", attachments=[("a.bin", b"1234", "application/octet-stream")])


async def test_who_may_send_larger_files_is_not_refused(local, channel, general, alice, bob, monkeypatch):
    monkeypatch.setattr("playground.uploads.MAX_FILE", 3)
    local.file_limits[alice.id] = 4
    sent = await local.send(alice, general, "x", attachments=[("a.bin", b"1234", "application/octet-stream")])

    assert sent.attachments[0].content == b"1234"
    with pytest.raises(DiscordError, match="40005"):
        await local.send(alice, general, "x", attachments=[("a.bin", b"12345", "application/octet-stream")])
    with pytest.raises(DiscordError, match="40005"):
        await local.send(bob, general, "x", attachments=[("a.bin", b"1234", "application/octet-stream")])
    with pytest.raises(discord.HTTPException, match="40005"):
        await channel.send(file=discord.File(io.BytesIO(b"1234"), filename="a.bin"))


async def test_content_is_not_read_back_without_its_intent():
    async with LocalDiscord(privileged_intents=False) as server:
        general, alice = server.channel("general"), server.user("alice")
        hidden = await server.send(alice, general, "hidden")
        await server.send(alice, general, f"for {server.bot.mention}")
        headers = {"Authorization": f"Bot {server.token}"}
        path = f"/api/v10/channels/{general.id}/messages"
        async with aiohttp.ClientSession(server.url, headers=headers) as session:
            listed = await (await session.get(path)).json()
            one = await (await session.get(f"{path}/{hidden.id}")).json()

    assert [message["content"] for message in listed] == [f"for {server.bot.mention}", ""]
    assert one["content"] == ""


async def test_embeds_are_stored(local, channel, general):
    await channel.send(embed=discord.Embed(title="Card", description="text"))

    assert local.messages(general)[0].embeds[0]["title"] == "Card"


async def test_several_messages_are_deleted_at_once(local, bot, channel, general, alice):
    local.allow(general, local.bot, Permission.MANAGE_MESSAGES)
    sent = [await local.send(alice, general, str(number)) for number in range(3)]
    await channel.delete_messages([discord.Object(one.id) for one in sent[:2]])
    deleted = await bot.hears("raw_bulk_message_delete")

    assert deleted.message_ids == {sent[0].id, sent[1].id}
    assert bot.told("raw_message_delete") == []
    assert local.messages(general) == sent[2:]


async def test_old_messages_are_not_deleted_at_once(local, channel, general):
    local.allow(general, local.bot, Permission.MANAGE_MESSAGES)
    fortnight = discord.utils.utcnow() - datetime.timedelta(days=14, minutes=1)
    old = [discord.Object(discord.utils.time_snowflake(fortnight) + number) for number in range(2)]

    with pytest.raises(discord.HTTPException) as refused:
        await channel.delete_messages(old)
    assert refused.value.code == 50034


async def test_system_messages_are_neither_edited_nor_replied_to(local, bot, channel, general, alice):
    await local.pin(alice, await local.send(alice, general, "keep"))
    announced = await bot.hears("message", 2)

    with pytest.raises(discord.HTTPException, match="system message") as refused:
        await announced.reply("nice")
    assert refused.value.code == 50035
