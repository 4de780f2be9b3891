"""The README's commands, run as a newcomer runs them: in a fresh clone, without uv on the PATH."""

import asyncio
import os
import re
import shutil
import signal
import subprocess
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.end_to_end.test_browser import CHROMIUM, opened, seen, write

ROOT = Path(__file__).parents[2]

# What `.ci/run` itself runs; a test that ran it would run itself.
RUN_BY_CI = {"make check", "make test"}
RUN_HERE = {
    "make install",
    "cp .env.example .env",
    ".venv/bin/clew doctor",
    ".venv/bin/clew run",
    ".venv/bin/clew chat",
    ".venv/bin/clew history",
    ".venv/bin/clew history approvals",
    ".venv/bin/clew replay THREAD",
    ".venv/bin/clew db upgrade",
    "make demo",
}

pytestmark = [
    pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is no git checkout, so there is nothing to clone"),
    pytest.mark.timeout(300),
]


def newcomer():
    """The environment of somebody who has Python, git and make, and nothing of ours."""
    path = [folder for folder in os.environ["PATH"].split(os.pathsep) if not (Path(folder) / "uv").exists()]
    ours = {"VIRTUAL_ENV", "PYTHONPATH", "MAKEFLAGS", "MAKELEVEL", "CLEW_DISCORD_OPENAPI"}
    return {name: value for name, value in os.environ.items() if name not in ours} | {"PATH": os.pathsep.join(path)}


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("newcomer") / "clew"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    return folder


async def run(clone, command, *, code=0):
    """Run a command of the README; what it printed."""
    process = await asyncio.create_subprocess_shell(
        command, cwd=clone, env=newcomer(), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    printed = (await process.communicate())[0].decode()
    assert process.returncode == code, printed
    return printed


@asynccontextmanager
async def demo(clone):
    """`make demo` for as long as the block lasts; gives the page's address."""
    process = await asyncio.create_subprocess_exec(
        "make", "demo", cwd=clone, env=newcomer(), stderr=asyncio.subprocess.PIPE, start_new_session=True
    )
    told = []
    try:
        while not (found := re.search(r"Open (http://\S+)", "".join(told))):
            line = await process.stderr.readline()
            assert line, "".join(told)
            told.append(line.decode())
        yield found[1]
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        async with asyncio.timeout(15):
            await process.communicate()


def test_every_command_of_the_readme_is_run_by_a_test():
    readme = (ROOT / "README.md").read_text()
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", readme, re.MULTILINE | re.DOTALL)
    commands = {line.strip() for block in blocks for line in block.splitlines()}
    commands |= set(re.findall(r"^\| `(\.venv/[^`]*)`", readme, re.MULTILINE))
    assert commands == RUN_BY_CI | RUN_HERE


def test_settings_of_the_readme_are_those_there_are():
    settings = (ROOT / "README.md").read_text().partition("## Settings")[2]
    named = re.findall(r"^\| `([A-Z_]+)`", settings, re.MULTILINE)
    example = re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert named == example


async def test_a_fresh_clone_installs_and_every_command_answers(clone):
    await run(clone, "make install")
    await run(clone, "cp .env.example .env")
    assert "DISCORD_TOKEN is not set" in await run(clone, ".venv/bin/clew run", code=1)
    assert "2 failed" in await run(clone, ".venv/bin/clew doctor", code=1)
    assert "MODEL_NAME is not set" in await run(clone, ".venv/bin/clew chat", code=1)
    assert "is up to date" in await run(clone, ".venv/bin/clew db upgrade")
    assert "No conversations yet" in await run(clone, ".venv/bin/clew history")
    assert "Nothing was decided yet" in await run(clone, ".venv/bin/clew history approvals")
    assert "There is no thread THREAD" in await run(clone, ".venv/bin/clew replay THREAD", code=1)
    # What only the demo needs is not there: the runtime stays light.
    assert "make demo" in await run(clone, ".venv/bin/clew demo", code=1)
    (clone / ".env").unlink()


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
async def test_make_demo_in_a_fresh_clone_answers_a_mention_in_the_page(clone):
    assert shutil.which("uv", path=newcomer()["PATH"]) is None
    async with demo(clone) as url, opened(url) as page:
        await write(page, "@clew what time is it in Tokyo?")
        await seen(page, "+09:00")
