"""The process dies at the worst moments; what was begun is finished once, and what has effects never happens twice."""

import asyncio
import time
from pathlib import Path

from playground.model import call, say
from tests.crash.clicking import GIVE_UP, IN_DOUBT, ready

SLOW_BOT = Path(__file__).with_name("slow_bot.py")

THANKS = "You are welcome."


def thanked(request):
    return "thank you" in request.last_user_text


def asks(request):
    return request.messages[-1]["role"] == "user"


def has_answers(request):
    return request.messages[-1]["role"] == "tool"


async def test_killed_again_and_again_a_turn_gives_one_answer(bot, discord_, script):
    # Slow to write, so that a kill falls between the steps as often as between the writes of one.
    bot.program = [SLOW_BOT, "run"]
    alice, general = discord_.user("alice"), discord_.channel("general")
    (bot.notes / "todo.txt").write_text("milk")
    script.when(thanked, say(THANKS))
    script.when(asks, call("delete_note", name="todo"), text="I shall delete your list of things to do.")
    script.when(has_answers, say("It is deleted now."))
    await bot.start()
    await discord_.send(alice, general, bot.mention("delete my todo"))
    # Killed as soon as it takes the message up.
    await discord_.wait_until(lambda: discord_.typing)
    await bot.kill()
    script.hold()
    await bot.start()
    # Killed with the first words on the screen.
    await bot.said(general, "I shall")
    await bot.restart()
    # Killed with the card on the screen.
    card = await bot.card(general, "delete_note")
    await bot.restart()
    # Killed right behind the decision.
    await discord_.react(alice, card, "✅")
    await discord_.wait_until(lambda: "Approved" in card.content)
    await bot.kill()
    answering = script.hold()
    await bot.start()
    # Killed with the first words of the answer on the screen.
    await bot.said(general, "It is")
    await bot.kill()
    answering.release()
    await bot.start()
    await bot.said(general, "It is deleted now.")
    await discord_.send(alice, general, bot.mention("thank you"))
    await bot.said(general, THANKS)
    assert bot.runs("delete_note") == 1
    for words in ("I shall", "Approved", "It is", THANKS):
        assert len(bot.shown(general, words)) == 1
    assert bot.shown(general, "May I run") == []
    assert bot.unpaired() == []


async def test_tool_with_effects_is_not_started_again_after_a_kill(bot, discord_, script, model):
    """A kill in the middle of the call, then one while its result is being saved."""
    bot.program = [SLOW_BOT, "run"]
    bot.configure('[tools.policy]\n"slow_note" = "auto"\n"write_note" = "auto"\n')
    alice, general = discord_.user("alice"), discord_.channel("general")
    script.then(call("slow_note", _id="a", name="slow", seconds=60), call("list_notes", _id="b"))
    script.then(say("I am not sure."))
    await bot.start()
    await discord_.send(alice, general, bot.mention("write slowly"))
    await bot.wait_for_run("slow_note")
    await bot.restart()
    card = await discord_.wait_for_message(general, lambda m: ready(m, discord_.bot, IN_DOUBT))
    (line,) = bot.shown(general, "-# 🔧")
    assert line.content == "-# 🔧 `slow_note` ✗ · `list_notes` ✓"
    await discord_.react(alice, card, GIVE_UP)
    await bot.said(general, "I am not sure.")
    answers = {m["tool_call_id"]: m["content"] for m in model.requests[-1].messages if m["role"] == "tool"}
    assert "not known" in answers["a"]
    assert answers["b"] == "no notes"
    assert bot.runs("slow_note") == 1
    assert bot.runs("slow_note.done") == 0
    script.when(thanked, say(THANKS))
    script.then(call("write_note", name="quick", text="x"))
    script.then(say("Written."))
    await discord_.send(alice, general, bot.mention("write quickly"))
    await bot.wait_for_result("write_note")
    await bot.kill()
    script.when(has_answers, say("Written."))
    await bot.start()
    await bot.said(general, "Written.")
    await discord_.send(alice, general, bot.mention("thank you"))
    await bot.said(general, THANKS)
    assert bot.runs("write_note") == 1
    assert len(bot.shown(general, "Written.")) == 1
    assert bot.unpaired() == []


