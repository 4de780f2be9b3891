from __future__ import annotations

import asyncio
import json

import pytest

from tools import ToolFailed, ToolTimeout

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_tools_come_with_their_schema_and_hints(lasting):
    tools = lasting.tools
    assert (tools["read_note"].hints.read_only, tools["read_note"].hints.open_world) == (True, False)
    assert tools["delete_note"].hints.destructive is True
    assert tools["write_note"].hints.read_only is None
    assert tools["read_note"].schema["required"] == ["name"]
    assert {tool.server for tool in tools.values()} == {"notes"}


async def test_a_call_reaches_the_server_once(lasting, origin):
    assert await lasting.tools["read_note"].run({"name": "milk"}, origin) == "two litres"
    assert await lasting.tools["write_note"].run({"name": "tea", "text": "green"}, origin) == "wrote tea"
    assert await lasting.tools["delete_note"].run({"name": "tea"}, origin) == "deleted tea"
    assert [await lasting.calls.next() for _ in range(3)] == [
        'read_note {"name": "milk"}',
        'write_note {"name": "tea", "text": "green"}',
        'delete_note {"name": "tea"}',
    ]


async def test_parallel_calls_share_one_session(lasting, origin):
    slow = lasting.tools["slow_note"]
    answers = asyncio.gather(*(slow.run({"name": f"n{n}", "seconds": 0.3}, origin) for n in range(8)))
    lines = [await lasting.calls.next() for _ in range(16)]
    assert await answers == [f"wrote n{n} slowly" for n in range(8)]
    assert [line.split()[0] for line in lines] == ["slow_note"] * 8 + ["slow_note.done"] * 8


async def test_an_error_of_the_tool_is_told_and_the_server_stays_up(lasting, origin):
    with pytest.raises(ToolFailed, match="out of milk"):
        await lasting.tools["fail"].run({"message": "out of milk"}, origin)
    assert await lasting.calls.next() == 'fail {"message": "out of milk"}'
    assert lasting.servers.status()[0].state == "up"


async def test_arguments_that_the_server_refuses_are_a_failure(lasting, origin):
    with pytest.raises(ToolFailed, match="name"):
        await lasting.tools["read_note"].run({"nonsense": 1}, origin)


async def test_a_picture_is_described(lasting, origin):
    assert await lasting.tools["picture"].run({}, origin) == "[image, image/png, 69 bytes]"
    assert await lasting.calls.next() == "picture {}"


async def test_structured_content_comes_once(lasting, origin):
    assert json.loads(await lasting.tools["statistics"].run({}, origin))["notes"] >= 1
    assert await lasting.calls.next() == "statistics {}"


async def test_a_long_result_is_cut_and_says_so(lasting, origin):
    (lasting.notes / "long.txt").write_text("x" * 500)
    text = await lasting.tools["read_note"].run({"name": "long"}, origin)
    assert text == "x" * 200 + "\n[cut here: 300 more characters were left out]"
    assert await lasting.calls.next() == 'read_note {"name": "long"}'


async def test_a_call_that_takes_too_long_is_given_up_and_the_session_stays(lasting, origin):
    before = await lasting.tools["process"].run({}, origin)
    with pytest.raises(ToolTimeout, match="within 2 s; it may still be at work"):
        await lasting.tools["slow_note"].run({"name": "a", "seconds": 60}, origin)
    assert await lasting.tools["process"].run({}, origin) == before
    assert [(await lasting.calls.next()).split()[0] for _ in range(3)] == ["process", "slow_note", "process"]


async def test_a_cancelled_call_leaves_the_session_usable(lasting, origin):
    call = asyncio.create_task(lasting.tools["slow_note"].run({"name": "a", "seconds": 60}, origin))
    assert await lasting.calls.next() == 'slow_note {"name": "a", "seconds": 60.0}'
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    assert call.cancelled()
    assert await lasting.tools["read_note"].run({"name": "milk"}, origin) == "two litres"
    assert await lasting.calls.next() == 'read_note {"name": "milk"}'


async def test_a_changed_list_of_tools_is_taken_over(lasting, origin):
    await lasting.tools["learn"].run({"name": "whistle"}, origin)
    async with asyncio.timeout(5):
        while "whistle" not in lasting.tools:
            await lasting.servers.change("notes")
    assert await lasting.tools["whistle"].run({}, origin) == "whistle"
    assert await lasting.calls.next() == 'learn {"name": "whistle"}'
