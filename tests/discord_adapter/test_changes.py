"""What is kept of edits and deletions for messages that are not told of yet, and for how long."""

import datetime as dt
from types import SimpleNamespace

import pytest

from discord_adapter.changes import Changes


def message(message_id=1, *, edited=None):
    """Of a message, what counts here."""
    at = None if edited is None else dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=edited)
    return SimpleNamespace(id=message_id, edited_at=at)


@pytest.fixture
def clock():
    """Seconds, as the test sets them."""
    return [0.0]


@pytest.fixture
def changes(clock):
    return Changes(lambda: clock[0])


def test_last_edit_counts_in_whichever_order_they_are_told(changes):
    first, second, third = message(), message(edited=1), message(edited=2)
    changes.edited(third)
    changes.edited(second)
    assert changes.now(first) is third
    assert changes.now(newer := message(edited=3)) is newer


def test_deletion_counts_whatever_is_told_after_it(changes):
    changes.deleted([1])
    changes.edited(message(edited=1))
    assert changes.now(message()) is None


def test_change_is_forgotten_after_a_minute_or_when_there_are_too_many(changes, clock):
    changes.deleted([1])
    clock[0] = 30
    changes.deleted([2])
    changes.forget()
    assert changes.now(message(1)) is None
    clock[0] = 75
    changes.forget()
    assert changes.now(one := message(1)) is one
    assert changes.now(message(2)) is None
    changes.deleted(range(10, 1010))
    assert changes.now(message(2)) is None  # somebody may hold it as it was
    changes.forget()
    assert changes.now(two := message(2)) is two
    assert changes.now(message(10)) is None
