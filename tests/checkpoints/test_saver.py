"""The saver against LangGraph's own conformance suite, and what we add to the stock one."""

import asyncio
import random
import sqlite3
from dataclasses import dataclass
from itertools import count

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.conformance import checkpointer_test, validate
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from checkpoints.database import open_database
from checkpoints.journal import Journal
from checkpoints.keys import Conversation
from checkpoints.place import DatabaseAway, place_of
from checkpoints.saver import open_saver

# The stock SQLite saver has none of these; the suite would only note that they are missing.
OPTIONAL = {"delete_for_runs", "copy_thread", "prune"}
BASE = ["put", "put_writes", "get_tuple", "list", "delete_thread"]


async def test_saver_passes_the_conformance_suite(tmp_path):
    numbers = count()

    @checkpointer_test(name="clew", skip_capabilities=OPTIONAL)
    async def saver():
        async with open_saver(place_of(f"sqlite:///{tmp_path}/{next(numbers)}.db")) as opened:
            yield opened

    report = await validate(saver)

    failures = [failure for result in report.results.values() for failure in result.failures]
    assert failures == []
    assert report.passed_all_base()
    assert all(report.results[name].tests_passed > 3 for name in BASE)


def _checkpoint(value):
    return {
        "v": 4,
        "id": "1f0a0000-0000-6000-8000-000000000001",
        "ts": "2025-01-01T00:00:00+00:00",
        "channel_values": {"messages": value},
        "channel_versions": {"messages": 1},
        "versions_seen": {},
        "updated_channels": None,
    }


CONFIG = {"configurable": {"thread_id": "1:2:3:0", "checkpoint_ns": ""}}


async def test_checkpoint_is_there_after_the_process_that_wrote_it(tmp_path):
    messages = [HumanMessage("hello", id="a"), AIMessage("hi", id="b", tool_calls=[])]
    async with open_saver(place_of(f"sqlite:///{tmp_path}/c.db")) as saver:
        await saver.aput(CONFIG, _checkpoint(messages), {}, {})
    async with open_saver(place_of(f"sqlite:///{tmp_path}/c.db")) as saver:
        found = await saver.aget_tuple(CONFIG)

    assert found.checkpoint["channel_values"]["messages"] == messages


@dataclass
class Intruder:
    """Not one of LangChain's types: what an import by name from the database would make."""

    word: str


async def test_foreign_type_in_the_database_makes_no_object(tmp_path):
    written = JsonPlusSerializer(allowed_msgpack_modules=True).dumps_typed([Intruder("x"), HumanMessage("hello")])
    assert isinstance(JsonPlusSerializer(allowed_msgpack_modules=True).loads_typed(written)[0], Intruder)
    async with open_saver(place_of(f"sqlite:///{tmp_path}/c.db")) as saver:
        first, second = saver.serde.loads_typed(written)

    assert not isinstance(first, Intruder)
    assert second == HumanMessage("hello")


async def test_saver_and_journal_share_one_file(tmp_path):
    database = open_database(f"sqlite:///{tmp_path / 'c.db'}")
    await database.upgrade()
    async with open_saver(database.place) as saver:
        await saver.aput(CONFIG, _checkpoint([]), {}, {})
        assert await Journal(database).inbox.claim("k", Conversation(1, 2, 3), {})
        await database.upgrade()
        assert await saver.aget_tuple(CONFIG)
    await database.close()


async def test_cancelled_checkpoint_leaves_no_lock_behind(database, journal, here):
    """A journal that finds a lock waits for ten seconds and fails."""
    rng = random.Random(2)  # noqa: S311 - the same ones every time
    async with open_saver(database.place) as saver:
        for number in range(60):
            put = asyncio.create_task(saver.aput(CONFIG, _checkpoint("x" * 1000), {}, {}))
            for _ in range(rng.randrange(40)):
                await asyncio.sleep(0)
            put.cancel()
            await asyncio.wait({put})
            async with asyncio.timeout(5):
                assert await journal.inbox.claim(f"k{number}", here, {})


@pytest.mark.parametrize("thread_id", ["1:2:3:1", "dm:2:3:0"])
async def test_deleting_a_thread_leaves_the_others(tmp_path, thread_id):
    other = {"configurable": {"thread_id": thread_id, "checkpoint_ns": ""}}
    async with open_saver(place_of(f"sqlite:///{tmp_path}/c.db")) as saver:
        for config in (CONFIG, other):
            await saver.aput(config, _checkpoint([]), {}, {})
        await saver.adelete_thread("1:2:3:0")

        assert await saver.aget_tuple(CONFIG) is None
        assert await saver.aget_tuple(other)


async def test_write_that_fails_leaves_no_transaction_open(tmp_path, monkeypatch):
    monkeypatch.setattr("checkpoints.saver.BUSY_TIMEOUT_MS", 50)
    path = tmp_path / "clew.db"
    async with open_saver(place_of(f"sqlite:///{path}")) as saver:
        await saver.aput(CONFIG, _checkpoint([]), {}, {})
        blocker = sqlite3.connect(path, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseAway, match="locked"):
            await saver.aput(CONFIG, _checkpoint([]), {}, {})
        blocker.execute("ROLLBACK")
        assert await saver.aget_tuple(CONFIG)
        blocker.execute("CREATE TABLE another (writer)")
        blocker.close()
        await saver.aput(CONFIG, _checkpoint([]), {}, {})
