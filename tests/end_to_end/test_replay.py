"""`clew replay`: the user's side of a real conversation again, with every tool answered from the record."""

import hashlib

import pytest

from playground.model import call, say


def conversation(script):
    """What the scripted model says in three turns, with tools that read, write and are refused."""
    script.then(call("read_note", name="todo"), text="Looking.")
    script.then(say("It says milk."))
    script.then(call("write_note", name="list", text="milk"), call("current_time", zone="Asia/Tokyo"))
    script.then(say("Written."))
    script.then(call("delete_note", name="list"))
    script.then(say("As you wish."))


@pytest.fixture
async def thread(bot, discord_, script):
    """A thread of three turns; the bot that held it has stopped."""
    (bot.notes / "todo.txt").write_text("milk")
    bot.configure('[tools.policy]\n"write_note" = "auto"\n')
    await bot.start()
    alice, lab = discord_.user("alice"), discord_.channel("lab")
    conversation(script)
    await discord_.send(alice, lab, bot.mention("what is in todo?"))
    await bot.said(lab, "It says milk.")
    await discord_.send(alice, lab, bot.mention("put it on a list"))
    await bot.said(lab, "Written.")
    await discord_.send(alice, lab, bot.mention("delete the list"))
    await discord_.react(alice, await bot.card(lab, "delete_note"), "❌")
    await bot.said(lab, "As you wish.")
    await bot.stop()
    return f"{discord_.guild('Harbour').id}:{lab.id}:{alice.id}:0"


def said(request):
    """What a request holds, without the ids that the endpoint makes up."""
    return [(message["role"], message["content"]) for message in request.messages]


def outside(bot, discord_):
    """All that a replay must leave as it is: what tools did, what is in Discord, what the database holds."""
    database = hashlib.sha256(bot.database.read_bytes()).hexdigest()
    return bot.counted.read_text(), len(discord_.requests), database


async def test_the_same_model_gives_the_same_conversation_and_nothing_is_called(bot, thread, discord_, script, model):
    recorded = len(model.requests)
    before = outside(bot, discord_)
    conversation(script)
    code, printed = await bot.command("replay", thread)
    assert code == 0
    assert "3 of 3 turns replayed, 3 the same, 0 different." in printed
    assert outside(bot, discord_) == before
    old, new = model.requests[:recorded], model.requests[recorded:]
    assert [said(request) for request in new] == [said(request) for request in old]
    assert [request.tool_names for request in new] == [request.tool_names for request in old]


async def test_a_changed_model_gives_a_report_of_the_difference(bot, thread, discord_, script, model, tmp_path):
    before = outside(bot, discord_)
    script.then(say("It says eggs."))
    script.then(call("write_note", name="list", text="milk"))
    script.then(say("Done."))
    script.then(call("delete_note", name="everything"))
    (tmp_path / "pirate.md").write_text("You are a pirate.")
    code, printed = await bot.command("replay", thread, "--prompt", "pirate.md", "--model", "another")
    assert code == 1
    assert "It says milk." in printed
    assert "It says eggs." in printed
    assert 'dropped: read_note {"name": "todo"}' in printed
    assert 'dropped: current_time {"zone": "Asia/Tokyo"}' in printed
    assert 'changed: delete_note {"name": "list"} -> delete_note {"name": "everything"}' in printed
    assert "Stopped here: The model asked for delete_note" in printed
    assert "3 of 3 turns replayed, 0 the same, 3 different." in printed
    assert outside(bot, discord_) == before
    assert model.requests[-1].model == "another"
    assert model.requests[-1].messages[0]["content"] == "You are a pirate."
