"""Embeds: their limits, and the shape in which they are read back."""

import io

import discord
import pytest
from PIL import Image


@pytest.fixture
def channel(bot, general):
    return bot.get_channel(general.id)


def full():
    """An embed with every text at its limit, but for the sum of them."""
    return discord.Embed(title="t" * 256).set_footer(text="f" * 2048).set_author(name="a" * 256)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda embed: setattr(embed, "title", "t" * 257), "embeds.0.title"),
        (lambda embed: setattr(embed, "description", "d" * 4097), "embeds.0.description"),
        (lambda embed: embed.set_footer(text="f" * 2049), "embeds.0.footer.text"),
        (lambda embed: embed.set_author(name="a" * 257), "embeds.0.author.name"),
        (lambda embed: embed.add_field(name="n" * 257, value="v"), "embeds.0.fields.0.name"),
        (lambda embed: embed.add_field(name="n", value="v" * 1025), "embeds.0.fields.0.value"),
        (lambda embed: [embed.add_field(name="n", value="v") for _ in range(26)], "embeds.0.fields"),
    ],
)
async def test_one_character_too_many_is_refused(channel, change, field):
    await channel.send(embed=full())
    embed = discord.Embed(title="short")
    change(embed)

    with pytest.raises(discord.HTTPException, match=f"In {field}") as refused:
        await channel.send(embed=embed)
    assert (refused.value.status, refused.value.code) == (400, 50035)


async def test_all_embeds_together_stop_at_6000_characters(local, channel, general):
    embeds = [discord.Embed(description="d" * 3000) for _ in range(2)]
    sent = await channel.send(embeds=embeds)
    embeds[0].title = "t"

    for act in (channel.send(embeds=embeds), sent.edit(embeds=embeds)):
        with pytest.raises(discord.HTTPException, match="6000"):
            await act
    assert len(local.messages(general)) == 1


async def test_whitespace_around_does_not_count(channel):
    embeds = [discord.Embed(description=" " * 20 + "d" * 3000 + " " * 20) for _ in range(2)]

    assert len((await channel.send(embeds=embeds)).embeds) == 2


async def test_ten_embeds(bot, channel, general):
    await channel.send(embeds=[discord.Embed(title=str(number)) for number in range(10)])
    route = discord.http.Route("POST", "/channels/{channel_id}/messages", channel_id=general.id)
    with pytest.raises(discord.HTTPException, match="10 or fewer"):
        await bot.http.request(route, json={"embeds": [{"title": "x"}] * 11})


async def test_embed_is_rich_whatever_was_asked(local, bot, channel, general):
    route = discord.http.Route("POST", "/channels/{channel_id}/messages", channel_id=general.id)
    await bot.http.request(route, json={"embeds": [{"title": "x", "type": "video", "provider": {"name": "me"}}]})

    assert local.messages(general)[0].embeds == [{"title": "x", "type": "rich"}]


async def test_picture_of_an_embed_is_a_file_of_its_message(channel):
    content = io.BytesIO()
    Image.new("RGB", (7, 5)).save(content, "PNG")
    content.seek(0)
    embed = discord.Embed(title="chart").set_image(url="attachment://chart.png")
    sent = await channel.send(embed=embed, file=discord.File(content, filename="chart.png"))
    read = await channel.fetch_message(sent.id)

    image = read.embeds[0].image
    assert (image.width, image.height, read.attachments) == (7, 5, [])
    assert image.url.endswith("/chart.png")
    assert image.url.startswith("http://127.0.0.1")
