"""Proposals while somebody types into an option."""

import asyncio

import discord
import pytest
from discord import app_commands

from playground import BadOption


def tree_with_proposals(tree):
    tree.seen = []

    @tree.command(description="Travel somewhere")
    async def travel(interaction: discord.Interaction, where: str, days: int, by: str = "foot"):
        await interaction.response.send_message(f"{where} {days} {by}")

    @travel.autocomplete("where")
    async def places(interaction: discord.Interaction, current: str):
        tree.seen.append((current, dict(vars(interaction.namespace)), interaction.data["options"]))
        names = [name for name in ("Oslo", "Osaka", "Rome") if name.lower().startswith(current.lower())]
        return [app_commands.Choice(name=name, value=name.lower()) for name in names]

    @travel.autocomplete("days")
    async def days(interaction: discord.Interaction, current: str):
        tree.seen.append((current, dict(vars(interaction.namespace)), interaction.data["options"]))
        return [app_commands.Choice(name="a week", value=7)]

    @travel.autocomplete("by")
    async def late(interaction: discord.Interaction, current: str):
        await interaction.response.autocomplete([])
        await interaction.followup.send("no place for this")


@pytest.fixture
async def bot(start):
    return await start(setup=tree_with_proposals)


async def test_proposals_come_for_what_is_typed(local, bot, general, bob):
    result = await local.autocomplete(bob, general, "travel", "where", "os")

    assert result.choices == [{"name": "Oslo", "value": "oslo"}, {"name": "Osaka", "value": "osaka"}]
    assert bot.tree.seen[0][0] == "os"
    assert bot.tree.seen[0][2] == [{"name": "where", "type": 3, "value": "os", "focused": True}]
    assert local.messages(general) == []


async def test_what_is_filled_in_already_is_told_too(local, bot, general, bob):
    await local.autocomplete(bob, general, "travel", "where", "", days=3)
    _, namespace, options = bot.tree.seen[0]

    assert namespace == {"where": "", "days": 3}
    assert [one["name"] for one in options if one.get("focused")] == ["where"]


async def test_number_is_told_as_it_was_typed(local, bot, general, bob):
    result = await local.autocomplete(bob, general, "travel", "days", "1")

    assert result.choices == [{"name": "a week", "value": 7}]
    assert bot.tree.seen[0][2] == [{"name": "days", "type": 4, "value": "1", "focused": True}]
    with pytest.raises(BadOption, match="no number"):
        await local.autocomplete(bob, general, "travel", "days", "one")


@pytest.mark.usefixtures("bot")
async def test_proposals_bind_nobody(local, general, bob):
    result = await local.slash(bob, general, "travel", where="Atlantis", days=1)

    assert result.content == "Atlantis 1 foot"


@pytest.mark.usefixtures("bot")
async def test_proposals_are_followed_by_nothing(local, general, bob):
    result = await local.autocomplete(bob, general, "travel", "by", "")
    await local.wait_until(lambda: local.requests[-1].status == 404)

    assert local.requests[-1].response["code"] == 10015
    assert (result.choices, result.followups, local.messages(general)) == ([], [], [])


@pytest.mark.usefixtures("bot")
async def test_option_without_proposals_is_not_asked_about(local, general, bob):
    local.command_book.put(None, {"name": "plain", "description": "x", "options": [OPTION]})
    with pytest.raises(BadOption, match="no proposals"):
        await local.autocomplete(bob, general, "plain", "text", "a")
    with pytest.raises(BadOption, match="no option"):
        await local.autocomplete(bob, general, "travel", "whither", "a")


OPTION = {"type": 3, "name": "text", "description": "x"}


@pytest.mark.parametrize(
    ("option", "path"),
    [
        (OPTION | {"autocomplete": True, "choices": [{"name": "a", "value": "a"}]}, "autocomplete"),
        (OPTION | {"autocomplete": True, "type": 6}, "autocomplete"),
        (OPTION | {"choices": [{"name": "x" * 101, "value": "a"}]}, "choices"),
        (OPTION | {"choices": [{"name": "a", "value": "x" * 101}]}, "choices"),
        (OPTION | {"type": 4, "choices": [{"name": "a", "value": "1"}]}, "choices"),
        (OPTION | {"min_length": 6001}, "min_length"),
        (OPTION | {"type": 1, "options": [OPTION | {"type": 2}]}, "options"),
    ],
)
async def test_option_that_breaks_a_rule_is_not_registered(local, session, option, path):
    body = {"name": "broken", "description": "x", "options": [option]}
    answer = await session.post(f"/api/v10/applications/{local.application_id}/commands", json=body)

    assert answer.status == 400
    assert list((await answer.json())["errors"]["options"]["0"]) == [path]


CHOICE = {"name": "a", "value": "a"}


@pytest.mark.parametrize(
    ("kind", "choices", "status"),
    [
        (8, [CHOICE] * 25, 204),
        (8, [], 204),
        (8, [CHOICE] * 26, 400),
        (8, [CHOICE | {"name": ""}], 400),
        (8, [CHOICE | {"name": "x" * 101}], 400),
        (8, [CHOICE | {"value": "x" * 101}], 400),
        (8, [CHOICE | {"value": 3}], 400),
        (8, "none", 400),
        (4, [], 400),
        (9, [], 400),
    ],
)
async def test_only_twenty_five_proposals_of_the_right_kind_pass(local, session, general, bob, kind, choices, status):
    options = [OPTION | {"autocomplete": True}]
    local.command_book.put(None, {"name": "ask", "description": "x", "options": options})

    async def answer():
        await local.wait_until(lambda: local.interactions)
        asked = local.latest_interaction
        url = f"/api/v10/interactions/{asked.id}/{asked.token}/callback"
        answer = await session.post(url, json={"type": kind, "data": {"choices": choices}})
        asked.age(3.1)
        return answer.status

    async with asyncio.TaskGroup() as tasks:
        typing = tasks.create_task(local.autocomplete(bob, general, "ask", "text", "a"))
        answering = tasks.create_task(answer())

    assert answering.result() == status
    assert typing.result().failed == (status != 204)
