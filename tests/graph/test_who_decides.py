"""Who may decide what, cell by cell; and several people who decide at once."""

import asyncio
import datetime as dt
import itertools

import pytest

from checkpoints.cards import Approval, Decision, Kind, Terms
from checkpoints.database import open_database
from checkpoints.journal import Journal
from graph.approval_settings import ApprovalSettings
from graph.asking import Asking
from graph.deciding import Answer, Person, Rules
from graph.state import fingerprint
from graph.toolbox import JournaledToolbox
from tests.graph.conftest import HERE, Tools, turn
from tests.graph.memory_surface import MemorySurface
from tools.tool import Origin

ROLE = 50
PEOPLE = {
    "requester": Person(1),
    "requester with role": Person(1, frozenset({ROLE})),
    "other member": Person(2, frozenset({99})),
    "stranger": Person(3),
    "member with role": Person(4, frozenset({ROLE})),
    "former holder": Person(5),  # had the role when the card was asked
    "named user": Person(6),
    "bot": Person(7, frozenset({ROLE}), bot=True),  # has the role and is named as well
}
RULES = {
    "requester": Terms(("requester",), 1, 10),
    "others": Terms(("others",), 1, 10),
    "role": Terms((f"role:{ROLE}",), 1, 10),
    "user": Terms(("user:6", "user:7"), 1, 10),
    "two others": Terms(("others",), 2, 10),
    "two of a role": Terms((f"role:{ROLE}",), 2, 10),
    "two named, one asks": Terms(("user:1", "user:6"), 2, 10),
    "two, requester too": Terms(("requester", "others"), 2, 10),
    "two, requester, role": Terms(("requester", f"role:{ROLE}"), 2, 10),
}

# For each person what comes of: approve, refuse, remember, edit. D decided, C counted, . nothing changes.
TABLE = """
                     | requester | requester with role | other member | stranger | member with role | former holder | named user | bot
requester            | DDDD      | DDDD                | ....         | ....     | ....             | ....          | ....       | ....
others               | ....      | ....                | DDDD         | DDDD     | DDDD             | DDDD          | DDDD       | ....
role                 | ....      | DDDD                | ....         | ....     | DDDD             | ....          | ....       | ....
user                 | ....      | ....                | ....         | ....     | ....             | ....          | DDDD       | ....
two others           | ....      | ....                | CD.D         | CD.D     | CD.D             | CD.D          | CD.D       | ....
two of a role        | ....      | ....                | ....         | ....     | CD.D             | ....          | ....       | ....
two named, one asks  | ....      | ....                | ....         | ....     | ....             | ....          | CD.D       | ....
two, requester too   | CD.D      | CD.D                | CD.D         | CD.D     | CD.D             | CD.D          | CD.D       | ....
two, requester, role | CD.D      | CD.D                | ....         | ....     | CD.D             | ....          | ....       | ....
"""  # noqa: E501 - a table
ACTS = ("approve", "refuse", "remember", "edit")
ANSWERS = {"D": Answer.DECIDED, "C": Answer.COUNTED, ".": Answer.NOT_ALLOWED}


def cells():
    """The table as (rule, person, four letters)."""
    head, *rows = ([cell.strip() for cell in line.split("|")] for line in TABLE.strip("\n").splitlines())
    return [(rule, *cell) for rule, *letters in rows for cell in zip(head[1:], letters, strict=True)]


