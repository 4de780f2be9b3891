"""The whole path as a person sees it: Chromium, the page over the local Discord, and the real bot behind it."""

import asyncio
import os
import re
import shutil
import signal
import sys
from collections import defaultdict
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import async_playwright, expect

from playground.model import call, say
from playground.page import Page

CHROMIUM = shutil.which("chromium")
CLEW = Path(sys.executable).with_name("clew")
DOCS = Path(__file__).parents[2] / "docs"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 20_000
"""Milliseconds until what should be seen must be there: a turn of several steps, on a busy machine."""

# Writes down every text that each message of the bot has ever shown, by the message's id.
OBSERVE = """() => {
    window.seen = [];
    const look = () => document.querySelectorAll('[data-author=clew] [data-testid=content]').forEach(
        (content) => window.seen.push([content.closest('[data-testid=message]').dataset.id, content.innerText])
    );
    new MutationObserver(look).observe(
        document.querySelector('[data-testid=messages]'), {childList: true, subtree: true, characterData: true}
    );
}"""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


@asynccontextmanager
async def opened(url):
    """A tab of a fresh Chromium; what goes wrong in the page's own script is a failure."""
    expect.set_options(timeout=PATIENCE)
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        tab = await chromium.new_page(viewport={"width": 1280, "height": 800})
        errors = []
        tab.on("pageerror", lambda error: errors.append(str(error)))
        await tab.goto(url)
        await expect(tab.get_by_test_id("title")).to_have_text("general")
        yield tab
        await chromium.close()
        assert errors == []


@pytest.fixture
async def page(bot, discord_):
    """The page, opened by alice at #general, with the bot running behind it."""
    async with Page(discord_) as served:
        await bot.start()
        async with opened(served.url) as tab:
            yield tab


async def photograph(page, name):
    """Make a picture for the guides, when that is asked for (CLEW_SCREENSHOT)."""
    if os.environ.get("CLEW_SCREENSHOT"):
        await page.mouse.move(640, 20)
        await page.screenshot(path=DOCS / name)


async def write(page, text):
    await page.get_by_test_id("composer").fill(text)
    await page.get_by_test_id("composer").press("Enter")


async def seen(page, words):
    """The bot's newest message with these words in it, once it is there."""
    message = page.locator("[data-author=clew]").filter(has_text=words).last
    await expect(message).to_be_visible()
    return message


async def card(page, tool):
    """The newest open card for a tool, once both of its reactions can be clicked."""
    shown = page.locator("[data-author=clew]").filter(has_text=f"May I run {tool}?").last
    await expect(shown.get_by_test_id("reaction-❌")).to_be_visible()
    return shown


async def act_as(page, name, channel):
    await page.get_by_test_id("act-as").select_option(name)
    await expect(page).to_have_url(re.compile(f"as={name}"))
    await page.get_by_test_id(f"channel-{channel}").click()
    await expect(page.get_by_test_id("title")).to_have_text(channel)


def growing(texts):
    """The different texts in their order, each of which goes on where the one before has stopped."""
    found = [texts[0]]
    for text in texts[1:]:
        if text != found[-1]:
            assert text.startswith(found[-1])
            found.append(text)
    return found


async def test_text_of_one_message_grows_while_it_is_read(page, script):
    text = ("Ariadne gave him a ball of thread. " * 8).strip()
    script.then(say(text, chunks=100, delay=0.05))
    await page.evaluate(OBSERVE)
    await write(page, "@clew tell me a story")
    await expect(page.locator("[data-author=clew]").get_by_test_id("content")).to_have_text(re.compile(f"^{text}"))
    shown = defaultdict(list)
    for message_id, content in await page.evaluate("() => window.seen"):
        shown[message_id].append(content.removesuffix("(edited)").rstrip())
    assert len(shown) == 1
    before, complete = (versions := growing(*shown.values()))[:-1], versions[-1]
    assert complete == text
    assert len(before) >= 3  # it got longer twice before it was complete


async def test_turn_of_several_steps_reads_asks_and_answers(page, bot, script, model):
    (bot.notes / "todo.txt").write_text("milk")
    script.then(call("read_note", name="todo"), text="Let me look.")
    script.then(call("delete_note", name="todo"), text="It says milk.")
    script.then(
        lambda request: say(
            f"Your note said {request.messages[-3]['content']}, and I have {request.messages[-1]['content']}."
        )
    )
    await write(page, "@clew what does my todo say? delete it")
    await seen(page, "Let me look.")
    asked = await card(page, "delete_note")
    await expect(asked).to_contain_text('"name": "todo"')
    await seen(page, "read_note ✓")
    assert (bot.notes / "todo.txt").exists()
    await asked.get_by_test_id("reaction-✅").click()
    await seen(page, "Your note said milk, and I have deleted todo.")
    approved = await seen(page, "✅ Approved: delete_note")
    await expect(approved.locator("small .edited")).to_be_visible()  # the mark stands behind the last word
    assert not (bot.notes / "todo.txt").exists()
    assert [bot.runs("read_note"), bot.runs("delete_note")] == [1, 1]
    assert len(model.requests) == 3


