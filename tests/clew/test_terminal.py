"""`clew chat` as a process of its own, through a pipe and through a terminal, killed and started again."""

import asyncio
import re
import sys
from pathlib import Path

from checkpoints.database import open_database
from checkpoints.inbox import InboxState
from checkpoints.journal import Journal
from checkpoints.keys import Conversation
from clew.alone import alone
from graph.turn import Turn
from playground import LocalDiscord
from playground.model import call, say

CLEW = Path(sys.executable).with_name("clew")
CONTROL_C, CONTROL_D = "\x03", "\x04"


async def test_lines_of_a_pipe_are_answered_in_their_order_and_listed_by_history(chat, script):
    script.then(call("current_time", zone="Tokyo"))
    script.then(say("Nine hours ahead."))
    script.then(say("Good night."))
    code, shown = await chat.all_of("What time is it in Tokyo?", "", "Good night", "/history")

    assert code == 0
    assert re.match(
        r"\[current_time: \.\.\.\]\n\[current_time: done\]\nNine hours ahead\.\nGood night\.\n +Turn .*",
        shown,
        re.DOTALL,
    )
    assert "What time is it in Tokyo?" in shown
    threads = await chat.command("history")
    assert re.search(r"dm:1:1:0 \(current\) +start .* 2 +What time is it in Tokyo\?", threads)


async def test_approvals_are_read_from_the_next_line(chat, script):
    for name in ("a", "b"):
        (chat.notes / f"{name}.txt").write_text("x")
        script.then(call("delete_note", name=name))
        script.then(say(f"That was {name}."))
    code, shown = await chat.all_of("delete a", "what?", "y", "delete b", "n")

    assert code == 0
    assert 'May I run delete_note?\n{\n  "name": "a"\n}\n' in shown
    assert shown.count("y runs it, n refuses it, s goes on without it:") == 3
    assert "[delete_note: approved]\n[delete_note: ...]\n[delete_note: done]\nThat was a." in shown
    assert "[delete_note: refused]" in shown
    assert [path.name for path in chat.notes.iterdir()] == ["b.txt"]


async def test_setting_aside_goes_on_without_the_answer(chat, script, model):
    (chat.notes / "a.txt").write_text("x")
    script.then(call("delete_note", name="a"))
    script.then(say("All right."))
    code, shown = await chat.all_of("delete a", "s", "never mind")

    assert code == 0
    assert "Set aside" in shown
    assert shown.endswith("All right.\n")
    assert (chat.notes / "a.txt").exists()
    assert len(model.requests) == 2


async def test_card_is_shown_again_after_a_kill_and_what_was_done_is_not_done_twice(chat, script, model):
    (chat.notes / "a.txt").write_text("x")
    script.then(call("delete_note", name="a"))
    script.then(say("Done."))
    await chat.start()
    await chat.type("delete a\n")
    await chat.see("s goes on without it:")
    await chat.kill()
    await chat.start()
    await chat.see("May I run delete_note?")
    await chat.see("s goes on without it:")
    await chat.type("y\n")
    await chat.see("Done.\n")

    assert await chat.end() == 0
    assert chat.runs == ["delete_note"]
    assert len(model.requests) == 2


async def test_call_that_was_running_when_it_was_killed_asks_what_now(chat, script, model):
    script.then(call("slow_note", name="a", seconds=60))
    script.then(say("Left alone."))
    await chat.start()
    await chat.type("write slowly\n")
    await chat.see("s goes on without it:")
    await chat.type("y\n")
    await chat.see("[slow_note: ...]")
    async with asyncio.timeout(30):
        while chat.runs != ["slow_note"]:
            await asyncio.sleep(0.05)
    await chat.kill()
    await chat.start()
    await chat.see("slow_note was running when I stopped")
    await chat.see("a runs it again, d takes it as done, n gives it up")
    await chat.type("d\n")
    await chat.see("Left alone.\n")

    assert await chat.end() == 0
    assert chat.runs == ["slow_note"]
    assert "takes it as done" in model.requests[-1].messages[-1]["content"]


async def test_chat_that_was_killed_while_the_model_spoke_goes_on(chat, script, model):
    script.hold()
    script.then(say("This is cut off in the middle."))
    script.then(say("This is the whole answer."))
    await chat.start()
    await chat.type("speak\n")
    await chat.see("This is")
    await chat.kill()
    await chat.start()
    await chat.see("This is the whole answer.\n")

    assert await chat.end() == 0
    assert [m["content"] for m in model.requests[-1].messages if m["role"] == "user"] == ["speak"]


async def test_end_of_the_input_leaves_a_card_that_waits_and_a_bot_on_the_same_database_leaves_it_too(chat, script):
    script.then(call("delete_note", name="a"))
    code, shown = await chat.all_of("delete a")

    assert code == 0
    assert shown.endswith("The question stays open; clew chat asks it again.\n")
    await run_the_bot_for_a_moment(chat)
    script.then(say("All right."))
    _, again = await chat.all_of("n")
    assert "May I run delete_note?" in again
    assert "All right." in again


