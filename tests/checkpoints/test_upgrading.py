"""A database of an earlier clew is brought up to date and keeps what it had."""

import pytest
from sqlalchemy import create_engine, text

from checkpoints.cards import Decision, approval_id
from checkpoints.database import open_database
from checkpoints.journal import Journal
from checkpoints.upgrading import upgrade

INBOX = """INSERT INTO inbox (key, conversation, payload, state, dispatches, received_at)
VALUES ('k', '1:2:3', '{"text": "before"}', 'asking', 0, '2026-01-01')"""
APPROVAL = """INSERT INTO approvals (interrupt_id, call_id, turn_key, tool, arguments, fingerprint, requester_id,
channel_id, decision, settled, created_at)
VALUES ('i', :call, 'k', 'wipe', '{"x": 1}', 'f', 3, 2, :decision, 0, '2026-01-01')"""
DELIVERY = """INSERT INTO deliveries (turn_key, part, channel_id, nonce, message_id, final, created_at)
VALUES ('k', 'card:i:a', 2, 'n', 77, 1, '2026-01-01')"""


@pytest.mark.parametrize("revision", ["0001", "0002"])
async def test_cards_that_wait_in_an_older_database_are_found_by_their_message(url, tmp_path, revision):
    engine = create_engine(url)
    with engine.begin() as connection:
        upgrade(connection, revision)
        connection.execute(text(INBOX))
        for call, decision in (("a", None), ("b", "approved")):
            connection.execute(text(APPROVAL), {"call": call, "decision": decision})
        connection.execute(text(DELIVERY))
    engine.dispose()

    database = open_database(url)
    await database.upgrade()
    journal = Journal(database)
    assert (await journal.inbox.get("k")).payload == {"text": "before"}
    (waiting,) = await journal.approvals.open()
    assert (waiting.id, waiting.arguments, waiting.terms.deciders) == (approval_id("i", "a"), {"x": 1}, ("requester",))
    assert (await journal.deliveries.by_message(77)).part == f"card:{waiting.id}"
    assert (await journal.approvals.get(approval_id("i", "b"))).decision == Decision.APPROVED
    assert await journal.blobs.get(await journal.blobs.put(b"x", "image/png"))
    await database.close()