async def test_card_is_decided_by_the_one_who_asked(page, bot, script):
    """Bob's click changes nothing, alice's ✅ runs the tool, and her ❌ on the next card refuses it."""
    (bot.notes / "todo.txt").write_text("milk")
    script.when(lambda request: "are you there" in request.last_user_text, say("Yes, Bob."))
    script.then(call("delete_note", name="todo"))
    script.then(say("The note is gone."))
    script.then(call("write_note", name="todo", text="bread"))
    script.then(lambda request: say(f"I was told: {request.messages[-1]['content']}"))
    await write(page, "@clew delete my note")
    first = await card(page, "delete_note")
    await act_as(page, "bob", "general")
    first = await card(page, "delete_note")
    await first.get_by_test_id("reaction-✅").click()
    await expect(first.get_by_test_id("reaction-✅")).to_have_text(re.compile("2$"))
    await page.get_by_test_id("channel-lab").click()
    await expect(page.get_by_test_id("title")).to_have_text("lab")
    await write(page, "@clew are you there?")
    await seen(page, "Yes, Bob.")  # so the bot has seen Bob's reaction as well
    await act_as(page, "alice", "general")
    first = await card(page, "delete_note")
    assert bot.runs("delete_note") == 0
    await photograph(page, "pictures/card.png")
    await first.get_by_test_id("reaction-✅").click()
    await seen(page, "The note is gone.")
    assert bot.runs("delete_note") == 1
    await write(page, "@clew write a new one")
    second = await card(page, "write_note")
    await second.get_by_test_id("reaction-❌").click()
    await expect(await seen(page, "I was told:")).to_contain_text("refused")
    await seen(page, "❌ Refused: write_note")
    assert bot.runs("write_note") == 0


async def test_commands_answer_the_one_who_uses_them(page, script):
    script.then(say("Hello Alice."))
    await write(page, "@clew good morning")
    await seen(page, "Hello Alice.")
    for name, words in (("viewprompt", "The prompt here is"), ("history", "good morning")):
        await page.get_by_test_id("composer").fill(f"/{name}")
        await page.get_by_test_id(f"slash-{name}").click()
        await page.get_by_test_id("slash-send").click()
        answer = await seen(page, words)
        await expect(answer).to_contain_text(f"alice used /{name}")
        await expect(answer.get_by_test_id("only-you")).to_be_visible()
    await photograph(page, "pictures/history.png")


class Demo:
    """`clew demo` in a folder of its own."""

    def __init__(self, home):
        self.home = home
        self.lines = []
        self.url = ""

    async def start(self):
        self.process = await asyncio.create_subprocess_exec(
            str(CLEW),
            *("demo", "--no-browser", "--port", "0"),
            cwd=self.home,
            env={"PATH": os.environ["PATH"]},
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(60):
            while not self.url:
                line = await self.process.stderr.readline()
                assert line, f"the demo has ended: {self.lines}"
                self.lines.append(line.decode())
                if found := re.search(r"Open (http://\S+) and", self.lines[-1]):
                    self.url = found[1]
        self._reading = asyncio.create_task(self._read())

    async def _read(self):
        async for line in self.process.stderr:
            self.lines.append(line.decode())

    async def stop(self):
        """SIGTERM; the exit code, and those of its processes that still run when it has ended."""
        processes = descendants(self.process.pid)
        assert len(processes) >= 2  # the bot and its MCP server
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            await self.process.wait()
        await self._reading
        return self.process.returncode, [pid for pid in processes if runs(pid)]

    async def end(self):
        """Leave nothing behind, whatever has failed."""
        if self.process.returncode is None:
            for pid in [*descendants(self.process.pid), self.process.pid]:
                os.kill(pid, signal.SIGKILL)
            await self.process.wait()


def runs(pid):
    """Whether a process is there, and not only its exit code that nobody has asked for."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def descendants(pid):
    children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [*children, *(pid for child in children for pid in descendants(child))]


@pytest.fixture
async def demo(tmp_path):
    demo = Demo(tmp_path)
    try:
        await demo.start()
        yield demo
    finally:
        print(*demo.lines, sep="")
        await demo.end()


async def test_demo_answers_deletes_after_approval_and_ends(demo):
    notes = demo.home / "data" / "demo" / "files" / "notes.txt"
    async with opened(demo.url) as page:
        await expect(page.get_by_test_id("message").first).to_contain_text("Welcome!")
        await write(page, "@clew what time is it in Tokyo?")
        await expect(await seen(page, "+09:00")).to_contain_text(re.compile(r"\d{1,2}:\d\d"))
        assert notes.exists()
        await write(page, "@clew delete notes.txt")
        asked = await card(page, "delete_file")
        await expect(asked).to_contain_text('"name": "notes.txt"')
        assert notes.exists()
        await asked.get_by_test_id("reaction-✅").click()
        await seen(page, "✅ Approved: delete_file")
        await expect(page.get_by_test_id("message").last).to_contain_text("notes.txt is deleted")
        assert not notes.exists()
        await photograph(page, "screenshot.png")
    assert await demo.stop() == (0, [])
