"""A form that the bot shows, as HTML, and what was filled in."""

import html
from collections.abc import Mapping, Sequence
from typing import Any

from playground import components as kinds
from playground.modal_checks import needed
from playground.page.markup import to_html
from playground.page.rows import Looking
from playground.page.usable import option_tags, options

Json = dict[str, Any]


def form(modal: Json, looking: Looking) -> str:
    """The fields of a form; a field for files is named, but this page hands over none."""
    fields = "".join(_shown(one, looking) for one in modal["components"])
    return (
        '<form class="slash-form" data-testid="modal-form" autocomplete="off">'
        f'<div class="slash-head"><b>{html.escape(modal["title"])}</b><span></span>'
        '<button type="button" class="close" data-act="close-form" title="Close">✕</button></div>'
        f'<div class="fields">{fields}</div>'
        '<button type="submit" class="send" data-testid="modal-send">Submit</button></form>'
    )


def filled(modal: Json, values: Mapping[str, Sequence[str]]) -> dict[str, object]:
    """What goes into the fields, as `LocalDiscord.submit` takes it.

    Args:
        modal: The form.
        values: What stands in the form's controls, by `custom_id`.
    """
    named = [one for _, one in kinds.walk(modal["components"]) if "custom_id" in one]
    taken = {one["custom_id"]: _value(one["type"], values.get(one["custom_id"], ())) for one in named}
    return {name: value for name, value in taken.items() if value is not None}


def _value(kind: int, values: Sequence[str]) -> object:
    if kind == kinds.TEXT_INPUT:
        return values[0] if values else ""
    if kind == kinds.CHECKBOX:
        return bool(values)
    if kind == kinds.RADIO_GROUP:
        return next(iter(values), "") or None
    return None if kind == kinds.FILE_UPLOAD else [value for value in values if value]


def _shown(component: Json, looking: Looking) -> str:
    if component["type"] == kinds.TEXT_DISPLAY:
        return f"<div>{to_html(component['content'], looking.names)}</div>"
    inner: Json = component["component"] if component["type"] == kinds.LABEL else component["components"][0]
    words = html.escape(component.get("label") or inner.get("label") or "")
    # A checkbox alone can be left alone (docs components/reference#checkbox).
    must = needed(inner) and inner["type"] != kinds.CHECKBOX
    mark = '<em title="required">*</em>' if must else "<i>optional</i>"
    said = f"<small>{html.escape(component.get('description') or '')}</small>"
    # A group of boxes is no single thing to label: a click on the words would tick the first.
    tag = "fieldset" if inner["type"] == kinds.CHECKBOX_GROUP else "label"
    return f"<{tag}><span>{words} {mark}</span>{_control(inner, looking)}{said}</{tag}>"


def _control(field: Json, looking: Looking) -> str:
    name = html.escape(field["custom_id"])
    about = f'name="{name}" data-testid="field-{name}"'
    kind = field["type"]
    if kind == kinds.TEXT_INPUT:
        return _text(field, about)
    if kind == kinds.FILE_UPLOAD:
        return "<i>Files cannot be handed over on this page.</i>"
    if kind == kinds.CHECKBOX:
        return f'<input type="checkbox" value="on" {about}{" checked" if field.get("default") else ""}>'
    if kind == kinds.CHECKBOX_GROUP:
        return "".join(
            f'<label class="box"><input type="checkbox" {about} value="{html.escape(value)}"'
            f"{' checked' if chosen else ''}> {html.escape(shown)}</label>"
            for value, shown, chosen in options(field, looking)
        )
    many = " multiple" if kind != kinds.RADIO_GROUP and field["max_values"] > 1 else ""
    empty = "" if many else '<option value=""></option>'
    return f"<select {about}{many}>{empty}{option_tags(field, looking)}</select>"


def _text(field: Json, about: str) -> str:
    limits = "".join(
        f' {key}="{int(field[given])}"'
        for key, given in (("minlength", "min_length"), ("maxlength", "max_length"))
        if field.get(given)
    )
    attributes = f"{about}{limits}{' required' if needed(field) else ''}"
    attributes += f' placeholder="{html.escape(field.get("placeholder") or "")}"'
    value = html.escape(field.get("value") or "")
    # A paragraph (docs components/reference#text-input-text-input-styles).
    if field["style"] == 2:
        return f'<textarea rows="4" {attributes}>{value}</textarea>'
    return f'<input type="text" {attributes} value="{value}">'
