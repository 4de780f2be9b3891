"""What was missed, and what comes meanwhile: each message once, and none overtakes an older one of its channel."""

import asyncio
import datetime as dt
import itertools
from contextlib import asynccontextmanager

import pytest
from discord.utils import time_snowflake
from pydantic import SecretStr
from structlog.testing import capture_logs

import discord_adapter.backfill
import discord_adapter.places
from checkpoints.place import DatabaseAway
from checkpoints.seen import Sight
from discord_adapter.access import Access
from discord_adapter.access_settings import AccessSettings
from discord_adapter.backfill import Backfill, Patience
from discord_adapter.client import ClewClient
from discord_adapter.sending import Sender
from discord_adapter.settings import DiscordSettings
from graph.errors import SurfaceUnreachable
from tests.discord_adapter.conftest import Listening

HISTORY = "/channels/{channel_id}/messages"

HOUR = dt.timedelta(hours=1)

# The gateway has said all it says at a start, discord.py waits two more seconds.
READY = 10


class Taking(Listening):
    """What a client took, in its order; some of it may fail."""

    def __init__(self, client):
        super().__init__(client)
        self.keys = set()
        self.texts = []
        self.failing = set()
        self.failed = asyncio.Event()
        self.withdrawn = []

    async def accept(self, turn):
        if turn.text == "poison":
            raise ValueError("it cannot be taken")
        if turn.text in self.failing:
            self.failing.discard(turn.text)
            self.failed.set()
            raise OSError("the database is away")
        # As the journal claims them.
        if turn.key not in self.keys:
            self.keys.add(turn.key)
            self.texts.append(turn.text)
            await super().accept(turn)

    async def withdraw(self, key):
        self.withdrawn.append(key)

    async def took(self, *texts):
        """Wait until so much was taken; what it was, is compared."""
        async with asyncio.timeout(READY):
            while len(self.texts) < len(texts):
                await self.accepted.get()
        assert self.texts == [*texts]


class Reading(Sender):
    """Reads channels; what was read is given back when the test lets it go.

    Args:
        client: Logged in.
        held: Whether it is kept back at first.
        away: How often Discord is out of reach, for each place that is asked about.
    """

    def __init__(self, client, *, held, away):
        super().__init__(client, (0.01,))
        self.away = away
        self.read = asyncio.Event()
        self.go = asyncio.Event()
        if not held:
            self.go.set()

    async def send(self, place_id, *arguments):
        if self.away.get(place_id):
            self.away[place_id] -= 1
            raise SurfaceUnreachable("Discord is out of reach")
        read = await super().send(place_id, *arguments)
        self.read.set()
        await self.go.wait()
        return read

    async def reached(self):
        async with asyncio.timeout(READY):
            await self.read.wait()


@asynccontextmanager
async def started(
    local, journal, patience=None, *, held=False, reactions=None, window=HOUR, lists=None, away=(), **times
):
    async def nothing():
        pass

    client = ClewClient(DiscordSettings(token=SecretStr(local.token)))
    taking = Taking(client)
    taking.reading = reading = Reading(client, held=held, away=dict(away))
    async with Backfill(client, journal, reading, window, patience=patience, **times) as missed:
        client.connect_to(
            turns=taking,
            reactions=reactions,
            overheard=taking.overheard,
            on_started=nothing,
            missed=missed,
            access=Access(client, AccessSettings.model_validate(lists or {}), reading),
        )
        identifies = local.identifies
        running = asyncio.create_task(client.start(local.token))
        await local.wait_until(lambda: local.identifies > identifies and local.connected)
        yield taking
        await client.close()
        await running


@asynccontextmanager
async def told(client, event):
    """Do something, and wait until the client was told of it and what hears that has begun."""
    heard = asyncio.create_task(client.wait_for(event, timeout=READY))
    await asyncio.sleep(0)
    yield
    await heard
    await asyncio.sleep(0.01)


@pytest.fixture
def ask(local, alice):
    """Somebody asks something."""
    return lambda channel, text: local.send(alice, channel, f"<@{local.bot.id}> {text}")


@pytest.fixture
def lab(local):
    return local.channel("lab")


def reads(local):
    """The requests for messages of a channel."""
    return [one for one in local.requests if one.method == "GET" and one.path.endswith("/messages")]


async def test_oldest_come_first_over_all_channels(local, journal, general, lab, ask):
    for number in range(6):
        await ask((general, lab)[number % 2], f"{number}")
    async with started(local, journal) as taking:
        await taking.took("0", "1", "2", "3", "4", "5")


