"""Checks embeds against Discord's limits and gives them the shape in which they are read back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playground.errors import invalid_form

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playground.values import Attachment, Json

# "Up to 10 rich embeds" (docs resources/message#create-message).
MAX_EMBEDS = 10
# docs resources/message#embed-object-embed-limits
MAX_FIELDS = 25
MAX_TOGETHER = 6000
_LIMITS = {"title": 256, "description": 4096, "footer.text": 2048, "author.name": 256}
_FIELD_LIMITS = {"name": 256, "value": 1024}
# "you can set every field except ..." (docs resources/message#create-message-limitations).
_NOT_SETTABLE = ("type", "provider", "video", "flags")
_ATTACHMENT = "attachment://"


def check(embeds: list[Json]) -> None:
    """Refuse embeds that are too many or too long.

    Leading and trailing whitespace does not count (docs: embed limits). The word of the error for all embeds
    together is the one users quote from Discord (assumed).
    """
    if len(embeds) > MAX_EMBEDS:
        raise _too_long("embeds", MAX_EMBEDS)
    for number, embed in enumerate(embeds):
        if len(_fields(embed)) > MAX_FIELDS:
            raise _too_long(f"embeds.{number}.fields", MAX_FIELDS)
        for path, limit, text in _texts(embed):
            if len(text) > limit:
                raise _too_long(f"embeds.{number}.{path}", limit)
    if sum(len(text) for embed in embeds for _, _, text in _texts(embed)) > MAX_TOGETHER:
        text = f"Embed size exceeds maximum size of {MAX_TOGETHER}"
        raise invalid_form("embeds", "MAX_EMBED_SIZE_EXCEEDED", text)


def _too_long(path: str, limit: int) -> Exception:
    return invalid_form(path, "BASE_TYPE_MAX_LENGTH", f"Must be {limit} or fewer in length.")


def _fields(embed: Json) -> list[Json]:
    return embed.get("fields") or []


def _texts(embed: Json) -> Iterator[tuple[str, int, str]]:
    """Give the path, the limit and the trimmed text of everything that counts."""
    for path, limit in _LIMITS.items():
        outer, _, inner = path.partition(".")
        value: Any = embed.get(outer) or {}
        text = value.get(inner) if inner else value
        yield path, limit, str(text or "").strip()
    for number, field in enumerate(_fields(embed)):
        for name, limit in _FIELD_LIMITS.items():
            yield f"fields.{number}.{name}", limit, str(field.get(name) or "").strip()


def made(embeds: list[Json], attachments: list[Attachment]) -> list[Json]:
    """Give embeds their final shape: rich, with the addresses of the files they show by name.

    Args:
        embeds: As the request has them, or as the message had them.
        attachments: The files of the message.
    """
    files = {one.filename: one for one in attachments}
    return [_made(embed, files) for embed in embeds]


def _made(embed: Json, files: dict[str, Attachment]) -> Json:
    shape: Json = {key: value for key, value in embed.items() if key not in _NOT_SETTABLE and value is not None}
    shape["type"] = "rich"
    for key in ("image", "thumbnail"):
        if key in shape:
            shape[key] = _image(shape[key], files)
    for key in ("author", "footer"):
        named = _named(shape.get(key, {}).get("icon_url"), files)
        if named is not None:
            shape[key] = shape[key] | {"icon_url": named.url, "proxy_icon_url": named.url}
    if _fields(embed):
        shape["fields"] = [{"inline": False} | field for field in _fields(embed)]
    return shape


def _image(image: Json, files: dict[str, Attachment]) -> Json:
    named = _named(image.get("url"), files)
    if named is None:
        return image
    shape: Json = {"url": named.url, "proxy_url": named.url}
    return shape if named.size is None else shape | dict(zip(("width", "height"), named.size, strict=True))


def _named(url: str | None, files: dict[str, Attachment]) -> Attachment | None:
    """Find the file that an address such as `attachment://plot.png` names (docs reference#uploading-files)."""
    return files.get(url.removeprefix(_ATTACHMENT)) if url and url.startswith(_ATTACHMENT) else None


def shown(embeds: list[Json]) -> set[str]:
    """Give the addresses that embeds show; files among them are not listed again (docs: message structure)."""
    images = [embed[key].get("url") for embed in embeds for key in ("image", "thumbnail") if key in embed]
    icons = [embed[key].get("icon_url") for embed in embeds for key in ("author", "footer") if key in embed]
    return {str(url) for url in images + icons if url}
