"""The scripted endpoint, driven by real OpenAI and LangChain clients and by plain HTTP."""

import asyncio
import json

import aiohttp
import httpx
import openai
import pytest
from langchain_openai import ChatOpenAI

from playground.model import Fault, Gate, ModelServer, Reply, Scripted, call, say

CLOCK = {
    "type": "function",
    "function": {
        "name": "clock",
        "description": "Tell the time.",
        "parameters": {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]},
    },
}
HELLO = {"model": "scripted", "messages": [{"role": "user", "content": "hello"}]}


@pytest.fixture
def script():
    return Scripted()


@pytest.fixture
async def model(script):
    async with ModelServer(script) as server:
        yield server


@pytest.fixture
def chat(model):
    return ChatOpenAI(base_url=model.base_url, api_key="any", model="scripted", stream_usage=True, max_retries=0)


@pytest.fixture
async def http():
    async with aiohttp.ClientSession() as session:
        yield session


async def collect(chat, text="hello", **options):
    chunks = [chunk async for chunk in chat.astream(text, **options)]
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    return chunks, whole


async def test_answers_come_in_the_order_of_the_queue(script, chat, model):
    script.then(say("first"))
    script.then(say("second"))
    assert [(await chat.ainvoke("a")).text, (await chat.ainvoke("b")).text] == ["first", "second"]
    assert [request.last_user_text for request in model.requests] == ["a", "b"]
    assert script.remaining == 0


async def test_text_is_streamed_in_pieces_with_usage_at_the_end(script, chat):
    script.then(say("one two three four"))
    chunks, whole = await collect(chat)
    assert [chunk.text for chunk in chunks if chunk.text] == ["one ", "two ", "three ", "four"]
    assert whole.response_metadata["finish_reason"] == "stop"
    assert whole.usage_metadata["output_tokens"] > 0


@pytest.mark.parametrize("chunks", [1, 3, 7, 40])
async def test_chunks_joined_are_the_text(chunks, script, chat):
    text = "A text with\nlines,  two spaces, and ümläuts 🎉 in it."
    script.then(say(text, chunks=chunks))
    pieces, whole = await collect(chat)
    assert whole.text == text
    assert 0 < len([piece for piece in pieces if piece.text]) <= chunks


async def test_streamed_and_whole_answers_report_the_same_usage(script, chat):
    script.when(lambda _: True, say("the same words"))
    _, streamed = await collect(chat)
    whole = await chat.ainvoke("hello", stream=False)
    assert streamed.usage_metadata["total_tokens"] == whole.usage_metadata["total_tokens"]


async def test_usage_can_be_set(script, chat):
    script.then(say("dear", usage=(1200, 34)))
    _, whole = await collect(chat)
    assert (whole.usage_metadata["input_tokens"], whole.usage_metadata["output_tokens"]) == (1200, 34)


async def test_parallel_calls_are_streamed_in_fragments_and_put_together_again(script, chat, model):
    script.then(call("clock", zone="Asia/Tokyo"), call("delete_file", path="notes.txt"), text="One moment.")
    chunks, whole = await collect(chat.bind_tools([CLOCK]))
    assert whole.text == "One moment."
    assert [(made["name"], made["args"]) for made in whole.tool_calls] == [
        ("clock", {"zone": "Asia/Tokyo"}),
        ("delete_file", {"path": "notes.txt"}),
    ]
    ids = {made["id"] for made in whole.tool_calls}
    assert len(ids) == 2
    assert all(made.startswith("call_") for made in ids)
    assert sum(1 for chunk in chunks for part in chunk.tool_call_chunks if part["index"] == 0) > 2
    assert whole.response_metadata["finish_reason"] == "tool_calls"
    assert model.requests[0].tool_names == ["clock"]


