"""What a person picks in a menu: the values of a select, by the kind of menu."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground import components as kinds
from playground.select_checks import counts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playground.resolving import Resolved
    from playground.values import Json, User


class BadInput(ValueError):  # noqa: N818  # named as a test reads it
    """The client would not let somebody do this: it is disabled, too little, too much or of the wrong kind."""


def pick(user: User, select: Json, values: Sequence[object], resolved: Resolved) -> list[str]:
    """Give the values that a user picks in a menu.

    Args:
        user: Who picks.
        select: The menu.
        values: Options by value or label; users, roles and channels as such, by id or by name.
        resolved: Takes the data of what was picked.

    Raises:
        BadInput: There is no such thing to pick, it was picked twice, or it is too few or too many.
    """
    picked = [_one(user, select, value, resolved) for value in values]
    name = select["custom_id"]
    if len(set(picked)) != len(picked):
        raise BadInput(f"Something was picked twice in {name!r}.")
    check_count(select, len(picked))
    return picked


def check_count(field: Json, count: int) -> None:
    """Refuse too few or too many."""
    low, high = counts(field)
    if not low <= count <= high:
        raise BadInput(f"{field['custom_id']!r} takes {low} to {high}, not {count}.")


def pick_option(field: Json, value: object) -> str:
    """Give the value of an option that is named by its value or its label."""
    options: list[Json] = field["options"]
    found = next((one["value"] for one in options if value in (one["value"], one["label"])), None)
    if found is None:
        raise BadInput(f"{field['custom_id']!r} offers {[one['label'] for one in options]}, not {value!r}.")
    return found


def _one(user: User, select: Json, value: object, resolved: Resolved) -> str:
    kind = select["type"]
    if kind == kinds.STRING_SELECT:
        return pick_option(select, value)
    found = resolved.user(value) if kind in (kinds.USER_SELECT, kinds.MENTIONABLE_SELECT) else None
    if found is None and kind in (kinds.ROLE_SELECT, kinds.MENTIONABLE_SELECT):
        found = resolved.role(value)
    if found is None and kind == kinds.CHANNEL_SELECT:
        found = resolved.channel(user, value, select.get("channel_types"))
    if found is None:
        raise BadInput(f"{select['custom_id']!r} finds no {value!r} here.")
    return found
