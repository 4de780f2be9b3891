"""Some of the hundred hostile arguments of tests/discord_adapter go the whole way here, to the tool's server."""

import json
import re

from graph.state import fingerprint
from playground import model_wire
from playground.model import call, say
from tests.discord_adapter.hostile import HOSTILE, nested

SAMPLE = (
    "fence",
    "mentions",
    "every bidi character",
    "zalgo",
    "closing braces",
    "fifty thousand hidden",
)


def read(card):
    """The arguments as a person reads them from a card, in the message or in its file."""
    if card.attachments:
        return json.loads(card.attachments[0].content)
    return json.loads(card.content.split("```")[1].removeprefix("json\n"))


async def test_what_ran_is_what_the_card_showed_and_nothing_pinged(bot, discord_, script):
    await bot.start()
    alice, general = discord_.user("alice"), discord_.channel("general")
    messages = [HOSTILE[name]["x"] for name in SAMPLE]
    script.then(*(call("fail", _id=f"call{number}", message=text) for number, text in enumerate(messages)))
    script.then(say("All of it failed."))
    await discord_.send(alice, general, bot.mention("do your worst"))

    def cards():
        return [one for one in bot.shown(general, "May I run `fail`?") if "❌" in one.reactions]

    await discord_.wait_until(
        lambda: len(cards()) == len(SAMPLE), timeout=60, explain=lambda: f"There are {len(cards())} cards."
    )
    shown = {re.search("fingerprint `([0-9a-f]{16})`", one.content)[1]: read(one) for one in cards()}
    assert [one["message"] for one in shown.values()] == messages
    for card in cards():
        assert not (await discord_.press(alice, card, "Run once")).failed
    await bot.said(general, "All of it failed.", timeout=30)

    given = [json.loads(line.partition(" ")[2]) for line in bot.counted.read_text().splitlines()]
    assert len(given) == len(SAMPLE)
    assert {fingerprint("fail", one)[:16]: one for one in given} == shown
    for message in discord_.messages(general):
        if message.author.id == discord_.bot.id:
            assert (message.pinged, message.pinged_everyone) == (set(), False)


async def test_deeply_nested_arguments_are_shown_in_full(bot, discord_, script, monkeypatch):
    monkeypatch.setattr(model_wire, "ARGUMENT_FRAGMENT", 10**6)
    # In lines it would be more than a file may have.
    extra = [nested(70)] * 300
    script.then(call("delete_note", name="todo", extra=extra))
    script.then(say("done"))
    await bot.start()
    alice, general = discord_.user("alice"), discord_.channel("general")
    await discord_.send(alice, general, bot.mention("do your worst"))
    card = await bot.card(general, "delete_note")

    assert read(card) == {"name": "todo", "extra": extra}
