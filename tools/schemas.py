"""Holds arguments against JSON schemas that servers wrote: one that is broken, or takes too long, harms nothing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, cast

import regex
from jsonschema import FormatChecker, validators
from jsonschema.exceptions import ValidationError
from jsonschema.validators import Draft202012Validator, validator_for
from referencing import Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping

    Kind = type[Draft202012Validator]

# Nobody else is served meanwhile. A sound schema takes some thousandths.
_SECONDS = 0.5

# What is a pattern is for `regex` to say, not for Python's `re`.
_NO_FORMATS = FormatChecker(())


class BrokenSchema(Exception):  # noqa: N818 - named as the tool errors are, for what went wrong
    """Nothing can be held against the schema; the text says why, in one line."""


def misfits(arguments: Mapping[str, Any], schema: Mapping[str, Any]) -> list[ValidationError]:
    """What in a call's arguments does not fit a schema, in the order of its places.

    References are never fetched from the network. Patterns are searched for by `regex`, which gives up when it is told
    to; ``unevaluatedProperties``, for which the library searches by itself, is left to the server.

    Raises:
        BrokenSchema: The schema is none, refers to itself or to what is not in it, or takes more than half a second.
    """
    try:
        kind = cast("Kind", validator_for(schema, default=Draft202012Validator))
        kind.check_schema(schema, format_checker=_NO_FORMATS)
        validator = _Bounds(kind, _SECONDS).kind()(schema, registry=Registry())
        return sorted(validator.iter_errors(dict(arguments)), key=lambda error: error.json_path)
    except Exception as fault:  # a schema can be broken in any way, and the library does not say what it raises then
        raise BrokenSchema(str(fault).partition("\n")[0] or type(fault).__name__) from fault


class _Bounds:
    """A kind of validator that ends with TimeoutError when its time is over.

    Args:
        kind: The library's, for the draft that the schema is written in.
        seconds: Of the processor's time, from now on.
    """

    def __init__(self, kind: Kind, seconds: float) -> None:
        self._kind = kind
        self._deadline = time.process_time() + seconds

    def kind(self) -> Kind:
        """The kind itself."""
        keywords: dict[str, Callable[..., Iterable[ValidationError]]] = {
            "pattern": self._pattern,
            "patternProperties": self._pattern_properties,
            "additionalProperties": self._additional_properties,
            "unevaluatedProperties": lambda *_: (),
            "uniqueItems": self._unique_items,
        }
        bounded = cast("Any", validators.extend(self._kind, keywords))
        evolve = bounded.evolve

        def evolved(validator: Draft202012Validator, **changes: object) -> object:
            """Made by the library for each part of a schema, as often as it comes to it."""
            self._left()
            part = changes.get("schema", validator.schema)
            if isinstance(part, dict):
                # One that names a draft of its own would be held against with that one's keywords.
                changes["schema"] = {key: one for key, one in cast("dict[str, Any]", part).items() if key != "$schema"}
            return evolve(validator, **changes)

        bounded.evolve = evolved
        return bounded

    def _left(self) -> float:
        left = self._deadline - time.process_time()
        if left <= 0:
            raise TimeoutError("the schema takes too long")
        return left

    def _found(self, pattern: str, text: str) -> bool:
        return regex.search(pattern, text, timeout=self._left()) is not None

    def _pattern(
        self, validator: Draft202012Validator, pattern: str, value: str, _schema: object
    ) -> Iterator[ValidationError]:
        if validator.is_type(value, "string") and not self._found(pattern, value):
            yield ValidationError(f"{value!r} does not match {pattern!r}")

    def _pattern_properties(
        self, validator: Draft202012Validator, parts: dict[str, Any], value: dict[str, Any], _schema: object
    ) -> Iterator[ValidationError]:
        if validator.is_type(value, "object"):
            for pattern, part in parts.items():
                for name in filter(lambda name: self._found(pattern, name), value):
                    yield from validator.descend(value[name], part, path=name, schema_path=pattern)

    def _unique_items(
        self, validator: Draft202012Validator, unique: object, value: list[Any], _schema: object
    ) -> Iterator[ValidationError]:
        # The library compares each with each, which nothing interrupts.
        if unique and validator.is_type(value, "array") and len(set(map(_comparable, value))) < len(value):
            yield ValidationError(f"{value!r} has non-unique elements")

    def _additional_properties(
        self, validator: Draft202012Validator, part: object, value: dict[str, Any], schema: dict[str, Any]
    ) -> Iterator[ValidationError]:
        if validator.is_type(value, "object"):
            patterns = schema.get("patternProperties", {})
            named = {"properties": schema.get("properties", {})}
            others = {name: one for name, one in value.items() if not any(self._found(p, name) for p in patterns)}
            yield from self._kind.VALIDATORS["additionalProperties"](validator, part, others, named)


def _comparable(value: object) -> Hashable:
    """A JSON value as one that is equal to another where JSON Schema says so: 1 is 1.0, and not true."""
    if isinstance(value, dict):
        return frozenset((name, _comparable(inner)) for name, inner in cast("dict[str, object]", value).items())
    if isinstance(value, list):
        return tuple(map(_comparable, cast("list[object]", value)))
    return (bool, value) if isinstance(value, bool) else cast("Hashable", value)
