"""A POST whose answer was lost, over the wire: by its nonce at first, by what it answers and says afterwards."""

import asyncio
import datetime as dt
from dataclasses import replace

import discord
import pytest

from checkpoints.cards import Approval, Decision
from checkpoints.journal import Journal
from checkpoints.place import DatabaseAway
from discord_adapter.card_messages import CardMessages
from discord_adapter.choosing import Choosing
from discord_adapter.content import Content
from discord_adapter.outbox import Outbox
from discord_adapter.replies import GrowingText
from discord_adapter.surface import DiscordSurfaces
from graph.approval_settings import ApprovalSettings
from graph.deciding import Rules
from graph.errors import SurfaceUnreachable
from playground.permissions import Permission

POST = "/channels/{channel_id}/messages"

# Longer than Discord keeps a nonce, in the local Discord as well.
AGED = dt.timedelta(minutes=6)


class Later:
    """A clock that goes with the machine's, and that is set forward together with the local Discord's."""

    def __init__(self, local):
        self._local = local
        self._ahead = dt.timedelta()

    def __call__(self):
        return dt.datetime.now(dt.UTC) + self._ahead

    def age(self):
        self._ahead += AGED
        self._local.clock.advance(AGED.total_seconds())


@pytest.fixture
def clock(local):
    return Later(local)


@pytest.fixture
def program(client, journal, clock):
    """Makes the outbox of a program that may have died before."""
    return lambda: Outbox(client, journal.deliveries, pauses=(), now=clock)


async def lose_the_answer(local, program, turn, text, reply=None, part="text:0:0"):
    """Post a part so that Discord has it and nobody knows."""
    outbox = program()
    local.fail("POST", POST, status=0, done=True)
    delivery = await outbox.plan(turn.key, part, turn.channel_id)
    with pytest.raises(SurfaceUnreachable):
        await outbox.show(delivery, lambda: Content(text), final=False, reply_to=reply)


def to(turn):
    return discord.MessageReference(message_id=turn.message_id, channel_id=turn.channel_id, fail_if_not_exists=False)


@pytest.mark.parametrize(
    ("posted", "now"),
    [
        ("The answer", "The answer is long by now."),
        ("The answer is long, and was longer.", "The answer is long"),
        ("```py\nprint(1)\n```", "```py\nprint(1)\nprint(2)\n```"),
    ],
)
async def test_reply_is_found_again_when_its_nonce_has_aged(local, program, clock, turn, shown, posted, now):
    await lose_the_answer(local, program, turn, posted, to(turn))
    clock.age()
    outbox = program()
    delivery = await outbox.plan(turn.key, "text:0:0", turn.channel_id)
    delivery, _ = await outbox.show(delivery, lambda: Content(now), final=True, reply_to=to(turn), grows=True)
    (message,) = shown()
    assert message.content == now
    assert (delivery.message_id, delivery.final) == (message.id, True)
    (recorded,) = await outbox.planned(turn.key)
    assert recorded.message_id == message.id


async def test_growing_text_of_a_former_program_is_continued_in_its_message(
    local, program, clock, turn, client, journal, shown
):
    await lose_the_answer(local, program, turn, "The begin", to(turn))
    clock.age()
    text = GrowingText(program(), turn.key, "text:0", turn.channel_id, reply_to=to(turn))
    text.finish("The beginning, and the end.")
    await text.show(settled=True)
    assert [message.content for message in shown()] == ["The beginning, and the end."]


async def test_answer_that_the_model_words_otherwise_after_the_nonce_has_aged(local, program, clock, turn, shown):
    local.fail("POST", POST, status=0, done=True)
    text = GrowingText(program(), turn.key, "text:0", turn.channel_id, reply_to=to(turn))
    text.add("Let me look at the weather ")
    with pytest.raises(SurfaceUnreachable):
        await text.show()
    await lose_the_answer(local, program, turn, "Something went wrong.", to(turn), part="notice")
    clock.age()
    text = GrowingText(program(), turn.key, "text:0", turn.channel_id, reply_to=to(turn))
    text.finish("It will rain tomorrow.")
    await text.show(settled=True)
    assert [message.content for message in shown()] == ["It will rain tomorrow.", "Something went wrong."]


