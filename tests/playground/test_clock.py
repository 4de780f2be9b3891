"""The local Discord's time: set forward, held, and slept by."""

import asyncio
import datetime as dt
import time

from playground import Clock


def test_clock_goes_with_the_machine_unless_it_is_set_forward():
    clock = Clock(offset=-3600)
    behind = time.time() - clock()
    clock.advance(3600)

    assert 3599 < behind < 3601
    assert abs(time.time() - clock()) < 1
    assert abs(clock.now() - dt.datetime.now(dt.UTC)) < dt.timedelta(seconds=1)


def test_held_clock_stands_still_and_goes_on_from_there():
    clock = Clock()
    clock.hold()
    before = clock()
    started = time.time()
    while time.time() == started:
        pass
    held = clock()
    clock.advance(10)
    ahead = clock()
    clock.release()

    assert held == before
    assert ahead == before + 10
    assert ahead <= clock() < ahead + 1


async def test_sleeper_wakes_when_the_clock_is_set_forward():
    clock = Clock()
    sleeper = asyncio.create_task(clock.sleep(3600))
    await asyncio.sleep(0)
    clock.advance(3599)
    await asyncio.sleep(0)
    early = sleeper.done()
    clock.advance(1)

    async with asyncio.timeout(5):
        await sleeper
    assert not early


async def test_sleeper_wakes_by_itself():
    clock = Clock()
    async with asyncio.timeout(5):
        await clock.sleep(0.01)
