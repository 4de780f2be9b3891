"""`clew run` whose database fails at one statement in some: before it is carried out, or behind it, which nobody knows.

It does so from the moment when the bot begins to take up what was left; SHAKY says how often (0.05 is one in twenty).
"""

import os
import random
from contextlib import asynccontextmanager

from checkpoints.database import Database
from checkpoints.place import DatabaseAway
from checkpoints.postgres_saver import PostgresThreadSaver
from checkpoints.saver import ThreadSaver
from clew.cli import main
from discord_adapter.client import ClewClient
from graph.turns import TurnEngine

OFTEN = float(os.environ["SHAKY"])

chance = random.Random()  # noqa: S311 - trouble, no secret
shaking = []


def fail(when):
    if shaking and chance.random() < OFTEN / 2:
        raise DatabaseAway(f"gone {when} it")


def failing(method):
    async def call(*arguments, **named):
        fail("before")
        done = await method(*arguments, **named)
        fail("behind")
        return done

    return call


def failing_in(block):
    @asynccontextmanager
    async def opened(self):
        fail("before")
        async with block(self) as connection:
            yield connection
        fail("behind")

    return opened


async def started(self, began=ClewClient.setup_hook):
    shaking.append(True)
    await began(self)


Database.read = failing_in(Database.read)
Database.write = failing_in(Database.write)
for saver in (ThreadSaver, PostgresThreadSaver):
    for name in ("aget_tuple", "aput", "aput_writes"):
        setattr(saver, name, failing(getattr(saver, name)))
ClewClient.setup_hook = started
# In place of 15 seconds.
TurnEngine.__init__.__kwdefaults__["retry_after"] = 1.0

main()
