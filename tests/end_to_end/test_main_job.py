"""Mention, streamed answer, card, SIGKILL, start, reaction: the tool runs once and the answer comes."""

from playground.model import call, say


async def test_mention_is_answered_in_a_stream(bot, discord_, script):
    await bot.start()
    alice, general = discord_.user("alice"), discord_.channel("general")
    text = "Here is a longer answer that takes its time. " * 6
    script.then(say(text.strip(), chunks=60, delay=0.05))
    asked = await discord_.send(alice, general, bot.mention("hello"))
    answer = await bot.said(general, text.strip())
    assert answer.reference is not None
    assert asked.id in (answer.reference, getattr(answer.reference, "message_id", None))
    assert len(answer.history) > 2
    assert discord_.rate_limited == 0


async def test_card_survives_a_kill_and_the_tool_runs_once(bot, discord_, script):
    await bot.start()
    (bot.notes / "todo").write_text("milk")
    alice, bob, general = discord_.user("alice"), discord_.user("bob"), discord_.channel("general")
    script.then(call("read_note", name="todo"), call("delete_note", name="todo"), text="Let me look.")
    script.then(say("Read and deleted."))
    await discord_.send(alice, general, bot.mention("delete my todo"))
    card = await bot.card(general, "delete_note")
    assert '"name": "todo"' in card.content
    await bot.restart()
    await discord_.react(bob, card, "✅")
    await discord_.send(bob, general, bot.mention("are you there?"))
    script.when(lambda request: "there" in str(request.messages[-1]), say("Yes, Bob."))
    await bot.said(general, "Yes, Bob.")
    assert bot.runs("delete_note") == 0
    await discord_.react(alice, card, "✅")
    await bot.said(general, "Read and deleted.")
    assert bot.runs("delete_note") == 1
    assert bot.runs("read_note") == 1
    assert "Approved" in card.content
