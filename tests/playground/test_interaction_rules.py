"""The time and the order of answers to interactions, and what follows them."""

import asyncio

import discord
import pytest
from discord import app_commands

from playground import UnknownCommand


def commands(tree):
    tree.gate = asyncio.Event()

    @tree.command(description="Answer when told to")
    async def held(interaction: discord.Interaction):
        tree.held = interaction
        await tree.gate.wait()

    @tree.command(description="Answer at once")
    async def quick(interaction: discord.Interaction, private: bool = False):
        tree.held = interaction
        tree.told = await interaction.response.send_message("first", ephemeral=private)

    @tree.command(description="Promise")
    async def promise(interaction: discord.Interaction, private: bool = False):
        tree.held = interaction
        await interaction.response.defer(ephemeral=private)

    @tree.command(description="Anywhere")
    @app_commands.allowed_installs(guilds=True, users=True)
    async def anywhere(interaction: discord.Interaction):
        tree.held = interaction
        await interaction.response.send_message("here too")


@pytest.fixture
async def bot(start):
    return await start(setup=commands)


@pytest.fixture
async def held(local, bot, general, bob):
    """A command that the bot has heard of and not answered."""
    waiting = asyncio.create_task(local.slash(bob, general, "held"))
    await bot.hears("interaction")
    interaction = local.latest_interaction
    yield interaction
    bot.tree.gate.set()
    interaction.age(4)
    await waiting


async def test_answer_within_three_seconds_passes(local, bot, held):
    held.age(2.5)
    await bot.tree.held.response.send_message("just in time")

    assert held.content == "just in time"


async def test_answer_after_three_seconds_finds_no_interaction(local, bot, held):
    held.age(3.1)
    with pytest.raises(discord.NotFound) as refused:
        await bot.tree.held.response.send_message("too late")

    assert refused.value.code == 10062
    assert held.expired
    assert held.message is None


async def test_who_waits_learns_that_time_ran_out(local, bot, general, bob):
    waiting = asyncio.create_task(local.slash(bob, general, "held"))
    await bot.hears("interaction")
    local.latest_interaction.age(3.1)
    result = await waiting
    bot.tree.gate.set()

    assert result.failed


async def test_followup_before_the_answer_finds_no_webhook(local, bot, held):
    with pytest.raises(discord.NotFound) as refused:
        await bot.tree.held.followup.send("too early")
    with pytest.raises(discord.NotFound) as unread:
        await bot.tree.held.original_response()

    assert (refused.value.code, unread.value.code) == (10015, 10015)


@pytest.mark.parametrize(("seconds", "opens"), [(14 * 60, True), (15 * 60 + 1, False)])
async def test_token_opens_for_fifteen_minutes(local, bot, general, bob, seconds, opens):
    result = await local.slash(bob, general, "quick")
    result.age(seconds)
    outcomes = []
    for act in (
        bot.tree.held.followup.send("later"),
        bot.tree.held.edit_original_response(content="changed"),
        bot.tree.held.delete_original_response(),
    ):
        try:
            await act
            outcomes.append(True)
        except discord.HTTPException as refused:
            outcomes.append(refused.code)

    assert outcomes == ([True] * 3 if opens else [50027] * 3)


async def test_second_answer_is_refused_whatever_its_kind(local, session, bot, general, bob):
    result = await local.slash(bob, general, "quick")
    url = f"/api/v10/interactions/{result.id}/{result.token}/callback"
    answers = [await session.post(url, json={"type": kind}) for kind in (4, 5, 9)]

    assert [(await one.json())["code"] for one in answers] == [40060] * 3
    assert [one.content for one in local.messages(general)] == ["first"]


@pytest.mark.parametrize("kind", [1, 6, 7, 8, 10, 12, None])
async def test_command_is_not_answered_as_something_else(local, session, held, kind):
    url = f"/api/v10/interactions/{held.id}/{held.token}/callback"
    answer = await session.post(url, json={"type": kind, "data": {}})

    assert answer.status == 400
    assert "type" in (await answer.json())["errors"]
    assert held.callback_type is None


async def test_answer_tells_of_its_message_when_asked(local, bot, general, bob):
    result = await local.slash(bob, general, "quick", private=True)
    await bot.hears("app_command_completion")
    told = bot.tree.told

    assert (told.message_id, told.is_ephemeral(), told.is_thinking()) == (result.message.id, True, False)
    assert told.resource.content == "first"


async def test_deferral_deleted_is_no_longer_fulfilled(local, bot, general, bob):
    waiting = asyncio.create_task(local.slash(bob, general, "promise"))
    await bot.hears("app_command_completion")
    await bot.tree.held.delete_original_response()
    result = await waiting
    await bot.tree.held.followup.send("a message of its own")

    assert result.message.deleted
    assert [one.content for one in result.followups] == ["a message of its own"]


async def test_ephemeral_promise_stays_ephemeral(local, bot, general, bob):
    waiting = asyncio.create_task(local.slash(bob, general, "promise", private=True))
    await bot.hears("app_command_completion")
    await bot.tree.held.followup.send("loud?", ephemeral=False)
    result = await waiting
    await bot.tree.held.followup.send("loud", ephemeral=False)

    assert (result.content, result.message.visible_to) == ("loud", bob.id)
    assert [one.content for one in local.messages(general)] == ["loud"]


@pytest.mark.usefixtures("bot")
async def test_application_of_a_user_works_where_no_bot_is(local, alice, bob):
    attic = local.add_channel(local.add_guild("Attic", alice), "attic")
    local.remove_member(local.guild("Attic"), local.bot)
    with pytest.raises(UnknownCommand):
        await local.slash(alice, attic, "anywhere")
    local.install_for(alice)
    with pytest.raises(UnknownCommand):
        await local.slash(alice, attic, "quick")
    result = await local.slash(alice, attic, "anywhere")

    assert result.content == "here too"
    assert result.owners == {"1": str(alice.id)}
    assert result.response["interaction_metadata"]["authorizing_integration_owners"] == {"1": str(alice.id)}


async def test_application_of_a_user_has_five_followups(local, bot, general, alice, bob):
    attic = local.add_channel(local.add_guild("Attic", alice), "attic")
    local.remove_member(local.guild("Attic"), local.bot)
    local.install_for(alice)
    await local.slash(alice, attic, "anywhere")
    for number in range(5):
        await bot.tree.held.followup.send(str(number))
    with pytest.raises(discord.HTTPException) as refused:
        await bot.tree.held.followup.send("5")
    # Where the application is installed for the guild too, nothing is counted.
    local.install_for(bob)
    here = await local.slash(bob, general, "anywhere")
    for number in range(6):
        await bot.tree.held.followup.send(str(number))

    assert refused.value.code == 40094
    assert here.owners == {"0": str(general.guild_id), "1": str(bob.id)}
    assert len(here.followups) == 6


async def test_nothing_used_yet_is_said(local):
    with pytest.raises(LookupError):
        _ = local.latest_interaction
