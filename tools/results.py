"""What a tool gave back, as the text the model is shown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

NOTHING = "(the tool gave no output)"


def result_text(
    blocks: Sequence[Mapping[str, Any]],
    structured: Mapping[str, Any] | None,
    limit: int,
    redact: Callable[[str], str] = str,
) -> str:
    """Write the result of an MCP call as text.

    Text is taken as it is, and so is the text of an embedded resource; images, audio and other resources become
    one bracketed line each. Structured content is the result where there is no text: the MCP specification has
    servers repeat it as text.

    Args:
        blocks: Content blocks in the protocol's own JSON (``type``, ``text``, ``mimeType``, ...).
        structured: The result's ``structuredContent``.
        limit: Characters after which the text is cut; a last line then says how many were left out.
        redact: Takes secrets out, before a cut could leave half of one.
    """
    parts = [_block_text(block) for block in blocks]
    if structured is not None and not any(_has_text(block) for block in blocks):
        parts.append(json.dumps(structured, ensure_ascii=False))
    return capped(redact("\n".join(part for part in parts if part)) or NOTHING, limit)


def capped(text: str, limit: int) -> str:
    """Cut a text at so many characters, and say so in a line of its own."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}\n[cut here: {len(text) - limit:,} more characters were left out]"


def _has_text(block: Mapping[str, Any]) -> bool:
    return bool(block.get("text") or _resource(block).get("text"))


def _resource(block: Mapping[str, Any]) -> Mapping[str, Any]:
    return block.get("resource") or {}


def _block_text(block: Mapping[str, Any]) -> str:
    kind = str(block.get("type"))
    if kind == "text":
        return str(block.get("text", ""))
    if kind == "resource_link":
        about = [block.get(key) for key in ("uri", "title", "description", "mimeType")]
        return _line("link to a resource", about)
    if kind == "resource":
        resource = _resource(block)
        about = [resource.get("uri"), resource.get("mimeType"), _size(resource.get("blob"))]
        return "\n".join(filter(None, [_line(kind, about), resource.get("text")]))
    return _line(kind, [block.get("mimeType"), _size(block.get("data"))])


def _line(kind: str, about: Sequence[object]) -> str:
    return f"[{', '.join([kind, *(' '.join(str(fact).split()) for fact in about if fact)])}]"


def _size(base64: str | None) -> str | None:
    """Tell how large the bytes behind a base64 text are; four characters carry three bytes."""
    return f"{len(base64) * 3 // 4:,} bytes" if base64 else None
