"""Two processes on one PostgreSQL, both hearing everything; one stands still past its lease in the middle of a turn.

The other one goes on with the turn, and when the first one wakes up it finds that nothing is its own any more.
"""

import asyncio
import signal
from pathlib import Path

import pytest
import pytest_asyncio

from playground import LocalDiscord
from playground.model import Gate, ModelServer, Reply, Scripted, call, say
from tests.crash.clicking import RUN, RUN_AGAIN, Clicker
from tests.databases import Peek, new_database, postgres_server
from tests.end_to_end.conftest import Bot, checked

pytestmark = [pytest.mark.timeout(180)]

PAUSING_BOT = Path(__file__).with_name("pausing_bot.py")

FIRST = "This is how the process began that stood still for a while, and then it went on to its end."
SECOND = "This is what the other one said."
THANKS = "You are welcome."


@pytest.fixture(scope="module")
def postgres():
    with postgres_server() as server:
        yield server


class Pair:
    """Two bots of one token."""

    def __init__(self, home, discord_, model, script, url):
        self.discord, self.script, self.peek = discord_, script, Peek(url)
        self.channel, self.alice = discord_.channel("general"), discord_.user("alice")
        self.paused = home / "paused"
        self.bots = []
        for name in ("one", "other"):
            (home / name).mkdir()
            bot = Bot(home / name, discord_, model)
            bot.program = [PAUSING_BOT, "run"]
            bot.environment |= {"CLEW_DATABASE_URL": url, "CLEW_OWNER": name, "PAUSED": str(self.paused)}
            bot.configure('[tools.policy]\n"slow_note" = "auto"\n')
            self.bots.append(bot)
        one, other = self.bots
        # What either runs is counted in one place.
        other.notes, other.counted = one.notes, one.counted
        other.configure_mcp(notes=one.notes_server)

    async def start(self, pause=None):
        for bot in self.bots:
            if pause:
                bot.environment["PAUSE"] = pause
        await asyncio.gather(*(bot.start() for bot in self.bots))
        await self.discord.wait_until(lambda: self.discord.identifies == len(self.bots), timeout=40)

    async def ask(self, words):
        return await self.discord.send(self.alice, self.channel, self.bots[0].mention(words))

    async def said(self, words):
        return await self.bots[0].said(self.channel, words, 40)

    async def stands_still(self):
        """Wait until one of the two stands still; which."""
        await looked_at(lambda: self.paused.exists() and self.paused.read_text())
        return next(bot for bot in self.bots if str(bot.process.pid) == self.paused.read_text())

    async def holder(self):
        """Who works on the turn."""
        held = "SELECT owner FROM claims WHERE owner IS NOT NULL"
        await looked_at(lambda: self.peek.rows(held))
        owner = self.peek.rows(held)[0]["owner"]
        return next(bot for bot in self.bots if bot.environment["CLEW_OWNER"] == owner)

    async def wakes_up(self, bot):
        """Let a process that stood still go on, until it has seen that it lost its claim."""
        bot.process.send_signal(signal.SIGCONT)
        await looked_at(lambda: '"claim_lost"' in bot.log)

    def posts(self):
        return sum(request.method == "POST" and "messages" in request.route for request in self.discord.requests)

    async def ends_with(self, *texts):
        """Say that this and nothing else stands in the channel, now and after one more turn."""
        self.script.when(lambda request: request.last_user_text == "thank you", say(THANKS))
        await self.ask("thank you")
        await self.said(THANKS)
        ours = [m.content for m in self.discord.messages(self.channel) if m.author.id == self.discord.bot.id]
        assert [text for text in ours if not text.startswith("-# ")] == [*texts, THANKS]
        await looked_at(lambda: not self.peek.open_rows())


async def looked_at(condition):
    """Wait for what other processes do, of which nobody tells us."""
    async with asyncio.timeout(40):
        while not condition():
            await asyncio.sleep(0.05)


@pytest_asyncio.fixture
async def pair(tmp_path, postgres):
    script = Scripted()
    async with LocalDiscord() as discord_, ModelServer(script) as model:
        pair = Pair(tmp_path, discord_, model, script, new_database(postgres))
        one, other = pair.bots
        try:
            with checked(one), checked(other):
                yield pair
        finally:
            for bot in pair.bots:
                if bot.process and bot.process.returncode is None:
                    await bot.kill()


