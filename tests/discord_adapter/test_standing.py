"""What is read on a card where nobody heard it: what people wrote, and what their reactions meant when made."""

from dataclasses import replace

import pytest

from checkpoints.cards import Approval, Decision, Terms
from checkpoints.keys import Conversation, turn_key
from discord_adapter.card_messages import CardMessages
from graph.approval_settings import ApprovalSettings
from graph.deciding import Rules
from tests.discord_adapter.hearing import hearing, reaction

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


@pytest.mark.parametrize("how", ["live", "read"])
async def test_reaction_of_somebody_who_was_not_allowed_does_not_come_to_count_until_it_is_made_anew(
    local, client, general, journal, outbox, turn, approval, message, how
):
    guild, bob = local.guild_of(general), local.user("bob")
    crew = local.add_role(guild, "crew")
    rules = Rules(ApprovalSettings(deciders=[f"role:{crew.id}"]))
    named = replace(approval, number=1, terms=Terms((f"role:{crew.id}",)))
    await journal.approvals.ask(named)
    cards = CardMessages(outbox, journal.approvals, rules=rules)
    await cards.ask(named, guild.id, None)
    message = local.messages(general)[-1]

    async def standing():
        return [said.person.user_id for said in await cards.ask(named, guild.id, None)]

    async with hearing(client, journal, outbox, cards, rules) as reactions:
        await local.react(bob, message, "✅")
        if how == "live":
            await reactions.added(reaction(message.id, turn, user_id=bob.id, guild_id=guild.id))
        else:
            assert await standing() == []
        local.give_role(guild, bob, crew)
        assert await standing() == []

        await local.unreact(bob, message, "✅")
        if how == "live":
            await reactions.removed(reaction(message.id, turn, user_id=bob.id, guild_id=guild.id))
        else:
            assert await standing() == []
        await local.react(bob, message, "✅")
        assert await standing() == [bob.id]


async def test_reaction_of_somebody_who_was_denied_does_not_come_to_count_when_they_are_not_any_more(
    local, general, journal, outbox, approval, message
):
    bob, denied = local.user("bob"), {local.user("bob").id}

    async def admits(user, *_where):
        return user.id not in denied

    rules = Rules(ApprovalSettings(deciders=EVERYBODY))
    cards = CardMessages(outbox, journal.approvals, rules=rules, admits=admits)
    await local.react(bob, message, "✅")
    assert await cards.ask(approval, general.guild_id, None) == []
    denied.clear()
    assert await cards.ask(approval, general.guild_id, None) == []
