"""What the model is given to read: what was said before, what is answered, what was edited; and /ask."""

import asyncio

from playground.model import say


def read(model):
    """What the newest request holds as the person's message."""
    return model.requests[-1].messages[-1]["content"]


async def test_what_was_said_around_a_mention_and_what_it_answers_is_read(bot, discord_, script, model):
    await bot.start()
    alice, bob, general = discord_.user("alice"), discord_.user("bob"), discord_.channel("general")
    await discord_.send(bob, general, "the build is red")
    theirs = await discord_.send(bob, general, "it says `no space left`")
    script.then(say("Full disk."))
    script.then(say("Yes."))
    await discord_.send(alice, general, bot.mention("why?"), reply_to=theirs)
    await bot.said(general, "Full disk.")
    assert read(model) == (
        "Said in #general before, not to you:\n> Bob: the build is red\n> Bob: it says `no space left`\n\n"
        "In answer to Bob:\n> it says `no space left`\n\nwhy?"
    )
    await discord_.send(bob, general, "thanks")
    await discord_.send(alice, general, bot.mention("sure?"))
    await bot.said(general, "Yes.")
    assert read(model) == "Said in #general before, not to you:\n> Bob: thanks\n\nsure?"


async def test_setting_switches_what_was_said_before_off(bot, discord_, script, model):
    # Looking for missed messages reads channels too.
    bot.configure("[discord]\ncontext_messages = 0\nbackfill_minutes = 0\n")
    await bot.start()
    alice, general = discord_.user("alice"), discord_.channel("general")
    await discord_.send(alice, general, "not to you")
    script.then(say("Hello."))
    await discord_.send(alice, general, bot.mention("hi"))
    await bot.said(general, "Hello.")
    assert read(model) == "hi"
    assert not [request for request in discord_.requests if request.method == "GET" and "messages" in request.route]


async def test_message_that_is_edited_while_it_waits_is_answered_as_it_is_then(bot, discord_, script, model):
    await bot.start()
    alice, general = discord_.user("alice"), discord_.channel("general")
    script.default = lambda request: say(f"Heard: {request.last_user_text}.")
    held = script.hold()
    await discord_.send(alice, general, bot.mention("one"))
    await asyncio.wait_for(held.reached, 15)
    second = await discord_.send(alice, general, bot.mention("tow"))
    await discord_.edit(alice, second, bot.mention("two"))
    await bot.wait_for_row("SELECT payload FROM inbox", lambda row: "two" in row["payload"])
    held.release()
    await bot.said(general, "Heard: two.")
    assert [request.last_user_text for request in model.requests] == ["one", "two"]


async def test_ask_works_where_discord_keeps_what_messages_say(bot, discord_, script, model):
    bot.configure("[discord]\nmessage_content = false\n")
    await bot.start()
    alice, general = discord_.user("alice"), discord_.channel("general")
    script.then(say("Noon."))
    script.then(say("By mention."))
    script.then(say("Directly."))
    asked = await discord_.slash(alice, general, "ask", text="what time?\n@everyone")
    answer = await bot.said(general, "Noon.")
    assert asked.content == "> what time?\n> @everyone"
    assert not asked.message.pinged_everyone
    assert answer.reference.message_id == asked.message.id
    assert read(model) == "what time?\n@everyone"

    await discord_.send(alice, general, "cannot be read")
    await discord_.send(alice, general, bot.mention("hello"))
    await bot.said(general, "By mention.")
    await discord_.send(alice, discord_.dm(alice), "hello")
    await bot.said(discord_.dm(alice), "Directly.")
