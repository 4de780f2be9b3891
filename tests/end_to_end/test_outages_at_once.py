"""Two troubles at once, the worst of them a SIGKILL while a fault lasts: still one answer, and no tool twice."""

import pytest
import pytest_asyncio

from playground.model import Fault, Gate, Reply, call, say
from tests.end_to_end.surviving import ANSWER, DONE, surviving

pytestmark = pytest.mark.asyncio(loop_scope="module")

MESSAGES = "/channels/{channel_id}/messages"
MESSAGE = MESSAGES + "/{message_id}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def survivor(tmp_path_factory):
    async with surviving(tmp_path_factory.mktemp("several"), toml="[model]\nretries = 2\n") as survivor:
        yield survivor


@pytest.fixture
def local(survivor):
    survivor.discord.requests.clear()
    return survivor.discord


@pytest.fixture
def place(survivor):
    return survivor.place()


def met(local, status, times=1):
    """Whether so many requests ran into a fault by now."""
    return sum(request.status == status for request in local.requests) >= times


async def test_killed_before_it_knew_that_its_first_words_were_posted(local, place):
    local.fail("POST", MESSAGES, status=500, done=True, times=2)
    await place.ask("explain it", Reply(ANSWER, gate=Gate()), say(ANSWER))
    await local.wait_until(lambda: met(local, 500))
    await place.bot.restart()
    await place.ends_with(ANSWER)


async def test_killed_while_the_last_edit_is_tried_again(local, place):
    gate = await place.ask_and_hold()
    local.fail("PATCH", MESSAGE, status=503, done=True, times=3)
    gate.release()
    await local.wait_until(lambda: met(local, 503, 2))
    await place.bot.restart()
    await place.ends_with(ANSWER)


async def test_killed_under_a_ban(local, place):
    gate = await place.ask_and_hold()
    local.ban(600)
    gate.release()
    await local.wait_until(lambda: met(local, 429, 2))
    await place.bot.kill()
    local.clock.advance(600)
    await place.bot.start()
    await place.ends_with(ANSWER)


async def test_killed_before_it_knew_of_its_card_which_is_approved_meanwhile(local, place):
    local.fail("POST", MESSAGES, status=0, done=True)
    await place.ask("write it", call("write_note", name=place.channel.name, text="x"), say(DONE))
    await local.wait_until(lambda: met(local, 0))
    await place.bot.kill()
    card = local.messages(place.channel)[-1]
    await local.react(place.alice, card, "✅")
    await place.bot.start()
    await place.ends_with_the_note(card)


async def test_model_rest_and_gateway_fail_in_one_turn(local, place):
    local.fail("POST", MESSAGES, status=0, done=True)
    gate = Gate()
    await place.ask("explain it", Fault(cut_after=3, text=ANSWER), Reply(ANSWER, gate=gate))
    await gate.reached
    local.fail("PATCH", MESSAGE, status=503, done=True)
    local.cut_gateway()
    local.limit_globally(1)
    gate.release()
    await place.ends_with(ANSWER)


async def test_command_that_comes_twice_is_answered_once(local, place):
    local.repeat_next("INTERACTION_CREATE")
    place.script.when(lambda request: request.last_user_text == "by command", say(ANSWER))
    await local.slash(place.alice, place.channel, "ask", text="by command")
    await place.ends_with("> by command", ANSWER)
