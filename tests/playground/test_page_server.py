"""Serving the page: it starts and stops inside a running loop, again and again."""

import asyncio
import signal

import aiohttp
import pytest

from playground import LocalDiscord
from playground.page import Page, serve_page


async def get(url):
    async with aiohttp.ClientSession() as http, http.get(url) as response:
        return response.status, await response.text()


async def test_the_page_can_be_served_twice_in_one_process():
    for _ in range(2):
        async with LocalDiscord() as discord, Page(discord) as page:
            status, text = await get(page.url)
            assert status == 200
            assert "clew playground" in text
        with pytest.raises(aiohttp.ClientConnectorError):
            await get(page.url)


async def test_nothing_is_asked_of_another_host():
    async with Page(LocalDiscord()) as page:
        _, text = await get(page.url)
    assert "http://" not in text.replace("http://www.w3.org", "")
    assert "https://" not in text


async def test_a_taken_port_is_an_error_that_can_be_caught():
    discord = LocalDiscord()
    async with Page(discord) as page:
        second = Page(discord, port=int(page.url.rsplit(":", 1)[1].strip("/")))
        with pytest.raises(OSError, match="in use"):
            await second.start()


async def test_signals_are_left_to_the_program():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    async with Page(LocalDiscord()):
        assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


async def test_serving_ends_when_it_is_cancelled():
    task = asyncio.create_task(serve_page(LocalDiscord()))
    others = asyncio.all_tasks() | {task}
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not {left for left in asyncio.all_tasks() - others if left.get_name() == "page"}
