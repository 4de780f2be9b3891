"""What the doctor looks at, whole until a test breaks one thing in it, and `clew chat` as a process of its own."""

import asyncio
import io
import json
import os
import pty
import signal
import socket
import sys
from pathlib import Path

import pytest
from discord.asset import Asset
from discord.gateway import DiscordWebSocket
from discord.http import Route
from rich.console import Console

from clew.doctor.checks import examine
from playground import LocalDiscord
from playground.model import ModelServer, Scripted
from tests import forked

CLEW = Path(sys.executable).with_name("clew")
NOTES = Path(__file__).parents[1] / "servers" / "notes.py"
KEY = "sk-a-key-that-nobody-should-see"


class Setup:
    """A folder in which clew could run, and everything it needs; a test breaks one thing."""

    key = KEY

    def __init__(self, home, discord_, model, script, monkeypatch):
        self.home, self.discord, self.model, self.script = home, discord_, model, script
        self._monkeypatch = monkeypatch
        self.notes = {"command": sys.executable, "args": [str(NOTES)], "env": {"NOTES_DIR": str(home)}}
        self.set(
            DISCORD_TOKEN=discord_.token,
            CLEW_DISCORD_URL=discord_.url,
            LITELLM_API_BASE=model.base_url,
            LITELLM_API_KEY=KEY,
            MODEL_NAME="good",
        )
        self.servers(notes=self.notes)

    def set(self, **variables):
        for name, value in variables.items():
            self._monkeypatch.setenv(name, value)

    def unset(self, name):
        self._monkeypatch.delenv(name)

    def write(self, name, text):
        (self.home / name).write_text(text)

    def servers(self, **servers):
        self.write("mcp.json", json.dumps({"mcpServers": servers}))

    async def doctor(self, *, ask=False, bound=40):
        """What the doctor says, without its line breaks, and whether nothing failed."""
        told = io.StringIO()
        well = await examine(Console(file=told, width=200), ask=ask, bound=bound)
        print(told.getvalue())
        assert self.discord.token not in told.getvalue()
        assert KEY not in told.getvalue()
        return Report(told.getvalue(), well)


class Report:
    def __init__(self, text, well):
        self.text, self.well = text, well

    def of(self, level):
        """The findings of a level, each with its way out in the same line."""
        findings = []
        for line in self.text.splitlines()[:-1]:
            if line.startswith(" "):
                findings[-1] += f" {line.strip()}"
            else:
                findings.append(line)
        return [finding for finding in findings if finding.startswith(level)]

    def only(self, level, *words):
        """The one finding that is not ok, which has these words in it."""
        other = {"failed": "warning", "warning": "failed"}[level]
        assert self.of(other) == []
        (finding,) = self.of(level)
        assert self.well == (level == "warning")
        for one in words:
            assert one in finding
        return finding


class Chat:
    """`clew chat` in a folder of its own; what it shows is read as it comes."""

    def __init__(self, home, model):
        self.home, self.model = home, model
        self.notes = home / "notes"
        self.notes.mkdir()
        notes = {"command": sys.executable, "args": [str(NOTES)], "env": self._places()}
        (home / "mcp.json").write_text(json.dumps({"mcpServers": {"notes": notes}}))
        self.environment = {
            "PATH": os.environ["PATH"],
            "TERM": "dumb",
            "LITELLM_API_BASE": model.base_url,
            "LITELLM_API_KEY": KEY,
            "MODEL_NAME": "good",
        }
        self.process = None
        self.shown = ""
        self._read = 0

    def _places(self):
        return {"NOTES_DIR": str(self.notes), "NOTES_COUNT": str(self.home / "counted")}

    @property
    def runs(self):
        """The calls that the notes server has really run."""
        counted = self.home / "counted"
        return [line.split(" ")[0] for line in counted.read_text().splitlines()] if counted.exists() else []

    async def start(self, *, terminal=False):
        """Start it; its standard input is a pipe, or all of it is a terminal."""
        reader = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        outer, inner = pty.openpty() if terminal else os.pipe()
        stdin, typing = (inner, os.dup(outer)) if terminal else os.pipe()
        self._in, self._out = os.fdopen(typing, "wb", buffering=0), os.fdopen(outer, "rb", buffering=0)
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), self._out)
        self._reader, self._terminal = reader, terminal
        self.process = forked.start([CLEW, "chat"], cwd=self.home, env=self.environment, output=inner, stdin=stdin)
        for fd in {inner, stdin}:
            os.close(fd)

    async def type(self, text):
        self._in.write(text.encode())

    async def see(self, words):
        """Wait until these words are shown after those that were waited for before; all that came with them."""
        async with asyncio.timeout(60):
            while (found := self.shown.find(words, self._read)) < 0:
                await self._take(words)
        before, self._read = self._read, found + len(words)
        return self.shown[before : self._read]

    async def _take(self, words):
        try:
            piece = await self._reader.read(4096)
        except OSError:  # how a terminal says that nobody is left on its other side
            piece = b""
        assert piece, f"{words!r} is not in:\n{self.shown}"
        self.shown += piece.decode()

    async def kill(self):
        os.kill(self.process.pid, signal.SIGKILL)
        await self.process.wait()

    async def end(self, *, close=True):
        """Wait until it has ended; its exit code."""
        if close and not self._terminal:
            self._in.close()
        async with asyncio.timeout(60):
            return await self.process.wait()

    async def all_of(self, *lines):
        """Everything that is shown when these lines come through a pipe."""
        text = "".join(f"{line}\n" for line in lines)
        code, shown = await forked.printed([CLEW, "chat"], cwd=self.home, env=self.environment, text=text)
        print(shown)
        return code, shown

    async def command(self, *arguments):
        return (await forked.printed([CLEW, *arguments], cwd=self.home, env=self.environment))[1]


@pytest.fixture
def script():
    return Scripted()


@pytest.fixture
async def model(script):
    async with ModelServer(script, api_key=KEY, models=("good", "better"), max_input_tokens=128_000) as server:
        yield server


@pytest.fixture
async def discord_():
    async with LocalDiscord() as local:
        yield local


@pytest.fixture
def setup(tmp_path, discord_, model, script, monkeypatch):
    for name in list(os.environ):
        if name.startswith(("CLEW_", "LITELLM_", "DISCORD_", "OPENWEBUI", "OPENAI", "MODEL_", "SYSTEM_PROMPT")):
            monkeypatch.delenv(name)
    for owner, name in ((Route, "BASE"), (Asset, "BASE"), (DiscordWebSocket, "DEFAULT_GATEWAY")):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    monkeypatch.chdir(tmp_path)
    return Setup(tmp_path, discord_, model, script, monkeypatch)


@pytest.fixture
def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
async def chat(tmp_path, model):
    chat = Chat(tmp_path, model)
    yield chat
    if chat.process and chat.process.returncode is None:
        await chat.kill()
    print(chat.shown)
    assert KEY not in chat.shown
    assert "Traceback" not in chat.shown
