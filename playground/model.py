"""An OpenAI-compatible chat endpoint on this machine, without key or network."""

import asyncio
import json
import time
from collections.abc import Callable, Collection
from types import TracebackType
from typing import Any, Self, cast

from aiohttp import web

from playground.answers import Answer, Answers, Fault, Gate, Reply, Request, ToolCall, call, say
from playground.model_checks import fault_of
from playground.model_wire import Completion, error_body
from playground.offline import Offline
from playground.scripted import Scripted

__all__ = [
    "Answer",
    "Answers",
    "Fault",
    "Gate",
    "ModelServer",
    "Offline",
    "Reply",
    "Request",
    "Scripted",
    "ToolCall",
    "call",
    "say",
]

LONGEST_BODY = 64 * 1024 * 1024
"""Bytes of a request; pictures travel in it as base64."""

HTML_PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


class ModelServer:
    """Serves `/v1/chat/completions` and `/v1/models` with the answers of a pretended model.

    Use it as an async context manager; it listens inside and is gone afterwards.

    Attributes:
        requests: Every request to the chat endpoint in its order, also those that were refused.
        aborted: The requests whose client left before the answer's end.
    """

    def __init__(
        self,
        answers: Answers,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        api_key: str | None = None,
        models: Collection[str] | None = None,
        max_input_tokens: int | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Set up an endpoint that does not listen yet.

        Args:
            answers: Who decides what is answered.
            host: The address to listen on.
            port: The port, 0 for a free one.
            api_key: The only key that is accepted, None for any.
            models: The models that exist, None for any.
            max_input_tokens: The context length that `/v1/models` tells, as LiteLLM does; None to tell none.
            clock: Gives the Unix time that answers carry.
        """
        self.requests: list[Request] = []
        self.aborted: list[Request] = []
        self._answers = answers
        self._host, self._port = host, port
        self._key = api_key
        self._models = models
        self._max_input_tokens = max_input_tokens
        self._clock = clock
        self._changed = asyncio.Event()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen; after a `stop` on the same port as before."""
        # A client that leaves ends its handler, so that `hang` and slow streams do not outlive it.
        runner = web.AppRunner(self._application(), handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, self._host, self._port).start()
        self._port = int(runner.addresses[0][1])
        self._runner = runner

    async def stop(self) -> None:
        """Drop open answers and stop listening; what was recorded stays."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def base_url(self) -> str:
        """What an OpenAI client takes as its base URL."""
        return f"http://{self._host}:{self._port}/v1"

    async def wait_for_requests(self, count: int, timeout: float = 10) -> list[Request]:  # noqa: ASYNC109 - one line in a test
        """Wait until so many requests have come in since the start.

        Args:
            count: How many requests.
            timeout: Seconds after which TimeoutError is raised.

        Returns:
            All requests so far.
        """
        return await self._wait_for(self.requests, count, timeout)

    async def wait_for_aborted(self, count: int, timeout: float = 10) -> list[Request]:  # noqa: ASYNC109 - one line in a test
        """Wait until so many clients have left before the end of their answer; as `wait_for_requests`."""
        return await self._wait_for(self.aborted, count, timeout)

    async def _wait_for(self, requests: list[Request], count: int, seconds: float) -> list[Request]:
        async with asyncio.timeout(seconds):
            while len(requests) < count:
                await self._changed.wait()
        return requests

    def _note(self, requests: list[Request], request: Request) -> None:
        requests.append(request)
        self._changed.set()
        self._changed = asyncio.Event()

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=LONGEST_BODY)
        for prefix in ("/v1", ""):
            application.router.add_post(f"{prefix}/chat/completions", self._complete)
            application.router.add_get(f"{prefix}/models", self._list_models)
        return application

    async def _list_models(self, http: web.Request) -> web.StreamResponse:
        if refused := self._refuse_key(http):
            return refused
        limits = {} if self._max_input_tokens is None else {"max_input_tokens": self._max_input_tokens}
        names = self._models if self._models is not None else ("scripted",)
        entries = [{"id": n, "object": "model", "created": 0, "owned_by": "playground"} | limits for n in names]
        return web.json_response({"object": "list", "data": entries})

    async def _complete(self, http: web.Request) -> web.StreamResponse:
        body = await _json_of(http)
        request = _request_of(http, body)
        self._note(self.requests, request)
        if refused := self._refuse_key(http) or self._refuse_body(request, body):
            return refused
        answer = self._answers.answer(request)
        try:
            return await self._send(http, request, answer)
        except (asyncio.CancelledError, ConnectionError):
            self._note(self.aborted, request)
            raise

    def _refuse_key(self, http: web.Request) -> web.Response | None:
        if self._key is None or http.headers.get("Authorization") == f"Bearer {self._key}":
            return None
        body = error_body("Incorrect API key provided.", kind="invalid_request_error", code="invalid_api_key")
        return web.json_response(body, status=401)

    def _refuse_body(self, request: Request, body: object) -> web.Response | None:
        if fault := fault_of(body):
            message, param = fault
            return web.json_response(error_body(message, kind="invalid_request_error", param=param), status=400)
        if self._models is None or request.model in self._models:
            return None
        message = f"The model `{request.model}` does not exist or you do not have access to it."
        missing = error_body(message, kind="invalid_request_error", code="model_not_found")
        return web.json_response(missing, status=404)

    async def _send(self, http: web.Request, request: Request, answer: Answer) -> web.StreamResponse:
        if isinstance(answer, Fault):
            return await self._fail(http, request, answer)
        completion = Completion.of(request, answer, now=self._clock())
        if request.stream:
            return await _stream(http, completion)
        if answer.gate:
            await answer.gate.passed()
        return web.json_response(completion.whole())

    async def _fail(self, http: web.Request, request: Request, fault: Fault) -> web.StreamResponse:
        if fault.cut_after is not None and request.stream:
            completion = Completion.of(request, Reply(text=fault.text, calls=fault.calls), now=self._clock())
            return await _stream_and_cut(http, completion, fault)
        if fault.hang:
            await asyncio.Event().wait()
        if fault.html:
            return web.Response(text=HTML_PAGE, content_type="text/html", status=fault.status, headers=fault.headers)
        if fault.cut_after is not None:
            return _cut(http, web.Response())
        body = fault.body or error_body("The server had an error while processing your request.", kind="server_error")
        return web.json_response(body, status=fault.status, headers=fault.headers)


async def _json_of(http: web.Request) -> object:
    try:
        return await http.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        return None


def _request_of(http: web.Request, body: object) -> Request:
    fields = cast("dict[str, Any]", body) if isinstance(body, dict) else {}
    return Request(
        messages=_list_in(fields, "messages"),
        tools=_list_in(fields, "tools"),
        model=str(fields.get("model") or ""),
        stream=fields.get("stream") is True,
        headers={name.lower(): value for name, value in http.headers.items()},
        body=fields,
    )


def _list_in(fields: dict[str, Any], name: str) -> list[dict[str, Any]]:
    value = fields.get(name)
    return cast("list[dict[str, Any]]", value) if isinstance(value, list) else []


async def _open_stream(http: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}
    )
    await response.prepare(http)
    return response


async def _write(response: web.StreamResponse, event: dict[str, Any]) -> None:
    await response.write(f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode())


async def _stream(http: web.Request, completion: Completion) -> web.StreamResponse:
    response = await _open_stream(http)
    await _write(response, completion.opening())
    chunks = completion.middle()
    for index, chunk in enumerate(chunks):
        if completion.reply.gate and index == len(chunks) // 2:
            await completion.reply.gate.passed()
        await _write(response, chunk)
        if completion.reply.delay:
            await asyncio.sleep(completion.reply.delay)
    for chunk in completion.ending():
        await _write(response, chunk)
    return await _end(response)


async def _end(response: web.StreamResponse) -> web.StreamResponse:
    await response.write(b"data: [DONE]\n\n")
    await response.write_eof()
    return response


async def _stream_and_cut(http: web.Request, completion: Completion, fault: Fault) -> web.StreamResponse:
    response = await _open_stream(http)
    await _write(response, completion.opening())
    for chunk in completion.middle()[: fault.cut_after]:
        await _write(response, chunk)
    if fault.gate:
        await fault.gate.passed()
    if fault.body is not None:
        await _write(response, dict(fault.body))
    if fault.hang:
        await asyncio.Event().wait()
    return await _end(response) if fault.unnamed else _cut(http, response)


def _cut(http: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """Close the socket so that the answer has no proper end."""
    if http.transport is not None:
        http.transport.close()
    return response
