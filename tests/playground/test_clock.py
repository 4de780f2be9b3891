"""The local Discord's time: set forward, held, and slept by."""

import asyncio
import datetime as dt
import time

import discord

from playground import Clock, LocalDiscord


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


async def test_enforced_nonce_is_forgotten_after_minutes_of_this_clock(local, session, general):
    path = f"/api/v10/channels/{general.id}/messages"
    body = {"content": "once", "nonce": "n", "enforce_nonce": True}
    first = await (await session.post(path, json=body)).json()
    local.clock.advance(299)
    second = await (await session.post(path, json=body)).json()
    local.clock.advance(2)
    third = await (await session.post(path, json=body)).json()

    assert first["id"] == second["id"] != third["id"]
    assert len(local.messages(general)) == 2


async def test_clock_that_begins_behind_makes_messages_old_for_the_bot_too():
    async with LocalDiscord(clock=Clock(offset=-3600)) as server:
        alice, general = server.user("alice"), server.channel("general")
        message = await server.send(alice, general, "an hour ago")
        server.clock.advance(3600)

    made_at = discord.utils.snowflake_time(message.id)
    assert dt.timedelta(minutes=59) < dt.datetime.now(dt.UTC) - made_at < dt.timedelta(minutes=61)
    assert abs(made_at - message.at) < dt.timedelta(seconds=1)
