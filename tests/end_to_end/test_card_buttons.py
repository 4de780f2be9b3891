"""What can be done with a card beside approving it: refuse with a reason, edit, explain, allow for a while, stop."""

import asyncio
import json

import pytest

from playground import BadInput
from playground.model import call, say
from tests.databases import sqlite_locked
from tests.end_to_end.deciders import Deciders


@pytest.fixture
def people(bot, discord_, script):
    return Deciders(bot, discord_, script)


def answers(request):
    return [message["content"] for message in request.messages if message["role"] == "tool"]


def written(bot, tool):
    """The arguments that the notes server was really given, call by call."""
    lines = bot.counted.read_text().splitlines() if bot.counted.exists() else []
    return [json.loads(line.partition(" ")[2]) for line in lines if line.partition(" ")[0] == tool]


async def test_edit_explain_remember_and_refuse_with_a_reason(bot, discord_, people, script, model):
    general, lab = discord_.channel("general"), discord_.channel("lab")
    alice, bob, carol = (discord_.user(name) for name in ("alice", "bob", "carol"))
    await bot.start()

    # A reply to the card by its requester refuses with that reason; the model is told, and it is no turn of its own.
    card = await people.card(general, "delete_note", name="todo")
    script.when(lambda request: request.last_user_text.endswith("what does this do?"), say("It deletes a note."))
    await discord_.send(bob, general, "what does this do?", reply_to=card)
    await bot.said(general, "It deletes a note.")
    assert "May I run" in card.content
    await discord_.send(alice, general, "not that one, the **other**", reply_to=card)
    await people.answered(general)
    await people.shows(card, "Reason: `not that one, the **other**`")
    assert "not that one" in answers(model.requests[-1])[-1]
    assert bot.runs("delete_note") == 0
    # A reply to a card that is decided is a message like any other.
    script.when(lambda request: request.last_user_text.endswith("why?"), say("Because you said so."))
    await discord_.send(alice, general, "why?", reply_to=card)
    await bot.said(general, "Because you said so.")
    assert not any(request.last_user_text.startswith("not that one") for request in model.requests)

    # The explanation comes below the card, once, and leaves the conversation as it was.
    card = await people.card(general, "fail", message="one")
    script.when(lambda request: "waits for a person" in request.last_user_text, say("It would fail @everyone."))
    await discord_.react(alice, card, "❓")
    told = await bot.said(general, "It would fail @everyone.")
    assert (told.reference.message_id, told.pinged, told.pinged_everyone) == (card.id, set(), False)
    assert told.content.startswith("-# ❓ What the model says about `fail`; it may be wrong.")
    await people.told(alice, card, "Explain", "explained below the card")
    assert len(bot.shown(general, "It would fail")) == 1

    # Allowed for a while: the second call of that tool runs without a card, another tool still asks.
    await people.pressed(alice, card, "Don't ask for 30 min")
    await people.answered(general)
    await people.shows(card, "Approved: `fail`")
    words = "fail once more"
    script.when(
        lambda r: r.last_user_text.endswith(words) and r.messages[-1]["role"] == "tool", say("It failed again.")
    )
    script.when(lambda request: request.last_user_text.endswith(words), call("fail", message="two"))
    await discord_.send(alice, general, bot.mention(words))
    await bot.said(general, "It failed again.")
    assert [one["message"] for one in written(bot, "fail")] == ["one", "two"]
    # Until it is taken back, by the one who talks; then it asks again.
    await bot.closed(5)
    assert (await discord_.slash(bob, general, "stop")).content == "There was nothing to stop."
    told = "From now on I ask here before I run `notes/fail`."
    assert (await discord_.slash(alice, general, "stop")).content == told
    card = await people.card(general, "fail", message="three")
    await discord_.react(alice, card, "❌")
    await people.answered(general)
    assert bot.runs("fail") == 2

    # Edited: bad JSON, a breach of the schema and a stranger change nothing; the new card asks about what was sent.
    discord_.give_role(people.guild, bob, people.crew)
    card = await people.card(lab, "slow_note", name="a", seconds=0)
    form = await people.pressed(bob, card, "Edit")
    assert json.loads(form.modal["components"][0]["component"]["value"]) == {"name": "a", "seconds": 0}
    for sent, words in (
        ("{", "This is not JSON (line 1, column 2)"),
        ("[1]", "no object"),
        ('{"name": "b", "name": "c"}', "stands in it twice"),
        ('{"name": "b", "seconds": NaN}', "no NaN"),
        ('{"name": "b", "seconds": 1e999}', "1e999 is too large for a number, so nothing was changed"),
        ('{"name": "b", "seconds": "soon"}', "Nothing was changed"),
    ):
        used = await discord_.submit(bob, form, {"arguments": sent})
        await discord_.wait_until(lambda used=used, words=words: words in used.content)
        assert used.followups[0].ephemeral
    assert "May I run `slow_note`" in card.content
    discord_.take_role(people.guild, bob, people.crew)
    used = await discord_.submit(bob, form, {"arguments": '{"name": "b", "seconds": 0}'})
    await discord_.wait_until(lambda: "You may not decide this" in used.content)
    discord_.give_role(people.guild, carol, people.crew)
    form = await people.pressed(carol, card, "Edit")
    await discord_.submit(carol, form, {"arguments": '{"name": "b", "seconds": 0}'})
    edited = await bot.card(lab, '"name": "b"')
    await people.shows(card, f"<@{carol.id}> changed the arguments")
    assert card.components == []
    assert edited.content.splitlines()[1] != card.content.splitlines()[1]
    await discord_.react(carol, card, "✅")
    await discord_.react(carol, edited, "✅")
    await people.answered(lab)
    assert written(bot, "slow_note") == [{"name": "b", "seconds": 0.0}]

    # Arguments too long for a field are given and taken as a file.
    card = await people.card(lab, "fail", message="y" * 5000)
    form = await people.pressed(alice, card, "Edit")
    await discord_.wait_until(lambda: form.followups and form.followups[0].attachments)
    (given,) = form.followups[0].attachments
    assert form.followups[0].ephemeral
    assert json.loads(given.content) == json.loads(card.attachments[0].content) == {"message": "y" * 5000}
    too_much = b'{"message": "' + b"z" * 1024 * 1024 + b'"}'
    used = await discord_.submit(alice, form, {"file": ("a.json", too_much, "application/json")})
    await discord_.wait_until(lambda: "more than 1024 KiB" in used.content)
    sent = json.dumps({"message": "z" * 6000}).encode()
    await discord_.submit(alice, form, {"file": ("a.json", sent, "application/json")})
    edited = await discord_.wait_for_message(
        lab, lambda m: m.attachments and b"zzz" in m.attachments[0].content and "❌" in m.reactions
    )
    await people.pressed(alice, edited, "Run once")
    await people.answered(lab)
    assert written(bot, "fail")[-1] == {"message": "z" * 6000}


