"""Code blocks as a model means them, which is CommonMark, and how they are written so that Discord shows the same."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# A fence of backticks behind quote marks, however much indentation and a list's mark; tildes are words in Discord.
_OPENING = re.compile(
    r"^(?P<prefix>[ \t]*(?:>[ \t]*)*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?)(?P<marks>`{3,})(?P<info>[^`\n]*)$", re.M
)
_CLOSINGS = "^[ \t]*(?:>[ \t]*)*`{{{marks},}}[ \t\r]*$"
_NOT_QUOTED = re.compile(r"^(?![ \t]*>)", re.MULTILINE)

_EMPTY_IN_QUOTE = re.compile(r"^( *>)(?=\n)", re.MULTILINE)

_MARKS = re.compile("`{3,}")
_INLINE_IN_LINE = re.compile(r"(?<!`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)|\\?`{3,}")
# Lines longer than this stay as they are, so that how a long line ends does not change its beginning.
_LONGEST_LINE = 500

# Between backticks it is not seen, and Discord does not count them together.
_INVISIBLE = "\u200b"


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A fenced block of code in a text.

    Attributes:
        start: Where the line of its opening fence starts.
        end: Where the line of its closing fence ends, before the line break; the text's end when it is not closed.
        code_start: Where the first line of code starts.
        code_end: Where the line of the closing fence starts.
        prefix: What stands before the opening fence: quote marks, indentation, a list's mark.
        marks: The backticks of the opening fence.
        info: What is behind them: the language and more.
        closed: Whether it has a closing fence.
    """

    start: int
    end: int
    code_start: int
    code_end: int
    prefix: str
    marks: str
    info: str
    closed: bool

    def code(self, text: str) -> str:
        """The code itself, exact, without what stands before each line because of quotes and indentation."""
        quotes = self.prefix.count(">")
        indentation = len(self.prefix.rpartition(">")[2].removeprefix(" " if quotes else ""))
        before = re.compile(rf"^(?:[ \t]*> ?){{{quotes}}}[ \t]{{0,{indentation}}}", re.MULTILINE)
        return before.sub("", text[self.code_start : self.code_end])


def code_blocks(text: str) -> Iterator[CodeBlock]:
    """The fenced code blocks of a text, in order, as CommonMark closes them; any indentation will do."""
    at, quote_end = 0, 0
    while opening := _OPENING.search(text, at):
        line_end = opening.end()
        last = len(text)
        if ">" in opening["prefix"]:
            if quote_end <= line_end:
                after = _NOT_QUOTED.search(text, line_end + 1)
                quote_end = after.start() if after else len(text)
            last = quote_end
        code_start = min(line_end + 1, len(text))
        closing = re.compile(_CLOSINGS.format(marks=len(opening["marks"])), re.MULTILINE).search(text, code_start, last)
        end = closing.end() if closing else last if last == len(text) else max(last - 1, line_end)
        yield CodeBlock(
            opening.start(),
            end,
            min(code_start, end),
            closing.start() if closing else end,
            opening["prefix"],
            opening["marks"],
            opening["info"].strip(),
            closing is not None,
        )
        at = end


def shown(text: str) -> str:
    """The text so that Discord shows as code and as quotes what is meant as such, and nothing else.

    Discord's client knows fences of three backticks only, and ends a block at the next three wherever they stand. So
    longer fences become three, backticks inside a block are set apart by an invisible character, a block without
    code gets a blank, one that ends with its quote is closed, and backticks in threes among words are escaped. An empty
    line of a quote gets the space without which its mark is shown. All other text is left exactly as it is.
    """
    pieces: list[str] = []
    at = 0
    for block in code_blocks(text):
        pieces += [_among_words(text[at : block.start]), _as_discord_reads_it(block, text)]
        at = block.end
    pieces.append(_among_words(text[at:]))
    return "".join(pieces)


def apart(code: str) -> str:
    """Code in which no three backticks follow each other, to be shown in a block."""
    return _MARKS.sub(lambda marks: _INVISIBLE.join(marks[0]), code)


def _as_discord_reads_it(block: CodeBlock, text: str) -> str:
    opening, code = text[block.start : block.code_start], text[block.code_start : block.code_end]
    closing = text[block.code_end : block.end]
    quote = "> " if ">" in block.prefix else ""
    if ends_with_quote := not block.closed and block.end < len(text):
        closing = f"\n{quote}```"
    if (block.closed or ends_with_quote) and not block.code(text).strip():
        opening, code, closing = opening.rstrip("\n"), f"\n{quote} ", "\n" + closing.lstrip("\n")
    return opening.replace(block.marks, "```", 1) + apart(code) + _MARKS.sub("```", closing)


def _among_words(text: str) -> str:
    text = _EMPTY_IN_QUOTE.sub(r"\1 ", text)
    if "```" not in text:
        return text
    return "\n".join(
        _INLINE_IN_LINE.sub(_escaped, line) if "```" in line and len(line) <= _LONGEST_LINE else line
        for line in text.split("\n")
    )


def _escaped(found: re.Match[str]) -> str:
    """Code within a line as it is; backticks that belong to none, escaped."""
    return found[0] if found[1] else "\\`" * found[0].count("`")
