"""Code as Discord's clients find it in a message: three backticks wherever they stand, up to the next three."""

from __future__ import annotations

import re
from dataclasses import dataclass

from discord_adapter.text.lengths import units

# The rule in Discord's own client, the same in its bundles of several years: no longer fences, no tildes, any column.
_BLOCK = re.compile(r"```(?:[a-z0-9_+\-.#]+?\n)?\n*[^\n].*?\n*```", re.IGNORECASE | re.DOTALL)
_INLINE = re.compile(r"(`+)(.*?[^`])\1(?!`)", re.DOTALL)
# What is to be looked at: an escaped character, a run of backticks.
_MARK = re.compile(r"\\[^0-9A-Za-z\s]|`+")

# A quote ends with the first line that does not go on with it, and so does the code inside.
_QUOTED = re.compile(r" *> ")
_QUOTE_MARKS = re.compile(r"^ *> ?", re.MULTILINE)
_QUOTE = re.compile(r" *> [^\n]*(?:\n *> [^\n]*)*")

_LANGUAGE = re.compile(r"[a-zA-Z0-9_+\-.#]{1,24}")
_MARKS_AT_END = re.compile(r"`+\Z")
_LAST_LINE_OF_MARKS = re.compile(r"(?:^|\n)[^\S\n]*(?:> *)?`{1,2}\Z")


@dataclass(frozen=True, slots=True)
class Code:
    """A piece of code in a text: from its first backtick to after its last, None while that has not come.

    Attributes:
        inline: Whether it is shown within a line.
        quoted: Whether it stands in a block quote, each line behind its own mark.
    """

    start: int
    end: int | None
    inline: bool = False
    quoted: bool = False


def code_in(text: str) -> list[Code]:
    """The code in a text, in order; only the last piece can be without end.

    Discord shows three backticks as they are when no other three follow. A text that grows, or goes on in the next
    message, has them still to come: it counts as code to the end.
    """
    found: list[Code] = []
    at = 0
    while mark := _MARK.search(text, at):
        at = mark.end()
        if mark[0][0] == "\\":
            continue
        code = _code_at(text, mark.start(), len(mark[0]))
        if code is None:
            continue
        found.append(code)
        if code.end is None:
            break
        at = code.end
    return found


def unclosed(text: str) -> Code | None:
    """The code block in which a text ends."""
    code = code_in(text)
    return code[-1] if code and code[-1].end is None else None


def open_fence(text: str) -> str | None:
    """What opens the code block in which a text ends, with its language; None when it ends outside of one."""
    code = unclosed(text)
    return None if code is None else reopening(text, code)


def reopening(text: str, code: Code) -> str:
    """What opens this code block again: quote mark, backticks, language."""
    info, line_break, _ = text[code.start + 3 :].partition("\n")
    word = info.split()[0] if line_break and info.strip() else ""
    language = word if _LANGUAGE.fullmatch(word) else ""
    return f"{'> ' if code.quoted else ''}```{language}"


def closing(code: Code) -> str:
    """What closes this code block on a line of its own."""
    return "\n> ```" if code.quoted else "\n```"


def shows_nothing(text: str, code: Code) -> bool:
    """Whether an unclosed code block has no code yet; Discord would take the closing mark for its content."""
    info, _, content = text[code.start + 3 :].partition("\n")
    if info.strip() and not _LANGUAGE.fullmatch(info.rstrip()):
        return False
    return not (_QUOTE_MARKS.sub("", content) if code.quoted else content).strip()


def before(text: str, code: Code) -> str:
    """The text before a code block, without the quote mark that belongs to it."""
    return text[: line_start(text, code)].rstrip()


def line_start(text: str, code: Code) -> int:
    """Where the line of a code block's opening starts; the opening itself where words stand before it."""
    at = text.rfind("\n", 0, code.start) + 1
    return at if not text[at : code.start].strip(" >\t") else code.start


def closed(text: str, limit: int | None = None) -> str:
    """The text with an open code block closed, for showing it while it still grows.

    With a limit, in UTF-16 code units, the shortest mark is taken where there is no room for a line of its own; a mark
    that has begun is completed.
    """
    code = unclosed(text)
    if code is None:
        return text
    if not text[code.start :].strip("`> \n"):
        return before(text, code) or text
    if _LAST_LINE_OF_MARKS.search(text):
        return text + "`" * (3 - len(_MARKS_AT_END.findall(text)[0]))
    shown = text.rstrip() + closing(code)
    if limit is None or units(shown) <= limit:
        return shown
    begun = _MARKS_AT_END.search(text)
    return text + "`" * (3 - len(begun[0]) if begun else 3)


def _code_at(text: str, start: int, marks: int) -> Code | None:
    at = text.rfind("\n", 0, start) + 1
    quote = _QUOTE.match(text, at) if _QUOTED.match(text, at, start) else None
    last = len(text) if quote is None or text[quote.end() :] == "\n" else quote.end()
    if marks >= 3:
        if block := _BLOCK.match(text, start, last):
            return Code(start, block.end(), quoted=quote is not None)
        if last == len(text):
            return Code(start, None, quoted=quote is not None)
    inline = _INLINE.match(text, start, last)
    return Code(start, inline.end(), inline=True) if inline else None
