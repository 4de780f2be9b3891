"""Which files a field takes, by the ends of their names (docs reference#file-type-filtering)."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# docs, the preset groups.
_GROUPS = {
    "image": ".png .gif .jpg .jpeg .jfif .webp .avif",
    "video": ".mp4 .mov .qt .webm",
    "audio": ".mp3 .m4a .wav .ogg .opus .flac",
}


def allows(types: Sequence[str] | None, filename: str) -> bool:
    """Tell whether a file may be handed over; without types any may.

    Args:
        types: Groups and extensions, as the bot named them.
        filename: The file's name; upper and lower case are the same.
    """
    if not types:
        return True
    extensions = {extension for one in types for extension in _GROUPS.get(one, one.lower()).split()}
    return PurePath(filename).suffix.lower() in extensions
