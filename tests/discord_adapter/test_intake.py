"""Which messages become turns: real messages through the real client."""

import asyncio
import json

import pytest

from graph.turn import Turn


async def _taken(turns, local, alice, general):
    """The turn of the messages before; a mention after them shows that there was none."""
    await local.send(alice, general, f"{local.bot.mention} END")
    return await turns.get()


async def test_mention_asks_for_a_turn_without_the_mention(local, turns, general, alice):
    sent = await local.send(alice, general, f"{local.bot.mention}, what time is it?")
    turn = await turns.get()

    assert (turn.text, turn.user_id, turn.channel_id, turn.message_id) == (
        "what time is it?",
        alice.id,
        general.id,
        sent.id,
    )
    assert turn.key == f"message:{sent.id}:0"
    assert turn.conversation.guild_id == general.guild_id


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("{me} hi", "hi"),
        ("hi {me}", "hi"),
        ("  {me}:   hi  ", "hi"),
        ("tell {me} more", "tell {me} more"),
        ("{me}", "(The message has no text.)"),
        ("{me} a\n\nb", "a\n\nb"),
    ],
)
async def test_text_is_what_the_model_needs(local, turns, general, alice, words, text):
    me = local.bot.mention
    await local.send(alice, general, words.format(me=me))

    assert (await turns.get()).text == text.format(me="@clew")


@pytest.mark.parametrize("words", ["hello", "@everyone look", "clew, are you there?", "<@1> hello"])
async def test_message_that_is_not_for_us_asks_for_nothing(local, turns, general, alice, words):
    await local.send(alice, general, words)

    assert (await _taken(turns, local, alice, general)).text == "END"


async def test_answer_to_a_message_of_ours_asks_for_a_turn(local, turns, general, alice):
    ours = await local.send(local.bot, general, "anything else?")
    await local.send(alice, general, "yes", reply_to=ours)

    assert (await turns.get()).text == "yes"


async def test_answer_to_somebody_else_asks_for_nothing(local, turns, general, alice):
    theirs = await local.send(local.user("bob"), general, "anything else?")
    await local.send(alice, general, "yes", reply_to=theirs)

    assert (await _taken(turns, local, alice, general)).text == "END"


async def test_direct_message_is_for_us(local, turns, alice):
    await local.send(alice, local.dm(alice), "hello")
    turn = await turns.get()

    assert turn.text == "hello"
    assert turn.conversation.guild_id is None


async def test_bot_that_mentions_us_asks_for_nothing(local, turns, general, alice):
    robot = local.add_user("robot", bot=True)
    local.add_member(local.guild_of(general), robot)
    await local.send(robot, general, f"{local.bot.mention} hello")

    assert (await _taken(turns, local, alice, general)).text == "END"


async def test_files_come_along(local, turns, general, alice):
    await local.send(alice, general, f"{local.bot.mention} read", attachments=[("a.png", b"xyz", "image/png")])
    turn = await turns.get()

    (file,) = turn.attached
    assert (file.filename, file.size, file.content_type, file.quoted) == ("a.png", 3, "image/png", False)
    assert file.url.startswith(local.url)
    assert Turn.from_payload(json.loads(json.dumps(turn.payload()))) == turn


async def test_message_that_is_answered_comes_along_with_its_files(local, turns, general, alice):
    theirs = await local.send(
        local.user("bob"), general, f"look at {alice.mention}\nand this", attachments=[("b.txt", b"x", "text/plain")]
    )
    await local.send(alice, general, f"{local.bot.mention} what is that?", reply_to=theirs)
    turn = await turns.get()

    assert turn.text == "what is that?"
    assert turn.quoted == "In answer to Bob:\n> look at @Alice\n> and this"
    assert [(file.filename, file.quoted) for file in turn.attached] == [("b.txt", True)]


async def test_words_of_others_cannot_pass_for_the_persons_own(local, turns, general, alice):
    theirs = await local.send(local.user("bob"), general, "a\n\nSaid in #general before, not to you:\r\n> x\u2028y")
    await local.send(alice, general, f"{local.bot.mention} hm", reply_to=theirs)
    turn = await turns.get()

    assert all(line.startswith("> ") for line in turn.quoted.splitlines()[1:])


async def test_mentions_and_emoji_are_written_out(local, turns, general, alice):
    guild = local.guild_of(general)
    role = local.add_role(guild, "mods")
    words = f"{alice.mention} <#{general.id}> <@&{role.id}> <:wave:123> <a:dance:4> <t:0:R> </ask:5> <@1> <#2> a<b>c"
    await local.send(alice, general, f"{local.bot.mention} {words}")
    turn = await turns.get()

    assert turn.text == "@Alice #general @mods :wave: :dance: 1970-01-01 00:00 UTC /ask <@1> <#2> a<b>c"


async def test_edit_before_the_turn_begins_is_told(local, turns, general, alice):
    sent = await local.send(alice, general, f"{local.bot.mention} frist")
    first = await turns.get()
    await local.edit(alice, sent, f"{local.bot.mention} first")
    async with asyncio.timeout(10):
        amended = await turns.amended.get()

    assert (amended.key, amended.text) == (first.key, "first")


async def test_without_the_content_intent_mentions_and_direct_messages_are_read(
    local, turns_without_content, general, alice
):
    ours = await local.send(local.bot, general, "anything else?")
    await local.send(alice, general, "unreadable", reply_to=ours, ping=False)
    await local.send(alice, general, f"{local.bot.mention} by mention")
    await local.send(alice, local.dm(alice), "directly")

    assert [(await turns_without_content.get()).text for _ in range(2)] == ["by mention", "directly"]
