"""A model endpoint that does nothing but answer and note the times: it must not be what is measured."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from aiohttp import web

if TYPE_CHECKING:
    from types import TracebackType


@dataclass(slots=True)
class Exchange:
    """When a request came and its answer left, in seconds of the monotonic clock."""

    received: float
    first_token: float = 0.0
    last_token: float = 0.0


@dataclass(slots=True)
class Script:
    """How every request is answered.

    Attributes:
        tokens: How many there are.
        delay: Seconds between two of them; 0: all at once.
    """

    tokens: int = 40
    delay: float = 0.02

    @property
    def text(self) -> str:
        """What the answer says."""
        return "".join(self._pieces())

    def _pieces(self) -> list[str]:
        return [f"word{number:03d} " for number in range(self.tokens - 1)] + ["end."]

    def events(self) -> list[bytes]:
        """The stream's pieces, one a token."""
        return [_event({"content": piece}) for piece in self._pieces()]


@dataclass(slots=True)
class Endpoint:
    """Serves chat completions; `exchanges` holds each by the last words of its request."""

    script: Script = field(default_factory=Script)
    exchanges: dict[str, Exchange] = field(default_factory=dict[str, Exchange])
    url: str = ""
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._complete)
        app.router.add_get("/v1/models", self._models)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _models(self, _request: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": "bench", "object": "model"}]})

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        received = time.monotonic()
        body = await request.json()
        said = body["messages"][-1]["content"]
        exchange = self.exchanges[said.split()[-1]] = Exchange(received)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        await response.write(_event({"role": "assistant", "content": ""}))
        exchange.first_token = time.monotonic()
        for number, event in enumerate(self.script.events()):
            if number and self.script.delay:
                await asyncio.sleep(self.script.delay)
            exchange.last_token = time.monotonic()
            await response.write(event)
        await response.write(_event({}, "stop") + b"data: [DONE]\n\n")
        await response.write_eof()
        return response


def _event(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "bench", "choices": [choice]}
    return f"data: {json.dumps(chunk)}\n\n".encode()
