"""Which messages become turns: real messages through the real client."""

import pytest


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

    assert (await turns.get()).text == text.format(me=me)


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


async def test_file_is_named_to_the_model_and_to_the_person(local, turns, general, alice):
    await local.send(alice, general, f"{local.bot.mention} read", attachments=[("a`b.png", b"x", "image/png")])
    turn = await turns.get()

    assert turn.text.startswith("read\n[The user attached ")
    assert turn.notice.startswith("I cannot read")
    assert "`" not in turn.notice
