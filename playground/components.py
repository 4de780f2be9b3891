"""Components: their types, how they nest, and how Discord keeps what an application sent."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from playground.values import Attachment, Json, JsonValue

# docs components/reference#component-object-component-types
ACTION_ROW, BUTTON, STRING_SELECT, TEXT_INPUT = 1, 2, 3, 4
USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT = 5, 6, 7, 8
SECTION, TEXT_DISPLAY, THUMBNAIL, MEDIA_GALLERY, FILE, SEPARATOR = 9, 10, 11, 12, 13, 14
CONTAINER, LABEL, FILE_UPLOAD = 17, 18, 19
RADIO_GROUP, CHECKBOX_GROUP, CHECKBOX = 21, 22, 23

SELECTS = frozenset((STRING_SELECT, USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT))
# docs components/reference#button-button-styles: these two send no interaction.
LINK, PREMIUM = 5, 6

ATTACHED = "attachment://"

# What Discord answers for fields that were left out (docs components/reference, the structure of each).
_DEFAULTS: dict[int, Json] = {
    **{kind: {"min_values": 1, "max_values": 1} for kind in SELECTS},
    CONTAINER: {"accent_color": None, "spoiler": False},
    THUMBNAIL: {"description": None, "spoiler": False},
    SEPARATOR: {"spacing": 1, "divider": True},
    FILE: {"spoiler": False},
}


def walk(components: Sequence[Json], path: str = "components") -> Iterator[tuple[str, Json]]:
    """Give every component with its place in the body (`components.0.accessory`), each before those inside it."""
    for index, component in enumerate(components):
        yield from _walk(component, f"{path}.{index}")


def _walk(component: Json, path: str) -> Iterator[tuple[str, Json]]:
    yield path, component
    yield from walk(component.get("components") or [], f"{path}.components")
    for key in ("accessory", "component"):
        inner: Json | None = component.get(key)
        if inner is not None:
            yield from _walk(inner, f"{path}.{key}")


def find(components: Sequence[Json], name: str) -> Json | None:
    """Find a component by its `custom_id`, or else by the words a person reads on it or over it.

    A component in a label is known by the label's words (docs components/reference#label).
    """
    everything = [one for _, one in walk(components)]
    known = next((one for one in everything if one.get("custom_id") == name), None)
    if known is not None:
        return known
    worded = next((one for one in everything if name in (one.get("label"), one.get("placeholder"))), None)
    return worded if worded is None or worded["type"] != LABEL else worded["component"]


def text_of(components: Sequence[Json]) -> str:
    """Give the words of all text displays; mentions in them notify (docs components/reference#text-display)."""
    return "\n".join(one["content"] for _, one in walk(components) if one["type"] == TEXT_DISPLAY)


def completed(components: Sequence[Json], attachments: Sequence[Attachment], new_id: Callable[[], int]) -> list[Json]:
    """Give components as Discord keeps them: with ids, defaults, and media that can be fetched.

    Args:
        components: What the application sent, already checked.
        attachments: The files of the message, which `attachment://` refers to.
        new_id: Makes the id of a piece of external media.
    """
    kept: list[Json] = [_without_nulls(one) for one in copy.deepcopy(list(components))]
    everything = [one for _, one in walk(kept)]
    _number(everything)
    for component in everything:
        _complete(component, attachments, new_id)
    return kept


def _without_nulls(value: JsonValue) -> JsonValue:
    if isinstance(value, list):
        return [_without_nulls(one) for one in cast("list[JsonValue]", value)]
    if isinstance(value, dict):
        return {key: _without_nulls(one) for key, one in cast("Json", value).items() if one is not None}
    return value


def _number(everything: list[Json]) -> None:
    """Give an id to who has none or 0, in order, without those taken (docs reference#anatomy-of-a-component)."""
    taken = {one["id"] for one in everything if one.get("id")}
    last = 0
    for component in everything:
        if component.get("id"):
            continue
        last = next(number for number in range(last + 1, last + len(taken) + 2) if number not in taken)
        component["id"] = last


def _complete(component: Json, attachments: Sequence[Attachment], new_id: Callable[[], int]) -> None:
    for key, value in _DEFAULTS.get(component["type"], {}).items():
        component.setdefault(key, value)
    if component["type"] == THUMBNAIL:
        component["media"] = _media(component["media"]["url"], attachments, new_id)
    elif component["type"] == MEDIA_GALLERY:
        for item in component["items"]:
            item |= {"description": item.get("description"), "spoiler": bool(item.get("spoiler"))}
            item["media"] = _media(item["media"]["url"], attachments, new_id)
    elif component["type"] == FILE:
        attachment = _attachment(component["file"]["url"], attachments)
        component["file"] = _media(component["file"]["url"], attachments, new_id)
        component |= {"name": attachment and attachment.filename, "size": attachment and len(attachment.content)}


def _attachment(url: str, attachments: Sequence[Attachment]) -> Attachment | None:
    name = url.removeprefix(ATTACHED)
    return next((one for one in attachments if url.startswith(ATTACHED) and one.filename == name), None)


def _media(url: str, attachments: Sequence[Attachment], new_id: Callable[[], int]) -> Json:
    """Shape a piece of media (docs components/reference#unfurled-media-item; `id` as the OpenAPI document wants it)."""
    attachment = _attachment(url, attachments)
    if attachment is None:
        return {"id": str(new_id()), "url": url, "proxy_url": url}
    shape: Json = {"id": str(attachment.id), "url": attachment.url, "proxy_url": attachment.url}
    return shape | {"attachment_id": str(attachment.id), "content_type": attachment.content_type}
