"""Menus on messages: what can be picked, and what the bot is told of it."""

import discord
import pytest

from playground import BadInput


class Menus(discord.ui.View):
    """One menu of each kind; what was picked is kept and said back."""

    def __init__(self):
        super().__init__(timeout=None)
        self.picked = []

    async def take(self, interaction, values):
        self.picked.append((interaction, values))
        await interaction.response.send_message(" ".join(str(value) for value in values) or "nothing")

    @discord.ui.select(
        custom_id="bugs",
        placeholder="Which bugs?",
        min_values=0,
        max_values=2,
        options=[discord.SelectOption(label=name.title(), value=name) for name in ("ant", "bee", "moth")],
    )
    async def bugs(self, interaction, select):
        await self.take(interaction, select.values)

    @discord.ui.select(cls=discord.ui.UserSelect, custom_id="users", max_values=2)
    async def users(self, interaction, select):
        await self.take(interaction, select.values)

    @discord.ui.select(cls=discord.ui.RoleSelect, custom_id="roles")
    async def roles(self, interaction, select):
        await self.take(interaction, select.values)

    @discord.ui.select(cls=discord.ui.MentionableSelect, custom_id="anybody", max_values=2)
    async def anybody(self, interaction, select):
        await self.take(interaction, select.values)

    @discord.ui.select(
        cls=discord.ui.ChannelSelect, custom_id="channels", channel_types=[discord.ChannelType.text], disabled=False
    )
    async def channels(self, interaction, select):
        await self.take(interaction, select.values)


@pytest.fixture
async def view():
    return Menus()


@pytest.fixture
async def shown(local, bot, general, view):
    sent = await bot.get_channel(general.id).send("menus", view=view)
    return local.find_message(sent.id)


async def test_options_are_picked_by_value_or_label(local, shown, view, bob):
    result = await local.choose(bob, shown, "bugs", "ant", "Moth")
    told = view.picked[0][0].data

    assert result.content == "ant moth"
    assert (told["component_type"], told["values"]) == (3, ["ant", "moth"])
    assert "resolved" not in told


async def test_nothing_is_picked_where_that_is_allowed(local, shown, view, bob):
    result = await local.choose(bob, shown, "Which bugs?")

    assert result.content == "nothing"
    assert view.picked[0][0].data["values"] == []


@pytest.mark.parametrize(
    ("menu", "values", "why"),
    [
        ("bugs", ("ant", "bee", "moth"), "takes 0 to 2"),
        ("bugs", ("ant", "Ant"), "twice"),
        ("bugs", ("wasp",), "offers"),
        ("users", (), "takes 1 to 2"),
        ("users", ("nobody",), "finds no"),
        ("roles", ("bob",), "finds no"),
        ("channels", ("attic",), "finds no"),
        ("say", (), "There is no"),
    ],
)
async def test_what_a_menu_does_not_take_tells_nobody(local, bot, shown, bob, menu, values, why):
    with pytest.raises(BadInput, match=why):
        await local.choose(bob, shown, menu, *values)
    assert not bot.told("interaction")


async def test_users_come_with_their_members(local, shown, view, alice, bob):
    await local.choose(bob, shown, "users", alice, "bob")
    interaction, (first, second) = view.picked[0]
    resolved = interaction.data["resolved"]

    assert isinstance(first, discord.Member)
    assert (first.name, second.name) == ("alice", "bob")
    assert first.resolved_permissions.manage_guild
    assert set(resolved["users"]) == set(resolved["members"]) == {str(alice.id), str(bob.id)}


async def test_roles_and_mentionables_come_whole(local, shown, view, alice, bob):
    role = local.add_role(local.guild("Harbour"), "crew")
    await local.choose(bob, shown, "roles", "crew")
    await local.choose(bob, shown, "anybody", role, alice)

    assert [one.name for one in view.picked[0][1]] == ["crew"]
    assert sorted(one.name for one in view.picked[1][1]) == ["alice", "crew"]


async def test_channel_comes_with_both_permissions(local, shown, view, bob):
    lab = local.channel("lab")
    await local.choose(bob, shown, "channels", "#lab")
    interaction, (picked,) = view.picked[0]
    told = interaction.data["resolved"]["channels"][str(lab.id)]

    assert picked.name == "lab"
    assert told["permissions"] == str(local.permissions(lab, bob))
    assert told["app_permissions"] == str(local.permissions(lab, local.bot))


async def test_disabled_menu_takes_nothing(local, bot, general, bob):
    view = Menus()
    view.bugs.disabled = True
    sent = await bot.get_channel(general.id).send("menus", view=view)

    with pytest.raises(BadInput, match="disabled"):
        await local.choose(bob, local.find_message(sent.id), "bugs", "ant")


async def test_users_are_picked_in_direct_messages(local, bot, bob):
    dm = local.dm(bob)
    await local.send(bob, dm, "hello")
    view = Menus()
    await (await bot.fetch_user(bob.id)).send("menus", view=view)
    await local.choose(bob, local.messages(dm)[-1], "users", bob)
    interaction, (picked,) = view.picked[0]

    assert picked.name == "bob"
    assert "members" not in interaction.data["resolved"]
