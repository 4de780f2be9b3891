"""What becomes of an interaction's messages after the first answer."""

import discord
import pytest


@pytest.fixture
async def bot(start):
    def commands(tree):
        @tree.command(description="Wait to be told")
        async def held(interaction: discord.Interaction, private: bool = False):
            tree.held = interaction
            await interaction.response.send_message("original", ephemeral=private)

        @tree.command(description="Ask in a form")
        async def form(interaction: discord.Interaction):
            modal = discord.ui.Modal(title="Prompt")
            modal.add_item(discord.ui.TextInput(label="Text"))
            await interaction.response.send_modal(modal)

    return await start(setup=commands)


async def test_original_is_read_edited_and_deleted(local, bot, general, bob):
    result = await local.slash(bob, general, "held")
    original = await bot.tree.held.original_response()
    await bot.tree.held.edit_original_response(content="changed")
    changed = result.content
    await bot.tree.held.delete_original_response()

    assert original.id == result.message.id
    assert changed == "changed"
    assert result.message.deleted
    with pytest.raises(discord.NotFound) as refused:
        await bot.tree.held.original_response.__func__(fresh(bot.tree.held))
    assert refused.value.code == 10008


def fresh(interaction):
    """Let discord.py forget the answer that it has kept."""
    interaction._original_response = None
    return interaction


async def test_followup_is_edited_and_deleted(local, bot, general, bob):
    result = await local.slash(bob, general, "held")
    followup = await bot.tree.held.followup.send("more", wait=True)
    await followup.edit(content="more of it")
    edited = result.followups[0].content
    await followup.delete()

    assert edited == "more of it"
    assert [one.content for one in local.messages(general)] == ["original"]


async def test_ephemeral_original_takes_ephemeral_followups(local, bot, general, bob):
    result = await local.slash(bob, general, "held", private=True)
    await bot.tree.held.followup.send("psst", ephemeral=True)

    assert [one.ephemeral for one in result.followups] == [True]
    assert [one.content for one in local.messages(general, seen_by=bob)] == ["original", "psst"]
    assert local.messages(general) == []


async def test_ephemeral_message_is_no_channel_message(local, bot, general, bob):
    result = await local.slash(bob, general, "held", private=True)

    with pytest.raises(discord.NotFound) as refused:
        await bot.get_channel(general.id).fetch_message(result.message.id)
    assert refused.value.code == 10008


async def test_expired_token_opens_nothing(local, bot, general, bob, monkeypatch):
    await local.slash(bob, general, "held")
    monkeypatch.setattr("playground.interactions.TOKEN_SECONDS", 0.0)

    with pytest.raises(discord.HTTPException) as refused:
        await bot.tree.held.followup.send("too late")
    assert refused.value.code == 50027


@pytest.mark.usefixtures("bot")
async def test_form_is_shown_instead_of_a_message(local, general, bob):
    result = await local.slash(bob, general, "form")

    assert result.modal["title"] == "Prompt"
    assert result.response is None


async def test_ephemeral_message_is_told_like_a_direct_one(local, bot, general, bob):
    await local.slash(bob, general, "held", private=True)
    told = await bot.hears("message")
    shown = (told.content, told.guild, told.flags.ephemeral)
    await bot.tree.held.edit_original_response(content="changed")
    await bot.tree.held.delete_original_response()
    gone = await bot.hears("raw_message_delete")

    assert shown == ("original", None, True)
    assert bot.told("raw_message_edit")[-1].guild_id is None
    assert gone.guild_id is None


async def test_without_the_intent_of_direct_messages_no_ephemeral_one_is_told(start, local, general, bob):
    intents = discord.Intents.default()
    intents.dm_messages = False
    answered = []

    def commands(tree):
        @tree.command(description="Whisper, then speak")
        async def whisper(interaction: discord.Interaction):
            answered.append(interaction)
            await interaction.response.send_message("psst", ephemeral=True)
            await interaction.followup.send("loud")

    bot = await start(intents, setup=commands)
    await local.slash(bob, general, "whisper")
    await bot.hears("message")

    # Without the content intent too: what the application sent itself it may read.
    assert [one.content for one in bot.told("message")] == ["loud"]
