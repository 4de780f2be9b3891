"""Threads over the wire: how they begin, who is in them, and what archived and locked ones refuse."""

import aiohttp
import discord
import pytest

from playground import DiscordError, LocalDiscord, Permission


@pytest.fixture
def harbour(local):
    return local.guild("Harbour")


@pytest.fixture
async def asked(local, bot, general, alice):
    sent = await local.send(alice, general, "question?")
    await bot.hears("message")
    return sent


@pytest.fixture
async def thread(local, bot, asked, alice):
    """A thread at a message, of which the bot has heard all there is."""
    made = await local.thread(alice, asked, "Talk")
    await bot.hears("thread_member_join")
    return made


async def test_thread_has_the_id_of_its_message(local, bot, asked, thread, general, alice):
    seen = await bot.hears("thread_create")

    assert (thread.id, seen.id, seen.parent_id, seen.owner_id) == (asked.id, asked.id, general.id, alice.id)
    assert seen.type is discord.ChannelType.public_thread
    assert (seen.auto_archive_duration, seen.member_count, seen.message_count) == (4320, 1, 0)


async def test_message_tells_of_its_thread(bot, asked, thread, general):
    updated = (await bot.hears("raw_message_edit")).message
    read = await bot.get_channel(general.id).fetch_message(asked.id)

    assert updated.flags.has_thread
    assert read.flags.has_thread
    assert read.thread.id == thread.id


async def test_first_message_in_a_thread_has_its_id_too(local, bot, asked, thread):
    starter = await bot.hears("message", 2)

    assert (starter.id, starter.channel.id) == (thread.id, thread.id)
    assert starter.type is discord.MessageType.thread_starter_message
    assert (starter.content, starter.reference.message_id) == ("", asked.id)
    assert starter.reference.resolved.content == "question?"


async def test_thread_of_a_fresh_message_is_not_announced(local, thread, general):
    assert [one.type for one in local.messages(general)] == [0]


async def test_thread_of_an_old_message_is_announced(local, bot, asked, general, alice):
    local.clock.advance(300)
    thread = await local.thread(alice, asked, "Later")

    announced = await bot.hears("message", 3)
    assert announced.type is discord.MessageType.thread_created
    assert (announced.content, announced.channel.id) == ("Later", general.id)
    assert (announced.reference.channel_id, announced.reference.message_id) == (thread.id, None)


async def test_bot_begins_a_thread_at_a_message(local, bot, asked):
    made = await bot.told("message")[0].create_thread(name="Mine", auto_archive_duration=60)
    await made.send("inside")
    await bot.hears("thread_join")

    thread = local.channel("Mine")
    assert (made.owner_id, made.auto_archive_duration, thread.id) == (local.bot.id, 60, asked.id)
    assert list(thread.thread.members) == [local.bot.id]
    assert [one.content for one in local.messages(thread)] == ["", "inside"]


async def test_one_thread_for_a_message(bot, thread):
    with pytest.raises(discord.HTTPException) as refused:
        await bot.told("message")[0].create_thread(name="Again")
    assert refused.value.code == 160004


async def test_thread_without_a_message_is_announced_where_it_is(local, bot, general):
    made = await bot.get_channel(general.id).create_thread(name="Own", type=discord.ChannelType.public_thread)

    announced = await bot.hears("message")
    assert (announced.type, announced.content) == (discord.MessageType.thread_created, "Own")
    assert announced.id == made.id
    assert (await bot.get_channel(general.id).fetch_message(made.id)).thread.id == made.id


async def test_announcement_channel_makes_announcement_threads(local, bot, harbour, alice):
    news = local.add_channel(harbour, "news", news=True)
    sent = await local.send(alice, news, "extra")
    thread = await local.thread(alice, sent, "Talk")
    seen = await bot.hears("thread_create")

    assert (thread.type, seen.type) == (10, discord.ChannelType.news_thread)
    with pytest.raises(DiscordError, match="50024"):
        await local.thread(alice, news, "Secret", private=True)


