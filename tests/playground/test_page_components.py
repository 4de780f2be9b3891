"""Buttons, menus and forms in a real browser: people use them, the bot answers over REST."""

import shutil
from types import SimpleNamespace

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import async_playwright, expect

from playground import LocalDiscord
from playground.page import Page, build

CHROMIUM = shutil.which("chromium")
if CHROMIUM is None:
    pytest.skip("chromium is not installed, and the page is tested in it", allow_module_level=True)
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]

ROW = {
    "type": 1,
    "components": [
        {"type": 2, "style": 1, "label": "Rename", "custom_id": "rename"},
        {"type": 2, "style": 4, "label": "Off", "custom_id": "off", "disabled": True},
        {"type": 2, "style": 5, "label": "Look", "url": "https://example.com"},
    ],
}
BUGS = [{"label": name.title(), "value": name} for name in ("ant", "bee", "moth")]
MENUS = [
    {"type": 1, "components": [{"type": 3, "custom_id": "one", "placeholder": "Which?", "options": BUGS}]},
    {"type": 1, "components": [{"type": 3, "custom_id": "some", "max_values": 2, "options": BUGS}]},
]
FORM = {
    "custom_id": "form",
    "title": "A new name",
    "components": [
        {"type": 10, "content": "Think **well**."},
        {"type": 18, "label": "Name", "component": {"type": 4, "custom_id": "name", "style": 1, "value": "old"}},
        {"type": 18, "label": "Bugs", "component": {"type": 22, "custom_id": "bugs", "options": BUGS}},
        {"type": 18, "label": "Sure?", "component": {"type": 23, "custom_id": "sure"}},
    ],
}


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def discord():
    async with LocalDiscord() as world:
        yield world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def profile():
    """One browser profile, and the one address of the page."""
    async with async_playwright() as playwright, Page(LocalDiscord()) as served:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield SimpleNamespace(url=served.url, profile=await chromium.new_context())
        await chromium.close()


@pytest_asyncio.fixture(loop_scope="module")
async def page(discord, profile):
    build(discord)
    tab = await profile.profile.new_page()
    await tab.goto(profile.url)
    await expect(tab.get_by_test_id("title")).to_have_text("general")
    yield tab
    await tab.close()


@pytest_asyncio.fixture(loop_scope="module")
async def bot(discord):
    """The bot's side: plain REST calls with its token."""
    async with aiohttp.ClientSession(headers={"Authorization": f"Bot {discord.token}"}) as http:

        async def post(path, body):
            async with http.post(discord.api_base + path, json=body) as response:
                assert response.status < 300, await response.text()

        async def send(components):
            channel = discord.channel("general")
            await post(f"/channels/{channel.id}/messages", {"content": "use these", "components": components})
            return discord.messages(channel)[-1]

        async def answer(body, known=0):
            await discord.wait_until(lambda: len(discord.interactions) > known)
            used = discord.latest_interaction
            await post(f"/interactions/{used.id}/{used.token}/callback", body)
            return used

        yield SimpleNamespace(send=send, answer=answer)


async def test_button_opens_a_form_that_changes_the_message(page, discord, bot):
    message = await bot.send([ROW])
    await expect(page.get_by_test_id("press-off")).to_be_disabled()
    await page.get_by_test_id("press-rename").click()
    await bot.answer({"type": 9, "data": FORM})
    await expect(page.get_by_test_id("modal-form")).to_contain_text("Think well.")
    await page.get_by_test_id("field-name").fill("new")
    await page.get_by_test_id("field-bugs").nth(0).check()
    await page.get_by_test_id("field-bugs").nth(2).check()
    await page.get_by_test_id("modal-send").click()
    used = await bot.answer({"type": 7, "data": {"content": "renamed", "components": []}}, known=1)
    await expect(page.get_by_test_id("content")).to_contain_text("renamed")
    await expect(page.get_by_test_id("modal-form")).to_have_count(0)
    await expect(page.get_by_test_id("press-rename")).to_have_count(0)

    name, bugs, sure = (one["component"] for one in used.data["components"][1:])
    assert (name["value"], bugs["values"], sure["value"]) == ("new", ["ant", "moth"], False)
    assert message.content == "renamed"


async def test_menus_tell_what_was_picked(page, bot):
    await bot.send(MENUS)
    await page.get_by_test_id("menu-one").select_option("bee")
    one = await bot.answer({"type": 4, "data": {"content": "one"}})
    await page.get_by_test_id("menu-some").select_option(["ant", "moth"])
    await page.get_by_test_id("done-some").click()
    some = await bot.answer({"type": 4, "data": {"content": "some"}}, known=1)
    await expect(page.get_by_test_id("message").last).to_contain_text("some")

    assert (one.path, one.data["values"]) == ("one", ["bee"])
    assert (some.path, some.data["values"]) == ("some", ["ant", "moth"])


async def test_button_that_is_not_answered_says_so(page, discord, bot):
    await bot.send([ROW])
    await page.get_by_test_id("press-rename").click()
    await discord.wait_until(lambda: discord.interactions)
    discord.latest_interaction.age(4)

    await expect(page.get_by_test_id("notice")).to_contain_text("did not respond")
