"""Secrets are taken out of texts, also while these grow, and of results; no call with one is made."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.deciding import Person
from graph.redacting import Redactor
from graph.toolbox import JournaledToolbox
from playground.model import call, say
from tests.graph.conftest import Program
from tools.tool import Origin, ToolError

SECRET = 'sk-one"secret-of-ours'


def test_growing_text_never_shows_a_piece_of_a_secret():
    redact = Redactor([SECRET])
    whole = f"It is {SECRET}, and that is all."
    for end in range(len(whole) + 1):
        shown = redact.growing(whole[:end])
        assert "sk-" not in shown
        assert "It is [redacted], and that is all.".startswith(shown)


def test_end_that_turns_out_to_be_harmless_is_shown():
    redact = Redactor([SECRET])
    assert redact.growing("a task-sk-on") == "a task-"
    assert redact.growing("a task-sk-on and more") == "a task-sk-on and more"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("abcdefghijkl", "[redacted]"),
        ("efghijklabcdefgh", "[redacted][redacted]"),
        ("x abcdefghijklm abcdefgh y", "x [redacted]m [redacted] y"),
        ("xyxyxyxyxy", "[redacted]"),
    ],
)
def test_secrets_that_overlap_are_taken_out_whole(text, shown):
    assert Redactor(["abcdefgh", "efghijkl", "xyxyxyxy"])(text) == shown


@given(st.lists(st.text("ab", min_size=6, max_size=8), max_size=3), st.text("ab", max_size=30))
def test_growing_text_only_grows_whatever_secrets_are_in_it(secrets, text):
    redact = Redactor(secrets)
    shown = redact(text)
    assert not any(secret in shown for secret in secrets)
    growing = [redact.growing(text[:end]) for end in range(len(text) + 1)]
    assert all(after.startswith(before) for before, after in pairwise([*growing, shown]))


def test_what_stands_before_a_secret_within_what_may_become_another_one_is_shown():
    assert Redactor(["abcdefgh", "--abcdefgh--"]).growing("It is --abcdefgh") == "It is "


def test_secret_in_a_json_value_is_found_however_it_is_written():
    redact = Redactor([SECRET, "geheimnisö"])
    assert redact.holds({"a": [{"b": f"x{SECRET}x"}]})
    assert redact.holds({SECRET: 1})
    assert redact.holds({"a": "geheimnisö"})
    assert not redact.holds({"a": "nothing"})


class _Confided(Program):
    async def context(self, turn, thread_id, closing):
        context = await super().context(turn, thread_id, closing)
        stand = self.stand
        toolbox = JournaledToolbox(
            stand.tools.catalog(),
            stand.tools.policy(),
            stand.journal.tool_runs,
            thread_id=thread_id,
            turn_key=turn.key,
            origin=Origin(1, turn.channel_id, turn.user_id),
            redact=Redactor(["secret-1234567"]),
        )
        return replace(context, toolbox=toolbox)


async def test_secret_in_a_result_reaches_neither_model_nor_conversation(stand):
    stand.tools.results["look"] = "the key is secret-1234567!"
    stand.script.then(call("look", x=1))
    stand.script.then(say("seen"))
    async with _Confided(stand) as clew:
        await clew.ask(1)
        await clew.closed(1)
        assert stand.sent()[-1] == ("tool", "the key is [redacted]!")
        assert "secret-1234567" not in str(await clew.messages())


async def test_call_whose_arguments_hold_a_secret_is_refused_before_anybody_is_asked(stand):
    stand.tools.rules["wipe"] = "ask"
    stand.script.then(call("wipe", x="secret-1234567"))
    stand.script.then(say("no"))
    async with _Confided(stand) as clew:
        await clew.ask(1)
        await clew.closed(1)
        assert clew.surface.cards == {}
        assert stand.tools.ran == []
        assert "hold a secret" in stand.sent()[-1][1]


async def test_arguments_that_are_edited_to_hold_a_secret_are_not_taken(stand):
    stand.tools.schema = {"type": "object"}
    stand.script.then(call("wipe", x=1))
    async with _Confided(stand) as clew:
        await clew.ask(1)
        (card,) = await clew.cards(1)
        with pytest.raises(ToolError, match="hold a secret"):
            await clew.engine.edit(card, Person(3), {"x": "secret-1234567"})
        assert (await stand.journal.approvals.get(card)).decision is None
        assert list(clew.surface.cards) == [card]
