"""Compares what goes over the wire with Discord's OpenAPI document."""

from __future__ import annotations

import functools
import json
import re
from typing import TYPE_CHECKING, Any, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match  # pyright: ignore[reportUnknownVariableType]
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

if TYPE_CHECKING:
    from pathlib import Path

    from playground.values import Json, JsonValue

# The document has no name of its own; under this one its inner references resolve.
_URN = "urn:discord:openapi"
_REQUEST_URN = "urn:discord:openapi:requests"
_PLACEHOLDER = re.compile(r"\{[^}]+\}")


class OpenApiCheck:
    """Validates every answer and every JSON body, and keeps what does not fit.

    Args:
        path: Discord's OpenAPI document (`discord/discord-api-spec`, specs/openapi.json).
    """

    def __init__(self, path: Path) -> None:
        self.violations: list[str] = []
        self._document = _document(path)

    def exchange(self, method: str, path: str, body: JsonValue, status: int, answer: JsonValue) -> None:
        """Check one request with its answer; a path that the document does not know passes.

        Args:
            method: The HTTP method.
            path: The path below the API's base.
            body: The JSON body that came in, or None.
            status: The status of the answer.
            answer: The JSON body that went out, or None.
        """
        pointer = self._document.operation(method, path)
        if pointer is None:
            return
        # What was refused for its body need not have a right one.
        if body is not None and status < 400:
            self._check(f"{method} {path} was sent", self._document.request(pointer), body)
        schema = self._document.response(pointer, status)
        if schema is None and answer is not None:
            self.violations.append(f"{method} {path} answered {status} with a body; the document has none there.")
        elif schema is not None:
            self._check(f"{method} {path} answered {status}", schema, answer)

    def _check(self, what: str, schema: str | None, value: JsonValue) -> None:
        if schema is None:
            return
        found = self._document.validator(schema).iter_errors(value)
        error = cast("ValidationError | None", best_match(found))
        if error is not None:
            self.violations.append(f"{what}: {error.json_path}: {error.message[:300]}")


class _Document:
    """The document with its operations found by path and its validators made when first needed."""

    def __init__(self, contents: Json) -> None:
        contents = _with_forwards(contents)
        self._contents = contents
        registry: Registry[Any] = Registry()
        self._registry = registry.with_resources(
            (urn, Resource(contents=whole, specification=DRAFT202012))
            for urn, whole in (
                (_URN, _with_worded_codes(contents)),
                (_REQUEST_URN, _with_worded_rights(_with_numeric_ids(contents))),
            )
        )
        self._validators: dict[str, Draft202012Validator] = {}
        # The more of a path is literal the better it fits: `/users/@me` comes before `/users/{user_id}`.
        templates = sorted(contents["paths"], key=lambda path: len(_PLACEHOLDER.findall(path)))
        self._paths = [(_pattern(template), template) for template in templates]

    def operation(self, method: str, path: str) -> tuple[str, ...] | None:
        """Find the operation of a request: the keys that lead to it."""
        fitting = (template for pattern, template in self._paths if pattern.fullmatch(path))
        template = next(fitting, None)
        keys = ("paths", template or "", method.lower())
        return keys if template is not None and self._at(*keys) is not None else None

    def request(self, operation: tuple[str, ...]) -> str | None:
        """Point at the schema of an operation's JSON body."""
        pointer = self._pointer(*operation, "requestBody", "content", "application/json", "schema")
        return None if pointer is None else _REQUEST_URN + pointer

    def response(self, operation: tuple[str, ...], status: int) -> str | None:
        """Point at the schema of an operation's answer of a status, or of its class (`4XX`)."""
        for key in (str(status), f"{status // 100}XX"):
            response = self._at(*operation, "responses", key)
            if response is None:
                continue
            if "$ref" in response:
                return f"{_URN}{response['$ref']}/content/application~1json/schema"
            pointer = self._pointer(*operation, "responses", key, "content", "application/json", "schema")
            return None if pointer is None else _URN + pointer
        return None

    def validator(self, schema: str) -> Draft202012Validator:
        """Give the validator of a schema, made once."""
        known = self._validators.get(schema)
        if known is None:
            known = Draft202012Validator({"$ref": schema}, registry=self._registry)
            self._validators[schema] = known
        return known

    def _at(self, *keys: str) -> JsonValue:
        found: JsonValue = self._contents
        for key in keys:
            found = cast("Json", found).get(key) if isinstance(found, dict) else None
        return found

    def _pointer(self, *keys: str) -> str | None:
        if self._at(*keys) is None:
            return None
        return "#" + "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in keys)


def _pattern(template: str) -> re.Pattern[str]:
    literal = [re.escape(part) for part in _PLACEHOLDER.split(template)]
    return re.compile("[^/]+".join(literal))


def _with_worded_codes(contents: Json) -> Json:
    """Let the code of a field's error be a word, as Discord's own examples have it (docs reference#error-messages)."""
    error: Json = {"type": "object", "required": ["code", "message"], "properties": {"code": {"type": "string"}}}
    inner: Json = {
        "type": "object",
        "properties": {"_errors": {"type": "array", "items": error}},
        "required": ["_errors"],
        "additionalProperties": False,
    }
    return _with_schemas(contents, {"InnerErrors": inner})


def _with_numeric_ids(contents: Json) -> Json:
    """Let ids be numbers too: discord.py sends them so in places and Discord takes them (seen; document: strings)."""
    snowflake = contents["components"]["schemas"]["SnowflakeType"] | {"type": ["string", "integer"]}
    return _with_schemas(contents, {"SnowflakeType": snowflake})


def _with_forwards(contents: Json) -> Json:
    """Let a reference be a forward, which the document does not know (docs message#message-reference-types)."""
    if "MessageReferenceType" not in contents["components"]["schemas"]:
        return contents
    return _with_schemas(contents, {"MessageReferenceType": {"type": "integer", "enum": [0, 1]}})


def _with_worded_rights(node: JsonValue, name: str = "") -> JsonValue:
    """Let rights of an overwrite be sent as words, as the documentation has them (docs: edit channel permissions)."""
    if isinstance(node, dict):
        if name in ("allow", "deny") and "type" in node:
            return {"type": ["string", "integer", "null"]}
        return {key: _with_worded_rights(value, key) for key, value in cast("Json", node).items()}
    if isinstance(node, list):
        return [_with_worded_rights(one) for one in cast("list[JsonValue]", node)]
    return node


def _with_schemas(contents: Json, changed: Json) -> Json:
    components: Json = contents["components"]
    return contents | {"components": components | {"schemas": components["schemas"] | changed}}


@functools.lru_cache(maxsize=2)
def _document(path: Path) -> _Document:
    return _Document(json.loads(path.read_text(encoding="utf-8")))
