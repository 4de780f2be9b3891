"""`clew demo`: a local Discord in the browser, an offline model or LiteLLM, and the bot as it runs in production."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import sys
import webbrowser
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from clew.settings import Environment, SettingsError
from playground import LocalDiscord, files
from playground.model import ModelServer, Offline
from playground.page import Page

if TYPE_CHECKING:
    from collections.abc import Mapping

HOME = Path("data/demo")

_WELCOME = (
    "Welcome! clew answers when it is mentioned. Try:\n"
    "- @clew what time is it in Tokyo?\n"
    "- @clew list the files, and then delete notes.txt (and click ✅ or ❌)\n"
    "- /history, /rewind, /setprompt"
)


async def run_demo(*, port: int, browser: bool) -> None:
    """Run the demo until Ctrl-C or SIGTERM.

    Args:
        port: Where the page is served; a free port when this one is taken, or 0.
        browser: Whether to open the page where there is a browser.

    Raises:
        SettingsError: LITELLM_API_BASE is set, but MODEL_NAME is not.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        discord = await stack.enter_async_context(LocalDiscord())
        model = await _model(stack)
        page = await stack.enter_async_context(Page(discord, port=_free(port)))
        await discord.send(discord.user("carol"), discord.channel("general"), _WELCOME)
        bot = await _start_bot(discord, model)
        stopping = asyncio.create_task(stop.wait())
        ended = asyncio.create_task(bot.wait())
        try:
            ready = asyncio.create_task(discord.wait_for_ready(timeout=60))
            await asyncio.wait({ready, ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if ready.done():
                _greet(page.url, browser=browser)
            await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            if bot.returncode is None:
                bot.terminate()
            await ended


async def _model(stack: AsyncExitStack) -> Mapping[str, str]:
    """The bot's environment for its model: LiteLLM when it is set, else an offline model that is started here."""
    environment = Environment()
    if environment.litellm_api_base:
        if not environment.model_name:
            raise SettingsError("LITELLM_API_BASE is set but MODEL_NAME is not; it names a model at your proxy.")
        return {}
    server = await stack.enter_async_context(ModelServer(Offline(), models=("offline",)))
    return {
        "LITELLM_API_BASE": server.base_url,
        "LITELLM_API_KEY": "sk-the-offline-model-takes-any",
        "MODEL_NAME": "offline",
    }


async def _start_bot(discord: LocalDiscord, model: Mapping[str, str]) -> asyncio.subprocess.Process:
    """`clew run`, with a database and files of its own; the local Discord forgets as well when it ends."""
    await asyncio.to_thread(_prepare_home)
    environment = os.environ | model
    environment |= {
        "DISCORD_TOKEN": discord.token,
        "CLEW_DISCORD_URL": discord.url,
        "CLEW_DATABASE_URL": f"sqlite:///{HOME / 'clew.db'}",
        "CLEW_MCP_CONFIG": str(HOME / "mcp.json"),
    }
    # A session of its own, so that Ctrl-C reaches the bot once, through us.
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "clew", "run", env=environment, start_new_session=True
    )


def _prepare_home() -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    folder = HOME / "files"
    folder.mkdir(parents=True)
    (folder / "notes.txt").write_text("Buy a ball of thread.\n", "utf-8")
    (folder / "ideas.txt").write_text("Walk through the labyrinth.\n", "utf-8")
    server = {"command": sys.executable, "args": [files.__file__, str(folder.resolve())]}
    (HOME / "mcp.json").write_text(json.dumps({"mcpServers": {"files": server}}, indent=2), "utf-8")


def _free(port: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
        return port


def _greet(url: str, *, browser: bool) -> None:
    # Standard error, where the bot's events go as well: one place to read.
    print(  # noqa: T201 - this is what a newcomer reads
        f"\n  clew is running. Open {url} and mention @clew in #general.\n"
        f"  Afterwards: CLEW_DATABASE_URL=sqlite:///{HOME / 'clew.db'} {sys.argv[0]} history\n"
        "  Ctrl-C ends it.\n",
        file=sys.stderr,
        flush=True,
    )
    if browser and _has_screen():
        webbrowser.open(url)


def _has_screen() -> bool:
    """Whether a browser would open in a window; a text browser would take over this terminal."""
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
