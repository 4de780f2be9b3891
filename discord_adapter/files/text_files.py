"""Reads a file as text, when it is text, and sets it in a frame that nothing in it can end."""

from __future__ import annotations

import codecs
import re
from itertools import islice

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

# Character sets that a declaration is believed for; some of Python's other codecs take hours for a few megabytes.
_BELIEVED = re.compile(
    r"utf-(16|32)(-[lb]e)?|iso8859-\d+|cp(125\d|437|85\d|866|874|932|949|950)|koi8-[ru]|mac-\w+"
    r"|shift_jis\w*|euc_(jp|kr|jis\w+)|iso2022_jp|gb2312|gbk|gb18030|big5\w*|tis-620"
)

# Of a text, at least this share can be printed; a log with colours has some control characters.
_LEAST_PRINTABLE = 0.95
_LOOKED_AT = 20_000
_SPACES = frozenset("\n\r\t\f")


def text_of(content: bytes, charset: str | None = None) -> str | None:
    """The text of a file; None when it is not text.

    Args:
        content: The whole file.
        charset: What is declared of it; believed where there is no byte order mark and it does not read as UTF-8.
    """
    if content.startswith(b"%PDF-"):
        return None  # some are plain ASCII, and still say nothing to a reader
    for encoding in _encodings(content, charset):
        try:
            text = content.decode(encoding)
        except UnicodeError:
            continue
        if _is_readable(text):
            return text
    return None


def framed(heading: str, text: str) -> str:
    """A text below its heading, between fences longer than any run of backticks within."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"[{heading}]\n{fence}\n{text}{'' if text.endswith(chr(10)) else chr(10)}{fence}"


def _encodings(content: bytes, charset: str | None) -> list[str]:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return [encoding]
    try:
        declared = codecs.lookup(charset).name if charset else ""
    except (LookupError, ValueError):
        declared = ""
    return ["utf-8", declared] if _BELIEVED.fullmatch(declared) else ["utf-8"]


def _is_readable(text: str) -> bool:
    if "\0" in text:
        return False
    looked_at = list(islice(text, _LOOKED_AT))
    printable = sum(character.isprintable() or character in _SPACES for character in looked_at)
    return printable >= _LEAST_PRINTABLE * len(looked_at)