LONG = "\n\n".join(f"Paragraph {number} " + "word " * 60 for number in range(10))


async def lose_the_second_part(local, program, turn):
    text = GrowingText(program(), turn.key, "text:0", turn.channel_id, reply_to=to(turn))
    text.add(LONG[:1500])
    await text.show()
    local.fail("POST", POST, status=0, done=True)
    text.add(LONG[1500:])
    with pytest.raises(SurfaceUnreachable):
        await text.show()


async def test_second_part_whose_note_was_lost_goes_with_the_longer_text(local, program, turn, shown):
    await lose_the_second_part(local, program, turn)
    assert len(shown()) == 2
    text = GrowingText(program(), turn.key, "text:0", turn.channel_id, reply_to=to(turn))
    text.finish("Short.")
    await text.show(settled=True)
    assert [message.content for message in shown()] == ["Short."]


async def test_what_only_may_be_such_a_second_part_stays(local, program, turn, general, shown):
    """Two begin like it: nothing says which of them it is."""
    await lose_the_second_part(local, program, turn)
    second = shown()[1]
    alike = await local.send(local.bot, general, second.content + " And more.")
    text = GrowingText(program(), turn.key, "text:0", turn.channel_id, reply_to=to(turn))
    text.finish("Short.")
    await text.show(settled=True)
    assert shown()[1:] == [second, alike]


async def test_sentence_that_grows_from_none_must_be_equal(local, program, clock, turn, shown):
    await lose_the_answer(local, program, turn, "I stopped.", to(turn), part="closing")
    clock.age()
    surface = DiscordSurfaces(program()).open(turn)
    await surface.say("closing", "I stopped. Ask again.")
    assert [message.content for message in shown()] == ["I stopped.", "I stopped. Ask again."]
    clock.age()
    await lose_the_answer(local, program, turn, "A notice.", to(turn), part="notice")
    clock.age()
    await DiscordSurfaces(program()).open(turn).say("notice", "A notice.")
    assert [message.content for message in shown()][2:] == ["A notice."]


@pytest.fixture
async def approval(turn, journal):
    approval = Approval("i", "c", turn.key, "wipe", {"x": 1}, "f", turn.user_id, turn.channel_id)
    await journal.approvals.ask(approval)
    return approval


async def lose_the_card(local, program, turn, approval):
    """Post a card so that Discord has it and nobody knows."""
    local.fail("POST", POST, status=0, done=True)
    with pytest.raises(SurfaceUnreachable):
        await DiscordSurfaces(program()).open(turn).ask(approval)


async def test_card_is_found_again_and_gets_its_reactions(local, program, clock, turn, approval, shown):
    await lose_the_card(local, program, turn, approval)
    clock.age()
    await DiscordSurfaces(program()).open(turn).ask(approval)
    (card,) = shown()
    assert list(card.reactions) == ["✅", "❌"]


async def test_card_is_found_again_after_a_change_of_settings(local, program, clock, turn, approval, journal, shown):
    await lose_the_card(local, program, turn, approval)
    another = replace(approval, number=1)
    await journal.approvals.ask(another)
    await lose_the_card(local, program, turn, another)
    clock.age()
    outbox = program()
    rules = Rules(ApprovalSettings(deciders=["others"], approvals=2))
    surface = DiscordSurfaces(outbox, cards=CardMessages(outbox, journal.approvals, rules=rules)).open(turn)
    await surface.ask(approval)
    await surface.ask(another)
    assert len(shown()) == 2
    assert (await outbox.planned(turn.key))[0].message_id == shown()[0].id


