"""Writes what others chose (arguments, names, reasons) so that nothing in it can be hidden, disguised or ping."""

from __future__ import annotations

import json
import re
import unicodedata
from functools import lru_cache

import regex

from discord_adapter.text.lengths import units

# Letters, marks and symbols that show nothing: grapheme joiner, Hangul fillers, Khmer inherent vowels, Mongolian and
# other variation selectors, Braille blank, the null notehead and two hieroglyphs that are blanks.
_BLANK = frozenset(
    map(
        chr,
        (
            *(0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, 0x1D159, 0x13441, 0x13442),
            *range(0x180B, 0x1810),
            *range(0xFE00, 0xFE10),
            *range(0xE0100, 0xE01F0),
        ),
    )
)

# How many marks of its own script a letter may carry: Thai and Hebrew take two, more begin to cover other lines.
_MARKS = 2

# What changes the character before it. Python's `re` would have to go through a list of them at every character.
_RUN_OF_MARKS = regex.compile(r"\p{M}+")

# What Discord reads as somebody's name, a channel, a command, an emoji or a time, wherever it stands.
_CALLS = re.compile(r"<(?=[@#/:]|a:|t:|id:)|@(?=everyone|here)")

_FENCE = "```"

# Deeply nested JSON in lines is mostly indentation, a hundred times the rest: beyond this many times it is one line.
# Whatever has no more than so many characters in lines is not.
_TIMES_IN_LINES = 4
_SHORT = 1000

_LINES = json.JSONEncoder(indent=2, ensure_ascii=False)

# Spaces in a row that could push what follows out of sight; those that begin a line are the JSON's own.
_WIDE = re.compile(r"(?<=[^\n ]) {4,}")


def exact(arguments: object) -> str:
    """Arguments as JSON in which nothing is disguised; it stays the same JSON.

    Written as escapes are: characters that cannot be seen, that look like a space or turn the text around; marks that
    change or cover other characters; backticks in threes, which would end the code block; what reads as a mention; and
    many spaces in a row.
    """
    line = json.dumps(arguments, ensure_ascii=False)
    text = _in_lines(arguments, max(_SHORT, _TIMES_IN_LINES * len(line))) or line
    return _revealed(text).replace(_FENCE, r"\u0060" * 3)


def _in_lines(arguments: object, room: int) -> str | None:
    """JSON in lines; None where it has no room in so many characters."""
    pieces: list[str] = []
    try:
        for piece in _LINES.iterencode(arguments):
            pieces.append(piece)
            room -= len(piece)
            if room < 0:
                return None
    except RecursionError:
        # Python writes lines with a function of its own, which goes less deep than the one for a single line.
        return None
    return "".join(pieces)


def inline(text: str, limit: int) -> str:
    """A text as inline code of at most `limit` UTF-16 units and a few; what was cut off is said.

    What stands there is the inside of a JSON string.
    """
    if not text:
        return "(empty)"
    end = min(len(text), limit)
    while units(shown := _word(text[:end])) > limit:
        end -= 1
    rest = "" if end == len(text) else f"… ({len(text):,} characters)"
    return f"`{shown}`{rest}"


def _word(text: str) -> str:
    return _revealed(json.dumps(text, ensure_ascii=False)[1:-1]).replace("`", r"\u0060")


def _revealed(text: str) -> str:
    """JSON with escapes for whatever would not show as what it is."""
    shown = _RUN_OF_MARKS.sub(_with_few_marks, text).translate(_Escapes())
    shown = _CALLS.sub(lambda found: _escape(found[0]), shown)
    return _WIDE.sub(lambda found: r"\u0020" * len(found[0]), shown)


class _Escapes(dict[int, str]):
    """What each character that shows nothing is written as, for `str.translate`; looked up once for each."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        self[code] = shown = _escape(character) if _hidden(character) else character
        return shown


def _hidden(character: str) -> bool:
    category = unicodedata.category(character)
    return character not in "\n " and (category[0] in "CZ" or character in _BLANK)


def _with_few_marks(found: regex.Match[str]) -> str:
    """A run of marks with escapes for those that are no vowels and points of the script of the letter before them."""
    text, at = found.string, found.start()
    script = _script(text[at - 1]) if at else None
    return "".join(
        mark if number < _MARKS and _script(mark) == script else _escape(mark) for number, mark in enumerate(found[0])
    )


@lru_cache(maxsize=4096)
def _script(character: str) -> str:
    return unicodedata.name(character, "").split(" ")[0]


@lru_cache(maxsize=4096)
def _escape(character: str) -> str:
    # Beyond the first plane JSON writes two halves of a pair.
    return json.dumps(character)[1:-1] if not " " <= character <= "~" else f"\\u{ord(character):04x}"
