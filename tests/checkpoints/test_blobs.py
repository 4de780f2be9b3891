import asyncio
import hashlib

import pytest
from sqlalchemy import text

pytestmark = pytest.mark.parametrize("url", ["sqlite", "postgres"], indirect=True)


async def test_content_is_found_by_its_hash(journal):
    content = bytes(range(256)) * 100
    sha256 = await journal.blobs.put(content, "image/png")

    assert sha256 == hashlib.sha256(content).hexdigest()
    found = await journal.blobs.get(sha256)
    assert (found.content, found.mime_type, found.sha256) == (content, "image/png", sha256)
    assert found.created_at.tzinfo is not None


async def test_unknown_hash_finds_nothing(journal):
    await journal.blobs.put(b"something", "image/png")
    assert await journal.blobs.get(hashlib.sha256(b"something else").hexdigest()) is None


async def test_same_content_is_stored_once_and_is_young_again(journal, database):
    sha256 = await journal.blobs.put(b"the same", "image/png")
    before = await journal.blobs.get(sha256)
    assert await journal.blobs.put(b"the same", "image/png") == sha256

    after = await journal.blobs.get(sha256)
    assert after.created_at > before.created_at
    assert after.content == before.content
    async with database.read() as connection:
        assert (await connection.execute(text("SELECT count(*), sum(size) FROM blobs"))).one() == (1, 8)


async def test_same_content_put_at_once_by_many_is_stored_once(journal, database):
    async with asyncio.timeout(20):
        hashes = await asyncio.gather(*(journal.blobs.put(b"x" * 100_000, "image/jpeg") for _ in range(20)))

    assert len(set(hashes)) == 1
    async with database.read() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM blobs"))).scalar() == 1


async def test_content_survives_a_cancelled_put_or_is_not_there_at_all(journal):
    task = asyncio.create_task(journal.blobs.put(b"cut off", "image/png"))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})

    found = await journal.blobs.get(hashlib.sha256(b"cut off").hexdigest())
    assert found is None or found.content == b"cut off"
    assert await journal.blobs.put(b"next", "image/png")
