"""A message that kills the process each time it is handled: three attempts, one sentence, and everybody else served."""

import asyncio

import pytest

from playground.model import say
from tests.databases import new_database, postgres_server, sqlite_url

pytestmark = pytest.mark.timeout(180)

GIVEN_UP = "I stopped several times while working on this"
ATTEMPTS = 3


@pytest.fixture(scope="module")
def postgres():
    with postgres_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "sqlite":
        return sqlite_url(tmp_path)
    return new_database(request.getfixturevalue("postgres"))


async def test_message_that_kills_the_process_each_time_is_given_up_and_everybody_else_is_served(
    bot, discord_, script, url
):
    bot.environment["CLEW_DATABASE_URL"] = url
    guild = next(iter(discord_.guilds.values()))
    alice, bob, carol = (discord_.user("alice"), *map(discord_.add_user, ("bob-the-second", "carol-the-second")))
    for person in (bob, carol):
        discord_.add_member(guild, person)
    general, elsewhere = discord_.channel("general"), discord_.add_channel(guild, "elsewhere")
    deaths = []

    def kill(_request):
        deaths.append(bot.process.pid)
        bot.process.kill()
        return say("The beginning of something long that never comes to its end.", delay=1.0)

    script.when(lambda request: request.last_user_text.endswith("poison"), kill)
    script.when(
        lambda request: "please" in request.last_user_text, lambda r: say(f"Yes to {r.last_user_text.split()[-1]}")
    )
    await bot.start()
    asked = await discord_.send(alice, general, bot.mention("poison"))
    for attempt in range(ATTEMPTS):
        await asyncio.wait_for(bot.process.wait(), 40)
        # While nobody listens somebody asks in the same channel, and somebody in another one.
        await discord_.send(bob, general, bot.mention(f"please {attempt}-bob"))
        await discord_.send(carol, elsewhere, bot.mention(f"please {attempt}-car"))
        await bot.start()
    sentence = await bot.said(general, GIVEN_UP, 30)
    assert sentence.reference.message_id == asked.id
    for attempt in range(ATTEMPTS):
        await bot.said(general, f"Yes to {attempt}-bob", 30)
        await bot.said(elsewhere, f"Yes to {attempt}-car", 30)
    # The one whose message it was goes on as well.
    await discord_.send(alice, general, bot.mention("please go-on"))
    await bot.said(general, "Yes to go-on", 30)
    assert len(deaths) == ATTEMPTS
    said = [m.content for m in discord_.messages(general) if m.author.id == discord_.bot.id]
    assert len([text for text in said if GIVEN_UP in text]) == 1
    assert len([text for text in said if text.startswith("Yes to")]) == len(set(said) - {sentence.content}) == 4
