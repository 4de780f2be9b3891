"""How long a text is for Discord, and where it can be cut without cutting a character that a person sees as one."""

from __future__ import annotations

import re

from wcwidth import grapheme_boundary_before

_SURROGATE = re.compile("[\ud800-\udfff]")


def units(text: str) -> int:
    """The length of a text in UTF-16 code units.

    Discord's documentation says "up to 2000 characters" (resources/message, create message). Its staff said that code
    points are counted (discord-api-docs issue 1315); its clients, in JavaScript, count code units. There are never
    fewer code units than code points, so what fits in code units fits however it is counted.
    """
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def end_within(text: str, limit: int) -> int:
    """How many of a text's code points make at most `limit` UTF-16 code units."""
    head = text[:limit]
    if units(head) <= limit:
        return len(head)
    return len(head.encode("utf-16-le", "surrogatepass")[: 2 * limit].decode("utf-16-le", "ignore"))


def character_start(text: str, at: int) -> int:
    """The last place, not after `at`, that is not inside a grapheme cluster (Unicode, UAX #29)."""
    return at if at >= len(text) else grapheme_boundary_before(text, at + 1)


def whole(text: str) -> str:
    """The text with surrogates in pairs joined, and those that stand alone replaced, since no JSON may carry them.

    A stream can bring the two halves of an emoji in two pieces.
    """
    if not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
