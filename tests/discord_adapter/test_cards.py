"""Cards tell exactly what would be run, whatever the model or a tool's server put into it."""

import hashlib
import json
import re
import time
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checkpoints.cards import Approval, Decision, Kind, Terms
from discord_adapter.cards import card
from discord_adapter.choices import Verb, custom_id, parse
from discord_adapter.content import Pings
from discord_adapter.plain import exact, inline
from discord_adapter.text.lengths import units
from discord_adapter.text.splitting import MESSAGE_LIMIT, open_fence
from graph.state import fingerprint
from playground.uploads import MAX_FILE
from tests.discord_adapter.hostile import HOSTILE, nested
from tools.tool import LARGEST_ARGUMENTS

LATER = datetime(2026, 11, 26, 12, tzinfo=UTC)
SIX = 6
CALLS = re.compile(r"<[@#/:]|<(a|t|id):|@everyone|@here")


def _approval(arguments, **values):
    tool = values.pop("tool", "wipe")
    values.setdefault("source", "notes/wipe")
    values.setdefault("deadline", LATER)
    return Approval("i", "c", "message:1:0", tool, arguments, fingerprint(tool, arguments), 3, 2, **values)


def _read(shown):
    """The arguments as somebody reads them from a card: out of its one code block, or out of its file."""
    if shown.files:
        ((name, content),) = shown.files
        assert name == "arguments.json"
        assert hashlib.sha256(content).hexdigest() in shown.text
        assert "```" not in shown.text
        return json.loads(content)
    _, body, _ = shown.text.split("```")
    assert body.startswith("json\n")
    return json.loads(body.removeprefix("json\n"))


def _around(text):
    """What stands on a card beside the arguments, without the people and times that we name ourselves."""
    opened, *rest = text.split("```")
    return re.sub(r"<@&?\d+>|<t:\d+:[Rf]>", "", opened + "".join(rest[1:]))


def _hides_nothing(text):
    assert not [one for one in text if unicodedata.category(one)[0] == "C" and one != "\n"]
    assert not [one for one in text if unicodedata.category(one)[0] == "Z" and one != " "]
    assert not set(text) & set("\u3164\u115f\u1160\uffa0\u2800\u034f\ufe0f\u17b4\U0001d159")
    assert not re.search("[\u0300-\u036f\u20d0-\u20f0]", text)


def _holds(approval, shown):
    """What holds for every card, whatever it asks about."""
    assert _read(shown) == approval.arguments
    assert fingerprint(approval.tool, _read(shown)) == approval.fingerprint
    assert f"`{approval.fingerprint[:16]}`" in shown.text
    assert units(shown.text) <= MESSAGE_LIMIT
    assert open_fence(shown.text) is None
    body = shown.files[0][1].decode() if shown.files else shown.text.split("```")[1]
    for written in (body, _around(shown.text).replace("✏️", "")):
        _hides_nothing(written)
        assert not CALLS.search(written)
    assert (shown.pings.users, shown.pings.roles) == ((), ())


@pytest.mark.parametrize("name", HOSTILE)
def test_card_shows_exactly_the_arguments_and_nothing_disguised(name):
    arguments = HOSTILE[name]
    approval = _approval(arguments)
    shown = card(approval)

    _holds(approval, shown)
    assert list(_read(shown)) == list(arguments)


def test_table_has_a_hundred_cases():
    assert len(HOSTILE) >= 100


# Characters that disguise come as often as those that do not.
TEXTS = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from(
            "`*_~|>#<@&!:/\\\"' \n\t{}[]0aé\u0301\u202e\u2066\u200b\u200d\u2028\u00a0\u3164\ufe0f\x1b\ud800"
        ),
    )
)
# Two halves of a pair beside each other are one character once they are written.
TEXTS = TEXTS.filter(lambda text: json.loads(json.dumps(text)) == text)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=SIX) | st.dictionaries(TEXTS, inner, max_size=SIX),
    max_leaves=30,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(TEXTS, VALUES, max_size=SIX))
def test_any_arguments_come_back_from_the_card(arguments):
    approval = _approval(arguments)
    _holds(approval, card(approval))


@settings(max_examples=150, deadline=None)
@given(TEXTS, TEXTS, TEXTS, st.sampled_from([None, *Decision]), st.lists(st.integers(1, 2**63), max_size=20))
def test_no_name_source_or_reason_leaves_its_place(tool, source, reason, decision, voters):
    terms = Terms(deciders=("others", *(f"role:{one}" for one in voters)), approvals=3)
    decided = {} if decision is None else {"decision": decision, "decided_by": 7, "decided_at": LATER, "reason": reason}
    approval = _approval({"x": "y" * 900}, tool=tool, source=source, terms=terms, **decided)
    shown = card(approval, voters)

    _holds(approval, shown)
    for line in _around(shown.text).splitlines():
        # Code within a line opens and closes in that line: what stands in it can end nothing but itself.
        assert line.count("`") % 2 == 0
        outside = "".join(line.split("`")[::2])
        assert not re.search(r"[*_~|\[\]]", outside)


