"""Fills a tool's arguments from a plain request, or says which of them it does not tell."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from playground.offline_findings import Findings, number_of
from playground.offline_forms import UNITS, phrases, remainder, specific
from playground.offline_schema import Parameter, Tool
from playground.offline_words import common_form, spoken_form, words_of

_TOLD = re.compile(
    r"\bwith (?:the )?(?:text|contents?|words|message|body)\s*:?\s+([^\"'`\s].*)$", re.IGNORECASE | re.DOTALL
)
_REFERENCE = re.compile(r"\b(?:it|that|this|them|the (?:result|answer|time|same))\b", re.IGNORECASE)
TEXTS = frozenset({"content", "text", "message", "body", "read", "prompt", "value", "comment", "note"})
"""Words of parameters that take free text ("contents" is in the group of "read")."""


@dataclass(frozen=True, slots=True)
class Filled:
    """Arguments as far as the request tells them.

    Attributes:
        arguments: The arguments by name.
        missing: The required parameters that were not told.
    """

    arguments: dict[str, Any]
    missing: tuple[Parameter, ...]


def fill(tool: Tool, clause: str, earlier: str | None = None, before: str = "") -> list[Filled]:
    """Fill the arguments of one tool.

    Args:
        tool: The tool to call.
        clause: The words that ask for it.
        earlier: The result of the call before, for a clause that says "it" or "the result".
        before: The clauses before, in which "it" may have been named.

    Returns:
        The arguments of one call, or of several parallel calls where the clause names several values for the tool's
        only zone, path or link ("the time in Tokyo and Paris").
    """
    findings = Findings.of(clause)
    first = _Filling(tool, findings, earlier, before).run()
    spread = _spread(tool, findings)
    if spread is None or first.missing:
        return [first]
    name, values = spread
    return [Filled({**first.arguments, name: value}, ()) for value in values]


def _spread(tool: Tool, findings: Findings) -> tuple[str, list[str]] | None:
    required = tool.required or tool.parameters[:1]
    for several in ([zone for _, _, zone in findings.zones], list(findings.paths), list(findings.urls)):
        values = list(dict.fromkeys(several))
        taking = [p for p in required if p.kind == "string" and specific(p, findings)[:1] == values[:1]]
        if len(values) > 1 and len(taking) == 1 == len(required):
            return taking[0].name, values
    return None


class _Filling:
    """One go at a tool's parameters; remembers which values are used up."""

    def __init__(self, tool: Tool, findings: Findings, earlier: str | None, before: str) -> None:
        self._tool = tool
        self._findings = findings
        self._refers = bool(_REFERENCE.search(findings.text))
        self._earlier = earlier if self._refers else None
        self._before = Findings.of(before if self._refers else "")
        self._used: list[Any] = []

    def run(self) -> Filled:
        arguments: dict[str, Any] = {}
        # What is told by name or by its own form goes first, so that free text takes only what is left over.
        for pick in (self._sure, self._referred, self._likely, self._left_over):
            for parameter in self._tool.parameters:
                value = None if parameter.name in arguments else pick(parameter)
                if value is not None:
                    arguments[parameter.name] = value
                    self._used += value if isinstance(value, list) else [value]
        ordered = {p.name: arguments[p.name] for p in self._tool.parameters if p.name in arguments}
        missing = tuple(p for p in self._tool.required if p.name not in arguments)
        return Filled(ordered, missing)

    def _sure(self, parameter: Parameter) -> Any:  # noqa: ANN401 - an argument is any JSON
        if parameter.choices:
            return _choice(parameter, self._findings.text)
        if parameter.kind == "boolean":
            return _boolean(parameter, self._findings.text)
        if parameter.kind in ("integer", "number"):
            return _named_number(parameter, self._findings)
        if parameter.kind == "array":
            return self._several(parameter)
        if parameter.kind == "object":
            return _object(self._findings.text)
        return _named_text(parameter, self._findings.text) or self._unused(specific(parameter, self._findings))

    def _referred(self, parameter: Parameter) -> str | None:
        if not parameter.required or parameter.kind != "string" or parameter.choices:
            return None
        return self._unused(specific(parameter, self._before)[-1:])

    def _likely(self, parameter: Parameter) -> Any:  # noqa: ANN401 - an argument is any JSON
        if not parameter.required or parameter.choices:
            return None
        if parameter.kind in ("integer", "number"):
            number = self._unused(self._findings.numbers)
            return int(number) if number is not None and parameter.kind == "integer" else number
        if parameter.kind == "string" and not _is_text(parameter):
            return self._unused(phrases(parameter, self._findings, self._tool))
        return None

    def _left_over(self, parameter: Parameter) -> str | None:
        if parameter.kind != "string" or parameter.choices:
            return None
        if _is_text(parameter) and (told := _TOLD.search(self._findings.text)):
            return told[1].strip()
        quoted = self._unused([each for each in self._findings.quoted if each not in self._findings.paths])
        if quoted is not None and (parameter.required or _is_text(parameter)):
            return quoted
        if not parameter.required or not (_is_text(parameter) or self._is_last(parameter)):
            return None
        if self._earlier is not None:
            return self._earlier
        return self._unused([remainder(self._tool, self._findings, self._used)] if _takes_anything(parameter) else [])

    def _several(self, parameter: Parameter) -> list[Any] | None:
        if parameter.item in ("integer", "number"):
            return self._findings.numbers or None
        if set(parameter.words) & {"file", "path", "directory"}:
            return list(self._findings.paths) or None
        values = list(self._findings.quoted or self._findings.urls or self._findings.paths)
        if not values and parameter.required and (words := remainder(self._tool, self._findings, self._used)):
            values = [each.strip() for each in re.split(r",|\band\b|\bor\b", words) if each.strip()]
        return values or None

    def _unused(self, values: Sequence[Any]) -> Any:  # noqa: ANN401 - an argument is any JSON
        return next((value for value in values if value and value not in self._used), None)

    def _is_last(self, parameter: Parameter) -> bool:
        open_ones = [p for p in self._tool.parameters if p.required and p.kind == "string" and not p.choices]
        return open_ones[-1:] == [parameter]


