"""What was said and clicked while the bot was away, through the whole bot: answered once, in order."""

import asyncio
import datetime as dt
import sqlite3
from collections import defaultdict
from contextlib import closing
from pathlib import Path

import pytest

from playground import Clock, LocalDiscord
from playground.model import Gate, Reply, call, say
from playground.permissions import Permission

LATE_BOT = Path(__file__).with_name("late_bot.py")
PAUSING_BOT = Path(__file__).with_name("pausing_bot.py")

OFF = dt.timedelta(hours=2)


def echo(request):
    """An answer that names what it answers."""
    return say(f"You said: {request.last_user_text.splitlines()[-1]}.")


@pytest.fixture
def script(script):
    script.when(lambda request: request.messages[-1]["role"] == "tool", say("The tool is done with."))
    script.when(lambda request: "note" in request.last_user_text, lambda request: call("write_note", **note(request)))
    script.default = echo
    return script


def note(request):
    return {"name": request.last_user_text.split()[-1], "text": "x"}


def answers(discord_, channel):
    """Who is answered what in a channel, in its order, from the bot's replies."""
    found = defaultdict(list)
    asked = {message.id: message.author.name for message in discord_.messages(channel, deleted=True)}
    for message in discord_.messages(channel):
        if message.author.id == discord_.bot.id and message.content.startswith("You said: "):
            whom = asked[message.reference.message_id] if message.reference else None
            found[whom].append(message.content.removeprefix("You said: ").removesuffix("."))
    return found


def outcomes(bot):
    with closing(sqlite3.connect(bot.database)) as database:
        return dict(database.execute("SELECT payload ->> 'text', coalesce(outcome, state) FROM inbox").fetchall())


async def all_is_told(bot, discord_, channel=None):
    """One more turn of somebody who has said nothing yet: what was late has come before its answer."""
    dave = next((one for one in discord_.users.values() if one.name == "dave"), None) or discord_.add_user("dave")
    channel = channel or discord_.channel("lab")
    discord_.add_member(discord_.guild_of(channel), dave)
    number = sum(message.author == dave for message in discord_.messages(channel))
    await discord_.send(dave, channel, bot.mention(f"is that all {number}"))
    await bot.said(channel, f"is that all {number}.", timeout=40)


