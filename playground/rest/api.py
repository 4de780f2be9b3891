"""Takes each REST request through its steps: token, limits, body, route, record and the check of its shape."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING

from aiohttp import web

from playground.errors import DiscordError, not_found, unauthorized
from playground.limits import Limiter
from playground.rest.call import Answer, Call, Handler, read_body
from playground.rest.routes import FREE_OF_TOKEN, ROUTES
from playground.values import Request

if TYPE_CHECKING:
    from playground.limits import Verdict
    from playground.openapi import OpenApiCheck
    from playground.values import Json, JsonValue
    from playground.world import World

PREFIX = "/api/v10"
# The resources that have limits of their own (docs topics/rate-limits); the token stands for its webhook.
_TOP_LEVEL = ("channel_id", "guild_id", "interaction_token")


class Api:
    """The REST side of the local Discord.

    Args:
        world: What happens here.
        check: Compares what goes in and out with Discord's OpenAPI document; None to leave that out.
    """

    def __init__(self, world: World, check: OpenApiCheck | None) -> None:
        self.world = world
        self.check = check
        self.limiter = Limiter(time.time)

    def mount(self, app: web.Application) -> None:
        """Add every route to an application, and one that catches what is not a route."""
        for method, route, handler in ROUTES:
            app.router.add_route(method, PREFIX + route, self._endpoint(route, handler))
        app.router.add_route("*", PREFIX + "/{tail:.*}", self._endpoint("{unknown}", _unknown))

    def _endpoint(self, route: str, handler: Handler):  # noqa: ANN202  # aiohttp names no public type for it
        async def endpoint(request: web.Request) -> web.StreamResponse:
            return await self._serve(request, route, handler)

        return endpoint

    async def _serve(self, request: web.Request, route: str, handler: Handler) -> web.StreamResponse:
        at = time.monotonic()
        await asyncio.sleep(self.world.latency)
        fault = self.world.faults.take(request.method, route)
        body: JsonValue = None
        headers: dict[str, str] = {}
        if fault is not None and not fault.done:
            answer = Answer(status=fault.status)
        else:
            body, answer, headers = await self._answer(request, route, handler)
        if fault is not None:
            answer = Answer(status=fault.status)
        path = request.path.removeprefix(PREFIX)
        self.world.requests.append(Request(request.method, path, route, body, answer.status, answer.body, at))
        if self.check is not None and fault is None:
            self.check.exchange(request.method, path, body, answer.status, answer.body)
        self.world.touch()
        if answer.status == 0 and request.transport is not None:
            request.transport.abort()
            return web.Response()
        return _response(answer, headers)

    async def _answer(
        self, request: web.Request, route: str, handler: Handler
    ) -> tuple[JsonValue, Answer, dict[str, str]]:
        """Do what is asked; give the body that came, the answer and the headers of its limit."""
        body: JsonValue = None
        headers: dict[str, str] = {}
        try:
            self._authorize(request, route)
            headers = self._limit(request, route)
            body, uploads = await read_body(request)
            answer = await handler(Call(self.world, request.match_info, request.query, body, uploads))
        except _TooManyError as refusal:
            answer, headers = refusal.answer, refusal.headers
        except DiscordError as refusal:
            answer = Answer(refusal.body(), refusal.status)
        return body, answer, headers

    def _limit(self, request: web.Request, route: str) -> dict[str, str]:
        """Count a request; give the headers that tell how many more may follow."""
        resource = next((request.match_info[name] for name in _TOP_LEVEL if name in request.match_info), "")
        verdict = self.limiter.take(request.method, route, resource)
        if verdict.retry_after is not None:
            raise _TooManyError(_too_many(verdict), verdict.headers)
        return verdict.headers

    def _authorize(self, request: web.Request, route: str) -> None:
        """Ask for the bot's token, except where a token is part of the path (docs reference#authentication)."""
        if route == "/gateway" or route.startswith(FREE_OF_TOKEN):
            return
        if request.headers.get("Authorization") != f"Bot {self.world.token}":
            raise unauthorized()


class _TooManyError(Exception):
    """A limit refused the request."""

    def __init__(self, answer: Answer, headers: dict[str, str]) -> None:
        super().__init__("You are being rate limited.")
        self.answer, self.headers = answer, headers


async def _unknown(_call: Call) -> Answer:
    raise not_found()


def _too_many(verdict: Verdict) -> Answer:
    """Shape a 429 (docs topics/rate-limits#exceeding-a-rate-limit; the OpenAPI document wants a code too)."""
    body: Json = {
        "message": "You are being rate limited.",
        "retry_after": verdict.retry_after,
        "global": verdict.is_global,
        "code": 0,
    }
    return Answer(body, 429)


def _response(answer: Answer, headers: dict[str, str]) -> web.Response:
    if answer.body is None:
        return web.Response(status=answer.status, headers=headers)
    # discord.py compares the content type with "application/json" exactly, so it must not name a charset
    # (discord/http.py, json_or_text).
    typed = headers | {"Content-Type": "application/json"}
    return web.Response(status=answer.status, body=json.dumps(answer.body).encode(), headers=typed)
