"""What becomes of a call that was decided about: run as decided, refused with a reason, expired, granted, explained."""

import asyncio
import datetime as dt

import pytest
from sqlalchemy import text

from checkpoints.cards import Decision
from checkpoints.keys import Conversation
from checkpoints.place import DatabaseAway
from checkpoints.tables import tool_runs
from graph.approval_settings import ApprovalSettings
from graph.deciding import Answer, Person, Said
from graph.errors import ModelError
from graph.state import fingerprint
from playground.model import ToolCall, call, say
from tests.graph.conftest import HERE
from tools.tool import ToolError, ToolFailed

REQUESTER = Person(3)
SOMEBODY = Person(4)


@pytest.fixture
async def waiting(stand, clew):
    """The card of a call that waits; what the model says afterwards is there already."""
    stand.script.then(call("wipe", x=1))
    await clew.ask(1)
    (card,) = await clew.cards(1)
    return card


async def answer_to_the_call(stand, clew, number=1):
    """What the model was told of the call of a turn."""
    await clew.answered(number, 1)
    role, content = stand.sent()[-1]
    assert role == "tool"
    return content


async def test_card_tells_source_effects_terms_and_deadline(stand):
    stand.approvals = ApprovalSettings.model_validate(
        {"deciders": ["others"], "tools": {"clew/wi*": {"deadline_hours": 2, "approvals": 2}}}
    )
    stand.script.then(call("wipe", x=1))
    async with stand.program() as clew:
        await clew.ask(1)
        (card,) = await clew.cards(1)
        shown = clew.surface.cards[card]

    assert (shown.source, shown.effects) == ("clew/wipe", ("writes", "destroys"))
    assert (shown.terms.deciders, shown.terms.approvals) == (("others",), 2)
    left = shown.deadline - stand.journal.now()
    assert dt.timedelta(hours=1.9) < left < dt.timedelta(hours=2)


async def test_open_cards_are_told(stand, clew, waiting):
    assert [card.id for card in await clew.engine.open_approvals()] == [waiting]
    stand.script.then(say("done"))
    await clew.approve(waiting)
    assert await clew.engine.open_approvals() == []


async def test_call_runs_after_the_second_of_two_people(stand):
    stand.approvals = ApprovalSettings(deciders=["others"], approvals=2)
    stand.script.then(call("wipe", x=1))
    stand.script.then(say("wiped"))
    async with stand.program() as clew:
        await clew.ask(1)
        (card,) = await clew.cards(1)
        assert await clew.approve(card, 3) is None
        assert await clew.approve(card, 4) is None
        assert await clew.approve(card, 4) is None
        assert stand.tools.ran == []
        assert (await clew.approve(card, 5)).decided_by == 5
        await clew.answered(1, 1)
    assert stand.tools.ran == [("wipe", 1)]


async def test_edited_arguments_are_shown_on_a_new_card_and_are_what_runs(stand, clew, waiting):
    outcome = await clew.engine.edit(waiting, REQUESTER, {"x": 7})
    await clew.surface.until(lambda: len(clew.surface.cards) == 2)
    new = outcome.approval
    assert outcome.answer == Answer.DECIDED
    assert clew.surface.cards[new.id] == new
    assert (new.number, new.arguments, new.fingerprint) == (1, {"x": 7}, fingerprint("wipe", {"x": 7}))
    assert clew.surface.settled[waiting].decision == Decision.EDITED
    assert stand.tools.ran == []

    assert await clew.approve(waiting) is None
    stand.script.then(say("wiped"))
    await clew.approve(new.id)
    told = await answer_to_the_call(stand, clew)
    assert stand.tools.ran == [("wipe", 7)]
    assert told.startswith("A person changed the arguments of this call before it ran, to: ")
    assert '{"x": 7}' in told
    assert told.endswith("wipe 7 done")
    async with stand.database.read() as connection:
        (run,) = await connection.execute(tool_runs.select())
    assert run.fingerprint == new.fingerprint


async def test_what_the_model_is_told_of_edited_arguments_is_bounded(stand, clew, waiting):
    stand.tools.schema = {"type": "object"}
    new = (await clew.engine.edit(waiting, REQUESTER, {"x": 7, "more": "y" * 200_000})).approval
    stand.script.then(say("wiped"))
    await clew.approve(new.id)
    told = await answer_to_the_call(stand, clew)

    assert len(told) < 5000
    assert "characters were left out]" in told
    assert told.endswith("wipe 7 done")


