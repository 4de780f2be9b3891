"""`clew run` with a saver that takes its time before and after each write, so that a kill falls between them.

STUCK_AT=3 lets it stand still for ever before its third checkpoint, when the results that belong to it are saved; it
makes a file `stuck` then.
"""

import asyncio
import itertools
import os
from pathlib import Path

from checkpoints.saver import ThreadSaver
from clew.cli import main

SECONDS = 0.15
STUCK_AT = int(os.environ.get("STUCK_AT", "0"))

numbers = itertools.count(1)


def slowed(write):
    async def slow(*arguments, **named):
        await asyncio.sleep(SECONDS)
        written = await write(*arguments, **named)
        await asyncio.sleep(SECONDS)
        return written

    return slow


def sticking(write):
    async def stick(*arguments, **named):
        if next(numbers) == STUCK_AT:
            Path("stuck").touch()
            await asyncio.Event().wait()
        return await write(*arguments, **named)

    return stick


if STUCK_AT:
    ThreadSaver.aput = sticking(ThreadSaver.aput)
else:
    ThreadSaver.aput = slowed(ThreadSaver.aput)
    ThreadSaver.aput_writes = slowed(ThreadSaver.aput_writes)

main()