class Place:
    """A database with cards in it, and what decides about them."""

    def __init__(self, path):
        self.time = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
        self.path = path
        self.database = open_database(f"sqlite:///{path}")
        self.journal = Journal(self.database, lambda: self.time)
        self.surface = MemorySurface()
        self.numbers = itertools.count()

    async def card(self, terms, **values):
        """A new open card, asked by person 1 on these terms."""
        asked = turn(next(self.numbers))
        await self.journal.inbox.claim(asked.key, HERE, asked.payload())
        values = {"source": "clew/wipe", "terms": terms} | values
        card = Approval("i", asked.key, asked.key, "wipe", {"x": 1}, fingerprint("wipe", {"x": 1}), 1, 2, **values)
        await self.journal.approvals.ask(card)
        return card

    def asking(self, terms):
        """What decides while the settings say this."""
        settings = ApprovalSettings(
            deciders=list(terms.deciders), approvals=terms.approvals, remember_minutes=terms.remember_minutes
        )
        return Asking(self.journal, self.surface, Rules(settings), lambda: None)

    async def act(self, act, card, person, present=None):
        asking = self.asking(present or card.terms)
        match act:
            case "approve":
                return await asking.decide(card.id, Decision.APPROVED, person)
            case "refuse":
                return await asking.decide(card.id, Decision.REFUSED, person, "not today")
            case "remember":
                return await asking.remember(card.id, HERE, person)
            case "edit":
                return await asking.edit(card.id, person, {"x": 2}, self.toolbox())

    def toolbox(self):
        tools = Tools()
        return JournaledToolbox(
            tools.catalog(),
            tools.policy(),
            self.journal.tool_runs,
            thread_id="t",
            turn_key="k",
            origin=Origin(1, 2, 3),
        )

    async def events(self, card):
        return [
            (event.event, event.user_id) for event in await self.journal.audit.all() if event.approval_id == card.id
        ]


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """The path of an empty database: each test has a copy, which is cheaper than each its own upgrade."""
    path = tmp_path_factory.mktemp("database") / "clew.db"

    async def make():
        database = open_database(f"sqlite:///{path}")
        await database.upgrade()
        await database.close()

    asyncio.run(make())
    return path


@pytest.fixture
async def place(template, tmp_path):
    (tmp_path / "clew.db").write_bytes(template.read_bytes())
    place = Place(tmp_path / "clew.db")
    yield place
    await place.database.close()


def test_table_has_every_cell():
    assert sorted(cell[:2] for cell in cells()) == sorted(itertools.product(RULES, PEOPLE))
    assert {len(letters) for *_, letters in cells()} == {len(ACTS)}


@pytest.mark.parametrize(("rule", "person", "letters"), cells())
async def test_who_may_decide(place, rule, person, letters):
    may = place.asking(RULES[rule]).rules.may_decide(await place.card(RULES[rule]), PEOPLE[person])
    assert may == (letters != "....")
    for act, letter in zip(ACTS, letters, strict=True):
        await decides(place, act, letter, await place.card(RULES[rule]), PEOPLE[person])


async def decides(place, act, letter, card, who):
    """See that an act comes to what the table says, and to nothing else."""
    earlier = await place.journal.grants.of(HERE)
    outcome = await place.act(act, card, who)
    assert outcome.answer == ANSWERS[letter], act

    row = await place.journal.approvals.get(card.id)
    granted = (await place.journal.grants.of(HERE)).keys() - earlier.keys()
    voted = await place.journal.approvals.votes(card.id)
    by = who.user_id
    if letter == ".":
        assert (row, granted, voted, await place.events(card)) == (card, set(), [], []), act
        return
    if letter == "C":
        assert (row, granted, voted) == (card, set(), [by]), act
        assert await place.events(card) == [("approval_counted", by)], act
        return
    assert row.decided_by == by
    assert row.decision == {"refuse": "refused", "edit": "edited"}.get(act, "approved")
    assert (row.reason == "not today") == (act == "refuse")
    assert granted == ({"clew/wipe"} if act == "remember" else set())
    assert await place.events(card) == [(row.decision, by)] + [("granted", by)] * (act == "remember")


@pytest.mark.parametrize("first", ["approve", "refuse", "remember", "edit"])
@pytest.mark.parametrize("second", ["approve", "refuse", "remember", "edit"])
async def test_second_decision_finds_the_card_closed(place, first, second):
    card = await place.card(RULES["requester"])
    await place.act(first, card, PEOPLE["requester"])
    decided, events = await place.journal.approvals.get(card.id), await place.events(card)
    granted = await place.journal.grants.of(HERE)

    outcome = await place.act(second, card, PEOPLE["requester"])
    assert (outcome.answer, outcome.approval) == (Answer.CLOSED, decided)
    assert await place.events(card) == events
    assert await place.journal.grants.of(HERE) == granted


async def test_unknown_card_is_closed(place):
    outcome = await place.asking(RULES["requester"]).decide("nothing", Decision.APPROVED, PEOPLE["requester"])
    assert (outcome.answer, outcome.approval) == (Answer.CLOSED, None)


