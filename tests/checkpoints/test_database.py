import asyncio
import random
import secrets
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import OperationalError

from checkpoints import upgrading
from checkpoints.database import NEWEST, open_database
from checkpoints.journal import Journal
from checkpoints.keys import Conversation
from checkpoints.place import DatabaseAway, DatabaseError, place_of
from checkpoints.tables import metadata


def _one_sentence(error):
    words = str(error.value)
    assert "\n" not in words
    assert "Traceback" not in words
    assert words.endswith(".")
    assert len(words) < 300
    return words


def test_newest_version_is_the_last_migration():
    config = Config()
    config.set_main_option("script_location", str(Path(upgrading.__file__).parent / "migrations"))

    assert ScriptDirectory.from_config(config).get_current_head() == NEWEST


async def test_upgrade_twice_is_fine_and_loses_nothing(url):
    here = Conversation(1, 2, 3)
    for expected in (True, False):
        database = open_database(url)
        await database.upgrade()
        await database.upgrade()
        assert await Journal(database).inbox.claim("k", here, {}) is expected
        await database.close()


async def test_migrations_build_exactly_the_tables_that_the_code_uses(database):
    engine = create_engine(f"sqlite:///{database.path}")
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)
        names = inspect(connection).get_table_names()
    engine.dispose()

    assert differences == []
    assert set(names) == {*metadata.tables, "alembic_version"}


async def test_database_of_a_newer_clew_is_left_alone(url, database, tmp_path):
    async with database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseError) as refused:
        await database.upgrade()

    assert "newer clew" in _one_sentence(refused)
    assert str(tmp_path / "clew.db") in str(refused.value)
    async with database.read() as connection:
        assert (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar() == "9999"


async def test_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "clew.db").write_bytes(b"this is a letter to my aunt, and no database at all\n" * 100)
    database = open_database(f"sqlite:///{tmp_path}/clew.db")
    with pytest.raises(DatabaseError) as refused:
        await database.upgrade()
    await database.close()

    assert "clew.db" in _one_sentence(refused)


async def test_folder_in_the_place_of_the_file_is_refused(tmp_path):
    (tmp_path / "clew.db").mkdir()
    database = open_database(f"sqlite:///{tmp_path}/clew.db")
    with pytest.raises(DatabaseError) as refused:
        await database.upgrade()
    await database.close()

    assert "unable to open" in _one_sentence(refused)


def test_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DatabaseError) as refused:
        open_database(f"sqlite:///{tmp_path}/file/deeper/clew.db")

    assert str(tmp_path / "file") in _one_sentence(refused)


async def test_missing_folders_are_made(tmp_path):
    database = open_database(f"sqlite:///{tmp_path}/a/b c/ü/clew.db")
    await database.upgrade()
    await database.close()

    assert (tmp_path / "a" / "b c" / "ü" / "clew.db").is_file()


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("", "not a database URL"),
        ("data/clew.db", "not a database URL"),
        ("mysql://me:secret@host/clew", "not in mysql"),
        ("postgresql://me:secret@host:port/clew", "a port that is no number"),
        ("postgresql://me:secret@host:/clew", "a port that is no number"),
        ("sqlite://", "names no file"),
        ("sqlite:///", "names no file"),
        ("sqlite:///:memory:", "names no file"),
    ],
)
def test_url_that_names_no_sqlite_file_is_refused(url, word):
    with pytest.raises(DatabaseError) as refused:
        open_database(url)

    assert word in _one_sentence(refused)
    assert "secret" not in str(refused.value)


def test_password_in_an_unreadable_url_is_not_repeated():
    with pytest.raises(DatabaseError) as refused:
        open_database("postgresql//me:hunter2@host/clew")

    assert "hunter2" not in str(refused.value)


def test_password_is_not_told_wherever_it_stands_in_the_address():
    place = place_of("postgresql://me:hunter2@host/clew?sslmode=require&password=hunter3&sslpassword=hunter4")

    assert str(place) == "postgresql://me:***@host/clew?sslmode=require"
    assert place.passwords == {"hunter2", "hunter3", "hunter4"}
    assert "password=hunter3" in place.conninfo


def test_three_slashes_are_relative_and_four_absolute():
    assert str(place_of("sqlite:///data/clew.db").path) == "data/clew.db"
    assert str(place_of("sqlite:////var/clew.db").path) == "/var/clew.db"


