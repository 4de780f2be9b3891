"""Pinned messages, in pages and by the routes of before, and what is told of them."""

import datetime as dt

import discord
import pytest

from playground import DiscordError, Permission


@pytest.fixture
def channel(local, bot, general):
    local.allow(general, local.bot, Permission.PIN_MESSAGES)
    return bot.get_channel(general.id)


async def test_pin_is_told_and_announced(local, bot, channel, general, alice):
    sent = await local.send(alice, general, "keep")
    await channel.get_partial_message(sent.id).pin()
    told, announced = await bot.hears("guild_channel_pins_update"), await bot.hears("message", 2)

    assert (told.id, sent.pinned_at is not None) == (general.id, True)
    assert (announced.type, announced.reference.message_id) == (discord.MessageType.pins_add, sent.id)
    assert (await channel.fetch_message(sent.id)).pinned
    assert (await bot.fetch_channel(general.id)).last_message_id == announced.id


async def test_pins_come_the_last_first_in_pages(local, channel, general, alice):
    sent = [await local.send(alice, general, f"m{number}") for number in range(4)]
    for number, message in enumerate(sent):
        await local.pin(alice, message)
        message.pinned_at = dt.datetime(2026, 1, 1 + number, tzinfo=dt.UTC)

    pins = [one async for one in channel.pins(limit=3)]
    older = [one.content async for one in channel.pins(before=pins[1].pinned_at)]
    assert [one.content for one in pins] == ["m3", "m2", "m1"]
    assert pins[0].pinned_at == dt.datetime(2026, 1, 4, tzinfo=dt.UTC)
    assert older == ["m1", "m0"]


async def test_unpinned_message_is_no_pin(local, bot, channel, general, alice):
    sent = await local.send(alice, general, "keep")
    await local.pin(alice, sent)
    await bot.hears("guild_channel_pins_update")
    await channel.get_partial_message(sent.id).unpin()
    await bot.hears("guild_channel_pins_update", 2)

    assert [one async for one in channel.pins()] == []
    assert len(local.messages(general)) == 2


async def test_deprecated_routes_do_the_same(local, bot, channel, general, alice):
    sent = await local.send(alice, general, "keep")
    one = discord.http.Route("PUT", "/channels/{channel_id}/pins/{id}", channel_id=general.id, id=sent.id)
    every = discord.http.Route("GET", "/channels/{channel_id}/pins", channel_id=general.id)
    await bot.http.request(one)
    listed = await bot.http.request(every)
    await bot.http.request(discord.http.Route("DELETE", one.path, channel_id=general.id, id=sent.id))

    assert [message["id"] for message in listed] == [str(sent.id)]
    assert await bot.http.request(every) == []


async def test_channel_holds_250_pins(local, channel, general, alice):
    for number in range(250):
        (await local.send(alice, general, str(number))).pinned_at = dt.datetime.now(dt.UTC)
    last = await local.send(alice, general, "one more")

    with pytest.raises(discord.HTTPException, match="250") as refused:
        await channel.get_partial_message(last.id).pin()
    assert refused.value.code == 30003


async def test_system_messages_cannot_be_pinned(local, general, alice):
    await local.pin(alice, await local.send(alice, general, "keep"))
    with pytest.raises(DiscordError, match="50021"):
        await local.pin(alice, local.messages(general)[-1])


async def test_pins_without_history_are_none(local, channel, general, alice):
    await local.pin(alice, await local.send(alice, general, "keep"))
    local.deny(general, local.bot, Permission.READ_MESSAGE_HISTORY)

    assert [one async for one in channel.pins()] == []


async def test_both_sides_pin_in_direct_messages(local, bot, alice):
    channel = await (await bot.fetch_user(alice.id)).create_dm()
    await local.send(alice, local.dm(alice), "keep")
    await (await bot.hears("message")).pin()
    told = await bot.hears("private_channel_pins_update")

    assert told.id == channel.id
    assert [one.content async for one in channel.pins()] == ["keep"]


async def test_people_need_the_right_to_pin(local, general, bob):
    with pytest.raises(DiscordError, match="50013"):
        await local.pin(bob, await local.send(bob, general, "mine"))
