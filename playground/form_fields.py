"""Reads single fields of a request body and refuses those that break a rule, in Discord's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from playground.errors import invalid_form

if TYPE_CHECKING:
    from collections.abc import Collection

    from playground.values import Json, JsonValue


def text(body: Json, path: str, key: str, high: int, *, low: int = 1, required: bool = True) -> str | None:
    """Read a text of a length from `low` to `high` characters; None where it may be and is left out.

    Args:
        body: The object with the field.
        path: Where that object stands in the request (`components.0`).
        key: The field.
        high: The most characters.
        low: The fewest.
        required: Whether it must be there.

    Raises:
        DiscordError: 50035; the codes are those that users of Discord quote (assumed).
    """
    value: JsonValue = body.get(key)
    if value is None:
        if required:
            raise missing(path, key)
        return None
    if not isinstance(value, str):
        raise invalid_form(_at(path, key), "BASE_TYPE_BAD_TYPE", "Could not interpret value as string.")
    if not low <= len(value) <= high:
        raise bad_length(_at(path, key), low, high)
    return value


def number(body: Json, path: str, key: str, low: int, high: int) -> int | None:
    """Read a whole number from `low` to `high`; None where it is left out."""
    value: JsonValue = body.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise invalid_form(_at(path, key), "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
    if value < low:
        wording = f"int value should be greater than or equal to {low}."
        raise invalid_form(_at(path, key), "NUMBER_TYPE_MIN", wording)
    if value > high:
        raise invalid_form(_at(path, key), "NUMBER_TYPE_MAX", f"int value should be less than or equal to {high}.")
    return value


def objects(body: Json, path: str, key: str, low: int, high: int) -> list[Json]:
    """Read a list of `low` to `high` objects."""
    value: JsonValue = body.get(key)
    if value is None:
        raise missing(path, key)
    items = cast("list[JsonValue]", value) if isinstance(value, list) else []
    if not isinstance(value, list) or any(not isinstance(one, dict) for one in items):
        raise invalid_form(_at(path, key), "BASE_TYPE_BAD_TYPE", "Only lists of objects can be used in this field.")
    if not low <= len(items) <= high:
        raise bad_length(_at(path, key), low, high)
    return items


def choice(body: Json, path: str, key: str, allowed: Collection[JsonValue]) -> JsonValue:
    """Read a field that must hold one of some values."""
    value: JsonValue = body.get(key)
    if value is None:
        raise missing(path, key)
    if value not in allowed:
        wording = f"Value must be one of {{{', '.join(str(one) for one in sorted(allowed))}}}."
        raise invalid_form(_at(path, key), "BASE_TYPE_CHOICES", wording)
    return value


def forbidden(body: Json, path: str, *keys: str) -> None:
    """Refuse fields that do not belong here."""
    for key in keys:
        if body.get(key) is not None:
            raise invalid_form(_at(path, key), "BASE_TYPE_NOT_ALLOWED", "This field is not allowed here.")


def _at(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def missing(path: str, key: str) -> Exception:
    """Refuse what lacks a field."""
    return invalid_form(_at(path, key), "BASE_TYPE_REQUIRED", "This field is required")


def bad_length(path: str, low: int, high: int) -> Exception:
    """Refuse a text or a list that is too short or too long."""
    return invalid_form(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length.")