async def test_arguments_edited_twice_run_as_the_last_card_has_them(stand, clew, waiting):
    second = (await clew.engine.edit(waiting, REQUESTER, {"x": 7})).approval
    third = (await clew.engine.edit(second.id, REQUESTER, {"x": 8})).approval
    assert (await clew.engine.edit(second.id, REQUESTER, {"x": 9})).answer == Answer.CLOSED

    stand.script.then(say("wiped"))
    await clew.approve(third.id)
    await clew.answered(1, 1)
    assert stand.tools.ran == [("wipe", 8)]


async def test_edited_card_can_be_refused(stand, clew, waiting):
    new = (await clew.engine.edit(waiting, REQUESTER, {"x": 7})).approval
    stand.script.then(say("well"))
    await clew.refuse(new.id)

    assert "refused" in await answer_to_the_call(stand, clew)
    assert stand.tools.ran == []


async def test_edited_card_survives_a_restart(stand, clew, waiting):
    new = (await clew.engine.edit(waiting, REQUESTER, {"x": 7})).approval
    await clew.engine.drain(0)

    async with stand.program() as later:
        await later.engine.recover()
        assert await later.cards(1) == [new.id]
        stand.script.then(say("wiped"))
        await later.approve(new.id)
        await later.answered(1, 1)
    assert stand.tools.ran == [("wipe", 7)]


async def test_arguments_that_do_not_fit_the_tool_are_not_taken(stand, clew, waiting):
    with pytest.raises(ToolError, match="x"):
        await clew.engine.edit(waiting, REQUESTER, {"x": "no number"})
    assert (await stand.journal.approvals.get(waiting)).decision is None
    assert list(clew.surface.cards) == [waiting]


async def test_failure_of_an_edited_call_tells_what_ran(stand, clew, waiting):
    stand.tools.results["wipe"] = ToolFailed("the disk is on fire")
    new = (await clew.engine.edit(waiting, REQUESTER, {"x": 7})).approval
    stand.script.then(say("I see"))
    await clew.approve(new.id)

    told = await answer_to_the_call(stand, clew)
    assert '{"x": 7}' in told
    assert "the disk is on fire" in told


async def test_arguments_that_are_not_those_on_the_card_do_not_run(stand, clew, waiting):
    new = (await clew.engine.edit(waiting, REQUESTER, {"x": 7})).approval
    async with stand.database.write() as connection:
        await connection.execute(text("UPDATE approvals SET arguments = '{\"x\": 8}' WHERE number = 1"))
    stand.script.then(say("noted"))
    await clew.approve(new.id)

    assert "not this call" in await answer_to_the_call(stand, clew)
    assert stand.tools.ran == []


async def test_model_is_told_the_reason_of_a_refusal_as_words_of_the_person(stand, clew, waiting):
    stand.script.then(say("I see"))
    await clew.engine.decide(waiting, Decision.REFUSED, REQUESTER, 'use "archive" instead')

    told = await answer_to_the_call(stand, clew)
    assert "refused this call of wipe" in told
    assert told.endswith('in that person\'s own words: "use \\"archive\\" instead"')
    assert clew.surface.settled[waiting].reason == 'use "archive" instead'


async def test_card_nobody_decides_is_refused_at_its_deadline(stand):
    stand.sweep_every = 0.02
    stand.script.then(call("wipe", x=1))
    stand.script.then(say("nobody was there"))
    async with stand.program() as clew:
        await clew.engine.recover()
        await clew.ask(1)
        (card,) = await clew.cards(1)
        stand.late += dt.timedelta(hours=24)
        assert "in time" in await answer_to_the_call(stand, clew)

        assert clew.surface.settled[card].decision == Decision.EXPIRED
        assert await clew.approve(card) is None
    assert stand.tools.ran == []


async def test_deadline_that_passed_while_the_program_was_away_counts_at_the_start(stand, clew, waiting):
    await clew.engine.drain(0)
    stand.late += dt.timedelta(hours=24)
    stand.script.then(say("nobody was there"))
    async with stand.program() as later:
        await later.engine.recover()
        assert "in time" in await answer_to_the_call(stand, later)
        assert later.surface.settled[waiting].decision == Decision.EXPIRED
    assert stand.tools.ran == []


