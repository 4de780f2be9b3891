"""Links that look like one address and lead to another show where they lead."""

from __future__ import annotations

import re
import time
import unicodedata
from collections import deque
from dataclasses import dataclass
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING

import regex
from yarl import URL

from discord_adapter.text.fences import Code, code_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# `[label](address "title")` as Discord's client finds it: the rule of simple-markdown, from which it was made. No part
# of it is longer than a message. Of labels that could end at several places both the longest and the shortest is read.
_LABELS = [
    regex.compile(
        rf"\[((?:\[[^\]]{{0,2000}}\]|[^\[\]]|\](?=[^\[]{{0,2000}}\])){{1,2000}}{shortest})\](?=\(\s*<?https?:)",
        regex.IGNORECASE,
    )
    for shortest in ("", "?")
]
# An address that is not as it should be ends at the first parenthesis.
_ADDRESS = re.compile(
    r"\(\s*<?https?:(?=[^)]{0,2000}\))"
    r"(?:((?>\([^)]{0,2000}\)|\\.|[^\s\\]){0,2000}?)>?(?:\s+['\"].{0,2000}?['\"])?\s*\)|([^\s)]*)[^)]*\))",
    re.DOTALL | re.IGNORECASE,
)
# What may begin one: no other bracket needs a closer look.
_BRACKET = re.compile(r"\[(?=(?s:.{1,2000})\]\()")
_ESCAPED = re.compile(r"\\([^0-9A-Za-z\s])")

# Seconds that a text may take; an ordinary answer takes some thousandths.
_SECONDS = 0.2

# A host name, or what passes for one.
_HOST = re.compile(r"(?:[\w-]+\.)+[^\W\d_]{2,}")

# Marks that are not seen as such, and what nobody sees: format characters, and marks on the character before.
_MARKS = str.maketrans("", "", "*_~|`\\")
_UNSEEN = {"Cf", "Mn", "Me"}

# What browsers take for a dot (Unicode, UTS #46) and NFKC leaves: the ideographic full stop, to which it also makes the
# halfwidth one.
_DOTS = str.maketrans("\u3002", ".")


def with_true_hosts(text: str) -> str:
    """The text, with the real host behind each masked link whose words look like another address.

    Discord itself shows the address when the link is clicked; who only reads must not be misled either. Previews,
    which would fetch what a link names, are off in our messages.

    Args:
        text: What Discord is to show: in what it takes for code nothing is a link.
    """
    notes: dict[int, str] = {}
    try:
        for link in _links(text, time.monotonic() + _SECONDS):
            if host := _hidden_host(link.label, link.address):
                notes.setdefault(link.end, f" (leads to {host})")
    except TimeoutError:
        # Nobody writes that many brackets in earnest: all that may be a link shows its host, whatever its words are.
        for address in _ADDRESS.finditer(text):
            _, shown = _host(address[1] or address[2] or "")
            notes.setdefault(address.end(), f" (leads to {shown})")
    ends = [0, *sorted(notes)]
    return "".join(text[start:end] + notes[end] for start, end in pairwise(ends)) + text[ends[-1] :]


@dataclass(frozen=True, slots=True)
class _Link:
    """What may be a link: its words, its address behind ``https:``, and where it ends in the text."""

    label: str
    address: str
    end: int


def _links(text: str, deadline: float) -> Iterator[_Link]:
    """What may be a link in a text, also within another one, since the outer one may be none after all.

    Raises:
        TimeoutError: That took until the deadline.
    """
    code = deque(code_in(text)) if "](" in text else deque[Code]()
    for bracket in _BRACKET.finditer(text):
        at = bracket.start()
        while code and (code[0].end or len(text)) <= at:
            code.popleft()
        if code and code[0].start <= at:
            continue
        for link in _links_at(text, at, deadline):
            yield link
            # A backtick in a link begins no code that goes on after it; from there on nothing is taken for code.
            if _goes_on_after(code, link.end):
                code.clear()


def _links_at(text: str, at: int, deadline: float) -> Iterator[_Link]:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    for label in filter(None, (pattern.match(text, at, timeout=left) for pattern in _LABELS)):
        if address := _ADDRESS.match(text, label.end()):
            yield _Link(label[1], address[1] or address[2] or "", address.end())


def _goes_on_after(code: Iterable[Code], end: int) -> bool:
    """Whether a piece of code begins before an end and ends after it."""
    return any(piece.end is None or piece.end > end for piece in takewhile(lambda piece: piece.start < end, code))


def _hidden_host(label: str, address: str) -> str | None:
    """The host that a link leads to where its words name another one, as it can be shown; else None."""
    named = {match[0] for match in _HOST.finditer(_as_seen(label))}
    # Whether Discord takes escapes out of an address is not documented.
    for one in (_ESCAPED.sub(r"\1", address), address):
        host, shown = _host(one)
        if any(name != host and not host.endswith(f".{name}") for name in named):
            return shown
    return None


def _host(address: str) -> tuple[str, str]:
    """The host of an address as words would name it, and as it can be shown."""
    try:
        # Browsers read a backslash as a slash, and need no particular number of them (WHATWG, URL).
        url = URL("https://" + address.replace("\\", "/").lstrip("/"))
        host, shown = _as_seen(url.host or "").rstrip("."), url.raw_host or ""
    except ValueError:
        host = shown = ""
    # Escaped, and not in backticks: one of these could end what a stray one before it begins.
    return host, re.sub(r"([^0-9A-Za-z.:-])", r"\\\1", shown) or "an unreadable address"


def _as_seen(text: str) -> str:
    """A text as it looks in Discord, in small letters."""
    plain = unicodedata.normalize("NFKC", text.translate(_MARKS)).translate(_DOTS).lower()
    return "".join(character for character in plain if unicodedata.category(character) not in _UNSEEN)
