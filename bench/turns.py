"""What clew adds to a turn, over the local Discord with its limits on, beside bare requests in the same run."""

from __future__ import annotations

import asyncio
import json
import platform
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import psutil
from rich.console import Console
from rich.table import Table

from bench.bot import Bot
from bench.endpoint import Endpoint, Script
from playground import LocalDiscord

if TYPE_CHECKING:
    from playground import Channel, Message

RESULTS = Path(__file__).parent / "results"
PROBES = 40


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure: median of several, with the best and worst of them, and what it should be at most."""

    name: str
    unit: str
    median: float
    least: float
    most: float
    target: float | None = None

    @classmethod
    def of(cls, name: str, values: list[float], unit: str = "ms", target: float | None = None) -> Figure:
        """The figure of some measured values."""
        return cls(name, unit, statistics.median(values), min(values), max(values), target)


@dataclass(slots=True)
class _Asked:
    name: str
    channel: Channel
    at: float


class _Bench:
    def __init__(self, discord: LocalDiscord, endpoint: Endpoint, bot: Bot) -> None:
        self.discord = discord
        self.endpoint = endpoint
        self.bot = bot
        self._number = 0

    async def ask(self, channel: Channel) -> _Asked:
        """One mention, by alice."""
        self._number += 1
        name = f"n{self._number}"
        at = time.monotonic()
        await self.discord.send(self.discord.user("alice"), channel, f"{self.discord.bot.mention} say {name}")
        return _Asked(name, channel, at)

    async def answered(self, asked: _Asked) -> tuple[Message, float]:
        """The answer to a mention, and when it first said all of it."""
        text = self.endpoint.script.text

        def answer() -> Message | None:
            ours = (m for m in self.discord.messages(asked.channel) if m.author.id == self.discord.bot.id)
            newest = max(ours, key=lambda m: m.id, default=None)
            done = newest is not None and newest.content == text and newest.history[0].at > asked.at
            return newest if done else None

        await self.discord.wait_until(lambda: answer() is not None, 60)
        message = answer()
        if message is None:
            raise RuntimeError("it was there just now")
        return message, next(version.at for version in message.history if version.content == text)

    def overhead(self, asked: _Asked) -> float:
        """From the gateway event to the endpoint's receipt of the request, in milliseconds."""
        return (self.endpoint.exchanges[asked.name].received - asked.at) * 1000


async def _one_conversation(bench: _Bench, channel: Channel) -> list[Figure]:
    """Turns one after another in one conversation, far enough apart that no limit is met."""
    overheads, first_texts, finals = [], [], []
    await bench.answered(await bench.ask(channel))
    used = bench.bot.cpu_seconds
    for _ in range(PROBES):
        asked = await bench.ask(channel)
        message, final = await bench.answered(asked)
        exchange = bench.endpoint.exchanges[asked.name]
        overheads.append(bench.overhead(asked))
        first_texts.append((message.history[0].at - exchange.first_token) * 1000)
        finals.append((final - exchange.last_token) * 1000)
        await asyncio.sleep(1.0)
    cpu = (bench.bot.cpu_seconds - used) / PROBES * 1000
    return [
        Figure.of("gateway event to model request, 1 conversation", overheads, target=12),
        Figure.of("first token to first visible text", first_texts, target=3),
        Figure.of("last token to exact text, 40 tokens in 0.8 s", finals, target=5),
        Figure.of("CPU of the bot for a turn of 40 tokens", [cpu], target=45),
    ]


