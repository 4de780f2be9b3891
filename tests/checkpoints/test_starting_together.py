"""Processes that start at the same moment on a PostgreSQL that is empty: each finds its tables, none gives up."""

import asyncio

import pytest

from checkpoints.database import open_database
from checkpoints.saver import open_saver
from tests.databases import new_database, postgres_server


@pytest.fixture
def url():
    with postgres_server() as server:
        yield new_database(server)


async def started(url):
    database = open_database(url)
    try:
        await database.upgrade()
        async with open_saver(database.place, None) as saver:
            return await saver.aget_tuple({"configurable": {"thread_id": "1:2:3:0"}})
    finally:
        await database.close()


async def test_three_processes_that_start_at_once_all_start(url):
    assert await asyncio.gather(*(started(url) for _ in range(3))) == [None, None, None]