@pytest.mark.parametrize(
    ("wishes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "n" * 101}, "name"),
        ({"name": "n", "auto_archive_duration": 5}, "auto_archive_duration"),
        ({"name": "n", "rate_limit_per_user": 21601}, "rate_limit_per_user"),
    ],
)
async def test_thread_with_wrong_wishes_is_refused(bot, asked, general, wishes, field):
    ids = {"channel_id": general.id, "message_id": asked.id}
    route = discord.http.Route("POST", "/channels/{channel_id}/messages/{message_id}/threads", **ids)

    with pytest.raises(discord.HTTPException, match=f"In {field}"):
        await bot.http.request(route, json=wishes)


async def test_who_talks_in_a_thread_is_in_it(local, bot, thread, bob):
    await local.send(bob, thread, "me too")

    joined = await bot.hears("thread_member_join", 2)
    assert (joined.id, joined.thread_id) == (bob.id, thread.id)
    assert bob.id in thread.thread.members


async def test_who_is_mentioned_in_a_thread_is_in_it(local, bot, thread, alice):
    await local.send(alice, thread, f"{local.bot.mention} help")

    heard = await bot.hears("message", 3)
    assert heard.channel.me is not None
    assert local.bot.id in thread.thread.members


async def test_bot_joins_adds_removes_and_leaves(local, bot, harbour, thread, bob):
    local.add_member(harbour, local.bot, permissions=Permission.MANAGE_THREADS)
    seen = bot.get_channel(thread.id)
    await seen.join()
    await bot.hears("thread_join")
    await seen.add_user(discord.Object(bob.id))
    added = [one.id for one in await seen.fetch_members()]
    await seen.remove_user(discord.Object(bob.id))
    await bot.hears("raw_thread_member_remove")
    await seen.leave()
    await bot.hears("thread_remove")

    assert {local.bot.id, bob.id} <= set(added)
    assert not {local.bot.id, bob.id} & set(thread.thread.members)
    assert [one.type for one in local.messages(thread)] == [21, 1, 2]
    assert local.messages(thread)[1].mentions == [bob]


async def test_removing_others_needs_permission(bot, thread, alice):
    with pytest.raises(discord.Forbidden) as refused:
        await bot.get_channel(thread.id).remove_user(discord.Object(alice.id))
    assert refused.value.code == 50013


async def test_one_member_is_found_or_not(bot, thread, alice, bob):
    seen = bot.get_channel(thread.id)

    assert (await seen.fetch_member(alice.id)).id == alice.id
    with pytest.raises(discord.NotFound):
        await seen.fetch_member(bob.id)


async def test_archived_thread_takes_nothing_but_deletions(local, bot, thread, alice):
    seen = bot.get_channel(thread.id)
    mine, other = await seen.send("mine"), await seen.send("more")
    await local.archive(alice, thread)
    acts = [mine.edit(content="x"), mine.add_reaction("✅"), mine.pin(), seen.add_user(discord.Object(alice.id))]

    for act in acts:
        with pytest.raises(discord.HTTPException) as refused:
            await act
        assert refused.value.code in (50083, 50013)
    with pytest.raises(discord.HTTPException, match="Thread is archived"):
        await other.edit(content="x")
    with pytest.raises(DiscordError, match="50083"):
        await local.react(alice, local.messages(thread)[-1], "✅")
    await mine.delete()
    assert thread.thread.archived


async def test_archived_thread_is_gone_from_the_cache_and_comes_back(local, bot, thread, alice):
    await local.archive(alice, thread)
    await bot.hears("thread_update")
    gone = bot.get_channel(thread.id)
    await local.send(alice, thread, "back again")
    await bot.hears("message", 3)

    assert gone is None
    assert not thread.thread.archived
    assert not bot.get_channel(thread.id).archived


async def test_bots_message_unarchives(local, bot, thread, alice):
    await local.archive(alice, thread)
    await bot.hears("thread_update")
    seen = await bot.fetch_channel(thread.id)
    await seen.send("still here")

    assert seen.archived
    assert not thread.thread.archived