async def test_card_without_a_deadline_waits(stand):
    stand.approvals = ApprovalSettings(deadline_hours=0)
    stand.script.then(call("wipe", x=1))
    async with stand.program() as clew:
        await clew.ask(1)
        (card,) = await clew.cards(1)
        stand.late += dt.timedelta(days=1000)
        await clew.engine.expire()
        stand.script.then(say("at last"))
        assert await clew.approve(card)
        await clew.answered(1, 1)
    assert stand.tools.ran == [("wipe", 1)]


@pytest.fixture
async def granted(stand):
    """A program in which `wipe` may run without asking for 10 minutes, after its first turn."""
    stand.approvals = ApprovalSettings(remember_minutes=10)
    stand.script.then(call("wipe", x=1))
    stand.script.then(say("wiped"))
    async with stand.program() as clew:
        await clew.ask(1)
        (card,) = await clew.cards(1)
        assert (await clew.engine.remember(card, REQUESTER)).answer == Answer.DECIDED
        await clew.closed(1)
        yield clew


async def test_remembered_tool_runs_without_asking_until_the_time_is_over(stand, granted):
    stand.script.then(call("wipe", x=2))
    stand.script.then(say("wiped again"))
    await granted.ask(2)
    await granted.closed(2)
    assert stand.tools.ran == [("wipe", 1), ("wipe", 2)]

    stand.late += dt.timedelta(minutes=10)
    stand.script.then(call("wipe", x=3))
    await granted.ask(3)
    await granted.cards(2)
    assert stand.tools.ran == [("wipe", 1), ("wipe", 2)]


async def test_grant_is_of_one_conversation(stand, granted):
    stand.script.then(call("wipe", x=2))
    await granted.ask(2, conversation=Conversation(1, 2, 99))
    await granted.cards(2)
    assert stand.tools.ran == [("wipe", 1)]


async def test_grant_is_of_one_servers_tool(stand, granted):
    stand.tools.moved_to("elsewhere")
    stand.script.then(call("wipe", x=2))
    await granted.ask(2)
    await granted.cards(2)
    assert stand.tools.ran == [("wipe", 1)]


async def test_denied_tool_stays_denied_whatever_was_granted(stand, granted):
    stand.tools.rules = {"wipe": "deny"}
    stand.script.then(call("wipe", x=2))
    stand.script.then(say("noted"))
    await granted.ask(2)
    assert "does not allow wipe" in await answer_to_the_call(stand, granted, 2)
    assert stand.tools.ran == [("wipe", 1)]


@pytest.mark.parametrize(
    "now",
    [
        {"remember_minutes": 0},
        {"remember_minutes": 10, "deciders": ["requester", "others"], "approvals": 2},
        {"remember_minutes": 5},
    ],
    ids=["not offered", "takes two people", "shorter"],
)
async def test_grant_does_not_outlive_the_settings_that_allowed_it(stand, granted, now):
    await granted.engine.drain(0)
    stand.approvals = ApprovalSettings.model_validate(now)
    stand.late += dt.timedelta(minutes=5)
    stand.script.then(call("wipe", x=2))
    async with stand.program() as later:
        await later.ask(2)
        await later.cards(1)
    assert stand.tools.ran == [("wipe", 1)]


@pytest.mark.parametrize("minutes", [6, 60])
async def test_grant_holds_no_longer_than_it_was_given_for_nor_than_is_set_now(stand, granted, minutes):
    await granted.engine.drain(0)
    stand.approvals = ApprovalSettings(remember_minutes=minutes)
    stand.late += dt.timedelta(minutes=5)
    stand.script.then(call("wipe", x=2))
    stand.script.then(say("wiped again"))
    async with stand.program() as later:
        await later.ask(2)
        await later.closed(2)
        stand.late += dt.timedelta(minutes=5)
        stand.script.then(call("wipe", x=3))
        await later.ask(3)
        await later.cards(1)
    assert stand.tools.ran == [("wipe", 1), ("wipe", 2)]


