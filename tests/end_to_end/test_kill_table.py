"""The kill table: a turn with an approval and a tool dies before and after each durable step, on both databases.

What each step is, and how the next start goes on behind it: docs/decisions/0020-durable-steps.md. The table is printed
(`pytest -s`).
"""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from playground import LocalDiscord
from playground.model import ModelServer, Reply, Scripted, call
from tests.crash.clicking import GIVE_UP, RUN, RUN_AGAIN, TAKE_AS_DONE, Clicker
from tests.databases import Peek, new_database, postgres_server, sqlite_url
from tests.end_to_end.conftest import Bot, checked

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]

KILLING_BOT = Path(__file__).with_name("killing_bot.py")

FIRST = "I shall write that down, and then I tell you how it went."
LAST = "That is all there is to say about what you wanted to have written down."

# Of a turn that says something, waits for a card, runs a tool and says the rest: each durable step in its order.
# The numbers count what is of one kind within a process.
PHASES = {
    "taken up": "claim:1 held:1 attempt:1 entered:1 checkpoint:1 writes:1 checkpoint:2",
    "first text": "planned.text:1 post:1 recorded.text:1 edit:1 writes:2 checkpoint:3",
    "asking": "writes:3 card_row:1 final.text:1 rest:1",
    "the card": "showing:1 planned.card:1 post:2 recorded.card:1 react:1 react:2 final.card:1 rest:2",
    "decided": "decision:1 edit:2 settled:1",
    "resumed": "attempt:2 writes:4 checkpoint:4",
    "the tool": "tool_start:1 planned.activity:1 post:3 recorded.activity:1 tool_end:1 edit:3 writes:5 checkpoint:5",
    "the answer": "planned.text:3 post:4 recorded.text:2 edit:4 writes:6 checkpoint:6",
    "closed": "final.activity:1 final.text:2 ended:1 close:1 released:1",
}
STEPS = [step for steps in PHASES.values() for step in steps.split()]

MOMENTS = [f"{when}:{step}" for step in STEPS for when in ("before", "after")]

# The event was handed to a process that died before it wrote anything: only looking for missed messages finds it.
UNCLAIMED = "before:claim:1"

# By turns, what a person says about a call in doubt.
WORDS_ON_DOUBT = (RUN_AGAIN, TAKE_AS_DONE, GIVE_UP)


@dataclass
class Row:
    """One row of the table: when the turn died, what was there then, and what became of it."""

    moment: str
    channel: object
    person: object
    in_doubt: bool = False
    runs_at_death: int = 0
    word: str = ""


@pytest.fixture(scope="module")
def postgres():
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(request, tmp_path_factory):
    home = tmp_path_factory.mktemp("killed")
    if request.param == "sqlite":
        return home, sqlite_url(home)
    return home, new_database(request.getfixturevalue("postgres"))


def is_edited(moment):
    """Whether a turn comes to its moment only where a text is posted before it is whole."""
    return ":edit:" in moment or ":recorded." in moment


def rule(request):
    """The model: what it was asked names the channel, and so does the note.

    Where what is seen of a turn has to be edited, text and tool take long enough for that.
    """
    name = request.last_user_text
    edited = is_edited(MOMENTS[int(name.partition("-")[2])])
    delay = 4 if edited else 0.1
    if request.messages[-1]["role"] == "tool":
        return Reply(LAST, chunks=2, delay=delay)
    note = call("slow_note", name=name, seconds=4) if edited else call("write_note", name=name, text="x")
    return Reply(FIRST, calls=(note,), chunks=2, delay=delay)


