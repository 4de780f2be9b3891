"""Patterns that name tools in the settings, and which of several decides about one."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

T = TypeVar("T")

_WILDCARD = re.compile(r"\[!?\]?[^\]]*\]|[*?]")


class Patterns(Generic[T]):
    """What is set for tools by name pattern.

    A pattern is a shell pattern (``*``, ``?``, ``[abc]``), case counts. It is held against all `names_of` a tool,
    so that a rule holds whatever the catalog had to call it. Our own tools have the server ``clew``.

    Of the patterns that fit a tool, the most specific decides: the one with the longest literal part; among
    equals the stricter.
    """

    def __init__(self, rules: Mapping[str, T], strictness: Callable[[T], int]) -> None:
        self._rules = sorted(rules.items(), key=lambda rule: (-_literal_length(rule[0]), -strictness(rule[1])))

    def find(self, names: Iterable[str]) -> tuple[str, T] | None:
        """The pattern that decides about a tool with these names, and what is set there; None where no pattern fits."""
        names = tuple(names)
        return next((rule for rule in self._rules if fits(rule[0], names)), None)


def names_of(name: str, source: str, *, bare: bool = True) -> frozenset[str]:
    """The names under which a pattern can mean a tool.

    They are its name as the model sees it and its own name on its server, each alone and as ``server/name``.

    Args:
        name: The tool's name as the model sees it.
        source: The server and its own name for the tool (`tools.tool.Tool.source`).
        bare: Whether its own name counts without the server; a tool of another server can have the same.
    """
    # The name of a server has no slash (tools/mcp_config.py), that of a tool may have some.
    server, _, own = source.partition("/")
    return frozenset({name, f"{server}/{name}", source, *[own] * bare})


def fits(pattern: str, names: Iterable[str]) -> bool:
    """Whether a pattern means a tool with these names."""
    return any(fnmatchcase(name, pattern) for name in names)


def all_say_something(patterns: Iterable[str]) -> bool:
    """Whether no pattern is empty: such a one fits nothing, and whoever wrote it meant something."""
    return all(pattern.strip() for pattern in patterns)


def _literal_length(pattern: str) -> int:
    """Count the characters of a pattern that stand for themselves."""
    return len(_WILDCARD.sub("", pattern))
