"""Slash commands: registered, offered, invoked and answered."""

import asyncio

import discord
import pytest
from discord import app_commands

from playground import BadOption, NotPermitted, Permission, UnknownCommand


def tree_of_commands(tree):
    @tree.command(description="Say something")
    @app_commands.choices(
        tone=[app_commands.Choice(name="Loud", value="!"), app_commands.Choice(name="Soft", value="?")]
    )
    async def say(  # one option of each kind
        interaction: discord.Interaction,
        text: app_commands.Range[str, 1, 20],
        times: app_commands.Range[int, 1, 3] = 1,
        pitch: float = 1.0,
        whisper: bool = False,
        to: discord.Member | None = None,
        about: discord.TextChannel | None = None,
        role: discord.Role | None = None,
        tone: app_commands.Choice[str] | None = None,
    ):
        parts = [
            text * times,
            str(pitch),
            to and to.name,
            about and about.name,
            role and role.name,
            tone and tone.value,
        ]
        await interaction.response.send_message(" ".join(str(part) for part in parts), ephemeral=whisper)

    @tree.command(description="Take your time")
    async def slow(interaction: discord.Interaction):
        await interaction.response.defer()
        await interaction.edit_original_response(content="done")
        await interaction.followup.send("and more")

    @tree.command(description="Take your time in private")
    async def private(interaction: discord.Interaction):
        await interaction.response.defer(ephemeral=True)
        await interaction.followup.send("for you")

    @tree.command(description="Only for managers")
    @app_commands.default_permissions(manage_guild=True)
    async def manage(interaction: discord.Interaction):
        await interaction.response.send_message(f"manages: {interaction.permissions.manage_guild}")

    @tree.command(description="Only in servers")
    @app_commands.guild_only()
    async def here(interaction: discord.Interaction):
        await interaction.response.send_message(interaction.guild.name)

    @tree.command(description="Promise and forget")
    async def forget(interaction: discord.Interaction):
        await interaction.response.defer()

    @tree.command(description="Answer twice")
    async def twice(interaction: discord.Interaction):
        await interaction.response.send_message("first")
        interaction.response._response_type = None
        try:
            await interaction.response.send_message("second")
        except discord.HTTPException as error:
            await interaction.edit_original_response(content=f"refused with {error.code}")

    memory = app_commands.Group(name="memory", description="What is remembered")

    @memory.command(description="Show it")
    async def show(interaction: discord.Interaction, key: str):
        await interaction.response.send_message(f"{key} is remembered")

    tree.add_command(memory)


@pytest.fixture
async def bot(start):
    return await start(setup=tree_of_commands)


async def test_commands_are_registered(local, bot):
    names = sorted(command.name for command in local.commands())

    assert names == ["forget", "here", "manage", "memory", "private", "say", "slow", "twice"]
    assert {command.id for command in await bot.tree.fetch_commands()} == {one.id for one in local.commands()}


async def test_sync_keeps_ids_and_removes_what_is_gone(local, bot):
    before = {command.name: command.id for command in local.commands()}
    bot.tree.remove_command("say")
    await bot.tree.sync()
    after = {command.name: command.id for command in local.commands()}

    assert "say" not in after
    assert all(before[name] == after[name] for name in after)


@pytest.mark.usefixtures("bot")
async def test_options_of_every_type_arrive(local, general, bob):
    role = local.add_role(local.guild("Harbour"), "crew")

    result = await local.slash(
        bob, general, "say", text="ho", times=2, pitch=0.5, to=bob, about=local.channel("lab"), role=role, tone="Loud"
    )

    assert result.content == "hoho 0.5 bob lab crew !"
    assert result.response["interaction_metadata"]["user"]["username"] == "bob"
    assert local.messages(general)[-1].author == local.bot


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({}, "required"),
        ({"text": "x" * 21}, "length"),
        ({"text": "x", "times": 4}, "value"),
        ({"text": "x", "times": 1.5}, "does not take"),
        ({"text": "x", "whisper": "yes"}, "does not take"),
        ({"text": "x", "to": "nobody"}, "finds no"),
        ({"text": "x", "tone": "shrill"}, "offers"),
        ({"text": "x", "colour": "red"}, "no option"),
    ],
)
async def test_wrong_options_never_reach_the_bot(local, bot, general, bob, options, complaint):
    with pytest.raises(BadOption, match=complaint):
        await local.slash(bob, general, "say", **options)
    assert not bot.told("interaction")