async def test_new_message_waits_for_older_ones_of_its_channel_and_others_do_not(local, journal, general, lab, ask):
    await ask(general, "old")
    async with started(local, journal, held=True) as taking:
        # Not ready yet as discord.py sees it: what comes now must not go first.
        await ask(general, "new")
        await taking.reading.reached()
        await ask(general, "newer")
        await ask(lab, "elsewhere")
        await taking.took("elsewhere")
        taking.reading.go.set()
        await taking.took("elsewhere", "old", "new", "newer")


async def test_new_message_does_not_wait_for_ever(local, journal, general, ask):
    await ask(general, "old")
    async with started(local, journal, Patience(hold=0.2), held=True) as taking:
        await ask(general, "new")
        await taking.took("new")
        taking.reading.go.set()
        await taking.took("new", "old")


async def test_message_that_is_deleted_or_edited_while_others_are_looked_for(local, journal, general, ask, alice):
    kept, gone = await ask(general, "as it was"), await ask(general, "gone")
    async with started(local, journal, held=True) as taking:
        held = await ask(general, "held and gone")
        await taking.reading.reached()
        await local.delete(alice, gone)
        await local.delete(alice, held)
        await local.edit(alice, kept, f"<@{local.bot.id}> as it is")
        await ask(general, "the last")
        async with asyncio.timeout(READY):
            await taking.amended.get()
        taking.reading.go.set()
        await taking.took("as it is", "the last")
        assert taking.withdrawn == [f"message:{one.id}:0" for one in (gone, held)]


async def test_message_that_cannot_be_taken_is_found_again(local, journal, general, ask):
    async with started(local, journal, Patience(again=0.01)) as taking:
        await ask(general, "first")
        await taking.took("first")
        taking.failing.add("second")
        await ask(general, "second")
        await taking.took("first", "second")


async def test_message_that_fails_while_its_channel_is_looked_through_is_found_again(local, journal, general, ask):
    await ask(general, "old")
    async with started(local, journal, Patience(hold=0.2, again=0.01), held=True) as taking:
        await taking.reading.reached()
        # After the channel was read, and before what was read is taken.
        taking.failing.add("late")
        await ask(general, "late")
        async with asyncio.timeout(READY):
            await taking.failed.wait()
        taking.reading.go.set()
        await taking.took("old", "late")


class Away:
    """Cards that cannot be looked up at first, since the database is away."""

    def __init__(self):
        self.asked = 0

    async def replied(self, _message):
        self.asked += 1
        if self.asked < 3:
            raise DatabaseAway("gone")
        return False


async def test_message_waits_for_a_database_that_does_not_tell_whether_it_answers_a_card(
    local, journal, general, ask, monkeypatch
):
    monkeypatch.setattr("checkpoints.outages._PAUSE", 0)
    # Nothing is looked for later.
    async with started(local, journal, reactions=Away(), window=dt.timedelta()) as taking:
        await ask(general, "hello")
        await taking.took("hello")


@pytest.mark.parametrize("window", [HOUR, dt.timedelta()])
async def test_message_whose_author_cannot_be_looked_up_for_now_is_taken_later_and_in_order(
    local, journal, general, alice, window
):
    settings = {
        "patience": Patience(hold=0.3, again=0.3),
        "window": window,
        "lists": {"direct_messages": "members"},
        "away": {general.guild_id: 1},
    }
    async with started(local, journal, **settings) as taking:
        # Her first ones: nothing but these tells of the channel.
        direct = local.dm(alice)
        with capture_logs() as logs:
            await local.send(alice, direct, "one")
            await local.send(alice, direct, "two")
            await taking.took("one", "two")
        told = {"message_not_taken_yet", "surface_unreachable"} & {log["event"] for log in logs}
        assert len(told) == 1


@pytest.fixture
def hurried():
    """A time that goes on by more than a window from one look to the next."""
    start, looks = dt.datetime.now(dt.UTC), itertools.count()
    return lambda: start + next(looks) * 2 * HOUR


async def test_message_that_was_heard_is_taken_however_long_its_author_cannot_be_looked_up(
    local, journal, general, alice, hurried
):
    settings = {"lists": {"direct_messages": "members"}, "away": {general.guild_id: 3}, "now": hurried}
    async with started(local, journal, Patience(again=0.01), **settings) as taking:
        await taking.client.wait_until_ready()
        await local.send(alice, local.dm(alice), "one")
        await taking.took("one")


async def test_message_that_was_found_is_taken_however_long_its_author_cannot_be_looked_up(
    local, journal, general, ask, hurried
):
    role = local.add_role(local.guild_of(general), "muted")
    await ask(general, "missed")
    settings = {"lists": {"deny": {"roles": [role.id]}}, "away": {general.guild_id: 3}, "now": hurried}
    async with started(local, journal, Patience(again=0.01), **settings) as taking:
        await taking.took("missed")


