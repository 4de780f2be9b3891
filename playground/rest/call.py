"""One request of the bot, taken apart: ids from the path, query, JSON body and files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, cast

from aiohttp import web

from playground.access import require
from playground.errors import DiscordError, invalid_form
from playground.uploads import Upload

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from playground.permissions import Permission
    from playground.values import Channel, Guild, Json, JsonValue, Message
    from playground.world import World


@dataclass(frozen=True, slots=True)
class Answer:
    """What a route answers: a status and a JSON body; None is an empty one."""

    body: JsonValue = None
    status: int = 200


NO_CONTENT = Answer(status=204)


@dataclass(frozen=True, slots=True)
class Call:
    """A request, with the lookups that every route needs and the refusals that come with them."""

    world: World
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: JsonValue
    uploads: tuple[Upload, ...]

    def id(self, name: str) -> int:
        """Give an id of the path; one that is no number is a bad form (docs reference#snowflakes)."""
        return snowflake(self.params[name], name)

    def json(self) -> Json:
        """Give the body as an object; no body is an empty one."""
        if self.body is None:
            return {}
        if not isinstance(self.body, dict):
            raise DiscordError(50109)
        return cast("Json", self.body)

    def channel(self) -> Channel:
        """Give the channel of the path, if the bot can see it."""
        channel = self.world.channels.get(self.id("channel_id"))
        if channel is None:
            raise DiscordError(10003)
        require(self.world, channel, self.world.bot)
        return channel

    def message(self) -> Message:
        """Give the message of the path; ephemeral ones are not found here."""
        message = self.world.find_message(self.id("message_id"), self.channel())
        if message is None or message.ephemeral:
            raise DiscordError(10008)
        return message

    def guild(self) -> Guild:
        """Give the guild of the path; one the bot is not in is unknown to it."""
        guild = self.world.guilds.get(self.id("guild_id"))
        if guild is None or self.world.bot.id not in guild.members:
            raise DiscordError(10004)
        return guild

    def guild_of(self, channel: Channel) -> Guild:
        """Give the guild of a channel; direct messages have none."""
        guild = self.world.guild_of(channel)
        if guild is None:
            raise DiscordError(50003)
        return guild

    def need(self, channel: Channel, *permissions: Permission) -> None:
        """Refuse the bot what it may not do in a channel."""
        require(self.world, channel, self.world.bot, *permissions)


Handler: TypeAlias = "Callable[[Call], Awaitable[Answer]]"


def snowflake(text: JsonValue, field: str) -> int:
    """Read an id, which may come as a string or a number."""
    try:
        return int(text)
    except (TypeError, ValueError):
        message = f'Value "{text}" is not snowflake.'
        raise invalid_form(field, "NUMBER_TYPE_COERCE", message) from None


def snowflakes(body: Json, field: str) -> tuple[int, ...]:
    """Read a list of ids; none is an empty one."""
    listed: list[JsonValue] = body.get(field) or []
    return tuple(snowflake(one, field) for one in listed)


async def read_body(request: web.Request) -> tuple[JsonValue, tuple[Upload, ...]]:
    """Read a JSON body, or a form with files beside it (docs reference#uploading-files).

    A form may say in `payload_json` what else is sent, or in fields of its own.
    """
    if not request.can_read_body:
        return None, ()
    if request.content_type != "multipart/form-data":
        return _decoded(await request.read()), ()
    form = await request.post()
    payload = form.get("payload_json")
    plain = {name: part for name, part in form.items() if isinstance(part, str)}
    body: JsonValue = _decoded(payload) if isinstance(payload, str) else plain or None
    described = _described(body)
    uploads: list[Upload] = []
    for name, part in form.items():
        if isinstance(part, web.FileField):
            index = name.removeprefix("files[").removesuffix("]")
            said = described.get(index, {})
            filename = said.get("filename") or part.filename
            spoiler = bool(said.get("is_spoiler"))
            content = part.file.read()
            uploads.append(Upload(filename, content, part.content_type, said.get("description"), spoiler, index))
    return body, tuple(uploads)


def _decoded(text: str | bytes) -> JsonValue:
    try:
        return json.loads(text) if text else None
    except ValueError:
        raise DiscordError(50109) from None


def _described(body: JsonValue) -> dict[str, Json]:
    """Read what a request says of its files, by the number of their part.

    The list stands in the body, in the answer to an interaction below `data`, in that of a post below `message`.
    """
    if not isinstance(body, dict):
        return {}
    outer = cast("Json", body)
    listed: list[Json] = []
    for place in (outer, outer.get("data"), outer.get("message")):
        if isinstance(place, dict):
            listed += cast("Json", place).get("attachments") or []
    return {str(one.get("id")): one for one in listed}
