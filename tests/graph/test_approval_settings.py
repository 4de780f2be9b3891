"""What can be set about approvals, and for which tool it holds."""

import datetime as dt

import pytest
from pydantic import ValidationError

from graph.approval_settings import ApprovalSettings
from graph.deciding import Rules

NOW = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)


def rules(**settings):
    return Rules(ApprovalSettings.model_validate(settings))


def test_unless_set_the_requester_decides_within_a_day():
    terms = rules().terms("wipe", "notes/wipe")
    assert (terms.deciders, terms.approvals, terms.remember_minutes) == (("requester",), 1, 0)
    assert rules().deadline("wipe", "notes/wipe", NOW) == NOW + dt.timedelta(days=1)
    assert not rules().ping("wipe", "notes/wipe")


def test_deadline_of_zero_is_never():
    assert rules(deadline_hours=0).deadline("wipe", "notes/wipe", NOW) is None


@pytest.mark.parametrize(
    ("tool", "source", "approvals"),
    [
        ("wipe", "notes/wipe", 3),  # the longest literal part decides
        ("wipe", "files/wipe", 2),
        ("notes_wipe", "notes/wipe", 3),  # renamed by the catalog
        ("files_wipe", "files/wipe", 2),
        ("look", "notes/look", 4),
        ("look", "files/look", 1),
    ],
)
def test_most_specific_pattern_decides(tool, source, approvals):
    tools = {"wi*": {"approvals": 2}, "notes/*": {"approvals": 4}, "notes/wipe": {"approvals": 3}}
    assert rules(deciders=["others"], tools=tools).terms(tool, source).approvals == approvals


@pytest.mark.parametrize(
    ("common", "own", "counts"),
    [
        ({"deciders": ["role:1"], "approvals": 2}, {"deciders": ["requester"], "approvals": 1}, (("role:1",), 2)),
        ({}, {"deciders": ["role:1"], "approvals": 2}, (("role:1",), 2)),
        ({}, {"deciders": ["role:1"]}, (("role:1",), 1)),
        ({"deciders": ["role:1"]}, {"deciders": ["others"]}, (("role:1",), 1)),
    ],
)
def test_rule_for_a_bare_name_only_tightens_what_holds_for_a_tool_that_had_to_be_renamed(common, own, counts):
    """Two servers have a `search`; whoever set something for that name meant one of them."""
    found = rules(**common, tools={"search": own | {"remember_minutes": 60}})
    terms = found.terms("mail_search", "mail/search")
    assert (terms.deciders, terms.approvals) == counts
    assert found.terms("search", "mail/search").approvals == own.get("approvals", 1)


def test_rule_for_a_bare_name_lets_no_renamed_tool_run_without_asking():
    found = rules(tools={"search": {"remember_minutes": 60}})
    assert found.terms("mail_search", "mail/search").remember_minutes == 0
    assert found.terms("search", "mail/search").remember_minutes == 60


@pytest.mark.parametrize("order", [1, -1])
def test_of_equally_specific_patterns_the_one_with_more_people_decides(order):
    tools = dict([("wip?", {"approvals": 2}), ("?ipe", {"approvals": 3})][::order])
    assert rules(deciders=["others"], tools=tools).terms("wipe", "notes/wipe").approvals == 3


def test_what_a_pattern_leaves_out_is_as_for_all_tools():
    found = rules(
        deciders=["role:5"], remember_minutes=5, deadline_hours=2, tools={"wipe": {"remember_minutes": 0, "ping": True}}
    )
    terms = found.terms("wipe", "notes/wipe")
    assert (terms.deciders, terms.approvals, terms.remember_minutes) == (("role:5",), 1, 0)
    assert found.deadline("wipe", "notes/wipe", NOW) == NOW + dt.timedelta(hours=2)
    assert found.ping("wipe", "notes/wipe")


def test_nothing_is_remembered_where_two_have_to_approve():
    terms = rules(deciders=["others"], approvals=2, remember_minutes=5).terms("wipe", "notes/wipe")
    assert terms.remember_minutes == 0


@pytest.mark.parametrize(
    "settings",
    [
        {"approvals": 2},
        {"approvals": 3, "deciders": ["requester", "user:1", "user:1"]},
        {"tools": {"wipe": {"approvals": 2}}},
        {"deciders": ["others"], "approvals": 2, "tools": {"wipe": {"deciders": ["user:1"]}}},
    ],
)
def test_more_approvals_than_there_can_be_people_are_refused(settings):
    with pytest.raises(ValidationError, match="people have to approve, but the deciders"):
        ApprovalSettings.model_validate(settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"approvals": 2, "deciders": ["requester", "user:1"]},
        {"approvals": 3, "deciders": ["requester", "others"]},
        {"tools": {"wipe": {"approvals": 2, "deciders": ["role:1"]}}},
        {"deciders": ["others"], "approvals": 2, "tools": {"wipe": {"deciders": ["requester"], "approvals": 1}}},
    ],
)
def test_approvals_for_which_there_can_be_people_are_taken(settings):
    ApprovalSettings.model_validate(settings)


@pytest.mark.parametrize(
    "wrong",
    [
        {"deciders": []},
        {"deciders": ["everybody"]},
        {"deciders": ["role:moderators"]},
        {"deciders": ["role:\u0665"]},
        {"approvals": 0},
        {"deadline_hours": -1},
        {"deadline_hours": float("nan")},
        {"remember_minutes": -1},
        {"tools": {" ": {}}},
        {"tools": {"wipe": {"deciders": ["nobody"]}}},
        {"tools": {"wipe": {"approval": 2}}},
    ],
)
def test_what_cannot_be_meant_is_refused(wrong):
    with pytest.raises(ValidationError):
        ApprovalSettings.model_validate(wrong)
