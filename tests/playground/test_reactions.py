"""Reactions, put and taken by people and the bot."""

import discord
import pytest

from playground import DiscordError, Permission


@pytest.fixture
async def message(local, general, alice, bot):
    sent = await local.send(alice, general, "card")
    await bot.hears("message")
    return sent


async def test_reaction_of_a_user_arrives_raw(local, bot, message, bob):
    await local.react(bob, message, "✅")
    added = await bot.hears("raw_reaction_add")
    await local.unreact(bob, message, "✅")
    removed = await bot.hears("raw_reaction_remove")

    assert (added.user_id, added.message_id, str(added.emoji)) == (bob.id, message.id, "✅")
    assert added.member.id == bob.id
    assert removed.user_id == bob.id
    assert message.reactions == {}


async def test_bot_reacts_and_reads_reactions(local, bot, message, bob):
    heard = bot.told("message")[-1]
    await local.react(bob, message, "👍")
    await heard.add_reaction("👍")
    read = await heard.channel.fetch_message(heard.id)

    assert (read.reactions[0].count, read.reactions[0].me) == (2, True)
    assert {user.id async for user in read.reactions[0].users()} == {bob.id, local.bot.id}
    await heard.remove_reaction("👍", bot.user)
    assert message.reactions["👍"].user_ids == [bob.id]


async def test_super_reaction_is_told_and_read_apart(local, bot, message, alice, bob):
    heard = bot.told("message")[-1]
    await local.react(bob, message, "👍", burst=True)
    added = await bot.hears("raw_reaction_add")
    await local.react(alice, message, "👍")
    (read,) = (await heard.channel.fetch_message(heard.id)).reactions

    assert added.burst
    assert (read.count, read.normal_count, read.burst_count) == (2, 1, 1)
    assert [user.id async for user in read.users(type=discord.ReactionType.burst)] == [bob.id]
    assert [user.id async for user in read.users()] == [alice.id]
    await local.unreact(bob, message, "👍")
    removed = await bot.hears("raw_reaction_remove")
    assert removed.burst


async def test_reactions_of_others_need_permission_to_remove(local, bot, message, bob):
    heard = bot.told("message")[-1]
    await local.react(bob, message, "❌")

    with pytest.raises(discord.Forbidden):
        await heard.remove_reaction("❌", discord.Object(bob.id))
    local.add_member(local.guild("Harbour"), local.bot, permissions=Permission.MANAGE_MESSAGES)
    await heard.remove_reaction("❌", discord.Object(bob.id))
    assert message.reactions == {}


async def test_all_reactions_are_cleared(local, bot, message, bob):
    local.add_member(local.guild("Harbour"), local.bot, permissions=Permission.MANAGE_MESSAGES)
    for emoji in ("1️⃣", "2️⃣", "3️⃣"):
        await local.react(bob, message, emoji)
    heard = bot.told("message")[-1]

    await heard.clear_reaction("1️⃣")
    assert list(message.reactions) == ["2️⃣", "3️⃣"]
    await heard.clear_reactions()
    assert message.reactions == {}
    await bot.hears("raw_reaction_clear")


@pytest.mark.usefixtures("message")
async def test_what_is_no_emoji_is_refused(bot):
    with pytest.raises(discord.HTTPException) as refused:
        await bot.told("message")[-1].add_reaction("nonsense")
    assert refused.value.code == 10014


async def test_reacting_needs_permission_for_a_new_emoji_only(local, message, general, alice, bob):
    await local.react(alice, message, "✅")
    local.overwrite(general, bob, deny=Permission.ADD_REACTIONS)

    await local.react(bob, message, "✅")
    with pytest.raises(DiscordError, match="50013"):
        await local.react(bob, message, "❌")


async def test_at_most_twenty_emoji(local, message, bob):
    for number in range(20):
        await local.react(bob, message, chr(0x1F600 + number))
    with pytest.raises(DiscordError, match="30010"):
        await local.react(bob, message, "✅")
