"""A conversation that no longer fits: what the model is shown, what the user is told, and what happens when the
endpoint finds it too long all the same.
"""

import pytest
from structlog.testing import capture_logs

from graph.decisions import Decisions
from graph.events import LeftOut, TextFinished
from graph.running import run
from graph.showing import left_out_sentence
from playground.model import Fault, call, say
from tests.graph.conftest import HERE, turn

WORD = "word "


def too_long(words="context_length_exceeded"):
    return Fault(400, body={"error": {"message": words, "code": "context_length_exceeded"}})


@pytest.fixture
async def narrow(stand):
    """A stand whose model takes 1,000 tokens of input."""
    await stand.prepare(window_tokens=1333)
    return stand


async def said(clew, number, text):
    await clew.ask(number, text)
    await clew.closed(number)


@pytest.mark.parametrize(
    ("left_out", "sentence"),
    [
        (LeftOut(1), "The oldest turn of this conversation no longer fits and was left out."),
        (LeftOut(12), "The 12 oldest turns of this conversation no longer fit and were left out."),
        (LeftOut(text=True), "Your message is too long for the model to read whole; its middle was left out."),
        (LeftOut(results=3), "Long results of tools were shortened to fit."),
    ],
)
def test_what_is_left_out_is_told_in_a_sentence(left_out, sentence):
    assert left_out_sentence(left_out) == sentence


def test_all_that_is_left_out_is_told():
    assert left_out_sentence(LeftOut(2, 1, text=True)).count(".") == 3


async def test_turns_that_no_longer_fit_are_told_below_the_answer(narrow, clew):
    narrow.script.default = lambda _: say("yes")
    for number in range(1, 5):
        await said(clew, number, f"{number} " + WORD * 300)

    assert clew.surface.footnotes == {
        "m:3:0": ["The oldest turn of this conversation no longer fits and was left out."],
        "m:4:0": ["The 2 oldest turns of this conversation no longer fit and were left out."],
    }
    assert [content[:2] for role, content in narrow.sent() if role == "user"] == ["3 ", "4 "]
    assert len(await clew.messages()) == 8


async def test_long_paste_is_answered_with_its_middle_left_out(narrow, clew):
    narrow.script.then(say("long, indeed"))
    await said(clew, 1, "The beginning. " + WORD * 20_000 + "The end.")
    (_, shown), *_ = narrow.sent()

    assert await clew.answered(1) == "long, indeed"
    assert shown.startswith("The beginning.")
    assert shown.endswith("The end.")
    assert len(shown) < 6000
    assert "its middle was left out" in clew.surface.footnotes["m:1:0"][0]
    assert len((await clew.messages())[0].text) > 100_000


async def test_long_results_are_shortened_the_oldest_first_and_stay_with_their_calls(narrow, clew):
    narrow.tools.results["look"] = WORD * 420
    for number in range(3):
        narrow.script.then(call("look", x=number))
    narrow.script.then(say("seen"))
    await said(clew, 1, "look")
    results = [content for role, content in narrow.sent() if role == "tool"]

    assert await clew.answered(1, 3) == "seen"
    assert ["left out here" in result for result in results] == [True, True, False]
    assert clew.surface.footnotes["m:1:0"] == ["Long results of tools were shortened to fit."]


async def test_the_same_is_told_once_in_a_turn_below_the_first_text(narrow, clew):
    narrow.script.then(call("look", x=1))
    narrow.script.then(call("look", x=2), text="I look once more.")
    narrow.script.then(say("seen"))
    await said(clew, 1, WORD * 20_000)

    assert await clew.answered(1, 2) == "seen"
    assert clew.surface.footnotes["m:1:0"] == [left_out_sentence(LeftOut(text=True))]
    marked = [message.text for message in await clew.messages() if "clew_left_out" in message.additional_kwargs]
    assert marked == ["I look once more."]


async def test_what_was_left_out_is_told_again_when_the_turn_is_shown_again(narrow, clew):
    narrow.script.then(say("long, indeed"))
    await said(clew, 1, WORD * 20_000)
    again = turn(1, WORD * 20_000)
    thread_id = (await narrow.journal.branches.current(HERE)).thread_id
    context = await clew.context(again, thread_id, None)
    events = [event async for event in run(clew.graph, thread_id, again, context, Decisions(), None)]

    assert events[:2] == [LeftOut(text=True), TextFinished(0, "long, indeed")]
    assert len(narrow.server.requests) == 1


async def test_note_of_what_was_left_out_is_not_sent_to_the_model(narrow, clew):
    narrow.script.default = lambda _: say("yes")
    await said(clew, 1, "1 " + WORD * 600)
    await said(clew, 2, "2 " + WORD * 600)
    await said(clew, 3, "and?")

    assert [content[:2] for _, content in narrow.sent()] == ["2 ", "ye", "an"]
    assert set(narrow.server.requests[-1].messages[2]) == {"role", "content"}
    assert "clew_left_out" in (await clew.messages())[3].additional_kwargs


async def test_request_that_is_too_long_is_tried_once_more_with_less(stand, clew):
    stand.script.default = lambda _: say("yes")
    for number in range(1, 5):
        await said(clew, number, f"{number} " + WORD * 300)
    stand.script.then(too_long())
    stand.script.then(say("fits"))
    with capture_logs() as logs:
        await said(clew, 5, "5 " + WORD * 300)

    assert await clew.answered(5) == "fits"
    assert [content[:2] for role, content in stand.sent(-2) if role == "user"] == ["1 ", "2 ", "3 ", "4 ", "5 "]
    assert [content[:2] for role, content in stand.sent() if role == "user"] == ["4 ", "5 "]
    assert "3 oldest turns" in clew.surface.footnotes["m:5:0"][0]
    assert [one["event"] for one in logs].count("window_shrunk") == 1


async def test_length_that_the_endpoint_names_is_what_the_second_try_holds(stand, clew):
    stand.script.default = lambda _: say("yes")
    for number in range(1, 5):
        await said(clew, number, f"{number} " + WORD * 300)
    stand.script.then(too_long("This model's maximum context length is 1,700 tokens."))
    stand.script.then(say("fits"))
    await said(clew, 5, "5 " + WORD * 300)

    assert [content[:2] for role, content in stand.sent() if role == "user"] == ["3 ", "4 ", "5 "]


async def test_text_that_is_too_long_by_itself_is_cut_for_the_second_try(stand, clew):
    stand.script.then(too_long())
    stand.script.then(say("fits"))
    await said(clew, 1, WORD * 4000)

    assert await clew.answered(1) == "fits"
    assert len(stand.sent()[0][1]) < 0.6 * len(stand.sent(-2)[0][1])
    assert "its middle was left out" in clew.surface.footnotes["m:1:0"][0]


async def test_request_that_is_too_long_twice_is_told_in_one_sentence(stand, clew):
    stand.script.default = lambda _: too_long()
    await said(clew, 1, WORD * 4000)

    assert "too long for the model" in await clew.told(1)
    assert len(stand.server.requests) == 2


async def test_request_that_cannot_be_made_smaller_is_not_sent_again(stand, clew):
    stand.script.default = lambda _: too_long()
    await said(clew, 1, "hi")

    assert "too long for the model" in await clew.told(1)
    assert len(stand.server.requests) == 1
