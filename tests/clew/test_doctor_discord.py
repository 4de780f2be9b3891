"""What `clew doctor` says of Discord: token, intent, servers, permissions in channels."""

import discord
import pytest

from discord_adapter.checkup import NEEDED, OPTIONAL
from playground import LocalDiscord, Permission


async def test_wrong_token(setup):
    setup.set(DISCORD_TOKEN="not.the.token")
    report = await setup.doctor()

    report.only("failed", "Discord refuses the token", "Reset Token")
    assert "not.the.token" not in report.text


async def test_token_that_is_not_set(setup):
    setup.unset("DISCORD_TOKEN")
    (await setup.doctor()).only("failed", "DISCORD_TOKEN is not set", "Reset Token")


async def test_discord_that_cannot_be_reached(setup, free_port):
    setup.set(CLEW_DISCORD_URL=f"http://127.0.0.1:{free_port}")
    (await setup.doctor()).only("failed", "Discord cannot be reached", "leave it empty to use Discord itself")


async def test_discord_that_never_answers_does_not_keep_the_others_from_being_told(setup):
    setup.discord.latency = 60
    finding = (await setup.doctor(bound=8)).only("failed", "discord", "longer than 8 s")
    assert "mcp" not in finding


@pytest.mark.parametrize("wanted", [True, False])
async def test_intent_that_is_switched_off_in_the_portal(setup, wanted):
    setup.write("clew.toml", f"[discord]\nmessage_content = {str(wanted).lower()}\n")
    async with LocalDiscord(privileged_intents=False) as without:
        setup.set(CLEW_DISCORD_URL=without.url)
        report = await setup.doctor()

    what_is_left = (
        "clew answers mentions, direct messages and slash commands; the text and files of all other messages are hidden"
    )
    assert what_is_left in report.text
    if wanted:
        report.only("failed", "intent is switched off", "switch on Message Content Intent", "message_content = false")
    else:
        assert report.well
        assert report.of("warning") == []


async def test_permission_that_is_missing_in_one_channel_of_many(setup):
    harbour = setup.discord.guild("Harbour")
    for number in range(30):
        setup.discord.add_channel(harbour, f"room-{number}")
    setup.discord.overwrite(setup.discord.channel("room-17"), harbour_everyone(setup), deny=Permission.ADD_REACTIONS)
    finding = (await setup.doctor()).only(
        "warning", "Harbour: Add Reactions missing in #room-17.", "their buttons decide"
    )
    assert "room-1," not in finding


async def test_channel_that_the_bot_does_not_see_and_one_where_it_may_not_write(setup):
    setup.discord.overwrite(
        setup.discord.add_channel(setup.discord.guild("Harbour"), "mods"),
        setup.discord.bot,
        deny=Permission.VIEW_CHANNEL,
    )
    setup.discord.overwrite(setup.discord.channel("lab"), setup.discord.bot, deny=Permission.SEND_MESSAGES)
    report = await setup.doctor()

    assert report.well
    first, second = report.of("warning")
    assert "Harbour: View Channel missing in #mods." in first
    assert "Harbour: Send Messages missing in #lab." in second


async def test_optional_permission_is_told_and_is_no_warning(setup):
    setup.discord.overwrite(setup.discord.channel("lab"), setup.discord.bot, deny=Permission.CREATE_PUBLIC_THREADS)
    report = await setup.doctor()

    assert report.of("warning") == []
    assert "without Create Public Threads (optional) in #lab" in report.text


async def test_server_in_which_the_bot_can_write_nowhere(setup):
    for name in ("general", "lab"):
        setup.discord.overwrite(setup.discord.channel(name), harbour_everyone(setup), deny=Permission.SEND_MESSAGES)
    (await setup.doctor()).only("failed", "Harbour: the bot can write in none of the 2 channels", "oauth2/authorize")


async def test_bot_that_is_in_no_server(setup):
    setup.discord.remove_member(setup.discord.guild("Harbour"), setup.discord.bot)
    finding = (await setup.doctor()).only("warning", "The bot is in no server", "applications.commands")
    assert f"client_id={setup.discord.application_id}" in finding


def harbour_everyone(setup):
    return setup.discord.everyone(setup.discord.guild("Harbour"))


def test_permissions_are_named_as_discord_names_them():
    for name, title in {**NEEDED, **OPTIONAL}.items():
        assert name in discord.Permissions.VALID_FLAGS
        assert title.lower().replace(" ", "_") == name
