"""A person fills in a form that the bot showed, and sends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from playground import components as kinds
from playground.file_types import allows
from playground.interaction_metadata import metadata
from playground.interaction_payloads import begin, invocation
from playground.modal_checks import MAX_INPUT, needed
from playground.picking import BadInput, check_count, pick, pick_option
from playground.resolving import Resolved
from playground.uploads import MAX_FILE
from playground.values import MODAL_SUBMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from playground.interactions import Interaction
    from playground.values import Json, JsonValue, User
    from playground.world import World


def submit(world: World, user: User, asked: Interaction, given: Mapping[str, object]) -> Interaction:
    """Fill in a form and send it (docs receiving-and-responding, modal submit data structure).

    Args:
        world: Where.
        user: Who fills it in: the one it was shown to.
        asked: The interaction that the bot answered with the form.
        given: What goes into the fields, each named by its `custom_id` or its label; what is left out stays as the
            bot filled it in. A text for a text input; a list (or one thing) for a menu, a group of checkboxes or
            files, each of those its name, bytes and content type; an option for a radio group; a bool for a checkbox.

    Raises:
        BadInput: The form is not there, or would not be sent like this.
    """
    if asked.modal is None or asked.user.id != user.id:
        raise BadInput(f"No form was shown to {user.name}.")
    top: list[Json] = asked.modal["components"]
    fields = {id(field): value for field, value in _named(top, given)}
    resolved = Resolved(world, asked.channel)
    data: Json = {
        "custom_id": asked.modal["custom_id"],
        "components": [_answered(user, one, fields, resolved) for one in top],
    }
    if resolved.data:
        data["resolved"] = resolved.data
    about = {"triggering_interaction_metadata": metadata(invocation(asked))}
    return begin(
        world,
        user,
        asked.channel,
        MODAL_SUBMIT,
        asked.modal["custom_id"],
        data,
        owners=asked.owners,
        source=asked.source,
        metadata=about,
    )


def _named(top: list[Json], given: Mapping[str, object]) -> Iterator[tuple[Json, object]]:
    for name, value in given.items():
        field = kinds.find(top, name)
        if field is None or "custom_id" not in field:
            raise BadInput(f"The form has no field {name!r}.")
        yield field, value


def _answered(user: User, component: Json, fields: Mapping[int, object], resolved: Resolved) -> Json:
    """Shape one component as it comes back (docs, component interaction response structures)."""
    shape: Json = {"type": component["type"], "id": component["id"]}
    if component["type"] == kinds.TEXT_DISPLAY:
        return shape
    if component["type"] == kinds.LABEL:
        return shape | {"component": _answered(user, component["component"], fields, resolved)}
    if component["type"] == kinds.ACTION_ROW:
        return shape | {"components": [_answered(user, one, fields, resolved) for one in component["components"]]}
    shape["custom_id"] = component["custom_id"]
    value = fields.get(id(component))
    return shape | _FILLED[component["type"]](user, component, value, resolved)


def _text(_user: User, field: Json, value: object, _resolved: Resolved) -> Json:
    text = field.get("value") or "" if value is None else value
    if not isinstance(text, str):
        raise BadInput(f"{field['custom_id']!r} takes a text.")
    if not text and not needed(field):
        return {"value": ""}
    low = max(field.get("min_length") or 0, 1 if needed(field) else 0)
    high: int = field.get("max_length") or MAX_INPUT
    if not low <= len(text) <= high:
        raise BadInput(f"{field['custom_id']!r} takes {low} to {high} characters, not {len(text)}.")
    return {"value": text}


def _select(user: User, field: Json, value: object, resolved: Resolved) -> Json:
    values = _defaults(field) if value is None else _many(value)
    if not values and not needed(field):
        return {"values": []}
    return {"values": pick(user, field, values, resolved)}


def _files(_user: User, field: Json, value: object, resolved: Resolved) -> Json:
    # One file is a tuple of its name, bytes and content type; several are a list of those.
    files = [] if value is None else _many(value)
    if files or needed(field):
        check_count(field, len(files))
    return {"values": [_file(field, one, resolved) for one in files]}


def _file(field: Json, value: object, resolved: Resolved) -> str:
    match value:
        case (str() as name, bytes() as content, str() as content_type):
            if not allows(field.get("file_types"), name) or len(content) > MAX_FILE:
                raise BadInput(f"{field['custom_id']!r} does not take {name!r}.")
            return resolved.file(name, content, content_type)
        case _:
            raise BadInput(f"{field['custom_id']!r} takes files: name, bytes and content type of each.")


def _radio(_user: User, field: Json, value: object, _resolved: Resolved) -> Json:
    chosen = next(iter(_defaults(field)), None) if value is None else pick_option(field, value)
    if chosen is None and needed(field):
        raise BadInput(f"{field['custom_id']!r} needs a choice.")
    return {"value": chosen}


def _group(_user: User, field: Json, value: object, _resolved: Resolved) -> Json:
    picked = [pick_option(field, one) for one in (_defaults(field) if value is None else _many(value))]
    if picked or needed(field):
        # As many as there are, unless the bot says otherwise (docs, checkbox group structure).
        high = field.get("max_values") or len(field["options"])
        check_count(field | {"max_values": high}, len(picked))
    return {"values": picked}


def _checkbox(_user: User, field: Json, value: object, _resolved: Resolved) -> Json:
    checked = bool(field.get("default")) if value is None else value
    if not isinstance(checked, bool):
        raise BadInput(f"{field['custom_id']!r} is checked or not.")
    return {"value": checked}


def _many(value: object) -> list[object]:
    return list(cast("list[object]", value)) if isinstance(value, list) else [value]


def _defaults(field: Json) -> list[JsonValue]:
    """Give what the bot picked beforehand."""
    options: list[Json] = field.get("options") or []
    listed: list[Json] = field.get("default_values") or []
    return [one["value"] for one in options if one.get("default")] + [one["id"] for one in listed]


_FILLED: dict[int, Callable[[Any, Json, object, Resolved], Json]] = {
    kinds.TEXT_INPUT: _text,
    **dict.fromkeys(kinds.SELECTS, _select),
    kinds.FILE_UPLOAD: _files,
    kinds.RADIO_GROUP: _radio,
    kinds.CHECKBOX_GROUP: _group,
    kinds.CHECKBOX: _checkbox,
}
