"""A journal on a database of its own, and a clock that only moves when a test says so."""

import datetime as dt

import pytest

from checkpoints.database import open_database
from checkpoints.journal import Journal
from checkpoints.keys import Conversation


class Clock:
    """Each look at it is a second later than the last one."""

    def __init__(self):
        self.time = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)

    def __call__(self):
        self.time += dt.timedelta(seconds=1)
        return self.time


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'clew.db'}"


@pytest.fixture
async def database(url):
    database = open_database(url)
    await database.upgrade()
    yield database
    await database.close()


@pytest.fixture
def journal(database):
    return Journal(database, Clock())


@pytest.fixture
def here():
    return Conversation(guild_id=1, channel_id=2, user_id=3)


@pytest.fixture
async def claimed(journal, here):
    """The key of a turn that is in the inbox: what other rows refer to."""
    await journal.inbox.claim("message:1:0", here, {})
    return "message:1:0"
