"""What the bot and people may do: roles, overwrites in their order, timeouts, and how changes are told."""

import datetime as dt

import discord
import pytest

from playground import DiscordError, Permission


@pytest.fixture
def harbour(local):
    return local.guild("Harbour")


@pytest.fixture
def channel(bot, general):
    return bot.get_channel(general.id)


async def picture(channel):
    await channel.send("look", file=discord.File(__file__))


async def embed(channel):
    await channel.send(embed=discord.Embed(title="card"))


async def reply(channel):
    await (await channel.send("one")).reply("two")


async def reaction(channel):
    await (await channel.send("one")).add_reaction("✅")


async def thread(channel):
    await (await channel.send("one")).create_thread(name="t")


async def own_thread(channel):
    await channel.create_thread(name="t", type=discord.ChannelType.public_thread)


async def private_thread(channel):
    await channel.create_thread(name="t")


async def typing(channel):
    await channel.typing()


async def poll(channel):
    asked = discord.Poll("Tea?", duration=dt.timedelta(hours=1))
    await channel.send(poll=asked.add_answer(text="yes"))


async def in_thread(channel):
    await (await (await channel.send("one")).create_thread(name="t")).send("inside")


@pytest.mark.parametrize(
    ("right", "act", "code"),
    [
        (Permission.VIEW_CHANNEL, typing, 50001),
        (Permission.SEND_MESSAGES, embed, 50013),
        (Permission.SEND_MESSAGES, typing, 50013),
        (Permission.ATTACH_FILES, picture, 50013),
        (Permission.EMBED_LINKS, embed, 50013),
        (Permission.SEND_POLLS, poll, 50013),
        (Permission.READ_MESSAGE_HISTORY, reply, 160002),
        (Permission.ADD_REACTIONS, reaction, 50013),
        (Permission.CREATE_PUBLIC_THREADS, thread, 50013),
        (Permission.CREATE_PUBLIC_THREADS, own_thread, 50013),
        (Permission.CREATE_PRIVATE_THREADS, private_thread, 50013),
        (Permission.SEND_MESSAGES_IN_THREADS, in_thread, 50013),
    ],
)
async def test_denied_right_refuses_the_bot(local, channel, general, right, act, code):
    local.deny(general, local.bot, right)
    with pytest.raises(discord.HTTPException) as refused:
        await act(channel)
    assert refused.value.code == code

    local.clear_overwrite(general, local.bot)
    await act(channel)


async def manage_others(channel, message):
    await channel.get_partial_message(message.id).delete()


async def suppress(channel, message):
    await (await channel.fetch_message(message.id)).edit(suppress=True)


async def clear(channel, message):
    await channel.get_partial_message(message.id).clear_reactions()


async def pin(channel, message):
    await channel.get_partial_message(message.id).pin()


async def rename(channel, _message):
    await channel.edit(name="other")


async def webhook(channel, _message):
    await channel.create_webhook(name="hook")


async def overwrite(channel, _message):
    await channel.set_permissions(channel.guild.default_role, send_messages=False)


@pytest.mark.parametrize(
    ("right", "act"),
    [
        (Permission.MANAGE_MESSAGES, manage_others),
        (Permission.MANAGE_MESSAGES, suppress),
        (Permission.MANAGE_MESSAGES, clear),
        (Permission.PIN_MESSAGES, pin),
        (Permission.MANAGE_CHANNELS, rename),
        (Permission.MANAGE_WEBHOOKS, webhook),
        (Permission.MANAGE_ROLES, overwrite),
    ],
)
async def test_right_that_must_be_given(local, channel, general, alice, right, act):
    message = await local.send(alice, general, "theirs")
    with pytest.raises(discord.Forbidden) as refused:
        await act(channel, message)
    assert refused.value.code == 50013

    local.allow(general, local.bot, right)
    await act(channel, message)


async def test_manage_messages_no_longer_pins(local, channel, general, alice):
    local.allow(general, local.bot, Permission.MANAGE_MESSAGES)
    message = await local.send(alice, general, "x")
    with pytest.raises(discord.Forbidden):
        await pin(channel, message)


async def test_moderation_rights_no_longer_bypass_slow_mode(local, general, bob):
    split = (Permission.MANAGE_MESSAGES, Permission.MANAGE_CHANNELS, Permission.MANAGE_THREADS)
    local.allow(general, bob, *split)
    local.slow_down(general, 30)
    await local.send(bob, general, "one")
    with pytest.raises(DiscordError, match="20016"):
        await local.send(bob, general, "two")


async def test_right_to_create_events_reaches_the_bot(local, bot, harbour):
    role = local.add_role(harbour, "host", permissions=Permission.CREATE_EVENTS | Permission.MANAGE_EVENTS)
    local.give_role(harbour, local.bot, role)
    await bot.hears("member_update")

    rights = bot.get_guild(harbour.id).me.guild_permissions
    assert (rights.create_events, rights.manage_events) == (True, True)


async def test_overwrites_of_everyone_roles_and_members_in_their_order(local, harbour, general, bob):
    everyone, role = local.everyone(harbour), local.add_role(harbour, "crew")
    other = local.add_role(harbour, "quiet")
    local.give_role(harbour, bob, role)
    local.give_role(harbour, bob, other)

    def may():
        return bool(local.permissions(general, bob) & Permission.SEND_MESSAGES)

    seen = [may()]
    for target, change in (
        (everyone, local.deny),
        (role, local.allow),
        (other, local.deny),
        (bob, local.deny),
        (bob, local.allow),
    ):
        change(general, target, Permission.SEND_MESSAGES)
        seen.append(may())

    # A role that allows goes before a role that denies, whatever their positions.
    assert seen == [True, False, True, True, False, True]


