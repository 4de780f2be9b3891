"""Who is heard on a card, whenever and however they say it: nothing is lost in an outage, nobody counts who may not."""

import asyncio
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import discord
import pytest
from discord import app_commands

from checkpoints.cards import Approval, Decision, Terms
from checkpoints.place import DatabaseAway
from discord_adapter.access import Access
from discord_adapter.access_settings import AccessSettings
from discord_adapter.card_messages import CardMessages
from discord_adapter.choices import APPROVE, REFUSE
from discord_adapter.commands import _failed
from graph.approval_settings import ApprovalSettings
from graph.deciding import Rules
from graph.errors import SurfaceUnreachable
from graph.workers import HeldElsewhere
from tests.discord_adapter.hearing import hearing, reaction


@pytest.fixture
async def approval(journal, turn):
    terms = Terms(("requester", "others"))
    approval = Approval("i", "c", turn.key, "wipe", {"x": 1}, "f", turn.user_id, turn.channel_id, terms=terms)
    await journal.approvals.ask(approval)
    return approval


@pytest.fixture
def cards(outbox, journal):
    return CardMessages(outbox, journal.approvals)


@pytest.fixture
async def reactions(client, journal, outbox, cards):
    async with hearing(client, journal, outbox, cards) as reactions:
        yield reactions


@pytest.fixture
async def card(journal, cards, approval, turn):
    """The message that shows the card."""
    await cards.ask(approval, None, None)
    return (await cards.current(approval)).message_id


@pytest.fixture
def away(journal, monkeypatch):
    """The database does not tell which message is what until the test says so."""
    monkeypatch.setattr("checkpoints.outages._PAUSE", 0)
    real, asked, back = journal.deliveries.by_message, asyncio.Event(), asyncio.Event()

    async def by_message(message_id):
        if not back.is_set():
            asked.set()
            await asyncio.sleep(0)
            raise DatabaseAway("gone")
        return await real(message_id)

    monkeypatch.setattr(journal.deliveries, "by_message", by_message)
    return SimpleNamespace(asked=asked, back=back)


async def test_reaction_that_is_taken_away_while_its_message_is_looked_for_decides_nothing(
    journal, turn, approval, card, reactions, outbox
):
    async with outbox._posting[turn.channel_id]:
        adding = asyncio.create_task(reactions.added(reaction(card, turn)))
        await asyncio.sleep(0)
        await reactions.removed(reaction(card, turn))
    await adding

    assert (await journal.approvals.get(approval.id)).decision is None


async def test_reaction_that_is_made_again_counts_whenever_the_first_one_is_done_with(
    journal, turn, approval, reactions, cards, outbox, monkeypatch
):
    of_two = replace(approval, number=1, terms=Terms(("requester", "others"), 2))
    await journal.approvals.ask(of_two)
    await cards.ask(of_two, None, None)
    card = (await cards.current(of_two)).message_id
    first_is_counted, second_is_looked_at, go_on = (asyncio.Event() for _ in range(3))
    edit, get = outbox.edit, journal.inbox.get

    async def held(*arguments):
        first_is_counted.set()
        await second_is_looked_at.wait()
        return await edit(*arguments)

    async def looked_at(key):
        second_is_looked_at.set()
        await go_on.wait()
        return await get(key)

    monkeypatch.setattr(outbox, "edit", held)
    first = asyncio.create_task(reactions.added(reaction(card, turn)))
    await first_is_counted.wait()
    removal = asyncio.create_task(reactions.removed(reaction(card, turn)))
    while await journal.approvals.votes(of_two.id):
        await asyncio.sleep(0)
    monkeypatch.setattr(journal.inbox, "get", looked_at)
    second = asyncio.create_task(reactions.added(reaction(card, turn)))
    await first
    go_on.set()
    await asyncio.gather(second, removal)
    assert await journal.approvals.votes(of_two.id) == [turn.user_id]


@pytest.mark.parametrize("how", ["taken off", "all taken off", "a new session"])
async def test_reaction_that_stood_on_a_card_stands_no_more_once_it_is_taken_off_or_that_would_not_be_heard(
    local, turn, approval, card, reactions, cards, shown, alice, how
):
    await local.react(alice, *shown(), APPROVE)
    (said,) = await cards.ask(approval, None, None)
    assert said.stands()
    match how:
        case "taken off":
            await reactions.removed(reaction(card, turn, user_id=alice.id))
        case "all taken off":
            await reactions.cleared(card)
        case _:
            reactions.session_began()
    assert not said.stands()


async def test_what_was_read_in_a_former_session_is_read_again_before_anything_runs(
    local, journal, turn, approval, card, reactions, cards, outbox, shown, alice, monkeypatch
):
    real, read, go_on = outbox.reacting.people, asyncio.Event(), asyncio.Event()

    async def slow(*arguments):
        found = await real(*arguments)
        read.set()
        await go_on.wait()
        return found

    monkeypatch.setattr(outbox.reacting, "people", slow)
    looking = asyncio.create_task(cards.ask(approval, None, None))
    await read.wait()
    await local.react(alice, *shown(), REFUSE)  # told to nobody
    reactions.session_began()
    go_on.set()
    await looking
    await reactions.added(reaction(card, turn))
    assert (await journal.approvals.get(approval.id)).decision == Decision.REFUSED