async def test_press_and_command_while_the_database_is_away_say_so_and_count_when_it_is_back(bot, discord_, people):
    general, alice = discord_.channel("general"), discord_.user("alice")
    await bot.start()
    card = await people.card(general, "fail", message="one")
    lock, release = sqlite_locked(bot.database)
    lock()
    pressed, reset = await asyncio.gather(
        people.pressed(alice, card, "Run once"), discord_.slash(alice, general, "reset", timeout=40)
    )
    away = "I cannot reach my database just now; please try again in a moment."
    await discord_.wait_until(lambda: pressed.content == away, timeout=40)
    assert reset.content == away
    release()
    await people.pressed(alice, card, "Run once")
    await people.answered(general)
    assert bot.runs("fail") == 1


async def test_explanation_tells_no_secret_and_shows_where_its_links_lead(bot, discord_, people, script):
    general, alice = discord_.channel("general"), discord_.user("alice")
    secret = bot.environment["LITELLM_API_KEY"]
    await bot.start()
    card = await people.card(general, "fail", message="one")
    # So often that one of them would be cut in two by the end of a message.
    told = "It sends " + secret * 100 + " [bank.com](https://evil.example/login)"
    script.when(lambda request: "waits for a person" in request.last_user_text, say(told))
    await people.pressed(alice, card, "Explain")
    last = await bot.said(general, "https://evil.example/login")

    assert "(leads to evil.example)" in last.content
    assert "sk-" not in "".join(message.content for message in discord_.messages(general))