async def _short_answers(bench: _Bench, channel: Channel) -> list[Figure]:
    bench.endpoint.script = Script(tokens=3, delay=0)
    finals = []
    for _ in range(PROBES // 2):
        asked = await bench.ask(channel)
        _, final = await bench.answered(asked)
        finals.append((final - bench.endpoint.exchanges[asked.name].last_token) * 1000)
        await asyncio.sleep(1.0)
    return [Figure.of("last token to exact text, short answer", finals, target=5)]


async def _long_answers(bench: _Bench, channel: Channel) -> list[Figure]:
    """An answer that streams for longer than the channel's edits last: the final text takes the next free slot."""
    bench.endpoint.script = Script(tokens=200, delay=0.04)
    finals = []
    for _ in range(5):
        asked = await bench.ask(channel)
        _, final = await bench.answered(asked)
        finals.append((final - bench.endpoint.exchanges[asked.name].last_token) * 1000)
    return [Figure.of("last token to exact text, 200 tokens in 8 s", finals)]


async def _at_once(bench: _Bench, channels: list[Channel], target: float | None) -> list[Figure]:
    """One message in each of these channels in the same instant."""
    bench.endpoint.script = Script(tokens=40, delay=0.02)
    overheads = []
    for _ in range(3):
        asked = [await bench.ask(channel) for channel in channels]
        await asyncio.gather(*(bench.answered(one) for one in asked))
        overheads += [bench.overhead(one) for one in asked]
        await asyncio.sleep(2)
    name = f"gateway event to model request, {len(channels)} messages at once"
    return [Figure.of(name, overheads, target=target)]


async def _bare(discord: LocalDiscord, endpoint: Endpoint, channels: list[Channel]) -> list[Figure]:
    """The same two requests without a bot: a message posted, and a model asked."""
    posts, requests = [], []
    async with aiohttp.ClientSession(headers={"Authorization": f"Bot {discord.token}"}) as session:
        for number, channel in enumerate(channels[:PROBES]):
            begun = time.monotonic()
            await session.post(f"{discord.api_base}/channels/{channel.id}/messages", json={"content": "bare"})
            posts.append((time.monotonic() - begun) * 1000)
            body = {"model": "bench", "messages": [{"role": "user", "content": f"bare{number}"}], "stream": True}
            begun = time.monotonic()
            response = await session.post(f"{endpoint.url}/chat/completions", json=body)
            requests.append((endpoint.exchanges[f"bare{number}"].received - begun) * 1000)
            await response.read()
    return [Figure.of("bare POST of a message", posts), Figure.of("bare model request, until its receipt", requests)]


async def measure() -> list[Figure]:
    """Everything, in one run."""
    with tempfile.TemporaryDirectory() as home:
        async with LocalDiscord() as discord, Endpoint() as endpoint:
            guild = discord.guild("Harbour")
            channels = [discord.add_channel(guild, f"bench{number}") for number in range(50)]
            async with Bot(Path(home), discord, endpoint.url) as bot:
                bench = _Bench(discord, endpoint, bot)
                await asyncio.sleep(2)
                figures = [
                    Figure.of("start to READY", [bot.start_seconds], "s", 3),
                    Figure.of("memory, idle", [bot.memory_mb], "MB", 160),
                ]
                figures += await _one_conversation(bench, channels[0])
                figures += await _short_answers(bench, channels[1])
                figures += await _long_answers(bench, channels[2])
                # Each channel's past is fetched once: not what is measured here.
                await _at_once(bench, channels, None)
                figures += await _at_once(bench, channels[:10], None)
                figures += await _at_once(bench, channels, 150)
                figures.append(Figure.of("memory, after all that", [bot.memory_mb], "MB"))
                endpoint.script = Script(tokens=3, delay=0)
            figures += await _bare(discord, endpoint, channels)
            if discord.rate_limited:
                raise RuntimeError(f"{discord.rate_limited} requests were refused with 429")
    return figures


def _machine() -> str:
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else ():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return f"{model}, {psutil.cpu_count()} cores"


def _table(figures: list[Figure], machine: str) -> Table:
    table = Table(title=f"clew on {machine}")
    for heading in ("figure", "median", "least", "most", "target"):
        table.add_column(heading, justify="left" if heading == "figure" else "right")
    for one in figures:
        values = [f"{value:.1f} {one.unit}" for value in (one.median, one.least, one.most)]
        table.add_row(one.name, *values, f"{one.target:g} {one.unit}" if one.target else "")
    return table


def main() -> None:
    """Measure, print, and keep the result under the machine's name."""
    figures = asyncio.run(measure())
    machine = _machine()
    Console(width=120).print(_table(figures, machine))
    RESULTS.mkdir(exist_ok=True)
    name = "".join(character if character.isalnum() else "-" for character in machine.lower())
    kept = {"machine": machine, "python": sys.version.split()[0], "at": datetime.now(UTC).date().isoformat()}
    kept |= {"figures": [asdict(figure) for figure in figures]}
    (RESULTS / f"{name}.json").write_text(json.dumps(kept, indent=2) + "\n")


if __name__ == "__main__":
    main()