async def test_ephemeral_answer_is_for_one(local, bot, general, alice, bob):
    result = await local.slash(bob, general, "say", text="psst", whisper=True)

    assert result.ephemeral
    assert result.message.flags == 64
    assert local.messages(general) == []
    assert local.messages(general, seen_by=alice) == []
    assert [one.content for one in local.messages(general, seen_by=bob)] == [result.content]
    assert [one async for one in bot.get_channel(general.id).history()] == []


@pytest.mark.usefixtures("bot")
async def test_deferred_answer_is_waited_for(local, general, bob):
    result = await local.slash(bob, general, "slow")
    await local.wait_until(lambda: result.followups)

    assert result.deferred
    assert result.message.content == "done"
    assert result.message.flags == 0
    assert result.content == "and more"
    assert [one.content for one in local.messages(general)] == ["done", "and more"]


@pytest.mark.usefixtures("bot")
async def test_first_followup_fulfils_a_deferral(local, general, bob):
    result = await local.slash(bob, general, "private")

    assert (result.content, result.ephemeral, result.followups) == ("for you", True, [])
    assert local.messages(general) == []


@pytest.mark.usefixtures("bot")
async def test_deferral_without_an_answer_times_out(local, general, bob):
    with pytest.raises(TimeoutError, match="forget"):
        await local.slash(bob, general, "forget", timeout=0.05)


@pytest.mark.usefixtures("bot")
async def test_subcommand_is_invoked(local, general, bob):
    result = await local.slash(bob, general, "memory show", key="tea")

    assert result.content == "tea is remembered"
    with pytest.raises(BadOption, match="needs a subcommand"):
        await local.slash(bob, general, "memory")
    with pytest.raises(UnknownCommand):
        await local.slash(bob, general, "memory forget")


@pytest.mark.usefixtures("bot")
async def test_permissions_hide_a_command(local, general, alice, bob):
    with pytest.raises(NotPermitted):
        await local.slash(bob, general, "manage")
    owner = await local.slash(alice, general, "manage")
    local.add_member(local.guild("Harbour"), bob, permissions=Permission.MANAGE_GUILD)
    manager = await local.slash(bob, general, "manage")

    assert owner.content == manager.content == "manages: True"


@pytest.mark.usefixtures("bot")
async def test_guild_command_is_not_offered_in_direct_messages(local, general, bob):
    assert (await local.slash(bob, general, "here")).content == "Harbour"
    with pytest.raises(UnknownCommand):
        await local.slash(bob, local.dm(bob), "here")
    assert (await local.slash(bob, local.dm(bob), "say", text="hi")).content.startswith("hi")


@pytest.mark.usefixtures("bot")
async def test_second_answer_is_refused(local, general, bob):
    result = await local.slash(bob, general, "twice")
    await local.wait_until(lambda: result.content != "first")

    assert result.content == "refused with 40060"


async def test_answer_after_three_seconds_is_refused(local, bot, general, bob, monkeypatch):
    monkeypatch.setattr("playground.interactions.ANSWER_SECONDS", 0.1)
    held = asyncio.Event()
    outcome = []

    @bot.tree.command(description="Too slow")
    async def late(interaction: discord.Interaction):
        await held.wait()
        with pytest.raises(discord.NotFound) as refused:
            await interaction.response.send_message("sorry")
        outcome.append(refused.value.code)

    await bot.tree.sync()
    result = await local.slash(bob, general, "late")
    held.set()
    await local.wait_until(lambda: local.requests[-1].status == 404)

    assert result.failed
    assert result.response is None
    await bot.hears("app_command_completion")
    assert outcome == [10062]


async def test_nobody_answers_when_no_bot_is_there(local, bot, general, bob, monkeypatch):
    monkeypatch.setattr("playground.interactions.ANSWER_SECONDS", 0.05)
    await bot.close()

    assert (await local.slash(bob, general, "slow")).failed