async def test_missed_message_whose_author_cannot_be_looked_up_is_taken_later_and_in_order(
    local, journal, general, lab, ask
):
    role = local.add_role(local.guild_of(general), "muted")
    await ask(general, "one")
    await ask(general, "two")
    await ask(lab, "elsewhere")
    settings = {"lists": {"deny": {"roles": [role.id]}}, "away": {general.guild_id: 1}}
    async with started(local, journal, Patience(again=0.01), **settings) as taking:
        await taking.took("elsewhere", "one", "two")


async def test_message_that_can_never_be_taken_keeps_none_that_came_after_it(local, journal, general, lab, ask):
    await ask(general, "poison")
    await ask(general, "next")
    await ask(lab, "elsewhere")
    async with started(local, journal, Patience(again=0.01)) as taking:
        await taking.took("next", "elsewhere")


async def test_channel_that_cannot_be_read_for_now_is_read_later(local, journal, general, ask):
    await ask(general, "old")
    local.fail("GET", HISTORY, times=2, status=0)
    async with started(local, journal, Patience(again=0.01)) as taking:
        await taking.took("old")


async def test_channels_are_read_only_where_something_is_new(local, journal, general, lab, ask):
    async with started(local, journal) as taking:
        await ask(general, "one")
        await ask(lab, "two")
        await taking.took("one", "two")
    asked = len(reads(local))
    await ask(lab, "three")
    async with started(local, journal) as taking:
        # What is before it by less than a minute is looked at again, since two machines of Discord's need not agree.
        await taking.took("two", "three")
    assert [one.path for one in reads(local)[asked:]] == [f"/channels/{lab.id}/messages"]


async def test_known_thread_is_looked_through_that_was_quiet_for_long_and_archived_since(
    local, journal, general, alice
):
    kept, gone = [await local.thread(alice, general, name) for name in ("kept", "gone")]
    long_ago = time_snowflake(dt.datetime.now(dt.UTC) - 5 * HOUR)
    await journal.seen.note([Sight(thread.id, general.guild_id, long_ago) for thread in (kept, gone)])
    await local.send(alice, kept, f"{local.bot.mention} while you were away")
    await local.archive(alice, kept)
    await local.delete_thread(alice, gone)
    with capture_logs() as logs:
        async with started(local, journal) as taking:
            await taking.took("while you were away")
    # One that is not there any more is nothing that could be read.
    assert "missed_messages_not_readable" not in {log["event"] for log in logs}
    assert f"/channels/{gone.id}/messages" in {one.path for one in reads(local)}


async def test_watermark_is_not_ahead_of_what_is_being_taken(local, journal, general, lab, ask):
    await ask(general, "old")
    async with started(local, journal, Patience(write=0.01), held=True) as taking:
        await ask(general, "new")
        await taking.reading.reached()
        await ask(lab, "elsewhere")
        await taking.took("elsewhere")
    # It ends in the middle of the search.
    last = local.messages(lab)[-1]
    assert await journal.seen.all() == [Sight(lab.id, lab.guild_id, last.id)]


async def test_caps_leave_the_oldest_out_and_say_so(local, journal, general, lab, ask, monkeypatch):
    monkeypatch.setattr(discord_adapter.backfill, "MOST_IN_CHANNEL", 3)
    monkeypatch.setattr(discord_adapter.backfill, "MOST_IN_ALL", 4)
    monkeypatch.setattr(discord_adapter.places, "MOST_CHANNELS", 2)
    other = local.add_channel(local.guild_of(general), "other")
    for number, channel in enumerate([other, *[general, lab] * 4]):
        await ask(channel, f"{number}")
    with capture_logs() as logs:
        async with started(local, journal) as taking:
            await taking.took("5", "6", "7", "8")
    told = [log for log in logs if log["event"] == "missed_messages_left_out"]
    assert [log["channels"] for log in told if "channels" in log] == [1]
    assert {log["channel"] for log in told if "channel" in log} == {general.id, lab.id}
    assert [log["messages"] for log in told if "messages" in log] == [2]


@pytest.fixture
def there(local, alice):
    """A channel of another guild."""
    guild = local.add_guild("Elsewhere", alice)
    local.add_member(guild, local.bot)
    return local.add_channel(guild, "there")


