"""The two forms a table is given in Discord: columns in a code block, or a list of its rows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from markdown_it import MarkdownIt
from wcwidth import wcswidth, wcwidth

from discord_adapter.text.code_blocks import apart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token

Alignment = Literal["left", "right", "centre"]

# What fits beside an open channel list and member list in a desktop window of about 1,280 pixels without a line being
# wrapped, at 14 pixels of monospace. A wrapped row destroys the columns, a list reads well at any width.
_WIDEST = 72
# Half as much again of it, so that a block of a table that starts within the first quarter of a message fits in it:
# a long table becomes several blocks, each with its header.
_LONGEST_BLOCK = 1400
_BETWEEN = " | "

# Longer cells are left as they were written.
_LONGEST_PARSED = 500
_MARKUP = re.compile(r"[*_~`\[<&\\]")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_SPECIAL = re.compile(r"([*_~`\\])")
# Code within a line, or a fence that nothing closes.
_CODE_OR_FENCE = re.compile(r"(?<!`)(`+)(?!`).{,500}?(?<!`)\1(?!`)|`{3,}")
_INLINE = MarkdownIt("commonmark").enable("strikethrough")


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it was written.

    Attributes:
        first_prefix: What stands before its first line: quote marks, indentation, a list's mark.
        prefix: What stands before all others.
        header: Its header's cells.
        alignments: As many, one for each column.
        rows: Rows of as many cells.
    """

    first_prefix: str
    prefix: str
    header: Sequence[str]
    alignments: Sequence[Alignment]
    rows: Sequence[Sequence[str]]


def drawn(table: Table) -> str:
    """A table as Discord can show it.

    Up to 72 columns it is a code block; a wider one is a list, one item a row, "header: value", since its cells are
    sentences or links then, which are read in a list as well on a telephone, and links can be clicked there. Room is
    judged by the cells as they were written, so that a table that grows only ever gets wider. What a finished block
    shows is not changed by rows that come later.
    """
    pieces: list[str] = []
    begun: list[Sequence[str]] = []
    header = [_room(cell) for cell in table.header]
    widths, as_list = header, sum(header) + len(_BETWEEN) * (len(header) - 1) > _WIDEST
    for row in table.rows:
        if not any(row):
            continue
        rooms = [_room(cell) for cell in row]
        wider = [max(pair) for pair in zip(widths, rooms, strict=True)]
        line = sum(wider) + len(_BETWEEN) * (len(wider) - 1) + len(table.prefix) + 1
        if not as_list and begun and line * (len(begun) + 3) > _LONGEST_BLOCK:
            pieces.append(_block(table, begun))
            begun, wider = [], [max(pair) for pair in zip(header, rooms, strict=True)]
            line = sum(wider) + len(_BETWEEN) * (len(wider) - 1)
        as_list = as_list or line - len(table.prefix) > _WIDEST
        widths = wider
        begun.append(row)
    if begun or not pieces:
        pieces.append((_list if as_list else _block)(table, begun))
    lines = "\n".join(pieces).split("\n")
    return "\n".join([table.first_prefix + lines[0], *(table.prefix + line for line in lines[1:])])


@lru_cache(maxsize=4096)
def plain(cell: str) -> str:
    """A cell's words without its Markdown, which a code block would show raw; a link keeps its address.

    Kept, since a text that grows is rendered again and again.
    """
    if not _MARKUP.search(cell) or len(cell) > _LONGEST_PARSED:
        return cell
    tokens = _INLINE.parseInline(cell)[0].children or []
    return " ".join("".join(_words(tokens)).split())


def _words(tokens: Sequence[Token]) -> list[str]:
    words: list[str] = []
    links: list[tuple[int, str]] = []
    for token in tokens:
        match token.type:
            case "link_open":
                links.append((len(words), str(token.attrGet("href") or "")))
            case "link_close":
                start, address = links.pop()
                text = "".join(words[start:])
                if address.removeprefix("mailto:") != text:
                    words.append(f" ({address})")
            case "image":
                words.append(f"{token.content} ({token.attrGet('src')})")
            case "html_inline":
                words.append(" / " if _BREAK.fullmatch(token.content) else token.content)
            case _:
                words.append(token.content)
    return words


def _block(table: Table, rows: Sequence[Sequence[str]]) -> str:
    shown = [[apart(plain(cell)) for cell in row] for row in (table.header, *rows)]
    widths = [max(1, *(_width(row[index]) for row in shown)) for index in range(len(table.header))]
    lines = [_BETWEEN.join(map(_padded, row, widths, table.alignments)).rstrip() for row in shown]
    lines.insert(1, "-+-".join("-" * width for width in widths))
    return "\n".join(["```", *lines, "```"])


def _list(table: Table, rows: Sequence[Sequence[str]]) -> str:
    headers = [_SPECIAL.sub(r"\\\1", plain(cell)) for cell in table.header]
    if not rows:
        return "**" + _BETWEEN.join(headers) + "**"
    lines: list[str] = []
    for row in rows:
        values = [
            f"**{header}:** {_closed(cell)}" if header else _closed(cell)
            for header, cell in zip(headers, row, strict=True)
            if cell
        ]
        lines += [("- " if index == 0 else "  - ") + _BREAK.sub(" / ", value) for index, value in enumerate(values)]
    return "\n".join(lines)


def _closed(cell: str) -> str:
    """A cell that opens no code block over what follows the table."""
    return _CODE_OR_FENCE.sub(lambda found: found[0] if found[1] else found[0].replace("`", r"\`"), cell)


def _padded(text: str, width: int, alignment: Alignment) -> str:
    missing = width - _width(text)
    before = {"left": 0, "right": missing, "centre": missing // 2}[alignment]
    return " " * before + text + " " * (missing - before)


def _width(text: str) -> int:
    """In columns of monospace; what has none of its own has none."""
    return len(text) if text.isascii() else max(0, wcswidth(text))


def _room(cell: str) -> int:
    """What a cell takes at most, in columns and in code units alike; never less when it grows."""
    if cell.isascii():
        return len(cell)
    return sum(2 if ord(character) > 0xFFFF else max(1, wcwidth(character)) for character in cell)
