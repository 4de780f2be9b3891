"""What is read on a card where nobody heard it: what people wrote, and what their reactions meant when made."""

import pytest

from checkpoints.cards import Approval, Decision, Terms
from checkpoints.keys import Conversation, turn_key
from discord_adapter.card_messages import CardMessages
from graph.approval_settings import ApprovalSettings
from graph.deciding import Rules

EVERYBODY = ["requester", "others"]


@pytest.fixture
async def approval(journal, turn):
    terms = Terms(tuple(EVERYBODY))
    approval = Approval("i", "c", turn.key, "wipe", {"x": 1}, "f", turn.user_id, turn.channel_id, terms=terms)
    await journal.approvals.ask(approval)
    return approval


@pytest.fixture
def cards(outbox, journal):
    """Those of a program that has just started."""
    rules = Rules(ApprovalSettings(deciders=EVERYBODY))
    return CardMessages(outbox, journal.approvals, rules=rules, inbox=journal.inbox)


@pytest.fixture
async def message(cards, approval, general, shown):
    """The card, as a program that was killed has left it."""
    await cards.ask(approval, general.guild_id, None)
    cards.session_began()
    (message,) = shown()
    return message


async def test_refusal_in_words_that_nobody_heard_comes_before_every_reaction(
    local, general, alice, cards, approval, message
):
    bob, carol = local.user("bob"), local.user("carol")
    robot = local.add_user("robot", bot=True)
    local.add_member(local.guild_of(general), robot)
    await local.react(bob, message, "✅")
    await local.react(bob, message, "❌")
    await local.send(robot, general, "no robots", reply_to=message)
    await local.send(carol, general, "not a reply")
    refusal = await local.send(alice, general, "no, do not delete it", reply_to=message)
    await local.send(carol, general, "nor do I want it", reply_to=message)

    first, *reactions = await cards.unheard(approval, general.guild_id)
    assert (first.person.user_id, first.decision) == (alice.id, Decision.REFUSED)
    assert (first.reason, first.reply_id) == ("no, do not delete it", refusal.id)
    assert [one.decision for one in reactions] == [Decision.REFUSED, Decision.APPROVED]
    assert await cards.unheard(approval, general.guild_id) == []


async def test_reply_is_no_refusal_that_was_taken_as_a_question_or_is_of_somebody_who_may_not_decide(
    local, general, alice, journal, outbox, approval, message
):
    asked = await local.send(alice, general, "what is it?", reply_to=message)
    await journal.inbox.claim(turn_key("message", asked.id), Conversation(general.guild_id, general.id, alice.id), {})
    await local.send(local.user("bob"), general, "no", reply_to=message)
    cards = CardMessages(outbox, journal.approvals, inbox=journal.inbox)
    assert await cards.unheard(approval, general.guild_id) == []
