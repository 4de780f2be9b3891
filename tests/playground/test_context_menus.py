"""Commands in the menus of users and messages: registered, picked and answered."""

import discord
import pytest
from discord import app_commands

from playground import DiscordError, NotPermitted, Permission, UnknownCommand


def menus(tree):
    @tree.context_menu(name="Show Name")
    async def show(interaction: discord.Interaction, who: discord.Member):
        await interaction.response.send_message(f"{who.name} {who.guild_permissions.manage_guild}")

    @tree.context_menu(name="Who is it")
    async def plain(interaction: discord.Interaction, who: discord.User):
        await interaction.response.send_message(who.name)

    @tree.context_menu(name="Count Words")
    async def count(interaction: discord.Interaction, message: discord.Message):
        tree.target = message
        await interaction.response.send_message(f"{len(message.content.split())} words", ephemeral=True)
        await interaction.followup.send("counted")

    @tree.context_menu(name="Manage")
    @app_commands.default_permissions(manage_guild=True)
    async def manage(interaction: discord.Interaction, message: discord.Message):
        await interaction.response.send_message(message.content)


@pytest.fixture
async def bot(start):
    return await start(setup=menus)


@pytest.mark.usefixtures("bot")
async def test_user_menu_tells_the_member(local, general, alice, bob):
    result = await local.context_menu(bob, general, "Show Name", alice)

    assert result.content == "alice True"
    assert result.message.type == discord.MessageType.context_menu_command.value
    assert result.response["interaction_metadata"]["target_user"]["username"] == "alice"
    assert result.response["interaction"]["name"] == "Show Name"


@pytest.mark.usefixtures("bot")
async def test_user_menu_works_in_direct_messages(local, bob):
    result = await local.context_menu(bob, local.dm(bob), "Who is it", bob)

    assert result.content == "bob"


async def test_message_menu_tells_the_content_without_the_intent(start, local, general, alice, bob):
    bot = await start(discord.Intents.default(), setup=menus)
    message = await local.send(alice, general, "three little words", attachments=[("a.txt", b"a", "text/plain")])
    seen = await bot.hears("message")
    result = await local.context_menu(bob, general, "Count Words", message)

    assert (seen.content, seen.attachments) == ("", [])
    assert (bot.tree.target.content, bot.tree.target.author.name) == ("three little words", "alice")
    assert [one.filename for one in bot.tree.target.attachments] == ["a.txt"]
    assert result.ephemeral


@pytest.mark.usefixtures("bot")
async def test_answer_to_a_message_menu_points_at_the_message(local, general, alice, bob):
    message = await local.send(alice, general, "one two")
    result = await local.context_menu(bob, general, "Count Words", message)
    await local.wait_until(lambda: result.followups)
    told = result.response

    assert told["type"] == 23
    assert told["message_reference"]["message_id"] == str(message.id)
    assert told["referenced_message"]["content"] == "one two"
    assert told["interaction_metadata"]["target_message_id"] == str(message.id)
    assert alice.id not in result.message.pinged
    assert result.followups[0].reference is None
    assert result.followups[0].invocation.extra["original_response_message_id"] == told["id"]


@pytest.mark.usefixtures("bot")
async def test_menus_keep_from_whom_they_are_hidden(local, general, alice, bob):
    message = await local.send(alice, general, "hello")
    with pytest.raises(NotPermitted):
        await local.context_menu(bob, general, "Manage", message)
    # "A user must have permission to send text messages in the channel they invoke a user command in."
    local.overwrite(general, bob, deny=Permission.SEND_MESSAGES)
    with pytest.raises(NotPermitted):
        await local.context_menu(bob, general, "Show Name", alice)

    assert (await local.context_menu(alice, general, "Manage", message)).content == "hello"


@pytest.mark.usefixtures("bot")
async def test_menu_of_what_is_not_there_is_not_opened(local, general, alice, bob):
    message = await local.send(alice, general, "soon gone")
    await local.delete(alice, message)
    stranger = local.add_user("stranger")
    with pytest.raises(DiscordError) as gone:
        await local.context_menu(bob, general, "Count Words", message)
    with pytest.raises(DiscordError) as unknown:
        await local.context_menu(bob, general, "Show Name", stranger)
    with pytest.raises(UnknownCommand):
        await local.context_menu(bob, general, "Count Words", alice)

    assert (gone.value.code, unknown.value.code) == (10008, 10013)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"name": "High Five", "type": 2, "description": "x"}, "description"),
        ({"name": "High Five", "type": 3, "options": [{"type": 3, "name": "a", "description": "x"}]}, "options"),
        ({"name": "x" * 33, "type": 2}, "name"),
        ({"name": "", "type": 3}, "name"),
        ({"name": "launch", "type": 4, "description": "x"}, "type"),
    ],
)
async def test_menu_with_more_than_a_name_is_not_registered(local, session, body, path):
    answer = await session.post(f"/api/v10/applications/{local.application_id}/commands", json=body)

    assert answer.status == 400
    assert list((await answer.json())["errors"]) == [path]


async def test_menu_is_fetched_with_an_empty_description(local, session):
    url = f"/api/v10/applications/{local.application_id}/commands"
    created = await session.post(url, json={"name": "High Five", "type": 2})
    of_messages = await session.post(url, json={"name": "High Five", "type": 3})
    listed = await (await session.get(url)).json()

    assert (created.status, of_messages.status) == (201, 201)
    assert [(one["name"], one["type"], one["description"]) for one in listed] == [
        ("High Five", 2, ""),
        ("High Five", 3, ""),
    ]


async def test_fifteen_menus_of_a_kind_and_no_more(local, session):
    url = f"/api/v10/applications/{local.application_id}/commands"
    bodies = [{"name": f"Menu {n}", "type": kind} for n in range(15) for kind in (2, 3)]
    filled = await session.put(url, json=bodies)
    one_more = await session.post(url, json={"name": "Menu 15", "type": 2})
    known = await session.post(url, json={"name": "Menu 14", "type": 2})
    too_many = await session.put(url, json=[*bodies, {"name": "Menu 15", "type": 3}])

    assert [one.status for one in (filled, one_more, known, too_many)] == [200, 400, 200, 400]
    assert (await one_more.json())["code"] == (await too_many.json())["code"] == 30032