async def test_ids_of_calls_are_fresh_at_each_answer_unless_given(script, chat):
    script.when(lambda request: request.last_user_text == "again", call("clock", zone="UTC"))
    first, second = await chat.ainvoke("again"), await chat.ainvoke("again")
    assert first.tool_calls[0]["id"] != second.tool_calls[0]["id"]
    assert first.response_metadata["id"] != second.response_metadata["id"]
    script.then(call("clock", _id="x"))
    assert (await chat.ainvoke("other")).tool_calls[0]["id"] == "x"


@pytest.mark.parametrize("streaming", [True, False])
async def test_malformed_arguments_arrive_as_they_are(streaming, script, chat):
    script.then(call("clock", _raw="zone=UTC"))
    answer = (await collect(chat))[1] if streaming else await chat.ainvoke("hello", stream=False)
    assert answer.invalid_tool_calls[0]["args"] == "zone=UTC"


async def test_rules_come_before_the_queue_and_may_look_at_the_request(script, chat):
    script.when(lambda request: "echo" in request.last_user_text, lambda request: say(request.last_user_text))
    script.then(say("queued"))
    assert (await chat.ainvoke("echo this")).text == "echo this"
    assert (await chat.ainvoke("hello")).text == "queued"


async def test_the_end_of_the_script_is_an_error_that_says_so(script, chat):
    with pytest.raises(openai.InternalServerError, match="script has ended"):
        await chat.ainvoke("hello")
    script.default = lambda _: say("from the default")
    assert (await chat.ainvoke("hello")).text == "from the default"


async def test_a_held_answer_stops_half_way_until_it_is_released(script, chat):
    gate = script.hold()
    script.then(say("one two three four"))
    script.then(say("not held"))
    stream = chat.astream("hello")
    seen = ""
    while seen != "one two ":
        seen += (await anext(stream)).text
    await gate.reached
    rest = asyncio.ensure_future(_join(stream))
    assert (await chat.ainvoke("other")).text == "not held"
    assert not rest.done()
    gate.release()
    assert await rest == "three four"


async def _join(stream):
    return "".join([chunk.text async for chunk in stream])


async def test_a_fault_is_an_error_in_the_shape_of_openai(script, chat):
    script.then(Fault(status=429, headers={"Retry-After": "7"}))
    with pytest.raises(openai.RateLimitError) as caught:
        await chat.ainvoke("hello")
    assert caught.value.response.headers["retry-after"] == "7"
    assert caught.value.body["type"] == "server_error"


async def test_a_fault_may_have_its_own_body(script, chat):
    script.then(Fault(status=400, body={"error": {"message": "too long", "code": "context_length_exceeded"}}))
    with pytest.raises(openai.BadRequestError, match="too long"):
        await chat.ainvoke("hello")


async def test_an_html_page_comes_with_its_status(script, chat):
    script.then(Fault(status=502, html=True))
    with pytest.raises(openai.InternalServerError) as caught:
        await chat.ainvoke("hello")
    assert caught.value.response.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("pieces", [0, 3])
async def test_a_cut_stream_ends_in_a_connection_error_after_its_pieces(pieces, script, chat):
    script.then(Fault(cut_after=pieces))
    texts = []
    with pytest.raises((httpx.RemoteProtocolError, openai.APIConnectionError)):
        await _append(texts, chat.astream("hello"))
    assert len([text for text in texts if text]) == pieces


async def _append(texts, stream):
    async for chunk in stream:
        texts.append(chunk.text)


async def test_a_cut_answer_without_streaming_is_a_connection_error(script, chat):
    script.then(Fault(cut_after=1))
    with pytest.raises(openai.APIConnectionError):
        await chat.ainvoke("hello", stream=False)


async def test_an_error_can_come_inside_the_stream(script, chat):
    script.then(Fault(cut_after=1, body={"error": {"message": "overloaded", "type": "server_error"}}))
    with pytest.raises(openai.APIError, match="overloaded"):
        await collect(chat)


async def test_a_stream_can_end_in_good_order_without_a_finish_reason(script, chat):
    script.then(Fault(cut_after=2, text="one two three", unnamed=True))
    _, answer = await collect(chat)
    assert answer.text == "one two "
    assert "finish_reason" not in answer.response_metadata