async def test_grant_that_is_over_when_the_call_is_reached_does_not_run_it(stand, granted):
    """The verdict was given while the grant held; another call of the same message waited for a person."""
    stand.tools.rules = {"look": "ask"}
    stand.script.then(call("wipe", x=2), call("look", x=1))
    await granted.ask(2)
    _, card = await granted.cards(2)
    state = await granted.state()
    assert state.values["calls"][0]["rule"].startswith("without asking until ")
    assert state.values["calls"][0]["rule"].endswith("granted by 3")

    stand.late += dt.timedelta(minutes=10)
    stand.script.then(say("noted"))
    await granted.approve(card)
    await granted.answered(2, 1)
    assert stand.tools.ran == [("wipe", 1), ("look", 1)]
    assert "does not run without asking any more" in stand.sent()[-2][1]


async def test_remembering_is_not_possible_where_the_settings_do_not_offer_it(stand, clew, waiting):
    assert (await clew.engine.remember(waiting, REQUESTER)).answer == Answer.NOT_ALLOWED
    assert (await clew.engine.remember("nothing", REQUESTER)).answer == Answer.CLOSED
    assert stand.tools.ran == []


async def test_explanation_is_asked_beside_the_conversation(stand, clew):
    stand.script.then(call("look", x=1))
    stand.script.then(call("wipe", x=2), text="Now I wipe.")
    await clew.ask(1, "please wipe it")
    (card,) = await clew.cards(1)
    before = await clew.state()

    stand.script.then(say("It wipes the second one."))
    assert await clew.engine.explain(card) == "It wipes the second one."
    request = stand.server.requests[-1]
    assert request.tool_names == []
    *conversation, (role, question) = stand.sent()
    assert conversation == [("user", "please wipe it"), ("assistant", None), ("tool", "look 1 done")]
    assert role == "user"
    assert '"x": 2' in question
    assert "data to be explained" in question

    after = await clew.state()
    assert (after.config, after.values, after.next) == (before.config, before.values, before.next)
    assert clew.surface.texts == {("m:1:0", 1): "Now I wipe."}
    stand.script.then(say("done"))
    await clew.approve(card)
    await clew.answered(1, 2)
    assert stand.tools.ran == [("look", 1), ("wipe", 2)]


async def test_explanation_that_the_model_does_not_give_is_an_error_and_the_card_still_waits(stand, clew, waiting):
    await stand.prepare(retries=0)
    with pytest.raises(ModelError):
        await clew.engine.explain(waiting)
    assert [card.id for card in await clew.engine.open_approvals()] == [waiting]


async def test_stop_ends_what_is_being_written_with_a_sentence_and_no_further_model_call(stand, clew):
    gate = stand.script.hold()
    stand.script.then(say("never heard at all"))
    await clew.ask(1)
    await gate.reached

    assert await clew.engine.stop(HERE)
    assert await clew.told(1) == "Stopped."
    assert clew.surface.texts == {}
    assert len(stand.server.requests) == 1
    assert (await stand.journal.turns.get("m:1:0")).outcome == "stopped"

    stand.script.then(say("still here"))
    await clew.ask(2)
    assert await clew.answered(2) == "still here"


async def test_stop_answers_the_call_that_runs_and_those_that_wait(stand, clew):
    stand.script.then(call("look", x=1), call("wipe", x=2))
    stand.tools.held["look"] = asyncio.Event()
    await clew.ask(1)
    (card,) = await clew.cards(1)
    await clew.approve(card)
    await stand.tools.began["look"].wait()

    assert await clew.engine.stop(HERE)
    await clew.closed(1)
    messages = await clew.messages()
    assert [message.type for message in messages] == ["human", "ai", "tool", "tool", "ai"]
    assert (await clew.state()).next == ()
    assert len(stand.server.requests) == 1


async def test_stop_takes_back_the_cards_that_wait(stand, clew, waiting):
    assert await clew.engine.stop(HERE)
    assert await clew.told(1) == "Stopped."
    assert clew.surface.settled[waiting].decision == Decision.WITHDRAWN
    assert await clew.approve(waiting) is None
    assert stand.tools.ran == []


async def test_stop_leaves_what_waits_behind(stand, clew, waiting):
    stand.script.then(say("your turn"))
    await clew.ask(2)
    await clew.surface.until(lambda: clew.surface.behind)
    assert await clew.engine.stop(HERE)
    assert await clew.answered(2) == "your turn"


async def test_stop_where_nothing_runs_is_false(stand, clew):
    assert not await clew.engine.stop(HERE)
    stand.script.then(say("ok"))
    await clew.ask(1)
    await clew.closed(1)
    assert not await clew.engine.stop(HERE)


