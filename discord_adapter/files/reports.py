"""What is said of attached files: to the model beside them, and to the user when something was not read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graph.attached import Attached

# Of the 500 characters of a notice, what the files that are left out may take; one reason with its names always fits.
_ROOM = 350

_NAMED = 3
_NAME_HEAD, _NAME_TAIL = 20, 12


@dataclass(frozen=True, slots=True)
class Left:
    """A file that was not read, and why, in words that fit into brackets behind its name."""

    file: Attached
    reason: str


@dataclass(frozen=True, slots=True)
class Cut:
    """The text file of which only the beginning was read: so many of its characters."""

    file: Attached
    read: int
    length: int


def visible_name(file: Attached) -> str:
    """A file's name as it can be shown anywhere: short, in one line, nothing hidden, no markup of ours or Discord's."""
    seen = "".join(character if character.isprintable() else "\ufffd" for character in file.filename)
    name = seen.translate({ord("`"): "'", ord("["): "(", ord("]"): ")"}) or "unnamed"
    if len(name) <= _NAME_HEAD + _NAME_TAIL:
        return name
    return f"{name[:_NAME_HEAD]}…{name[-_NAME_TAIL:]}"


def described(kind: str, file: Attached, details: str) -> str:
    """What the model reads above a file that it is shown."""
    return f"{kind} {visible_name(file)}{' of the message referred to' if file.quoted else ''}, {details}"


def unreadable(left: Left) -> str:
    """What the model reads in place of a file."""
    declared = (left.file.content_type or "").partition(";")[0].strip()
    kind = declared if re.fullmatch(r"[\w.+-]{1,60}/[\w.+-]{1,60}", declared) else "unknown type"
    owner = "The message referred to has" if left.file.quoted else "The user attached"
    return (
        f"[{owner} {visible_name(left.file)} ({kind}, {size_words(left.file.size)}); it cannot be read: {left.reason}.]"
    )


def notice(left: Sequence[Left], cut: Cut | None) -> str | None:
    """One line for the user, at most 500 characters; None when everything was read."""
    said: list[str] = []
    if left:
        said.append(f"I answer without {_with_reasons(left)}.")
    if cut:
        said.append(f"I read only the first {cut.read:,} of {cut.length:,} characters of `{visible_name(cut.file)}`.")
    return " ".join(said) or None


def size_words(size: int) -> str:
    """A size in bytes for people."""
    if size < 1000:
        return f"{size} bytes"
    return f"{size / 1e6:,.1f} MB" if size >= 1_000_000 else f"{size / 1e3:,.1f} kB"


def _with_reasons(left: Sequence[Left]) -> str:
    """The files by the reason why they were not read; as many as there is room for, and the number of the others."""
    by_reason: dict[str, list[Attached]] = {}
    for one in left:
        by_reason.setdefault(one.reason, []).append(one.file)
    said: list[str] = []
    rest = len(left)
    for reason, files in by_reason.items():
        part = f"{_listed(files)} ({reason})"
        if len(", ".join([*said, part])) > _ROOM:
            break
        said.append(part)
        rest -= len(files)
    return ", ".join(said) + (f" and {rest} more" if rest else "")


def _listed(files: Sequence[Attached]) -> str:
    names = [f"`{visible_name(file)}`" for file in files[:_NAMED]]
    if len(files) > _NAMED:
        names.append(f"{len(files) - _NAMED} more")
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
