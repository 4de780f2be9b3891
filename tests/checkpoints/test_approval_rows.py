import asyncio
from dataclasses import replace

import pytest

from checkpoints.cards import Approval, Decision, approval_id
from checkpoints.database import open_database
from checkpoints.journal import Journal

pytestmark = pytest.mark.parametrize("url", ["sqlite", "postgres"], indirect=True)


@pytest.fixture
async def cards(journal, claimed):
    """Two cards of one interrupt and one of a later one."""
    card = Approval("i", "c1", claimed, "wipe", {"path": "notes", "deep": {"a": [1]}}, "f", 3, 2)
    found = [card, replace(card, call_id="c2"), replace(card, interrupt_id="j", call_id="c1")]
    for one in found:
        await journal.approvals.ask(one)
    return found


async def test_card_is_open_until_it_is_decided(journal, cards):
    assert await journal.approvals.open() == cards
    decided = await journal.approvals.decide(approval_id("i", "c1"), Decision.APPROVED, 3)

    assert (decided.decision, decided.decided_by, decided.arguments) == (Decision.APPROVED, 3, cards[0].arguments)
    assert await journal.approvals.get(approval_id("i", "c1")) == decided
    assert await journal.approvals.open() == cards[1:]


async def test_card_noted_again_keeps_its_decision(journal, cards):
    await journal.approvals.decide(approval_id("i", "c1"), Decision.REFUSED, 3)
    await journal.approvals.ask(replace(cards[0], fingerprint="other"))

    card = await journal.approvals.get(approval_id("i", "c1"))
    assert (card.decision, card.fingerprint) == (Decision.REFUSED, "f")


async def test_second_decision_is_none_and_changes_nothing(journal, cards):
    first = await journal.approvals.decide(approval_id("i", "c1"), Decision.REFUSED, 3)

    assert await journal.approvals.decide(approval_id("i", "c1"), Decision.APPROVED, 4) is None
    assert await journal.approvals.get(approval_id("i", "c1")) == first


async def test_one_of_two_programs_that_decide_at_once_wins(journal, url, cards):
    other = open_database(url)
    sides = [journal, Journal(other)]
    made = await asyncio.gather(
        *(
            sides[n % 2].approvals.decide(approval_id("i", "c1"), (Decision.APPROVED, Decision.REFUSED)[n % 2], 10 + n)
            for n in range(20)
        )
    )
    await other.close()

    won = [decided for decided in made if decided]
    assert len(won) == 1
    assert await journal.approvals.get(approval_id("i", "c1")) == won[0]


async def test_two_votes_at_once_on_two_programs_both_count_and_decide_once(journal, url, cards):
    other = open_database(url)
    sides = [journal, Journal(other)]
    for number in range(10):
        card = replace(cards[0], interrupt_id=f"race{number}")
        await journal.approvals.ask(card)
        made = await asyncio.gather(
            *(side.approvals.approve(card.id, Decision.APPROVED, 10 + n, 2) for n, side in enumerate(sides))
        )
        assert sorted(str(one.decision) for one in made) == ["None", "approved"]
        decided = await journal.approvals.get(card.id)
        assert decided in made
        assert sorted(await journal.approvals.votes(card.id)) == [10, 11]
        events = [(row.event, row.user_id) for row in await journal.audit.all() if row.approval_id == card.id]
        assert sorted(events) == [("approval_counted", 21 - decided.decided_by), ("approved", decided.decided_by)]
    await other.close()


async def test_press_counts_until_its_approval_is_taken_back(journal, cards):
    card = cards[0]

    async def approves(user_id):
        await journal.approvals.approve(card.id, Decision.APPROVED, user_id, 2)

    for user_id in (7, 8):
        await journal.approvals.pressed(card, user_id)
    await approves(7)
    assert await journal.approvals.pressers(card.id) == {7, 8}

    await journal.approvals.unvote(card.id, 7)
    await approves(7)  # by a reaction
    assert await journal.approvals.pressers(card.id) == {8}

    await journal.approvals.pressed(card, 7)
    assert await journal.approvals.pressers(card.id) == {7, 8}
    assert await journal.approvals.pressers(cards[1].id) == set()


async def test_reaction_that_was_not_allowed_is_left_out_until_it_is_taken_away(journal, cards):
    card = cards[0]
    for user_id, emoji in ((7, "✅"), (7, "✅"), (7, "❌"), (8, "✅")):
        await journal.approvals.disregard(card, user_id, emoji)
    assert await journal.approvals.disregarded(card.id) == {(7, "✅"), (7, "❌"), (8, "✅")}

    await journal.approvals.regard(card, 7, "✅")
    assert await journal.approvals.disregarded(card.id) == {(7, "❌"), (8, "✅")}
    await journal.approvals.disregard(card, 7, "✅")
    assert await journal.approvals.disregarded(card.id) == {(7, "✅"), (7, "❌"), (8, "✅")}
    assert await journal.approvals.disregarded(cards[1].id) == set()
    assert [row.event for row in await journal.audit.all()].count("reaction_not_allowed") == 4


async def test_card_that_is_not_there_cannot_be_decided(journal, cards):
    assert await journal.approvals.decide(approval_id("i", "c9"), Decision.APPROVED, 3) is None
    assert await journal.approvals.get(approval_id("i", "c9")) is None


async def test_withdraw_takes_back_what_is_open_and_nothing_else(journal, cards, claimed, here):
    await journal.inbox.claim("other", here, {})
    await journal.approvals.ask(replace(cards[0], interrupt_id="k", turn_key="other"))
    await journal.approvals.decide(approval_id("i", "c2"), Decision.APPROVED, 3)

    taken = await journal.approvals.withdraw(claimed)
    assert {(card.interrupt_id, card.call_id) for card in taken} == {("i", "c1"), ("j", "c1")}
    assert {card.decision for card in taken} == {Decision.WITHDRAWN}
    assert all(card.decided_by is None and card.decided_at for card in taken)
    assert (await journal.approvals.get(approval_id("i", "c2"))).decision == Decision.APPROVED
    assert [card.turn_key for card in await journal.approvals.open()] == ["other"]
    assert await journal.approvals.withdraw(claimed) == []


async def test_withdrawn_card_cannot_be_approved(journal, cards, claimed):
    await journal.approvals.withdraw(claimed)

    assert await journal.approvals.decide(approval_id("i", "c1"), Decision.APPROVED, 3) is None


async def test_cards_are_found_by_interrupt_and_by_turn(journal, cards, claimed):
    assert await journal.approvals.get(cards[1].id) == cards[1]
    assert await journal.approvals.of(claimed) == cards
    assert await journal.approvals.of("nobody") == []
