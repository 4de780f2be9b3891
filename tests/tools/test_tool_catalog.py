from __future__ import annotations

import re

import pytest

from tools import Catalog, UnknownTool
from tools.builtin import builtin_tools


def names(*tools):
    return [tool.name for tool in Catalog(lambda: tools).tools()]


def test_sources_are_asked_anew_each_time(tool):
    now = []
    catalog = Catalog(builtin_tools, lambda: now)
    assert [tool.name for tool in catalog.tools()] == ["current_time"]
    now.append(tool("read"))
    assert [tool.name for tool in catalog.tools()] == ["current_time", "read"]


def test_a_clash_puts_the_servers_name_in_front_of_both(tool):
    assert names(tool("read", "fs"), tool("read", "web"), tool("write", "fs")) == ["fs_read", "web_read", "write"]


def test_our_own_tool_keeps_its_name(tool):
    assert names(tool("current_time", "time"), *builtin_tools()) == ["time_current_time", "current_time"]


def test_a_clash_with_a_name_made_for_a_clash_is_resolved_too(tool):
    found = names(tool("read", "fs"), tool("read", "web"), tool("fs_read", "other"))
    assert len(set(found)) == 3
    assert found[1] == "web_read"


def test_a_server_cannot_take_the_hashed_name_of_another_servers_tool(tool):
    def taken(evil):
        """The name that the tool has when the evil server lists these."""
        tools = [tool("delete", "notes"), *(tool(name, "evil") for name in ("delete", "notes_delete", *evil))]
        assert names(*tools) == names(*reversed(tools))[::-1]
        assert len(set(names(*tools))) == len(tools)
        return names(*tools)[0]

    evil = [taken([])]
    evil.append(taken(evil))
    assert taken(evil) not in evil


def test_server_and_name_that_make_one_name_in_two_ways_stay_apart(tool):
    tools = [tool("c", "a_b"), tool("b_c", "a"), tool("c", "x"), tool("b_c", "x")]
    assert len(set(names(*tools))) == 4


def test_names_that_differ_only_in_what_is_not_allowed_stay_apart(tool):
    found = names(tool("a.b", "fs"), tool("a b", "fs"))
    assert len(set(found)) == 2


@pytest.mark.parametrize(
    "name",
    [
        "files.read",
        "read file",
        "\N{FIRE}",
        "\N{FIRE}\N{COLLISION SYMBOL}",
        "x" * 100,
        "\u8aad\u3080",
        "",
        "a/b:c",
        "\ud800",
    ],
)
def test_odd_names_become_names_a_model_may_use(tool, name):
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", names(tool(name))[0])


def test_long_names_with_one_beginning_stay_apart(tool):
    found = names(tool("x" * 100 + "a"), tool("x" * 100 + "b"))
    assert len(set(found)) == 2
    assert all(len(name) == 64 for name in found)


def test_long_server_names_are_cut_as_well(tool):
    found = names(tool("read" * 14, "s" * 60), tool("read" * 14, "t" * 60))
    assert all(len(name) <= 64 for name in found)
    assert len(set(found)) == 2


def test_names_do_not_depend_on_order(tool):
    tools = [tool("read", "fs"), tool("read", "web"), tool("fs_read", "x"), tool("a.b", "y"), tool("a b", "y")]
    forward, backward = names(*tools), names(*reversed(tools))
    assert forward == backward[::-1]


def test_a_tool_listed_twice_is_there_once(tool):
    assert names(tool("read", "fs"), tool("read", "fs")) == ["read"]


def test_get_gives_the_tool_by_its_name_here(tool):
    catalog = Catalog(lambda: [tool("read", "fs"), tool("read", "web")])
    assert (catalog.get("web_read").server, catalog.get("web_read").original) == ("web", "read")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("current_tim", "did you mean current_time?"),
        ("read", "did you mean fs_read or web_read?"),
        ("zzz", "use one of the tools you were given"),
    ],
)
def test_an_unknown_name_names_those_that_come_close(tool, asked, told):
    catalog = Catalog(builtin_tools, lambda: [tool("read", "fs"), tool("read", "web")])
    with pytest.raises(UnknownTool, match=re.escape(told)):
        catalog.get(asked)


def test_definitions_are_what_the_model_endpoint_takes(tool):
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object"}
    assert Catalog(lambda: [tool("read", "fs", schema)]).definitions() == [
        {
            "type": "function",
            "function": {
                "name": "read",
                "description": "fs read",
                "parameters": {"type": "object", "properties": {}},
            },
        }
    ]
