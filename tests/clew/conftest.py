"""A set-up that is whole, with real parts: a local Discord, a model, an MCP server; a test breaks one thing in it."""

import io
import json
import os
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
