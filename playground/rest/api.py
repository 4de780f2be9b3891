"""Takes each REST request through its steps: token, limits, body, route, record and the check of its shape."""

from __future__ import annotations

import asyncio
import json
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from playground.errors import DiscordError, message_of, not_found, unauthorized
from playground.intents import redact_messages
from playground.limits import EDIT_ROUTE, OLD_SECONDS, InvalidRequests, Limiter
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
_TOP_LEVEL = ("channel_id", "guild_id", "interaction_token", "webhook_id")
# What the network in front of Discord answers to an address that it locks out (seen; discord.py tells it by the missing
# Via header and the body that is no JSON, discord/http.py).
_BANNED = "error code: 1015"


class Api:
    """The REST side of the local Discord.

    Args:
        world: What happens here.
        check: Compares what goes in and out with Discord's OpenAPI document; None to leave that out.
    """

    def __init__(self, world: World, check: OpenApiCheck | None) -> None:
        self.world = world
        self.check = check
        self.limiter = Limiter(world.clock)
        self.invalid = InvalidRequests(world.clock)

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
        done = await self._exchange(request, route, handler)
        path, answer = request.path.removeprefix(PREFIX), done.answer
        self.world.requests.append(Request(request.method, path, route, done.body, answer.status, answer.body, at))
        if self.check is not None and done.genuine:
            self.check.exchange(request.method, path, done.body, answer.status, answer.body)
        self.world.touch()
        if answer.status == 0 and request.transport is not None:
            request.transport.abort()
            return web.Response()
        return _response(answer, done.headers)

    async def _exchange(self, request: web.Request, route: str, handler: Handler) -> _Exchange:
        """Answer a request, or let it run into the trouble that waits for it."""
        banned_for = self.invalid.banned_for
        if banned_for:
            headers = {"Retry-After": str(math.ceil(banned_for))}
            return _Exchange(None, Answer(_BANNED, 429), headers, genuine=False)
        fault = self.world.faults.take(request.method, route)
        if fault is None or fault.done:
            done = await self._answer(request, route, handler)
        else:
            done = _Exchange(None, Answer(status=fault.status or 0), {}, genuine=False)
        if fault is not None:
            await self.world.clock.sleep(fault.delay)
            if fault.status is not None:
                done = _Exchange(done.body, Answer(status=fault.status), {}, genuine=False)
        self.invalid.count(done.answer.status, done.headers)
        return done

    async def _answer(self, request: web.Request, route: str, handler: Handler) -> _Exchange:
        """Do what is asked, within the limits."""
        body: JsonValue = None
        headers: dict[str, str] = {}
        try:
            self._authorize(request, route)
            headers = self._limit(request, route)
            body, uploads = await read_body(request)
            answer = self._readable(await handler(Call(self.world, request.match_info, request.query, body, uploads)))
        except _TooManyError as refusal:
            answer, headers = refusal.answer, refusal.headers
        except DiscordError as refusal:
            answer = Answer(refusal.body(), refusal.status)
        return _Exchange(body, answer, headers)

    def _readable(self, answer: Answer) -> Answer:
        """Take out what the bot may not read, where the message content intent is not switched on for it.

        What it identified with makes no difference here (docs events/gateway#http-restrictions).
        """
        if self.world.privileged_intents:
            return answer

        def in_guild(message: Json) -> bool:
            channel = self.world.channels.get(int(message["channel_id"]))
            return channel is None or not channel.is_dm

        return Answer(redact_messages(answer.body, self.world.bot.id, in_guild), answer.status)

    def _limit(self, request: web.Request, route: str) -> dict[str, str]:
        """Count a request; give the headers that tell how many more may follow."""
        resource = next((request.match_info[name] for name in _TOP_LEVEL if name in request.match_info), "")
        old = (request.method, route) == ("PATCH", EDIT_ROUTE) and self._is_old(request.match_info["message_id"])
        verdict = self.limiter.take(request.method, route, resource, old=old)
        if verdict.retry_after is not None:
            raise _TooManyError(_too_many(verdict), verdict.headers)
        return verdict.headers

    def _is_old(self, message_id: str) -> bool:
        message = self.world.find_message(int(message_id)) if message_id.isdecimal() else None
        return message is not None and self.world.clock() - message.at.timestamp() > OLD_SECONDS

    def _authorize(self, request: web.Request, route: str) -> None:
        """Ask for the bot's token, except where a token is part of the path (docs reference#authentication)."""
        if route == "/gateway" or route.startswith(FREE_OF_TOKEN):
            return
        if request.headers.get("Authorization") != f"Bot {self.world.token}":
            raise unauthorized()


@dataclass(frozen=True, slots=True)
class _Exchange:
    """What came and went.

    Attributes:
        body: The JSON that came.
        answer: What it is answered with.
        headers: Those of the limits.
        genuine: Whether the answer is Discord's own, rather than trouble on the way.
    """

    body: JsonValue
    answer: Answer
    headers: dict[str, str]
    genuine: bool = True


class _TooManyError(Exception):
    """A limit refused the request."""

    def __init__(self, answer: Answer, headers: dict[str, str]) -> None:
        super().__init__("You are being rate limited.")
        self.answer, self.headers = answer, headers


async def _unknown(_call: Call) -> Answer:
    raise not_found()


def _too_many(verdict: Verdict) -> Answer:
    """Shape a 429 (docs topics/rate-limits#exceeding-a-rate-limit; the OpenAPI document wants a code too)."""
    message = message_of(verdict.code) if verdict.code else "You are being rate limited."
    body = {"message": message, "retry_after": verdict.retry_after, "global": verdict.is_global, "code": verdict.code}
    return Answer(body, 429)


def _response(answer: Answer, headers: dict[str, str]) -> web.Response:
    if answer.body is None:
        return web.Response(status=answer.status, headers=headers)
    if isinstance(answer.body, str):
        return web.Response(status=answer.status, headers=headers, text=answer.body)
    # discord.py compares the content type with "application/json" exactly, so it must not name a charset
    # (discord/http.py, json_or_text).
    typed = headers | {"Content-Type": "application/json"}
    return web.Response(status=answer.status, body=json.dumps(answer.body).encode(), headers=typed)
