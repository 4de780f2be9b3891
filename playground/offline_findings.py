"""What a plain request names that can become an argument: zones, paths, numbers, quotations and the like."""

import re
from dataclasses import dataclass
from typing import Self

from playground.zones import zones_in

QUOTED = re.compile(
    r"```(?:\w+\n)?(.+?)```|`([^`]+)`|\"([^\"]+)\"|“([^”]+)”|«([^»]+)»|(?<!\w)'([^']+)'(?!\w)", re.DOTALL
)
URL = re.compile(r"\bhttps?://[^\s<>\"'`]+[^\s<>\"'`.,;:!?)]")
PATH = re.compile(
    r"(?<![\w/.@])(?:~?\.{0,2}/)?(?:[\w.-]+/)*[\w-]+\.[A-Za-z]\w{0,4}\b(?!/)|(?<![\w/:<])(?:~|\.{1,2})?/[\w./-]*\w"
)
CLOCK_TIME = re.compile(
    r"\b([01]?\d|2[0-3]):([0-5]\d)(?::[0-5]\d)?\s*(am|pm)?\b|\b(1[0-2]|[1-9])\s*(am|pm)\b", re.IGNORECASE
)
DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})?)?\b")
MENTION = re.compile(r"<(@!?|@&|#)(\d+)>")
EMAIL = re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.]+\b")
DURATION = re.compile(
    r"\b(\d+(?:\.\d+)?|an?|half an)\s*(seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?)\b", re.IGNORECASE
)
NUMBER = re.compile(r"(?<![\w./:#@-])-?\d+(?:\.\d+)?(?![\w:/]|\.\d)")
FORMULA = re.compile(r"[-(]*\d[\d.\s]*(?:(?:\*\*|[-+*/^%()])[\s(]*[\d.][\d.\s)]*)+")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}

Span = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything of note in one clause of a request.

    Attributes:
        text: The clause.
        plain: The clause with quotations, links, paths and mentions blanked out, of the same length.
        quoted: Quotations without their marks.
        urls: Links.
        paths: File names and paths.
        zones: Time zones with their places in the text.
        times: Times of day as HH:MM.
        dates: Dates in ISO form.
        emails: Addresses.
        mentions: Pairs of Discord's sign (`@`, `@&`, `#`) and the id.
        seconds: Lengths of time.
        formula: The first arithmetic expression, or None.
    """

    text: str
    plain: str
    quoted: tuple[str, ...]
    urls: tuple[str, ...]
    paths: tuple[str, ...]
    zones: tuple[Span, ...]
    times: tuple[str, ...]
    dates: tuple[str, ...]
    emails: tuple[str, ...]
    mentions: tuple[tuple[str, str], ...]
    seconds: tuple[float, ...]
    formula: str | None

    @classmethod
    def of(cls, text: str) -> Self:
        """Look through one clause."""
        plain, quotations = _take(text, QUOTED)
        quoted = tuple(next(group for group in found.groups() if group) for found in quotations)
        plain, urls = _take(plain, URL)
        plain, mentions = _take(plain, MENTION)
        plain, emails = _take(plain, EMAIL)
        zones = tuple(zones_in(plain))
        plain, paths = _take(_blank(plain, [(start, end) for start, end, _ in zones]), PATH)
        dates, times = DATE.findall(plain), [_clock(found) for found in CLOCK_TIME.finditer(plain)]
        formula = FORMULA.search(text)
        return cls(
            text=text,
            plain=plain,
            quoted=quoted,
            urls=tuple(found[0] for found in urls),
            paths=tuple([found[0] for found in paths] + [each for each in quoted if PATH.fullmatch(each)]),
            zones=zones,
            times=tuple(times),
            dates=tuple(dates),
            emails=tuple(found[0] for found in emails),
            mentions=tuple((found[1].rstrip("!"), found[2]) for found in mentions),
            seconds=tuple(_seconds(found) for found in DURATION.finditer(plain)),
            formula=formula[0].strip() if formula else None,
        )

    @property
    def numbers(self) -> list[int | float]:
        """Numbers that are no part of a path, date or time."""
        plain = CLOCK_TIME.sub(" ", DATE.sub(" ", self.plain))
        return [number_of(found[0]) for found in NUMBER.finditer(plain)]

    def after(self, *markers: str) -> str | None:
        """The words behind the first of some markers ("in", "called"), up to the next preposition or the end.

        Args:
            *markers: Words, tried in this order.
        """
        for marker in markers:
            found = re.search(rf"(?<!\w){marker}\s+(?:the\s+|a\s+|an\s+)?", self.text, re.IGNORECASE)
            if found and (words := _phrase(self.text[found.end() :])):
                return words
        return None

    def all_after(self, marker: str) -> str | None:
        """Everything behind a marker, to the end of the clause."""
        found = re.search(rf"(?<!\w){marker}\s+(.+)", self.text, re.IGNORECASE | re.DOTALL)
        return found[1].strip(" .!?\"'`") if found else None

    def zones_after(self, marker: str) -> list[str]:
        """The zones that stand right behind a marker such as "from"."""
        return [z for start, _, z in self.zones if re.search(rf"\b{marker}\s+$", self.text[:start], re.IGNORECASE)]


def number_of(text: str) -> int | float:
    """A number from its digits, whole where it is whole."""
    return float(text) if "." in text else int(text)


def _phrase(rest: str) -> str:
    """The first phrase of a text, a quotation whole."""
    quotation = QUOTED.match(rest)
    if quotation:
        return next(group for group in quotation.groups() if group)
    ended = re.split(
        r"\s+(?:to|in|into|from|with|for|at|on|by|and|as|using|please)\s+|[,;!?]|\.(?:\s|$)|\s+please\b", rest
    )
    return ended[0].strip()


def _take(text: str, pattern: re.Pattern[str]) -> tuple[str, list[re.Match[str]]]:
    found = list(pattern.finditer(text))
    return _blank(text, [each.span() for each in found]), found


def _blank(text: str, spans: list[tuple[int, int]]) -> str:
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def _clock(found: re.Match[str]) -> str:
    hour, minute = int(found[1] or found[4]), int(found[2] or 0)
    half = (found[3] or found[5] or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    return f"{hour:02}:{minute:02}"


def _seconds(found: re.Match[str]) -> float:
    count = {"a": 1.0, "an": 1.0, "half an": 0.5}.get(found[1].lower())
    return (float(found[1]) if count is None else count) * SECONDS[found[2][0].lower()]
