"""A file that came with what a person wrote: where it is, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attached:
    """One file, not fetched yet; plain data, since a turn's row in the journal holds it.

    Attributes:
        url: Where its content is.
        filename: Its name, as the person gave it.
        size: Bytes, as the place says where it came from.
        content_type: What that place takes it for.
        quoted: Whether it hangs on a message that the person referred to, and not on their own.
    """

    url: str
    filename: str
    size: int
    content_type: str | None = None
    quoted: bool = False
