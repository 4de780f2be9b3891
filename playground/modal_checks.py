"""The rules that a form must keep which the bot shows (docs receiving-and-responding, modal; components/reference)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from playground import components as kinds
from playground.component_checks import MAX_ID, MAX_TEXT, check_unique
from playground.errors import invalid_form
from playground.form_fields import choice, forbidden, missing, number, objects, text
from playground.select_checks import MAX_CUSTOM_ID, check_counts, check_options, check_select

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from playground.values import Json, JsonValue

# "Title of the popup modal, max 45 characters", "between 1 and 5 (inclusive) components" (docs, modal).
MAX_TITLE, MAX_TOP_LEVEL = 45, 5
# docs, label structure.
MAX_LABEL, MAX_LABEL_DESCRIPTION = 45, 100
# docs, text input structure.
MAX_INPUT, MAX_PLACEHOLDER = 4000, 100
# docs, file upload structure; radio group and checkbox group have the same figures of options.
MAX_FILES, MAX_FILE_TYPES, MAX_OPTIONS = 10, 10, 10
# docs reference#file-type-filtering
_FILE_TYPE = re.compile(r"image|video|audio|\.[^.\s]+")

# docs, label child components.
IN_LABEL = (
    kinds.TEXT_INPUT,
    *sorted(kinds.SELECTS),
    kinds.FILE_UPLOAD,
    kinds.RADIO_GROUP,
    kinds.CHECKBOX_GROUP,
    kinds.CHECKBOX,
)


def check_modal(data: JsonValue) -> None:
    """Refuse a form that breaks a rule.

    Args:
        data: The data of the answer (docs receiving-and-responding#interaction-response-object-modal).
    """
    modal = cast("Json", data) if isinstance(data, dict) else {}
    text(modal, "data", "custom_id", MAX_CUSTOM_ID)
    text(modal, "data", "title", MAX_TITLE)
    top = objects(modal, "data", "components", 1, MAX_TOP_LEVEL)
    for index, component in enumerate(top):
        _check(component, f"data.components.{index}", (kinds.ACTION_ROW, kinds.TEXT_DISPLAY, kinds.LABEL))
    check_unique(top, "data.components")


def needed(component: Json) -> bool:
    """Tell whether a field must be filled in; it must unless it says otherwise (docs, `required` of each)."""
    return component.get("required") is not False


def _check(component: Json, path: str, allowed: Sequence[int]) -> None:
    kind = choice(component, path, "type", allowed)
    number(component, path, "id", 0, MAX_ID)
    if kind not in (kinds.ACTION_ROW, kinds.LABEL, kinds.TEXT_DISPLAY):
        text(component, path, "custom_id", MAX_CUSTOM_ID)
    _CHECKS[kind](component, path)


def _row(row: Json, path: str) -> None:
    """Check a row: the older way to show a text input, which then has the words itself (docs, action row)."""
    # One in a row: discord.py gives an input the width of a whole row (`discord/ui/text_input.py`).
    for index, component in enumerate(objects(row, path, "components", 1, 1)):
        place = f"{path}.components.{index}"
        _check(component, place, (kinds.TEXT_INPUT,))
        text(component, place, "label", MAX_LABEL)


def _label(label: Json, path: str) -> None:
    text(label, path, "label", MAX_LABEL)
    text(label, path, "description", MAX_LABEL_DESCRIPTION, required=False)
    if not isinstance(label.get("component"), dict):
        raise missing(path, "component")
    _check(label["component"], f"{path}.component", IN_LABEL)
    # "the label field on the Text Input is not allowed" there (docs change-log, 2025-08-25).
    if label["component"]["type"] == kinds.TEXT_INPUT:
        forbidden(label["component"], f"{path}.component", "label")


def _text_display(display: Json, path: str) -> None:
    text(display, path, "content", MAX_TEXT)


def _text_input(field: Json, path: str) -> None:
    choice(field, path, "style", (1, 2))
    low = number(field, path, "min_length", 0, MAX_INPUT)
    high = number(field, path, "max_length", 1, MAX_INPUT)
    text(field, path, "value", MAX_INPUT, low=0, required=False)
    text(field, path, "placeholder", MAX_PLACEHOLDER, low=0, required=False)
    if low is not None and high is not None and low > high:
        wording = "min_length must not be greater than max_length"
        raise invalid_form(f"{path}.min_length", "TEXT_INPUT_MIN_LENGTH_EXCEEDS_MAX_LENGTH", wording)


def _select(select: Json, path: str) -> None:
    # "Using disabled in a modal will result in an error" (docs, string select and the others).
    if select.get("disabled"):
        forbidden(select, path, "disabled")
    check_select(select, path)
    _check_needed(select, path)


def _file_upload(field: Json, path: str) -> None:
    check_counts(field, path, MAX_FILES)
    _check_needed(field, path)
    types: list[JsonValue] = field.get("file_types") or []
    if len(types) > MAX_FILE_TYPES or not all(_FILE_TYPE.fullmatch(str(one)) for one in types):
        wording = "Must be at most 10 of image, video, audio or an extension with its dot."
        raise invalid_form(f"{path}.file_types", "BASE_TYPE_CHOICES", wording)


def _radio_group(field: Json, path: str) -> None:
    check_options(field, path, 2, MAX_OPTIONS)


def _checkbox_group(field: Json, path: str) -> None:
    check_options(field, path, 1, MAX_OPTIONS)
    check_counts(field, path, MAX_OPTIONS)
    _check_needed(field, path)


def _checkbox(_field: Json, _path: str) -> None:
    """A checkbox has nothing but its `custom_id` to check."""


def _check_needed(field: Json, path: str) -> None:
    """Refuse 0 of something that is needed ("min_values must be either omitted or at least 1", docs)."""
    if needed(field) and field.get("min_values") == 0:
        wording = "min_values must be at least 1 where required is true"
        raise invalid_form(f"{path}.min_values", "COMPONENT_REQUIRED_MIN_VALUES_INVALID", wording)


_CHECKS: dict[int, Callable[[Json, str], None]] = {
    kinds.ACTION_ROW: _row,
    kinds.LABEL: _label,
    kinds.TEXT_DISPLAY: _text_display,
    kinds.TEXT_INPUT: _text_input,
    **dict.fromkeys(kinds.SELECTS, _select),
    kinds.FILE_UPLOAD: _file_upload,
    kinds.RADIO_GROUP: _radio_group,
    kinds.CHECKBOX_GROUP: _checkbox_group,
    kinds.CHECKBOX: _checkbox,
}
