"""Conversations beside each other, what counts as spoken to us, and what the model may write."""

import asyncio
import sqlite3
from contextlib import closing

from playground.model import call, say


def spoken(request):
    """What a request holds of the conversation, by role and text."""
    return [(m["role"], m["content"]) for m in request.messages if m["role"] in ("user", "assistant")]


def threads(bot):
    with closing(sqlite3.connect(bot.database)) as database:
        return {row[0] for row in database.execute("SELECT DISTINCT thread_id FROM checkpoints")}


def claimed(bot):
    """What was said to the bot, in the order in which it took note of it."""
    with closing(sqlite3.connect(bot.database)) as database:
        return [row[0] for row in database.execute("SELECT payload ->> 'text' FROM inbox ORDER BY id")]


async def test_each_user_in_each_channel_has_a_thread_of_their_own(bot, discord_, script, model):
    await bot.start()
    script.default = lambda request: say(f"Heard: {request.last_user_text}.")
    alice, bob = discord_.user("alice"), discord_.user("bob")
    general, lab = discord_.channel("general"), discord_.channel("lab")
    places = [(user, channel) for user in (alice, bob) for channel in (general, lab)]
    for round_ in ("first", "second"):
        for user, channel in places:
            await discord_.send(user, channel, bot.mention(f"{round_} of {user.name} in {channel.name}"))
        for user, channel in places:
            await bot.said(channel, f"Heard: {round_} of {user.name} in {channel.name}.")
    guild = general.guild_id
    assert threads(bot) == {f"{guild}:{channel.id}:{user.id}:0" for user, channel in places}
    for user, channel in places:
        where = f"of {user.name} in {channel.name}"
        own = [spoken(request) for request in model.requests if request.last_user_text.endswith(where)]
        first = [("user", f"first {where}")]
        assert own == [first, [*first, ("assistant", f"Heard: first {where}."), ("user", f"second {where}")]]


async def test_turns_of_a_thread_come_one_after_another_beside_those_of_others(bot, discord_, script, model):
    await bot.start()
    alice, bob, general = discord_.user("alice"), discord_.user("bob"), discord_.channel("general")
    script.default = lambda request: say(f"Heard: {request.last_user_text}.")
    held = script.hold()
    await discord_.send(alice, general, bot.mention("one"))
    await asyncio.wait_for(held.reached, 15)
    quick = ["two", "three", "four", "five", "six", "seven", "eight"]
    for word in quick:
        await discord_.send(alice, general, bot.mention(word))
    await discord_.send(bob, general, bot.mention("beside"))
    await bot.said(general, "Heard: beside.")
    assert [request.last_user_text for request in model.requests] == ["one", "beside"]
    assert claimed(bot) == ["one", *quick, "beside"]
    held.release()
    await bot.said(general, "Heard: three.")
    assert [request.last_user_text for request in model.requests][:4] == ["one", "beside", "two", "three"]
    assert [text for _, text in spoken(model.requests[3])] == ["one", "Heard: one.", "two", "Heard: two.", "three"]


async def test_direct_messages_and_replies_are_for_us_and_bots_are_not(bot, discord_, script, model):
    await bot.start()
    alice, general = discord_.user("alice"), discord_.channel("general")
    script.default = lambda request: say(f"Heard: {request.last_user_text.splitlines()[-1]}.")
    direct = discord_.dm(alice)
    await discord_.send(alice, direct, "hello in private")
    await bot.said(direct, "Heard: hello in private.")
    await discord_.send(alice, general, "this is not for you")
    await discord_.send(alice, general, "@everyone neither is this")
    robot = discord_.add_user("robot", bot=True)
    discord_.add_member(discord_.guild("Harbour"), robot)
    await discord_.send(robot, general, bot.mention("I am a bot"))
    await discord_.send(alice, general, bot.mention("hello in public"))
    answer = await bot.said(general, "Heard: hello in public.")
    await discord_.send(robot, general, "I reply", reply_to=answer)
    await discord_.send(alice, general, "and this is a reply", reply_to=answer)
    await bot.said(general, "Heard: and this is a reply.")
    # A message that the gateway brings twice is one message.
    sent = await discord_.send(alice, general, bot.mention("twice"))
    discord_.redeliver(sent)
    await bot.said(general, "Heard: twice.")
    discord_.redeliver(sent)
    texts = [request.last_user_text.splitlines()[-1] for request in model.requests]
    assert texts == ["hello in private", "hello in public", "and this is a reply", "twice"]
    assert threads(bot) == {f"dm:{direct.id}:{alice.id}:0", f"{general.guild_id}:{general.id}:{alice.id}:0"}


