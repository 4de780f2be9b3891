"""Channels, threads and servers that are gone: what was open there ends, is audited, and the people are told."""

import sqlite3

from playground.model import call, say


def audited(bot):
    with sqlite3.connect(bot.database) as database:
        return database.execute("SELECT detail, user_id FROM audit WHERE event = 'place_gone' ORDER BY id").fetchall()


def unfinished(bot):
    with sqlite3.connect(bot.database) as database:
        states = database.execute("SELECT key FROM inbox WHERE state != 'closed'").fetchall()
        return states + database.execute("SELECT id FROM approvals WHERE decision IS NULL").fetchall()


async def test_place_that_goes_under_a_card_or_a_turn_closes_what_is_open_there(bot, discord_, script):
    await bot.start()
    alice, bob, guild = discord_.user("alice"), discord_.user("bob"), discord_.guild("Harbour")
    doomed, general = discord_.add_channel(guild, "doomed"), discord_.channel("general")
    # A card waits, and a message behind it, when the channel is deleted.
    script.then(call("delete_note", name="a"))
    await discord_.send(alice, doomed, bot.mention("delete a"))
    await bot.card(doomed, "delete_note")
    await discord_.send(alice, doomed, bot.mention("and then?"))
    await bot.said(doomed, "I still wait for a decision")
    # So does one in a thread of it that is archived.
    archived = await discord_.thread(alice, doomed, "archived")
    script.then(call("delete_note", name="b"))
    await discord_.send(alice, archived, bot.mention("delete b"))
    await bot.card(archived, "delete_note")
    await discord_.archive(alice, archived)
    discord_.delete_channel(doomed)
    await bot.said(discord_.dm(alice), "The place where you asked this is gone, so I left it unfinished.")
    await bot.closed(3)
    assert audited(bot) == [(f"channel {doomed.id} was deleted", alice.id)] * 3
    # A turn runs when its thread is deleted.
    root = await discord_.send(bob, general, "a root")
    thread = await discord_.thread(bob, root, "branch")
    gate = script.hold()
    script.then(say("never heard"))
    await discord_.send(bob, thread, bot.mention("hello"))
    await gate.reached
    await discord_.delete_thread(discord_.user("alice"), thread)
    await bot.said(discord_.dm(bob), "The place where you asked this is gone")
    await bot.closed(4)
    assert audited(bot)[3:] == [(f"channel {thread.id} was deleted", bob.id)]
    assert unfinished(bot) == []
    assert bot.runs("delete_note") == 0
    # Everybody else is served.
    script.then(say("Here I am."))
    await discord_.send(alice, general, bot.mention("are you there?"))
    await bot.said(general, "Here I am.")


async def test_place_that_went_while_we_were_away_is_found_at_the_start(bot, discord_, script):
    await bot.start()
    alice, guild = discord_.user("alice"), discord_.guild("Harbour")
    doomed, other = discord_.add_channel(guild, "doomed"), discord_.add_guild("Elsewhere", alice)
    discord_.add_member(other, discord_.bot)
    there = discord_.add_channel(other, "there")
    script.then(call("delete_note", name="a"))
    await discord_.send(alice, doomed, bot.mention("delete a"))
    await bot.card(doomed, "delete_note")
    script.then(call("delete_note", name="b"))
    await discord_.send(alice, there, bot.mention("delete b"))
    await bot.card(there, "delete_note")
    await bot.kill()
    discord_.delete_channel(doomed)
    discord_.remove_member(other, discord_.bot)
    await bot.start()
    await bot.closed(2)
    assert unfinished(bot) == []
    found = {detail for detail, _ in audited(bot)}
    assert f"guild {other.id} was left" in found or any("10003" in detail for detail in found)
    assert len(audited(bot)) == 2
    assert bot.runs("delete_note") == 0


async def test_server_that_we_are_taken_out_of_closes_its_turns_and_a_turn_that_cannot_be_posted_is_undelivered(
    bot, discord_, script
):
    await bot.start()
    alice, guild = discord_.user("alice"), discord_.guild("Harbour")
    doomed, general = discord_.add_channel(guild, "doomed"), discord_.channel("general")
    gate = script.hold()
    script.then(say("an answer"))
    await discord_.send(alice, doomed, bot.mention("hello"))
    await gate.reached
    await bot.kill()
    discord_.delete_channel(doomed)
    script.then(say("an answer with nowhere to go"))
    await bot.start()
    await bot.said(discord_.dm(alice), "I was not allowed to post my answer.")
    await bot.closed(1)
    script.then(call("delete_note", name="a"))
    await discord_.send(alice, general, bot.mention("delete a"))
    await bot.card(general, "delete_note")
    discord_.remove_member(guild, discord_.bot)
    await bot.closed(2)
    assert audited(bot) == [(f"guild {guild.id} was left", alice.id)]
    assert unfinished(bot) == []
