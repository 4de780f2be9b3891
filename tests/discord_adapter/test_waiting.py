"""Messages of turns that wait, looked at before the gateway has told of any server."""

import asyncio

import pytest
from structlog.testing import capture_logs

from checkpoints.keys import Conversation, turn_key
from discord_adapter.access import Access
from discord_adapter.access_settings import AccessSettings
from discord_adapter.sending import Sender
from discord_adapter.waiting import Waiting
from graph.turn import Turn
from playground.permissions import Permission


class Told:
    """What a look made of the turns that wait."""

    def __init__(self):
        self.amended = []
        self.withdrawn = []
        self._news = asyncio.Queue()

    async def amend(self, turn):
        self.amended.append(turn)
        self._news.put_nowait(turn)

    async def withdraw(self, key):
        self.withdrawn.append(key)

    async def next(self):
        """The next turn that was amended."""
        async with asyncio.timeout(10):
            return await self._news.get()


@pytest.fixture
def look(client, journal):
    """Look, with lists that say who may talk; gives what came of it."""

    async def look(**lists):
        told, sender = Told(), Sender(client, pauses=())
        access = Access(client, AccessSettings.model_validate(lists), sender)
        await Waiting(client, journal.inbox, sender, told, access).look()
        return told

    return look


@pytest.fixture
def wait(journal):
    """Let the turn of a message wait."""

    async def wait(message, channel, *, parent=None):
        person = message.author.id
        here = Conversation(channel.guild_id, channel.id, person)
        key = turn_key("message", message.id)
        parent_id = parent.id if parent else None
        turn = Turn(key, here, person, channel.id, "as it was", message_id=message.id, parent_id=parent_id)
        await journal.inbox.claim(turn.key, here, turn.payload())
        return turn

    return wait


@pytest.fixture
async def asked(local, general, alice):
    return await local.send(alice, general, local.bot.mention + " as it was")


async def test_deleted_message_is_withdrawn_and_others_are_not(local, general, alice, asked, wait, look):
    gone = await local.send(alice, general, local.bot.mention + " gone")
    await wait(asked, general)
    turn = await wait(gone, general)
    await local.delete(alice, gone)
    told = await look()
    assert (told.withdrawn, told.amended) == ([turn.key], [])


async def test_channel_whose_history_may_not_be_read_says_nothing_about_deletions(local, general, asked, wait, look):
    await wait(asked, general)
    local.deny(general, local.bot, Permission.READ_MESSAGE_HISTORY)
    with capture_logs() as logs:
        told = await look()
    assert (told.withdrawn, told.amended) == ([], [])
    assert [log["event"] for log in logs] == ["waiting_messages_not_read"]


async def test_channel_that_cannot_be_read_for_now_says_nothing_and_others_are_looked_at(
    local, general, alice, asked, wait, look
):
    lab = local.channel("lab")
    gone = await local.send(alice, lab, local.bot.mention + " gone")
    await wait(asked, general)
    turn = await wait(gone, lab)
    for message in (asked, gone):
        await local.delete(alice, message)
    local.fail("GET", "/channels/{channel_id}/messages", times=2, status=0)
    with capture_logs() as logs:
        told = await look()
    assert told.withdrawn == [turn.key]
    assert [(log["event"], log["channel"]) for log in logs] == [("waiting_messages_not_read", general.id)]


async def test_edited_message_is_taken_as_it_is_now_and_where_it_is(local, general, alice, wait, look):
    thread = await local.thread(alice, general, "a thread")
    asked = await local.send(alice, thread, local.bot.mention + " as it was")
    turn = await wait(asked, thread, parent=general)
    await local.edit(alice, asked, local.bot.mention + " as it is")
    (amended,) = (await look()).amended
    assert (amended.key, amended.text) == (turn.key, "as it is")
    assert (amended.conversation, amended.parent_id) == (turn.conversation, general.id)


async def test_edit_that_does_not_speak_to_us_takes_nothing_back(local, general, alice, asked, wait, look):
    await wait(asked, general)
    await local.edit(alice, asked, "for somebody else")
    told = await look()
    assert (told.withdrawn, told.amended) == ([], [])


async def test_edit_that_is_told_of_while_an_earlier_one_is_looked_at_counts(
    local, general, alice, asked, client, journal, wait, monkeypatch
):
    await wait(asked, general)
    told, sender = Told(), Sender(client, pauses=())
    access = Access(client, AccessSettings(), sender)
    client.connect_to(turns=told, reactions=None, overheard=None, on_started=None, access=access)
    connection = asyncio.create_task(client.connect())
    await local.wait_for_ready()
    await local.edit(alice, asked, local.bot.mention + " second")
    turn_of = access.turn_of
    assert (await told.next()).text == "second"

    async def later(message, me):
        """What is asked of a message, known only when the one that was told of meanwhile is taken."""
        monkeypatch.setattr(access, "turn_of", turn_of)
        await local.edit(alice, asked, local.bot.mention + " third")
        assert (await told.next()).text == "third"
        return await turn_of(message, me)

    monkeypatch.setattr(access, "turn_of", later)
    await Waiting(client, journal.inbox, sender, told, access).look()
    assert [turn.text for turn in told.amended] == ["second", "third"]
    await client.close()
    await connection


@pytest.mark.parametrize("named", [True, False])
async def test_edit_of_a_bot_is_taken_where_it_is_named(local, general, wait, look, named):
    robot = local.add_user("robot", bot=True)
    local.add_member(local.guild_of(general), robot)
    asked = await local.send(robot, general, local.bot.mention + " as it was")
    await wait(asked, general)
    await local.edit(robot, asked, local.bot.mention + " as it is")
    told = await look(bots=[robot.id] if named else [])
    assert [turn.text for turn in told.amended] == ["as it is"] * named


@pytest.mark.parametrize("kind", ["users", "roles", "channels", "above"])
@pytest.mark.parametrize("denied", [True, False])
async def test_edit_is_taken_of_whom_the_lists_let_talk(local, general, alice, wait, look, kind, denied):
    guild = local.guild_of(general)
    role = local.add_role(guild, "crew")
    local.give_role(guild, alice, role)
    thread = await local.thread(alice, general, "a thread")
    asked = await local.send(alice, thread, local.bot.mention + " as it was")
    await wait(asked, thread, parent=general)
    await local.edit(alice, asked, local.bot.mention + " as it is")
    own = {"users": alice.id, "roles": role.id, "channels": thread.id, "above": general.id}[kind]
    lists = {"channels" if kind == "above" else kind: [own]}
    told = await look(**{"deny" if denied else "allow": lists})
    assert [turn.text for turn in told.amended] == ["as it is"] * (not denied)


async def test_edit_in_private_waits_for_the_servers_and_a_deletion_beside_it_does_not(local, alice, wait, look):
    direct = local.dm(alice)
    asked, gone = [await local.send(alice, direct, text) for text in ("as it was", "gone")]
    await wait(asked, direct)
    turn = await wait(gone, direct)
    await local.edit(alice, asked, "as it is")
    await local.delete(alice, gone)
    told = await look(direct_messages="members")
    assert (told.withdrawn, told.amended) == ([turn.key], [])
    told = await look(direct_messages="everyone")
    assert [turn.text for turn in told.amended] == ["as it is"]
