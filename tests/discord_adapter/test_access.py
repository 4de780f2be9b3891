"""Who may talk to the bot: the lists, cell by cell, and what Discord has to be asked for them."""

import asyncio
from contextlib import asynccontextmanager
from functools import partial
from types import SimpleNamespace

import discord
import pytest
from pydantic import SecretStr, ValidationError

from discord_adapter.access import Access
from discord_adapter.access_settings import AccessSettings, Somebody, allowed, denied
from discord_adapter.client import ClewClient
from discord_adapter.overheard import Overheard
from discord_adapter.sending import Sender, when_reachable
from discord_adapter.settings import DiscordSettings

MEMBER = "/guilds/{guild_id}/members/{user_id}"

USER, ROLE, CHANNEL, PARENT, CATEGORY, GUILD, OTHER = (number << 22 for number in range(1, 8))
WHO = Somebody(USER, frozenset({ROLE}), GUILD, frozenset({CHANNEL, PARENT, CATEGORY}))
MATCHING = [
    ("users", USER),
    ("roles", ROLE),
    ("channels", CHANNEL),
    ("channels", PARENT),
    ("channels", CATEGORY),
    ("guilds", GUILD),
]


def settings(**values):
    return AccessSettings.model_validate(values)


@pytest.mark.parametrize(("kind", "match"), MATCHING)
@pytest.mark.parametrize("allow", ["empty", "names", "names another"])
@pytest.mark.parametrize("deny", ["empty", "names", "names another"])
def test_every_kind_of_list(kind, match, allow, deny):
    lists = {"empty": [], "names": [match, OTHER], "names another": [OTHER]}
    held = settings(allow={kind: lists[allow]}, deny={kind: lists[deny]})

    assert allowed(held, WHO) == (allow != "names another" and deny != "names")
    assert denied(held, WHO) == (deny == "names")


@pytest.mark.parametrize(("allowed_kind", "match"), MATCHING)
@pytest.mark.parametrize(("denied_kind", "denied_match"), MATCHING)
def test_denied_goes_before_allowed_whatever_the_kind(allowed_kind, match, denied_kind, denied_match):
    assert not allowed(settings(allow={allowed_kind: [match]}, deny={denied_kind: [denied_match]}), WHO)


def test_users_and_roles_are_one_list_of_people_and_places_must_all_fit():
    assert allowed(settings(allow={"users": [OTHER], "roles": [ROLE]}), WHO)
    assert allowed(settings(allow={"users": [USER], "roles": [OTHER]}), WHO)
    assert not allowed(settings(allow={"guilds": [GUILD], "channels": [OTHER]}), WHO)
    assert not allowed(settings(allow={"guilds": [OTHER], "channels": [CHANNEL]}), WHO)


def test_places_of_the_allow_lists_say_nothing_about_direct_messages():
    direct = Somebody(USER, frozenset(), None, frozenset({CHANNEL}))
    assert allowed(settings(allow={"guilds": [OTHER], "channels": [OTHER]}), direct)
    assert not allowed(settings(deny={"channels": [CHANNEL]}), direct)


@pytest.mark.parametrize("kind", ["bots", "webhooks"])
def test_program_is_listened_to_when_it_is_named_where_that_is_allowed_and_nothing_denies_it(kind):
    program = Somebody(USER, frozenset(), GUILD, frozenset({CHANNEL}), program=True)
    assert not allowed(settings(), program)
    assert not allowed(settings(allow={"users": [USER]}), program)
    assert allowed(settings(**{kind: [USER]}, allow={"users": [OTHER]}), program)
    assert not allowed(settings(**{kind: [USER]}, deny={"users": [USER]}), program)
    assert not allowed(settings(**{kind: [USER]}, allow={"channels": [OTHER]}), program)


@pytest.mark.parametrize("wrong", [0, -1, 12, True, 1.5, "alice", "<@4194304>", "", 1 << 63, "1" * 30, "٤١٩٤٣٠٤"])
def test_what_is_no_snowflake_is_refused(wrong):
    with pytest.raises(ValidationError, match="snowflake"):
        settings(deny={"users": [wrong]})


def test_snowflake_may_be_quoted():
    assert settings(deny={"users": ["4194304"]}).deny.users == {4194304}


class Heard:
    """A client on the gateway whose turns and reactions pass `access`."""

    def __init__(self):
        self.turns = []
        self.reactions = []

    async def accept(self, turn):
        self.turns.append(turn.text)

    async def amend(self, turn):
        self.turns.append(f"now {turn.text}")

    async def replied(self, message):
        return False

    async def added(self, payload, may_react):
        if await may_react():
            self.reactions.append(payload.user_id)

    def session_began(self):
        pass


