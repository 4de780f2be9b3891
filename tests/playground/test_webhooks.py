"""Webhooks over the wire: made and listed by the bot, and what is sent through them."""

import aiohttp
import discord
import pytest

from playground import DiscordError, Permission


@pytest.fixture
def channel(local, bot, general):
    local.allow(general, local.bot, Permission.MANAGE_WEBHOOKS)
    return bot.get_channel(general.id)


@pytest.fixture
async def hook(local, bot, channel):
    made = await channel.create_webhook(name="Herald")
    await bot.hears("webhooks_update")
    return made


async def test_message_of_a_webhook_names_it_as_its_author(local, bot, general, hook):
    sent = await hook.send("news", username="Town crier", wait=True)
    heard = await bot.hears("message")

    assert (heard.id, heard.webhook_id, heard.author.id, heard.author.name) == (
        sent.id,
        hook.id,
        hook.id,
        "Town crier",
    )
    assert (heard.author.bot, heard.author.discriminator, heard.application_id) == (True, "0000", local.bot.id)
    assert not isinstance(heard.author, discord.Member)
    assert local.messages(general)[0].webhook_id == hook.id


async def test_without_waiting_nothing_is_told_back(local, general, hook):
    assert await hook.send("quiet") is None
    assert [one.content for one in local.messages(general)] == ["quiet"]


async def test_webhook_of_a_person_belongs_to_no_application(local, bot, general, alice):
    webhook = await local.webhook(alice, general, "Feed")
    await local.send_by_webhook(webhook, "item", name="Feed reader")

    heard = await bot.hears("message")
    assert (heard.webhook_id, heard.application_id, heard.author.name) == (webhook.id, None, "Feed reader")


async def test_webhooks_are_listed_renamed_moved_and_deleted(local, bot, channel, general, hook):
    lab = local.channel("lab")
    local.allow(lab, local.bot, Permission.MANAGE_WEBHOOKS)
    listed = await channel.webhooks()
    with pytest.raises(discord.Forbidden):
        await channel.guild.webhooks()
    await hook.edit(name="Crier", channel=bot.get_channel(lab.id))
    moved = local.webhooks[hook.id]
    found = (moved.name, moved.channel_id, (await bot.fetch_webhook(hook.id)).name)
    await hook.delete()

    assert [(one.id, one.user.id, one.token) for one in listed] == [(hook.id, local.bot.id, hook.token)]
    assert found == ("Crier", lab.id, "Crier")
    assert local.webhooks == {}


async def test_channel_has_15_webhooks(local, channel, general, alice):
    for number in range(15):
        await local.webhook(alice, general, f"hook {number}")
    with pytest.raises(discord.HTTPException, match="15") as refused:
        await channel.create_webhook(name="one more")
    assert refused.value.code == 30007


@pytest.mark.parametrize("name", ["", "n" * 81, "My Discord", "clyde"])
async def test_name_that_is_not_allowed(local, general, alice, name):
    with pytest.raises(DiscordError, match="50035"):
        await local.webhook(alice, general, name)


async def test_message_of_a_webhook_is_edited_read_and_deleted(local, bot, general, hook):
    sent = await hook.send("first", wait=True)
    await sent.edit(content="second")
    read = await hook.fetch_message(sent.id)
    await sent.delete()
    await bot.hears("raw_message_delete")

    assert (read.content, local.messages(general)) == ("second", [])


async def test_other_messages_are_not_the_webhooks(local, general, hook, alice):
    sent = await local.send(alice, general, "mine")
    with pytest.raises(discord.NotFound):
        await hook.delete_message(sent.id)


async def test_webhook_sends_into_a_thread_and_brings_it_back(local, general, hook, alice):
    thread = await local.thread(alice, await local.send(alice, general, "x"), "t")
    await local.archive(alice, thread)
    sent = await hook.send("inside", thread=discord.Object(thread.id), wait=True)
    await hook.edit_message(sent.id, content="changed", thread=discord.Object(thread.id))

    assert local.messages(thread)[-1].content == "changed"
    assert not thread.thread.archived


async def test_webhook_of_a_forum_makes_a_post_or_answers_in_one(local, bot, alice):
    forum = local.add_forum(local.guild("Harbour"), "help")
    webhook = await local.webhook(alice, forum, "Feed")
    await bot.hears("guild_channel_create")
    async with aiohttp.ClientSession() as session:
        hook = discord.Webhook.partial(webhook.id, webhook.token, session=session)
        made = await hook.send("item", thread_name="News", wait=True)
        thread = local.channel("News")
        await hook.send("more", thread=discord.Object(thread.id))
        with pytest.raises(discord.HTTPException) as refused:
            await hook.send("where?")

    assert (made.id, made.channel.id) == (thread.id, thread.id)
    assert [one.content for one in local.messages(thread)] == ["item", "more"]
    assert refused.value.code == 220001


async def test_text_channel_makes_no_thread_for_a_webhook(hook):
    with pytest.raises(discord.HTTPException) as refused:
        await hook.send("x", thread_name="News")
    assert refused.value.code == 220003


async def test_wrong_token_opens_nothing(local, hook):
    async with aiohttp.ClientSession() as session:
        with pytest.raises(discord.HTTPException) as refused:
            await discord.Webhook.partial(hook.id, "x" * 68, session=session).send("x")
    assert (refused.value.status, refused.value.code) == (401, 50027)


async def test_nonce_and_reference_are_passed_over(local, session, general, hook, alice):
    asked = await local.send(alice, general, "question?")
    body = {
        "content": "answer",
        "nonce": "once",
        "enforce_nonce": True,
        "message_reference": {"message_id": str(asked.id)},
    }
    url = f"/api/v10/webhooks/{hook.id}/{hook.token}?wait=true"
    answers = [await (await session.post(url, json=body)).json() for _ in range(2)]

    assert answers[0]["id"] != answers[1]["id"]
    assert [one.reference for one in local.messages(general)[1:]] == [None, None]
    assert "nonce" not in answers[0]


async def test_webhook_pings_users_only_by_default(local, general, hook, alice):
    await hook.send(f"@everyone {alice.mention}")

    message = local.messages(general)[0]
    assert (message.pinned_at, message.pinged, message.pinged_everyone) == (None, {alice.id}, False)


async def test_webhooks_are_none_in_direct_messages_and_threads(local, general, alice):
    thread = await local.thread(alice, general, "t")
    for place, code in ((local.dm(alice), "50003"), (thread, "50024")):
        with pytest.raises(DiscordError, match=code):
            await local.webhook(alice, place, "Feed")