async def test_a_stream_can_be_cut_within_a_call(script, chat):
    script.then(Fault(cut_after=2, text="", calls=(call("look", x=123456789),), unnamed=True))
    _, answer = await collect(chat)
    (piece,) = answer.tool_call_chunks
    assert piece["name"] == "look"
    assert '{"x": 123456789}'.startswith(piece["args"])
    assert piece["args"] not in ("", '{"x": 123456789}')


async def test_a_cut_waits_for_its_gate(script, chat):
    gate = Gate()
    script.then(Fault(cut_after=1, text="one two", gate=gate))
    texts = []
    reading = asyncio.ensure_future(_append(texts, chat.astream("hello")))
    async with asyncio.timeout(5):
        await gate.reached
    assert not reading.done()
    gate.release()
    with pytest.raises((httpx.RemoteProtocolError, openai.APIConnectionError)):
        await asyncio.wait_for(reading, 5)
    assert [text for text in texts if text] == ["one "]


async def test_a_client_that_gives_up_on_a_hanging_model_is_noticed(script, model):
    script.then(Fault(hang=True))
    impatient = ChatOpenAI(base_url=model.base_url, api_key="any", model="x", timeout=0.2, max_retries=0)
    with pytest.raises(openai.APITimeoutError):
        await impatient.ainvoke("hello")
    assert await model.wait_for_aborted(1) == model.requests


async def test_the_server_stops_while_an_answer_is_held(script, http):
    gate = script.hold()
    script.then(say("one two"))
    async with asyncio.timeout(5), ModelServer(script) as model:
        waiting = asyncio.ensure_future(http.post(f"{model.base_url}/chat/completions", json=HELLO))
        await gate.reached
    with pytest.raises(aiohttp.ClientError):
        await waiting


async def test_the_endpoint_can_go_away_and_come_back(script, chat, model):
    script.when(lambda _: True, say("here"))
    await model.stop()
    with pytest.raises(openai.APIConnectionError):
        await chat.ainvoke("hello")
    await model.start()
    assert (await chat.ainvoke("hello")).text == "here"
    assert len(model.requests) == 1


async def test_waiting_for_requests(script, chat, model):
    script.then(say("hi"))
    waiting = asyncio.ensure_future(model.wait_for_requests(1))
    await chat.ainvoke("hello")
    assert await waiting == model.requests
    with pytest.raises(TimeoutError):
        await model.wait_for_requests(2, timeout=0.01)


async def test_the_stream_has_the_lines_of_openai(script, model, http):
    script.then(call("clock", _id="call_1", zone="UTC"))
    body = HELLO | {"stream": True, "stream_options": {"include_usage": True}}
    async with http.post(f"{model.base_url}/chat/completions", json=body) as response:
        assert response.content_type == "text/event-stream"
        lines = [line for line in (await response.text()).split("\n\n") if line]
    assert lines[-1] == "data: [DONE]"
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert len({chunk["id"] for chunk in chunks}) == 1
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    first = chunks[1]["choices"][0]["delta"]["tool_calls"][0]
    assert first == {
        "index": 0,
        "id": "call_1",
        "type": "function",
        "function": {"name": "clock", "arguments": ""},
    }
    fragments = [chunk["choices"][0]["delta"]["tool_calls"][0] for chunk in chunks[2:-2]]
    assert json.loads("".join(part["function"]["arguments"] for part in fragments)) == {"zone": "UTC"}
    assert all("id" not in part for part in fragments)
    assert chunks[-2]["choices"][0]["finish_reason"] == "tool_calls"
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["total_tokens"] > 0
    assert [chunk["usage"] for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)


async def test_without_include_usage_no_chunk_has_usage(script, model, http):
    script.then(say("hi"))
    async with http.post(f"{model.base_url}/chat/completions", json=HELLO | {"stream": True}) as response:
        assert '"usage"' not in await response.text()


