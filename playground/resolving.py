"""Finds the users, channels, roles and files that somebody names, and shapes them for an interaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from playground import message_payloads, payloads
from playground.permissions import channel_permissions
from playground.values import Attachment, Channel, Role, User

if TYPE_CHECKING:
    from collections.abc import Iterable

    from playground.values import Json, JsonValue
    from playground.world import World

# docs interactions/receiving-and-responding#interaction-object-resolved-data-structure: these stay away.
_NOT_IN_PARTIAL_MEMBER = ("user", "deaf", "mute")


class Resolved:
    """What an interaction names, with the data of each thing that was named (docs: resolved data structure).

    Args:
        world: Where it is looked up.
        channel: Where somebody names it.
    """

    def __init__(self, world: World, channel: Channel) -> None:
        self._world = world
        self._channel = channel
        self._guild = world.guild_of(channel)
        self.data: Json = {}

    def user(self, value: object) -> str | None:
        """Name a user by the user, an id or a name; give the id, or None for somebody who is not here."""
        user = _pick(self._world.people_in(self._channel).values(), value)
        if user is None:
            return None
        self._keep("users", user.id, payloads.user(user))
        if self._guild is not None:
            member = payloads.member(self._guild.members[user.id], with_user=False)
            partial = {key: kept for key, kept in member.items() if key not in _NOT_IN_PARTIAL_MEMBER}
            bits = str(channel_permissions(self._guild, self._channel, user.id))
            self._keep("members", user.id, partial | {"permissions": bits})
        return str(user.id)

    def role(self, value: object) -> str | None:
        """Name a role of the guild."""
        role = None if self._guild is None else _pick(self._guild.roles.values(), value)
        if role is not None:
            self._keep("roles", role.id, payloads.role(role))
        return None if role is None else str(role.id)

    def channel(self, user: User, value: object, types: list[int] | None = None) -> str | None:
        """Name a channel of the guild.

        Args:
            user: Who names it; `permissions` are theirs (docs change-log, 2026-07-16: the app's stand beside).
            value: The channel, its id or its name.
            types: The types it may have; None for any.
        """
        named = None if self._guild is None else _pick(self._guild.channels.values(), value)
        if named is None or (types and named.type not in types):
            return None
        shape = payloads.channel(self._world, named) | {
            "permissions": str(self._world.permissions(named, user)),
            "app_permissions": str(self._world.permissions(named, self._world.bot)),
        }
        self._keep("channels", named.id, shape)
        return str(named.id)

    def file(self, name: str, content: bytes, content_type: str | None) -> str:
        """Take a file that a person hands over; it is ephemeral (docs resources/message#attachment-object)."""
        file_id = self._world.snowflakes.next()
        url = f"{self._world.cdn_base}/ephemeral-attachments/{self._channel.id}/{file_id}/{quote(name)}"
        attachment = Attachment(file_id, name, content, content_type, url)
        self._world.handed_over[file_id] = attachment
        self._keep("attachments", file_id, message_payloads.attachment(attachment) | {"ephemeral": True})
        return str(file_id)

    def _keep(self, kind: str, thing_id: int, shape: Json) -> None:
        self.data.setdefault(kind, {})[str(thing_id)] = shape


def _pick(things: Iterable[Any], value: object) -> JsonValue:
    """Find a thing by itself, its id or its name."""
    if isinstance(value, User | Channel | Role):
        value = value.id
    wanted = str(value).removeprefix("#").removeprefix("@")
    return next((one for one in things if wanted in (str(one.id), one.name)), None)