async def test_two_people_are_needed_and_each_counts_once(place):
    card = await place.card(RULES["two others"])
    assert (await place.act("approve", card, Person(2))).answer == Answer.COUNTED
    assert (await place.act("approve", card, Person(2))).answer == Answer.COUNTED
    assert await place.journal.approvals.votes(card.id) == [2]

    outcome = await place.act("approve", card, Person(3))
    assert (outcome.answer, outcome.approval.decision, outcome.approval.decided_by) == (Answer.DECIDED, "approved", 3)
    assert await place.events(card) == [("approval_counted", 2), ("approved", 3)]


async def test_requester_is_one_of_the_two_only_where_the_settings_name_the_requester(place):
    named, unnamed = await place.card(RULES["two, requester, role"]), await place.card(RULES["two of a role"])
    for card in (named, unnamed):
        await place.act("approve", card, PEOPLE["member with role"])

    assert (await place.act("approve", named, PEOPLE["requester"])).answer == Answer.DECIDED
    assert (await place.act("approve", unnamed, PEOPLE["requester with role"])).answer == Answer.NOT_ALLOWED
    assert (await place.journal.approvals.get(unnamed.id)).decision is None


async def test_one_refusal_is_enough_after_an_approval_was_counted(place):
    card = await place.card(RULES["two others"])
    await place.act("approve", card, Person(2))

    assert (await place.act("refuse", card, Person(3))).approval.decision == Decision.REFUSED
    assert (await place.act("approve", card, Person(4))).answer == Answer.CLOSED


async def test_approval_that_was_taken_back_does_not_count(place):
    card = await place.card(RULES["two others"])
    await place.act("approve", card, Person(2))
    await place.journal.approvals.unvote(card.id, 2)

    assert (await place.act("approve", card, Person(3))).answer == Answer.COUNTED
    assert (await place.act("approve", card, Person(2))).answer == Answer.DECIDED
    await place.journal.approvals.unvote(card.id, 3)
    assert sorted(await place.journal.approvals.votes(card.id)) == [2, 3]


async def test_former_approver_does_not_decide_but_what_they_approved_before_counts(place):
    card = await place.card(RULES["two of a role"])
    await place.act("approve", card, Person(5, frozenset({ROLE})))
    assert (await place.act("approve", card, PEOPLE["former holder"])).answer == Answer.NOT_ALLOWED
    assert (await place.act("refuse", card, PEOPLE["former holder"])).answer == Answer.NOT_ALLOWED

    assert (await place.act("approve", card, PEOPLE["member with role"])).answer == Answer.DECIDED


@pytest.mark.parametrize(
    ("stored", "present", "person", "answer"),
    [
        ("requester", "others", "requester", Answer.NOT_ALLOWED),
        ("others", "requester", "requester", Answer.NOT_ALLOWED),
        ("requester", "others", "other member", Answer.NOT_ALLOWED),
        ("others", "role", "other member", Answer.NOT_ALLOWED),
        ("others", "role", "member with role", Answer.DECIDED),
        ("role", "others", "member with role", Answer.DECIDED),
        ("others", "two others", "other member", Answer.COUNTED),
        ("two others", "others", "other member", Answer.COUNTED),
        # Two are needed by one of both, so that the requester's role admits nobody by the other one.
        ("role", "two, requester, role", "requester with role", Answer.NOT_ALLOWED),
    ],
)
async def test_changed_settings_can_only_make_it_stricter(place, stored, present, person, answer):
    card = await place.card(RULES[stored])
    assert (await place.act("approve", card, PEOPLE[person], RULES[present])).answer == answer


@pytest.mark.parametrize(("stored", "present"), [(0, 10), (10, 0)])
async def test_remembering_takes_both_the_card_and_the_settings(place, stored, present):
    card = await place.card(Terms(remember_minutes=stored))
    outcome = await place.act("remember", card, PEOPLE["requester"], Terms(remember_minutes=present))
    assert outcome.answer == Answer.NOT_ALLOWED
    assert (await place.journal.approvals.get(card.id)).decision is None


async def test_two_person_rule_counts_anew_after_an_edit(place):
    card = await place.card(RULES["two others"])
    await place.act("approve", card, Person(2))
    edited = (await place.act("edit", card, Person(3))).approval
    assert (edited.number, edited.arguments, edited.decision) == (1, {"x": 2}, None)

    assert (await place.act("approve", edited, Person(3))).answer == Answer.COUNTED
    assert (await place.act("approve", edited, Person(2))).answer == Answer.DECIDED