@pytest.mark.parametrize("how", ["button", "stop", "deadline"])
async def test_card_whose_note_was_lost_shows_what_was_decided(local, program, turn, approval, journal, shown, how):
    """Nobody asks with a card that is decided: within the minute of its nonce, too, it is found."""
    if how == "deadline":
        approval = replace(approval, number=1, deadline=dt.datetime.now(dt.UTC))
        await journal.approvals.ask(approval)
    await lose_the_card(local, program, turn, approval)
    match how:
        case "button":
            decided = await journal.approvals.decide(approval.id, Decision.APPROVED, turn.user_id)
        case "stop":
            (decided,) = await journal.approvals.withdraw(turn.key, turn.user_id)
        case _:
            decided = await journal.approvals.decide(approval.id, Decision.EXPIRED, None)
    await DiscordSurfaces(program(), cards=CardMessages(program(), journal.approvals)).open(turn).settle(decided)
    (card,) = shown()
    assert "May I run" not in card.content
    assert card.components == []


async def test_decided_card_is_looked_for_until_its_channel_can_be_read_and_nothing_is_on_its_way(
    local, program, clock, turn, approval, journal, shown
):
    surface = DiscordSurfaces(program(), cards=CardMessages(program(), journal.approvals)).open(turn)
    await program().plan(turn.key, f"card:{approval.id}", turn.channel_id)
    decided = await journal.approvals.decide(approval.id, Decision.APPROVED, turn.user_id)
    with pytest.raises(SurfaceUnreachable, match="on its way"):
        await surface.settle(decided)
    clock.age()
    local.fail("GET", POST, status=503)
    with pytest.raises(SurfaceUnreachable, match="out of reach"):
        await surface.settle(decided)
    await surface.settle(decided)
    assert shown() == []


async def test_button_that_is_pressed_tells_in_which_message_its_card_stands(
    local, program, clock, turn, approval, journal, general, shown
):
    """Where the history may not be read nothing else does."""
    await lose_the_card(local, program, turn, approval)
    clock.age()
    local.deny(general, local.bot, Permission.READ_MESSAGE_HISTORY)
    cards = CardMessages(program(), journal.approvals)
    choosing = Choosing(None, journal, program(), cards)
    decided = await journal.approvals.decide(approval.id, Decision.APPROVED, turn.user_id)
    await cards.refresh(decided)
    (card,) = shown()
    assert "May I run" in card.content
    await choosing.stands_in(decided, card.id)
    assert "Approved" in card.content
    other = replace(approval, number=1)
    await journal.approvals.ask(other)
    await choosing.stands_in(other, card.id)
    assert (await cards.current(other)).message_id is None


async def test_what_answers_another_message_is_not_taken_for_it(local, program, clock, turn, alice, general, shown):
    await lose_the_answer(local, program, turn, "The answer")
    clock.age()
    outbox = program()
    delivery = await outbox.plan(turn.key, "text:0:0", turn.channel_id)
    await outbox.show(delivery, lambda: Content("The answer"), final=True, reply_to=to(turn), grows=True)
    assert [message.reference is None for message in shown()] == [True, False]


async def test_answer_to_a_message_that_was_deleted_is_found_again(local, program, clock, turn, alice, general, shown):
    """It answers nothing, then; what does answer the message comes first."""
    (asked,) = local.messages(general)
    await local.delete(alice, asked)
    await lose_the_answer(local, program, turn, "The answer", to(turn))
    clock.age()
    outbox = program()
    delivery = await outbox.plan(turn.key, "text:0:0", turn.channel_id)
    await outbox.show(delivery, lambda: Content("The answer."), final=True, reply_to=to(turn), grows=True)
    assert [message.content for message in shown()] == ["The answer."]


async def test_clock_that_was_ahead_when_a_part_was_planned(local, client, journal, turn, shown, monkeypatch):
    ahead = dt.timedelta(minutes=10)

    def skewed():
        return dt.datetime.now(dt.UTC) + ahead

    def program():
        return Outbox(client, journal.deliveries, pauses=(), now=skewed)

    monkeypatch.setattr(journal.deliveries, "_now", skewed)
    await lose_the_answer(local, program, turn, "The answer", to(turn))
    # Six minutes pass: by a clock that goes on like that, and by one that was set right.
    local.clock.advance(AGED.total_seconds())
    ahead += AGED
    await DiscordSurfaces(program()).open(turn).say("text:0:0", "The answer")
    assert [message.content for message in shown()] == ["The answer"]
    await lose_the_answer(local, program, turn, "Another one", to(turn), part="text:1:0")
    local.clock.advance(AGED.total_seconds())
    ahead = AGED * 2
    await DiscordSurfaces(program()).open(turn).say("text:1:0", "Another one")
    assert [message.content for message in shown()] == ["The answer", "Another one"]


