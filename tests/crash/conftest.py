"""The bot of the crash harness, on each of the two databases."""

import os
import random
from contextlib import asynccontextmanager
from functools import partial

import pytest

from playground import GatewaySettings, LocalDiscord
from playground.model import ModelServer, Scripted
from tests.crash.harness import Harness, Plan
from tests.crash.talk import answer
from tests.databases import Peek, new_database, postgres_server, sqlite_url
from tests.end_to_end.conftest import Bot, unforeseen


@pytest.fixture(scope="module")
def postgres():
    with postgres_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "sqlite":
        return sqlite_url(tmp_path)
    return new_database(request.getfixturevalue("postgres"))


@pytest.fixture
def seed():
    """What all chances come from: CLEW_CRASH_SEED, or another one each time."""
    seed = int(os.environ.get("CLEW_CRASH_SEED", random.SystemRandom().randrange(10**6)))
    print(f"CLEW_CRASH_SEED={seed}")
    return seed


@pytest.fixture
def turns():
    """How many turns a run has: CLEW_CRASH_TURNS, or few."""
    return int(os.environ.get("CLEW_CRASH_TURNS", "15"))


@asynccontextmanager
async def harness_of(home, url, plan):
    """People, a model that answers by rules, and a bot, not started yet."""
    script = Scripted()
    script.when(lambda _: True, answer)
    # A lost connection is seen soon.
    async with LocalDiscord(gateway=GatewaySettings(heartbeat_interval=2.0)) as discord_, ModelServer(script) as model:
        bot = Bot(home, discord_, model)
        bot.environment["CLEW_DATABASE_URL"] = url
        try:
            yield Harness(bot, Peek(url), plan)
        finally:
            if bot.process and bot.process.returncode is None:
                await bot.kill()
            if (home / "log").exists():
                print(bot.log)


@pytest.fixture
def crash(url, crash_on):
    """Run the harness on each database; a plan's fields can be given. It is looked at in the end."""
    return partial(crash_on, url)


@pytest.fixture
def crash_on(tmp_path, turns, seed):
    """Run the harness on a database."""

    async def run(url, **changes):
        plan = Plan(**{"turns": turns, "seed": seed, **changes})
        async with harness_of(tmp_path, url, plan) as harness:
            await harness.run()
            print(harness.summary())
            findings = harness.findings()
            assert not findings, "\n".join([f"CLEW_CRASH_SEED={seed}", harness.summary(), *findings])
            assert not unforeseen(harness.bot.log)
            return harness

    return run
