"""Each fault of Discord's REST side once, in the middle of an answer: it stands there once, exact to the character.

What a request of ours means when it fails for good, and cards without their reactions, are in
tests/discord_adapter/test_surface.py and test_sending.py; here it is the whole bot, with discord.py's own waiting.
"""

import pytest
import pytest_asyncio

from playground.model import Gate, Reply, call, say
from tests.end_to_end.surviving import ANSWER, DONE, HALF, surviving

pytestmark = pytest.mark.asyncio(loop_scope="module")

MESSAGES = "/channels/{channel_id}/messages"
MESSAGE = MESSAGES + "/{message_id}"
OWN_REACTION = MESSAGE + "/reactions/{emoji}/@me"

# discord.py waits 1 s and 3 s before it asks again after 500, 502 and 504; the others are asked again by the bot.
FAULTS = {
    "500": {"status": 500},
    "502 twice": {"status": 502, "times": 2},
    "503": {"status": 503},
    "connection cut": {"status": 0},
    "answer lost to a 500": {"status": 500, "done": True},
    "answer lost to a 503": {"status": 503, "done": True},
    "answer lost to a cut": {"status": 0, "done": True},
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def survivor(tmp_path_factory):
    async with surviving(tmp_path_factory.mktemp("rest")) as survivor:
        yield survivor


@pytest.fixture
def local(survivor):
    return survivor.discord


@pytest.fixture
def place(survivor):
    return survivor.place()


@pytest.fixture(autouse=True)
def nothing_of_our_own_doing(local):
    """No request was refused for being one too many, whatever was repeated; a limit that others used up is global."""
    local.requests.clear()
    yield
    refused = [one.response for one in local.requests if one.status == 429]
    assert [one for one in refused if isinstance(one, dict) and not one["global"]] == []


def troubled(local, method, route, fault):
    """The requests that ran into the fault."""
    return [r for r in local.requests if (r.method, r.route, r.status) == (method, route, fault["status"])]


@pytest.mark.parametrize("name", FAULTS)
async def test_answer_whose_first_words_run_into_trouble_stands_once(local, place, name):
    local.fail("POST", MESSAGES, **FAULTS[name])
    gate = await place.ask_and_hold()
    gate.release()
    await place.ends_with(ANSWER)
    assert len(troubled(local, "POST", MESSAGES, FAULTS[name])) == FAULTS[name].get("times", 1)


@pytest.mark.parametrize("name", ["503", *(name for name in FAULTS if "lost" in name)])
async def test_answer_that_has_grown_when_its_first_words_were_lost_is_whole(local, place, name):
    gate = Gate()
    local.fail("POST", MESSAGES, **FAULTS[name])
    await place.ask("explain it", Reply(ANSWER, gate=gate))
    await local.wait_until(lambda: troubled(local, "POST", MESSAGES, FAULTS[name]))
    gate.release()
    await place.ends_with(ANSWER)


@pytest.mark.parametrize("name", [name for name in FAULTS if "twice" not in name])
async def test_answer_whose_edit_runs_into_trouble_is_whole(local, place, name):
    gate = await place.ask_and_hold()
    local.fail("PATCH", MESSAGE, **FAULTS[name])
    gate.release()
    await place.ends_with(ANSWER)
    assert len(troubled(local, "PATCH", MESSAGE, FAULTS[name])) == FAULTS[name].get("times", 1)


@pytest.mark.parametrize(
    ("method", "route", "fault"),
    [
        ("POST", MESSAGES, {"status": 0, "done": True}),
        ("PUT", OWN_REACTION, {"status": 503, "done": True}),
        ("GET", MESSAGE, {"status": 502}),
        ("PATCH", MESSAGE, {"status": 503, "done": True}),
    ],
)
async def test_card_that_runs_into_trouble_is_asked_and_followed_once(local, place, method, route, fault):
    local.fail(method, route, **fault)
    card = await place.ask_for_a_note()
    await local.react(place.alice, card, "✅")
    await place.ends_with_the_note(card)
    assert troubled(local, method, route, fault)


async def test_card_whose_answer_was_lost_and_that_is_pressed_shows_it(local, place):
    """However often its POST is made: it is given up for now, and decided before it is made once more."""
    fault = {"status": 0, "done": True, "times": 4}
    local.fail("POST", MESSAGES, **fault)
    await place.ask("write it", call("write_note", name=place.channel.name, text="x"), say(DONE))
    card = await local.wait_for_message(place.channel, lambda message: "May I run" in message.content)
    await local.wait_until(lambda: len(troubled(local, "POST", MESSAGES, fault)) == 4, timeout=20)
    await local.press(place.alice, card, "Run once")
    await place.ends_with_the_note(card)


@pytest.mark.parametrize(("method", "route"), [("POST", MESSAGES), ("PATCH", MESSAGE)])
async def test_slow_answers_delay_and_double_nothing(local, place, method, route):
    local.slow(2, method, route, times=2)
    gate = await place.ask_and_hold()
    gate.release()
    await place.ends_with(ANSWER)


async def test_global_limit_in_the_middle_of_an_answer_is_waited_for(local, place):
    gate = await place.ask_and_hold()
    refused = local.rate_limited
    local.limit_globally(2)
    gate.release()
    await place.ends_with(ANSWER)
    # discord.py lets nothing else go once it knows.
    assert 1 <= local.rate_limited - refused <= 2


async def test_ban_in_the_middle_of_an_answer_that_ends_before_it(local, place):
    gate = await place.ask_and_hold()
    local.ban(600)
    gate.release()
    await local.wait_until(lambda: any(one.status == 429 for one in local.requests))
    local.clock.advance(600)
    await place.ends_with(ANSWER)


async def test_ban_before_the_first_words(local, place):
    gate = Gate()
    local.ban(600)
    await place.ask("explain it", Reply(ANSWER, gate=gate))
    gate.release()
    # The typing indicator, the first words, and what is tried again after a while.
    await local.wait_until(lambda: sum(one.status == 429 for one in local.requests) >= 5)
    local.clock.advance(600)
    await place.ends_with(ANSWER)
    assert HALF in place.texts()[0]


async def test_outage_of_all_of_discord(local, place):
    gate = await place.ask_and_hold()
    await local.stop()
    gate.release()
    await place.bot.wait_for_log("discord_out_of_reach", "Attempting a reconnect")
    await local.start()
    await local.wait_for_ready()
    await place.ends_with(ANSWER)
