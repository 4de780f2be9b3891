"""The control interface: another process acts as a user and reads what stands, in JSON over HTTP.

| request | body or query | answer |
| --- | --- | --- |
| GET /control/state | | bot, users, guilds with channels and members, counters |
| GET /control/messages | channel, seen_by? | the channel's messages, oldest first |
| GET /control/requests | since? | the bot's REST calls from that number on |
| GET /control/commands | | the registered application commands |
| POST /control/send | user, channel, text?, reply_to?, attachments? | the message |
| POST /control/edit | user, message, text | the message |
| POST /control/delete | user, message | {} |
| POST /control/react, /control/unreact | user, message, emoji | the message |
| POST /control/type | user, channel | {} |
| POST /control/slash | user, channel, command, options?, timeout? | the interaction |
| POST /control/drop_gateway | resumable? | {} |
| POST /control/fail and other trouble | see playground/control_outages.py | {} |

Users and channels are given by name or id, the direct messages of a user as `@name`, messages by id. An
attachment is `{"name", "base64", "type"}`. What cannot be done gets 400 and `{"error": "one sentence"}`.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, cast

from aiohttp import web

from playground import control_outages
from playground import control_shapes as shapes
from playground.errors import DiscordError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from playground.server import LocalDiscord
    from playground.values import Channel, Json, JsonValue, Message, User


class BadRequestError(ValueError):
    """The request does not say what is needed, in one sentence."""


class Control:
    """The routes below `/control`.

    Args:
        discord: The world that is acted upon.
    """

    def __init__(self, discord: LocalDiscord) -> None:
        self._discord = discord

    def mount(self, app: web.Application) -> None:
        """Add the routes to an application."""
        reads: dict[str, Callable[[Json], JsonValue]] = {
            "state": self._state,
            "messages": self._messages,
            "requests": self._requests,
            "commands": self._commands,
        }
        acts: dict[str, Callable[[Json], Awaitable[Json]]] = {
            "send": self._send,
            "edit": self._edit,
            "delete": self._delete,
            "react": self._react,
            "unreact": self._unreact,
            "type": self._type,
            "slash": self._slash,
            "drop_gateway": self._drop_gateway,
        } | control_outages.acts(self._discord)
        for name, read in reads.items():
            app.router.add_get(f"/control/{name}", _reading(read))
        for name, act in acts.items():
            app.router.add_post(f"/control/{name}", _acting(act))

    def _state(self, _query: Json) -> Json:
        return shapes.state(self._discord)

    def _messages(self, query: Json) -> list[Json]:
        seen_by = self._user(query, "seen_by") if "seen_by" in query else None
        messages = self._discord.messages(self._channel(query), seen_by=seen_by)
        return [shapes.message(self._discord, one) for one in messages]

    def _requests(self, query: Json) -> list[Json]:
        since = str(query.get("since", "0"))
        if not since.isdecimal():
            raise BadRequestError("'since' is a number of requests.")
        return [shapes.request(one) for one in self._discord.requests[int(since) :]]

    def _commands(self, _query: Json) -> list[Json]:
        book = self._discord.command_book
        return [book.shape(one) for one in book.all()]

    async def _send(self, body: Json) -> Json:
        reply_to = self._message(body, "reply_to") if body.get("reply_to") is not None else None
        listed: list[JsonValue] = body.get("attachments") or []
        files = [_file(one) for one in listed]
        user, channel, text = self._user(body), self._channel(body), _text(body, "text", default="")
        sent = await self._discord.send(user, channel, text, reply_to=reply_to, attachments=files)
        return shapes.message(self._discord, sent)

    async def _edit(self, body: Json) -> Json:
        message = self._message(body)
        await self._discord.edit(self._user(body), message, _text(body, "text"))
        return shapes.message(self._discord, message)

    async def _delete(self, body: Json) -> Json:
        await self._discord.delete(self._user(body), self._message(body))
        return {}

    async def _react(self, body: Json) -> Json:
        message = self._message(body)
        await self._discord.react(self._user(body), message, _text(body, "emoji"))
        return shapes.message(self._discord, message)

    async def _unreact(self, body: Json) -> Json:
        message = self._message(body)
        await self._discord.unreact(self._user(body), message, _text(body, "emoji"))
        return shapes.message(self._discord, message)

    async def _type(self, body: Json) -> Json:
        await self._discord.type(self._user(body), self._channel(body))
        return {}

    async def _slash(self, body: Json) -> Json:
        options: JsonValue = body.get("options") or {}
        timeout = body.get("timeout", 5.0)
        if not isinstance(options, dict) or not isinstance(timeout, int | float):
            raise BadRequestError("'options' is an object and 'timeout' a number of seconds.")
        named = cast("Json", options)
        user, channel, command = self._user(body), self._channel(body), _text(body, "command")
        interaction = await self._discord.slash_with(user, channel, command, named, timeout=timeout)
        return shapes.interaction(self._discord, interaction)

    async def _drop_gateway(self, body: Json) -> Json:
        await self._discord.drop_gateway(resumable=bool(body.get("resumable", True)))
        return {}

    def _user(self, body: Json, field: str = "user") -> User:
        wanted = _text(body, field)
        users = self._discord.users.values()
        found = next((one for one in users if wanted in (one.name, str(one.id))), None)
        if found is None:
            raise BadRequestError(f"There is no user {wanted!r}.")
        return found

    def _channel(self, body: Json) -> Channel:
        wanted = _text(body, "channel")
        if wanted.startswith("@"):
            return self._discord.dm(self._user({"user": wanted[1:]}))
        channels = self._discord.channels.values()
        found = next((one for one in channels if wanted.removeprefix("#") in (one.name, str(one.id))), None)
        if found is None:
            raise BadRequestError(f"There is no channel {wanted!r}.")
        return found

    def _message(self, body: Json, field: str = "message") -> Message:
        wanted = _text(body, field)
        found = self._discord.find_message(int(wanted)) if wanted.isdecimal() else None
        if found is None:
            raise BadRequestError(f"There is no message {wanted!r}.")
        return found


def _text(body: Json, field: str, *, default: str | None = None) -> str:
    value = body.get(field, default)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise BadRequestError(f"The request needs {field!r}, a text.")
    return str(value)


def _file(attachment: JsonValue) -> tuple[str, bytes, str]:
    try:
        content = base64.b64decode(attachment["base64"], validate=True)
        return str(attachment["name"]), content, str(attachment.get("type", "application/octet-stream"))
    except (KeyError, TypeError, binascii.Error):
        raise BadRequestError("An attachment needs 'name' and 'base64'.") from None


def _reading(read: Callable[[Json], JsonValue]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def endpoint(request: web.Request) -> web.Response:
        try:
            return web.json_response(read(dict(request.query)))
        except BadRequestError as error:
            return web.json_response({"error": str(error)}, status=400)

    return endpoint


def _acting(act: Callable[[Json], Awaitable[Json]]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def endpoint(request: web.Request) -> web.Response:
        try:
            body: JsonValue = json.loads(await request.text() or "{}")
        except ValueError:
            return web.json_response({"error": "The body is not JSON."}, status=400)
        if not isinstance(body, dict):
            return web.json_response({"error": "The body is not an object."}, status=400)
        named = cast("Json", body)
        try:
            return web.json_response(await act(named))
        except (BadRequestError, DiscordError, LookupError, PermissionError, ValueError, TimeoutError) as error:
            return web.json_response({"error": str(error)}, status=400)

    return endpoint