@pytest.mark.parametrize("decision", list(Decision))
@pytest.mark.parametrize("kind", list(Kind))
async def test_decision_that_does_not_fit_the_kind_of_card_changes_nothing(place, kind, decision):
    fitting = {
        Kind.CALL: {Decision.APPROVED, Decision.REFUSED},
        Kind.DOUBT: {Decision.RUN_AGAIN, Decision.TAKEN_AS_DONE, Decision.GIVEN_UP},
    }
    card = await place.card(RULES["requester"], kind=kind)
    outcome = await place.asking(card.terms).decide(card.id, decision, PEOPLE["requester"])
    found = await place.journal.approvals.get(card.id)
    if decision in fitting[kind]:
        assert (outcome.answer, found.decision) == (Answer.DECIDED, decision)
    else:
        assert (outcome.answer, found) == (Answer.NOT_ALLOWED, card)


async def test_running_a_call_in_doubt_again_takes_as_many_people_as_approving_it(place):
    card = await place.card(RULES["two others"], kind=Kind.DOUBT)
    asking = place.asking(card.terms)
    assert (await asking.decide(card.id, Decision.RUN_AGAIN, Person(2))).answer == Answer.COUNTED
    assert (await asking.decide(card.id, Decision.RUN_AGAIN, Person(3))).approval.decision == Decision.RUN_AGAIN


async def test_card_about_a_call_in_doubt_is_neither_edited_nor_remembered(place):
    card = await place.card(RULES["requester"], kind=Kind.DOUBT)
    for act in ("edit", "remember"):
        assert (await place.act(act, card, PEOPLE["requester"])).answer == Answer.NOT_ALLOWED
    assert await place.journal.approvals.get(card.id) == card


@pytest.mark.parametrize("act", ACTS)
async def test_decision_after_the_deadline_does_not_count_though_nothing_has_expired_it_yet(place, act):
    card = await place.card(RULES["requester"], deadline=place.time + dt.timedelta(hours=1))
    place.time += dt.timedelta(hours=1)

    assert (await place.act(act, card, PEOPLE["requester"])).answer == Answer.CLOSED
    assert await place.journal.approvals.get(card.id) == card
    assert await place.journal.grants.of(HERE) == {}
    assert await place.asking(card.terms).expire(lambda _: True) == [HERE]
    expired = await place.journal.approvals.get(card.id)
    assert (expired.decision, expired.decided_by) == (Decision.EXPIRED, None)
    assert await place.events(card) == [("expired", None)]
    assert place.surface.settled[card.id] == expired


async def test_nothing_expires_before_its_deadline(place):
    card = await place.card(RULES["requester"], deadline=place.time + dt.timedelta(hours=1))
    forever = await place.card(RULES["requester"])
    place.time += dt.timedelta(minutes=59)

    assert await place.asking(card.terms).expire(lambda _: True) == []
    assert await place.journal.approvals.decide(card.id, Decision.EXPIRED, None) is None
    place.time += dt.timedelta(days=10_000)
    assert await place.asking(card.terms).expire(lambda _: False) == []  # another program's conversation
    await place.asking(card.terms).expire(lambda _: True)
    assert await place.journal.approvals.open() == [forever]


async def test_of_two_who_decide_in_one_instant_on_two_programs_one_decides(place):
    other = Place(place.path)
    for _ in range(10):
        card = await place.card(RULES["others"])
        acts = [(place, "approve", 2), (other, "refuse", 3), (place, "edit", 4), (other, "remember", 5)]
        outcomes = await asyncio.gather(*(where.act(act, card, Person(by)) for where, act, by in acts))
        assert sorted(outcome.answer for outcome in outcomes) == ["closed", "closed", "closed", "decided"]
        decided = await place.journal.approvals.get(card.id)
        assert [event for event in await place.events(card) if event[0] != "granted"] == [
            (decided.decision, decided.decided_by)
        ]
    await other.database.close()


async def test_two_approvals_in_one_instant_on_two_programs_are_two_approvals(place):
    other = Place(place.path)
    for _ in range(10):
        card = await place.card(RULES["two others"])
        outcomes = await asyncio.gather(place.act("approve", card, Person(2)), other.act("approve", card, Person(3)))
        assert sorted(outcome.answer for outcome in outcomes) == ["counted", "decided"]
        assert (await place.journal.approvals.get(card.id)).decision == Decision.APPROVED
    await other.database.close()
