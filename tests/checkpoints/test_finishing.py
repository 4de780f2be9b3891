"""Work that comes to its end when whoever asked for it is cancelled."""

import asyncio
import gc

import pytest
from structlog.testing import capture_logs

from checkpoints.finishing import to_its_end


async def _cancelled(work, patience=60.0, times=2):
    task = asyncio.create_task(to_its_end(work, patience))
    await asyncio.sleep(0.01)
    for _ in range(times):
        task.cancel()
        await asyncio.sleep(0.01)
    await asyncio.wait({task}, timeout=5)
    assert task.cancelled()


async def test_cancelled_again_and_again_it_waits_for_the_end():
    done = []

    async def work():
        await asyncio.sleep(0.2)
        done.append(True)

    await _cancelled(work())
    assert done


async def test_who_is_cancelled_waits_no_longer_than_said_and_the_work_goes_on():
    done = asyncio.Event()

    async def work():
        await asyncio.sleep(0.3)
        done.set()

    await _cancelled(work(), patience=0.05)
    assert not done.is_set()
    async with asyncio.timeout(5):
        await done.wait()


@pytest.mark.parametrize("patience", [0.0, 60.0])
async def test_failure_that_nobody_waits_for_is_one_event(patience):
    complaints = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))

    async def work():
        await asyncio.sleep(0.1)
        raise RuntimeError("Session is closed")

    with capture_logs() as logs:
        await _cancelled(work(), patience)
        await asyncio.sleep(0.2)
        gc.collect()
    assert [(one["event"], one["error"]) for one in logs] == [("failed_unheard", "Session is closed")]
    assert complaints == []


async def test_what_it_gives_or_raises_is_given_and_raised():
    async def gives():
        return 7

    async def fails():
        raise ValueError("no")

    assert await to_its_end(gives()) == 7
    with pytest.raises(ValueError, match="no"):
        await to_its_end(fails())
