"""What the tests of tools share: the notes server in its forms, and a view of the calls that reach it."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tools import Hints, Origin, Tool
from tools.mcp import McpServers
from tools.mcp_config import HttpServer, StdioServer

if TYPE_CHECKING:
    from collections.abc import Callable

NOTES = Path(__file__).parent.parent / "servers" / "notes.py"


class Calls:
    """The calls that reach a notes server, one by one as they happen: its count file is a pipe."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader

    async def next(self) -> str:
        async with asyncio.timeout(10):
            return (await self._reader.readline()).decode().strip()


@asynccontextmanager
async def watch(path):
    """Make the count file a pipe and read it."""
    os.mkfifo(path)
    # opened for writing too, so that the pipe does not end whenever a server closes it
    descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    reader = asyncio.StreamReader()
    with os.fdopen(descriptor, "rb", buffering=0) as pipe:
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), pipe
        )
        yield Calls(reader)
        transport.close()


def environment(folder):
    """Lay out a folder for a notes server; there is one note in it."""
    (folder / "notes").mkdir()
    (folder / "notes" / "milk.txt").write_text("two litres")
    return {"NOTES_DIR": str(folder / "notes"), "NOTES_COUNT": str(folder / "count")}


@pytest.fixture(scope="session")
def origin():
    return Origin(guild_id=1, channel_id=2, user_id=3)


@pytest.fixture
def notes_env(tmp_path):
    return environment(tmp_path)


@pytest.fixture
async def calls(notes_env):
    async with watch(notes_env["NOTES_COUNT"]) as calls:
        yield calls


@pytest.fixture
def notes(notes_env):
    return stdio(notes_env)


def stdio(env):
    return StdioServer(command=sys.executable, args=(str(NOTES),), env=env)


class Lasting:
    """A notes server that a whole file of tests shares."""

    def __init__(self, servers, calls, notes):
        self.servers, self.calls, self.notes = servers, calls, notes

    @property
    def tools(self):
        return {tool.name: tool for tool in self.servers.tools()}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lasting(tmp_path_factory):
    env = environment(tmp_path_factory.mktemp("lasting"))
    servers = McpServers({"notes": stdio(env)}, call_timeout=2, result_limit=200)
    async with watch(env["NOTES_COUNT"]) as calls, servers:
        yield Lasting(servers, calls, Path(env["NOTES_DIR"]))


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def serve(notes_env, port):
    """Start the notes server on the port; called again, another one in its place."""
    with ExitStack() as running:

        def start(transport: str = "--http") -> subprocess.Popen[bytes]:
            command = [sys.executable, str(NOTES), transport, str(port)]
            process = subprocess.Popen(command, env=os.environ | notes_env, stderr=subprocess.DEVNULL)
            running.callback(process.wait)
            running.callback(process.kill)
            return process

        yield start


@pytest.fixture
def notes_url(port):
    return HttpServer(url=f"http://127.0.0.1:{port}/mcp")


async def _nothing(_arguments, _origin):
    return ""


@pytest.fixture
def tool() -> Callable[..., Tool]:
    """Make a tool that does nothing."""

    def make(name="read", server="fs", schema=None, **hints: bool) -> Tool:
        said = dict.fromkeys(("read_only", "destructive", "idempotent", "open_world")) | hints
        return Tool(name, f"{server} {name}", schema or {"type": "object"}, server, Hints(**said), _nothing)

    return make
