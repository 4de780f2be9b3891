"""Guilds, channels and members as they come, change and go under a running bot."""

import discord
import pytest

from playground import Permission


async def test_new_guild_channel_and_member_arrive(local, bot, alice):
    guild = local.add_guild("Second", owner=alice)
    await bot.hears("guild_join")
    local.add_channel(guild, "news")
    await bot.hears("guild_channel_create")
    local.add_member(guild, local.user("carol"))
    await bot.hears("member_join")

    seen = bot.get_guild(guild.id)
    assert [channel.name for channel in seen.text_channels] == ["news"]
    assert seen.get_member(local.user("carol").id) is not None


async def test_deleted_channel_is_unknown(local, bot, general):
    channel = bot.get_channel(general.id)
    local.delete_channel(general)
    await bot.hears("guild_channel_delete")

    with pytest.raises(discord.NotFound) as refused:
        await channel.send("anyone?")
    assert refused.value.code == 10003
    assert bot.get_channel(general.id) is None


async def test_bot_that_was_removed_has_no_access(local, bot, general):
    channel = bot.get_channel(general.id)
    local.remove_member(local.guild("Harbour"), local.bot)
    await bot.hears("guild_remove")

    with pytest.raises(discord.Forbidden) as refused:
        await channel.send("hello?")
    assert refused.value.code == 50001
    assert [guild async for guild in bot.fetch_guilds()] == []


async def test_bot_identifies_without_guilds(local, start):
    local.remove_member(local.guild("Harbour"), local.bot)
    bot = await start()

    assert list(bot.guilds) == []


async def test_member_who_left_is_gone(local, bot, bob):
    guild = local.guild("Harbour")
    local.remove_member(guild, bob)
    await bot.hears("member_remove")

    with pytest.raises(discord.NotFound) as refused:
        await bot.get_guild(guild.id).fetch_member(bob.id)
    assert refused.value.code == 10007


async def test_overwrites_change_what_discord_py_believes(local, bot, general):
    local.overwrite(general, local.bot, deny=Permission.SEND_MESSAGES)
    await bot.hears("guild_channel_update")

    channel = bot.get_channel(general.id)
    assert not channel.permissions_for(channel.guild.me).send_messages


async def test_role_gives_permissions(local, bot, bob):
    guild = local.guild("Harbour")
    local.add_member(guild, bob, permissions=Permission.MANAGE_GUILD)
    await bot.hears("member_update")

    assert bot.get_guild(guild.id).get_member(bob.id).guild_permissions.manage_guild


async def test_unknown_names_say_what_is_there(local):
    with pytest.raises(LookupError, match="general"):
        local.channel("nowhere")