async def test_approval_whose_card_is_read_over_the_end_of_a_session_waits_until_it_is_read_in_the_next_one(
    local, journal, turn, approval, card, reactions, outbox, shown, alice, monkeypatch
):
    real, sessions = outbox.reacting.people, [reactions.session_began]

    async def slow(*arguments):
        found = await real(*arguments)
        if sessions:
            await local.react(alice, *shown(), REFUSE)  # told to nobody
            sessions.pop()()
        return found

    monkeypatch.setattr(outbox.reacting, "people", slow)
    reactions.session_began()
    await reactions.added(reaction(card, turn))
    assert (await journal.approvals.get(approval.id)).decision == Decision.REFUSED


async def test_what_was_refused_before_a_new_session_wins_over_the_first_approval_in_it(
    local, journal, turn, approval, card, reactions, shown, alice
):
    await local.react(alice, *shown(), REFUSE)
    reactions.session_began()
    await reactions.added(reaction(card, turn))

    approval = await journal.approvals.get(approval.id)
    assert (approval.decision, approval.decided_by) == (Decision.REFUSED, alice.id)


async def test_approval_that_was_taken_back_before_a_new_session_does_not_count_in_it(
    journal, turn, approval, reactions, cards
):
    of_two = replace(approval, number=1, terms=Terms(("requester", "others"), 2))
    await journal.approvals.ask(of_two)
    await cards.ask(of_two, None, None)
    await journal.approvals.approve(of_two.id, Decision.APPROVED, 8, 2)
    reactions.session_began()
    await reactions.added(reaction((await cards.current(of_two)).message_id, turn))

    assert (await journal.approvals.get(of_two.id)).decision is None
    assert await journal.approvals.votes(of_two.id) == [turn.user_id]


async def test_reaction_made_while_the_database_is_away_decides(journal, turn, approval, card, reactions, away):
    adding = asyncio.create_task(reactions.added(reaction(card, turn)))
    await away.asked.wait()
    away.back.set()
    await adding
    assert (await journal.approvals.get(approval.id)).decision == Decision.APPROVED


async def test_reaction_taken_away_while_the_database_is_away_decides_nothing(
    journal, turn, approval, card, reactions, away
):
    adding = asyncio.create_task(reactions.added(reaction(card, turn)))
    await away.asked.wait()
    removing = asyncio.create_task(reactions.removed(reaction(card, turn)))
    await asyncio.sleep(0)
    away.back.set()
    await asyncio.gather(adding, removing)
    assert (await journal.approvals.get(approval.id)).decision is None


def reply(card, turn, content="not today"):
    """A reply to a card by whoever asked."""
    return SimpleNamespace(
        author=SimpleNamespace(id=turn.user_id, bot=False),
        webhook_id=None,
        reference=SimpleNamespace(message_id=card, type=discord.MessageReferenceType.reply),
        content=content,
        stickers=[],
        mentions=[],
        embeds=[],
        attachments=[],
        message_snapshots=[],
        role_mentions=[],
        id=7,
        guild=None,
        channel=discord.Object(turn.channel_id),
    )


async def test_reply_that_two_hear_at_once_is_the_refusal_for_both(journal, turn, approval, card, reactions):
    message = reply(card, turn)
    assert await asyncio.gather(reactions.replied(message), reactions.replied(message)) == [True, True]
    assert (await journal.approvals.get(approval.id)).reason == "not today"


@pytest.mark.parametrize("words", ["not tomorrow", ""])
async def test_refusal_that_reads_otherwise_when_it_is_told_again_is_the_same(turn, card, reactions, words):
    assert await reactions.replied(reply(card, turn))
    assert await reactions.replied(reply(card, turn, words))


async def test_reply_that_has_its_turn_refuses_nothing_when_it_is_told_again(journal, turn, approval, card, reactions):
    """Its author could not decide when it was said, and may by now."""
    await journal.inbox.claim("message:7:0", turn.conversation, turn.payload())
    assert not await reactions.replied(reply(card, turn))
    assert (await journal.approvals.get(approval.id)).decision is None


@pytest.mark.parametrize("heard", [True, False])
async def test_reaction_that_stands_counts_only_of_whoever_is_heard(
    local, journal, outbox, approval, shown, alice, heard
):
    async def admits(user, _guild_id, _channel_id):
        return user.id != alice.id or heard

    cards = CardMessages(outbox, journal.approvals, admits=admits)
    await cards.ask(approval, None, None)
    (message,) = shown()
    await local.react(alice, message, APPROVE)
    assert [said.person.user_id for said in await cards.ask(approval, None, None)] == [alice.id] * heard


