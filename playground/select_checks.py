"""The rules that select menus must keep, in messages and in modals (docs components/reference, the five selects)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground import components as kinds
from playground.errors import invalid_form
from playground.form_fields import choice, number, objects, text

if TYPE_CHECKING:
    from playground.values import Json

# docs, string select structure and select option structure.
MAX_OPTIONS, MAX_VALUES, MAX_PLACEHOLDER, MAX_CUSTOM_ID, MAX_OPTION_TEXT = 25, 25, 150, 100, 100

# docs, select default value structure: what a default can be in which menu.
_DEFAULTS = {
    kinds.USER_SELECT: ("user",),
    kinds.ROLE_SELECT: ("role",),
    kinds.MENTIONABLE_SELECT: ("user", "role"),
    kinds.CHANNEL_SELECT: ("channel",),
}


def check_select(select: Json, path: str) -> None:
    """Refuse a menu that breaks a rule.

    Args:
        select: The menu.
        path: Where it stands in the request.
    """
    text(select, path, "custom_id", MAX_CUSTOM_ID)
    text(select, path, "placeholder", MAX_PLACEHOLDER, low=0, required=False)
    check_counts(select, path, MAX_VALUES)
    if select["type"] == kinds.STRING_SELECT:
        check_options(select, path, 1, MAX_OPTIONS)
        return
    defaults = objects(select, path, "default_values", 0, MAX_VALUES) if select.get("default_values") else []
    for index, default in enumerate(defaults):
        choice(default, f"{path}.default_values.{index}", "type", _DEFAULTS[select["type"]])
    low, high = counts(select)
    if defaults and not low <= len(defaults) <= high:
        wording = f"The number of default values must be between {low} and {high}."
        raise invalid_form(f"{path}.default_values", "SELECT_COMPONENT_DEFAULT_VALUES_INVALID", wording)


def counts(component: Json) -> tuple[int, int]:
    """Give how few and how many things can be chosen; both are 1 where nothing is said (docs)."""
    low, high = component.get("min_values"), component.get("max_values")
    return 1 if low is None else low, 1 if high is None else high


def check_counts(component: Json, path: str, most: int) -> None:
    """Refuse figures of how much can be chosen that are out of bounds, or cross (the latter assumed)."""
    number(component, path, "min_values", 0, most)
    number(component, path, "max_values", 1, most)
    low, high = component.get("min_values"), component.get("max_values")
    if low is not None and high is not None and low > high:
        wording = "min_values must not be greater than max_values"
        raise invalid_form(f"{path}.min_values", "COMPONENT_MIN_VALUES_EXCEED_MAX_VALUES", wording)


def check_options(component: Json, path: str, fewest: int, most: int) -> None:
    """Refuse options that are too few, too many, too long, or two with one value (the latter assumed)."""
    seen: set[str | None] = set()
    for index, option in enumerate(objects(component, path, "options", fewest, most)):
        place = f"{path}.options.{index}"
        text(option, place, "label", MAX_OPTION_TEXT)
        value = text(option, place, "value", MAX_OPTION_TEXT)
        text(option, place, "description", MAX_OPTION_TEXT, low=0, required=False)
        if value in seen:
            wording = "The specified option value is already used"
            raise invalid_form(f"{place}.value", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", wording)
        seen.add(value)
