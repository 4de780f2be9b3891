"""`clew run` with a lease of seconds, which stands still (SIGSTOP) at one moment until somebody lets it go on.

PAUSE is "before:post" or "after:tool_start", say: the process that comes there first writes its process id into the
file that PAUSED names, and stops; nobody stops a second time. Without PAUSE nobody stops by itself.
"""

import os
import signal
from contextlib import asynccontextmanager

from discord.http import HTTPClient
from psycopg.pq import TransactionStatus

import checkpoints.claims
from checkpoints.postgres_saver import PostgresThreadSaver
from checkpoints.tool_runs import ToolRuns
from clew.cli import main
from discord_adapter.outbox import Outbox

# In place of half a minute.
checkpoints.claims.LEASE = 3.0

STEPS = {
    "post": (HTTPClient, "send_message"),
    # Not later: a request that is with the network already goes out when the process wakes up, whatever it knows then.
    "edit": (Outbox, "edit"),
    "checkpoint": (PostgresThreadSaver, "aput"),
    "transaction": (PostgresThreadSaver, "_cursor"),
    "tool_start": (ToolRuns, "start"),
    "tool_end": (ToolRuns, "finish"),
}


def pause():
    try:
        file = os.open(os.environ["PAUSED"], os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    except FileExistsError:
        return
    os.write(file, str(os.getpid()).encode())
    os.close(file)
    os.kill(os.getpid(), signal.SIGSTOP)


def pausing(method, when):
    async def step(*arguments, **named):
        if when == "before":
            pause()
        done = await method(*arguments, **named)
        if when == "after":
            pause()
        return done

    return step


def pausing_in(begun):
    """Stand still in the middle of a transaction of the saver, when the fence has been seen to stand."""

    @asynccontextmanager
    async def cursor(self, *, pipeline=False):
        async with begun(self, pipeline=pipeline) as opened:
            if opened.connection.info.transaction_status == TransactionStatus.INTRANS:
                pause()
            yield opened

    return cursor


if moment := os.environ.get("PAUSE"):
    when, _, name = moment.partition(":")
    owner, method = STEPS[name]
    paused = pausing_in(getattr(owner, method)) if when == "in" else pausing(getattr(owner, method), when)
    setattr(owner, method, paused)

main()
