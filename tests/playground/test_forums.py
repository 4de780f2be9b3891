"""Forums over the wire: posts, their tags, and what cannot be sent into a forum itself."""

import discord
import pytest

from playground import DiscordError, Permission
from playground.parts import Tag


@pytest.fixture
def harbour(local):
    return local.guild("Harbour")


@pytest.fixture
async def forum(local, bot, harbour):
    tags = ["question", Tag(local.snowflakes.next(), "solved", moderated=True, emoji="✅")]
    made = local.add_forum(harbour, "help", tags=tags)
    await bot.hears("guild_channel_create")
    return made


async def test_post_is_a_thread_whose_first_message_has_its_id(local, bot, forum, alice):
    thread = await local.post(alice, forum, "How?", f"{local.bot.mention} how?", tags=[forum.forum.tags[0]])
    seen, heard = await bot.hears("thread_create"), await bot.hears("message")

    assert (seen.id, seen.parent_id, heard.id, heard.channel.id) == (thread.id, forum.id, thread.id, thread.id)
    assert (heard.type, heard.author.id) == (discord.MessageType.default, alice.id)
    assert [one.name for one in seen.applied_tags] == ["question"]
    assert bot.get_channel(forum.id).last_message_id == thread.id


async def test_bot_answers_in_a_post(local, bot, forum, alice):
    thread = await local.post(alice, forum, "How?", f"{local.bot.mention} how?")
    heard = await bot.hears("message")
    await heard.reply("so")

    assert [one.content for one in local.messages(thread)] == [f"{local.bot.mention} how?", "so"]
    assert (await bot.fetch_channel(thread.id)).message_count == 1


async def test_bot_makes_a_post_with_a_file(local, bot, forum):
    tag = bot.get_channel(forum.id).available_tags[0]
    file = discord.File(__file__, filename="code.py", description="this test")
    made = await bot.get_channel(forum.id).create_thread(name="News", content="read", file=file, applied_tags=[tag])

    thread = local.channel("News")
    message = local.messages(thread)[0]
    assert (made.thread.id, made.message.id, message.id) == (thread.id, thread.id, thread.id)
    assert (message.content, message.attachments[0].description) == ("read", "this test")
    assert thread.thread.tag_ids == [forum.forum.tags[0].id]


async def test_forum_itself_takes_no_message(local, bot, forum, alice):
    route = discord.http.Route("POST", "/channels/{channel_id}/messages", channel_id=forum.id)
    with pytest.raises(discord.HTTPException) as refused:
        await bot.http.request(route, json={"content": "hello"})
    with pytest.raises(DiscordError, match="40058"):
        await local.send(alice, forum, "hello")
    assert refused.value.code == 40058


async def test_empty_post_leaves_no_thread_behind(local, bot, forum, alice):
    with pytest.raises(DiscordError, match="50006"):
        await local.post(alice, forum, "Nothing")
    with pytest.raises(DiscordError, match="40005"):
        await local.post(alice, forum, "Big", attachments=[("a.bin", b"x" * (10 * 1024 * 1024 + 1), "text/plain")])
    assert local.threads(forum) == []


async def test_required_tag(local, bot, forum, harbour):
    local.add_member(harbour, local.bot, permissions=Permission.MANAGE_CHANNELS)
    seen = await bot.get_channel(forum.id).edit(require_tag=True)
    with pytest.raises(discord.HTTPException) as refused:
        await seen.create_thread(name="Untagged", content="x")
    await seen.create_thread(name="Tagged", content="x", applied_tags=[seen.available_tags[0]])

    assert refused.value.code == 40067
    assert [one.name for one in local.threads(forum)] == ["Tagged"]


async def test_moderated_tag_is_for_moderators(local, bot, forum, harbour):
    seen = bot.get_channel(forum.id)
    solved = seen.get_tag(forum.forum.tags[1].id)
    made = await seen.create_thread(name="Mine", content="x")
    with pytest.raises(discord.Forbidden):
        await made.thread.edit(applied_tags=[solved])
    local.add_member(harbour, local.bot, permissions=Permission.MANAGE_THREADS)
    edited = await made.thread.edit(applied_tags=[solved])

    assert (solved.moderated, str(solved.emoji)) == (True, "✅")
    assert [one.name for one in edited.applied_tags] == ["solved"]


async def test_unknown_tag_is_refused(bot, forum):
    with pytest.raises(discord.HTTPException) as refused:
        await bot.get_channel(forum.id).create_thread(name="x", content="x", applied_tags=[discord.Object(1)])
    assert refused.value.code == 10087


async def test_post_needs_send_messages_alone(local, bot, forum):
    denied = (Permission.CREATE_PUBLIC_THREADS, Permission.SEND_MESSAGES_IN_THREADS)
    local.deny(forum, local.bot, *denied)
    made = await bot.get_channel(forum.id).create_thread(name="Allowed", content="x")
    with pytest.raises(discord.Forbidden):
        await made.thread.send("but not this")
    local.deny(forum, local.bot, Permission.SEND_MESSAGES)
    with pytest.raises(discord.Forbidden):
        await bot.get_channel(forum.id).create_thread(name="Refused", content="x")

    assert [one.name for one in local.threads(forum)] == ["Allowed"]


async def test_archived_post_loses_its_pin(local, bot, forum, harbour):
    local.add_member(harbour, local.bot, permissions=Permission.MANAGE_THREADS)
    made = await bot.get_channel(forum.id).create_thread(name="First", content="x")
    pinned = await made.thread.edit(pinned=True)
    archived = await pinned.edit(archived=True)

    assert (pinned.flags.pinned, archived.flags.pinned) == (True, False)


async def test_slow_mode_of_posts_is_that_of_the_forum(local, bot, forum, alice, bob):
    forum.forum.post_slowmode = 20
    local.slow_down(forum, 60)
    thread = await local.post(alice, forum, "One", "x")
    await local.send(bob, thread, "a")
    with pytest.raises(DiscordError, match="20016"):
        await local.send(bob, thread, "b")
    await local.post(bob, forum, "Two", "x")
    with pytest.raises(DiscordError, match="20016"):
        await local.post(bob, forum, "Three", "x")

    assert (await bot.fetch_channel(thread.id)).slowmode_delay == 20


async def test_tags_of_a_forum_change_by_the_bot(local, bot, forum, harbour):
    local.add_member(harbour, local.bot, permissions=Permission.MANAGE_CHANNELS)
    seen = bot.get_channel(forum.id)
    await seen.create_tag(name="bug", emoji="🐛")

    assert [(one.name, one.emoji) for one in forum.forum.tags] == [("question", None), ("solved", "✅"), ("bug", "🐛")]


async def test_media_channel_arrives_with_its_posts(local, bot, harbour, alice):
    media = local.add_forum(harbour, "pictures", media=True)
    await bot.hears("guild_channel_create")
    thread = await local.post(alice, media, "Look", "x")
    await bot.hears("thread_create")

    assert bot.get_channel(media.id).is_media()
    assert bot.get_channel(thread.id).parent_id == media.id