# A character beyond the first plane is written with twelve.
@given(TEXTS.filter(lambda text: 0 < len(text) <= 15))
def test_short_name_reads_back(name):
    assert json.loads(f'"{inline(name, 15 * 12)[1:-1]}"') == name


def test_name_that_was_cut_says_how_long_it_is():
    shown = card(_approval({}, source="evil/" + "read_note" * 1000)).text

    assert "… (9,005 characters)" in shown
    assert units(shown) < 500


@pytest.mark.parametrize("size", [900, 986, 987, 988, 1000, 1500, 2000, 50_000])
def test_arguments_of_any_size_are_there_in_the_message_or_in_a_file(size):
    approval = _approval({"x": "y" * size})
    shown = card(approval)

    _holds(approval, shown)
    assert bool(shown.files) == (size > 987)


LARGEST = {
    "hidden": "\x7f",
    "backticks": "`",
    "mentions": "<@",
    "spaces": "x    ",
    "marks": "\u0301",
    "thai": "\u0e01\u0e34",
    "emoji": "\U0001f98a",
    "list": [1],
    "objects": [{"a": 1, "b": "x"}],
    "nested": [nested(70)],
}


@pytest.mark.parametrize("filling", LARGEST.values(), ids=list(LARGEST))
def test_largest_arguments_that_are_taken_are_shown_at_once_and_far_below_what_discord_takes(filling):
    one = len(json.dumps(filling, ensure_ascii=False).encode())
    arguments = {"x": filling * (LARGEST_ARGUMENTS // (one if isinstance(filling, list) else one - 2))}
    started = time.process_time()
    shown = card(_approval(arguments))
    took = time.process_time() - started

    _holds(_approval(arguments), shown)
    assert len(shown.files[0][1]) < MAX_FILE / 4
    assert took < 2


def test_arguments_are_in_lines_unless_these_would_be_mostly_indentation():
    assert exact({"a": [{"b": 1}]}) == '{\n  "a": [\n    {\n      "b": 1\n    }\n  ]\n}'
    deep = [nested(70)] * 20
    assert exact({"a": deep}) == json.dumps({"a": deep})


def test_decided_card_has_its_arguments_in_the_same_place():
    for size in (900, 1100):
        waits = _approval({"x": "y" * size})
        decided = _approval(
            {"x": "y" * size}, decision=Decision.REFUSED, decided_by=3, decided_at=LATER, reason="z" * 999
        )
        assert card(waits).text.split("\n")[2:-2] == card(decided).text.split("\n")[2:-2]
        assert units(card(decided).text) <= MESSAGE_LIMIT


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("decision", [None, *Decision])
@pytest.mark.parametrize("deciders", [("requester", "others", *(f"role:{2**64 - 1}",) * 40), ("others",) * 40])
def test_card_on_which_everything_is_at_its_longest_fits_into_a_message(kind, decision, deciders):
    longest = 2**64 - 1
    decided = {} if decision is None else {"decision": decision, "decided_by": longest, "decided_at": LATER}
    approval = _approval(
        {"x": "y" * 987},
        kind=kind,
        tool="t" * 10_000,
        source="s" * 10_000,
        effects=("reads", "writes", "destroys", "reaches outside"),
        terms=Terms(deciders, 10_000),
        reason="\u0301" * 1000,
        **decided,
    )
    shown = card(replace(approval, requester_id=longest), [longest] * 9_999)
    assert not shown.files
    assert units(shown.text) <= MESSAGE_LIMIT


def test_words_of_other_scripts_stay_readable():
    words = "हिन्दी ไทย עִבְרִית العربية 中文 한국어 Ελληνικά é 🦊"

    assert json.loads(exact({"x": words})) == {"x": words}
    assert "\\u" not in exact({"x": words})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, ["May I run `wipe`?", "`notes/wipe`", "<@3> decides"]),
        ({"effects": ("reads", "reaches outside")}, ["· reads · reaches outside ·"]),
        ({"effects": ("writes", "destroys")}, ["· writes · destroys ·"]),
        ({"effects": ("is harmless",)}, ["its author does not say what it does"]),
        ({"terms": Terms(("others",))}, ["anyone but <@3> decides"]),
        ({"terms": Terms(("role:5", "user:6"))}, ["<@&5> or <@6> decides"]),
        ({"terms": Terms(("role:5",), 2)}, ["2 people have to approve, of <@&5>", "0 of 2 approvals"]),
        ({}, [f"If nobody does, it is refused <t:{int(LATER.timestamp())}:R>"]),
        ({"kind": Kind.DOUBT}, ["In doubt: `wipe`", "when I stopped", "🔁 runs it again", "given up <t:"]),
    ],
)
def test_card_that_waits_says_what_it_asks_and_of_whom(values, words):
    shown = card(_approval({"x": 1}, **values)).text

    assert all(word in shown for word in words), shown


