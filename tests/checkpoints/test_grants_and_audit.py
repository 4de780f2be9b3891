import datetime as dt
from dataclasses import replace

import pytest

from checkpoints.cards import Approval, Decision
from checkpoints.keys import Conversation


@pytest.fixture
async def card(journal, claimed):
    card = Approval("i", "c1", claimed, "wipe", {"x": 1}, "f", 3, 2, source="notes/wipe")
    await journal.approvals.ask(card)
    return card


async def granted(journal, card, here, by, until):
    """What holds once somebody has approved a card with a grant."""
    await journal.approvals.ask(card)
    assert await journal.approvals.approve(card.id, Decision.APPROVED, by, 1, (here, until))
    return await journal.grants.of(here)


async def test_grant_holds_in_its_conversation_until_its_time(journal, card, here):
    begun = journal.now()
    until = begun + dt.timedelta(seconds=30)
    (grant,) = (await granted(journal, card, here, 7, until)).values()
    assert (grant.source, grant.granted_by, grant.until) == ("notes/wipe", 7, until)
    assert begun <= grant.granted_at <= journal.now()
    assert await journal.grants.of(Conversation(1, 2, 4)) == {}
    while journal.now() < until:
        pass
    assert await journal.grants.of(here) == {}


@pytest.mark.parametrize("url", ["sqlite", "postgres"], indirect=True)
async def test_newest_word_about_a_tool_counts(journal, card, here):
    until = journal.now() + dt.timedelta(hours=1)
    await granted(journal, card, here, 7, until)
    again = journal.now()
    await granted(journal, replace(card, number=1), here, 8, until + dt.timedelta(hours=1))
    found = await granted(journal, replace(card, number=2, source="files/wipe"), here, 9, until)

    assert {source: grant.granted_by for source, grant in found.items()} == {"notes/wipe": 8, "files/wipe": 9}
    assert found["notes/wipe"].granted_at >= again


@pytest.mark.parametrize("url", ["sqlite", "postgres"], indirect=True)
async def test_grants_of_a_conversation_are_taken_back_together(journal, card, here):
    until = journal.now() + dt.timedelta(hours=1)
    elsewhere = Conversation(1, 2, 4)
    await granted(journal, card, here, 7, until)
    await granted(journal, replace(card, number=1, source="files/wipe"), here, 7, until)
    await granted(journal, replace(card, number=2, source="files/over"), here, 7, journal.now())
    await granted(journal, replace(card, number=3), elsewhere, 7, until)

    assert await journal.grants.take_back(here, 9) == ["files/wipe", "notes/wipe"]
    assert await journal.grants.take_back(here, 9) == []
    assert await journal.grants.of(here) == {}
    assert list(await journal.grants.of(elsewhere)) == ["notes/wipe"]
    taken_back = [one for one in await journal.audit.all() if one.event == "grant_taken_back"]
    assert [(one.user_id, one.detail) for one in taken_back] == [(9, "files/wipe"), (9, "notes/wipe")]


async def test_word_that_comes_too_late_grants_nothing(journal, card, here):
    await journal.approvals.decide(card.id, Decision.REFUSED, 7)
    until = journal.now() + dt.timedelta(hours=1)

    assert await journal.approvals.approve(card.id, Decision.APPROVED, 8, 1, (here, until)) is None
    assert await journal.grants.of(here) == {}


async def test_every_decision_leaves_one_row(journal, card, claimed, here):
    edited = replace(card, number=1, fingerprint="g")
    await journal.approvals.approve(card.id, Decision.APPROVED, 7, needed=2)
    await journal.approvals.approve(card.id, Decision.APPROVED, 7, needed=2)
    await journal.approvals.unvote(card.id, 7)
    await journal.approvals.unvote(card.id, 7)
    await journal.approvals.edit(card.id, edited, 8)
    await journal.approvals.decide(edited.id, Decision.REFUSED, 9, "too much")
    await journal.approvals.decide(edited.id, Decision.APPROVED, 9)
    await granted(journal, replace(card, number=2), here, 7, journal.now())
    await journal.approvals.ask(replace(card, number=3))
    await journal.approvals.withdraw(claimed, by=6)

    events = await journal.audit.all()
    assert [(event.event, event.user_id, event.fingerprint) for event in events] == [
        ("approval_counted", 7, "f"),
        ("approval_taken_back", 7, "f"),
        ("edited", 8, "f"),
        ("refused", 9, "g"),
        ("approved", 7, "f"),
        ("granted", 7, "f"),
        ("withdrawn", 6, "f"),
    ]
    assert [event.detail for event in events][2:4] == ["now g", "too much"]
    assert {event.turn_key for event in events} == {claimed}
    assert [event.at for event in events] == sorted(event.at for event in events)
