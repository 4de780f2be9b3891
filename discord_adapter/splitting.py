"""Cuts a text into messages that Discord takes, at a paragraph, line or word, with code fences closed and reopened."""

from __future__ import annotations

import re

# Discord's documentation, "Create Message": content is at most 2,000 characters.
MESSAGE_LIMIT = 2000

# A fence as Discord reads it: however far indented, and of backticks only.
_FENCE = re.compile(r"^[^\S\n]*(`{3,10})([^\n`]*)$", re.MULTILINE)

_LONGEST_LANGUAGE = 30

# A cut at a better place is taken when it fills at least this share of a message.
_LEAST_FILL = 0.5


def split(text: str, limit: int = MESSAGE_LIMIT) -> list[str]:
    """The text in parts of at most `limit` characters, nothing lost.

    Where a part ends is decided by what comes before, so text added at the end changes the last part only. Where a
    part ends inside a code fence, the fence is closed there and opened again, with its language, in the next part.
    """
    parts: list[str] = []
    opening = ""
    rest = text
    while len(opening) + len(rest) > limit:
        part, rest, opening = _first_part(opening, rest, limit)
        parts.append(part)
    parts.append(opening + rest)
    return parts


def open_fence(text: str) -> str | None:
    """What opens the code fence in which a text ends, mark and language; None when it ends outside of one."""
    opening: str | None = None
    mark = ""
    for match in _FENCE.finditer(text):
        ticks, info = match.group(1), match.group(2).strip()
        if opening is None:
            opening, mark = ticks + "".join(info.split()[:1])[:_LONGEST_LANGUAGE], ticks
        elif len(ticks) >= len(mark) and not info:
            opening = None
    return opening


def closed(text: str) -> str:
    """The text with an open code fence closed, for showing it while it still grows."""
    opening = open_fence(text)
    return text if opening is None else f"{text.rstrip()}\n{_mark(opening)}"


def _first_part(opening: str, rest: str, limit: int) -> tuple[str, str, str]:
    """The first part of a text that is too long, what is left, and the fence to open before it."""
    room = limit - len(opening)
    closing = ""
    while True:
        cut = _cut(rest, room - len(closing))
        fence = open_fence(opening + rest[:cut])
        needed = f"\n{_mark(fence)}" if fence else ""
        if len(needed) <= len(closing):
            break
        closing = needed
    if fence is None:
        return opening + rest[:cut].rstrip("\n"), rest[cut:].lstrip("\n"), ""
    # Inside a code block blank lines count: only the line break at the cut goes, the closing fence brings its own.
    return opening + rest[:cut].removesuffix("\n") + needed, rest[cut:], f"{fence}\n"


def _cut(text: str, room: int) -> int:
    """Where to cut so that at most `room` characters come before it."""
    least = int(room * _LEAST_FILL)
    for mark in ("\n\n", "\n", " "):
        at = text.rfind(mark, least, room)
        if at > 0:
            return at + len(mark)
    return room


def _mark(opening: str) -> str:
    return opening[: len(opening) - len(opening.lstrip(opening[0]))]
