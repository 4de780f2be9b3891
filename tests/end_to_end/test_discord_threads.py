"""Cards and answers where a conversation is moved out from under them: archived, locked, in a forum, in private."""

import asyncio

import pytest

from playground import Permission
from playground.model import call, say

TEXT = "The first half of it is here, and the second half of it comes later."


@pytest.fixture
async def places(discord_):
    """bob, who asks; alice, who owns the server; the channel."""
    return discord_.user("bob"), discord_.user("alice"), discord_.channel("general")


def answers(discord_, channel):
    return [m.content for m in discord_.messages(channel) if m.author.id == discord_.bot.id]


async def in_thread(bot, discord_, user, channel):
    """A thread at a message that somebody wrote."""
    root = await discord_.send(user, channel, "The roof leaks.")
    return await discord_.thread(user, root, "roof")


async def test_thread_that_is_archived_while_an_answer_streams_gets_all_of_it(bot, discord_, script, model, places):
    await bot.start()
    bob, _, general = places
    thread = await in_thread(bot, discord_, bob, general)
    script.then(say(TEXT))
    gate = script.hold()
    await discord_.send(bob, thread, bot.mention("what now?"))
    await bot.said(thread, "first half")
    await discord_.archive(bob, thread)
    gate.release()
    await bot.said(thread, TEXT)
    assert answers(discord_, thread) == [TEXT]
    assert "> Bob: The roof leaks." in model.requests[0].messages[-1]["content"]


async def test_card_in_a_thread_that_was_archived_works_when_it_is_opened_again(bot, discord_, script, places):
    (bot.notes / "todo.txt").write_text("milk")
    await bot.start()
    bob, _, general = places
    thread = await in_thread(bot, discord_, bob, general)
    script.then(call("delete_note", name="todo"))
    script.then(say("Deleted."))
    await discord_.send(bob, thread, bot.mention("delete my todo"))
    card = await bot.card(thread, "delete_note")
    await discord_.archive(bob, thread)
    await discord_.unarchive(bob, thread)
    await discord_.react(bob, card, "✅")
    await bot.said(thread, "Deleted.")
    assert bot.runs("delete_note") == 1


async def test_thread_that_is_archived_right_behind_the_decision_shows_the_answer(bot, discord_, script, places):
    (bot.notes / "todo.txt").write_text("milk")
    await bot.start()
    bob, _, general = places
    thread = await in_thread(bot, discord_, bob, general)
    script.then(call("delete_note", name="todo"))
    script.then(say("Deleted."))
    await discord_.send(bob, thread, bot.mention("delete my todo"))
    card = await bot.card(thread, "delete_note")
    await discord_.react(bob, card, "✅")
    await discord_.archive(bob, thread)
    await bot.said(thread, "Deleted.")
    await discord_.wait_until(lambda: "Approved" in card.content)
    assert bot.runs("delete_note") == 1


async def test_thread_that_is_locked_while_an_answer_streams_ends_in_a_private_sentence(
    bot, discord_, script, model, places
):
    await bot.start()
    bob, owner, general = places
    thread = await in_thread(bot, discord_, bob, general)
    script.default = lambda request: say(f"Heard: {request.last_user_text.splitlines()[-1]}.")
    script.then(say(TEXT))
    gate = script.hold()
    await discord_.send(bob, thread, bot.mention("what now?"))
    await bot.said(thread, "first half")
    await discord_.lock(owner, thread, archive=True)
    gate.release()
    told = await bot.said(discord_.dm(bob), "I was not allowed to post my answer.")
    assert str(thread.id) in told.content
    assert len(answers(discord_, thread)) == 1
    await discord_.unlock(owner, thread)
    await discord_.send(bob, thread, bot.mention("again"))
    await bot.said(thread, "Heard: again.")


async def test_card_in_a_thread_that_was_locked_is_decided_and_the_answer_is_told_privately(
    bot, discord_, script, places
):
    (bot.notes / "todo.txt").write_text("milk")
    await bot.start()
    bob, owner, general = places
    thread = await in_thread(bot, discord_, bob, general)
    script.then(call("delete_note", name="todo"))
    script.then(say("Deleted."))
    await discord_.send(bob, thread, bot.mention("delete my todo"))
    card = await bot.card(thread, "delete_note")
    gate = script.hold()
    await discord_.react(bob, card, "✅")
    await asyncio.wait_for(gate.reached, 15)
    await discord_.lock(owner, thread, archive=True)
    gate.release()
    await bot.said(discord_.dm(bob), "I was not allowed to post my answer.")
    assert bot.runs("delete_note") == 1


async def test_forum_post_is_answered_in_its_thread_with_its_beginning_read(bot, discord_, script, model, places):
    await bot.start()
    bob, _, general = places
    forum = discord_.add_forum(discord_.guild_of(general), "help")
    script.then(say("A ladder."))
    script.then(say("A long one."))
    post = await discord_.post(bob, forum, "Leak", bot.mention("my roof leaks, what do I need?"))
    await bot.said(post, "A ladder.")
    other = await discord_.post(bob, forum, "Attic", "The attic is dark.")
    await discord_.send(bob, other, bot.mention("and here?"))
    await bot.said(other, "A long one.")
    assert "> Bob: The attic is dark." in model.requests[-1].messages[-1]["content"]


async def test_card_and_answer_in_private(bot, discord_, script, places):
    (bot.notes / "todo.txt").write_text("milk")
    await bot.start()
    bob, _, _ = places
    script.then(call("delete_note", name="todo"))
    script.then(say("Deleted."))
    await discord_.send(bob, discord_.dm(bob), "delete my todo")
    card = await bot.card(discord_.dm(bob), "delete_note")
    await discord_.react(bob, card, "✅")
    await bot.said(discord_.dm(bob), "Deleted.")
    assert bot.runs("delete_note") == 1


async def test_permission_that_is_missing_in_one_channel_of_many_is_told_and_the_others_go_on(
    bot, discord_, script, places
):
    await bot.start()
    bob, _, general = places
    lab = discord_.channel("lab")
    guild = discord_.guild_of(general)
    script.default = lambda request: say(f"Heard: {request.last_user_text.splitlines()[-1]}.")
    discord_.deny(general, discord_.everyone(guild), Permission.SEND_MESSAGES)
    discord_.allow(general, bob, Permission.SEND_MESSAGES)
    await discord_.send(bob, general, bot.mention("here"))
    await bot.said(discord_.dm(bob), "I was not allowed to post my answer.")
    await discord_.send(bob, lab, bot.mention("there"))
    await bot.said(lab, "Heard: there.")
    assert answers(discord_, general) == []


async def test_card_without_our_reactions_is_decided_by_ones_own(bot, discord_, script, places):
    (bot.notes / "todo.txt").write_text("milk")
    await bot.start()
    bob, _, general = places
    discord_.deny(general, discord_.everyone(discord_.guild_of(general)), Permission.ADD_REACTIONS)
    discord_.allow(general, bob, Permission.ADD_REACTIONS)
    script.then(call("delete_note", name="todo"))
    script.then(say("Deleted."))
    await discord_.send(bob, general, bot.mention("delete my todo"))
    card = await bot.said(general, "May I run")
    await discord_.react(bob, card, "✅")
    await bot.said(general, "Deleted.")
    assert bot.runs("delete_note") == 1