async def test_what_was_said_in_a_guild_that_was_away_is_found_when_it_is_back(local, journal, general, there, ask):
    guild = local.guild_of(general)
    async with started(local, journal) as taking:
        await taking.client.wait_until_ready()
        await ask(general, "before")
        await taking.took("before")
        async with told(taking.client, "guild_unavailable"):
            local.lose_guild(guild)
        await ask(general, "missed")
        # One that is told of all the same says nothing of those before it.
        local.redeliver(await ask(general, "heard"))
        await taking.took("before", "heard")
        asked = len(reads(local))
        taking.reading.go.clear()
        async with told(taking.client, "guild_available"):
            local.regain_guild(guild)
        await ask(general, "after")
        await ask(there, "elsewhere")
        await taking.took("before", "heard", "elsewhere")
        taking.reading.go.set()
        await taking.took("before", "heard", "elsewhere", "missed", "after")
        assert [one.path for one in reads(local)[asked:]] == [f"/channels/{general.id}/messages"]


async def test_guild_that_is_away_at_the_start_is_looked_through_when_it_comes(local, journal, general, there, ask):
    guild = local.guild_of(general)
    await journal.seen.note([Sight(general.id, guild.id, (await ask(general, "missed")).id - 1)])
    await ask(there, "elsewhere")
    local.lose_guild(guild)
    async with started(local, journal) as taking:
        await taking.took("elsewhere")
        local.regain_guild(guild)
        await taking.took("elsewhere", "missed")
        await ask(general, "after")
        await taking.took("elsewhere", "missed", "after")
        assert len(reads(local)) == 2


@pytest.mark.parametrize("then", ["deleted", "edited"])
async def test_message_that_changes_while_its_author_is_looked_up_counts_as_it_is_then(
    local, journal, alice, monkeypatch, then
):
    async with started(local, journal, lists={"direct_messages": "members"}) as taking:
        await taking.client.wait_until_ready()
        reading, looked, go = taking.reading.send, asyncio.Event(), asyncio.Event()

        async def slow(*arguments):
            looked.set()
            await go.wait()
            return await reading(*arguments)

        monkeypatch.setattr(taking.reading, "send", slow)
        direct = local.dm(alice)
        sent = await local.send(alice, direct, "my password is hunter2")
        async with asyncio.timeout(READY):
            await looked.wait()
        if then == "deleted":
            async with told(taking.client, "raw_message_delete"):
                await local.delete(alice, sent)
        else:
            await local.edit(alice, sent, "nothing")
        go.set()
        await local.send(alice, direct, "something else")
        await taking.took(*(["something else"] if then == "deleted" else ["my password is hunter2", "something else"]))
        if then == "edited":
            assert (await taking.amended.get()).text == "nothing"


async def test_edit_that_takes_the_mention_out_of_a_message_that_is_held_takes_nothing_back(
    local, journal, general, alice, ask
):
    await ask(general, "old")
    async with started(local, journal, held=True) as taking:
        await taking.reading.reached()
        sent = await ask(general, "new")
        async with told(taking.client, "raw_message_edit"):
            await local.edit(alice, sent, "nothing for a bot")
        taking.reading.go.set()
        await taking.took("old", "new")


@pytest.mark.parametrize("then", ["deleted", "edited"])
async def test_message_that_is_told_of_behind_its_edit_or_deletion_counts_as_it_is_then(
    local, journal, general, alice, ask, then
):
    async with started(local, journal) as taking:
        await ask(general, "before")
        await taking.took("before")
        local.lose_guild(local.guild_of(general))  # so that the test says what is told when
        with local.subscribe() as events:
            sent = await ask(general, "my password is hunter2")
            created = await events.get()
            await (
                local.delete(alice, sent) if then == "deleted" else local.edit(alice, sent, f"{local.bot.mention} hi")
            )
            changed = await events.get()
        async with told(taking.client, "raw_message_delete" if then == "deleted" else "raw_message_edit"):
            local.redeliver(changed)
        local.redeliver(created)
        local.redeliver(await ask(general, "after"))
        await taking.took("before", *(["hi"] * (then == "edited")), "after")


async def test_messages_of_a_channel_keep_their_order_while_the_database_is_away(local, journal, general, alice, ask):
    """The first one answers a message of ours, so the database is asked whether that is a card."""
    away, asked = [True], asyncio.Event()

    class Cards:
        def session_began(self):
            pass

        async def replied(self, message):
            if message.reference:
                asked.set()
                if away:
                    raise DatabaseAway("gone")
            return False

    ours = await local.send(local.bot, general, "what else?")
    async with started(local, journal, reactions=Cards()) as taking:
        await ask(general, "zero")
        await taking.took("zero")
        await local.send(alice, general, f"{local.bot.mention} one", reply_to=ours)
        async with asyncio.timeout(READY):
            await asked.wait()
        async with told(taking.client, "message"):
            await ask(general, "two")
        away.clear()
        await taking.took("zero", "one", "two")
