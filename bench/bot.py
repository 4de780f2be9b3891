"""`clew run` as a process of its own, watched from outside."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

import psutil

if TYPE_CHECKING:
    from types import TracebackType

    from playground import LocalDiscord

CLEW = Path(sys.executable).with_name("clew")


class Bot:
    """The bot between a local Discord and a model endpoint.

    Attributes:
        start_seconds: From its start to READY.
    """

    def __init__(self, home: Path, discord: LocalDiscord, model_url: str) -> None:
        self._home = home
        self._discord = discord
        self._model_url = model_url
        self._process: asyncio.subprocess.Process | None = None
        self._watched: psutil.Process | None = None
        self.start_seconds = 0.0

    async def __aenter__(self) -> Self:
        begun = time.monotonic()
        environment = {
            "PATH": os.environ["PATH"],
            "DISCORD_TOKEN": self._discord.token,
            "CLEW_DISCORD_URL": self._discord.url,
            "LITELLM_API_BASE": self._model_url,
            "MODEL_NAME": "bench",
        }
        (self._home / "clew.toml").write_text("[limits]\nuser_per_minute = 0\n")  # one person asks for everything
        with (self._home / "log").open("w") as log:
            self._process = await asyncio.create_subprocess_exec(
                str(CLEW), "run", cwd=self._home, env=environment, stdout=log, stderr=log
            )
        await self._discord.wait_for_ready(60)
        self.start_seconds = time.monotonic() - begun
        self._watched = psutil.Process(self._process.pid)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.terminate()
            await self._process.wait()
        if error is not None:
            sys.stderr.write((self._home / "log").read_text()[-5000:])

    @property
    def cpu_seconds(self) -> float:
        """Processor time it has used so far."""
        used = self._psutil.cpu_times()
        return used.user + used.system

    @property
    def memory_mb(self) -> float:
        """Its resident memory in megabytes (10^6 bytes)."""
        return self._psutil.memory_info().rss / 1e6

    @property
    def _psutil(self) -> psutil.Process:
        if self._watched is None:
            raise RuntimeError("the bot does not run")
        return self._watched
