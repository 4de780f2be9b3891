"""Files both ways: their types, sizes and words, and what an edit does with them."""

import io

import aiohttp
import discord
import pytest
from PIL import Image

from playground import DiscordError, Permission
from playground.uploads import Upload


def png(width=3, height=2):
    content = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(content, "PNG")
    return content.getvalue()


def file(name, content=b"words", **said):
    return discord.File(io.BytesIO(content), filename=name, **said)


@pytest.fixture
def channel(bot, general):
    return bot.get_channel(general.id)


async def test_picture_comes_with_its_size_and_words(local, bot, general, alice):
    picture = Upload("chart.png", png(), "image/png", description="a red box", spoiler=True)
    await local.send(alice, general, attachments=[picture])

    got = (await bot.hears("message")).attachments[0]
    assert (got.width, got.height, got.size, got.content_type) == (3, 2, len(png()), "image/png")
    assert (got.description, got.is_spoiler(), got.ephemeral) == ("a red box", True, False)
    assert await got.read() == png()


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("chart.png", "image/png"),
        ("notes.txt", "text/plain; charset=utf-8"),
        ("report.pdf", "application/pdf"),
        ("data.nobodyknows", "application/octet-stream"),
    ],
)
async def test_type_of_the_bots_file_follows_its_name(local, channel, general, name, content_type):
    await channel.send(file=file(name))

    url = local.messages(general)[0].attachments[0].url
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        told = answer.headers["Content-Type"]
    assert (local.messages(general)[0].attachments[0].content_type, told) == (content_type, content_type)


async def test_bots_files_keep_their_words(local, channel, general):
    sent = await channel.send(files=[file("a.png", png(5, 4), description="one"), file("b.txt", spoiler=True)])

    first, second = local.messages(general)[0].attachments
    assert (first.description, first.size, second.filename) == ("one", (5, 4), "SPOILER_b.txt")
    assert [one.is_spoiler() for one in sent.attachments] == [False, True]


async def test_edit_that_adds_a_file_takes_the_right_to_attach_one(local, channel, general):
    sent = await channel.send("x")
    local.deny(general, local.bot, Permission.ATTACH_FILES)
    with pytest.raises(discord.HTTPException, match="50013"):
        await sent.add_files(file("a.txt"))

    await sent.edit(content="y")
    assert (local.messages(general)[-1].content, local.messages(general)[-1].attachments) == ("y", [])


async def test_edit_keeps_adds_and_removes_files(local, channel, general):
    sent = await channel.send("x", files=[file("a.txt"), file("b.txt")])
    added = await sent.add_files(file("c.txt"))
    names = [one.filename for one in added.attachments]
    left = await added.remove_attachments(added.attachments[0])

    assert names == ["a.txt", "b.txt", "c.txt"]
    assert [one.filename for one in left.attachments] == ["b.txt", "c.txt"]
    assert [one.filename for one in local.messages(general)[0].attachments] == ["b.txt", "c.txt"]


async def test_edit_changes_the_words_of_a_file(local, bot, channel, general):
    sent = await channel.send(file=file("a.png", png()))
    attachments = [{"id": str(sent.attachments[0].id), "description": "new", "is_spoiler": True}]
    ids = {"channel_id": general.id, "message_id": sent.id}
    route = discord.http.Route("PATCH", "/channels/{channel_id}/messages/{message_id}", **ids)
    await bot.http.request(route, json={"attachments": attachments})

    kept = (await channel.fetch_message(sent.id)).attachments[0]
    assert (kept.description, kept.is_spoiler()) == ("new", True)


async def test_message_holds_ten_files(channel):
    sent = await channel.send(files=[file(f"{number}.txt") for number in range(10)])
    with pytest.raises(discord.HTTPException) as refused:
        await sent.add_files(file("more.txt"))
    assert refused.value.code == 30015


async def test_description_stops_at_1024_characters(local, general, alice):
    with pytest.raises(DiscordError, match="1024 or fewer"):
        await local.send(alice, general, attachments=[Upload("a.txt", b"x", description="d" * 1025)])


async def test_file_of_a_deleted_message_is_gone(local, bot, general, alice):
    sent = await local.send(alice, general, attachments=[("a.txt", b"x", "text/plain")])
    heard = await bot.hears("message")
    await local.delete(alice, sent)

    with pytest.raises(discord.NotFound):
        await heard.attachments[0].read()


async def test_file_of_an_ephemeral_answer_is_downloadable(local, start, general, alice):
    def commands(tree):
        @tree.command(description="Give a file")
        async def give(interaction: discord.Interaction):
            await interaction.response.send_message(file=file("a.txt"), ephemeral=True)

    await start(setup=commands)
    result = await local.slash(alice, general, "give")
    attachment = result.message.attachments[0]
    async with aiohttp.ClientSession() as session, session.get(attachment.url) as answer:
        content = await answer.read()

    assert (attachment.ephemeral, content) == (True, b"words")


async def test_form_without_a_json_part(local, session, general):
    form = aiohttp.FormData({"content": "plain fields"})
    form.add_field("files[0]", b"words", filename="a.txt")
    answer = await session.post(f"/api/v10/channels/{general.id}/messages", data=form)

    message = local.messages(general)[0]
    assert answer.status == 200
    assert (message.content, message.attachments[0].filename) == ("plain fields", "a.txt")


async def test_stickers_both_ways(local, bot, channel, general, alice):
    wave = local.add_sticker(local.guild("Harbour"), "wave")
    await local.send(alice, general, stickers=[wave])
    heard = await bot.hears("message")
    sent = await channel.send(stickers=[discord.Object(wave.id)])
    with pytest.raises(discord.HTTPException) as refused:
        await channel.send(stickers=[discord.Object(1)])

    assert [(one.id, one.name) for one in heard.stickers] == [(wave.id, "wave")]
    assert [one.id for one in sent.stickers] == [wave.id]
    assert refused.value.code == 50081


async def test_poll_reaches_the_bot(local, bot, general, alice):
    answers = [{"poll_media": {"text": text}} for text in ("tea", "coffee")]
    await local.send(alice, general, poll={"question": {"text": "What?"}, "answers": answers, "duration": 2})

    heard = await bot.hears("message")
    assert (heard.poll.question, [one.text for one in heard.poll.answers]) == ("What?", ["tea", "coffee"])
    assert heard.content == ""
