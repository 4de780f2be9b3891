"""The parameters of a tool, read from its JSON schema."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from playground.offline_words import words_of

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a tool.

    Attributes:
        name: Its name.
        kind: The JSON type; "string" when the schema tells none.
        required: Whether a call must have it.
        description: What the schema says about it.
        choices: The values it may have, empty for any.
        item: The type of an array's items.
    """

    name: str
    kind: str
    required: bool
    description: str = ""
    choices: tuple[Any, ...] = ()
    item: str = "string"

    @property
    def words(self) -> list[str]:
        """The words of the name in their common form."""
        return words_of(self.name)


@dataclass(frozen=True, slots=True)
class Tool:
    """An offered tool.

    Attributes:
        name: Its name.
        description: What it says about itself.
        parameters: Its parameters, the required ones first.
    """

    name: str
    description: str
    parameters: tuple[Parameter, ...]

    @property
    def required(self) -> tuple[Parameter, ...]:
        """The parameters a call must have."""
        return tuple(parameter for parameter in self.parameters if parameter.required)

    @classmethod
    def of(cls, offered: Json) -> "Tool":
        """Read a tool in OpenAI's shape."""
        function = cast("Json", offered["function"])
        schema = _mapping(function.get("parameters"))
        required = schema.get("required") or ()
        definitions = _mapping(schema.get("$defs"))
        parameters = [
            _parameter(name, _resolved(_mapping(each), definitions), required=name in required)
            for name, each in _mapping(schema.get("properties")).items()
        ]
        ordered = sorted(parameters, key=lambda parameter: not parameter.required)
        return cls(str(function["name"]), str(function.get("description") or ""), tuple(ordered))


def _parameter(name: str, schema: Json, *, required: bool) -> Parameter:
    choices: list[Any] = schema.get("enum") or ([schema["const"]] if "const" in schema else [])
    return Parameter(
        name=name,
        kind=_kind(schema),
        required=required and "default" not in schema,
        description=str(schema.get("description") or ""),
        choices=tuple(choice for choice in choices if choice is not None),
        item=_kind(_mapping(schema.get("items"))),
    )


def _kind(schema: Json) -> str:
    kind: Any = schema.get("type", "string")
    if isinstance(kind, list):
        named = [each for each in cast("list[str]", kind) if each != "null"]
        return named[0] if named else "string"
    return str(kind)


def _resolved(schema: Json, definitions: Json) -> Json:
    """Follow a reference, and take the first of several shapes that is not null."""
    reference = schema.get("$ref")
    if isinstance(reference, str):
        named = _mapping(definitions.get(reference.rpartition("/")[2]))
        return {**named, **{key: value for key, value in schema.items() if key != "$ref"}}
    shapes = cast("list[Json]", schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf") or [])
    for shape in shapes:
        if shape.get("type") != "null":
            return {
                **_resolved(shape, definitions),
                **{k: v for k, v in schema.items() if k in ("default", "description")},
            }
    return schema


def _mapping(value: object) -> Json:
    return cast("Json", value) if isinstance(value, Mapping) else {}
