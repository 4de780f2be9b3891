"""The rules that a command must keep to be registered (docs interactions/application-commands)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from playground.command_kinds import CHAT_INPUT, GROUP, INTEGER, MESSAGE_MENU, NUMBER, STRING, SUBCOMMAND, USER_MENU
from playground.errors import invalid_form
from playground.form_fields import bad_length, choice, number, text

if TYPE_CHECKING:
    from playground.values import Json, JsonValue

# docs interactions/application-commands#application-command-object-application-command-naming; \w stands for
# \p{L} and \p{N}, and marks of Devanagari and Thai are left out (assumed near enough).
_NAME = re.compile(r"[-_'\w]{1,32}")
_MAX_NAME, _MAX_DESCRIPTION, _MAX_OPTIONS, MAX_CHOICES = 32, 100, 25, 25
# docs, application command option choice structure; option structure, min_length and max_length.
MAX_CHOICE, _MAX_LENGTH = 100, 6000
# "a maximum of 8000 characters for combined name, description, and value properties" (docs, limits).
_MAX_SIZE = 8000


def check_command(body: Json, path: str = "") -> None:
    """Refuse a command that breaks a rule (docs application-commands#application-command-object).

    An entry point (type 4) is refused: it needs an application with activities.

    Args:
        body: What the bot sent.
        path: Where it stands in the request, ending in a dot.
    """
    kind = int(body.get("type") or CHAT_INPUT)
    choice({"type": kind}, path.rstrip("."), "type", (CHAT_INPUT, USER_MENU, MESSAGE_MENU))
    if kind != CHAT_INPUT:
        _check_menu(body, path)
        return
    _check_name(str(body.get("name") or ""), path)
    _check_description(body, path)
    _check_options(body.get("options") or [], path, (SUBCOMMAND, GROUP))
    if _size(body) > _MAX_SIZE:
        wording = f"Command exceeds maximum size ({_MAX_SIZE})"
        raise invalid_form(path.rstrip("."), "APPLICATION_COMMAND_TOO_LARGE", wording)


def check_choices(choices: list[Json], kind: int | None, path: str) -> None:
    """Refuse choices of an option, or proposals for it, that break a rule.

    Args:
        choices: The choices; each a name and a value of the option's type.
        kind: The option's type.
        path: Where they stand in the request.
    """
    if len(choices) > MAX_CHOICES:
        raise bad_length(path, 0, MAX_CHOICES)
    for index, one in enumerate(choices):
        place = f"{path}.{index}"
        text(one, place, "name", MAX_CHOICE)
        value: JsonValue = one.get("value")
        if kind == STRING:
            text(one, place, "value", MAX_CHOICE, low=0)
        elif isinstance(value, bool) or not isinstance(value, int if kind == INTEGER else int | float):
            wording = f'Value "{value}" is not {"int" if kind == INTEGER else "float"}.'
            raise invalid_form(f"{place}.value", "NUMBER_TYPE_COERCE", wording)


def check_unique(keys: list[tuple[Any, ...]], path: str, code: str) -> None:
    """Refuse a list in which two things have one name."""
    repeated = next((index for index, key in enumerate(keys) if key in keys[:index]), None)
    if repeated is not None:
        raise invalid_form(f"{path}{repeated}.name", code, "Name already exists")


def _check_menu(body: Json, path: str) -> None:
    """Check a command of a menu, which has a name and nothing more; it "may be mixed case and can include spaces".

    "The description field is not allowed", and options are "only for CHAT_INPUT commands" (the codes are assumed).
    """
    if not 1 <= len(str(body.get("name") or "")) <= _MAX_NAME:
        raise bad_length(f"{path}name", 1, _MAX_NAME)
    for field in ("description", "options"):
        if body.get(field):
            wording = f"Context menu commands cannot have {field}"
            raise invalid_form(f"{path}{field}", "APPLICATION_COMMAND_CONTEXT_MENU_FIELD_INVALID", wording)


def _size(body: Json) -> int:
    """Count the characters of a command, its options and their choices."""
    own = sum(len(str(body.get(key) or "")) for key in ("name", "description", "value"))
    nested: list[Json] = [*(body.get("options") or []), *(body.get("choices") or [])]
    return own + sum(_size(one) for one in nested)


def _check_name(name: str, path: str) -> None:
    if _NAME.fullmatch(name) is None or name != name.lower():
        raise invalid_form(f"{path}name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")


def _check_description(body: Json, path: str) -> None:
    if not 1 <= len(str(body.get("description") or "")) <= _MAX_DESCRIPTION:
        raise bad_length(f"{path}description", 1, _MAX_DESCRIPTION)


def _check_options(options: list[Json], path: str, nesting: tuple[int, ...]) -> None:
    """Check options: at most 25, of different names, the required ones first, subcommands with their own.

    Args:
        options: The options.
        path: Where the thing that has them stands, ending in a dot.
        nesting: The kinds of subcommands that may stand here ("nesting one level deep within a group", docs).
    """
    if len(options) > _MAX_OPTIONS:
        raise bad_length(f"{path}options", 0, _MAX_OPTIONS)
    optional_seen = False
    for index, option in enumerate(options):
        place = f"{path}options.{index}."
        _check_name(str(option.get("name") or ""), place)
        _check_description(option, place)
        if option.get("required") and optional_seen:
            wording = "Required options must be placed before non-required options"
            raise invalid_form(place.rstrip("."), "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", wording)
        optional_seen = optional_seen or not option.get("required")
        if option.get("type") in (SUBCOMMAND, GROUP) and option["type"] not in nesting:
            wording = "Sub-command and sub-command group option types cannot be nested here"
            raise invalid_form(f"{place}type", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", wording)
        _check_option(option, place.rstrip("."))
        _check_options(option.get("options") or [], place, (SUBCOMMAND,) if option.get("type") == GROUP else ())
    names = [(option["name"],) for option in options]
    check_unique(names, f"{path}options.", "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS")


def _check_option(option: Json, path: str) -> None:
    """Check what an option says of its values (docs, application command option structure)."""
    kind: JsonValue = option.get("type")
    number(option, path, "min_length", 0, _MAX_LENGTH)
    number(option, path, "max_length", 1, _MAX_LENGTH)
    check_choices(option.get("choices") or [], kind, f"{path}.choices")
    # "autocomplete may not be set to true if choices are present", and only where there may be choices.
    if option.get("autocomplete") and (option.get("choices") or kind not in (STRING, INTEGER, NUMBER)):
        wording = "Autocomplete is not allowed for this option"
        raise invalid_form(f"{path}.autocomplete", "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_INVALID", wording)