@asynccontextmanager
async def listening(local, clock=lambda: 0.0, **lists):
    heard = Heard()
    client = ClewClient(DiscordSettings(token=SecretStr(local.token)))
    sender = Sender(client, pauses=())

    async def started():
        pass

    heard.access = Access(client, settings(**lists), sender, clock)
    client.connect_to(
        turns=heard,
        reactions=heard,
        overheard=Overheard(client, sender, 0),
        on_started=started,
        access=heard.access,
    )
    running = asyncio.create_task(client.start(local.token))
    await local.wait_for_ready()
    heard.client = client
    yield heard
    await client.close()
    await running


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)


async def handled(local, heard):
    """Wait until what was sent before is handled: the last one, which everybody may say, comes after it."""
    await local.send(local.user("bob"), local.channel("general"), f"{local.bot.mention} END")
    await until(lambda: "END" in heard.turns)
    return heard.turns[:-1]


async def test_denied_user_role_and_channel_are_ignored_in_messages_edits_and_reactions(local, general, alice):
    guild, bob, lab = local.guild_of(general), local.user("bob"), local.channel("lab")
    role = local.add_role(guild, "muted")
    carol = local.add_user("carol")
    local.add_member(guild, carol, roles=[role])
    me = local.bot.mention
    ours = await local.send(local.bot, general, "react to this")
    async with listening(local, deny={"users": [alice.id], "roles": [role.id], "channels": [lab.id]}) as heard:
        sent = await local.send(alice, general, f"{me} one")
        await local.edit(alice, sent, f"{me} two")
        await local.react(alice, ours, "✅")
        await local.send(carol, general, f"{me} three")
        await local.react(carol, ours, "✅")
        root = await local.send(bob, lab, "a root")
        thread = await local.thread(bob, root, "branch")
        await local.send(bob, lab, f"{me} four")
        await local.send(bob, thread, f"{me} five")
        await local.react(bob, ours, "✅")
        assert await handled(local, heard) == []
        assert heard.reactions == [bob.id]
        assert [request.path for request in local.requests if "/channels/" in request.path] == []


async def test_who_is_in_no_allow_list_may_not_talk_but_react(local, general, alice):
    ours = await local.send(local.bot, general, "react to this")
    async with listening(local, allow={"users": [local.user("bob").id]}) as heard:
        await local.send(alice, general, f"{local.bot.mention} hello")
        await local.react(alice, ours, "✅")
        assert await handled(local, heard) == []
        assert heard.reactions == [alice.id]


async def test_who_is_in_no_allow_list_may_look_at_cards_and_stop_turns(local, general, alice):
    bob, mallory = local.user("bob"), local.add_user("mallory")
    local.add_member(local.guild_of(general), mallory)
    lists = {"allow": {"users": [bob.id]}, "deny": {"users": [mallory.id]}}
    async with listening(local, **lists) as heard:
        for name in ("pending", "stop", "ask"):
            add_command(heard.client.tree, name)
        await heard.client.tree.sync()

        async def answer(person, name):
            return (await local.slash(person, general, name)).content

        assert [await answer(alice, name) for name in ("pending", "stop")] == ["Done: pending.", "Done: stop."]
        assert await answer(bob, "ask") == "Done: ask."
        refused = "I may not talk with you here."
        assert await answer(alice, "ask") == refused
        assert [await answer(mallory, name) for name in ("pending", "stop", "ask")] == [refused] * 3


def add_command(tree, name):
    """A command that only says that it was let in."""

    @tree.command(name=name, description=name)
    async def command(interaction: discord.Interaction):
        await interaction.response.send_message(f"Done: {name}.", ephemeral=True)


async def test_direct_messages_of_members_are_looked_up_once_and_again_after_a_while(local, general, alice):
    stranger, now = local.add_user("stranger"), [0.0]

    def looked_up():
        return [request.path for request in local.requests if "/members/" in request.path]

    async with listening(local, lambda: now[0], direct_messages="members") as heard:
        for _ in range(2):
            await local.send(alice, local.dm(alice), "hello")
        await local.send(stranger, local.dm(stranger), "let me in")
        await until(lambda: len(heard.turns) == 2)
        assert await handled(local, heard) == ["hello", "hello"]
        heard.turns.clear()
        # The answer about the stranger must be there before the time is set forward.
        await until(lambda: stranger.id in heard.client._access._known)
        assert len(looked_up()) <= 2 * len(heard.client.guilds)
        local.add_member(local.guild_of(general), stranger)
        now[0] = 301.0
        await local.send(stranger, local.dm(stranger), "and now?")
        await until(lambda: heard.turns)
        assert heard.turns == ["and now?"]