async def test_thirty_messages_and_ten_reactions_that_came_while_the_bot_was_down(bot, discord_, script, model):
    people = [discord_.user(name) for name in ("alice", "bob", "carol")]
    guild = next(iter(discord_.guilds.values()))
    old = [discord_.channel("general"), discord_.channel("lab")]
    old += [discord_.add_channel(guild, name) for name in ("harbour", "pier")]
    await bot.start()
    cards = []
    for number, (channel, person) in enumerate([(c, p) for c in old for p in people][:9]):
        await discord_.send(person, channel, bot.mention(f"write the note n{number}"))
        cards.append((person, await bot.card(channel, f'"n{number}"', timeout=40)))
    await bot.kill()

    new = [discord_.add_channel(guild, name) for name in ("new-one", "new-two")]
    # Nine reactions, and one more: whoever is of two minds has refused.
    for number, (person, card) in enumerate(cards):
        await discord_.react(person, card, "❌" if number % 3 == 0 else "✅")
    await discord_.react(cards[0][0], cards[0][1], "✅")
    said = defaultdict(lambda: defaultdict(list))
    for number in range(30):
        channel, person = [*old, *new][number % 6], people[number // 6 % 3]
        said[channel.name][person.name].append(f"message {number}")
        await discord_.send(person, channel, bot.mention(f"message {number}"))

    await bot.start()
    for number in range(30):
        await bot.said([*old, *new][number % 6], f"You said: message {number}.", timeout=90)
    await bot.closed(39)
    assert {channel.name: answers(discord_, channel) for channel in [*old, *new]} == said
    for number, (_, card) in enumerate(cards):
        assert ("Refused" if number % 3 == 0 else "Approved") in card.content
        assert (bot.notes / f"n{number}.txt").exists() == (number % 3 != 0)
    assert bot.runs("write_note") == 6
    # Once more: nothing is answered twice.
    asked = len(model.requests)
    await bot.restart()
    await all_is_told(bot, discord_)
    assert len(model.requests) == asked + 1
    said["lab"]["dave"] = ["is that all 0"]
    assert {channel.name: answers(discord_, channel) for channel in [*old, *new]} == said


async def test_refusal_by_reply_is_no_question_after_a_restart(bot, discord_, script, model):
    """It reads otherwise then: it was edited, or it names somebody as the history names them, without the nickname."""
    general, alice, bob = discord_.channel("general"), discord_.user("alice"), discord_.user("bob")
    discord_.guild_of(general).members[bob.id].nick = "Bobby Tables"
    await bot.start()
    for name, words in (("todo", "no, the wrong one"), ("list", f"no, ask <@{bob.id}> first")):
        await discord_.send(alice, general, bot.mention(f"write the note {name}"))
        card = await bot.card(general, f'"{name}"')
        refusal = await discord_.send(alice, general, words, reply_to=card)
        await discord_.wait_until(lambda card=card: "Refused" in card.content)
        if name == "todo":
            await discord_.edit(alice, refusal, "no, the wrong one!")
    await bot.closed(2)
    await bot.stop()
    await discord_.send(bob, general, "something else, to nobody")
    asked = len(model.requests)
    await bot.start()
    await all_is_told(bot, discord_, general)
    assert len(model.requests) == asked + 1
    assert len(outcomes(bot)) == 3


async def test_messages_of_every_kind_of_place_are_found(bot, discord_):
    """A direct message, a thread, one that was archived, one that is new, a post, and an answer to the bot."""
    alice, general = discord_.user("alice"), discord_.channel("general")
    guild = discord_.guild_of(general)
    direct = discord_.dm(alice)
    forum = discord_.add_forum(guild, "questions")
    thread = await discord_.thread(alice, general, "a thread")
    archived = await discord_.thread(alice, general, "archived meanwhile")
    await bot.start()
    for place in (thread, archived, general):
        await discord_.send(alice, place, bot.mention(f"hello in {place.name}"))
    await discord_.send(alice, direct, "hello")
    for place in (thread, archived, general, direct):
        first = await bot.said(place, "You said: hello")
    await bot.stop()

    await discord_.send(alice, thread, bot.mention("in the thread"))
    await discord_.send(alice, archived, bot.mention("in the archived one"))
    await discord_.archive(alice, archived)
    new = await discord_.thread(alice, general, "a new thread")
    await discord_.send(alice, new, bot.mention("in the new one"))
    post = await discord_.post(alice, forum, "a question", bot.mention("in the post"))
    await discord_.send(alice, direct, "directly")
    answer = next(one for one in discord_.messages(general) if one.content == "You said: hello in general.")
    await discord_.send(alice, general, "without a mention", reply_to=answer)
    await discord_.send(alice, general, "to nobody")
    await bot.start()

    expected = {
        thread: "in the thread", archived: "in the archived one", new: "in the new one", post: "in the post",
        direct: "directly", general: "without a mention",
    }  # fmt: skip
    for place, words in expected.items():
        await bot.said(place, f"You said: {words}.", timeout=40)
    await all_is_told(bot, discord_)
    for place, words in expected.items():
        assert len(bot.shown(place, f"You said: {words}.")) == 1
    assert first
    assert len(bot.model.requests) == 4 + 6 + 1


async def test_what_was_deleted_meanwhile_is_not_answered_and_what_was_edited_is_as_it_is_now(
    bot, discord_, script, model
):
    """Some came while the bot was away, some waited behind a card when it died."""
    alice, bob, general = discord_.user("alice"), discord_.user("bob"), discord_.channel("general")
    await bot.start()
    await discord_.send(alice, general, bot.mention("write the note here"))
    card = await bot.card(general, "write_note")
    waiting = [await discord_.send(alice, general, bot.mention(f"waiting {n}")) for n in range(4)]
    await discord_.wait_until(lambda: len(bot.shown(general, "I still wait")) == 4, timeout=30)
    # One goes before the eyes of the bot, the others behind its back.
    await discord_.delete(alice, waiting[0])
    await all_is_told(bot, discord_)
    await bot.kill()
    await discord_.delete(alice, waiting[1])
    await discord_.edit(alice, waiting[2], bot.mention("waiting, edited"))
    gone = await discord_.send(bob, general, bot.mention("gone"))
    changed = await discord_.send(bob, general, bot.mention("as it was"))
    await discord_.delete(bob, gone)
    await discord_.edit(bob, changed, bot.mention("as it is"))
    await bot.start()
    await bot.said(general, "You said: as it is.", timeout=40)
    await discord_.react(alice, card, "❌")
    await bot.said(general, "You said: waiting 3.", timeout=40)
    assert answers(discord_, general) == {"alice": ["waiting, edited", "waiting 3"], "bob": ["as it is"]}
    assert {words: outcome for words, outcome in outcomes(bot).items() if outcome == "deleted"} == {
        "waiting 0": "deleted",
        "waiting 1": "deleted",
    }
    assert not any("gone" in str(request.messages) for request in model.requests)


async def test_what_was_deleted_meanwhile_is_not_answered_when_logging_in_takes_long(bot, discord_, script, model):
    """This bot looks every second for what was left; its first three attempts to log in fail."""
    alice, general = discord_.user("alice"), discord_.channel("general")
    bot.program = [PAUSING_BOT, "run"]
    gate = Gate()
    script.then(Reply("It is lost with the process.", gate=gate))
    await bot.start()
    await discord_.send(alice, general, bot.mention("first"))
    await gate.reached
    waiting = await discord_.send(alice, general, bot.mention("second"))
    await bot.wait_for_row("SELECT payload ->> 'text' AS text FROM inbox", lambda row: row["text"] == "second")
    await bot.kill()
    gate.release()
    await discord_.delete(alice, waiting)
    discord_.fail("GET", "/users/@me", status=502, times=3)
    await bot.start()
    await bot.said(general, "You said: first.")
    await all_is_told(bot, discord_)
    assert outcomes(bot)["second"] == "deleted"
    assert not any("second" in str(request.messages) for request in model.requests)


async def test_what_was_done_to_cards_between_the_start_and_the_first_session_counts(bot, discord_):
    """Cards are looked at before the gateway is connected; what comes after that look is told to nobody."""
    alice, general, lab = discord_.user("alice"), discord_.channel("general"), discord_.channel("lab")
    await bot.start()
    await discord_.send(alice, general, bot.mention("write the note here"))
    clicked = await bot.card(general, "write_note")
    await discord_.send(alice, lab, bot.mention("write the note there"))
    gone = await bot.card(lab, "write_note")
    await bot.kill()
    bot.program = [LATE_BOT, "run"]
    looked_at = len(discord_.requests)
    starting = asyncio.create_task(bot.start())
    looks = {f"/channels/{card.channel_id}/messages/{card.id}" for card in (clicked, gone)}
    await discord_.wait_until(lambda: looks <= {one.path for one in discord_.requests[looked_at:]}, timeout=40)
    await discord_.react(alice, clicked, "✅")
    await discord_.delete(alice, gone)
    (bot.home / "connect").touch()
    await starting
    await bot.said(general, "The tool is done with.")
    assert (bot.notes / "here.txt").exists()
    await bot.card(lab, "write_note")


async def test_named_bot_and_webhook_that_spoke_while_the_bot_was_down_are_answered_once(bot, discord_, model):
    alice, general, lab = discord_.user("alice"), discord_.channel("general"), discord_.channel("lab")
    named, other = discord_.add_user("named", bot=True), discord_.add_user("other", bot=True)
    for robot in (named, other):
        discord_.add_member(discord_.guild_of(general), robot)
    feed, spam = await discord_.webhook(alice, lab, "Feed"), await discord_.webhook(alice, lab, "Spam")
    bot.configure(f"[access]\nbots = [{named.id}]\nwebhooks = [{feed.id}]\n")
    await bot.start()
    await bot.kill()
    await discord_.send(named, general, bot.mention("from the bot"))
    await discord_.send(other, general, bot.mention("from another bot"))
    await discord_.send_by_webhook(feed, bot.mention("from the webhook"))
    await discord_.send_by_webhook(spam, bot.mention("from another webhook"))
    await bot.start()
    await bot.said(general, "You said: from the bot.", timeout=40)
    await bot.said(lab, "You said: from the webhook.", timeout=40)
    await bot.closed(2)
    await bot.restart()
    await all_is_told(bot, discord_)
    assert len(model.requests) == 3


async def test_what_waited_where_history_may_not_be_read_is_answered_after_a_restart(bot, discord_):
    """A list of messages is empty there; that does not say that they were deleted."""
    alice, general = discord_.user("alice"), discord_.channel("general")
    await bot.start()
    await discord_.send(alice, general, bot.mention("write the note here"))
    card = await bot.card(general, "write_note")
    await discord_.send(alice, general, bot.mention("waiting"))
    await bot.said(general, "I still wait")
    await bot.kill()
    discord_.deny(general, discord_.bot, Permission.READ_MESSAGE_HISTORY)
    await bot.start()
    await discord_.react(alice, card, "❌")
    await bot.said(general, "You said: waiting.", timeout=40)


async def test_session_that_is_lost_with_messages_sent_meanwhile(bot, discord_, model):
    """The connection ends, its session too; what comes before the bot is back was told to nobody."""
    alice, bob, general = discord_.user("alice"), discord_.user("bob"), discord_.channel("general")
    direct = discord_.dm(bob)
    await bot.start()
    await discord_.send(bob, direct, "hello")
    await bot.said(direct, "You said: hello.")
    identifies = discord_.identifies
    await discord_.drop_gateway(resumable=False)
    for number in range(3):
        await discord_.send(alice, general, bot.mention(f"missed {number}"))
    await discord_.send(bob, direct, "missed as well")
    gone = await discord_.send(bob, general, bot.mention("gone"))
    await discord_.delete(bob, gone)
    await discord_.wait_until(lambda: discord_.identifies > identifies and discord_.connected, timeout=30)
    await discord_.send(alice, general, bot.mention("and now"))
    await bot.said(general, "You said: and now.", timeout=40)
    await bot.said(direct, "You said: missed as well.", timeout=40)
    await all_is_told(bot, discord_)
    assert answers(discord_, general) == {"alice": ["missed 0", "missed 1", "missed 2", "and now"]}
    assert len(model.requests) == 7


async def test_what_was_done_in_a_server_that_was_away_counts_when_it_is_back(bot, discord_):
    alice, general, lab = discord_.user("alice"), discord_.channel("general"), discord_.channel("lab")
    await bot.start()
    await discord_.send(alice, general, bot.mention("write the note here"))
    card = await bot.card(general, "write_note")
    gone = await discord_.send(alice, general, bot.mention("gone"))
    await bot.said(general, "I still wait")
    # At rest: whoever looks at the card while its server is away finds the approval, and goes on.
    await bot.wait_for_row("SELECT * FROM claims", lambda row: row["owner"] is None)
    discord_.lose_guild(discord_.guild_of(general))
    await discord_.send(alice, lab, bot.mention("missed"))
    await discord_.react(alice, card, "✅")
    await discord_.delete(alice, gone)
    discord_.regain_guild(discord_.guild_of(general))
    await bot.said(lab, "You said: missed.", timeout=40)
    await bot.said(general, "The tool is done with.")
    await all_is_told(bot, discord_)
    assert answers(discord_, general) == {}
    assert bot.runs("write_note") == 1


@pytest.fixture
async def discord_(request):
    """The local Discord; a parameter is by how much its clock is behind, so that it can be set forward."""
    behind = getattr(request, "param", dt.timedelta())
    async with LocalDiscord(clock=Clock(offset=-behind.total_seconds())) as local:
        yield local


@pytest.mark.parametrize("discord_", [OFF], indirect=True)
async def test_beyond_the_window_nothing_is_answered(bot, discord_, model):
    alice, general = discord_.user("alice"), discord_.channel("general")
    await bot.start()
    await bot.stop()
    await discord_.send(alice, general, bot.mention("two hours ago"))
    discord_.clock.advance(OFF.total_seconds() - 30 * 60)
    await discord_.send(alice, general, bot.mention("half an hour ago"))
    discord_.clock.advance(30 * 60)
    await bot.start()
    await bot.said(general, "You said: half an hour ago.", timeout=40)
    await all_is_told(bot, discord_)
    assert answers(discord_, general) == {"alice": ["half an hour ago"]}
    assert len(model.requests) == 2


async def test_with_a_fresh_database_what_has_its_answer_is_not_answered_again(bot, discord_, model):
    alice, general, lab = discord_.user("alice"), discord_.channel("general"), discord_.channel("lab")
    await bot.start()
    await discord_.send(alice, general, bot.mention("before"))
    await bot.said(general, "You said: before.")
    await bot.stop()
    for file in bot.database.parent.glob("clew.db*"):
        file.unlink()
    await discord_.send(alice, general, bot.mention("after"))
    discord_.deny(lab, discord_.bot, Permission.READ_MESSAGE_HISTORY)
    await discord_.send(alice, lab, bot.mention("where nothing can be read"))
    await bot.start()
    await bot.said(general, "You said: after.", timeout=40)
    await all_is_told(bot, discord_, general)
    assert answers(discord_, general)["alice"] == ["before", "after"]
    assert bot.shown(lab, "You said") == []
    assert bot.log.count('"missed_messages_not_readable"') == 1


async def test_switched_off_nothing_is_looked_for(bot, discord_, model):
    bot.configure("[discord]\nbackfill_minutes = 0\n")
    alice, general = discord_.user("alice"), discord_.channel("general")
    await discord_.send(alice, general, bot.mention("before"))
    await bot.start()
    await discord_.send(alice, general, bot.mention("after"))
    await bot.said(general, "You said: after.")
    await all_is_told(bot, discord_)
    assert answers(discord_, general) == {"alice": ["after"]}