async def test_nothing_the_model_writes_pings_and_long_answers_lose_nothing(bot, discord_, script):
    bot.configure("[answers]\ncode_file_over = 0\n")
    await bot.start()
    alice, bob, general, lab = *map(discord_.user, ("alice", "bob")), *map(discord_.channel, ("general", "lab"))
    role = discord_.add_role(discord_.guild("Harbour"), "crew", mentionable=True)
    for user in (alice, bob):
        discord_.add_member(discord_.guild("Harbour"), user, roles=[role])
    loud = f"@everyone @here <@{bob.id}> <@!{alice.id}> <@&{role.id}> come"
    script.then(call("delete_note", name=loud), text=f"First {loud}")
    script.then(say(f"Then {loud}", chunks=12))
    await discord_.send(alice, general, bot.mention("call everybody"))
    card = await bot.card(general, "delete_note")
    await discord_.react(alice, card, "❌")
    await bot.said(general, f"Then {loud}")
    ours = [message for message in discord_.messages(general) if message.author.id == discord_.bot.id]
    assert len(ours) >= 3
    for message in ours:
        assert message.pinged == set()
        assert not message.pinged_everyone
    lines = [f"line {number} of a program that goes on and on" for number in range(120)]
    text = "Here it is:\n```python\n" + "\n".join(lines) + "\n```\nThat was all of it."
    script.then(say(text, chunks=40))
    await discord_.send(alice, lab, bot.mention("write a program"))
    await bot.said(lab, "That was all of it.", timeout=30)
    parts = [message.content for message in discord_.messages(lab) if message.author.id == discord_.bot.id]
    assert len(parts) >= 3
    assert all(len(part) <= 2000 for part in parts)
    assert all(part.count("```") == 2 for part in parts)
    assert all(part.startswith("```python\n") for part in parts[1:])
    shown = "\n".join(parts).splitlines()
    assert [line for line in shown if "```" not in line] == ["Here it is:", *lines, "That was all of it."]
    assert discord_.rate_limited == 0


async def test_broken_calls_go_back_to_the_model_and_the_step_limit_is_told(bot, discord_, script, model):
    bot.configure("[model]\nstep_limit = 3\n")
    await bot.start()
    alice, general = discord_.user("alice"), discord_.channel("general")
    (bot.notes / "todo.txt").write_text("milk")
    broken = call("read_note", _id="a", _raw="{broken")
    script.then(broken, call("reed_note", _id="b", name="todo"), call("read_note", _id="c", nom="todo"))
    script.then(call("read_note", _id="d", name="todo"))
    script.then(say("You need milk."))
    await discord_.send(alice, general, bot.mention("what do I need?"))
    await bot.said(general, "You need milk.")
    answers = {m["tool_call_id"]: m["content"] for m in model.requests[-1].messages if m["role"] == "tool"}
    assert "correct them and call again" in answers["a"]
    assert "did you mean" in answers["b"]
    assert "read_note" in answers["b"]
    assert "do not fit read_note" in answers["c"]
    assert answers["d"] == "milk"
    assert bot.runs("read_note") == 1
    script.default = lambda _: call("list_notes")
    await discord_.send(alice, general, bot.mention("go on for ever"))
    await bot.said(general, "I stopped here: this took 3 steps")
    assert bot.runs("list_notes") == 3
    assert len(model.requests) == 6
    script.default = lambda _: say("Here I am.")
    await discord_.send(alice, general, bot.mention("still there?"))
    await bot.said(general, "Here I am.")
