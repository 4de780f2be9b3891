from __future__ import annotations

import time

import pytest
from structlog.testing import capture_logs

from tools import BadArguments, check_arguments
from tools.schemas import misfits

SCHEMA = {
    "type": "object",
    "properties": {
        "path": {"type": "string"},
        "lines": {"type": "array", "items": {"type": "integer"}},
        "mode": {"enum": ["r", "w"]},
    },
    "required": ["path"],
    "additionalProperties": False,
}


@pytest.mark.parametrize("arguments", [{"path": "a"}, {"path": "a", "lines": [1, 2], "mode": "w"}])
def test_arguments_that_fit_pass(tool, arguments):
    check_arguments(tool(schema=SCHEMA), arguments)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({}, ["- arguments: 'path' is a required property"]),
        ({"path": 3}, ["- path: 3 is not of type 'string'"]),
        ({"path": "a", "lines": [1, "b"]}, ["- lines[1]: 'b' is not of type 'integer'"]),
        ({"path": "a", "mode": "x"}, ["- mode: 'x' is not one of ['r', 'w']"]),
        ({"path": "a", "pth": 1}, ["'pth' was unexpected"]),
        ({"path": 3, "mode": "x"}, ["- path: 3 is not", "- mode: 'x' is not"]),
        ({"path": ["long"] * 500}, ["is not of type 'string'"]),
        ({"path": "a", "lines": ["x"] * 9}, ["lines[0]", "- and 4 more"]),
    ],
)
def test_arguments_that_do_not_fit_are_told_place_by_place(tool, arguments, told):
    with pytest.raises(BadArguments) as error:
        check_arguments(tool("read", schema=SCHEMA), arguments)
    text = str(error.value)
    assert text.startswith("The arguments do not fit read;")
    assert all(part in text for part in told)
    assert len(text) < 1000


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "no such type"},
        {"properties": {"a": {"pattern": "("}}},
        {"properties": {"a": {"$ref": "#/$defs/missing"}}},
        {"properties": {"a": {"$ref": "http://127.0.0.1:9/schema.json"}}},
        {"properties": {"a": {"$ref": "#/properties/a"}}},
        {"properties": {"a": {"$ref": "#/also"}}, "also": {"type": "no such type"}},
        {"properties": {"a": {"type": "string", "pattern": "a{99999999999}"}}},
        {"$ref": "#"},
        {"$schema": 5},
    ],
)
def test_a_broken_schema_is_logged_and_left_to_the_server(tool, schema):
    with capture_logs() as logs:
        check_arguments(tool(schema=schema), {"a": "b"})
    assert [entry["event"] for entry in logs] == ["tool_schema_broken"]


ENDLESS = "^(a|b|ab)*$"
DRAFT = "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"a": {"pattern": ENDLESS}}},
        {"properties": {"a": {"pattern": ENDLESS, "$schema": DRAFT}}},
        {"$schema": DRAFT, "properties": {"a": {"$ref": "#/properties/b/items"}, "b": {"items": {"pattern": ENDLESS}}}},
        {"$schema": DRAFT, "properties": {"b": {"pattern": ENDLESS}, "c": {"$ref": "#"}}},
        {"patternProperties": {ENDLESS: {"type": "string"}}},
        {"patternProperties": {ENDLESS: True}, "additionalProperties": False},
        {"propertyNames": {"pattern": ENDLESS}},
        {
            "$ref": "#/$defs/0",
            "$defs": {
                **{str(number): {"allOf": [{"$ref": f"#/$defs/{number + 1}"}] * 2} for number in range(50)},
                "50": {"type": "object"},
            },
        },
    ],
)
def test_a_schema_that_would_take_for_ever_is_logged_and_left_to_the_server(tool, schema):
    long = "ab" * 40 + "!"
    with capture_logs() as logs:
        check_arguments(tool(schema=schema), {"a": long, long: "x", "c": {"b": long}})
    assert [entry["event"] for entry in logs] == ["tool_schema_broken"]


UNIQUE = {"properties": {"a": {"type": "array", "uniqueItems": True}}}


@pytest.mark.parametrize(
    "items", [[1, 1.0], ["a", "a"], [{"b": 1, "c": [2]}, {"c": [2.0], "b": 1}], [[], []], [None, None], [0] * 20_000]
)
def test_items_that_are_equal_are_not_unique(tool, items):
    with pytest.raises(BadArguments, match="unique"):
        check_arguments(tool(schema=UNIQUE), {"a": items})


def test_items_that_only_look_alike_are_unique(tool):
    check_arguments(tool(schema=UNIQUE), {"a": [1, True, "1", [1], [True], {"1": 1}, 0, False, None, "", [], {}, [[]]]})


def test_whether_large_items_are_unique_is_decided_at_once():
    items = [{f"k{n}": 0 for n in range(1000)} | {"last": last} for last in range(200)]
    started = time.process_time()
    assert misfits({"a": items}, UNIQUE) == []
    assert time.process_time() - started < 1


def test_a_pattern_that_python_would_search_for_ever_is_decided(tool):
    schema = {"properties": {"a": {"pattern": "^([a-z0-9]+)+@x$"}}}
    with pytest.raises(BadArguments, match=r"- a: 'a+' does not match"):
        check_arguments(tool(schema=schema), {"a": "a" * 40})
    check_arguments(tool(schema=schema), {"a": "a" * 40 + "@x"})


def test_a_pattern_that_python_does_not_know_holds(tool):
    schema = {"properties": {"a": {"pattern": r"^\p{L}+$"}}}
    check_arguments(tool(schema=schema), {"a": "größer"})
    with pytest.raises(BadArguments, match="does not match"):
        check_arguments(tool(schema=schema), {"a": "4"})


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"x_a": 1, "y": "b"}, None),
        ({"x_a": "b"}, "- x_a: 'b' is not of type 'integer'"),
        ({"z": 1, "x_a": 1}, "'z' was unexpected"),
    ],
)
def test_names_that_a_pattern_allows_are_held_against_it_and_others_are_not_allowed(tool, arguments, told):
    subject = tool(
        schema={
            "properties": {"y": {"type": "string"}},
            "patternProperties": {"^x_": {"type": "integer"}},
            "additionalProperties": False,
        }
    )
    if told is None:
        check_arguments(subject, arguments)
        return
    with pytest.raises(BadArguments, match=told):
        check_arguments(subject, arguments)


def test_references_inside_a_schema_are_followed(tool):
    schema = {"properties": {"a": {"$ref": "#/$defs/number"}}, "$defs": {"number": {"type": "number"}}}
    with pytest.raises(BadArguments, match="not of type 'number'"):
        check_arguments(tool(schema=schema), {"a": "b"})