def _choice(parameter: Parameter, text: str) -> Any:  # noqa: ANN401 - an enum holds any JSON
    heard = [choice for choice in parameter.choices if f" {spoken_form(str(choice))} " in f" {spoken_form(text)} "]
    heard += [choice for choice in parameter.choices if set(words_of(str(choice))) & set(words_of(text))]
    only = parameter.choices[0] if parameter.required and len(parameter.choices) == 1 else None
    return heard[0] if heard else only


_SWITCHES = {"on": True, "enable": True, "activate": True, "off": False, "disable": False, "deactivate": False}


def _boolean(parameter: Parameter, text: str) -> bool | None:
    spoken = spoken_form(text).split()
    switch = [word for word in spoken if word in _SWITCHES]
    if switch and {"on", "off", "enabled", "enable", "active"} & set(spoken_form(parameter.name).split()):
        return _SWITCHES[switch[-1]] != ("off" in parameter.name)
    for word in spoken_form(parameter.name).split():
        forms = {word, word + "ly", word.rstrip("e") + "ing", word + "d", common_form(word)}
        if len(word) > 2 and (places := [i for i, each in enumerate(spoken) if each in forms]):
            before, behind = spoken[max(0, places[0] - 2) : places[0]], spoken[places[0] + 1 : places[0] + 2]
            return not ({"not", "no", "without", "dont", "non"} & set(before) or {"false", "off", "no"} & set(behind))
    return False if parameter.required else None


def _named_number(parameter: Parameter, findings: Findings) -> int | float | None:
    names = {parameter.name.lower(), parameter.name.replace("_", " ").lower(), *parameter.words}
    for name in sorted(names, key=len, reverse=True):
        behind = rf"\b{re.escape(name)}s?\b\s*(?:=|:|is|of|to)?\s*(-?\d+(?:\.\d+)?)"
        before = rf"(-?\d+(?:\.\d+)?)\s*{re.escape(name)}(?:s|es)?\b"
        if found := re.search(f"{behind}|{before}", findings.plain, re.IGNORECASE):
            return _cast(parameter, number_of(found[1] or found[2]))
    unit = next((seconds for word, seconds in UNITS.items() if word in parameter.name.lower()), None)
    if unit is None and {"duration", "timeout", "delay"} & set(parameter.words):
        unit = 1
    if unit is not None and findings.seconds:
        return _cast(parameter, findings.seconds[0] / unit)
    if {"limit", "count", "max", "n", "number"} & set(parameter.words):
        found = re.search(r"\b(?:top|last|first|latest|up to|limit(?: of)?)\s+(\d+)", findings.plain, re.IGNORECASE)
        return int(found[1]) if found else None
    return None


def _cast(parameter: Parameter, number: float) -> int | float:
    return round(number) if parameter.kind == "integer" else number


def _object(text: str) -> dict[str, Any] | None:
    found = re.search(r"\{.*\}", text, re.DOTALL)
    try:
        value = json.loads(found[0]) if found else None
    except json.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None  # pyright: ignore[reportUnknownVariableType] - any JSON


def _named_text(parameter: Parameter, text: str) -> str | None:
    for name in (re.escape(parameter.name), re.escape(parameter.name.replace("_", " "))):
        if found := re.search(rf"\b{name}\s*(?:=|:)\s*(?:\"([^\"]+)\"|'([^']+)'|(\S+))", text, re.IGNORECASE):
            return (found[1] or found[2] or found[3]).rstrip(",.;")
        if found := re.search(rf"\b{name}\s+(?:is\s+)?(?:\"([^\"]+)\"|'([^']+)'|`([^`]+)`)", text, re.IGNORECASE):
            return found[1] or found[2] or found[3]
    return None


def _is_text(parameter: Parameter) -> bool:
    return bool(set(parameter.words) & TEXTS)


def _takes_anything(parameter: Parameter) -> bool:
    forms = {
        "zone",
        "url",
        "uri",
        "email",
        "file",
        "path",
        "time",
        "date",
        "user",
        "channel",
        "role",
        "directory",
        "id",
    }
    return not set(parameter.words) & forms
