"""Cards and answers where a conversation is moved out from under them: archived, locked, in a forum, in private."""

import asyncio

import pytest

from playground import DiscordError, Permission
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
    assert model.requests[0].messages[-1]["content"] == (
        "Said in the thread #roof before, not to you:\n> Bob: The roof leaks.\n\nwhat now?"
    )


@pytest.mark.parametrize("by", ["writing", "opening it"])
async def test_card_in_a_thread_that_was_archived_works_when_it_is_opened_again(bot, discord_, script, places, by):
    (bot.notes / "todo.txt").write_text("milk")
    await bot.start()
    bob, _, general = places
    thread = await in_thread(bot, discord_, bob, general)
    script.then(call("delete_note", name="todo"))
    script.then(say("Deleted."))
    await discord_.send(bob, thread, bot.mention("delete my todo"))
    card = await bot.card(thread, "delete_note")
    await discord_.archive(bob, thread)
    with pytest.raises(DiscordError, match="50083"):
        await discord_.react(bob, card, "✅")
    if by == "writing":
        await discord_.send(bob, thread, "I am back.")
    else:
        await discord_.unarchive(bob, thread)
    await discord_.react(bob, card, "✅")
    await bot.said(thread, "Deleted.")
    await discord_.wait_until(lambda: "Approved" in card.content)
    assert bot.runs("delete_note") == 1
    assert [words for words in answers(discord_, thread) if "🔧" not in words] == [card.content, "Deleted."]


async def test_card_in_a_thread_that_was_locked_waits_until_it_is_unlocked(bot, discord_, script, places):
    """Nobody can decide it there; what waits goes on waiting, also over a restart."""
    (bot.notes / "todo.txt").write_text("milk")
    await bot.start()
    bob, owner, general = places
    thread = await in_thread(bot, discord_, bob, general)
    script.then(call("delete_note", name="todo"))
    script.then(say("Deleted."))
    await discord_.send(bob, thread, bot.mention("delete my todo"))
    card = await bot.card(thread, "delete_note")
    await discord_.lock(owner, thread, archive=True)
    with pytest.raises(DiscordError):
        await discord_.react(bob, card, "✅")
    await bot.restart()
    await discord_.unlock(owner, thread)
    await discord_.unarchive(bob, thread)
    await discord_.react(bob, card, "✅")
    await bot.said(thread, "Deleted.")
    assert bot.runs("delete_note") == 1
    assert answers(discord_, discord_.dm(bob)) == []


async def test_thread_that_is_locked_before_a_card_is_there_leaves_the_call_and_says_so(
    bot, discord_, script, model, places
):
    (bot.notes / "todo.txt").write_text("milk")
    await bot.start()
    bob, owner, general = places
    thread = await in_thread(bot, discord_, bob, general)
    script.default = lambda request: say(f"Heard: {request.last_user_text.splitlines()[-1]}.")
    script.then(call("delete_note", _id="d", name="todo"))
    gate = script.hold()
    await discord_.send(bob, thread, bot.mention("delete my todo"))
    await asyncio.wait_for(gate.reached, 15)
    await discord_.lock(owner, thread, archive=True)
    gate.release()
    direct = discord_.dm(bob)
    told = await bot.said(direct, "I was not allowed to post the question about a tool, so I left this.")
    assert str(thread.id) in told.content
    assert answers(discord_, direct) == [told.content]
    assert answers(discord_, thread) == []
    assert bot.runs("delete_note") == 0
    await discord_.unlock(owner, thread)
    await discord_.send(bob, thread, bot.mention("again"))
    await bot.said(thread, "Heard: again.")
    (result,) = [m for m in model.requests[-1].messages if m["role"] == "tool"]
    assert result["tool_call_id"] == "d"


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
    bot, discord_, script, model, places
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
    told = await bot.said(discord_.dm(bob), "I was not allowed to post my answer.")
    assert f"https://discord.com/channels/{general.guild_id}/{thread.id}/" in told.content
    assert bot.runs("delete_note") == 1
    assert "Deleted." not in answers(discord_, thread)
    script.then(say("Here I am."))
    await discord_.unlock(owner, thread)
    await discord_.send(bob, thread, bot.mention("still there?"))
    await bot.said(thread, "Here I am.")
    assert answers(discord_, discord_.dm(bob)) == [told.content]
    roles = [m["role"] for m in model.requests[-1].messages]
    assert roles == ["system", "user", "assistant", "tool", "assistant", "user"]


async def test_forum_post_is_answered_in_its_thread_with_its_beginning_read(bot, discord_, script, model, places):
    await bot.start()
    bob, _, general = places
    forum = discord_.add_forum(discord_.guild_of(general), "help")
    script.then(say("A ladder."))
    script.then(say("A long one."))
    post = await discord_.post(bob, forum, "Leak", bot.mention("my roof leaks, what do I need?"))
    await bot.said(post, "A ladder.")
    assert model.requests[0].messages[-1]["content"] == "my roof leaks, what do I need?"
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


CODE = [f"print({number}, 'of a program')" for number in range(60)]
LONG = [f"This is sentence {number} of an answer that goes on." for number in range(60)]


@pytest.mark.parametrize(
    ("right", "text", "lines"),
    [
        (Permission.ATTACH_FILES, "Here:\n```python\n{}\n```\nDone.", CODE),
        (Permission.ATTACH_FILES, "Here:\n{}\nDone.", LONG),
        (Permission.READ_MESSAGE_HISTORY, "Here:\n{}\nDone.", ["No history."]),
    ],
)
async def test_answer_comes_whole_where_a_right_is_missing_that_it_can_do_without(
    bot, discord_, script, places, right, text, lines
):
    bot.configure("[answers]\nfile_over = 2000\ncode_file_over = 500\n")
    await bot.start()
    bob, _, general = places
    discord_.deny(general, discord_.bot, right)
    script.then(say(text.format("\n".join(lines)), chunks=10))
    await discord_.send(bob, general, bot.mention("write it"))
    await bot.said(general, "Done.")
    await bot.closed(1)
    parts = answers(discord_, general)
    shown = [line for part in parts for line in part.splitlines() if line and "```" not in line]
    told = [line for line in shown if "Read Message History" in line]
    assert len(told) == (right == Permission.READ_MESSAGE_HISTORY)
    assert shown == [*told, "Here:", *lines, "Done."]
    assert answers(discord_, discord_.dm(bob)) == []


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
    await bot.said(general, "I may not add reactions here")
    await discord_.react(bob, card, "✅")
    await bot.said(general, "Deleted.")
    assert bot.runs("delete_note") == 1
