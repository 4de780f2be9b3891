"""Answers streamed in many channels at once: no avoidable 429, the token's budget kept, every text exact in the end.

50 answers here; `make load` asks for 500.
"""

import asyncio
import os
import re

import pytest

from playground.limits import bound_to_token
from playground.model import say

ANSWERS = int(os.environ.get("CLEW_LOAD_ANSWERS", "50"))
CHANNELS = 20
CHARACTERS = 3000
TOKENS_PER_SECOND = 80
CHARACTERS_PER_TOKEN = 4


def _answer(name):
    """A text of its own, in paragraphs."""
    words = (f"{name} says word {number}{'.' if number % 9 else '.' + chr(10) * 2}" for number in range(1000))
    return " ".join(words)[:CHARACTERS].strip()


def _stream(request):
    text = _answer(request.last_user_text.splitlines()[-1])
    return say(text, chunks=len(text) // CHARACTERS_PER_TOKEN, delay=1 / TOKENS_PER_SECOND)


def _without_spaces(text):
    return re.sub(r"\s", "", text)


def _shown(discord_, channel, asked):
    """The text that stands below a question: its answer's first message, and those after it."""
    mine = [m for m in discord_.messages(channel) if m.author.id == discord_.bot.id]
    first = [index for index, m in enumerate(mine) if m.reference and m.reference.message_id == asked.id]
    return [message.content for message in mine[first[0] :]] if first else []


async def _ask(bot, discord_, channel, user, name):
    """One question; the parts of its answer when they are complete."""
    wanted = _without_spaces(_answer(name))
    asked = await discord_.send(user, channel, bot.mention(name))

    def complete():
        return _without_spaces("".join(_shown(discord_, channel, asked))) == wanted

    await discord_.wait_until(complete, timeout=120, explain=lambda: discord_.transcript(channel)[-3000:])
    return _shown(discord_, channel, asked)


async def _converse(bot, discord_, channel, users, count):
    return [
        await _ask(bot, discord_, channel, users[number % len(users)], f"{channel.name}n{number}")
        for number in range(count)
    ]


@pytest.mark.timeout(120 + 2 * ANSWERS)
async def test_streams_in_many_channels_keep_every_limit_and_end_exact(bot, discord_, script):
    # A window for the longest conversation of them: what is left out of one is told below an answer.
    bot.configure("[discord]\ncontext_messages = 0\n[model]\nwindow_tokens = 200000\n[limits]\nuser_per_minute = 0\n")
    script.default = _stream
    guild = discord_.guild("Harbour")
    users = [discord_.user(name) for name in ("alice", "bob")]
    channels = [discord_.add_channel(guild, f"load{number}") for number in range(CHANNELS)]
    await bot.start()
    counts = [len(range(number, ANSWERS, CHANNELS)) for number in range(CHANNELS)]
    begun = len(discord_.requests)
    answers = await asyncio.gather(
        *(_converse(bot, discord_, channel, users, count) for channel, count in zip(channels, counts, strict=True))
    )
    parts = [part for channel in answers for answer in channel for part in answer]
    assert sum(len(channel) for channel in answers) == ANSWERS
    assert all(0 < len(part) <= 2000 for part in parts)
    assert len(parts) == 2 * ANSWERS

    requests = discord_.requests[begun:]
    assert discord_.rate_limited == 0
    assert [request for request in requests if request.status == 429] == []
    starts = sorted(request.at for request in requests if bound_to_token(request.route))
    assert max(sum(start <= other < start + 1 for other in starts) for start in starts) <= 50
    edits = sum(request.method == "PATCH" for request in requests)
    print(f"{ANSWERS} answers, {len(requests)} requests, {edits} of them edits")
    assert edits > ANSWERS
