"""Who is notified by a message, and what allowed_mentions takes away."""

import discord
import pytest

from playground import Permission


@pytest.fixture
def channel(bot, general):
    return bot.get_channel(general.id)


async def test_mention_pings_unless_disallowed(local, channel, general, alice):
    await channel.send(f"hello {alice.mention}")
    await channel.send(f"hello {alice.mention}", allowed_mentions=discord.AllowedMentions.none())
    loud, quiet = local.messages(general)

    assert loud.pinged == {alice.id}
    assert quiet.pinged == set()
    assert quiet.mentions == [alice]


async def test_only_listed_users_are_pinged(local, channel, general, alice, bob):
    allowed = discord.AllowedMentions(users=[discord.Object(bob.id)], everyone=False, roles=False)

    await channel.send(f"{alice.mention} {bob.mention}", allowed_mentions=allowed)

    assert local.messages(general)[0].pinged == {bob.id}


async def test_everyone_needs_the_permission(local, channel, general, alice):
    await channel.send("@everyone look")
    local.add_member(local.guild("Harbour"), local.bot, permissions=Permission.MENTION_EVERYONE)
    await channel.send("@everyone look")
    await channel.send("@everyone look", allowed_mentions=discord.AllowedMentions(everyone=False))
    await local.send(alice, general, "@here")

    assert [one.pinged_everyone for one in local.messages(general)] == [False, True, False, True]


async def test_mentions_in_code_ping_nobody(local, channel, general, alice):
    await channel.send(f"`{alice.mention}` ```\n@everyone\n```")

    assert local.messages(general)[0].pinged == set()


async def test_role_pings_its_members_when_mentionable(local, channel, general, bob):
    harbour = local.guild("Harbour")
    open_role = local.add_role(harbour, "crew", mentionable=True)
    closed_role = local.add_role(harbour, "captains")
    local.add_member(harbour, bob, roles=[open_role, closed_role])

    await channel.send(f"<@&{closed_role.id}>")
    await channel.send(f"<@&{open_role.id}>")

    assert [one.pinged for one in local.messages(general)] == [set(), {bob.id}]


async def test_reply_pings_its_author_unless_told_not_to(local, bot, general, alice):
    await local.send(alice, general, "hi")
    heard = await bot.hears("message")
    await heard.reply("loud")
    await heard.reply("quiet", mention_author=False)
    _, loud, quiet = local.messages(general)

    assert (loud.pinged, loud.mentions) == ({alice.id}, [alice])
    assert (quiet.pinged, quiet.mentions) == (set(), [])


async def test_contradicting_allowed_mentions_are_refused(bot, general, alice):
    body = {"content": "x", "allowed_mentions": {"parse": ["users"], "users": [str(alice.id)]}}
    route = discord.http.Route("POST", "/channels/{channel_id}/messages", channel_id=general.id)

    with pytest.raises(discord.HTTPException, match="mutually exclusive"):
        await bot.http.request(route, json=body)


async def test_edit_mentions_anew(local, channel, general, alice, bob):
    sent = await channel.send(f"{alice.mention}")
    await sent.edit(content=f"{bob.mention}", allowed_mentions=discord.AllowedMentions.none())
    quiet = set(local.messages(general)[0].pinged)
    await sent.edit(content=f"{bob.mention}")

    message = local.messages(general)[0]
    assert quiet == {alice.id}
    assert message.mentions == [bob]
    assert message.pinged == {alice.id, bob.id}


async def test_interaction_answers_ping_users_only_by_default(local, start, general, alice, bob):
    local.add_member(local.guild("Harbour"), local.bot, permissions=Permission.MENTION_EVERYONE)

    def commands(tree):
        @tree.command(description="Shout")
        async def shout(interaction: discord.Interaction):
            await interaction.response.send_message(f"@everyone {alice.mention}")

    await start(setup=commands)
    result = await local.slash(bob, general, "shout")

    assert result.message.pinged == {alice.id}
    assert not result.message.pinged_everyone
