"""What is written while an answer is on its way is answered once, as is set for the channel, also under SIGKILL."""

import asyncio
import sqlite3
from contextlib import closing
from itertools import product
from pathlib import Path

import pytest

from playground.model import call, say
from tests.crash.long import LONG

SLOW_BOT = Path(__file__).with_name("slow_bot.py")

THANKS = "You are welcome."


def journal(bot, query):
    with closing(sqlite3.connect(f"file:{bot.database}?mode=ro", uri=True)) as connection:
        return connection.execute(query).fetchall()


async def until(condition):
    """Wait for what the bot writes into its database, of which nobody tells us."""
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.02)


async def claimed(bot, count):
    await until(lambda: len(journal(bot, "SELECT 1 FROM inbox")) == count)


async def all_closed(bot):
    await until(lambda: not journal(bot, "SELECT 1 FROM inbox WHERE state <> 'closed'"))


def outcomes(bot):
    return [outcome for (outcome,) in journal(bot, "SELECT outcome FROM inbox ORDER BY id")]


def user_texts(request):
    """What a request holds of people's messages, without what was said before around them."""
    return [
        one["content"].rpartition("> Bob: The roof leaks.\n\n")[2] for one in request.messages if one["role"] == "user"
    ]


def answers(discord_, channel):
    """The bot's answers in a channel, and to which message each refers."""
    ours = [m for m in discord_.messages(channel) if m.author.id == discord_.bot.id]
    return [m for m in ours if m.content.startswith("Answer to")]


def answer(request):
    return say("Answer to " + " and ".join(user_texts(request)[-1].splitlines()[::2]))


async def interrupted(bot, discord_, script, place, before):
    """Three messages, of which two come while the model answers the first one with a call."""
    script.then(call("list_notes"), text="I look first.")
    gate = script.hold()
    alice = discord_.user("alice")
    one = await discord_.send(alice, place, bot.mention("one"))
    await gate.reached
    two, three = [await discord_.send(alice, place, bot.mention(text)) for text in ("two", "three")]
    await claimed(bot, before + 3)
    gate.release()
    return one, two, three


async def test_each_channel_has_its_way_and_a_thread_that_of_its_channel(bot, discord_, script, model):
    alice, bob, general = discord_.user("alice"), discord_.user("bob"), discord_.channel("general")
    root = await discord_.send(bob, general, "The roof leaks.")
    steering = await discord_.thread(bob, root, "steered like its channel")
    other = await discord_.send(bob, general, "The roof leaks.")
    collecting = await discord_.thread(bob, other, "collected")
    queueing = discord_.dm(alice)
    bot.configure(f'[conversations.channels]\n"{general.id}" = "steer"\n"{collecting.id}" = "collect"\n')
    script.default = answer
    await bot.start()

    asked = await interrupted(bot, discord_, script, steering, 0)
    await bot.said(steering, "Answer to three")
    await all_closed(bot)
    assert ["📨" in message.reactions for message in asked] == [False, True, True]
    assert user_texts(model.requests[-1]) == ["one", "two", "three"]
    assert len(model.requests) == 2

    asked = await interrupted(bot, discord_, script, collecting, 3)
    await bot.said(collecting, "Answer to two and three")
    await all_closed(bot)
    assert user_texts(model.requests[-1]) == ["one", "two\n\nthree"]
    assert [m.content for m in answers(discord_, collecting)] == ["Answer to one", "Answer to two and three"]
    assert [m.reference.message_id for m in answers(discord_, collecting)] == [asked[0].id, asked[2].id]

    await interrupted(bot, discord_, script, queueing, 6)
    await bot.said(queueing, "Answer to three")
    await all_closed(bot)
    assert [m.content for m in answers(discord_, queueing)] == ["Answer to one", "Answer to two", "Answer to three"]
    assert outcomes(bot) == [None, "steered", "steered", None, None, "collected", None, None, None]


# Of each way: what the thread holds in the end, and which answers stand in the channel.
EXPECTED = {
    "queue": (["one", "two", "three"], ["one", "two", "three"]),
    "collect": (["one", "two\n\nthree"], ["one", "two and three"]),
    "steer": (["one", "two", "three"], ["three"]),
}


MOMENTS = ["while they wait", "while the model reads them", "behind the last words"]

# Each way and each moment once in every run of the suite, all of them together in the long one.
OFTEN = list(zip(EXPECTED, MOMENTS, strict=True))
KILLS = [pytest.param(*one, marks=() if one in OFTEN else LONG) for one in product(EXPECTED, MOMENTS)]


@pytest.mark.parametrize(("mode", "moment"), KILLS)
async def test_killed_in_the_middle_each_message_is_answered_once(bot, discord_, script, model, mode, moment):
    """Slow to write, so that the last words are on the screen before they are saved."""
    bot.program = [SLOW_BOT, "run"]
    bot.configure(f'[conversations]\nwhile_running = "{mode}"\n')
    alice, general = discord_.user("alice"), discord_.channel("general")
    held, answered = EXPECTED[mode]
    script.then(call("list_notes"), text="I look first.")
    begun = script.hold()
    script.default = answer
    await bot.start()
    await discord_.send(alice, general, bot.mention("one"))
    await begun.reached
    for text in ("two", "three"):
        await discord_.send(alice, general, bot.mention(text))
    await claimed(bot, 3)
    if moment == "while they wait":
        script.then(call("list_notes"), text="I look first.")
    elif moment == "while the model reads them":
        for _ in answered[1:]:
            script.hold().release()
        reading = script.hold()
        begun.release()
        await reading.reached
    else:
        begun.release()
        await bot.said(general, f"Answer to {answered[-1]}")
    await bot.kill()
    await bot.start()
    await all_closed(bot)
    script.when(lambda request: "thank you" in request.last_user_text, say(THANKS))
    await discord_.send(alice, general, bot.mention("thank you"))
    await bot.said(general, THANKS)

    assert user_texts(model.requests[-1]) == [*held, "thank you"]
    assert [m.content for m in answers(discord_, general)] == [f"Answer to {words}" for words in answered]
    assert len(bot.shown(general, "I look first.")) == 1
