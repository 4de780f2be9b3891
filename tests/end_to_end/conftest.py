"""The real bot, as a process of its own, between a local Discord and a scripted model."""

import asyncio
import json
import os
import signal
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from playground import LocalDiscord
from playground.model import Scripted
from tests import forked
from tests.databases import Peek, sqlite_url
from tests.marks import MarksTakenOut

CLEW = Path(sys.executable).with_name("clew")
NOTES = Path(__file__).parents[1] / "servers" / "notes.py"


class Bot:
    """`clew run` in a folder of its own; killed and started again as a test likes."""

    def __init__(self, home, discord_, model):
        self.home = home
        self.discord = discord_
        self.model = model
        self.process = None
        self.program = [CLEW, "run"]
        self.environment = {
            "PATH": os.environ["PATH"],
            "DISCORD_TOKEN": discord_.token,
            "CLEW_DISCORD_URL": discord_.url,
            "LITELLM_API_BASE": model.base_url,
            "LITELLM_API_KEY": "sk-a-secret-of-the-tests",
            "MODEL_NAME": "scripted",
        }
        self.notes = home / "notes"
        self.counted = home / "counted"
        self.notes.mkdir()
        self.configure_mcp(notes=self.notes_server)

    @property
    def notes_server(self):
        environment = {"NOTES_DIR": str(self.notes), "NOTES_COUNT": str(self.counted)}
        return {"command": sys.executable, "args": [str(NOTES)], "env": environment}

    def configure_mcp(self, **servers):
        (self.home / "mcp.json").write_text(json.dumps({"mcpServers": servers}))

    def configure(self, toml):
        (self.home / "clew.toml").write_text(toml)

    @property
    def log(self):
        return (self.home / "log").read_text()

    @property
    def database(self):
        return self.home / "data" / "clew.db"

    def runs(self, tool):
        """How often a tool of the notes server was really run."""
        lines = self.counted.read_text().splitlines() if self.counted.exists() else []
        return sum(line.split(" ")[0] == tool for line in lines)

    async def start(self):
        identifies = self.discord.identifies
        with (self.home / "log").open("a") as log:
            self.process = forked.start(self.program, cwd=self.home, env=self.environment, output=log.fileno())
        await self.discord.wait_until(lambda: self.discord.identifies > identifies, timeout=40)
        await self.discord.wait_for_ready(timeout=20)

    async def wait_for_run(self, tool):
        """Wait until a tool of the notes server has begun."""
        await _looked_at_often(lambda: self.runs(tool))

    async def wait_for_result(self, tool):
        """Wait until the journal has the result of a tool that ran once."""
        await self.wait_for_row("SELECT * FROM tool_runs", lambda row: row["tool"] == tool and row["result"])

    async def wait_for_row(self, query, such):
        """Wait until a query of the bot's SQLite finds such a row."""
        peek = Peek(sqlite_url(self.home))
        await _looked_at_often(lambda: any(such(row) for row in peek.rows(query)))

    async def closed(self, count):
        """Wait until so many turns are closed: the last words of one are seen before its checkpoint is written."""
        await _looked_at_often(lambda: self.log.count('"turn_closed"') >= count)

    async def wait_for_file(self, path):
        await _looked_at_often(path.exists)

    async def wait_for_log(self, *words):
        """Wait until the log has all of these words."""
        await _looked_at_often(lambda: all(word in self.log for word in words))

    async def kill(self):
        """SIGKILL: nothing is cleaned up."""
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    async def restart(self):
        await self.kill()
        await self.start()

    async def stop(self):
        if self.process and self.process.returncode is None:
            self.process.terminate()
            await asyncio.wait_for(self.process.wait(), 15)

    async def command(self, *arguments, environment=None):
        """Run another clew command beside the bot; its exit code and what it printed."""
        environment = self.environment | (environment or {})
        return await forked.printed([CLEW, *arguments], cwd=self.home, env=environment)

    def unpaired(self):
        """Every tool call that a request held without its one answer, and every answer without its call."""
        return [fault for request in self.model.requests for fault in _unpaired(request.messages)]

    def shown(self, channel, words):
        """The bot's messages with these words in them that stand in a channel."""
        ours = (m for m in self.discord.messages(channel) if m.author.id == self.discord.bot.id)
        return [message for message in ours if words in message.content]

    def mention(self, text):
        return f"<@{self.discord.bot.id}> {text}"

    async def said(self, channel, words, timeout=30):
        """The bot's message with these words in it."""
        return await self.discord.wait_for_message(
            channel, lambda m: m.author.id == self.discord.bot.id and words in m.content, timeout=timeout
        )

    async def card(self, channel, words, timeout=30):
        """An open card with these words in it, ready to be clicked."""

        def ready(message):
            ours = message.author.id == self.discord.bot.id and "May I run" in message.content
            return ours and words in message.content and "❌" in message.reactions

        return await self.discord.wait_for_message(channel, ready, timeout=timeout)


async def _looked_at_often(condition):
    """Wait for what another process writes into a file, of which nobody tells us."""
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.02)


def _unpaired(messages):
    faults, asked = [], []
    for message in [*messages, {"role": "end"}]:
        if message["role"] == "tool":
            if message["tool_call_id"] in asked:
                asked.remove(message["tool_call_id"])
            else:
                faults.append(f"an answer without a call: {message}")
            continue
        faults += [f"a call without an answer: {call_id} in {messages}" for call_id in asked]
        asked = [call["id"] for call in message.get("tool_calls") or ()]
    return faults


@pytest.fixture
async def discord_():
    async with LocalDiscord() as local:
        yield local


@pytest.fixture
def script():
    return Scripted()


@pytest.fixture
async def model(script):
    async with MarksTakenOut(script) as server:
        yield server


@pytest.fixture
async def bot(tmp_path, discord_, model):
    """The bot, not started yet."""
    with checked(Bot(tmp_path, discord_, model)) as bot:
        yield bot
        if bot.process and bot.process.returncode is None:
            await bot.kill()


def unforeseen(log):
    """What a log shows of faults that nobody foresaw: of an event its ends, else some lines."""
    lines = log.splitlines()
    return "\n".join(
        f"{line[:100]} … {line[-800:]}" if line.startswith("{") else "\n".join(lines[number : number + 40])
        for number, line in enumerate(lines)
        if "Traceback" in line
    )


@contextmanager
def checked(bot):
    """A bot of which a test that fails shows the log; what must hold in every test is looked at in the end."""
    try:
        yield bot
    finally:
        if (bot.home / "log").exists():
            print(bot.log)
    if (bot.home / "log").exists():
        assert bot.environment["LITELLM_API_KEY"] not in bot.log
        assert bot.discord.token not in bot.log
        assert not unforeseen(bot.log)
    assert bot.unpaired() == []
