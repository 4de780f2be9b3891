"""Cards: who decides, what a decision does, and what happens to those who speak while one waits."""

import pytest

from playground.model import call, say

LINK = "https://discord.com/channels/"


def tool_answers(request):
    return {m["tool_call_id"]: m["content"] for m in request.messages if m["role"] == "tool"}


async def a_turn_of_somebody_else(bot, discord_, script, answer):
    """Shows that the bot has seen what came before: Bob asks something elsewhere and is answered."""
    script.when(lambda request: answer in request.last_user_text, say(f"Bob, {answer}."))
    await discord_.send(discord_.user("bob"), discord_.channel("lab"), bot.mention(answer))
    await bot.said(discord_.channel("lab"), f"Bob, {answer}.")


async def test_refusal_and_policy_can_only_tighten_what_was_asked(bot, discord_, script, model):
    """One call is refused though the policy became auto; the other approved though it became deny: neither runs."""
    await bot.start()
    (bot.notes / "todo.txt").write_text("milk")
    alice, general = discord_.user("alice"), discord_.channel("general")
    script.then(call("delete_note", _id="a", name="todo"), call("write_note", _id="b", name="new", text="x"))
    script.then(say("Neither was done."))
    await discord_.send(alice, general, bot.mention("tidy up"))
    refused, denied = await bot.card(general, "delete_note"), await bot.card(general, "write_note")
    await bot.kill()
    bot.configure('[tools.policy]\n"delete_note" = "auto"\n"write_note" = "deny"\n')
    await bot.start()
    await discord_.react(alice, refused, "❌")
    await discord_.react(alice, denied, "✅")
    await bot.said(general, "Neither was done.")
    assert bot.runs("delete_note") == bot.runs("write_note") == 0
    assert (bot.notes / "todo.txt").exists()
    answers = tool_answers(model.requests[-1])
    assert "refused" in answers["a"]
    assert "does not allow" in answers["b"]
    assert len(model.requests) == 2
    # A reaction after the decision changes nothing.
    await discord_.react(alice, refused, "✅")
    await a_turn_of_somebody_else(bot, discord_, script, "noon")
    assert "Refused" in refused.content
    assert bot.runs("delete_note") == 0
    assert len(model.requests) == 3


@pytest.mark.parametrize("order", [("delete_note", "write_note"), ("write_note", "delete_note")])
async def test_two_cards_are_decided_in_any_order_with_a_kill_between(bot, discord_, script, model, order):
    """The second reaction is made while no bot runs, in one of the orders."""
    await bot.start()
    (bot.notes / "todo.txt").write_text("milk")
    alice, general = discord_.user("alice"), discord_.channel("general")
    script.then(
        call("delete_note", _id="a", name="todo"),
        call("list_notes", _id="b"),
        call("write_note", _id="c", name="new", text="x"),
    )
    script.then(say("All is done."))
    await discord_.send(alice, general, bot.mention("tidy up"))
    cards = {tool: await bot.card(general, tool) for tool in order}
    first, second = (cards[tool] for tool in order)
    await discord_.react(alice, first, "✅")
    await discord_.wait_until(lambda: "Approved" in first.content)
    await bot.kill()
    if order[0] == "delete_note":
        await discord_.react(alice, second, "✅")
        await bot.start()
    else:
        await bot.start()
        await discord_.react(alice, second, "✅")
    await bot.said(general, "All is done.")
    assert "Approved" in second.content
    assert [bot.runs(tool) for tool in ("delete_note", "list_notes", "write_note")] == [1, 1, 1]
    assert len(model.requests) == 2
    answers = tool_answers(model.requests[-1])
    assert answers.keys() == {"a", "b", "c"}
    assert answers["a"] == "deleted todo"
    assert answers["c"] == "wrote new"
    assert len(bot.shown(general, "Approved")) == 2
    assert bot.shown(general, "May I run") == []


async def test_message_behind_a_card_waits_outside_the_graph(bot, discord_, script, model):
    await bot.start()
    alice, bob, general = discord_.user("alice"), discord_.user("bob"), discord_.channel("general")
    (bot.notes / "todo.txt").write_text("milk")
    script.then(call("delete_note", name="todo"))
    await discord_.send(alice, general, bot.mention("delete it"))
    card = await bot.card(general, "delete_note")
    await discord_.send(alice, general, bot.mention("and what is the time?"))
    notice = await bot.said(general, "I still wait for a decision")
    assert f"{LINK}{card.guild_id}/{card.channel_id}/{card.id}" in notice.content
    await discord_.wait_until(lambda: "⏭️" in notice.reactions)
    await bot.restart()
    await discord_.react(bob, notice, "⏭️")
    await discord_.react(bob, card, "✅")
    await a_turn_of_somebody_else(bot, discord_, script, "noon")
    assert "May I run" in card.content
    assert bot.shown(general, "I still wait") == [notice]
    assert not any("what is the time" in str(request.messages) for request in model.requests)
    script.then(say("It is nine."))
    await discord_.react(alice, notice, "⏭️")
    await bot.said(general, "It is nine.")
    assert card.content.startswith("### Not run: `delete_note`")
    assert "what is the time" in model.requests[-1].last_user_text
    # The card is settled: approving it now runs nothing.
    await discord_.react(alice, card, "✅")
    await a_turn_of_somebody_else(bot, discord_, script, "dusk")
    assert bot.runs("delete_note") == 0
    assert len(model.requests) == 4


async def test_messages_behind_a_card_are_answered_in_order_once_it_is_decided(bot, discord_, script, model):
    await bot.start()
    alice, general = discord_.user("alice"), discord_.channel("general")
    (bot.notes / "todo.txt").write_text("milk")
    script.then(call("delete_note", name="todo"))
    for text in ("Deleted.", "Second.", "Third."):
        script.then(say(text))
    await discord_.send(alice, general, bot.mention("first"))
    card = await bot.card(general, "delete_note")
    for words in ("second", "third"):
        asked = await discord_.send(alice, general, bot.mention(words))
        await bot.discord.wait_for_message(
            general,
            lambda m, asked=asked: "I still wait" in m.content and m.reference.message_id == asked.id,
        )
    assert len(model.requests) == 1
    # Approving twice is approving once.
    await discord_.react(alice, card, "✅")
    await discord_.unreact(alice, card, "✅")
    await discord_.react(alice, card, "✅")
    await bot.said(general, "Third.")
    texts = [m.content for m in discord_.messages(general) if m.author.id == discord_.bot.id]
    assert [text for text in texts if text in ("Deleted.", "Second.", "Third.")] == ["Deleted.", "Second.", "Third."]
    assert [request.last_user_text for request in model.requests] == ["first", "first", "second", "third"]
    assert bot.runs("delete_note") == 1
    assert "Approved" in card.content
