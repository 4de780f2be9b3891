"""Each fault of the model once: the user gets the answer once, or one sentence that says what failed.

What kind each fault is, and every sentence, is in tests/graph/test_model_faults.py; here it is the whole bot.
"""

import pytest
import pytest_asyncio

from graph.errors import ModelError, ModelFault
from playground.model import Fault, call, say
from tests.end_to_end.surviving import ANSWER, DONE, surviving

pytestmark = pytest.mark.asyncio(loop_scope="module")

SETTINGS = "[model]\ntimeout = 1\nretries = 1\n"

PASSING = {
    "429 with Retry-After": (Fault(429, headers={"Retry-After": "1"}), ModelFault.RATE_LIMITED),
    "500": (Fault(500), ModelFault.SERVER),
    "503 with a page": (Fault(503, html=True), ModelFault.SERVER),
    "cut before its first word": (Fault(cut_after=0), ModelFault.INTERRUPTED),
    "cut in its middle": (Fault(cut_after=6, text=f"Something else. {ANSWER}"), ModelFault.INTERRUPTED),
    "silent": (Fault(hang=True), ModelFault.TIMEOUT),
    "silent in its middle": (Fault(hang=True, cut_after=6), ModelFault.TIMEOUT),
}
STAYING = {
    "a page in place of an answer": (Fault(200, html=True), ModelFault.UNREADABLE),
    "401": (Fault(401), ModelFault.UNAUTHORIZED),
    "404": (Fault(404), ModelFault.UNKNOWN_MODEL),
    "400": (Fault(400), ModelFault.REFUSED),
    "empty": (say(""), ModelFault.UNREADABLE),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def survivor(tmp_path_factory):
    async with surviving(tmp_path_factory.mktemp("model"), toml=SETTINGS) as survivor:
        yield survivor


@pytest.fixture
def place(survivor):
    return survivor.place()


def sentence(fault):
    return ModelError(fault, "").sentence


@pytest.mark.parametrize("name", PASSING)
async def test_fault_that_passes_is_followed_by_the_answer(place, name):
    await place.ask("explain it", PASSING[name][0], say(ANSWER))
    await place.said(ANSWER)
    await place.ends_with(ANSWER)


@pytest.mark.parametrize("name", PASSING)
async def test_fault_that_does_not_pass_is_told_in_one_sentence(place, name):
    fault, kind = PASSING[name]
    await place.ask("explain it", fault, fault)
    await place.said(sentence(kind))
    words = " ".join(fault.text.split(" ")[: fault.cut_after or 0])
    # What came of it stays; a machine that is busy may read less than was sent before the connection broke.
    begun = [text for text in place.texts() if words.startswith(text)]
    await place.ends_with(*begun[:1], sentence(kind))


@pytest.mark.parametrize("name", STAYING)
async def test_fault_that_nothing_mends_is_told_at_once_in_one_sentence(place, name):
    fault, kind = STAYING[name]
    await place.ask("explain it", fault)
    await place.ends_with(sentence(kind))


@pytest.mark.parametrize("name", ["500", "cut in its middle", "silent"])
async def test_fault_after_a_tool_repeats_the_request_and_not_the_tool(place, name):
    written = place.bot.runs("write_note")
    await place.ask("write it", call("write_note", name=place.channel.name, text="x"), PASSING[name][0], say(DONE))
    card = await place.bot.card(place.channel, "write_note")
    await place.discord.react(place.alice, card, "✅")
    await place.ends_with_the_note(card)
    assert place.bot.runs("write_note") == written + 1


async def test_endpoint_that_is_away_for_a_moment_is_asked_again(place, survivor):
    await survivor.model.stop()
    await place.ask("explain it", say(ANSWER))
    await place.bot.wait_for_log('"fault": "unreachable"')
    await survivor.model.start()
    await place.ends_with(ANSWER)


async def test_endpoint_that_stays_away_is_told_in_one_sentence(place, survivor):
    await survivor.model.stop()
    await place.ask("explain it")
    await place.said(sentence(ModelFault.UNREACHABLE))
    await survivor.model.start()
    await place.ends_with(sentence(ModelFault.UNREACHABLE))
