"""Markdown tables, which Discord does not render, as aligned code blocks or as lists."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from discord_adapter.text.code_blocks import code_blocks
from discord_adapter.text.table_forms import Alignment, Table, drawn

if TYPE_CHECKING:
    from collections.abc import Iterator

# The row below a table's header: dashes, colons for the alignment, pipes between.
_DELIMITER = re.compile(r"^(?P<prefix>[ \t>]*)(?P<row>[|:-][-|: \t]*)\r?$", re.MULTILINE)
_DELIMITER_CELL = re.compile(r"(:?)-+(:?)")
_BEFORE = re.compile(r"[ \t]*(?:>[ \t]*)*")
_LIST_MARK = re.compile(r"(?:[-*+]|\d{1,9}[.)])[ \t]+(?=\|)")

# A pipe between cells: not escaped.
_PIPE = re.compile(r"(?<!\\)((?:\\\\)*)\|")
_CODE_OR_PIPE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)|\\.|(\|)")
# Code in a longer row is not looked for.
_LONGEST_PARSED = 2000


@dataclass(frozen=True, slots=True)
class _Found:
    """A table and where its lines stand in the text."""

    start: int
    end: int
    table: Table


def rendered(text: str) -> str:
    """The text with its tables as Discord can show them; everything else is left exactly as it is.

    Tables are GitHub's (GFM 4.10), with two differences for what models write: they may be indented as far as they
    like, and a line without a pipe ends them. They are found by hand, since what is code must be told as it is told
    when the text is cut. Inside of code there are no tables.

    A text that grows is rendered alike up to its last table; of that, what has come so far.
    """
    if "|" not in text:
        return text
    pieces: list[str] = []
    at = 0
    for found in _tables(text):
        pieces += [text[at : found.start], drawn(found.table)]
        at = found.end
    pieces.append(text[at:])
    return "".join(pieces)


def _tables(text: str) -> Iterator[_Found]:
    at = 0
    for block in code_blocks(text):
        yield from _between(text, at, block.start)
        at = block.end
    yield from _between(text, at, len(text))


def _between(text: str, start: int, end: int) -> Iterator[_Found]:
    """The tables in a stretch of a text without code blocks."""
    at = start
    while delimiter := _DELIMITER.search(text, at, end):
        found = _at(text, at, delimiter, end)
        if found:
            yield found
        at = found.end if found else delimiter.end()


def _at(text: str, start: int, delimiter: re.Match[str], end: int) -> _Found | None:
    """The table that has this row below its header, if it is one."""
    line_start = text.rfind("\n", start, max(delimiter.start() - 1, start)) + 1 or start
    header_line = text[line_start : max(delimiter.start() - 1, line_start)]
    before = _BEFORE.match(header_line)
    prefix = before[0] if before else ""
    if "|" not in header_line or "|" not in delimiter["row"] or prefix.count(">") != delimiter["prefix"].count(">"):
        return None
    mark = _LIST_MARK.match(header_line, len(prefix))
    first_prefix = header_line[: mark.end()] if mark else prefix
    header = _cells(header_line[len(first_prefix) :])
    alignments = _alignments(delimiter["row"])
    if alignments is None or len(header) != len(alignments):
        return None
    rows, after = _rows(text, delimiter.end(), end, prefix.count(">"), len(header))
    return _Found(
        line_start, after, Table(first_prefix, delimiter["prefix"] if mark else prefix, header, alignments, rows)
    )


def _rows(text: str, at: int, end: int, quotes: int, columns: int) -> tuple[list[list[str]], int]:
    """The rows that follow a table's first two lines, and where the last of them ends."""
    rows: list[list[str]] = []
    while at < end:
        line_end = text.find("\n", at + 1, end)
        line = text[at + 1 : end if line_end < 0 else line_end]
        before = _BEFORE.match(line)
        prefix = before[0] if before else ""
        if "|" not in line or prefix.count(">") != quotes:
            break
        rows.append(_row(line[len(prefix) :], columns))
        at = end if line_end < 0 else line_end
    return rows, at


def _row(line: str, columns: int) -> list[str]:
    """As many cells as there are columns; of what is too much, none is lost."""
    cells = _cells(line)
    if len(cells) > columns and len(line) <= _LONGEST_PARSED:
        cells = _cells(_CODE_OR_PIPE.sub(lambda found: found[0] if found[2] else found[0].replace("|", "\\|"), line))
    while len(cells) > columns and not cells[-1]:
        cells.pop()
    if len(cells) > columns:
        cells[columns - 1 :] = [" | ".join(cells[columns - 1 :])]
    return cells + [""] * (columns - len(cells))


def _cells(row: str) -> list[str]:
    """The cells of a row, outer pipes or not, with escaped pipes as pipes."""
    row = row.strip().removeprefix("|")
    pieces = _PIPE.split(row)
    cells = [pieces[index] + "".join(pieces[index + 1 : index + 2]) for index in range(0, len(pieces), 2)]
    if len(cells) > 1 and not cells[-1].strip():
        cells.pop()
    return [cell.strip().replace("\\|", "|") for cell in cells]


def _alignments(row: str) -> list[Alignment] | None:
    alignments: list[Alignment] = []
    for cell in _cells(row):
        match = _DELIMITER_CELL.fullmatch(cell)
        if match is None:
            return None
        left, right = match.groups()
        alignments.append("centre" if left and right else "right" if right else "left")
    return alignments
