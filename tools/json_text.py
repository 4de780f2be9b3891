"""Reads the arguments of a call from their text, whoever wrote it: what is shown and what is sent must be the same."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, NoReturn, cast

if TYPE_CHECKING:
    from collections.abc import Callable

_QUOTED = 40

_SURROGATE = re.compile("[\ud800-\udfff]")

# Checkpoints cannot keep a value of more than 250 levels, and the MCP library reads none of more than 200 (seen).
_DEEPEST = 150

# Checkpoints keep no other whole numbers (MessagePack's int and uint of 64 bits); none of them has more characters.
_INTEGERS = range(-(2**63), 2**64)
_DIGITS = 20


def read_json(text: str, pairs: Callable[[list[tuple[str, Any]]], Any] | None = None) -> object:
    """The value that a JSON text is.

    Python also reads NaN and Infinity, which are no JSON, and makes infinity of a number that is too large for it. A
    card would show such a number and the MCP library would send null in its place, so both are refused. So is half of a
    surrogate pair, which a checkpoint turns into a question mark, and what is nested too deeply or has too many digits
    to be kept and sent.

    Args:
        text: The text.
        pairs: Makes an object of its names and values.

    Raises:
        ValueError: It is none; the text says why. It is a `json.JSONDecodeError` where a place can be named.
    """
    try:
        value: object = json.loads(
            text, parse_constant=_no_constant, parse_float=_finite, parse_int=_kept, object_pairs_hook=pairs
        )
    except RecursionError:
        raise ValueError("This is nested too deeply") from None
    _check(value, 0)
    return value


def _check(value: object, depth: int) -> None:
    """See that a value comes back as it is from wherever it is kept or sent."""
    if depth > _DEEPEST:
        raise ValueError("This is nested too deeply")
    if isinstance(value, dict):
        for name, inner in cast("dict[str, object]", value).items():
            _check(name, depth)
            _check(inner, depth + 1)
    elif isinstance(value, list):
        for inner in cast("list[object]", value):
            _check(inner, depth + 1)
    elif isinstance(value, str) and _SURROGATE.search(value):
        raise ValueError("Half of a surrogate pair stands in it, which is no character")


def _no_constant(_name: str) -> NoReturn:
    raise ValueError("JSON has no NaN and no Infinity")


def _kept(text: str) -> int:
    number = int(text) if len(text) <= _DIGITS else _INTEGERS.stop
    if number not in _INTEGERS:
        raise ValueError(f"{text[:_QUOTED]} is too large for a number")
    return number


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:_QUOTED]} is too large for a number")
    return number
