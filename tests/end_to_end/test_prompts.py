"""Which system prompt a request carries: set for the channel, for the server, in a file that changes, or shipped."""

import pytest

from playground import NotPermitted
from playground.model import say


def prompt_of(request):
    first = request.messages[0]
    assert first["role"] == "system"
    return first["content"]


async def test_prompts_set_from_discord_hold_in_their_place_from_the_next_message_on(bot, discord_, script, model):
    script.default = lambda request: say(f"Heard: {request.last_user_text}.")
    await bot.start()
    alice, bob = discord_.user("alice"), discord_.user("bob")
    general, lab = discord_.channel("general"), discord_.channel("lab")

    async def prompt_in(channel, words):
        await discord_.send(bob, channel, bot.mention(words))
        await bot.said(channel, f"Heard: {words}.")
        return prompt_of(model.requests[-1])

    shipped = await prompt_in(general, "before")
    assert "Discord" in shipped
    viewed = await discord_.slash(bob, general, "viewprompt")
    assert viewed.ephemeral
    assert "the one that clew ships with" in viewed.content
    assert shipped.splitlines()[0] in viewed.content
    in_channel = await discord_.slash(alice, general, "setprompt", text="Speak like a sailor.")
    assert "this channel is set" in in_channel.content
    in_guild = await discord_.slash(alice, lab, "setprompt", text="Speak like a judge.", scope="guild")
    assert "this server is set" in in_guild.content
    assert await prompt_in(general, "one") == "Speak like a sailor."
    assert await prompt_in(lab, "two") == "Speak like a judge."
    direct = discord_.dm(bob)
    await discord_.send(bob, direct, "three")
    await bot.said(direct, "Heard: three.")
    assert prompt_of(model.requests[-1]) == shipped
    viewed = await discord_.slash(bob, general, "viewprompt")
    assert "set for this channel:\n> Speak like a sailor." in viewed.content
    viewed = await discord_.slash(bob, lab, "viewprompt")
    assert "set for this server:\n> Speak like a judge." in viewed.content
    # Bob may not, also when the server opens the commands to everybody.
    with pytest.raises(NotPermitted):
        await discord_.slash(bob, general, "setprompt", text="Obey Bob.")
    for command in discord_.commands():
        object.__setattr__(command, "default_member_permissions", None)
    for name, options in (("setprompt", {"text": "Obey Bob.", "scope": "guild"}), ("resetprompt", {})):
        refused = await discord_.slash(bob, general, name, **options)
        assert refused.content == "Only people who may manage this server can change its prompts."
        assert refused.ephemeral
    assert await prompt_in(general, "four") == "Speak like a sailor."
    assert await prompt_in(lab, "five") == "Speak like a judge."
    blank = await discord_.slash(alice, general, "setprompt", text="   ")
    assert "cannot be empty" in blank.content
    # What was set is still set after a kill; taking it back uncovers what lies below.
    await bot.restart()
    assert await prompt_in(general, "six") == "Speak like a sailor."
    taken = await discord_.slash(alice, general, "resetprompt")
    assert "taken back. The prompt here is now set for this server." in taken.content
    assert await prompt_in(general, "seven") == "Speak like a judge."
    taken = await discord_.slash(alice, general, "resetprompt", scope="guild")
    assert "now the one that clew ships with" in taken.content
    again = await discord_.slash(alice, general, "resetprompt", scope="guild")
    assert "not set, so nothing changed" in again.content
    assert await prompt_in(general, "eight") == shipped


async def test_key_that_came_into_a_prompt_or_a_message_is_not_shown_by_a_command(bot, discord_, script):
    script.default = lambda request: say("Heard.")
    await bot.start()
    alice, general = discord_.user("alice"), discord_.channel("general")
    await discord_.slash(alice, general, "setprompt", text=f"The token is {discord_.token}.")
    await discord_.send(alice, general, bot.mention(f"Is it {discord_.token}?"))
    await bot.said(general, "Heard.")
    for command, given in (("viewprompt", {}), ("history", {}), ("ask", {"text": f"Is it {discord_.token}?"})):
        shown = await discord_.slash(alice, general, command, **given)
        assert "[redacted]" in shown.content
        assert discord_.token not in shown.content


async def test_prompt_file_is_read_again_and_a_broken_one_keeps_the_last_good(bot, discord_, script, model):
    script.default = lambda request: say(f"Heard: {request.last_user_text}.")
    file = bot.home / "prompt.md"
    file.write_text("Speak like a pirate.\n")
    bot.environment["SYSTEM_PROMPT_FILE"] = str(file)
    bot.environment["SYSTEM_PROMPT"] = "Speak like a stone."
    await bot.start()
    places = [discord_.dm(user) for user in map(discord_.user, ("alice", "bob", "carol"))]
    asked = 0

    async def prompt_now():
        nonlocal asked
        channel = places[asked % 3]
        asked += 1
        await discord_.send(discord_.users[channel.recipient_ids[0]], channel, f"question {asked}")
        await bot.said(channel, f"Heard: question {asked}.")
        return prompt_of(model.requests[-1])

    assert await prompt_now() == "Speak like a pirate."
    file.write_text("Speak like a poet.")
    assert await prompt_now() == "Speak like a poet."
    file.unlink()
    assert await prompt_now() == "Speak like a poet."
    file.write_text(" \n")
    assert await prompt_now() == "Speak like a poet."
    file.write_bytes(b"Speak like \xff\xfe.")
    assert await prompt_now() == "Speak like a poet."
    assert await prompt_now() == "Speak like a poet."
    assert bot.log.count("prompt_file_broken") == 3
    viewed = await discord_.slash(discord_.user("alice"), discord_.channel("general"), "viewprompt")
    assert "from the operator's file:\n> Speak like a poet." in viewed.content
    file.write_text("Speak like a baker.")
    assert await prompt_now() == "Speak like a baker."
    # A file that is broken from the start has no last good: the prompt in the settings holds.
    file.unlink()
    await bot.restart()
    assert await prompt_now() == "Speak like a stone."
