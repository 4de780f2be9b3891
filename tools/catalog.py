"""All tools that can be called now, each under a name of its own that a model may use."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections import Counter
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from tools.tool import OURS, Tool, UnknownTool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_NAME_LIMIT = 64  # OpenAI's limit for a function name; its pattern is ^[a-zA-Z0-9_-]{1,64}$
_FOREIGN = re.compile(r"[^a-zA-Z0-9_-]+")


class Catalog:
    """The tools of several sources as one list.

    Sources are asked at every call, so that a server that came, went or changed is seen at once. Names depend
    on what the sources give, never on their order or on an earlier call:

    - what a model may not use in a name becomes ``_``; a name too long is cut and ends in a hash of itself;
    - where names clash, a tool of our own keeps its name, all others get their server's name in front;
    - what still clashes gets a hash of server and name at its end, or another one where a tool has that name already.
    """

    def __init__(self, *sources: Callable[[], Sequence[Tool]]) -> None:
        self._sources = sources

    def tools(self) -> tuple[Tool, ...]:
        """Give all tools of all sources under unique names, in the sources' order."""
        found: dict[tuple[str, str], Tool] = {}
        for source in self._sources:
            for tool in source():
                found.setdefault((tool.server, tool.name), tool)  # a server that lists a name twice means one tool
        return tuple(_named(list(found.values())))

    def get(self, name: str) -> Tool:
        """Give the tool the model calls by this name.

        Raises:
            UnknownTool: There is none; the text names those that come close.
        """
        tools = {tool.name: tool for tool in self.tools()}
        if name in tools:
            return tools[name]
        renamed = [tool.name for tool in tools.values() if tool.original == name]
        close = renamed or get_close_matches(name, tools, n=3, cutoff=0.5)
        advice = f"did you mean {' or '.join(close)}?" if close else "use one of the tools you were given."
        raise UnknownTool(f"There is no tool named {name[:100]!r}: {advice}")

    def definitions(self) -> list[dict[str, Any]]:
        """Give all tools in the function format of OpenAI's chat completions."""
        return [tool.definition() for tool in self.tools()]


def _named(tools: list[Tool]) -> list[Tool]:
    """Give every tool a name that fits and that no other has."""
    names = [fitting_name(tool.name) for tool in tools]
    for at in _clashing(tools, names):
        names[at] = fitting_name(f"{tools[at].server}_{tools[at].name}")
    taken = set(names)
    # In an order of their own: which server comes first must not decide who has which name.
    for at in sorted(_clashing(tools, names), key=lambda at: (tools[at].server, tools[at].name)):
        names[at] = next(name for name in _hashes(tools[at]) if name not in taken)
        taken.add(names[at])
    return [
        tool if name == tool.name else replace(tool, name=name, original=tool.original or tool.name)
        for tool, name in zip(tools, names, strict=True)
    ]


def _clashing(tools: list[Tool], names: list[str]) -> list[int]:
    """Which tools have a name that another one has, except where it is a name we gave ourselves."""
    count = Counter(names)
    return [
        at
        for at, (tool, name) in enumerate(zip(tools, names, strict=True))
        if count[name] > 1 and not (tool.server == OURS and tool.name == name)
    ]


def _hashes(tool: Tool) -> Iterator[str]:
    """Names that end in a hash: a server can list one of them, or see to it that two tools share one, but not all."""
    yield _hashed(f"{tool.server}_{tool.name}")
    for number in itertools.count(1):
        yield _hashed(f"{tool.server}/{tool.name}/{number}")


def fitting_name(name: str) -> str:
    """A name that a model may use, made of one that it may not: of equal names equal ones, whoever asks."""
    clean = _FOREIGN.sub("_", name)
    if not re.search(r"[a-zA-Z0-9]", clean):
        return f"tool_{_digest(name)}"
    return clean if len(clean) <= _NAME_LIMIT else _hashed(name)


def _hashed(name: str) -> str:
    digest = _digest(name)
    return f"{_FOREIGN.sub('_', name)[: _NAME_LIMIT - len(digest) - 1]}_{digest}"


def _digest(name: str) -> str:
    # A model can also write half of a surrogate pair, which has no UTF-8.
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