async def test_two_engines_on_one_database_make_one_decision(stand, clew, waiting):
    async with stand.program("other") as other:
        await other.engine.drain(0)  # it hears of reactions, and runs nothing
        stand.script.then(say("so be it"))
        outcomes = await asyncio.gather(
            clew.engine.decide(waiting, Decision.APPROVED, REQUESTER),
            other.engine.decide(waiting, Decision.REFUSED, REQUESTER),
        )
        await clew.engine.recover()
        await clew.closed(1)

    assert sorted(outcome.answer for outcome in outcomes) == [Answer.CLOSED, Answer.DECIDED]
    approved = outcomes[0].answer == Answer.DECIDED
    assert stand.tools.ran == ([("wipe", 1)] if approved else [])
    (event,) = await stand.journal.audit.all()
    assert event.event == ("approved" if approved else "refused")


async def test_what_stands_on_a_card_counts_before_the_next_one_is_read_unless_it_was_taken_back(stand, clew):
    decided, said = [], [Said(SOMEBODY, Decision.REFUSED, stands=lambda: False), Said(REQUESTER, Decision.APPROVED)]

    def standing(card):
        decided.append([one for one in clew.surface.settled.values() if one.decision])
        return said

    clew.surface.standing = standing
    stand.script.then(call("wipe", x=1), call("wipe", x=2))
    stand.script.then(say("all"))
    await clew.ask(1)
    await clew.answered(1, 1)
    assert sorted(stand.tools.ran) == [("wipe", 1), ("wipe", 2)]
    assert [len(before) for before in decided] == [0, 1]


async def test_repeated_call_ids_neither_lose_nor_double_a_card_or_a_call(stand, clew):
    stand.script.then(ToolCall("wipe", '{"x": 1}', "same"), ToolCall("wipe", '{"x": 2}', "same"))
    stand.script.then(ToolCall("wipe", '{"x": 3}', "same"), ToolCall("look", '{"x": 4}', "same"))
    stand.script.then(say("all"))
    await clew.ask(1)
    for card in await clew.cards(2):
        await clew.approve(card)
    *_, card = await clew.cards(3)
    assert sorted(stand.tools.ran) == [("wipe", 1), ("wipe", 2)]
    await clew.approve(card)

    await clew.answered(1, 2)
    assert sorted(stand.tools.ran) == [("look", 4), ("wipe", 1), ("wipe", 2), ("wipe", 3)]
    answers = [content for role, content in stand.sent() if role == "tool"]
    assert answers == ["wipe 1 done", "wipe 2 done", "wipe 3 done", "look 4 done"]


async def test_edited_card_is_shown_although_the_database_was_away_right_after_the_edit(stand, clew):
    stand.script.then(call("wipe", x=1))
    await clew.ask(1)
    (card,) = await clew.cards(1)
    real, left = clew.journal.approvals.settled, [DatabaseAway("gone")]

    async def settled(approval):
        if left:
            raise left.pop()
        await real(approval)

    clew.journal.approvals.settled = settled
    with pytest.raises(DatabaseAway):
        await clew.engine.edit(card, Person(3), {"x": 2})
    _, edited = await clew.cards(2)
    assert clew.surface.cards[edited].arguments == {"x": 2}


async def test_card_that_was_edited_by_another_process_than_the_one_that_shows_cards_is_shown(stand):
    async with stand.program("a") as a, stand.program("b") as b:
        stand.script.then(call("wipe", x=1), call("wipe", x=2))
        showing, go = asyncio.Event(), asyncio.Event()
        opened = b.surface.open

        def slow(turn):
            surface = opened(turn)
            ask = surface.ask

            async def asked(approval):
                found = await ask(approval)
                if len(b.surface.cards) == 2:
                    showing.set()
                    await go.wait()
                return found

            surface.ask = asked
            return surface

        b.surface.open = slow
        await b.ask(1)
        await showing.wait()
        outcome = await a.engine.edit(next(iter(b.surface.cards)), Person(3), {"x": 9})
        assert outcome.answer is Answer.DECIDED
        go.set()

        def shown():
            return [one.arguments for one in (*a.surface.cards.values(), *b.surface.cards.values())]

        async with asyncio.timeout(10):
            while {"x": 9} not in shown():
                await asyncio.sleep(0.02)
