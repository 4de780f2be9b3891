"""Who is denied costs nothing and changes nothing; who asks too much is told once."""

import sqlite3

from playground.model import call, say


def rows(bot):
    with sqlite3.connect(bot.database) as database:
        return database.execute("SELECT user_id, outcome FROM inbox ORDER BY id").fetchall()


async def test_denied_people_bots_in_a_loop_and_floods(bot, discord_, script, model):
    alice, bob = discord_.user("alice"), discord_.user("bob")
    general, lab = discord_.channel("general"), discord_.channel("lab")
    mallory, robot = discord_.add_user("mallory"), discord_.add_user("robot", bot=True)
    for guest in (mallory, robot):
        discord_.add_member(discord_.guild_of(general), guest)
    bot.configure(
        f"[access]\ndeny = {{users = [{mallory.id}]}}\nbots = [{robot.id}]\n"
        "[limits]\nuser_per_minute = 5\nprograms_in_a_row = 2\n"
        '[limits.tools."list_notes"]\nper_user_per_hour = 1\n[tools.policy]\nlist_notes = "auto"\n'
    )
    await bot.start()
    script.default = lambda request: say(f"Re: {request.last_user_text.splitlines()[-1]}")
    # Denied: a message, an edit, a command, a reaction on somebody's card, and what is said to others.
    await discord_.send(mallory, general, "words of mallory")
    await discord_.send(bob, general, "words of bob")
    sent = await discord_.send(mallory, general, bot.mention("first"))
    await discord_.edit(mallory, sent, bot.mention("second"))
    asked = await discord_.slash(mallory, general, "ask", text="third")
    assert (asked.content, asked.ephemeral) == ("I may not talk with you here.", True)
    script.then(call("delete_note", name="a"))
    await discord_.send(bob, lab, bot.mention("delete a"))
    card = await bot.card(lab, "delete_note")
    await discord_.react(mallory, card, "✅")
    await discord_.react(bob, card, "❌")
    await bot.said(lab, "Re: delete a")
    assert bot.runs("delete_note") == 0
    assert [user for user, _ in rows(bot)] == [bob.id]
    assert len(model.requests) == 2
    # A bot that answers us is answered twice, and again when a person has spoken.
    for number in range(3):
        await discord_.send(robot, general, bot.mention(f"robot {number}"))
    await bot.said(general, "Re: robot 1")
    await discord_.send(alice, general, bot.mention("person 0"))
    await bot.said(general, "Re: person 0")
    await discord_.send(robot, general, bot.mention("robot 3"))
    await bot.said(general, "Re: robot 3")
    assert bot.shown(general, "Re: robot 2") == []
    # A flood: what is over the limit is told once; the expensive tool runs once.
    script.when(
        lambda request: "notes" in request.last_user_text and request.messages[-1]["role"] == "user",
        call("list_notes", _id="l"),
    )
    await discord_.send(alice, general, bot.mention("notes 1"))
    await bot.said(general, "Re: notes 1")
    await discord_.send(alice, general, bot.mention("notes 2"))
    await bot.said(general, "`list_notes` ✗")
    await bot.said(general, "Re: notes 2")
    for number in range(3, 10):
        await discord_.send(alice, general, bot.mention(f"flood {number}"))
    await bot.said(general, "You asked me 5 times within a minute")
    await bot.restart()
    await discord_.send(bob, general, bot.mention("still there?"))
    await bot.said(general, "Re: still there?")
    assert len(bot.shown(general, "within a minute")) == 1
    assert any("words of bob" in str(request.messages) for request in model.requests)
    assert not any("words of mallory" in str(request.messages) for request in model.requests)
    kept = b"".join(file.read_bytes() for file in bot.database.parent.glob(f"{bot.database.name}*"))
    assert (b"words of bob" in kept, b"words of mallory" in kept) == (True, False)
    assert bot.runs("list_notes") == 1
    assert [outcome for user, outcome in rows(bot) if user == alice.id].count("limited") == 5