async def test_direct_messages_of_nobody_and_of_who_has_a_denied_role_somewhere(local, general, alice):
    guild = local.guild_of(general)
    role = local.add_role(guild, "muted")
    carol = local.add_user("carol")
    local.add_member(guild, carol, roles=[role])
    async with listening(local, deny={"roles": [role.id]}) as heard:
        await local.send(carol, local.dm(carol), "in private, then")
        await local.send(alice, local.dm(alice), "hello")
        await until(lambda: heard.turns)
        assert await handled(local, heard) == ["hello"]
    async with listening(local, direct_messages="nobody") as heard:
        await local.send(alice, local.dm(alice), "hello")
        assert await handled(local, heard) == []


async def test_bots_and_webhooks_are_listened_to_by_name_and_we_never(local, general, alice):
    guild = local.guild_of(general)
    named, other = local.add_user("named", bot=True), local.add_user("other", bot=True)
    for robot in (named, other):
        local.add_member(guild, robot)
    hook, another = await local.webhook(alice, general, "Feed"), await local.webhook(alice, general, "Spam")
    me = local.bot.mention
    async with listening(local, bots=[named.id, local.bot.id], webhooks=[hook.id]) as heard:
        await local.send(other, general, f"{me} from the other bot")
        await local.send_by_webhook(another, f"{me} from the other webhook")
        await local.send(local.bot, general, f"{me} from myself")
        await local.send(named, general, f"{me} from the bot")
        await local.send_by_webhook(hook, f"{me} from the webhook")
        assert await handled(local, heard) == ["from the bot", "from the webhook"]


async def test_named_bot_with_a_denied_role_is_not_listened_to_and_a_webhook_has_no_roles(local, general, alice):
    guild = local.guild_of(general)
    role, other = local.add_role(guild, "muted"), local.add_role(guild, "other")
    named, muted = local.add_user("named", bot=True), local.add_user("muted", bot=True)
    local.add_member(guild, named, roles=[other])
    local.add_member(guild, muted, roles=[role, other])
    hook = await local.webhook(alice, general, "Feed")
    lists = {"bots": [named.id, muted.id], "webhooks": [hook.id], "deny": {"roles": [role.id]}}
    async with listening(local, **lists) as heard:
        await local.send(muted, general, f"{local.bot.mention} from the muted bot")
        await local.send(named, general, f"{local.bot.mention} from the bot")
        await local.send_by_webhook(hook, f"{local.bot.mention} from the webhook")
        assert await handled(local, heard) == ["from the bot", "from the webhook"]


async def test_two_direct_messages_at_once_are_heard_in_their_order(local, alice):
    async with listening(local, direct_messages="members") as heard:
        for text in ("one", "two", "three"):
            await local.send(alice, local.dm(alice), text)
        await until(lambda: len(heard.turns) == 3)
        assert heard.turns == ["one", "two", "three"]


async def test_edit_waits_until_its_author_can_be_looked_up_and_the_last_one_counts(local, alice, monkeypatch):
    monkeypatch.setattr("discord_adapter.client.when_reachable", partial(when_reachable, pause=0))
    direct, now = local.dm(alice), [0.0]
    async with listening(local, lambda: now[0], direct_messages="members") as heard:
        sent = await local.send(alice, direct, "one")
        await until(lambda: heard.turns)
        now[0] = 301.0
        local.fail("GET", MEMBER, times=2, status=0)
        await local.edit(alice, sent, "two")
        await local.edit(alice, sent, "three")
        await until(lambda: "now three" in heard.turns)
        assert await handled(local, heard) == ["one", "now three"]


async def test_out_of_reach_is_a_no_for_presses_and_reactions(local, general, alice):
    async with listening(local, deny={"roles": [ROLE]}) as heard:
        await handled(local, heard)
        local.ban(60)
        assert not await heard.access.may_decide(discord.Object(alice.id), general.guild_id, general.id)
        interaction = SimpleNamespace(user=discord.Object(alice.id), guild_id=general.guild_id, channel=None)
        assert not await heard.access.may_press(interaction)


async def test_who_is_a_member_is_not_known_before_the_gateway_told_of_servers(client, alice):
    access = Access(client, settings(deny={"roles": [ROLE]}, direct_messages="members"), Sender(client, pauses=()))
    assert not await access.may_decide(discord.Object(alice.id), None, CHANNEL)
    # It is no answer that is believed for a while.
    assert access._known == {}


async def test_what_cannot_be_looked_up_is_a_no(local, general, alice):
    async with listening(local, direct_messages="members") as heard:
        access = Access(heard.client, settings(deny={"roles": [ROLE]}, direct_messages="members"))
        channel = discord.Object(local.dm(alice).id)
        assert not await access._asked(allowed, discord.Object(alice.id), None, channel)
