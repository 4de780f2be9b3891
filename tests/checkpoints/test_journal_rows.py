"""Turns, deliveries, tool runs, prompts: what is noted once stays as it was noted."""

import asyncio
import secrets

import pytest
from sqlalchemy.exc import IntegrityError

from checkpoints.cards import Approval
from checkpoints.tool_runs import ToolRunKey

pytestmark = pytest.mark.parametrize("url", ["sqlite", "postgres"], indirect=True)


async def test_planned_part_is_the_same_delivery_again(journal, claimed):
    first = await journal.deliveries.plan(claimed, "text:0:0", 5)
    await journal.deliveries.posted(claimed, "text:0:0", 77, final=True)
    again = await journal.deliveries.plan(claimed, "text:0:0", 6)

    assert (first.message_id, first.final) == (None, False)
    assert (again.channel_id, again.nonce, again.message_id, again.final) == (5, first.nonce, 77, True)


async def test_part_planned_many_times_at_once_is_one_delivery(journal, claimed):
    planned = await asyncio.gather(*(journal.deliveries.plan(claimed, "text:0:0", 5) for _ in range(20)))

    assert len(set(planned)) == 1
    assert len(await journal.deliveries.of(claimed)) == 1


async def test_delivery_is_found_by_its_message(journal, claimed):
    await journal.deliveries.plan(claimed, "text:0:0", 5)
    await journal.deliveries.plan(claimed, "card:i:c", 5)
    await journal.deliveries.posted(claimed, "card:i:c", 2**62, final=False)

    assert (await journal.deliveries.by_message(2**62)).part == "card:i:c"
    assert await journal.deliveries.by_message(1) is None
    assert [delivery.part for delivery in await journal.deliveries.of(claimed)] == ["text:0:0", "card:i:c"]


async def test_delivery_of_a_turn_that_nobody_claimed_is_refused(journal):
    with pytest.raises(IntegrityError):
        await journal.deliveries.plan("message:404:0", "text:0:0", 5)


async def test_turn_enters_a_thread_once(journal, claimed, here):
    entering = {"number": 1, "start_checkpoint": "cp", "model": "m", "toolset": "t"}
    first = await journal.turns.enter(claimed, here, "1:2:3:0", text="  what\n is   this ", **entering)
    again = await journal.turns.enter(claimed, here, "1:2:3:9", text="other", **(entering | {"number": 7}))

    assert again == first
    assert (first.first_words, first.number, first.outcome, first.end_checkpoint) == ("what is this", 1, None, None)
    assert await journal.turns.of("1:2:3:9") == []


async def test_first_words_are_few_however_long_the_text(journal, claimed, here):
    record = await journal.turns.enter(
        claimed, here, "t", number=1, text="word " * 5000, start_checkpoint=None, model="m", toolset="t"
    )

    assert len(record.first_words) == 80


async def test_end_of_a_turn_is_noted_with_its_tokens(journal, claimed, here):
    await journal.turns.enter(claimed, here, "t", number=1, text="x", start_checkpoint=None, model="m", toolset="t")
    await journal.turns.end(claimed, here, end_checkpoint="end", outcome="answered", input_tokens=12, output_tokens=5)

    record = await journal.turns.get(claimed)
    assert (record.end_checkpoint, record.outcome, record.input_tokens, record.output_tokens) == (
        "end",
        "answered",
        12,
        5,
    )
    assert record.ended_at > record.started_at
    assert record.ended_at.utcoffset().total_seconds() == 0


async def test_toolset_is_kept_once_under_its_fingerprint(journal):
    await journal.turns.keep_toolset("f", [{"type": "function"}])
    await journal.turns.keep_toolset("f", [])

    assert await journal.turns.toolset("f") == [{"type": "function"}]
    assert await journal.turns.toolset("unknown") == []


async def test_tool_run_starts_once_and_tells_what_came_of_it(journal, claimed):
    key = ToolRunKey("1:2:3:0", "m", "c")
    started = await asyncio.gather(
        *(journal.tool_runs.start(key, turn_key=claimed, tool="wipe", fingerprint="f") for _ in range(10))
    )
    assert started.count(None) == 1
    assert all(run.finished_at is None for run in started if run)

    await journal.tool_runs.finish(key, "gone", failed=True)
    found = await journal.tool_runs.start(key, turn_key=claimed, tool="wipe", fingerprint="f")
    assert (found.result, found.failed, found.tool, found.key) == ("gone", True, "wipe", key)
    assert found.finished_at is not None


@pytest.mark.parametrize("field", ["thread_id", "model_message_id", "call_id", "run"])
async def test_run_that_differs_in_any_part_of_its_key_starts_by_itself(journal, claimed, field):
    values = {"thread_id": "1:2:3:0", "model_message_id": "m", "call_id": "c", "run": 0}
    first = ToolRunKey(**values)
    second = ToolRunKey(**(values | {field: {"run": 1, "thread_id": "1:2:3:1"}.get(field, "other")}))
    started = [
        await journal.tool_runs.start(key, turn_key=claimed, tool="wipe", fingerprint="f") for key in (first, second)
    ]
    await journal.tool_runs.finish(second, "done", failed=False)

    assert started == [None, None]
    assert (await journal.tool_runs.find(first)).finished_at is None
    assert [run.key for run in await journal.tool_runs.of(claimed)] == [first, second]


async def test_prompt_is_set_replaced_and_taken_away(journal):
    await journal.prompts.set("channel", 5, "be brief", 1)
    await journal.prompts.set("guild", 5, "be kind", 1)
    await journal.prompts.set("channel", 5, "be silent", 2)
    assert await journal.prompts.get("channel", 5) == "be silent"

    assert await journal.prompts.reset("channel", 5)
    assert not await journal.prompts.reset("channel", 5)
    assert await journal.prompts.get("channel", 5) is None
    assert await journal.prompts.get("guild", 5) == "be kind"


async def test_call_whose_id_holds_a_whole_signature_is_noted_like_any_other(journal, claimed):
    """LiteLLM puts the thought signatures of Gemini into the ids of calls; PostgreSQL's indexes take 2,704 bytes."""
    keys = [ToolRunKey("1:2:3:0", "message:1:0/0", "call" + secrets.token_urlsafe(8000) + end) for end in ("", "x")]
    for key in keys:
        assert await journal.tool_runs.start(key, turn_key=claimed, tool="wipe", fingerprint="f") is None
    assert await journal.tool_runs.start(keys[0], turn_key=claimed, tool="wipe", fingerprint="f") is not None
    await journal.tool_runs.finish(keys[0], "gone", failed=False)
    assert (await journal.tool_runs.newest(keys[0])).result == "gone"
    assert (await journal.tool_runs.newest(keys[1])).result is None
    approval = Approval("i", keys[0].call_id, claimed, "wipe", {}, "f", 1, 2)
    await journal.approvals.ask(approval)
    assert await journal.approvals.open() == [approval]
