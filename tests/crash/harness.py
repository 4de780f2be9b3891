"""Ten people talk with a bot that is killed again and again, and what must hold when it has come to rest."""

import asyncio
import itertools
import json
import random
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.crash.clicking import GIVE_UP, REFUSE, RUN, RUN_AGAIN, TAKE_AS_DONE, Clicker, is_open, words_of
from tests.crash.talk import OF_TURN, SENTENCES, STEPS, Task

SHAKY_BOT = Path(__file__).with_name("shaky_bot.py")

PEOPLE, CHANNELS = 10, 4

# So many of them also write direct messages.
PRIVATE = 3

# People go on asking until the bot was killed so often: chance can leave a short run without a single kill.
KILLS = 3

# A slow tool runs without asking, so that a kill finds one at work more often; people ask as fast as it goes.
POLICY = '[limits]\nuser_per_minute = 0\n[tools.policy]\n"slow_note" = "auto"\n'


@dataclass
class Asked:
    """A turn that somebody asked for."""

    task: Task
    person: object
    channel: object
    message: object


@dataclass
class Plan:
    """How a run of the harness goes.

    Attributes:
        turns: How many turns are asked for at least.
        seed: Of all that is chosen.
        kills: Whether the bot is killed all the time.
        at_once: How many turns are under way at most.
        trouble: What else goes wrong, a coroutine function of the harness that runs until it is cancelled.
        shaky: How often a statement on the database fails; 0.05 is one in twenty.
    """

    turns: int
    seed: int
    kills: bool = True
    at_once: int = 6
    trouble: object = None
    shaky: float = 0.0


@dataclass
class Findings:
    """What does not hold in the end, one line each."""

    lines: list = field(default_factory=list)

    def check(self, holds, line):
        if not holds:
            self.lines.append(line)


