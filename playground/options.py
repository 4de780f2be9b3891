"""Reads what a user typed into a slash command's options, by the types the bot declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground.command_kinds import (
    ATTACHMENT,
    BOOLEAN,
    CHANNEL,
    INTEGER,
    MENTIONABLE,
    NUMBER,
    ROLE,
    STRING,
    USER,
)
from playground.file_types import allows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from playground.resolving import Resolved
    from playground.values import Json, JsonValue, User

# docs application-commands#application-command-object-application-command-option-structure, max_length.
_MAX_STRING = 6000
# "any integer between -2^53+1 and 2^53-1" (docs application-command-option-type).
_MAX_NUMBER = 2**53 - 1


class BadOption(ValueError):  # noqa: N818  # named as a test reads it
    """An option is missing, unknown, or not of its type: the client would not send the command."""


def read_options(user: User, declared: list[Json], given: Mapping[str, object], resolved: Resolved) -> list[Json]:
    """Shape the options of a command for its interaction.

    Args:
        user: Who fills them in.
        declared: The options the bot registered.
        given: What the user filled in. Users, channels and roles come as such, by id or by name; a file as its
            name, bytes and content type.
        resolved: Takes the data of users, members, channels, roles and files that were named.

    Returns:
        The options that were filled in, in their declared order.
    """
    _check_known(declared, given)
    missing = [option["name"] for option in declared if option.get("required") and given.get(option["name"]) is None]
    if missing:
        raise BadOption(f"The option {missing[0]!r} is required.")
    return _filled(user, declared, given, resolved)


def read_partial(
    user: User, declared: list[Json], focused: str, typed: str, given: Mapping[str, object], resolved: Resolved
) -> list[Json]:
    """Shape the options of a command that is still being typed (docs application-commands#autocomplete).

    Args:
        user: Who types.
        declared: The options the bot registered.
        focused: The option that is being typed; what stands in it is sent as a text, a number too (discord.py,
            `Namespace`: "Autocomplete focused values tend to be garbage in").
        typed: What stands in it so far.
        given: The options that are filled in already.
        resolved: Takes what was named.
    """
    _check_known(declared, [*given, focused])
    typing = next(option for option in declared if option["name"] == focused)
    if not typing.get("autocomplete"):
        raise BadOption(f"The bot makes no proposals for {focused!r}.")
    # "you may receive partial strings, but not invalid numbers" (docs, same place).
    if typed and typing["type"] in (INTEGER, NUMBER) and not _is_number(typed, typing["type"]):
        raise BadOption(f"{typed!r} is no number for {focused!r}.")
    others = {name: value for name, value in given.items() if name != focused}
    field: Json = {"name": focused, "type": typing["type"], "value": typed, "focused": True}
    shaped = {option["name"]: option for option in [*_filled(user, declared, others, resolved), field]}
    return [shaped[option["name"]] for option in declared if option["name"] in shaped]


def _check_known(declared: list[Json], given: Iterable[str]) -> None:
    names = {option["name"] for option in declared}
    unknown = [name for name in given if name not in names]
    if unknown:
        raise BadOption(f"There is no option {unknown[0]!r}; there are {sorted(names)}.")


def _filled(user: User, declared: list[Json], given: Mapping[str, object], resolved: Resolved) -> list[Json]:
    return [
        {"name": one["name"], "type": one["type"], "value": _value(user, one, given[one["name"]], resolved)}
        for one in declared
        if given.get(one["name"]) is not None
    ]


def _is_number(text: str, kind: int) -> bool:
    try:
        int(text) if kind == INTEGER else float(text)
    except ValueError:
        return False
    return True


def _value(user: User, option: Json, value: object, resolved: Resolved) -> JsonValue:
    kind = option["type"]
    if kind in (USER, CHANNEL, ROLE, MENTIONABLE):
        return _snowflake(user, option, value, resolved)
    if kind == ATTACHMENT:
        return _file(option, value, resolved)
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


def _snowflake(user: User, option: Json, value: object, resolved: Resolved) -> str:
    """Name a user, channel or role by id, and put what it is beside (docs: resolved data structure)."""
    kind = option["type"]
    found = resolved.user(value) if kind in (USER, MENTIONABLE) else None
    if found is None and kind in (ROLE, MENTIONABLE):
        found = resolved.role(value)
    if found is None and kind == CHANNEL:
        found = resolved.channel(user, value, option.get("channel_types"))
    if found is None:
        raise BadOption(f"The option {option['name']!r} finds no {value!r} here.")
    return found


def _file(option: Json, value: object, resolved: Resolved) -> str:
    """Take a file: its name, its bytes and its content type."""
    match value:
        case (str() as name, bytes() as content, str() as content_type):
            if not allows(option.get("file_types"), name):
                raise BadOption(f"The option {option['name']!r} takes no file like {name!r}.")
            return resolved.file(name, content, content_type)
        case _:
            raise BadOption(f"The option {option['name']!r} takes a file: its name, bytes and content type.")
