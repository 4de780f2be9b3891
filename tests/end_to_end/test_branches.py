"""Ways back: /history lists, /rewind and /reset open a branch, and the old one stays as it was to the byte."""

import asyncio
import sqlite3
from contextlib import closing

from playground.model import call, say


def rows(bot, thread_id):
    """Everything the checkpointer keeps of a thread."""
    with closing(sqlite3.connect(bot.database)) as database:
        return [
            database.execute("SELECT * FROM checkpoints WHERE thread_id = ? ORDER BY 1, 2, 3", [thread_id]).fetchall(),
            database.execute("SELECT * FROM writes WHERE thread_id = ? ORDER BY 1, 2, 3, 4, 5", [thread_id]).fetchall(),
        ]


def said_by_user(request):
    return [m["content"] for m in request.messages if m["role"] == "user"]


async def test_rewind_goes_on_from_before_a_turn_and_leaves_the_old_branch_whole(bot, discord_, script, model):
    await bot.start()
    alice, bob = discord_.user("alice"), discord_.user("bob")
    # Each says something in turn, so that no channel is spoken in too fast.
    direct, general = discord_.dm(alice), discord_.channel("general")
    thread = f"dm:{direct.id}:{alice.id}"
    nothing = await discord_.slash(alice, direct, "history")
    assert nothing.content == "You have not spoken with me here yet."
    for text in ("I am Alice", "list my notes", "the third thing"):
        if text == "list my notes":
            script.then(call("list_notes"))
        script.then(say(f"Heard: {text}."))
        await discord_.send(alice, direct, text)
        await bot.said(direct, f"Heard: {text}.")
    listed = await discord_.slash(alice, direct, "history")
    for words in ("1. <t:", "I am Alice", "2. <t:", "`list_notes`", "3. <t:", "the third thing", f"`{thread}:0`"):
        assert words in listed.content
    await bot.closed(3)
    before = rows(bot, f"{thread}:0")
    assert all(before)
    missing = await discord_.slash(alice, direct, "rewind", turn=9)
    assert missing.content == "There is no turn 9 here; this conversation has 3."
    back = await discord_.slash(alice, direct, "rewind", turn=2)
    assert "Back to before turn 2" in back.content
    # A kill right behind it loses nothing of it.
    await bot.restart()
    script.then(say("Heard: another second thing."))
    await discord_.send(alice, direct, "another second thing")
    await bot.said(direct, "Heard: another second thing.")
    assert said_by_user(model.requests[-1]) == ["I am Alice", "another second thing"]
    assert [m["role"] for m in model.requests[-1].messages] == ["system", "user", "assistant", "user"]
    listed = await discord_.slash(alice, direct, "history")
    assert "Turns of branch 1" in listed.content
    assert "2. <t:" in listed.content
    assert "another second thing" in listed.content
    assert "the third thing" not in listed.content
    # Rewound once more on the new branch, to a turn it took over; then anew.
    await discord_.slash(alice, direct, "rewind", turn=1)
    script.then(say("Heard: I am Anna."))
    await discord_.send(alice, direct, "I am Anna")
    await bot.said(direct, "Heard: I am Anna.")
    assert said_by_user(model.requests[-1]) == ["I am Anna"]
    anew = await discord_.slash(alice, direct, "reset")
    assert "on branch 3" in anew.content
    script.then(say("Heard: who am I."))
    await discord_.send(alice, direct, "who am I")
    await bot.said(direct, "Heard: who am I.")
    assert said_by_user(model.requests[-1]) == ["who am I"]
    assert rows(bot, f"{thread}:0") == before
    old = await discord_.slash(alice, direct, "history", branch=0)
    assert "the third thing" in old.content
    assert "another second thing" not in old.content
    code, printed = await bot.command("history", f"{thread}:0")
    assert code == 0
    for words in ("I am Alice", "list my notes", "list_notes", "the third thing"):
        assert words in printed
    assert "another second thing" not in printed
    code, printed = await bot.command("history", f"{thread}:1")
    assert code == 0
    assert "I am Alice" in printed
    assert "another second thing" in printed
    # Bob has a conversation of his own, which none of this touched.
    nobody = await discord_.slash(bob, general, "history")
    assert nobody.content == "You have not spoken with me here yet."


async def test_rewind_closes_a_turn_that_waits_or_streams(bot, discord_, script, model):
    await bot.start()
    alice, general = discord_.user("alice"), discord_.channel("general")
    (bot.notes / "todo.txt").write_text("milk")
    script.then(say("Hello."))
    await discord_.send(alice, general, bot.mention("hello"))
    await bot.said(general, "Hello.")
    script.then(call("delete_note", name="todo"))
    await discord_.send(alice, general, bot.mention("delete it"))
    card = await bot.card(general, "delete_note")
    missing = await discord_.slash(alice, general, "rewind", turn=9)
    assert missing.content == "There is no turn 9 here; this conversation has 2."
    assert "May I run" in card.content
    back = await discord_.slash(alice, general, "rewind", turn=2)
    assert "Back to before turn 2" in back.content
    assert card.content.startswith("### Not run: `delete_note`")
    await bot.said(general, "Stopped, because the conversation was rewound.")
    await discord_.react(alice, card, "✅")
    script.then(say("The beginning of a long story."))
    held = script.hold()
    await discord_.send(alice, general, bot.mention("tell a story"))
    await asyncio.wait_for(held.reached, 15)
    assert said_by_user(model.requests[-1]) == ["hello", "tell a story"]
    back = await discord_.slash(alice, general, "rewind", turn=2)
    assert "Back to before turn 2" in back.content
    await model.wait_for_aborted(1)
    script.then(say("Nothing was deleted."))
    await discord_.send(alice, general, bot.mention("what did you do?"))
    await bot.said(general, "Nothing was deleted.")
    assert said_by_user(model.requests[-1]) == ["hello", "what did you do?"]
    assert bot.runs("delete_note") == 0
    assert len(bot.shown(general, "Stopped, because")) == 2
    old = await discord_.slash(alice, general, "history", branch=0)
    assert "not run `delete_note`" in old.content
    assert "stopped" in old.content


async def test_command_in_a_conversation_that_another_process_works_on_says_so(bot, discord_, script):
    await bot.start()
    alice, general = discord_.user("alice"), discord_.channel("general")
    script.then(say("Hello."))
    await discord_.send(alice, general, bot.mention("hello"))
    await bot.said(general, "Hello.")
    await bot.closed(1)
    with closing(sqlite3.connect(bot.database, timeout=10)) as database, database:
        database.execute("INSERT INTO owners (name, incarnation, until) VALUES ('other', 1, 1e12)")
        database.execute("UPDATE claims SET owner = 'other', incarnation = 1, fence = fence + 1")
    busy = await discord_.slash(alice, general, "reset", timeout=40)
    assert busy.content == "I am still busy with this conversation; please try again in a moment."
    with closing(sqlite3.connect(bot.database, timeout=10)) as database, database:
        database.execute("UPDATE owners SET until = 0 WHERE name = 'other'")
    done = await discord_.slash(alice, general, "reset")
    assert done.content != busy.content