async def test_results_that_were_saved_without_their_checkpoint_are_not_lost(bot, discord_, script, model):
    """Killed behind the model's call, the tools, and the answer, each time right before the checkpoint."""
    bot.program = [SLOW_BOT, "run"]
    bot.configure('[tools.policy]\n"write_note" = "auto"\n')
    alice, general = discord_.user("alice"), discord_.channel("general")
    script.then(call("write_note", _id="a", name="new", text="x"), call("list_notes", _id="b"), text="Let me see.")
    script.then(say("It is written."))
    # Input and start are checkpoints of their own; later runs begin by applying what the former one saved.
    for stuck_at in ("3", "3", "2"):
        bot.environment["STUCK_AT"] = stuck_at
        await bot.start()
        if not discord_.messages(general):
            await discord_.send(alice, general, bot.mention("write"))
        await bot.wait_for_file(bot.home / "stuck")
        await bot.kill()
        (bot.home / "stuck").unlink()
    del bot.environment["STUCK_AT"]
    await bot.start()
    await bot.said(general, "It is written.")
    script.then(say(THANKS))
    await discord_.send(alice, general, bot.mention("thank you"))
    await bot.said(general, THANKS)
    assert len(bot.shown(general, "Let me see.")) == len(bot.shown(general, "It is written.")) == 1
    assert len(bot.shown(general, "`write_note` ✓ · `list_notes` ✓")) == 1
    assert bot.runs("write_note") == bot.runs("list_notes") == 1
    assert [m["role"] for m in model.requests[-1].messages] == [
        "system", "user", "assistant", "tool", "tool", "assistant", "user",
    ]  # fmt: skip
    assert len(model.requests) == 3


async def test_turn_that_kills_the_process_every_time_is_given_up(bot, discord_, script):
    alice, general = discord_.user("alice"), discord_.channel("general")
    await bot.start()
    for _ in range(3):
        script.then(say("The beginning of something long that never comes to its end."))
        script.hold()
    script.when(thanked, say(THANKS))
    await discord_.send(alice, general, bot.mention("go"))
    for count in range(1, 4):
        await bot.model.wait_for_requests(count, timeout=15)
        await bot.restart()
    await bot.said(general, "I stopped several times while working on this")
    await discord_.send(alice, general, bot.mention("thank you"))
    await bot.said(general, THANKS)
    assert len(bot.model.requests) == 4


async def test_sigterm_ends_the_process_in_time_and_the_turn_goes_on_at_the_next_start(bot, discord_, script):
    alice, general = discord_.user("alice"), discord_.channel("general")
    await bot.start()
    # A turn that ends soon is waited for.
    script.then(say("A short answer."))
    held = script.hold()
    await discord_.send(alice, general, bot.mention("be short"))
    await asyncio.wait_for(held.reached, 15)
    bot.process.terminate()
    held.release()
    assert await asyncio.wait_for(bot.process.wait(), 10) == 0
    await bot.said(general, "A short answer.")
    # One that does not is left where it can go on.
    await bot.start()
    script.when(asks, say("The answer that was interrupted."))
    script.hold()
    await discord_.send(alice, general, bot.mention("be long"))
    await bot.said(general, "The answer")
    begun = time.monotonic()
    bot.process.terminate()
    assert await asyncio.wait_for(bot.process.wait(), 15) == 0
    assert time.monotonic() - begun < 10
    await bot.start()
    await bot.said(general, "The answer that was interrupted.")
    assert len(bot.shown(general, "The answer")) == 1
    assert len(bot.shown(general, "A short answer.")) == 1