async def test_events_of_unarchiving_come_in_their_order(local, thread, alice):
    await local.add_to_thread(alice, thread, local.bot)
    await local.archive(alice, thread)
    with local.subscribe() as events:
        await local.send(alice, thread, "back")
        names = [(await events.get()).name for _ in range(3)]

    assert names == ["THREAD_UPDATE", "THREAD_MEMBER_UPDATE", "MESSAGE_CREATE"]


async def test_locked_thread_takes_messages_from_moderators_only(local, bot, harbour, thread, alice, bob):
    seen = bot.get_channel(thread.id)
    mine = await seen.send("before")
    await local.lock(alice, thread, archive=True)

    for act in (seen.send("after"), mine.edit(content="x")):
        with pytest.raises(discord.Forbidden, match="locked") as refused:
            await act
        assert refused.value.code == 160005
    with pytest.raises(DiscordError, match="160005"):
        await local.send(bob, thread, "no")
    with pytest.raises(DiscordError, match="160005"):
        await local.unarchive(bob, thread)
    local.add_member(harbour, local.bot, permissions=Permission.MANAGE_THREADS)
    await seen.send("as a moderator")
    assert (thread.thread.archived, thread.thread.locked) == (False, True)


async def test_reactions_and_deletions_in_a_locked_thread_that_is_active(local, bot, thread, alice):
    mine = await bot.get_channel(thread.id).send("before")
    await local.lock(alice, thread)
    await mine.add_reaction("✅")
    await mine.delete()

    assert local.messages(thread)[1:] == []


async def test_deletion_in_a_locked_and_archived_thread_is_refused(local, bot, thread, alice):
    mine = await bot.get_channel(thread.id).send("before")
    await local.lock(alice, thread, archive=True)

    with pytest.raises(discord.Forbidden):
        await mine.delete()


async def test_bot_changes_its_own_thread_but_not_others(local, bot, asked, alice):
    mine = await bot.told("message")[0].create_thread(name="Mine")
    edited = await mine.edit(name="Renamed", auto_archive_duration=10080)
    with pytest.raises(discord.Forbidden):
        await mine.edit(locked=True)
    await mine.edit(archived=True)
    with pytest.raises(discord.HTTPException) as refused:
        await mine.edit(name="Too late")
    await mine.edit(archived=False)

    thread = local.channel("Renamed")
    assert (edited.name, edited.auto_archive_duration) == ("Renamed", 10080)
    assert refused.value.code == 50083
    assert [(one.type, one.content) for one in local.messages(thread)] == [(21, ""), (4, "Renamed")]
    assert not thread.thread.archived


async def test_strangers_thread_is_not_the_bots_to_rename(bot, thread):
    with pytest.raises(discord.Forbidden) as refused:
        await bot.get_channel(thread.id).edit(name="Mine now")
    assert refused.value.code == 50013


async def test_deleted_thread_is_gone_and_its_message_stays(local, bot, asked, thread, general, alice):
    await local.delete_thread(alice, thread)
    await bot.hears("thread_delete")

    with pytest.raises(discord.NotFound):
        await bot.fetch_channel(thread.id)
    assert not (await bot.get_channel(general.id).fetch_message(asked.id)).flags.has_thread


async def test_bot_needs_permission_to_delete_a_thread(local, bot, harbour, thread):
    seen = bot.get_channel(thread.id)
    with pytest.raises(discord.Forbidden):
        await seen.delete()
    local.add_member(harbour, local.bot, permissions=Permission.MANAGE_THREADS)
    await seen.delete()

    assert thread.id not in local.channels


async def test_thread_of_a_deleted_message_lives_on(local, bot, asked, thread, alice):
    await local.delete(alice, asked)
    sent = await bot.get_channel(thread.id).send("orphan")

    assert local.find_message(sent.id) is not None


