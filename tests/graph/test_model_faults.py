"""What goes wrong at the endpoint: each has its kind and one sentence, and the next turn works."""

import httpx
import openai
import pytest
from structlog.testing import capture_logs

from graph.errors import ModelError, ModelFault
from graph.model_faults import model_error
from graph.redacting import Redactor
from playground.model import Fault, say

TOO_LONG = {
    "error": {"message": "This is too much.", "type": "invalid_request_error", "code": "context_length_exceeded"}
}

FAULTS = {
    "bad request": (Fault(400, body={"error": {"message": "no"}}), ModelFault.REFUSED),
    "wrong key": (Fault(401), ModelFault.UNAUTHORIZED),
    "not allowed": (Fault(403), ModelFault.UNAUTHORIZED),
    "unknown model": (Fault(404), ModelFault.UNKNOWN_MODEL),
    "too many requests": (Fault(429), ModelFault.RATE_LIMITED),
    "nothing left to spend": (Fault(429, body={"error": {"code": "insufficient_quota"}}), ModelFault.SPENT),
    "server error": (Fault(500), ModelFault.SERVER),
    "overloaded": (Fault(529), ModelFault.SERVER),
    "gateway's HTML page": (Fault(502, html=True), ModelFault.SERVER),
    "HTML page that says all is well": (Fault(200, html=True), ModelFault.UNREADABLE),
    "too long": (Fault(400, body=TOO_LONG), ModelFault.TOO_LONG),
    "payload too large": (Fault(413), ModelFault.TOO_LONG),
    "unknown model as LiteLLM says it": (
        Fault(400, body={"error": {"message": "Invalid model name passed in model=x"}}),
        ModelFault.UNKNOWN_MODEL,
    ),
    "cut in the middle": (Fault(cut_after=2, text="one two three four"), ModelFault.INTERRUPTED),
    "error in the stream": (
        Fault(cut_after=1, text="one two", body={"error": {"message": "overloaded"}}),
        ModelFault.INTERRUPTED,
    ),
    "error in the stream that another attempt does not mend": (
        Fault(cut_after=1, text="one two", body={"error": {"message": "blocked", "code": "400"}}),
        ModelFault.REFUSED,
    ),
    "unknown model as a LiteLLM with wildcards says it": (
        Fault(400, body={"error": {"message": "There are no healthy deployments for this model"}}),
        ModelFault.UNKNOWN_MODEL,
    ),
    "empty answer": (say(""), ModelFault.UNREADABLE),
    "empty answer of a filter": (say("", finish="content_filter"), ModelFault.REFUSED),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_fault_has_its_kind_and_one_sentence_and_the_next_turn_works(stand, clew, name):
    answer, fault = FAULTS[name]
    stand.script.default = lambda _: answer
    with capture_logs() as logs:
        await clew.ask(1)
        sentence = await clew.told(1)
        await clew.closed(1)

    assert [one["fault"] for one in logs if one["event"] == "model_failed"] == [fault]
    assert [one["fault"] for one in logs if one["event"] == "model_retry"] == [fault] * (5 if fault.transient else 0)
    assert len(stand.server.requests) == (6 if fault.transient else 1)
    assert sentence == ModelError(fault, "").sentence
    assert [key for key in clew.surface.said if key[0] == "m:1:0"] == [("m:1:0", "closing")]
    assert (await stand.journal.turns.get("m:1:0")).outcome == "failed"

    stand.script.default = lambda _: say("better now")
    await clew.ask(2, "again")
    assert await clew.answered(2) == "better now"
    assert stand.sent() == [("user", "hello"), ("assistant", sentence), ("user", "again")]


@pytest.mark.parametrize("silent_after", [None, 1])
async def test_silent_endpoint_is_given_up(stand, clew, silent_after):
    await stand.prepare(timeout=0.1)
    stand.script.default = lambda _: Fault(hang=True, cut_after=silent_after, text="one two three")
    with capture_logs() as logs:
        await clew.ask(1)
        await clew.told(1)
        await clew.closed(1)

    assert [one["fault"] for one in logs if one["event"] == "model_failed"] == [ModelFault.TIMEOUT]
    assert len(stand.server.requests) == 6
    stand.script.default = lambda _: say("better now")
    await stand.prepare()
    await clew.ask(2)
    assert await clew.answered(2) == "better now"


async def test_endpoint_that_is_not_there_is_unreachable_and_the_next_turn_works(stand, clew):
    await stand.server.stop()
    with capture_logs() as logs:
        await clew.ask(1)
        assert "could not reach" in await clew.told(1)
        await clew.closed(1)
    await stand.server.start()

    assert [one["fault"] for one in logs if one["event"] == "model_failed"] == [ModelFault.UNREACHABLE]
    stand.script.then(say("there again"))
    await clew.ask(2)
    assert await clew.answered(2) == "there again"


def test_half_of_a_secret_at_a_cut_is_not_told():
    refused = httpx.Response(400, request=httpx.Request("POST", "http://proxy"))
    error = openai.BadRequestError("key-of-twenty-letters " * 1000, response=refused, body=None)
    detail = model_error(error, begun=False, now=0, redact=Redactor(["key-of-twenty-letters"])).detail

    assert detail.startswith("BadRequestError: [redacted] [redacted]")
    assert len(detail) == 2000
    assert "key" not in detail


def test_every_fault_has_a_sentence_of_its_own():
    sentences = [ModelError(fault, "secret detail").sentence for fault in ModelFault]

    assert len(set(sentences)) == len(ModelFault)
    assert all(sentence.endswith(".") and "\n" not in sentence and "secret" not in sentence for sentence in sentences)
    assert not any("{" in sentence for sentence in sentences)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "a minute"), (5, "a minute"), (90, "a minute"), (91, "2 minutes"), (5400, "90 minutes"), (7201, "3 hours")],
)
def test_who_asks_too_much_is_told_when_to_ask_again(seconds, words):
    sentence = ModelError(ModelFault.RATE_LIMITED, "", retry_after=seconds).sentence

    assert sentence == f"The model is being asked too much right now; please try again in {words}."
