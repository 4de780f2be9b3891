"""What hangs on a message, as HTML: files and embeds."""

import html
from typing import Any, cast

from playground.page.emoji import icon
from playground.page.markup import Names, to_html
from playground.values import Attachment


def attachment(attached: Attachment) -> str:
    """A picture, or a file to download."""
    name, url = html.escape(attached.filename), html.escape(attached.url)
    if (attached.content_type or "").startswith("image/"):
        return f'<a href="{url}" target="_blank"><img class="picture" src="{url}" alt="{name}"></a>'
    size = len(attached.content)
    shown = f"{size} bytes" if size < 1024 else f"{size / 1024:.1f} KB"
    return (
        f'<div class="file"><span class="file-icon">{icon("description")}</span>'
        f'<div><a href="{url}" target="_blank">{name}</a><small>{shown}</small></div></div>'
    )


def embed(shape: dict[str, Any], names: Names) -> str:
    """An embed: title, description, fields and footer beside a coloured line."""
    colour = f"#{int(shape.get('color') or 0x1E1F22):06x}"
    title, said = (to_html(str(shape.get(part) or ""), names) for part in ("title", "description"))
    fields = "".join(_field(each, names) for each in cast("list[dict[str, Any]]", shape.get("fields") or []))
    picture = cast("dict[str, Any]", shape.get("image") or shape.get("thumbnail") or {}).get("url")
    image = f'<img class="picture" src="{html.escape(str(picture))}" alt="">' if picture else ""
    footer = html.escape(str(cast("dict[str, Any]", shape.get("footer") or {}).get("text", "")))
    return (
        f'<div class="embed" style="border-color:{colour}"><div class="embed-title">{title}</div><div>{said}</div>'
        f'<div class="fields">{fields}</div>{image}<small>{footer}</small></div>'
    )


def _field(field: dict[str, Any], names: Names) -> str:
    css = "embed-field inline" if field.get("inline") else "embed-field"
    name, value = to_html(str(field["name"]), names), to_html(str(field["value"]), names)
    return f'<div class="{css}"><b>{name}</b><div>{value}</div></div>'