async def run_the_bot_for_a_moment(chat):
    async with LocalDiscord() as local:
        discord_ = {"DISCORD_TOKEN": local.token, "CLEW_DISCORD_URL": local.url}
        process = await asyncio.create_subprocess_exec(
            CLEW, "run", cwd=chat.home, env=chat.environment | discord_, stderr=asyncio.subprocess.DEVNULL
        )
        await local.wait_for_ready(60)
        process.terminate()
        assert await process.wait() == 0
        assert [request for request in local.requests if request.path.startswith("/channels/1/")] == []


async def test_what_waits_in_discord_is_left_to_the_bot(chat, model):
    database = open_database(f"sqlite:///{chat.home / 'data' / 'clew.db'}")
    await database.upgrade()
    inbox = Journal(database).inbox
    in_discord = Conversation(guild_id=None, channel_id=10**18, user_id=10**18 + 1)
    turn = Turn("message:1:0", in_discord, user_id=10**18 + 1, channel_id=10**18, text="hello")
    await inbox.claim(turn.key, in_discord, turn.payload())
    code, shown = await chat.all_of("/history")

    assert (code, shown) == (0, "This thread has no turns yet.\n")
    assert (await inbox.get(turn.key)).state == InboxState.WAITING
    assert model.requests == []
    await database.close()


async def test_rewind_and_reset(chat, script, model):
    for number in range(1, 5):
        script.then(say(f"Answer {number}."))
    code, shown = await chat.all_of("one", "two", "/rewind 2", "three", "/rewind 9", "/rewind x", "/reset", "four")

    assert code == 0
    assert "Back to before turn 2" in shown
    assert "There is no turn 9" in shown
    assert "/rewind N goes back" in shown
    said = [[m["content"] for m in request.messages if m["role"] == "user"] for request in model.requests]
    assert said == [["one"], ["one", "two"], ["one", "three"], ["four"]]


async def test_what_the_model_says_cannot_move_the_cursor(chat, script):
    script.then(say("before\x1b[2Jafter\x9b1A\r."))
    _, shown = await chat.all_of("hello")

    assert shown == "before[2Jafter1A.\n"


async def test_model_that_is_not_set_is_told_before_any_file_is_made(chat):
    del chat.environment["MODEL_NAME"]
    code, shown = await chat.all_of("hello")

    assert (code, shown) == (1, "MODEL_NAME is not set; it is the name of a model at your LiteLLM proxy.\n")
    assert not (chat.home / "data").exists()


async def test_database_that_the_bot_holds_is_said_so(chat, model):
    (chat.home / "data").mkdir()
    with alone(chat.home / "data" / "clew.db", patience=0):
        code, shown = await chat.all_of("hello")

    assert code == 1
    assert shown.startswith("Another clew runs on the database data/clew.db; only one can. Stop it first")
    assert model.requests == []


async def test_keys_decide_in_a_terminal_and_what_was_typed_before_does_not(chat, script):
    gate = script.hold()
    (chat.notes / "a.txt").write_text("x")
    script.then(call("delete_note", name="a"), text="Let me see whether I may delete it.")
    script.then(say("I leave it."))
    await chat.start(terminal=True)
    await chat.see("> ")
    await chat.type("delete a\r")
    await chat.see("Let")
    await chat.type("yy")
    await chat.see("yy")
    gate.release()
    await chat.see("s goes on without it:")
    await chat.type("n")
    await chat.see("[delete_note: refused]")
    await chat.see("I leave it.")
    await chat.see("> ")
    await chat.type(CONTROL_D)

    assert await chat.end() == 0
    assert (chat.notes / "a.txt").exists()


async def test_control_c_stops_the_turn_and_twice_leaves(chat, script, model):
    script.hold()
    script.then(say("This would take very long."))
    script.then(say("Here I am."))
    await chat.start(terminal=True)
    await chat.see("> ")
    await chat.type("speak\r")
    await chat.see("This")
    await chat.type(CONTROL_C)
    await chat.see("Stopped.")
    await chat.see("> ")
    await model.wait_for_aborted(1)
    await chat.type("are you there?\r")
    await chat.see("Here I am.")
    await chat.see("> ")
    await chat.type(CONTROL_C)
    await chat.see("Ctrl-C again")
    await chat.type(CONTROL_C)

    assert await chat.end() == 0
    history = await chat.command("history", "dm:1:1:0")
    assert "stopped" in history
    assert "answered" in history


async def test_termination_in_the_middle_leaves_a_turn_that_goes_on(chat, script):
    script.hold()
    script.then(say("This is cut off."))
    script.then(say("Here it is."))
    await chat.start()
    await chat.type("speak\n")
    await chat.see("This")
    chat.process.terminate()
    assert await chat.end(close=False) == 0
    await chat.start()
    await chat.see("Here it is.")
    assert await chat.end() == 0
