from __future__ import annotations

import asyncio
import signal

import pytest

from tools import ServerDown
from tools.mcp import McpServers
from tools.mcp_config import HttpServer


@pytest.fixture
async def servers(notes_url):
    """The notes server over HTTP; it is there when a test starts it."""
    servers = McpServers({"notes": notes_url}, backoff=lambda _: 0.05, connect_timeout=10)
    async with servers:
        yield servers


def named(servers):
    return {tool.name: tool for tool in servers.tools()}


async def reach(servers, state):
    async with asyncio.timeout(10):
        await servers.until("notes", state)


async def test_a_server_that_starts_after_us_is_found(servers, serve, calls, origin):
    assert servers.status()[0].state == "down"
    serve()
    await reach(servers, "up")
    assert await named(servers)["read_note"].run({"name": "milk"}, origin) == "two litres"
    assert await calls.next() == 'read_note {"name": "milk"}'


async def test_parallel_calls_share_one_session(servers, serve, calls, origin):
    serve()
    await reach(servers, "up")
    slow = named(servers)["slow_note"]
    answers = asyncio.gather(*(slow.run({"name": f"n{n}", "seconds": 0.3}, origin) for n in range(8)))
    assert all([(await calls.next()).startswith("slow_note {") for _ in range(8)])
    assert await answers == [f"wrote n{n} slowly" for n in range(8)]


async def test_a_server_killed_in_a_call_ends_the_call_and_is_found_again(servers, serve, calls, origin):
    process = serve()
    await reach(servers, "up")
    call = asyncio.create_task(named(servers)["slow_note"].run({"name": "a", "seconds": 60}, origin))
    await calls.next()
    process.kill()
    async with asyncio.timeout(8):
        with pytest.raises(ServerDown, match="not known"):
            await call
    await reach(servers, "down")
    with pytest.raises(ServerDown, match="nothing was done"):
        await named(servers)["list_notes"].run({}, origin)
    process.wait()
    serve()
    await reach(servers, "up")
    assert await named(servers)["list_notes"].run({}, origin) == "milk"


async def test_a_server_restarted_between_calls_gets_a_new_session(servers, serve, origin):
    process = serve()
    await reach(servers, "up")
    process.kill()
    process.wait()
    serve()
    # whether it is still away or no longer knows the session: one call finds out, and the next is served
    with pytest.raises(ServerDown):
        await named(servers)["list_notes"].run({}, origin)
    await reach(servers, "down")
    await reach(servers, "up")
    assert await named(servers)["list_notes"].run({}, origin) == "milk"


async def test_stop_does_not_wait_for_a_frozen_server(notes_url, serve):
    process = serve()
    servers = McpServers({"notes": notes_url}, backoff=lambda _: 0.05)
    await servers.start()
    await reach(servers, "up")
    process.send_signal(signal.SIGSTOP)
    async with asyncio.timeout(6):
        await servers.stop()


async def test_the_older_transport_works_too(serve, port, origin):
    serve("--sse")
    config = HttpServer(url=f"http://127.0.0.1:{port}/sse", sse=True)
    async with McpServers({"notes": config}, backoff=lambda _: 0.05) as servers:
        await reach(servers, "up")
        assert await named(servers)["list_notes"].run({}, origin) == "milk"


async def test_configured_headers_are_sent_and_a_refusal_is_told():
    seen = asyncio.get_running_loop().create_future()

    async def refuse(reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        if not seen.done():
            seen.set_result(head)
        writer.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as listener:
        url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/mcp"
        config = HttpServer(url=url, headers={"Authorization": "Bearer key"})
        async with McpServers({"gateway": config}, backoff=lambda _: 60) as servers:
            assert "authorization: bearer key" in (await seen).lower()
            assert "401" in servers.status()[0].error