async def test_administrator_passes_by_overwrites(local, channel, harbour, general):
    local.deny(general, local.bot, Permission.SEND_MESSAGES)
    local.add_member(harbour, local.bot, permissions=Permission.ADMINISTRATOR)

    assert (await channel.send("all the same")).content == "all the same"


async def test_discord_py_works_out_the_same(local, bot, harbour, general, bob):
    role = local.add_role(harbour, "crew", permissions=Permission.MANAGE_MESSAGES)
    local.give_role(harbour, bob, role)
    local.deny(general, local.everyone(harbour), Permission.ADD_REACTIONS)
    local.allow(general, role, Permission.MENTION_EVERYONE)
    local.deny(general, bob, Permission.ATTACH_FILES)
    await bot.hears("guild_channel_update", 3)

    seen = bot.get_channel(general.id)
    theirs = seen.permissions_for(seen.guild.get_member(bob.id)).value
    assert theirs & int(sum(Permission)) == local.permissions(general, bob) & ~(Permission.ADMINISTRATOR)


async def test_changes_of_roles_are_told(local, bot, harbour, bob):
    role = local.add_role(harbour, "crew")
    local.give_role(harbour, bob, role)
    await bot.hears("member_update")
    local.set_permissions(harbour, role, Permission.KICK_MEMBERS)
    await bot.hears("guild_role_update")
    had = bot.get_guild(harbour.id).get_member(bob.id).guild_permissions.kick_members
    local.take_role(harbour, bob, role)
    await bot.hears("member_update", 2)

    assert had
    assert not bot.get_guild(harbour.id).get_member(bob.id).guild_permissions.kick_members


async def test_timed_out_bot_reads_and_does_nothing_else(local, bot, channel, harbour, general, alice):
    message = await local.send(alice, general, "hello?")
    local.time_out(harbour, local.bot)
    await bot.hears("member_update")
    for act in (channel.send("x"), channel.get_partial_message(message.id).add_reaction("✅"), channel.typing()):
        with pytest.raises(discord.Forbidden) as refused:
            await act
        assert refused.value.code == 50013
    read = await channel.fetch_message(message.id)
    timed_out = channel.guild.me.is_timed_out()
    local.time_out(harbour, local.bot, 0)
    await channel.send("again")

    assert (read.content, timed_out) == ("hello?", True)


async def test_timeout_ends_by_itself(local, harbour, general, bob):
    local.time_out(harbour, bob)
    with pytest.raises(DiscordError, match="50013"):
        await local.send(bob, general, "x")
    local.clock.advance(61)
    await local.send(bob, general, "x")


async def test_owner_is_exempt_from_timeouts(local, harbour, general, alice):
    local.time_out(harbour, alice)

    assert (await local.send(alice, general, "mine")).content == "mine"


async def test_hidden_channel_is_silent(local, bot, general, alice):
    local.deny(general, local.bot, Permission.VIEW_CHANNEL)
    await local.send(alice, general, "hidden")
    await local.pin(alice, local.messages(general)[0])
    lab = local.channel("lab")
    await local.send(alice, lab, "shown")

    assert (await bot.hears("message")).content == "shown"
    assert bot.told("guild_channel_pins_update") == []


async def test_threads_inherit_from_their_channel(local, bot, harbour, general, alice):
    sent = await local.send(alice, general, "x")
    made = await local.thread(alice, sent, "t")
    await bot.hears("thread_create")
    local.deny(general, local.everyone(harbour), Permission.SEND_MESSAGES, Permission.ADD_REACTIONS)
    inside = await bot.get_channel(made.id).send("threads need another right to talk")

    with pytest.raises(discord.Forbidden):
        await inside.add_reaction("✅")


async def test_bot_hands_out_only_what_it_has(local, channel, general):
    local.allow(general, local.bot, Permission.MANAGE_ROLES)
    await channel.set_permissions(channel.guild.default_role, add_reactions=False)
    with pytest.raises(discord.Forbidden):
        await channel.set_permissions(channel.guild.default_role, manage_messages=True)
    await channel.set_permissions(channel.guild.default_role, overwrite=None)

    assert list(general.overwrites) == [local.bot.id]


async def test_bot_changes_and_deletes_a_channel(local, bot, channel, harbour, general):
    local.add_member(harbour, local.bot, permissions=Permission.MANAGE_CHANNELS)
    await channel.edit(name="renamed", topic="about", slowmode_delay=5)
    changed = (general.name, general.topic, general.slowmode)
    await channel.delete()
    await bot.hears("guild_channel_delete")

    assert changed == ("renamed", "about", 5)
    assert general.id not in local.channels


async def test_joins_are_told_in_the_chosen_channel(local, bot, harbour, general):
    local.welcome_in(harbour, general)
    await bot.hears("guild_update")
    dave = local.add_user("dave")
    local.add_member(harbour, dave)

    heard = await bot.hears("message")
    assert (heard.type, heard.author.id, heard.content) == (discord.MessageType.new_member, dave.id, "")
    assert bot.get_guild(harbour.id).system_channel.id == general.id