async def test_process_that_stood_still_while_text_streamed_does_not_overwrite_the_answer(pair):
    gate = Gate()
    pair.script.then(Reply(FIRST, gate=gate))
    pair.script.then(say(SECOND))
    await pair.start()
    await pair.ask("explain it")
    await pair.said("This is how")
    sleeper = await pair.holder()
    sleeper.process.send_signal(signal.SIGSTOP)
    await pair.said(SECOND)
    gate.release()
    await pair.wakes_up(sleeper)
    await pair.ends_with(SECOND)


@pytest.mark.parametrize("moment", ["before:post", "before:edit", "before:checkpoint", "in:transaction"])
async def test_process_that_stood_still_at_a_step_writes_and_shows_nothing_any_more(pair, moment):
    answers = iter([Reply(FIRST, chunks=2, delay=0.5)])
    pair.script.when(
        lambda request: request.last_user_text == "explain it", lambda _: next(answers, Reply(SECOND, chunks=1))
    )
    await pair.start(moment)
    await pair.ask("explain it")
    sleeper = await pair.stands_still()
    text = await last_words(pair)
    await pair.wakes_up(sleeper)
    await pair.ends_with(text)


async def last_words(pair):
    """What the one who goes on says: the answer that the first one got, where that was saved, else its own."""
    await looked_at(lambda: not pair.peek.open_rows())
    return pair.discord.messages(pair.channel)[-1].content


async def test_tool_of_a_process_that_stood_still_runs_once(pair):
    await _runs_once(pair, pause=None)


@pytest.mark.parametrize("moment", ["before:tool_start", "after:tool_start", "before:tool_end"])
async def test_process_that_stood_still_around_a_tool_does_not_run_it_once_more(pair, moment):
    await _runs_once(pair, pause=moment)


async def _runs_once(pair, pause):
    """A tool whose process stands still: it ran once, unless a person who was asked said that it should run again."""
    pair.script.when(lambda r: r.messages[-1]["role"] == "tool", say(SECOND))
    pair.script.when(lambda r: r.last_user_text == "write", call("slow_note", name="note", seconds=1.5))
    said = []

    def decide(_channel, _message, in_doubt):
        said.append(RUN_AGAIN if in_doubt else RUN)
        return said[-1]

    async with Clicker(pair.discord, lambda *_: pair.alice, decide).clicking():
        await pair.start(pause)
        await pair.ask("write")
        if pause:
            sleeper = await pair.stands_still()
        else:
            sleeper = await pair.holder()
            await pair.bots[0].wait_for_run("slow_note")
            sleeper.process.send_signal(signal.SIGSTOP)
        await pair.said(SECOND)
        runs = pair.bots[0].runs("slow_note")
        await pair.wakes_up(sleeper)
        await pair.ends_with(*[text for text in texts(pair) if text != THANKS])
    assert texts(pair).count(SECOND) == 1
    # What it had begun ends; it begins nothing.
    assert pair.bots[0].runs("slow_note") == runs <= 1 + said.count(RUN_AGAIN)


def texts(pair):
    ours = [m.content for m in pair.discord.messages(pair.channel) if m.author.id == pair.discord.bot.id]
    return [text for text in ours if not text.startswith("-# ")]


async def test_card_of_a_process_that_stood_still_is_posted_and_followed_once(pair):
    pair.script.when(lambda r: r.messages[-1]["role"] == "tool", say(SECOND))
    pair.script.when(lambda r: r.last_user_text == "write", call("write_note", name="note", text="x"))
    await pair.start("before:post")
    await pair.ask("write")
    sleeper = await pair.stands_still()
    card = await pair.bots[0].card(pair.channel, "write_note", 40)
    # Its request goes out now, and is answered with the card that stands there.
    posts = pair.posts()
    sleeper.process.send_signal(signal.SIGCONT)
    await pair.discord.wait_until(lambda: pair.posts() > posts)
    await pair.discord.react(pair.alice, card, "✅")
    await pair.said(SECOND)
    await pair.ends_with(card.content, SECOND)
    assert pair.bots[0].runs("write_note") == 1
