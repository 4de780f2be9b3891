"""What moderators do to cards and questions: many messages deleted at once, reactions of everybody taken off."""

import pytest

from playground import DiscordError
from playground.model import call, say
from tests.crash.clicking import IN_DOUBT, ready
from tests.end_to_end.deciders import Deciders


@pytest.fixture
def people(bot, discord_, script):
    return Deciders(bot, discord_, script)


async def test_card_survives_what_moderators_do_to_its_channel(bot, discord_, people, script, model):
    general = discord_.channel("general")
    alice, bob, carol, dave = (discord_.user(name) for name in ("alice", "bob", "carol", "dave"))
    await bot.start()

    # Reactions that are taken off, all or those of one kind, count for nobody any more; a button's vote stays.
    card = await people.card(general, "write_note", name="a", text="x")
    for emoji in (None, "✅"):
        await discord_.react(bob, card, "✅")
        await people.shows(card, f"1 of 2 approvals: <@{bob.id}>")
        with pytest.raises(DiscordError):
            await discord_.clear_reactions(bob, card, emoji)
        await discord_.clear_reactions(alice, card, emoji)
        await people.shows(card, "0 of 2 approvals")
    await discord_.react(bob, card, "✅")
    await people.shows(card, f"1 of 2 approvals: <@{bob.id}>")

    # Deleted at once: the card comes back with its vote, the question that waits behind it is not answered.
    waits = await discord_.send(alice, general, bot.mention("and then?"))
    told = await bot.said(general, "I still wait for a decision")
    await discord_.delete_many(alice, [card, waits, told])
    again = await bot.card(general, "write_note")
    await people.shows(again, f"1 of 2 approvals: <@{bob.id}>")
    assert again.id != card.id
    await discord_.react(carol, again, "✅")
    await people.answered(general)
    assert bot.runs("write_note") == 1
    script.then(say("Here I am."))
    await discord_.send(dave, general, bot.mention("are you there?"))
    await bot.said(general, "Here I am.")
    await bot.closed(3)
    assert not any("and then?" in request.last_user_text for request in model.requests)


@pytest.mark.parametrize(
    ("label", "shown", "runs", "told"),
    [
        ("Run again", "Run again: `slow_note`", 2, "wrote"),
        ("Take as done", "Taken as done: `slow_note`", 1, "done"),
        ("Give up", "Given up: `slow_note`", 1, "not known"),
    ],
)
async def test_call_in_doubt_is_decided_by_a_button(bot, discord_, script, model, label, shown, runs, told):
    bot.configure('[tools.policy]\n"slow_note" = "auto"\n')
    alice, bob, general = discord_.user("alice"), discord_.user("bob"), discord_.channel("general")
    script.then(call("slow_note", name="slow", seconds=3))
    script.then(say("That is that."))
    await bot.start()
    await discord_.send(alice, general, bot.mention("write slowly"))
    await bot.wait_for_run("slow_note")
    await bot.restart()
    card = await discord_.wait_for_message(general, lambda m: ready(m, discord_.bot, IN_DOUBT))
    refused = await discord_.press(bob, card, label)
    await discord_.wait_until(lambda: "You may not decide this" in refused.content)
    await discord_.press(alice, card, label)
    await bot.said(general, "That is that.")
    await discord_.wait_until(lambda: shown in card.content, explain=lambda: card.content)
    assert card.components == []
    assert bot.runs("slow_note") == runs
    (answer,) = (one["content"] for one in model.requests[-1].messages if one["role"] == "tool")
    assert told in answer