async def test_active_threads_are_there_when_the_bot_comes(local, start, general, alice, bob):
    first = await local.send(alice, general, "one")
    kept = await local.thread(alice, first, "Kept")
    put_away = await local.thread(alice, await local.send(alice, general, "two"), "Away")
    await local.archive(alice, put_away)
    bot = await start()

    assert [one.id for one in bot.get_guild(general.guild_id).threads] == [kept.id]
    assert [one.id for one in await bot.get_guild(general.guild_id).active_threads()] == [kept.id]
    assert [one.id async for one in bot.get_channel(general.id).archived_threads()] == [put_away.id]


async def test_archived_threads_come_in_pages(local, bot, general, alice):
    names = []
    for number in range(3):
        thread = await local.thread(alice, await local.send(alice, general, "x"), f"t{number}")
        await local.archive(alice, thread)
        names.append(thread.name)
    archived = bot.get_channel(general.id).archived_threads

    assert [one.name async for one in archived(limit=2)] == ["t2", "t1"]
    before = local.channel("t1").thread.changed_at
    assert [one.name async for one in archived(before=before)] == ["t0"]


async def test_counts_leave_out_what_was_deleted(local, bot, thread, alice):
    sent = [await local.send(alice, thread, text) for text in ("a", "b", "c")]
    await local.delete(alice, sent[0])
    read = await bot.fetch_channel(thread.id)

    assert (read.message_count, read.total_message_sent) == (2, 3)
    assert (await read.fetch_message(sent[2].id)).position == 2


async def test_typing_and_history_in_a_thread(local, bot, thread, alice):
    sent = [await local.send(alice, thread, text) for text in ("a", "b", "c")]
    seen = bot.get_channel(thread.id)
    await local.type(alice, thread)
    shown, _ = await bot.hears("typing"), await seen.typing()

    assert shown.id == thread.id
    assert (local.typing[-1].channel_id, local.typing[-1].user_id) == (thread.id, local.bot.id)
    assert [one.content async for one in seen.history(after=discord.Object(sent[0].id))] == ["b", "c"]


async def test_private_thread_is_hidden_until_the_bot_is_added(local, bot, general, alice, bob):
    secret = await local.thread(alice, general, "Secret", private=True)
    await local.send(alice, secret, "just us")
    with pytest.raises(discord.Forbidden) as refused:
        await bot.fetch_channel(secret.id)
    with pytest.raises(DiscordError, match="50001"):
        await local.send(bob, secret, "hello?")
    await local.add_to_thread(alice, secret, local.bot)
    joined = await bot.hears("thread_join")
    await bot.hears("message")

    assert refused.value.code == 50001
    assert (joined.id, joined.type) == (secret.id, discord.ChannelType.private_thread)
    assert bot.told("thread_create") == []
    assert [one.content async for one in joined.history(oldest_first=True)] == ["just us", ""]


async def test_mention_lets_the_bot_into_a_private_thread(local, bot, general, alice):
    secret = await local.thread(alice, general, "Secret", private=True)
    await local.send(alice, secret, f"{local.bot.mention} psst")

    heard = await bot.hears("message")
    assert (heard.channel.id, bot.user.mentioned_in(heard)) == (secret.id, True)


async def test_bot_that_is_removed_from_a_private_thread_is_told(local, bot, general, alice):
    secret = await local.thread(alice, general, "Secret", private=True)
    await local.add_to_thread(alice, secret, local.bot)
    await bot.hears("thread_join")
    await local.remove_from_thread(alice, secret, local.bot)
    await bot.hears("thread_remove")
    before = len(bot.told("message"))
    await local.send(alice, secret, "gone")
    await local.send(alice, general, "after")
    await bot.hears("message", before + 1)

    assert bot.told("message")[-1].content == "after"


async def test_moderator_sees_private_threads(local, bot, harbour, general, alice):
    secret = await local.thread(alice, general, "Secret", private=True)
    local.add_member(harbour, local.bot, permissions=Permission.MANAGE_THREADS)
    await local.archive(alice, secret)

    found = [one.id async for one in bot.get_channel(general.id).archived_threads(private=True)]
    assert found == [secret.id]


