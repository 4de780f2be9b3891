"""What goes wrong at the endpoint: each has its kind and one sentence, and the next turn works."""

import json
import socket

import pytest
from aiohttp import test_utils, web
from langchain_core.messages import HumanMessage
from structlog.testing import capture_logs

from graph.errors import ModelError, ModelFault
from graph.llm import Model, ModelSettings
from playground.model import Fault, say

# The client asks three times; the header keeps it from waiting in between.
AT_ONCE = {"retry-after-ms": "1"}
TOO_LONG = {
    "error": {"message": "This is too much.", "type": "invalid_request_error", "code": "context_length_exceeded"}
}

FAULTS = {
    "bad request": (Fault(400, body={"error": {"message": "no"}}), ModelFault.REFUSED),
    "wrong key": (Fault(401), ModelFault.UNAUTHORIZED),
    "not allowed": (Fault(403), ModelFault.UNAUTHORIZED),
    "unknown model": (Fault(404), ModelFault.UNKNOWN_MODEL),
    "too many requests": (Fault(429, headers=AT_ONCE), ModelFault.RATE_LIMITED),
    "server error": (Fault(500, headers=AT_ONCE), ModelFault.SERVER),
    "gateway's HTML page": (Fault(502, html=True, headers=AT_ONCE), ModelFault.SERVER),
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
    "empty answer": (say(""), ModelFault.UNREADABLE),
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


async def test_fault_that_passes_by_itself_is_not_noticed(stand, clew):
    stand.script.then(Fault(503, headers=AT_ONCE))
    stand.script.then(say("fine"))
    await clew.ask(1)

    assert await clew.answered(1) == "fine"
    assert clew.surface.said == {}


def test_every_fault_has_a_sentence_of_its_own():
    sentences = [ModelError(fault, "secret detail").sentence for fault in ModelFault]

    assert len(set(sentences)) == len(ModelFault)
    assert all(sentence.endswith(".") and "\n" not in sentence and "secret" not in sentence for sentence in sentences)


async def test_names_of_the_models_are_told(stand):
    assert await stand.model.models() == ["scripted"]


async def test_asking_for_models_where_nobody_listens_is_a_model_error():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but not listening
        model = Model(ModelSettings(api_base=f"http://127.0.0.1:{taken.getsockname()[1]}", name="m"))
        with pytest.raises(ModelError) as failed:
            await model.models()

    assert failed.value.fault == ModelFault.UNREACHABLE


async def test_asking_a_web_page_for_models_is_a_model_error(web_page):
    model = Model(ModelSettings(api_base=web_page, name="m"))
    with pytest.raises(ModelError) as failed:
        await model.models()

    assert failed.value.fault == ModelFault.UNREADABLE


@pytest.fixture
async def web_page():
    """The address of a server that answers everything with a page, as a proxy's login does."""

    async def page(_request):
        return web.Response(text="<html><body>log in</body></html>", content_type="text/html")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", page)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_call_at_the_end_of_a_stream_that_names_no_end_is_not_made():
    """A real server of a few lines: the scripted one always says how an answer ended."""
    function = {"name": "delete_all", "arguments": ""}
    delta = {"role": "assistant", "tool_calls": [{"index": 0, "id": "c", "type": "function", "function": function}]}
    choice = {"index": 0, "delta": delta, "finish_reason": None}
    chunk = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}

    async def answer(request):
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(f"data: {json.dumps(chunk)}\n\n".encode())
        await response.write_eof()
        return response

    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    async with test_utils.TestServer(app) as server:
        model = Model(ModelSettings(api_base=str(server.make_url("/v1")), name="m"))
        with pytest.raises(ModelError) as failed:
            await model.ask([HumanMessage("hi")], [], lambda _: None)
    assert failed.value.fault == ModelFault.INTERRUPTED
