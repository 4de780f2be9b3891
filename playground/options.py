"""Reads what a user typed into a slash command's options, by the types the bot declared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playground import payloads
from playground.commands import BOOLEAN, CHANNEL, INTEGER, MENTIONABLE, NUMBER, ROLE, STRING, USER
from playground.permissions import channel_permissions
from playground.values import Channel, Role, User

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from playground.values import Json, JsonValue
    from playground.world import World

# docs application-commands#application-command-object-application-command-option-structure, max_length.
_MAX_STRING = 6000
# "any integer between -2^53+1 and 2^53-1" (docs application-command-option-type).
_MAX_NUMBER = 2**53 - 1


class BadOption(ValueError):  # noqa: N818  # named as a test reads it
    """An option is missing, unknown, or not of its type: the client would not send the command."""


def read_options(
    world: World, channel: Channel, declared: list[Json], given: Mapping[str, object], resolved: Json
) -> list[Json]:
    """Shape the options of a command for its interaction.

    Args:
        world: Where users, channels and roles are looked up.
        channel: Where the command was typed.
        declared: The options the bot registered.
        given: What the user filled in. Users, channels and roles come as such, by id or by name.
        resolved: Takes the data of users, members, channels and roles that were named.

    Returns:
        The options that were filled in, in their declared order.
    """
    names = {option["name"] for option in declared}
    unknown = [name for name in given if name not in names]
    if unknown:
        raise BadOption(f"There is no option {unknown[0]!r}; there are {sorted(names)}.")
    missing = [option["name"] for option in declared if option.get("required") and given.get(option["name"]) is None]
    if missing:
        raise BadOption(f"The option {missing[0]!r} is required.")
    filled = [option for option in declared if given.get(option["name"]) is not None]
    return [
        {
            "name": option["name"],
            "type": option["type"],
            "value": _value(world, channel, option, given[option["name"]], resolved),
        }
        for option in filled
    ]


def _value(world: World, channel: Channel, option: Json, value: object, resolved: Json) -> JsonValue:
    kind = option["type"]
    if kind in (USER, CHANNEL, ROLE, MENTIONABLE):
        return _snowflake(world, channel, option, value, resolved)
    if option.get("choices"):
        return _choice(option, value)
    if kind == STRING and isinstance(value, str):
        _check_range(option, len(value), "length", _MAX_STRING)
        return value
    if kind == BOOLEAN and isinstance(value, bool):
        return value
    whole = isinstance(value, int) and not isinstance(value, bool)
    if (whole and kind in (INTEGER, NUMBER)) or (isinstance(value, float) and kind == NUMBER):
        assert isinstance(value, int | float)  # noqa: S101  # tells the type checker what the line above found
        _check_range(option, value, "value", _MAX_NUMBER)
        return value
    raise BadOption(f"The option {option['name']!r} does not take {value!r}.")


def _choice(option: Json, value: object) -> JsonValue:
    """Take a choice by its name or value."""
    choices: list[Json] = option["choices"]
    found = next((one["value"] for one in choices if value in (one["name"], one["value"])), None)
    if found is None:
        raise BadOption(f"The option {option['name']!r} offers {[one['name'] for one in choices]}, not {value!r}.")
    return found


def _check_range(option: Json, size: float, what: str, highest: float) -> None:
    low, high = option.get(f"min_{what}"), option.get(f"max_{what}")
    low = (0 if what == "length" else -highest) if low is None else low
    high = highest if high is None else high
    if not low <= size <= high:
        raise BadOption(f"The option {option['name']!r} takes a {what} from {low} to {high}, not {size}.")


def _snowflake(world: World, channel: Channel, option: Json, value: object, resolved: Json) -> str:
    """Name a user, channel or role by id, and put what it is beside (docs: resolved data structure)."""
    guild = world.guild_of(channel)
    if option["type"] in (USER, MENTIONABLE):
        user = _pick(world.people_in(channel).values(), value)
        if user is not None:
            resolved.setdefault("users", {})[str(user.id)] = payloads.user(user)
            if guild is not None:
                bits = str(channel_permissions(guild, channel, user.id))
                member = payloads.member(guild.members[user.id], with_user=False) | {"permissions": bits}
                resolved.setdefault("members", {})[str(user.id)] = member
            return str(user.id)
    if option["type"] == CHANNEL and guild is not None:
        named = _pick(guild.channels.values(), value)
        if named is not None:
            shape = payloads.channel(world, named) | {"permissions": str(world.permissions(named, world.bot))}
            resolved.setdefault("channels", {})[str(named.id)] = shape
            return str(named.id)
    if option["type"] in (ROLE, MENTIONABLE) and guild is not None:
        role = _pick(guild.roles.values(), value)
        if role is not None:
            resolved.setdefault("roles", {})[str(role.id)] = payloads.role(role)
            return str(role.id)
    raise BadOption(f"The option {option['name']!r} finds no {value!r} here.")


def _pick(things: Iterable[Any], value: object) -> JsonValue:
    """Find a thing by itself, its id or its name."""
    if isinstance(value, User | Channel | Role):
        value = value.id
    wanted = str(value).removeprefix("#").removeprefix("@")
    return next((one for one in things if wanted in (str(one.id), one.name)), None)
