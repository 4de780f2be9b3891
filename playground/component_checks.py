"""The rules that the components of a message must keep (docs components/reference).

The words of most refusals are what users of Discord quote; where none is known they are our own (assumed).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from playground import components as kinds
from playground.components import ATTACHED, walk
from playground.errors import invalid_form
from playground.form_fields import choice, forbidden, missing, number, objects, text
from playground.select_checks import check_select
from playground.values import IS_COMPONENTS_V2

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from playground.values import Json, JsonValue

# "Legacy messages allow up to 5 action rows as top-level components" (docs, legacy message component behavior).
MAX_ROWS = 5
# "Up to 5 contextually grouped buttons" or "a single select component" (docs, action row).
MAX_BUTTONS = 5
# "Messages allow up to 40 total components" (docs, with the flag 1 << 15).
MAX_COMPONENTS = 40
# "A view is allowed to have a maximum of 4000 display characters across all its items" (discord.py,
# `LayoutView.content_length`); the documentation does not say it yet.
MAX_TEXT = 4000
# docs, button structure and custom id.
MAX_LABEL, MAX_URL, MAX_CUSTOM_ID = 80, 512, 100
# docs, thumbnail and media gallery; the length of an address is that of the OpenAPI document.
MAX_DESCRIPTION, MAX_ITEMS, MAX_MEDIA_URL = 1024, 10, 2048
# "32 bit integer used as an optional identifier" (docs, anatomy of a component).
MAX_ID = 2**31 - 1

# docs, container child components; at the top a container too (docs, component types).
IN_CONTAINER = (
    kinds.ACTION_ROW,
    kinds.TEXT_DISPLAY,
    kinds.SECTION,
    kinds.MEDIA_GALLERY,
    kinds.SEPARATOR,
    kinds.FILE,
)
ON_TOP = (*IN_CONTAINER, kinds.CONTAINER)


def check_fields(flags: int, content: str, embeds: Sequence[Json], poll: Json | None) -> None:
    """Refuse what a message of components cannot have beside them (docs resources/message#create-message, flags)."""
    if not flags & IS_COMPONENTS_V2:
        return
    for field, value in (("content", content), ("embeds", embeds), ("poll", poll)):
        if value:
            wording = f"The '{field}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
            raise invalid_form(field, "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", wording)


def check_components(flags: int, components: JsonValue, filenames: Sequence[str]) -> None:
    """Refuse components that break a rule.

    Args:
        flags: The message's flags; with IS_COMPONENTS_V2 the newer components are allowed.
        components: What the application sent.
        filenames: The names of the message's files, which `attachment://` may refer to.
    """
    newer = bool(flags & IS_COMPONENTS_V2)
    body: Json = {"components": components}
    # The figure of the newer ones is that of the whole tree, which is looked at below.
    rows = objects(body, "", "components", 0, MAX_COMPONENTS if newer else MAX_ROWS)
    files = frozenset(filenames)
    for index, component in enumerate(rows):
        _check(component, f"components.{index}", ON_TOP if newer else (kinds.ACTION_ROW,), files)
    check_unique(rows)
    if sum(1 for _ in walk(rows)) > MAX_COMPONENTS:
        wording = f"The total number of components exceeds the maximum of {MAX_COMPONENTS}"
        raise invalid_form("components", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", wording)
    if sum(len(one["content"]) for _, one in walk(rows) if one["type"] == kinds.TEXT_DISPLAY) > MAX_TEXT:
        wording = f"Components displayable text size exceeds maximum size of {MAX_TEXT}"
        raise invalid_form("components", "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", wording)


def check_unique(components: Sequence[Json], place: str = "components") -> None:
    """Refuse two components with one `custom_id` or one `id` (docs, anatomy of a component)."""
    for key, code in (("custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED"), ("id", "COMPONENT_ID_DUPLICATED")):
        seen: set[JsonValue] = set()
        for path, component in walk(components, place):
            value = component.get(key)
            if value and value in seen:
                wording = f"Component {key.replace('_', ' ')} cannot be duplicated"
                raise invalid_form(f"{path}.{key}", code, wording)
            seen.add(value)


def _check(component: Json, path: str, allowed: Sequence[int], files: frozenset[str]) -> None:
    """Check one component and those inside it."""
    kind = choice(component, path, "type", allowed)
    number(component, path, "id", 0, MAX_ID)
    _CHECKS[kind](component, path, files)


def _row(row: Json, path: str, files: frozenset[str]) -> None:
    inside = objects(row, path, "components", 1, MAX_BUTTONS)
    for index, component in enumerate(inside):
        _check(component, f"{path}.components.{index}", (kinds.BUTTON, *sorted(kinds.SELECTS)), files)
        # A menu fills the row by itself.
        if component["type"] in kinds.SELECTS and len(inside) > 1:
            wording = "The specified component exceeds the maximum width"
            raise invalid_form(f"{path}.components.{index}", "COMPONENT_LAYOUT_WIDTH_EXCEEDED", wording)


def _button(button: Json, path: str, _files: frozenset[str]) -> None:
    style = choice(button, path, "style", range(1, 7))
    text(button, path, "label", MAX_LABEL, low=0, required=False)
    if style == kinds.LINK:
        text(button, path, "url", MAX_URL)
        forbidden(button, path, "custom_id", "sku_id")
    elif style == kinds.PREMIUM:
        if button.get("sku_id") is None:
            raise missing(path, "sku_id")
        forbidden(button, path, "custom_id", "label", "url", "emoji")
    else:
        text(button, path, "custom_id", MAX_CUSTOM_ID)
        forbidden(button, path, "url", "sku_id")


def _select(select: Json, path: str, _files: frozenset[str]) -> None:
    check_select(select, path)


def _section(section: Json, path: str, files: frozenset[str]) -> None:
    # "One to three child components" (docs, section structure).
    for index, component in enumerate(objects(section, path, "components", 1, 3)):
        _check(component, f"{path}.components.{index}", (kinds.TEXT_DISPLAY,), files)
    if not isinstance(section.get("accessory"), dict):
        raise missing(path, "accessory")
    _check(section["accessory"], f"{path}.accessory", (kinds.BUTTON, kinds.THUMBNAIL), files)


def _container(container: Json, path: str, files: frozenset[str]) -> None:
    number(container, path, "accent_color", 0, 0xFFFFFF)
    for index, component in enumerate(objects(container, path, "components", 1, MAX_COMPONENTS)):
        _check(component, f"{path}.components.{index}", IN_CONTAINER, files)


def _text(display: Json, path: str, _files: frozenset[str]) -> None:
    text(display, path, "content", MAX_TEXT)


def _separator(separator: Json, path: str, _files: frozenset[str]) -> None:
    number(separator, path, "spacing", 1, 2)


def _gallery(gallery: Json, path: str, files: frozenset[str]) -> None:
    for index, item in enumerate(objects(gallery, path, "items", 1, MAX_ITEMS)):
        _thumbnail(item, f"{path}.items.{index}", files)


def _thumbnail(item: Json, path: str, files: frozenset[str]) -> None:
    text(item, path, "description", MAX_DESCRIPTION, required=False)
    _media(item, path, "media", files, ("http://", "https://", ATTACHED))


def _file(file: Json, path: str, files: frozenset[str]) -> None:
    """Check a file, which "only supports attachment references" (docs, file structure)."""
    _media(file, path, "file", files, (ATTACHED,))


def _media(body: Json, path: str, key: str, files: frozenset[str], schemes: tuple[str, ...]) -> None:
    item: JsonValue = body.get(key)
    if not isinstance(item, dict):
        raise missing(path, key)
    url = text(cast("Json", item), f"{path}.{key}", "url", MAX_MEDIA_URL) or ""
    if not url.startswith(schemes):
        wording = f"The address must begin with one of {', '.join(schemes)}."
        raise invalid_form(f"{path}.{key}.url", "URL_TYPE_INVALID_SCHEME", wording)
    if url.startswith(ATTACHED) and url.removeprefix(ATTACHED) not in files:
        wording = "The referenced attachment was not found"
        raise invalid_form(f"{path}.{key}.url", "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND", wording)


_CHECKS: dict[int, Callable[[Json, str, frozenset[str]], None]] = {
    kinds.ACTION_ROW: _row,
    kinds.BUTTON: _button,
    **dict.fromkeys(kinds.SELECTS, _select),
    kinds.SECTION: _section,
    kinds.TEXT_DISPLAY: _text,
    kinds.THUMBNAIL: _thumbnail,
    kinds.MEDIA_GALLERY: _gallery,
    kinds.FILE: _file,
    kinds.SEPARATOR: _separator,
    kinds.CONTAINER: _container,
}