async def test_what_became_a_secret_while_a_card_waited_is_shown_by_no_button_and_no_list(bot, discord_, people):
    general, alice = discord_.channel("general"), discord_.user("alice")
    await bot.start()
    card = await people.card(general, "fail", message="open-sesame")
    await bot.kill()
    bot.configure_mcp(notes=bot.notes_server, other={"url": "http://127.0.0.1:9/mcp?key=open-sesame"})
    await bot.start()

    form = await people.pressed(alice, card, "Edit")
    assert json.loads(form.modal["components"][0]["component"]["value"]) == {"message": "[redacted]"}
    listed = await discord_.slash(alice, general, "pending")
    assert "open-sesame" not in listed.content
    with pytest.raises(BadInput):
        await discord_.press(alice, listed.message, "Run once 1")
    shown = await people.pressed(alice, listed.message, "Show 1")
    assert '"message": "[redacted]"' in shown.content


async def test_deleted_cards_come_back_and_pending_lists_what_waits(bot, discord_, people, script):
    general, lab = discord_.channel("general"), discord_.channel("lab")
    alice, bob, carol = (discord_.user(name) for name in ("alice", "bob", "carol"))
    thread = await discord_.thread(alice, general, "quiet")
    await bot.start()
    for name in ("todo", "other"):
        (bot.notes / f"{name}.txt").write_text("milk")

    # Deleted while the bot is there, and while it is not: a new card is posted, and decides.
    first = await people.card(general, "delete_note", name="todo")
    await discord_.delete(discord_.bot, first)
    again = await bot.card(general, "delete_note")
    assert again.id != first.id
    await bot.kill()
    await discord_.delete(discord_.bot, again)
    await bot.start()
    third = await bot.card(general, "delete_note")
    assert third.content.split("\n-# If")[0] == first.content.split("\n-# If")[0]
    await discord_.react(alice, third, "✅")
    await people.answered(general)
    await people.shows(third, "Approved")
    assert bot.runs("delete_note") == 1
    # A decided card that is deleted stays away.
    await discord_.delete(discord_.bot, third)

    # What waits for me, wherever it is; from the list it is decided as from the card.
    archived = await people.card(thread, "delete_note", name="other")
    long = await people.card(lab, "fail", message="y" * 500)
    await discord_.archive(alice, thread)
    listed = await discord_.slash(bob, lab, "pending")
    assert listed.content == "Nothing waits for your decision here."
    listed = await discord_.slash(alice, lab, "pending")
    assert listed.ephemeral
    for card in (archived, long):
        assert f"https://discord.com/channels/{card.guild_id}/{card.channel_id}/{card.id}" in listed.content
    with pytest.raises(BadInput):
        await discord_.press(alice, listed.message, "Run once 2")
    shown = await people.pressed(alice, listed.message, "Show 2")
    assert "y" * 500 in shown.content
    assert shown.ephemeral
    await people.told(alice, shown.message, "Refuse", "Refused: `fail`")
    await people.shows(long, "Refused: `fail`")
    await people.told(alice, listed.message, "Run once 1", "Approved: `delete_note`")
    await bot.said(thread, "answer 2")
    assert bot.runs("delete_note") == 2
    await people.told(alice, listed.message, "Run once 1", "decided already")
    assert bot.shown(general, "### ") == []
    assert (await discord_.slash(alice, lab, "pending")).content == "Nothing waits for your decision here."

    # Its channel deleted: the turn ends, and the person is told where that is possible.
    doomed = discord_.add_channel(people.guild, "doomed")
    await people.card(doomed, "delete_note", name="none")
    discord_.delete_channel(doomed)
    await bot.said(discord_.dm(alice), "The place where you asked this is gone")
    assert (await discord_.slash(alice, lab, "pending")).content == "Nothing waits for your decision here."

    # Stopped: by command for oneself, by 🛑 on what is being written; a stranger may do neither.
    card = await people.card(lab, "delete_note", name="none")
    denied = await discord_.slash(bob, lab, "stop", person=alice)
    assert "manage messages" in denied.content
    assert (await discord_.slash(bob, lab, "stop")).content == "There was nothing to stop."
    assert (await discord_.slash(alice, lab, "stop")).content == "Stopped."
    await people.shows(card, "Not run: `delete_note`")
    await people.shows(card, f"<@{alice.id}> ended the turn")
    gate = script.hold()
    script.then(say("This is a very long story."))
    await discord_.send(alice, general, bot.mention("tell me a story"))
    begun = await bot.said(general, "This")
    await discord_.react(bob, begun, "🛑")
    discord_.overwrite(general, carol, allow=1 << 13)
    await discord_.react(carol, begun, "🛑")
    await bot.said(general, "Stopped.")
    gate.release()
    assert "story." not in begun.content
    script.then(say("Still here."))
    await discord_.send(alice, general, bot.mention("are you there?"))
    await bot.said(general, "Still here.")