async def test_joined_private_threads_are_listed(local, bot, general, alice):
    secret = await local.thread(alice, general, "Secret", private=True)
    other = await local.thread(alice, general, "Other", private=True)
    await local.add_to_thread(alice, secret, local.bot)
    for one in (secret, other):
        await local.archive(alice, one)

    archived = bot.get_channel(general.id).archived_threads(private=True, joined=True)
    assert [one.id async for one in archived] == [secret.id]


async def test_private_thread_that_is_not_invitable(local, bot, general, alice, bob):
    made = await bot.get_channel(general.id).create_thread(name="Closed", invitable=False)
    await made.send("hi")
    with pytest.raises(discord.Forbidden):
        await made.add_user(discord.Object(bob.id))
    await local.add_to_thread(alice, local.channel("Closed"), bob)

    assert not made.invitable
    assert bob.id in local.channel("Closed").thread.members


async def test_threads_of_a_channel_that_comes_into_view(local, bot, harbour, general, alice):
    everyone = local.everyone(harbour)
    local.deny(general, everyone, Permission.VIEW_CHANNEL)
    hidden = await local.thread(alice, await local.send(alice, general, "x"), "Hidden")
    local.allow(general, local.bot, Permission.VIEW_CHANNEL)

    joined = await bot.hears("thread_join")
    assert (joined.id, bot.told("thread_create")) == (hidden.id, [])


async def test_bot_without_the_guilds_intent_hears_of_no_thread(local, start, general, alice):
    intents = discord.Intents(guild_messages=True, message_content=True)
    bot = await start(intents)
    thread = await local.thread(alice, await local.send(alice, general, "x"), "Talk")
    await local.send(alice, thread, "inside")
    await bot.hears("message", 3)

    assert bot.told("thread_create") == bot.told("thread_join") == []


async def test_slow_mode_holds_for_people_and_not_for_bots(local, bot, general, alice, bob):
    local.slow_down(general, 30)
    await local.send(bob, general, "first")
    with pytest.raises(DiscordError, match="20016"):
        await local.send(bob, general, "second")
    await local.thread(bob, general, "One")
    with pytest.raises(DiscordError, match="20016"):
        await local.thread(bob, general, "Two")
    local.clock.advance(31)
    await local.send(bob, general, "third")
    local.allow(general, bob, Permission.BYPASS_SLOWMODE)
    await local.send(bob, general, "fourth")
    channel = bot.get_channel(general.id)
    for text in ("a", "b"):
        await channel.send(text)
    await bot.hears("guild_channel_update", 2)

    assert channel.slowmode_delay == 30


async def test_list_of_members_needs_the_members_intent():
    async with LocalDiscord(privileged_intents=False) as server:
        general, alice = server.channel("general"), server.user("alice")
        thread = await server.thread(alice, await server.send(alice, general, "x"), "Talk")
        headers = {"Authorization": f"Bot {server.token}"}
        async with aiohttp.ClientSession(server.url, headers=headers) as session:
            answer = await session.get(f"/api/v10/channels/{thread.id}/thread-members")
            refusal = await answer.json()

    assert (answer.status, refusal["code"]) == (403, 50001)


async def test_commands_and_buttons_rest_in_an_archived_thread(local, start, general, alice):
    def commands(tree):
        @tree.command(description="Ask")
        async def ask(interaction: discord.Interaction):
            view = discord.ui.View()
            view.add_item(discord.ui.Button(label="More", custom_id="more"))
            await interaction.response.send_message("asked", view=view)

    await start(setup=commands)
    thread = await local.thread(alice, await local.send(alice, general, "x"), "Talk")
    asked = await local.slash(alice, thread, "ask")
    await local.archive(alice, thread)

    with pytest.raises(DiscordError, match="50083"):
        await local.slash(alice, thread, "ask")
    with pytest.raises(DiscordError, match="50083"):
        await local.press(alice, asked.message, "More")
