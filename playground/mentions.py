"""Finds whom a message mentions and whom it notifies, which allowed_mentions may narrow."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from playground.permissions import Permission

if TYPE_CHECKING:
    from playground.values import Guild, Json, User

# docs reference#message-formatting-formats; `<@!id>` is the older form of a user mention that still works.
_USER = re.compile(r"<@!?(\d{15,20})>")
_ROLE = re.compile(r"<@&(\d{15,20})>")
_EVERYONE = re.compile(r"@(?:everyone|here)\b")
# Mentions in code are text (assumed: the client shows them so and nobody is notified).
_CODE = re.compile(r"```.*?```|``.*?``|`[^`\n]+`", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Mentions:
    """What a content mentions and whom that notifies."""

    users: list[User]
    role_ids: list[int]
    pinged: set[int]
    everyone: bool


@dataclass(frozen=True, slots=True)
class Audience:
    """Who can be mentioned in a place: its guild if it has one, everybody who is there, and the author's rights."""

    guild: Guild | None
    people: dict[int, User]
    author_permissions: int


def find_mentions(content: str, audience: Audience, allowed: Json | None, replied_to: User | None) -> Mentions:
    """Work out the mentions of a content.

    The `mentions` list names every known user in the content, whether or not the mention was allowed to
    notify (assumed: the client needs it to show the name), and the author replied to only when the reply
    notifies (docs resources/message#allowed-mentions-object).

    Args:
        content: The message's text.
        audience: Who is there and what the author may do.
        allowed: The `allowed_mentions` object of the request; None when it was not given.
        replied_to: The author of the message replied to.

    Returns:
        The lists for the message and the ids of those who are notified.
    """
    text = _CODE.sub("", content)
    user_ids = [int(match) for match in _USER.findall(text)]
    users = [audience.people[user_id] for user_id in dict.fromkeys(user_ids) if user_id in audience.people]
    role_ids = _roles(text, audience)
    pinged = {user.id for user in users if _allows(allowed, "users", user.id)}
    for role_id in role_ids:
        if _allows(allowed, "roles", role_id):
            pinged |= _holders(audience.guild, role_id)
    everyone = (
        _EVERYONE.search(text) is not None
        and bool(audience.author_permissions & Permission.MENTION_EVERYONE)
        and (allowed is None or "everyone" in (allowed.get("parse") or []))
    )
    if replied_to is not None and (allowed is None or allowed.get("replied_user")):
        pinged.add(replied_to.id)
        if replied_to not in users:
            users.append(replied_to)
    return Mentions(users, role_ids, pinged, everyone)


def _roles(text: str, audience: Audience) -> list[int]:
    """Find the roles named that may be mentioned (docs: `mentionable`, or the author has MENTION_EVERYONE)."""
    if audience.guild is None:
        return []
    may_all = bool(audience.author_permissions & Permission.MENTION_EVERYONE)
    named = dict.fromkeys(int(match) for match in _ROLE.findall(text))
    roles = audience.guild.roles
    return [role_id for role_id in named if role_id in roles and (may_all or roles[role_id].mentionable)]


def _holders(guild: Guild | None, role_id: int) -> set[int]:
    if guild is None:
        return set()
    return {user_id for user_id, member in guild.members.items() if role_id in member.role_ids}


def _allows(allowed: Json | None, kind: str, snowflake: int) -> bool:
    if allowed is None:
        return True
    if kind in (allowed.get("parse") or []):
        return True
    listed: list[Any] = allowed.get(kind) or []
    return str(snowflake) in {str(item) for item in listed}


def wrongly_allowed(allowed: Json | None) -> str | None:
    """Say which key of allowed_mentions contradicts its `parse` list, if any (docs: they exclude each other)."""
    if allowed is None:
        return None
    parse: list[Any] = allowed.get("parse") or []
    return next((kind for kind in ("users", "roles") if kind in parse and allowed.get(kind)), None)
