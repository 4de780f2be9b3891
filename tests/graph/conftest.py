"""The engine with all its real parts: graph, SQLite, journal, tools with a policy, and a scripted model endpoint."""

import asyncio
import datetime as dt
import time
from collections import defaultdict
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from checkpoints.cards import Decision
from checkpoints.claims import Claims
from checkpoints.database import open_database
from checkpoints.inbox import InboxState
from checkpoints.journal import Journal
from checkpoints.keys import Conversation
from checkpoints.saver import open_saver
from graph.approval_settings import ApprovalSettings
from graph.branching import Branching
from graph.build import build
from graph.deciding import Answer, Person, Rules
from graph.granted import Granted
from graph.images import DataUrls
from graph.llm import Model
from graph.model_settings import ModelSettings
from graph.rates import CallRates, LimitSettings, Rates
from graph.retrying import Retrying
from graph.running import config_of
from graph.state import ConversationContext
from graph.tokens import counter_for
from graph.toolbox import JournaledToolbox
from graph.turn import Turn
from graph.turns import TurnEngine
from graph.window import WindowOnDemand
from playground.model import Scripted
from tests.databases import postgres_server
from tests.graph.memory_surface import MemorySurface
from tests.marks import MarksTakenOut
from tools.catalog import Catalog
from tools.policy import Policy, PolicySettings
from tools.tool import Hints, Origin, Tool

HERE = Conversation(1, 2, 3)
WHOLE_NUMBER = {"type": "object", "properties": {"x": {"type": "integer"}}, "additionalProperties": False}


class Tools:
    """`look` runs by itself, `wipe` asks; both write down that they ran. A test may hold one or let it fail."""

    def __init__(self):
        self.ran = []
        self.received = []
        self.schema = WHOLE_NUMBER
        self.began = defaultdict(asyncio.Event)
        self.held = {}
        self.results = {}
        self.rules = {}
        self.server = "clew"
        self.others = []

    def catalog(self):
        return Catalog(
            lambda: [self._tool("look", read_only=True), self._tool("wipe", read_only=False)], lambda: self.others
        )

    def moved_to(self, server):
        """From now on another server has the tools of these names."""
        self.server = server

    def also_on(self, server):
        """From now on another server has tools of these names as well."""
        self.others = [replace(tool, server=server) for tool in self.catalog().tools()]

    def policy(self):
        return Policy(PolicySettings(self.rules))

    def _tool(self, name, *, read_only):
        async def run(arguments, _origin):
            self.ran.append((name, arguments.get("x")))
            self.received.append(arguments)
            self.began[name].set()
            if name in self.held:
                await self.held[name].wait()
            result = self.results.get(name, f"{name} {arguments.get('x')} done")
            if isinstance(result, Exception):
                raise result
            return result

        hints = Hints(read_only=read_only, open_world=False)
        return Tool(name, f"does {name}", self.schema, self.server, hints, run)


class Program:
    """One run of the program: an engine over the database. Another one over the same database comes after it."""

    def __init__(self, stand, owner="test"):
        self.stand = stand
        self.owner = owner
        self.surface = MemorySurface()
        self._stack = AsyncExitStack()

    async def __aenter__(self):
        stand = self.stand
        self.claims = await self._stack.enter_async_context(Claims(stand.database, self.owner))
        self.journal = Journal(stand.database, stand.journal.now, claims=self.claims)
        self.saver = await self._stack.enter_async_context(open_saver(stand.database.place, self.claims))
        self.graph = build(self.saver)
        self.engine = TurnEngine(
            self.graph,
            self.journal,
            self,
            self.surface,
            stand.inputs,
            claims=self.claims,
            conversations=stand.conversations,
            rates=Rates(stand.journal.counts, stand.limits),
            rules=Rules(stand.approvals),
            retry_after=0.05,
            sweep_every=stand.sweep_every,
        )
        await self._stack.enter_async_context(self.engine)
        self.branching = Branching(self.engine, self.graph, self.journal, self.saver)
        return self

    async def __aexit__(self, *error):
        await self._stack.aclose()

    async def context(self, turn, thread_id, closing):
        """The context of a run (the engine's `Contexts`)."""
        stand = self.stand
        toolbox = JournaledToolbox(
            stand.tools.catalog(),
            stand.tools.policy(),
            self.journal.tool_runs,
            thread_id=thread_id,
            turn_key=turn.key,
            origin=Origin(1, turn.channel_id, turn.user_id),
            granted=Granted(await self.journal.grants.of(turn.conversation), stand.journal.now, Rules(stand.approvals)),
            rates=CallRates(stand.journal.counts, stand.limits, stand.now),
        )
        return ConversationContext(
            turn.key,
            "be nice",
            stand.model,
            stand.window,
            DataUrls(stand.journal.blobs),
            toolbox,
            stand.step_limit,
            closing,
        )

    async def ask(self, number, text="hello", conversation=HERE):
        return await self.engine.accept(turn(number, text, conversation))

    async def answered(self, number, segment=0):
        """Wait until a text of a turn is whole; give it."""
        key = (f"m:{number}:0", segment)
        await self.surface.until(lambda: key in self.surface.texts)
        return self.surface.texts[key]

    async def told(self, number, part="closing"):
        """Wait until a sentence of ours was said in a turn; give it."""
        key = (f"m:{number}:0", part)
        await self.surface.until(lambda: key in self.surface.said)
        return self.surface.said[key]

    async def cards(self, count):
        """Wait for so many cards; give their keys in the order they were shown."""
        await self.surface.until(lambda: len(self.surface.cards) >= count)
        assert len(self.surface.cards) == count
        return list(self.surface.cards)

    async def approve(self, card, user=3):
        return await self._decided(card, Decision.APPROVED, user)

    async def refuse(self, card, user=3):
        return await self._decided(card, Decision.REFUSED, user)

    async def _decided(self, card, decision, user):
        """The card that was decided by this; None when it was not."""
        outcome = await self.engine.decide(card, decision, Person(user))
        return outcome.approval if outcome.answer is Answer.DECIDED else None

    async def closed(self, number):
        """Wait until a turn is closed in the journal; the engine says nothing after that."""
        async with asyncio.timeout(10):
            while True:
                self.surface.changed.clear()
                row = await self.stand.journal.inbox.get(f"m:{number}:0")
                if row and row.state == InboxState.CLOSED:
                    return
                await self.surface.changed.wait()

    async def state(self, thread_id=None):
        thread_id = thread_id or (await self.stand.journal.branches.current(HERE)).thread_id
        return await self.graph.aget_state(config_of(thread_id))

    async def messages(self, thread_id=None):
        return (await self.state(thread_id)).values["messages"]


