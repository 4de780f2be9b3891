"""`clew run` with a saver that takes its time before and after each write, so that a kill falls between them."""

import asyncio

from checkpoints.saver import ThreadSaver
from clew.cli import main

SECONDS = 0.15


def slowed(write):
    async def slow(*arguments, **named):
        await asyncio.sleep(SECONDS)
        written = await write(*arguments, **named)
        await asyncio.sleep(SECONDS)
        return written

    return slow


ThreadSaver.aput = slowed(ThreadSaver.aput)
ThreadSaver.aput_writes = slowed(ThreadSaver.aput_writes)

main()
