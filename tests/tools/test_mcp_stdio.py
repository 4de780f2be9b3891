from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time

import pytest
from structlog.testing import capture_logs

from tools import Action, Policy, ServerDown, ToolFailed, check_arguments
from tools.mcp import McpServers, exponential_backoff
from tools.mcp_config import StdioServer

PROCESSES = {
    "missing": StdioServer(command="/no/such/command"),
    "exits": StdioServer(command=sys.executable, args=("-c", "import no_such_module")),
    "garbage": StdioServer(command=sys.executable, args=("-c", "print('noise\\n' * 3000, flush=True); input()")),
    "binary": StdioServer(
        command=sys.executable, args=("-c", "import sys; sys.stdout.buffer.write(b'\\xff\\n' * 3000)")
    ),
    "silent": StdioServer(command=sys.executable, args=("-c", "import sys; sys.stdin.read()")),
}


@pytest.fixture
def started():
    """Make servers that are restarted at once."""

    def make(servers, **terms):
        return McpServers(servers, **({"backoff": lambda _: 0.05, "connect_timeout": 20} | terms))

    return make


def named(servers):
    return {tool.name: tool for tool in servers.tools()}


async def pid_of(servers, origin):
    return json.loads(await named(servers)["process"].run({}, origin))["pid"]


async def up(servers, name="notes"):
    async with asyncio.timeout(10):
        await servers.until(name, "up")


async def down(servers, name="notes"):
    async with asyncio.timeout(10):
        await servers.until(name, "down")


async def test_a_server_killed_in_a_call_ends_the_call_and_is_restarted(started, notes, calls, origin):
    async with started({"notes": notes}) as servers:
        tools = named(servers)
        first = await pid_of(servers, origin)
        call = asyncio.create_task(tools["slow_note"].run({"name": "a", "seconds": 60}, origin))
        assert [await calls.next(), await calls.next()][1].startswith("slow_note {")
        os.kill(first, signal.SIGKILL)
        async with asyncio.timeout(2):
            with pytest.raises(ServerDown, match="not known"):
                await call
        await down(servers)
        await up(servers)
        assert await tools["read_note"].run({"name": "milk"}, origin) == "two litres"  # the old tool is still good
        assert await pid_of(servers, origin) != first


async def test_a_server_killed_between_calls_is_down_until_it_is_restarted(started, notes, origin):
    other = notes.model_copy()
    async with started({"notes": notes, "other": other}, backoff=lambda _: 0.4) as servers:
        tool = next(tool for tool in servers.tools() if tool.name == "list_notes" and tool.server == "notes")
        neighbour = next(tool for tool in servers.tools() if tool.name == "list_notes" and tool.server == "other")
        os.kill(await pid_of_server(servers, "notes", origin), signal.SIGKILL)
        await down(servers)
        began = time.perf_counter()
        with pytest.raises(ServerDown, match="nothing was done"):
            await tool.run({}, origin)
        assert time.perf_counter() - began < 0.1
        assert tool.name in named(servers)  # what it can do stays listed
        assert await neighbour.run({}, origin) == "milk"
        await up(servers)
        assert await tool.run({}, origin) == "milk"
        assert [status.error for status in servers.status()] == [None, None]


async def pid_of_server(servers, name, origin):
    process = next(tool for tool in servers.tools() if tool.name == "process" and tool.server == name)
    return json.loads(await process.run({}, origin))["pid"]


async def test_a_server_that_ends_itself_in_a_call_is_restarted(started, notes, calls, origin):
    async with started({"notes": notes}) as servers:
        with pytest.raises(ServerDown):
            await named(servers)["crash"].run({}, origin)
        with pytest.raises(ServerDown, match="nothing was done"):  # at once, before the end is dealt with
            await named(servers)["list_notes"].run({}, origin)
        await down(servers)
        await up(servers)
        assert [await calls.next()] == ["crash {}"]  # and the call is not made again