async def test_paths_work_without_the_version(script, model, http):
    script.then(say("hi"))
    root = model.base_url.removesuffix("/v1")
    async with http.post(f"{root}/chat/completions", json=HELLO) as response:
        assert (await response.json())["choices"][0]["message"]["content"] == "hi"
    async with http.get(f"{root}/models") as response:
        assert (await response.json())["data"][0]["id"] == "scripted"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"messages": None}, "messages"),
        ({"messages": []}, "empty array"),
        ({"messages": ["hello"]}, "expected an object"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "robot"),
        ({"messages": [{"role": "user", "content": None}]}, "content"),
        ({"messages": [{"role": "user", "content": 5}]}, "content"),
        ({"messages": [{"role": "tool", "content": "x", "tool_call_id": "y"}]}, "preceding message"),
        ({"model": None}, "model parameter"),
        ({"tools": {}}, "tools"),
        ({"tools": [{}]}, "tools[0].function.name"),
        ({"tools": [{"function": {"name": "no spaces"}}]}, "does not match pattern"),
        ({"tools": [CLOCK, CLOCK]}, "duplicate"),
    ],
)
async def test_malformed_requests_are_refused_and_recorded(change, words, script, model, http):
    script.then(say("never"))
    async with http.post(f"{model.base_url}/chat/completions", json=HELLO | change) as response:
        error = (await response.json())["error"]
    assert response.status == 400
    assert words in error["message"]
    assert error["type"] == "invalid_request_error"
    assert len(model.requests) == script.remaining == 1


async def test_a_body_that_is_no_json_is_refused(model, http):
    async with http.post(f"{model.base_url}/chat/completions", data="{nonsense") as response:
        assert response.status == 400
    assert model.requests[0].body == {}


@pytest.mark.parametrize("answered", [[], ["a"], ["a", "b"]])
async def test_a_conversation_with_unanswered_calls_is_refused(answered, script, model, http):
    script.then(say("fine"))
    calls = [{"id": i, "type": "function", "function": {"name": "clock", "arguments": "{}"}} for i in "ab"]
    messages = [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": None, "tool_calls": calls},
        *({"role": "tool", "tool_call_id": i, "content": "12:00"} for i in answered),
    ]
    async with http.post(f"{model.base_url}/chat/completions", json=HELLO | {"messages": messages}) as response:
        assert response.status == (200 if len(answered) == 2 else 400)


async def test_the_key_is_recorded_and_checked_when_asked_for(script, chat, model):
    script.when(lambda _: True, say("hi"))
    await chat.ainvoke("hello")
    assert model.requests[0].headers["authorization"] == "Bearer any"
    async with ModelServer(script, api_key="right") as guarded:
        client = openai.AsyncOpenAI(base_url=guarded.base_url, api_key="wrong", max_retries=0)
        with pytest.raises(openai.AuthenticationError):
            await client.chat.completions.create(**HELLO)
        with pytest.raises(openai.AuthenticationError):
            await client.models.list()
        right = client.with_options(api_key="right")
        assert (await right.chat.completions.create(**HELLO)).choices[0].message.content == "hi"


async def test_an_unknown_model_is_not_found_when_models_are_named(script):
    script.then(say("hi"))
    async with ModelServer(script, models=("small", "large"), max_input_tokens=8000) as model:
        client = openai.AsyncOpenAI(base_url=model.base_url, api_key="any", max_retries=0)
        listed = await client.models.list()
        assert [(entry.id, entry.max_input_tokens) for entry in listed.data] == [
            ("small", 8000),
            ("large", 8000),
        ]
        with pytest.raises(openai.NotFoundError) as caught:
            await client.chat.completions.create(**HELLO)
        assert caught.value.code == "model_not_found"


def test_an_answer_of_mixed_parts_is_refused(script):
    with pytest.raises(TypeError, match="one reply"):
        script.then(say("a"), call("b"))


def test_pieces_of_an_empty_text_are_none():
    assert Reply().pieces() == []