class Stand:
    """What outlives a program: database, endpoint, the tools' effects."""

    def __init__(self, database, server, script):
        self.database = database
        self.late = dt.timedelta()
        self.journal = Journal(database, lambda: dt.datetime.now(dt.UTC) + self.late)
        self.server = server
        self.script = script
        self.tools = Tools()
        self.approvals = ApprovalSettings()
        self.sweep_every = 3600
        self.step_limit = 5
        self.inputs = None
        self.conversations = None
        self.limits = LimitSettings()
        self.now = lambda: datetime.now(UTC)
        self.on_wait = _passes_at_once
        self.models = []

    async def prepare(self, now=time.time, **settings):
        values = {"api_base": self.server.base_url, "name": "scripted", "timeout": 10} | settings
        found = ModelSettings(**values)
        self.waits = []
        retrying = Retrying(found.retries, found.retry_seconds, clock=lambda: sum(self.waits), sleep=self._wait)
        self.model = Model(found, retrying=retrying, now=now)
        self.models.append(self.model)
        self.window = WindowOnDemand(lambda: counter_for("scripted"))

    async def _wait(self, seconds):
        """What would be waited before a repetition is noted, and passes at once."""
        self.waits.append(seconds)
        await self.on_wait(seconds)

    def program(self, owner="test"):
        """One run of the program; the same owner again is the same process, started anew."""
        return Program(self, owner)

    def sent(self, number=-1):
        """The roles and texts of a request, without the system prompt."""
        return [(one["role"], one.get("content")) for one in self.server.requests[number].messages[1:]]


async def _passes_at_once(_seconds):
    pass


def turn(number, text="hello", conversation=HERE):
    return Turn(f"m:{number}:0", conversation, 3, conversation.channel_id, text)


@pytest.fixture
def script():
    return Scripted()


@pytest.fixture
async def server(script):
    """The endpoint; that it was never sent a call without its answer holds in every test."""
    async with MarksTakenOut(script) as running:
        yield running
    for request in running.requests:
        called = [call["id"] for one in request.messages for call in one.get("tool_calls") or []]
        answered = [one["tool_call_id"] for one in request.messages if one["role"] == "tool"]
        assert sorted(called) == sorted(answered), request.messages


@pytest.fixture(scope="module")
def postgres():
    with postgres_server() as running:
        yield running


@asynccontextmanager
async def stand_on(url, server, script):
    """What outlives programs, on a database of its own."""
    database = open_database(url)
    await database.upgrade()
    stand = Stand(database, server, script)
    await stand.prepare()
    yield stand
    for model in stand.models:
        await model.aclose()
    await database.close()


@pytest.fixture
async def stand(tmp_path, server, script):
    async with stand_on(f"sqlite:///{tmp_path / 'clew.db'}", server, script) as stand:
        yield stand


@pytest.fixture
async def program(stand):
    """Programs over the same database, one after the other; the former one is cut off in whatever it does."""
    running = []

    async def begin():
        for former in running:
            await former.engine.drain(0)
        fresh = stand.program()
        await fresh.__aenter__()
        running.append(fresh)
        await fresh.engine.recover()
        return fresh

    yield begin
    for one in reversed(running):
        await one.__aexit__(None, None, None)


@pytest.fixture
async def clew(stand):
    async with stand.program() as program:
        yield program
