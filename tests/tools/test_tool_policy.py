from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import ValidationError

from tools import Action, Catalog, Policy, PolicySettings, ToolSettings
from tools.builtin import builtin_tools
from tools.tool import Hints


def policy(**rules):
    return Policy(PolicySettings(rules))


@pytest.mark.parametrize("destructive", [None, False, True])
@pytest.mark.parametrize("open_world", [None, False, True])
@pytest.mark.parametrize("read_only", [None, False, True])
def test_with_nothing_configured_only_closed_reading_runs(tool, read_only, open_world, destructive):
    subject = tool(read_only=read_only, open_world=open_world, destructive=destructive)
    runs = read_only is True and open_world is False and destructive is not True
    assert Policy().verdict(subject).action is (Action.AUTO if runs else Action.ASK)


def test_our_own_clock_runs():
    assert Policy().verdict(builtin_tools()[0]).action is Action.AUTO


@pytest.mark.parametrize(
    ("hints", "rule"),
    [
        ({}, "not declared read-only"),
        ({"read_only": True}, "read-only, but may reach the open world"),
        ({"read_only": True, "destructive": True}, "declared both read-only and destructive"),
        ({"read_only": True, "open_world": False}, "read-only and not open-world"),
    ],
)
def test_the_default_says_why(tool, hints, rule):
    assert Policy().verdict(tool(**hints)).rule == rule


@pytest.mark.parametrize(
    ("rules", "verdict"),
    [
        ({"*": "auto"}, ("auto", "*: auto")),
        ({"read": "deny"}, ("deny", "read: deny")),
        ({"fs/*": "auto"}, ("auto", "fs/*: auto")),
        ({"fs/read": "auto"}, ("auto", "fs/read: auto")),
        ({"*": "deny", "re*": "auto"}, ("auto", "re*: auto")),
        ({"re*": "auto", "fs/*": "ask"}, ("ask", "fs/*: ask")),  # three literal characters against two
        ({"rea?": "auto", "?ead": "deny"}, ("deny", "?ead: deny")),  # as specific: the stricter
        ({"rea[a-z]": "auto", "re*": "deny"}, ("auto", "rea[a-z]: auto")),
        ({"READ": "deny"}, ("ask", "not declared read-only")),  # case counts
        ({"other/*": "deny"}, ("ask", "not declared read-only")),
    ],
)
def test_the_most_specific_rule_decides(tool, rules, verdict):
    found = policy(**rules).verdict(tool("read", "fs"))
    assert (found.action, found.rule) == verdict


def test_a_rule_for_the_servers_name_holds_when_the_catalog_gave_another(tool):
    renamed = replace(tool("read", "fs"), name="fs_read", original="read")
    assert policy(**{"fs/read": "deny"}).verdict(renamed).action is Action.DENY
    assert policy(fs_read="deny").verdict(renamed).action is Action.DENY
    assert policy(read="auto").verdict(renamed).action is Action.ASK  # which of the two reads would it be?


@pytest.mark.parametrize(
    ("rules", "verdict"),
    [
        ({"read": "deny"}, ("deny", "read: deny")),
        ({"re*": "ask"}, ("ask", "re*: ask")),
        ({"read": "auto", "*": "ask"}, ("ask", "*: ask")),
        ({"read": "ask", "fs/read": "auto"}, ("auto", "fs/read: auto")),
    ],
)
def test_a_rule_for_a_bare_name_still_tightens_when_another_server_has_a_tool_of_that_name(tool, rules, verdict):
    harmless = {"read_only": True, "open_world": False}
    catalog = Catalog(lambda: [tool("read", "fs", **harmless), tool("read", "web", **harmless)])
    found = policy(**rules).verdict(catalog.get("fs_read"))
    assert (found.action, found.rule) == verdict


@pytest.mark.parametrize("rules", [{"": "auto"}, {"  ": "auto"}, {"a": "yes"}, {"a": None}])
def test_a_rule_that_says_nothing_is_refused(rules):
    with pytest.raises(ValidationError):
        ToolSettings.model_validate({"policy": rules})


def test_settings_read_the_table():
    settings = ToolSettings.model_validate({"call_timeout": 5, "policy": {"fs_*": "ask"}})
    assert settings.policy.root == {"fs_*": Action.ASK}


@pytest.mark.parametrize(
    ("hints", "effects"),
    [
        (Hints(), ("writes", "destroys", "reaches outside")),
        (Hints(read_only=True), ("reads", "reaches outside")),
        (Hints(read_only=True, open_world=False), ("reads",)),
        (Hints(read_only=True, destructive=True, open_world=False), ("reads", "destroys")),
        (Hints(read_only=False, destructive=False, open_world=False), ("writes",)),
        (Hints(destructive=True, open_world=True), ("writes", "destroys", "reaches outside")),
    ],
)
def test_effects_count_what_is_not_said_as_the_specification_does(hints, effects):
    assert hints.effects == effects