class Table:
    """The rows, and the bot that dies in all of them."""

    def __init__(self, bot, url):
        self.bot, self.discord, self.peek = bot, bot.discord, Peek(url)
        guild = next(iter(self.discord.guilds.values()))
        self.rows = {}
        for number, moment in enumerate(MOMENTS):
            person = self.discord.add_user(f"person-{number}")
            self.discord.add_member(guild, person)
            self.rows[moment] = Row(moment, self.discord.add_channel(guild, f"row-{number}"), person)
        self._row_in = {row.channel.id: row for row in self.rows.values()}

    def decide(self, channel, _message, in_doubt):
        """What the person of a row clicks on a card."""
        row = self._row_in.get(channel.id)
        if row is None or not in_doubt:
            return RUN
        return row.word

    async def fill(self):
        """Let every row die, and what is left of it be taken up."""
        clicker = Clicker(self.discord, lambda channel, _: self._row_in[channel.id].person, self.decide)
        async with clicker.clicking():
            last = self.rows[UNCLAIMED]
            # A claim that waits for ever lets nobody behind it claim: it comes when all others are dead, or at rest.
            await self.kill_in([row for row in self.rows.values() if row is not last])
            await self.kill_in([last])
            await self.start(())
            await self.at_rest(len(self.rows))

    async def kill_in(self, rows):
        """Let the process live until each of these rows came to its moment."""
        await self.start(rows)
        await self.at_rest()
        known = self.taken()
        # Those that are edited come when the others are at rest: among ninety turns at once a text is whole before its
        # turn to be posted has come.
        first = {str(row.channel.id) for row in rows if not is_edited(row.moment) and "claim" not in row.moment}
        for number, row in enumerate(sorted(rows, key=lambda row: ("claim" in row.moment, is_edited(row.moment)))):
            if is_edited(row.moment):
                await self.until(lambda: first <= self.dead())
            if "claim" in row.moment:
                # Nobody claims behind a claim that waits for ever; those before it may still be held for older ones.
                await self.until(lambda number=number: self.taken() >= known + number)
            await self.discord.send(row.person, row.channel, self.bot.mention(row.channel.name))
        try:
            await asyncio.wait_for(self.bot.process.wait(), 200)
        except TimeoutError:
            alive = [row.moment for row in rows if str(row.channel.id) not in self.dead()]
            raise AssertionError(f"These turns never came to their moments: {alive}") from None
        for row in rows:
            self.note_death(row)

    def dead(self):
        """The channels whose turns came to their moments."""
        file = self.bot.home / "dead"
        return set(file.read_text().split()) if file.exists() else set()

    def note_death(self, row):
        """Look at what is known of the call of a row whose process has just died."""
        started = self.peek.rows(
            "SELECT finished_at FROM tool_runs WHERE thread_id LIKE :thread", thread=f"%:{row.channel.id}:%"
        )
        row.in_doubt = [run["finished_at"] for run in started] == [None]
        row.runs_at_death = self.runs(row)
        row.word = WORDS_ON_DOUBT[MOMENTS.index(row.moment) % len(WORDS_ON_DOUBT)]

    async def start(self, rows):
        plan = self.bot.home / "plan"
        plan.write_text(json.dumps({str(row.channel.id): row.moment for row in rows}))
        self.bot.environment["KILLS"] = str(plan)
        await self.bot.start()

    async def at_rest(self, turns=0):
        """Wait until no turn is open, and so many have come in."""
        # In this order: what comes in between the two looks is open.
        await self.until(lambda: self.taken() >= turns and not self.peek.open_rows())

    def taken(self):
        """How many turns have come in."""
        return len(self.peek.rows("SELECT key FROM inbox"))

    async def until(self, condition):
        """Wait for what stands in the database."""
        async with asyncio.timeout(200):
            while not condition():
                await asyncio.sleep(0.1)

    def runs(self, row):
        """How often the note of a row was really written."""
        counted = self.bot.counted
        lines = counted.read_text().splitlines() if counted.exists() else []
        return sum(f'"{row.channel.name}"' in line and ".done" not in line for line in lines)

    def texts(self, row):
        """What the bot said in a row."""
        return [m.content for m in self.discord.messages(row.channel) if m.author.id == self.discord.bot.id]

    def print(self):
        for row in self.rows.values():
            outcome = "in doubt" if row.in_doubt else "known"
            print(f"{row.moment:28} {outcome:9} ran {self.runs(row)}  {' | '.join(map(short, self.texts(row)))}")


def short(text):
    return text.split("\n")[0][:34]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def table(database):
    home, url = database
    script = Scripted()
    script.when(lambda _: True, rule)
    async with LocalDiscord() as discord_, ModelServer(script) as model:
        bot = Bot(home, discord_, model)
        bot.environment["CLEW_DATABASE_URL"] = url
        bot.program = [KILLING_BOT, "run"]
        with checked(bot):
            try:
                table = Table(bot, url)
                await table.fill()
                yield table
                table.print()
            finally:
                if bot.process.returncode is None:
                    await bot.kill()


@pytest.mark.parametrize("moment", MOMENTS)
async def test_turn_that_died_there_ends_with_one_answer_one_card_and_one_run(table, moment):
    row = table.rows[moment]
    texts = table.texts(row)
    assert Counter(texts)[FIRST] == Counter(texts)[LAST] == 1
    # A tool that was asked about once more shows a line of its own behind that card.
    lines = [text for text in texts if text.startswith("-# ")]
    assert 1 <= len(lines) <= 1 + row.in_doubt
    cards = [text for text in texts if text.startswith("### ")]
    assert len(cards) == 1 + row.in_doubt
    assert sum("Approved" in text for text in cards) == 1
    assert len(texts) == len(cards) + len(lines) + 2
    # In the end the answer stands below everything else.
    assert texts[-1] == LAST
    if row.in_doubt:
        assert table.runs(row) == row.runs_at_death + (row.word == RUN_AGAIN)
    else:
        assert table.runs(row) == 1


async def test_nothing_is_left_open(table):
    assert table.peek.rows("SELECT * FROM inbox WHERE state != 'closed'") == []
    assert table.peek.rows("SELECT * FROM approvals WHERE decision IS NULL OR NOT settled") == []
    assert table.peek.rows("SELECT * FROM deliveries WHERE message_id IS NULL") == []
    assert len(table.peek.rows("SELECT * FROM inbox")) == len(MOMENTS)


async def test_every_durable_step_of_a_turn_is_in_the_table(table):
    """The row that died last has been through all of them in one process, but for what stands once only."""
    steps = (line.split(" ")[1] for line in (table.bot.home / "steps").read_text().splitlines())
    # A message that was found and came too is claimed twice; a card is settled by the look at each session as well.
    repeated = {f"{step}:2" for step in ("claim", "held", "released", "showing", "decision", "settled")}
    repeated |= {"planned.card:2", "planned.text:2"}
    assert {step for step in steps if step.endswith((":1", ":2"))} - repeated <= set(STEPS)
