from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from tools import BadArguments, check_arguments

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
    ],
)
def test_a_broken_schema_is_logged_and_left_to_the_server(tool, schema):
    with capture_logs() as logs:
        check_arguments(tool(schema=schema), {"a": "b"})
    assert [entry["event"] for entry in logs] == ["tool_schema_broken"]


def test_references_inside_a_schema_are_followed(tool):
    schema = {"properties": {"a": {"$ref": "#/$defs/number"}}, "$defs": {"number": {"type": "number"}}}
    with pytest.raises(BadArguments, match="not of type 'number'"):
        check_arguments(tool(schema=schema), {"a": "b"})
