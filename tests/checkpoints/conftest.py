"""A journal on a database of its own, and a clock that only moves when a test says so."""

import datetime as dt

import pytest

from checkpoints.database import open_database
from checkpoints.journal import Journal
from checkpoints.keys import Conversation
from tests.databases import new_database, postgres_server


class Clock:
    """Each look at it is a second later than the last one."""

    def __init__(self):
        self.time = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)

    def __call__(self):
        self.time += dt.timedelta(seconds=1)
        return self.time


@pytest.fixture(scope="session")
def postgres():
    with postgres_server() as server:
        yield server


@pytest.fixture
def url(request, tmp_path):
    """A new database: a SQLite file, or for a test that asks for it, one of PostgreSQL."""
    if getattr(request, "param", "sqlite") == "postgres":
        return new_database(request.getfixturevalue("postgres"))
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
