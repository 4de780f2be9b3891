"""Values for a parameter that a request shows by their form, by the preposition before them, or by being left over."""

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from playground.offline_findings import DURATION, Findings
from playground.offline_schema import Parameter, Tool
from playground.offline_words import ACTIONS, common_form, spoken_form, words_of

UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
"""Seconds in the units that parameters are named for."""

SOURCE = frozenset({"source", "from", "src", "start", "old"})
TARGET = frozenset({"target", "to", "destination", "dest", "dst", "end"})


def specific(parameter: Parameter, findings: Findings) -> Sequence[str]:
    """The values whose form shows that they are for this parameter."""
    words = set(parameter.words) | ({"url"} if "uri" in parameter.name.lower() else set[str]())
    for fitting, pick in _FORMS:
        if words & fitting:
            return pick(words, findings)
    return []


def _zones(words: set[str], findings: Findings) -> list[str]:
    if words & SOURCE:
        return findings.zones_after("from") or findings.zones_after("in") or [z for _, _, z in findings.zones[:1]]
    if words & TARGET:
        return findings.zones_after("to") or findings.zones_after("into") or [z for _, _, z in findings.zones[1:]]
    return [zone for _, _, zone in findings.zones]


def _paths(words: set[str], findings: Findings) -> list[str]:
    if words & TARGET and len(findings.paths) > 1:
        return list(findings.paths[1:])
    return list(findings.paths)


def _mentioned(sign: str) -> Callable[[set[str], Findings], list[str]]:
    def pick(_: set[str], findings: Findings) -> list[str]:
        plain = re.findall(rf"(?<!\w){sign[0]}([\w.-]+)", findings.plain)
        return [each for kind, each in findings.mentions if kind == sign] + plain

    return pick


_FORMS: list[tuple[set[str], Callable[[set[str], Findings], Sequence[str]]]] = [
    ({"zone"}, _zones),
    ({"url", "uri", "href"}, lambda _, findings: findings.urls),
    ({"email", "mail"}, lambda _, findings: findings.emails),
    ({"file", "path", "filename", "filepath", "directory"}, _paths),
    ({"time"}, lambda _, findings: findings.times or findings.dates),
    ({"date", "day"}, lambda _, findings: findings.dates),
    ({"user", "userid", "recipient", "author"}, _mentioned("@")),
    ({"channel"}, _mentioned("#")),
    ({"role"}, _mentioned("@&")),
    ({"expression", "formula", "calculate"}, lambda _, findings: [findings.formula] if findings.formula else []),
    (set(TARGET), lambda words, findings: _zones(words, findings) if findings.zones else _paths(words, findings)),
    (set(SOURCE), lambda words, findings: _zones(words, findings) if findings.zones else findings.paths),
]


def phrases(parameter: Parameter, findings: Findings, tool: Tool) -> list[str]:
    """The phrases that a preposition, or the verb, leads to this parameter."""
    words = set(parameter.words)
    if words & {"zone", "time", "date", "url"}:
        return []
    named = [re.escape(word) for word in spoken_form(parameter.name).split() if word != "id"]
    markers = [*named, "called", "named"] if words & {"name", "title", "directory", "file", "path"} else named
    found = [phrase for marker in markers if (phrase := findings.after(marker))]
    if words & {"user", "recipient"}:
        found += _object_of_verb(findings, tool)
    if words & {"directory", "file", "path"}:
        found += [each for each in [findings.after("in", "of", "from")] if each and " " not in each]
    behind = next((markers for fitting, markers in _PREPOSITIONS if words & fitting), ())
    if words & {"search", "reason"}:
        return found + [rest for marker in behind if (rest := findings.all_after(marker))]
    return found + [phrase for marker in behind if (phrase := findings.after(marker))]


_PREPOSITIONS: list[tuple[frozenset[str], tuple[str, ...]]] = [
    (SOURCE, ("from",)),
    (TARGET | {"user", "channel", "role", "language", "recipient"}, ("to", "into", "in", "for", "at", "from")),
    (frozenset({"city", "location", "place", "country", "region"}), ("in", "for", "at", "of", "near")),
    (frozenset({"search", "keyword", "topic", "subject", "pattern"}), ("for", "about", "on")),
    (frozenset({"reason"}), ("because of", "because", "for")),
]


def _object_of_verb(findings: Findings, tool: Tool) -> list[str]:
    """The word right behind the tool's verb: "ban bob"."""
    verbs = ACTIONS & set(words_of(tool.name))
    words = re.findall(r"[\w.-]+", findings.plain)
    return [name for verb, name in pairwise(words) if common_form(verb.lower()) in verbs and words_of(name)]


def remainder(tool: Tool, findings: Findings, used: Sequence[Any]) -> str:
    """What is left of a request without the words that chose the tool and the values that have their place already.

    Args:
        tool: The tool.
        findings: The request.
        used: The values of other parameters.
    """
    text = findings.text.strip().rstrip(".!?")
    if told := re.search(r":\s+(.+)$|\b(?:that|saying)\s+(.+)$", text, re.DOTALL):
        return (told[1] or told[2]).strip()
    if any(unit in parameter.name for parameter in tool.parameters for unit in UNITS):
        text = re.sub(rf"(?:\bin\s+)?{DURATION.pattern}", "", text, flags=re.IGNORECASE)
    for value in used:
        told_as = rf"\s+(?:to|into|in|from|for|as|called|named)\s+[<@#&!]*{re.escape(str(value))}(?!\w)>?"
        text = re.sub(told_as, "", text, flags=re.IGNORECASE)
    chosen = set(words_of(tool.name)) | ACTIONS
    words = text.split()
    while words and (not words_of(words[0]) or words_of(words[0])[0] in chosen):
        words.pop(0)
    while words and words[-1].lower() in ("please", "to", "in", "into", "from", "for", "now"):
        words.pop()
    return " ".join(words).strip("\"'`“”")
