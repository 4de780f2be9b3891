"""Chooses tools for a plain request: which clause asks for which tool, in which order."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from playground.offline_arguments import fill
from playground.offline_findings import Findings
from playground.offline_schema import Tool
from playground.offline_words import ACTIONS, words_of

NAME, DESCRIPTION, FORM, WHOLE_NAME, ALL_SAID, OTHER_VERB, MISSING = 3.0, 0.7, 1.2, 1.0, 2.0, -6.0, -1.0
"""What a shared word weighs by where it stands, and what else speaks for a tool or against it."""

ENOUGH = 2.4
"""The least score of a tool that is called."""

_JOINT = re.compile(
    r"\s*(?:[,;.]\s*)?\b(?:and\s+then|and\s+also|then|and|after\s+that|afterwards)\b,?\s*|\s*;\s*|[.?!]\s+", re.I
)
_OPENER = re.compile(
    r"^(?:please\s+|also\s+|can you\s+|could you\s+)*"
    r"(?:what|which|who|when|where|how|tell|show|give|do|is|are|the|my)\b",
    re.I,
)
_DAY = re.compile(r"\b(?:what|which)\b.{0,12}\b(?:day|date)\b|\btoday's date\b", re.I)
_TOGETHER = re.compile(r"\b(?:in parallel|at the same time|at once|both|together|simultaneously)\b", re.I)


@dataclass(frozen=True, slots=True)
class Step:
    """One clause of a request and the tool it asks for.

    Attributes:
        tool: The tool.
        clause: The words that ask for it.
        before: The clauses before it.
    """

    tool: Tool
    clause: str
    before: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of a request.

    Attributes:
        steps: What is to be done, in order.
        together: Whether the request wants all of it at once.
    """

    steps: tuple[Step, ...]
    together: bool = False


def plan(text: str, tools: Sequence[Tool]) -> Plan:
    """Read a request.

    Args:
        text: What the user said.
        tools: The tools that may be called.
    """
    steps: list[Step] = []
    for clause, strong in _clauses(text):
        tool = best(clause, tools)
        verb = next(iter(words_of(clause)), "")
        opens = strong or not steps or verb in ACTIONS or bool(_OPENER.match(clause))
        if tool is not None and opens:
            steps.append(Step(tool, clause, " and ".join(step.clause for step in steps)))
        elif steps:
            longer = f"{steps[-1].clause} and {clause}"
            steps[-1] = replace(steps[-1], tool=best(longer, tools) or steps[-1].tool, clause=longer)
    if not steps and (tool := best(text, tools)):
        steps.append(Step(tool, text))
    return Plan(tuple(steps), together=len(steps) > 1 and bool(_TOGETHER.search(text)))


def best(clause: str, tools: Sequence[Tool]) -> Tool | None:
    """The tool that a clause asks for, or None when none fits well enough."""
    rarity = Counter(word for tool in tools for word in words_of(tool.name))
    scored = [(score(clause, tool, rarity), -index, tool) for index, tool in enumerate(tools)]
    fitting = [each for each in scored if each[0] >= ENOUGH]
    # Of tools that fit about as well, the one that has all it needs.
    weighed = [(fit + MISSING * bool(fill(tool, clause)[0].missing), order, tool) for fit, order, tool in fitting]
    return max(weighed, key=lambda each: each[:2])[2] if weighed else None


def score(clause: str, tool: Tool, rarity: Counter[str]) -> float:
    """How well a tool fits a clause.

    Args:
        clause: Words of the request.
        tool: The tool.
        rarity: In how many tools' names each word stands; a word that all share, such as a server's, says little.
    """
    findings = Findings.of(clause)
    spoken = words_of(_DAY.sub("time", findings.plain))
    asked = {*spoken, *_formed(findings)}
    name, said = words_of(tool.name), set(words_of(tool.description[:300]))
    shared = [word for word in name if word in asked]
    weight = sum((NAME if word in spoken else FORM) / max(1, rarity[word]) ** 0.3 for word in shared)
    weight += WHOLE_NAME * len(shared) / max(1, len(name))
    weight += DESCRIPTION * min(4, len(said.intersection(spoken).difference(name)))
    weight += FORM * len(_formed(findings) & {word for p in tool.parameters for word in p.words})
    if spoken and not tool.required and said.union(name).issuperset(spoken):
        weight += ALL_SAID
    wanted = next((word for word in spoken if word in ACTIONS), None)
    own = set(name) & ACTIONS
    opposed = wanted and wanted not in own | said and (own or wanted in _CHANGES)
    if opposed or (own & _CHANGES and not own & asked):
        weight += OTHER_VERB
    return weight


_CHANGES = frozenset(
    ("delete", "create", "write", "send", "edit", "rename", "ban", "kick", "mute", "pin", "unpin", "purge")
)
"""Verbs that a tool without them is not taken for, nor a tool with them called when none of its own was said."""


def _formed(findings: Findings) -> set[str]:
    """The words that forms in the text stand for: a path for a file, a city for a zone."""
    forms = {
        "file": findings.paths,
        "path": findings.paths,
        "url": findings.urls,
        "zone": findings.zones,
        "expression": findings.formula,
        "calculate": findings.formula,
        "user": [each for sign, each in findings.mentions if sign == "@"],
        "channel": [each for sign, each in findings.mentions if sign == "#"],
        "role": [each for sign, each in findings.mentions if sign == "@&"],
    }
    return {word for word, found in forms.items() if found}


def _clauses(text: str) -> list[tuple[str, bool]]:
    """Cut a request at its joints but never inside a quotation; tells with each clause whether "then" leads to it."""
    hidden = re.sub(
        r"```.*?```|`[^`]+`|\"[^\"]+\"|“[^”]+”|(?<!\w)'[^']+'(?!\w)", lambda m: "x" * len(m[0]), text, flags=re.S
    )
    clauses: list[tuple[str, bool]] = []
    start, strong = 0, False
    for joint in [*_JOINT.finditer(hidden), None]:
        end = joint.start() if joint else len(text)
        if clause := text[start:end].strip(" ,.;!?\n"):
            clauses.append((clause, strong))
        if joint:
            start, strong = joint.end(), bool(re.search(r"then|also|after|[;.?!]", joint[0], re.I))
    return clauses