async def test_message_that_is_another_delivery_is_not_taken_for_it(program, clock, turn, shown):
    outbox = program()
    first = await outbox.plan(turn.key, "closing", turn.channel_id)
    second = await outbox.plan(turn.key, "notice", turn.channel_id)
    await outbox.show(first, lambda: Content("The same."), final=True, reply_to=to(turn))
    clock.age()
    second = await program().plan(turn.key, "notice", turn.channel_id)
    await program().show(second, lambda: Content("The same."), final=True, reply_to=to(turn))
    assert [message.content for message in shown()] == ["The same.", "The same."]


async def test_duplicate_is_deleted_and_nothing_else(local, program, clock, turn, alice, general, shown):
    asked = local.messages(general)[0]
    await lose_the_answer(local, program, turn, "Done.", to(turn), part="closing")
    # By a process that did not know of it either; what differs in words, reference or author is something else.
    await local.send(local.bot, general, "Done.", reply_to=asked, ping=False)
    other_words = await local.send(local.bot, general, "Done!", reply_to=asked, ping=False)
    no_reply = await local.send(local.bot, general, "Done.")
    theirs = await local.send(alice, general, "Done.", reply_to=asked)
    clock.age()
    await DiscordSurfaces(program()).open(turn).say("closing", "Done.")
    first, *others = shown()
    assert (first.content, others) == ("Done.", [other_words, no_reply])
    assert theirs in local.messages(general)


async def test_where_history_may_not_be_read_it_is_posted_again(local, program, clock, turn, general, shown):
    await lose_the_answer(local, program, turn, "Done.", part="closing")
    clock.age()
    local.deny(general, local.bot, Permission.READ_MESSAGE_HISTORY)
    await DiscordSurfaces(program()).open(turn).say("closing", "Done.")
    assert [message.content for message in shown()] == ["Done.", "Done."]


async def test_within_a_minute_the_nonce_is_enough(local, program, turn, shown):
    await lose_the_answer(local, program, turn, "Done.", to(turn), part="closing")
    asked = len(local.requests)
    await DiscordSurfaces(program()).open(turn).say("closing", "Done.")
    assert [message.content for message in shown()] == ["Done."]
    assert not any(request.method == "GET" for request in local.requests[asked:])


@pytest.fixture
async def journal(journal, monkeypatch, local, clock):
    """The journal, on the clock of these tests."""
    for rows in (journal.deliveries, journal.inbox):
        monkeypatch.setattr(rows, "_now", clock)
    assert isinstance(journal, Journal)
    return journal


@pytest.mark.parametrize("lost", ["the answer", "the note of it"])
async def test_text_of_the_same_run_that_goes_on_after_minutes_is_one_message(
    local, program, clock, turn, shown, journal, monkeypatch, lost
):
    """A tool runs for longer than Discord keeps a nonce."""
    if lost == "the answer":
        local.fail("POST", POST, status=0, done=True)
    else:
        real, left = journal.deliveries.posted, [DatabaseAway("gone")]

        async def posted(*arguments, **named):
            if left:
                raise left.pop()
            await real(*arguments, **named)

        monkeypatch.setattr(journal.deliveries, "posted", posted)
    surface = DiscordSurfaces(program()).open(turn)
    surface.text(0, "Let me look.")
    async with asyncio.timeout(10):
        while not shown() or not surface._showing.done():
            await asyncio.sleep(0.01)
    clock.age()
    surface.finish_text(0, "Let me look. Here it is.")
    await surface.flush()
    await surface.close()
    assert [message.content for message in shown()] == ["Let me look. Here it is."]
