"""Where a text is best cut when it must be cut: between paragraphs, items, lines, sentences, words, characters."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from discord_adapter.text.fences import Code, code_in, line_start
from discord_adapter.text.lengths import character_start

if TYPE_CHECKING:
    from collections.abc import Iterator

# A better kind of place is taken when it leaves at least this share of a message filled.
_GOOD_FILL = 0.5
# A code block that does not fit any more starts the next message when this one is at least so full without it.
# Nothing that fits in the rest, three quarters of a message, is ever cut.
_LEAST_FILL = 0.25

_ITEM = re.compile(r"[^\S\n]*(?:>[^\S\n]*)?(?:[-*+]|\d{1,9}[.)])[^\S\n]")
_INDENTED = re.compile(r"(?:>[^\S\n])?[^\S\n]{2}|\t")
_BLANK = re.compile(r"[^\S\n]*(?:>[^\S\n]*)?(?:\n|\Z)")
# What announces the next line: a heading, a line of bold text, a line that ends in a colon.
_ANNOUNCES = re.compile(r"#{1,3} .*|[^\S\n]*\*\*[^\n]*\*\*:?[^\S\n]*|.*[:\uff1a](?:\*\*)?[^\S\n]*")
_HEADING = re.compile(r"#{1,3} ")

_SENTENCE = re.compile(
    r"[.!?\u2026]+[\"'\u201d\u2019\u00bb)\]*_]*(?=\s)|[\u3002\uff01\uff1f][\u300d\u300f\u201d\uff09]*"
)
_WORD = re.compile(r"\s+|[\uff0c\u3001\uff1b\uff1a]")

# The beginnings of a link and of Discord's own tokens, where what is looked at ends.
_BEGUN = r"(?:h(?:t(?:t(?:ps?(?::/{0,2})?)?)?)?|<(?:a|t|id?)?)\Z"
# What Discord reads as one thing (its documentation, reference, message formatting), links, escapes, and the mark of a
# line with what it marks. Never cut; where it goes on past the end of what is looked at, neither.
_WHOLE = re.compile(
    r"<(?:@[!&]?|#|a?:|t:|id:|/)[^<>\n]{0,120}(?:>|\Z)"
    r"|!?\[[^\[\]\n]*\]\([^\s()]*(?:\([^\s()]*\)[^\s()]*)*(?:\)|\Z)"
    r"|<?https?://[^\s<>]+>?"
    r"|\\\S"
    r"|(?m:^)(?:[^\S\n]|(?:>|[-*+]|-?\#{1,3}|\d{1,9}[.)])(?:[^\S\n]|\Z))+(?:\S|\Z)"
    rf"|{_BEGUN}"
)
_LINK_AT_END = re.compile(rf"(?:https?://\S*|<(?:@[!&]?|#|a?:|t:|id:)[^<>\s]{{0,60}})\Z|{_BEGUN}")
_MARKS_AT_END = re.compile(r"`+\Z")
_SPOILER = re.compile(r"\|\|.+?(?:\|\||(\Z))", re.DOTALL)
# What is better not cut: bold and the like within a paragraph, and what begins here and may end later.
_BETTER_WHOLE = re.compile(r"(\*\*|__|~~)(?=\S)(?:(?!\n\s*\n).)+?(?:(?<=\S)\1|\Z)|\[[^\[\]\n]*\Z|`[^`\n]+\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Place:
    """A place to cut; the lower its rank, the better."""

    rank: int
    at: int


# How far before a link a cut may fall, so that a bracket stays with it.
_NEAR = 8

_PARAGRAPH, _ITEM_START, _LINE, _SENTENCE_END, _WORD_END, _AFTER_ANNOUNCEMENT = range(6)


class _Ranges:
    """Ranges of a text; overlapping ones are one."""

    def __init__(self, ranges: list[tuple[int, int]]) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in sorted(ranges):
            if self._ends and start < self._ends[-1]:
                self._ends[-1] = max(end, self._ends[-1])
            else:
                self._starts.append(start)
                self._ends.append(end)

    def around(self, at: int) -> int | None:
        """Where the range starts inside which a place is; None when it is in none."""
        index = bisect_right(self._starts, at) - 1
        return self._starts[index] if index >= 0 and self._starts[index] < at < self._ends[index] else None


def best_cut(text: str, start: int, end: int) -> int:
    """Where to cut a text that goes on after `end`: after `start`, at `end` at the latest.

    What is after the character at `end` has no influence, so that a text that grows is cut where it was.
    """
    code = code_in(text[:end])
    block = code[-1] if code and code[-1].end is None else None
    fill = end - start
    good, least = start + fill * _GOOD_FILL, start + fill * _LEAST_FILL
    if block is not None:
        opening = line_start(text, block)
        if opening <= max(least, start):
            return _cut_in_code(text, block, start, end, int(good))
        end, code = opening, code[:-1]
    whole, better_whole = _ranges(text, end, code)
    places = [*_line_starts(text, start, end, code, before_code=block is not None)]
    places += _ends_within_lines(text, start, end)
    for ranges, fewest in ((better_whole, good), (better_whole, least), (whole, least)):
        fitting = [place for place in places if place.at >= min(fewest, end) and ranges.around(place.at) is None]
        for place in sorted(fitting, key=lambda place: (place.rank, -place.at)):
            if character_start(text, place.at) == place.at:
                return place.at
    return _hard_cut(text, start, end, whole, places)


def _cut_in_code(text: str, block: Code, start: int, end: int, good: int) -> int:
    for mark in ("\n\n", "\n", " "):
        at = text.rfind(mark, max(good, block.start + 1), end + 1)
        cut = min(at + len(mark), end)
        if at > 0 and character_start(text, cut) == cut:
            return cut
    link = _LINK_AT_END.search(text, block.start, end)
    cut = link.start() if link and link.start() > start else character_start(text, end)
    return cut if cut > start else end


def _hard_cut(text: str, start: int, end: int, whole: _Ranges, places: list[_Place]) -> int:
    """A cut within a word, where even that is too long; before a link or the like, unless it is all there is."""
    opening = whole.around(end)
    if opening is not None and opening > start:
        return max((place.at for place in places if opening - _NEAR < place.at <= opening), default=opening)
    cut = character_start(text, end)
    return cut if cut > start else end


def _ranges(text: str, end: int, code: list[Code]) -> tuple[_Ranges, _Ranges]:
    """What is never to be cut, and that together with what is better not cut."""
    masked = list(text[:end])
    never: list[tuple[int, int]] = []
    for piece in code:
        after = piece.end or end
        masked[piece.start : after] = "x" * (after - piece.start)
        never.append((piece.start, after))
    if text.startswith("`", end) and (marks := _MARKS_AT_END.search(text, 0, end)):
        never.append((marks.start(), end + 1))
    plain = "".join(masked)
    never += [_range(match, plain) for match in _WHOLE.finditer(plain)]
    spoilers = list(_SPOILER.finditer(plain))
    never += [_range(match, plain) for match in spoilers if match[1] is None]
    rather_not = [_range(match, plain) for match in (*spoilers, *_BETTER_WHOLE.finditer(plain))]
    return _Ranges(never), _Ranges(never + rather_not)


def _range(match: re.Match[str], text: str) -> tuple[int, int]:
    """Where something stands; what reaches the end of what is looked at may go on after it."""
    return match.start(), match.end() + (match.end() == len(text))


def _ends_within_lines(text: str, start: int, end: int) -> Iterator[_Place]:
    for rank, pattern in ((_SENTENCE_END, _SENTENCE), (_WORD_END, _WORD)):
        for match in pattern.finditer(text, start, end + 1):
            at = min(match.end(), end)
            if start < at:
                yield _Place(rank, at)


def _line_starts(text: str, start: int, end: int, code: list[Code], *, before_code: bool) -> Iterator[_Place]:
    """The places between lines, outside of code blocks; `before_code`, when a code block starts at `end`."""
    inside = _Ranges([(piece.start, piece.end or end) for piece in code if not piece.inline])
    after_code = {text.find("\n", piece.end) + 1 for piece in code if piece.end and not piece.inline}
    listed, blank, announced = False, True, False
    depth = 0
    at = start
    while True:
        line_end = text.find("\n", at, end)
        line = text[at : end if line_end < 0 else line_end]
        if inside.around(at) is not None:
            announced = blank = False
        elif _BLANK.match(line):
            blank = True
        else:
            item = _ITEM.match(line)
            indentation = len(line) - len(line.lstrip(" \t>"))
            begins = bool(item) and not listed
            listed = bool(item) or (listed and (bool(_INDENTED.match(line)) or not blank))
            depth = indentation if begins else depth
            if announced:
                rank = _AFTER_ANNOUNCEMENT
            elif begins or (not listed and (blank or at in after_code or _HEADING.match(line))):
                rank = _PARAGRAPH
            else:
                rank = _ITEM_START if item and indentation <= depth else _LINE
            if at > start:
                yield _Place(rank, at)
            announced, blank = _ANNOUNCES.fullmatch(line) is not None, False
        if line_end < 0 or line_end + 1 >= end:
            break
        at = line_end + 1
    if before_code or text.startswith("\n", end) or text[end - 1] == "\n":
        yield _Place(_AFTER_ANNOUNCEMENT if announced else _PARAGRAPH if before_code and not listed else _LINE, end)