@pytest.mark.parametrize(
    ("decision", "by", "words"),
    [
        (Decision.APPROVED, 3, ["Approved: `wipe`", "Decided by <@3> <t:"]),
        (Decision.REFUSED, 4, ["Refused: `wipe`", "Decided by <@4> <t:", "Reason: `not today`"]),
        (Decision.EXPIRED, None, ["Refused, since nobody decided in time: `wipe`", "until the deadline"]),
        (Decision.WITHDRAWN, None, ["Not run: `wipe`", "Nobody decided; the turn was closed"]),
        (Decision.EDITED, 4, ["Arguments edited: `wipe`", "<@4> changed the arguments"]),
        (Decision.RUN_AGAIN, 3, ["Run again: `wipe`", "Decided by <@3>"]),
        (Decision.TAKEN_AS_DONE, 3, ["Taken as done: `wipe`"]),
        (Decision.GIVEN_UP, 3, ["Given up: `wipe`"]),
    ],
)
def test_decided_card_tells_what_became_of_it_and_has_no_buttons(decision, by, words):
    reason = "not today" if decision is Decision.REFUSED else None
    shown = card(_approval({"x": 1}, decision=decision, decided_by=by, decided_at=LATER, reason=reason))

    assert all(word in shown.text for word in words), shown.text
    assert not any(shown.buttons)
    assert _read(shown) == {"x": 1}


def test_card_counts_those_who_approve():
    terms = Terms(("others",), 3)

    assert "2 of 3 approvals: <@8>, <@9>" in card(_approval({}, terms=terms), [8, 9]).text
    decided = _approval({}, terms=terms, decision=Decision.APPROVED, decided_by=7, decided_at=LATER)
    assert "Decided by <@8>, <@9>, <@7> <t:" in card(decided, [8, 9, 7]).text


def _verbs(approval):
    (row,) = card(approval).buttons
    found = [parse(one.custom_id) for one in row]
    assert {approval_id for _, approval_id in found} == {approval.id}
    return [verb for verb, _ in found]


def test_buttons_are_those_that_mean_something():
    assert _verbs(_approval({})) == [Verb.APPROVE, Verb.REFUSE, Verb.EXPLAIN, Verb.EDIT]
    granting = _approval({}, terms=Terms(remember_minutes=30))
    assert _verbs(granting) == [Verb.APPROVE, Verb.REFUSE, Verb.REMEMBER, Verb.EXPLAIN, Verb.EDIT]
    assert _verbs(_approval({}, kind=Kind.DOUBT)) == [Verb.AGAIN, Verb.DONE, Verb.GIVE_UP]


@pytest.mark.parametrize(
    "sent", ["", "clew", "clew:approve", "clew:approve:", "clew:own:" + "a" * 25, "x:approve:" + "a" * 25]
)
def test_what_is_no_button_of_ours_is_nothing(sent):
    assert parse(sent) is None


def test_button_reads_back():
    assert parse(custom_id(Verb.GIVE_UP, "a" * 25)) == (Verb.GIVE_UP, "a" * 25)


def test_those_named_can_be_pinged_and_nobody_else():
    terms = Terms(("requester", "others", "role:5", "user:6", "user:3"))
    pings = card(_approval({"x": "<@9> <@&8>"}, terms=terms), ping=True).pings

    assert (pings.users, pings.roles) == ((6,), (5,))


@pytest.mark.parametrize(("people", "told"), [(7, 7), (200, 20)])
def test_whoever_is_pinged_is_mentioned_within_the_cards_length(people, told):
    terms = Terms(("requester", *(f"user:{2**64 - 1 - one}" for one in range(people)), "role:5"), 2)
    asked = _approval({"x": "y" * 900}, terms=terms, source="s" * 200)
    shown = card(asked, ping=True)

    assert len(shown.pings.users) >= told
    assert all(f"<@{one}>" in shown.text for one in shown.pings.users)
    assert all(f"<@&{one}>" in shown.text for one in shown.pings.roles)
    _holds(asked, replace(shown, pings=Pings()))