@pytest.mark.parametrize("by", ["reaction", "button"])
async def test_approval_of_somebody_whom_a_list_denies_by_now_does_not_count_any_more(
    local, journal, outbox, approval, shown, alice, by
):
    denied = set()

    async def admits(user, _guild_id, _channel_id):
        return user.id not in denied

    cards = CardMessages(outbox, journal.approvals, admits=admits)
    await cards.ask(approval, None, None)
    if by == "button":
        await journal.approvals.pressed(approval, alice.id)
    else:
        await local.react(alice, *shown(), APPROVE)
    await journal.approvals.approve(approval.id, Decision.APPROVED, alice.id, 2)
    await cards.ask(approval, None, None)
    assert await journal.approvals.votes(approval.id) == [alice.id]

    denied.add(alice.id)
    await cards.ask(approval, None, None)
    assert await journal.approvals.votes(approval.id) == []


async def test_approval_of_somebody_whom_a_list_denies_by_now_does_not_complete_another_ones(
    local, client, journal, turn, outbox, approval, shown, alice
):
    denied = set()

    async def admits(user, *_where):
        return user.id not in denied

    rules = Rules(ApprovalSettings(deciders=["requester", "others"], approvals=2))
    cards = CardMessages(outbox, journal.approvals, rules=rules, admits=admits)
    async with hearing(client, journal, outbox, cards, rules) as reactions:
        await cards.ask(approval, None, None)
        (card,) = shown()
        await reactions.added(reaction(card.id, turn, user_id=8))
        denied.add(8)
        await reactions.added(reaction(card.id, turn, user_id=9))
        assert (await journal.approvals.get(approval.id)).decision is None
        assert await journal.approvals.votes(approval.id) == [9]


async def test_approval_of_somebody_who_cannot_be_looked_up_for_now_counts_on(journal, outbox, client, approval):
    """A role is denied, so it has to be found out whether alice has it; the gateway has told of no server yet."""
    access = Access(client, AccessSettings.model_validate({"deny": {"roles": [1 << 62]}}), outbox.sender)
    cards = CardMessages(outbox, journal.approvals, admits=partial(access.may_decide, or_later=True))
    await journal.approvals.pressed(approval, 9)
    await journal.approvals.approve(approval.id, Decision.APPROVED, 9, 2)
    with pytest.raises(SurfaceUnreachable):
        await cards.ask(approval, None, None)
    assert await journal.approvals.votes(approval.id) == [9]


async def test_taking_all_reactions_off_takes_back_no_vote_given_by_a_button(journal, approval, cards, card, reactions):
    await journal.approvals.pressed(approval, 8)
    for user_id in (8, 9):
        await journal.approvals.approve(approval.id, Decision.APPROVED, user_id, 3)
    await reactions.cleared(card)
    assert await journal.approvals.votes(approval.id) == [8]


async def test_vote_that_comes_while_reactions_are_read_is_kept(journal, outbox, approval, cards, monkeypatch):
    await cards.ask(approval, None, None)
    real = outbox.reacting.people

    async def reactions(*arguments):
        found = await real(*arguments)
        await journal.approvals.approve(approval.id, Decision.APPROVED, 9, 2)
        return found

    monkeypatch.setattr(outbox.reacting, "people", reactions)
    await cards.ask(approval, None, None)
    assert await journal.approvals.votes(approval.id) == [9]


async def test_vote_is_kept_though_somebody_reacts_between_two_requests(
    local, journal, approval, cards, shown, monkeypatch
):
    """Discord tells of people in the order of their ids: whoever comes in front moves the others by one."""
    first, last = sorted((local.user("alice"), local.user("bob")), key=lambda one: one.id)
    await cards.ask(approval, None, None)
    (message,) = shown()
    await local.react(last, message, APPROVE)
    await journal.approvals.approve(approval.id, Decision.APPROVED, last.id, 3)
    real = discord.PartialMessage.fetch

    async def fetch(self):
        found = await real(self)
        await local.react(first, message, APPROVE)
        return found

    monkeypatch.setattr(discord.PartialMessage, "fetch", fetch)
    await cards.ask(approval, None, None)
    assert await journal.approvals.votes(approval.id) == [last.id]


async def test_command_that_another_process_holds_up_says_so():
    said = []

    async def say(sentence, *, ephemeral):
        said.append((sentence, ephemeral))

    response = SimpleNamespace(is_done=lambda: False, send_message=say)
    error = app_commands.CommandInvokeError(SimpleNamespace(name="reset"), HeldElsewhere("I am still busy."))
    await _failed(SimpleNamespace(response=response, command=None), error)
    assert said == [("I am still busy.", True)]


async def test_what_was_missed_is_looked_for_though_the_database_is_away_at_a_new_session(client, monkeypatch):
    monkeypatch.setattr("checkpoints.outages._PAUSE", 0)
    begun, faults = [], [DatabaseAway("gone")]

    async def started():
        if faults:
            raise faults.pop()
        begun.append("started")

    missed = SimpleNamespace(begin=lambda: begun.append("missed"))
    client.connect_to(turns=None, reactions=None, overheard=None, on_started=started, missed=missed)
    await client.on_ready()
    assert begun == ["missed", "started"]