async def test_a_frozen_server_is_noticed_and_restarted(started, notes, origin):
    async with started({"notes": notes}, ping_interval=0.3) as servers:
        pid = await pid_of(servers, origin)
        os.kill(pid, signal.SIGSTOP)
        await down(servers)
        assert servers.status()[0].error == "it does not answer any more"
        await up(servers)
        assert await pid_of(servers, origin) != pid


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("missing", "there is no '/no/such/command' to run"),
        ("exits", "No module named 'no_such_module'"),
        ("garbage", "what is not MCP"),
        ("binary", ""),
        ("silent", "did not answer within 5 s"),
    ],
)
async def test_a_broken_server_disturbs_no_other(started, notes, origin, name, error):
    servers = started({name: PROCESSES[name], "notes": notes}, connect_timeout=5)
    async with asyncio.timeout(30), servers:
        await up(servers)
        status = servers.status()[0]
        assert (status.name, status.state, status.tools) == (name, "down", 0)
        assert error in status.error
        assert await named(servers)["list_notes"].run({}, origin) == "milk"


@pytest.mark.parametrize("before", [0, 70_000])
async def test_half_of_a_secret_at_a_cut_is_not_told(started, before):
    words = f"import sys; sys.exit('x' * {before} + ' key-of-twenty-letters' * 5000)"
    server = StdioServer(command=sys.executable, args=("-c", words))
    with capture_logs() as logs:
        async with started(
            {"a": server}, backoff=lambda _: 60, redact=lambda text: text.replace("key-of-twenty-letters", "***")
        ) as servers:
            (status,) = servers.status()

    assert "it last said: " in status.error
    assert "ke" not in f"{status.error} {logs}".partition("it last said: ")[2]


async def test_start_goes_on_without_a_slow_server_which_comes_later(started, notes):
    async with started({"notes": notes}, start_timeout=0) as servers:
        assert [(status.state, status.tools) for status in servers.status()] == [("starting", 0)]
        assert not servers.tools()
        await up(servers)
        assert servers.tools()


async def test_a_server_sees_nothing_of_our_environment(started, notes, origin, monkeypatch):
    monkeypatch.setenv("CLEW_DISCORD_TOKEN", "secret")
    async with started({"notes": notes}) as servers:
        names = json.loads(await named(servers)["process"].run({}, origin))["environment"]
    assert {"NOTES_DIR", "NOTES_COUNT", "PATH"} <= set(names)
    assert "CLEW_DISCORD_TOKEN" not in names


async def test_stop_ends_processes_and_calls(started, notes, calls, origin):
    servers = started({"notes": notes})
    await servers.start()
    pid = await pid_of(servers, origin)
    call = asyncio.create_task(named(servers)["slow_note"].run({"name": "a", "seconds": 60}, origin))
    assert [await calls.next(), await calls.next()]
    async with asyncio.timeout(10):
        await servers.stop()
        with pytest.raises(ServerDown):
            await call
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert servers.status()[0].state == "down"


async def test_servers_stop_while_one_of_them_is_still_starting(started):
    servers = started({"silent": PROCESSES["silent"]}, start_timeout=0)
    await servers.start()
    async with asyncio.timeout(5):
        await servers.stop()


async def test_the_time_server_runs_by_itself_and_tells_the_time(started, origin):
    config = StdioServer(command=sys.executable, args=("-m", "mcp_server_time", "--local-timezone", "UTC"))
    async with started({"time": config}) as servers:
        tool = named(servers)["get_current_time"]
        check_arguments(tool, {"timezone": "Europe/Berlin"})
        answer = json.loads(await tool.run({"timezone": "Europe/Berlin"}, origin))
        assert answer["timezone"] == "Europe/Berlin"
        assert Policy().verdict(tool).action is Action.AUTO
        with pytest.raises(ToolFailed, match="Atlantis"):
            await tool.run({"timezone": "Atlantis"}, origin)


def test_backoff_grows_to_a_minute_and_no_further():
    waits = [exponential_backoff(attempt) for attempt in range(1, 40)]
    assert 1 <= waits[0] <= 2
    assert all(30 <= wait <= 60 for wait in waits[6:])
