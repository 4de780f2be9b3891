"""A card shows how it stands, whatever else happened while it was being shown: here, in another process, to it."""

import asyncio
from dataclasses import replace

import pytest

from checkpoints.cards import Approval, Decision, Terms
from discord_adapter.card_messages import CardMessages
from discord_adapter.outbox import Outbox
from graph.approval_settings import ApprovalSettings
from graph.deciding import Rules
from graph.errors import SurfaceUnreachable

OTHERS = ApprovalSettings(deciders=["others"], approvals=2)


@pytest.fixture
async def approval(journal, turn):
    terms = Terms(("others",), 2)
    approval = Approval("i", "c", turn.key, "wipe", {"x": 1}, "f", turn.user_id, turn.channel_id, terms=terms)
    await journal.approvals.ask(approval)
    return approval


@pytest.fixture
def cards(outbox, journal):
    return CardMessages(outbox, journal.approvals, rules=Rules(OTHERS))


def held(monkeypatch, outbox):
    """The next request of an outbox waits for its place in the budget until it is let go."""
    reached, go, real = asyncio.Event(), asyncio.Event(), outbox.sender.send

    async def send(*arguments):
        reached.set()
        await go.wait()
        return await real(*arguments)

    monkeypatch.setattr(outbox.sender, "send", send)
    return reached, go


async def test_edit_that_comes_behind_another_process_is_corrected(
    client, journal, cards, outbox, approval, shown, monkeypatch
):
    other = CardMessages(Outbox(client, journal.deliveries), journal.approvals, rules=Rules(OTHERS))
    await cards.ask(approval, None, None)
    await journal.approvals.approve(approval.id, Decision.APPROVED, 8, 2)
    reached, go = held(monkeypatch, outbox)
    late = asyncio.create_task(cards.refresh(approval))
    await reached.wait()
    decided = await journal.approvals.approve(approval.id, Decision.APPROVED, 9, 2)
    await other.refresh(decided)
    go.set()
    await late

    (card,) = shown()
    assert "Approved" in card.content
    assert card.components == []


async def test_card_that_is_decided_while_it_is_being_posted_shows_that(
    client, journal, cards, outbox, approval, shown, monkeypatch
):
    other = CardMessages(Outbox(client, journal.deliveries), journal.approvals, rules=Rules(OTHERS))
    reached, go = held(monkeypatch, outbox)
    asking = asyncio.create_task(cards.ask(approval, None, None))
    await reached.wait()
    decided = await journal.approvals.decide(approval.id, Decision.REFUSED, 9)
    with pytest.raises(SurfaceUnreachable, match="on its way"):
        await other.refresh(decided)
    go.set()
    await asking

    (card,) = shown()
    assert "Refused" in card.content
    assert card.components == []


async def test_approvals_given_on_a_card_that_was_deleted_count_on_the_new_one(
    local, journal, cards, approval, shown, alice
):
    await cards.ask(approval, None, None)
    await journal.approvals.approve(approval.id, Decision.APPROVED, 8, 2)
    (card,) = shown()
    await local.delete(alice, card)
    await cards.ask(approval, None, None)
    await cards.ask(approval, None, None)

    assert await journal.approvals.votes(approval.id) == [8]
    (card,) = shown()
    assert "1 of 2 approvals" in card.content


async def test_card_shows_how_many_people_it_takes_by_now(journal, cards, approval, shown):
    lenient = replace(approval, number=1, terms=Terms(("others",)))
    await journal.approvals.ask(lenient)
    await cards.ask(lenient, None, None)

    (card,) = shown()
    assert "2 people have to approve" in card.content
    assert "0 of 2 approvals" in card.content