async def _write_and_fail(database):
    async with database.write() as connection:
        await connection.execute(text("INSERT INTO toolsets VALUES ('f', '[]')"))
        await connection.execute(text("INSERT INTO nowhere VALUES (1)"))


async def test_failed_transaction_leaves_nothing(database, journal, here):
    with pytest.raises(DatabaseAway):
        await _write_and_fail(database)
    async with database.read() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM toolsets"))).scalar() == 0


async def test_readers_go_on_while_somebody_writes(database, journal, here):
    await journal.inbox.claim("before", here, {})
    async with database.write() as connection:
        await connection.execute(text("UPDATE inbox SET closing = 'x'"))
        assert (await journal.inbox.get("before")).closing is None
    assert (await journal.inbox.get("before")).closing == "x"


async def test_rows_that_refer_to_no_turn_are_refused_by_the_database(database, tmp_path):
    async with database.read() as connection:
        assert (await connection.execute(text("PRAGMA foreign_keys"))).scalar() == 1
        assert (await connection.execute(text("PRAGMA journal_mode"))).scalar() == "wal"


async def test_database_that_another_program_holds_is_waited_for(database, journal, here, tmp_path):
    """The other program lets go while we wait; without waiting the claim would fail at once."""
    holder = sqlite3.connect(tmp_path / "clew.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    claim = asyncio.create_task(journal.inbox.claim("k", here, {}))
    done, _ = await asyncio.wait({claim}, timeout=0.1)
    assert not done
    holder.execute("COMMIT")
    holder.close()

    assert await claim


@pytest.mark.filterwarnings("error")
async def test_cancelled_transactions_leave_no_lock_behind(journal, here):
    """A writer that finds a lock waits for ten seconds and fails."""
    rng = random.Random(1)  # noqa: S311 - the same ones every time
    for number in range(60):
        work = [asyncio.create_task(journal.inbox.claim(f"{number}:{one}", here, {})) for one in range(3)]
        work.append(asyncio.create_task(journal.inbox.head(here)))
        for _ in range(rng.randrange(60)):
            await asyncio.sleep(0)
        for task in work:
            task.cancel()
        await asyncio.wait(work)
        async with asyncio.timeout(5):
            assert await journal.inbox.claim(f"after {number}", here, {})


async def test_cancelled_transaction_is_rolled_back_whole(database, journal, here):
    reached = asyncio.Event()

    async def transaction():
        async with database.write() as connection:
            await connection.execute(text("INSERT INTO toolsets VALUES ('f', '[]')"))
            reached.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(transaction())
    await reached.wait()
    task.cancel()
    await asyncio.wait({task})

    assert task.cancelled()
    assert await journal.turns.toolset("f") == []
    assert await journal.inbox.claim("k", here, {})


def _standing_still(milliseconds):
    """Lets the server end a transaction that stands still, as it does with a process that was stopped in its middle."""
    return text(f"SET LOCAL idle_in_transaction_session_timeout = {milliseconds}")


@pytest.mark.parametrize("url", ["postgres"], indirect=True)
@pytest.mark.parametrize("then", ["another statement", "the commit"])
async def test_transaction_that_the_server_ended_is_an_outage(database, then):
    async def slept():
        async with database.write() as connection:
            await connection.execute(_standing_still(100))
            await connection.execute(text("SELECT 1"))
            await asyncio.sleep(0.5)
            if then == "another statement":
                await connection.execute(text("SELECT 1"))

    with pytest.raises(DatabaseAway):
        await slept()


@pytest.mark.parametrize("url", ["postgres"], indirect=True)
async def test_server_that_takes_no_writes_for_a_while_is_an_outage(url, database, here):
    """A standby that is not promoted yet, after a switch-over."""
    async with database.write() as connection:
        name = database.place.url.database
        await connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
    after = open_database(url)
    with pytest.raises(DatabaseAway):
        await Journal(after).inbox.claim("k", here, {})
    await after.close()


@pytest.mark.parametrize("url", ["postgres"], indirect=True)
async def test_what_is_too_large_for_ever_is_no_outage(journal, here):
    with pytest.raises(OperationalError, match="index row"):
        await journal.inbox.claim(secrets.token_urlsafe(12_000), here, {})
