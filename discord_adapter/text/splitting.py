"""Cuts a text into messages that Discord takes, each readable by itself: code, lists, links and emoji stay whole."""

from __future__ import annotations

import re

from discord_adapter.text.cuts import best_cut
from discord_adapter.text.fences import (
    Code,
    closed,
    closing,
    line_start,
    open_fence,
    reopening,
    shows_nothing,
    unclosed,
)
from discord_adapter.text.lengths import end_within, units, whole

__all__ = ["MESSAGE_LIMIT", "closed", "open_fence", "split"]

# Discord's documentation, "Create Message": content is at most 2,000 characters.
MESSAGE_LIMIT = 2000

# Room for the fences around a character; what is shorter could not be cut at all.
_LEAST_LIMIT = 16

_BLANK_LINES = re.compile(r"(?:[^\S\n]*(?:\n|\Z))*")
_WHITE_SPACE_TO_LINE = re.compile(r"[^\S\n]*(?:\n(?:[^\S\n]*\n)*)?")
_CLOSES = re.compile(r"\s*```")
_CLOSES_IN_QUOTE = re.compile(r"(?:[^\S\n]*\n)?(?: *> [^\S\n]*\n)* *> [^\S\n]*```|(?<!\n)[^\S\n]*```")
_QUOTED_LINE = re.compile(r" *> ")


def split(text: str, limit: int = MESSAGE_LIMIT) -> list[str]:
    """The text in parts of at most `limit` UTF-16 code units; none of a blank text.

    Nothing is lost or changed but white space where it is cut. Where a code block does not fit in the rest of a part,
    it starts the next one; what is longer than a part is closed there and opened again, with its language, in the next.
    A block that is open at the end is closed.

    Where a part ends is decided by what comes before: text added at the end changes the last part only. (When backticks
    at the end of it turn what was read as a block into code within a line, the part before may change as well.)

    Raises:
        ValueError: The limit is below 16.
    """
    if limit < _LEAST_LIMIT:
        raise ValueError(f"A message of {limit} characters cannot be told apart from its fences.")
    text = whole(text).rstrip()
    at = _end(_BLANK_LINES, text, 0)
    parts: list[str] = []
    opening = ""
    while at < len(text):
        head = opening + text[at : at + limit + 1]
        if end_within(head, limit) == len(head) and units(last := closed(head, limit)) <= limit:
            parts.append(last)
            break
        part, taken, code = _first_part(head, len(opening), limit)
        if part:
            parts.append(part)
        at += taken - len(opening)
        at, opening = _after_code(text, at, head[:taken], code, limit) if code else _after_words(text, at, head[:taken])
    return parts


def _first_part(head: str, start: int, limit: int) -> tuple[str, int, Code | None]:
    """The first part of a text that is too long, how much that is of it, and the code block it ends in.

    Up to `start` it is what opens again what the part before had closed.
    """
    end = end_within(head, limit)
    while True:
        cut = best_cut(head, start, end)
        body = head[:cut]
        code = unclosed(body)
        if code is None:
            return (_trimmed(body) if body[start:].strip() else ""), cut, None
        if shows_nothing(body, code):
            before = line_start(body, code)
            return (_trimmed(body[:before]), before, None) if before > start else ("", cut, code)
        part = body.removesuffix("\n") + closing(code)
        if units(part) <= limit:
            return part, cut, code
        end = min(end, end_within(head, limit - units(closing(code))))


def _after_code(text: str, at: int, shown: str, code: Code, limit: int) -> tuple[int, str]:
    """Where the next part starts when this one ended in a code block, and what it starts with."""
    if closes := (_CLOSES_IN_QUOTE if code.quoted else _CLOSES).match(text, at):
        return _end(_WHITE_SPACE_TO_LINE, text, closes.end()), ""
    # Inside a code block blank lines count: only the line break at the cut goes, the closing fence brought its own.
    if not shown.endswith("\n") and text.startswith("\n", at):
        at += 1
        shown += "\n"
    if code.quoted and shown.endswith("\n") and not _QUOTED_LINE.match(text, at):
        return _end(_BLANK_LINES, text, at), ""
    fence = reopening(shown, code)
    if units(fence) > limit // 3:
        fence = fence[: fence.rindex("`") + 1]
    return at, f"{fence}\n> " if code.quoted and not shown.endswith("\n") else f"{fence}\n"


def _after_words(text: str, at: int, shown: str) -> tuple[int, str]:
    """The same where it ended outside of code: a quote goes on within its line."""
    if shown.endswith("\n"):
        return _end(_BLANK_LINES, text, at), ""
    line = shown[shown.rfind("\n") + 1 :]
    goes_on = not text.startswith("\n", at) and _QUOTED_LINE.match(line)
    return _end(_WHITE_SPACE_TO_LINE, text, at), "> " if goes_on else ""


def _trimmed(text: str) -> str:
    """The text without what is empty at its end: white space, and lines of a quote that say nothing."""
    text = text.rstrip()
    while text.endswith(">") and text[text.rfind("\n") + 1 :].strip() == ">":
        text = text[: text.rfind("\n") + 1].rstrip()
    return text


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at