class Harness:
    """The people, the bot and the one who kills it."""

    def __init__(self, bot, peek, plan):
        self.bot, self.discord, self.peek, self.plan = bot, bot.discord, peek, plan
        self.chance = random.Random(plan.seed)  # noqa: S311 - a run that can be repeated
        self.asked = []
        self._numbers = itertools.count()
        self.words = {}
        self.deaths = 0
        # The troubles that there were, by name.
        self.met = Counter()
        # Whether the database cannot be looked at now.
        self.away = False
        bot.configure(POLICY)
        if plan.shaky:
            bot.program, bot.environment["SHAKY"] = [SHAKY_BOT, "run"], str(plan.shaky)
        guild = next(iter(self.discord.guilds.values()))
        self.people = [self.discord.add_user(f"person-{number}") for number in range(PEOPLE)]
        for person in self.people:
            self.discord.add_member(guild, person)
        self.private = self.people[:PRIVATE]
        self.channels = [self.discord.add_channel(guild, f"place-{number}") for number in range(CHANNELS)]

    async def run(self):
        """Let it all happen, until nothing is left to be done."""
        clicker = Clicker(self.discord, self._decider_of, self._decide, self._delay)
        async with clicker.clicking():
            await self.bot.start()
            await self._say_hello_in_private()
            async with self._background():
                await self._ask_everything()
                await self._until(lambda: self._left() <= 2, 240 + 4 * self.plan.turns)
            if self.bot.process.returncode is not None or not self.discord.connected:
                await self.bot.restart() if self.bot.process.returncode is None else await self.bot.start()
            await self._until(lambda: not self._left(), 90)
            await self._until(lambda: not self.peek.unsettled(), 40)

    @asynccontextmanager
    async def _background(self):
        """What goes wrong meanwhile; where one of these tasks fails itself, all ends with that."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._kill_again_and_again())] if self.plan.kills else []
            if self.plan.trouble:
                tasks.append(group.create_task(self.plan.trouble(self)))
            yield
            for task in tasks:
                task.cancel()

    async def _ask_everything(self):
        while not self._enough():
            await self._until(lambda: self._left() < self.plan.at_once, 300)
            await self.ask()
            await asyncio.sleep(self.chance.uniform(0, 0.5))

    def _enough(self):
        """Whether as much was asked for, and went wrong, as the plan says."""
        killed = not self.plan.kills or self.deaths >= KILLS
        troubled = not self.plan.trouble or self.met
        return len(self.asked) >= self.plan.turns and killed and troubled

    async def _say_hello_in_private(self):
        """A channel of direct messages has to be known: Discord has no list of them (docs/guarantees.md)."""
        for person in self.private:
            await self.ask(self.discord.dm(person), person)
        await self._until(lambda: not self._left(), 60)

    async def ask(self, channel=None, person=None):
        """Let somebody ask for something somewhere, or in a certain channel."""
        person = person or self.chance.choice(self.people)
        private = [self.discord.dm(person)] if person in self.private else []
        place = channel or self.chance.choice([*self.channels, *private])
        task = Task(next(self._numbers), self.chance.choice(list(STEPS)))
        message = await self.discord.send(person, place, self.bot.mention(task.words))
        self.asked.append(Asked(task, person, place, message))

    async def _kill_again_and_again(self):
        while True:
            # Most of the time while it works, sometimes while it starts.
            await asyncio.sleep(self.chance.uniform(0.3, 10.0))
            if self.bot.process.returncode is None:
                await self.bot.kill()
            self.deaths += 1
            starting = asyncio.create_task(self._started())
            if self.chance.random() < 0.15:
                await asyncio.wait({starting}, timeout=self.chance.uniform(0.5, 3.0))
                if not starting.done():
                    starting.cancel()
                    await asyncio.wait({starting})
                    continue
            await starting

    async def _started(self):
        """Start the bot, as often as it takes: without a database it ends by itself."""
        while True:
            former = self.bot.process
            starting = asyncio.create_task(self.bot.start())
            try:
                while not starting.done():
                    await asyncio.wait({starting}, timeout=0.2)
                    if self.bot.process is not former and self.bot.process.returncode is not None:
                        break
                else:
                    return await starting
            except TimeoutError:
                # Discord failed for so long that nothing came of it.
                await self.bot.kill()
            finally:
                starting.cancel()
            await asyncio.sleep(1)

    # What is still to be done

    def _left(self):
        """How many turns are not closed, those that the bot has not heard of included."""
        closed = {row["key"] for row in self.peek.rows("SELECT key FROM inbox WHERE state = 'closed'")}
        return sum(key_of(asked) not in closed for asked in self.asked)

    async def _until(self, condition, seconds):
        try:
            async with asyncio.timeout(seconds):
                while self.away or not condition():
                    await asyncio.sleep(0.3)
        except TimeoutError:
            raise AssertionError(f"It does not come to rest: {self._state()}") from None

    def _state(self):
        rows = {row["key"]: row for row in self.peek.rows("SELECT key, state, dispatches, closing FROM inbox")}
        left = {asked.task.words: rows.get(key_of(asked), "never heard of") for asked in self.asked}
        left = {words: row for words, row in left.items() if row == "never heard of" or row["state"] != "closed"}
        return f"{left}; unsettled: {self.peek.unsettled()}; {self.summary()}"

    # What people decide

    def _decider_of(self, channel, message):
        return next(asked.person for asked in self.asked if asked.message.id == message.reference.message_id)

    def _decide(self, channel, message, in_doubt):
        choices = (RUN_AGAIN, TAKE_AS_DONE, GIVE_UP) if in_doubt else (RUN, RUN, REFUSE)
        word = random.Random(f"{self.plan.seed}/{words_of(message)}").choice(choices)  # noqa: S311 - as above
        if in_doubt and word == RUN_AGAIN:
            self.words[words_of(message)] = word
        return word

    def _delay(self):
        return self.chance.choice((0, 0, 0.5, 2.0))

    # What must hold in the end

    def findings(self):
        """Whatever is wrong when nothing is left to be done."""
        found = Findings()
        for asked in self.asked:
            self._look_at(asked, found)
        self._look_at_runs(found)
        for table, wrong in ORPHANS.items():
            found.check(not self.peek.rows(wrong), f"{table}: {self.peek.rows(wrong)}")
        for card in self._cards():
            found.check(not is_open(card), f"a card is still open: {words_of(card)!r}")
        found.lines += self.bot.unpaired()
        return found.lines

    def _messages(self, channel):
        return [one for one in self.discord.messages(channel) if one.author.id == self.discord.bot.id]

    def _cards(self):
        places = self.discord.channels.values()
        return [one for place in places for one in self._messages(place) if RUN in one.reactions]

    def _look_at(self, asked, found):
        """A turn: its texts, each once and exact, and its answer or one sentence."""
        number = asked.task.number
        ours = self._messages(asked.channel)
        said = [one.content for one in ours if str(number) in OF_TURN.findall(one.content)]
        sentences = [one.content for one in ours if answers(one, asked) and one.content.startswith(SENTENCES)]
        shown, wanted = (" ".join(" ".join(texts).split()) for texts in (said, asked.task.texts))
        if sentences:
            found.check(len(sentences) == 1, f"turn {number} ended with more than one sentence: {sentences}")
            # All of it may stand there, too: the process died before it could note that it was all.
            found.check(wanted.startswith(shown[:-1]), f"turn {number} says {said} and {sentences}")
        else:
            found.check(shown == wanted, f"turn {number} ({asked.task.kind}) reads {said}, not {asked.task.texts}")

    def _look_at_runs(self, found):
        """The tools: each call with effects at most once, or once more where somebody said so."""
        runs = Counter(self._runs())
        notes = [note for asked in self.asked for note in asked.task.notes]
        for note in notes:
            again = sum(note in words for words in self.words)
            found.check(runs[note] <= 1 + again, f"{note} was written {runs[note]} times, {again} of them asked for")

    def _runs(self):
        lines = self.bot.counted.read_text().splitlines() if self.bot.counted.exists() else []
        for tool, arguments in (line.split(" ", 1) for line in lines):
            if tool in ("write_note", "slow_note"):
                yield json.loads(arguments)["name"]

    def summary(self):
        """What happened, in one line."""
        kinds = Counter(asked.task.kind for asked in self.asked)
        ended = self.peek.rows("SELECT outcome, count(*) AS n FROM turns GROUP BY outcome")
        decided = self.peek.rows("SELECT kind, decision, count(*) AS n FROM approvals GROUP BY kind, decision")
        return (
            f"{self.deaths} kills; {dict(self.met)}; {dict(kinds)}; {[tuple(r.values()) for r in (*ended, *decided)]}"
        )


# What no row may be like when every turn is closed.
ORPHANS = {
    "a turn that is open": "SELECT key, state FROM inbox WHERE state != 'closed'",
    "a card that is open": "SELECT id, turn_key FROM approvals WHERE decision IS NULL",
    "a card that does not show its decision": "SELECT id, turn_key FROM approvals WHERE NOT settled",
    "a turn without an end": "SELECT key FROM turns WHERE outcome IS NULL",
    "a message that was planned and never posted": (
        "SELECT turn_key, part FROM deliveries JOIN turns ON key = turn_key "
        "WHERE message_id IS NULL AND outcome = 'answered' AND part != 'behind'"
    ),
}


def key_of(asked):
    return f"message:{asked.message.id}:0"


def answers(message, asked):
    return message.reference is not None and message.reference.message_id == asked.message.id
