"""The page in a real browser: people write, react and use commands; the bot acts over REST."""

import asyncio
import re
import shutil
from contextlib import AsyncExitStack
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
COMMANDS = [
    {
        "name": "setprompt",
        "description": "Set the prompt",
        "options": [
            {"type": 3, "name": "text", "description": "The prompt", "required": True},
            {
                "type": 3,
                "name": "scope",
                "description": "For whom",
                "choices": [{"name": "This channel", "value": "channel"}, {"name": "Only me", "value": "user"}],
            },
            {"type": 4, "name": "turns", "description": "How long"},
            {"type": 5, "name": "quiet", "description": "Say nothing"},
            {"type": 6, "name": "person", "description": "Whose"},
        ],
    },
    {"name": "guarded", "description": "For managers", "default_member_permissions": "32"},
    {
        "name": "memory",
        "description": "Memory",
        "options": [{"type": 1, "name": "show", "description": "Show what is remembered"}],
    },
]

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser():
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture(loop_scope="module")
async def discord():
    async with LocalDiscord() as world:
        world.command_book.overwrite(None, COMMANDS)
        yield world


@pytest_asyncio.fixture(loop_scope="module")
async def bot(discord):
    """The bot's side: plain REST calls with its token."""
    headers = {"Authorization": f"Bot {discord.token}"}
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession(headers=headers))

        async def request(method, path, body=None):
            async with http.request(method, discord.api_base + path, json=body) as response:
                assert response.status < 300, await response.text()
                return await response.json() if response.status != 204 else None

        yield SimpleNamespace(request=request)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def context(browser):
    """One browser profile, which keeps what it has loaded, and one address."""
    async with Page(LocalDiscord()) as served:
        yield SimpleNamespace(
            url=served.url, profile=await browser.new_context(viewport={"width": 1280, "height": 800})
        )


@pytest_asyncio.fixture(loop_scope="module")
async def page(discord, context):
    build(discord)
    tab = await context.profile.new_page()
    errors = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    await tab.goto(context.url)
    await expect(tab.get_by_test_id("title")).to_have_text("general")
    yield tab
    await tab.close()
    assert errors == []


def last(page):
    return page.get_by_test_id("message").last


async def write(page, text):
    await page.get_by_test_id("composer").fill(text)
    await page.get_by_test_id("composer").press("Enter")


async def test_a_message_is_sent_and_seen(page, discord):
    await write(page, "hello @clew, this is **bold** in #lab")
    await expect(last(page).get_by_test_id("content")).to_have_text("hello @clew, this is bold in #lab")
    await expect(last(page).locator("strong")).to_have_text("bold")
    await expect(page.get_by_test_id("composer")).to_have_value("")
    sent = discord.messages(discord.channel("general"))[-1]
    assert sent.author == discord.user("alice")
    assert sent.content == f"hello <@{discord.bot.id}>, this is **bold** in <#{discord.channel('lab').id}>"
    assert sent.mentions == [discord.bot]


async def test_what_the_bot_writes_grows_before_the_readers_eyes(page, discord, bot):
    general = f"/channels/{discord.channel('general').id}"
    await bot.request("POST", f"{general}/typing")
    await expect(page.get_by_test_id("typing")).to_have_text("clew is typing…")
    sent = await bot.request("POST", f"{general}/messages", {"content": "It is"})
    await expect(last(page).locator(".badge")).to_have_text("BOT")
    await expect(page.get_by_test_id("typing")).to_have_count(0)
    await bot.request("PATCH", f"{general}/messages/{sent['id']}", {"content": "It is *noon*."})
    await expect(last(page).get_by_test_id("content")).to_have_text("It is noon. (edited)")
    await bot.request("DELETE", f"{general}/messages/{sent['id']}")
    await expect(page.get_by_test_id("message")).to_have_count(0)


async def test_a_reaction_is_toggled_by_a_click(page, discord, bot):
    alice, general = discord.user("alice"), discord.channel("general")
    card = await discord.send(discord.bot, general, "May I?")
    await bot.request("PUT", f"/channels/{general.id}/messages/{card.id}/reactions/%E2%9C%85/@me")
    pill = last(page).get_by_test_id("reaction-✅")
    await expect(pill).to_have_text(re.compile("1$"))
    await pill.click()
    await expect(pill).to_have_text(re.compile("2$"))
    assert card.reactions["✅"].user_ids == [discord.bot.id, alice.id]
    await pill.click()
    await expect(pill).to_have_text(re.compile("1$"))
    assert card.reactions["✅"].user_ids == [discord.bot.id]
    await last(page).hover()
    await last(page).get_by_test_id("pick").click()
    await last(page).get_by_test_id("picker").get_by_test_id("react-🎉").click()
    await expect(last(page).get_by_test_id("reaction-🎉")).to_be_visible()
    await expect(page.get_by_test_id("picker")).to_have_count(0)


async def test_a_slash_command_is_filled_in_and_answered_for_one_only(page, discord, bot):
    with discord.subscribe() as events:
        await page.get_by_test_id("composer").fill("/set")
        await page.get_by_test_id("slash-setprompt").click()
        await page.get_by_test_id("option-text").fill("Be brief.")
        await page.get_by_test_id("option-turns").fill("3")
        await page.get_by_test_id("option-scope").select_option("Only me")
        await page.get_by_test_id("option-quiet").select_option("True")
        await page.get_by_test_id("option-person").select_option("@bob")
        await page.get_by_test_id("slash-send").click()
        data = await invoked(events)
        given = {option["name"]: option["value"] for option in data["data"]["options"]}
        bob = str(discord.user("bob").id)
        assert given == {"text": "Be brief.", "scope": "user", "turns": 3, "quiet": True, "person": bob}
        answer = {"type": 4, "data": {"content": "The prompt is set.", "flags": 64}}
        await bot.request("POST", f"/interactions/{data['id']}/{data['token']}/callback", answer)
    await expect(last(page).get_by_test_id("content")).to_have_text("The prompt is set.")
    await expect(last(page).get_by_test_id("only-you")).to_contain_text("Only you can see this")
    await expect(last(page).locator(".above")).to_have_text(re.compile("alice used /setprompt"))
    await expect(page.get_by_test_id("slash-form")).to_have_count(0)
    await act_as(page, "bob")
    await expect(page.get_by_test_id("message")).to_have_count(0)


async def invoked(events):
    async with asyncio.timeout(5):
        async for event in events:
            if event.name == "INTERACTION_CREATE":
                return event.data
    raise AssertionError("the subscription ended")


async def act_as(page, name):
    await page.get_by_test_id("act-as").select_option(name)
    await expect(page).to_have_url(re.compile(f"as={name}"))


async def test_commands_are_offered_to_whom_they_are_for(page):
    box = page.get_by_test_id("composer")
    await box.fill("/")
    await expect(page.get_by_test_id("slash-guarded")).to_be_visible()
    await expect(page.get_by_test_id("slash-memory-show")).to_contain_text("Show what is remembered")
    await act_as(page, "bob")
    await box.fill("/")
    await expect(page.get_by_test_id("slash-memory-show")).to_be_visible()
    await expect(page.get_by_test_id("slash-guarded")).to_have_count(0)


async def test_a_required_field_left_empty_sends_nothing(page, discord):
    await page.get_by_test_id("composer").press_sequentially("/setprompt ")
    with discord.subscribe() as events:
        await page.get_by_test_id("slash-send").click()
        await expect(page.get_by_test_id("option-text")).to_be_focused()
        assert events.get_nowait() is None


async def test_a_name_is_completed_with_the_keyboard(page, discord):
    box = page.get_by_test_id("composer")
    await box.fill("hi @b")
    await expect(page.get_by_test_id("name-bob")).to_be_visible()
    await box.press("Enter")
    await expect(box).to_have_value("hi @bob ")
    await box.press("Enter")
    await expect(last(page).locator(".mention")).to_have_text("@bob")
    assert discord.messages(discord.channel("general"))[-1].mentions == [discord.user("bob")]


async def test_replies_and_edits_from_the_toolbar(page, discord):
    general = discord.channel("general")
    first = await discord.send(discord.user("bob"), general, "### What is the time?")
    await last(page).hover()
    await last(page).get_by_test_id("reply").click()
    await write(page, "Noon")
    await expect(last(page).get_by_test_id("reply-line")).to_contain_text("What is the time?")
    await expect(last(page).get_by_test_id("reply-line").locator("h3")).to_have_count(0)
    reply = discord.messages(general)[-1]
    assert reply.reference.message_id == first.id
    await last(page).hover()
    await last(page).get_by_test_id("edit").click()
    await expect(page.get_by_test_id("composer")).to_have_value("Noon")
    await write(page, "Midnight")
    await expect(last(page).get_by_test_id("content")).to_have_text("Midnight (edited)")
    await last(page).hover()
    await last(page).get_by_test_id("delete").click()
    await expect(page.get_by_test_id("message")).to_have_count(1)


async def test_channels_show_what_is_unread_and_direct_messages_are_ones_own(page, discord):
    alice, lab = discord.user("alice"), discord.channel("lab")
    await discord.send(discord.user("carol"), lab, f"look, {alice.mention}")
    await expect(page.get_by_test_id("channel-lab").locator(".count")).to_have_text("1")
    await page.get_by_test_id("channel-lab").click()
    await expect(page.get_by_test_id("title")).to_have_text("lab")
    await expect(last(page)).to_have_class(re.compile("pinged"))
    await page.get_by_test_id("channel-dm-clew").click()
    await write(page, "only for you")
    await expect(last(page).get_by_test_id("content")).to_have_text("only for you")
    assert discord.messages(discord.dm(alice))[-1].author == alice
    await page.reload()
    await expect(last(page).get_by_test_id("content")).to_have_text("only for you")
    await act_as(page, "bob")
    await expect(page.get_by_test_id("message")).to_have_count(0)


async def test_a_file_is_chosen_and_sent(page, discord):
    await page.locator("input[type=file]").set_input_files(
        {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"milk"}
    )
    await expect(page.locator(".chip")).to_contain_text("notes.txt")
    await write(page, "the notes")
    await expect(last(page).locator(".file")).to_contain_text("notes.txt")
    assert discord.messages(discord.channel("general"))[-1].attachments[0].content == b"milk"


async def test_a_refusal_is_told_and_the_text_is_kept(page, discord):
    await write(page, "x" * 2001)
    await expect(page.get_by_test_id("notice")).to_have_text("Must be 2000 or fewer in length.")
    await expect(page.get_by_test_id("composer")).to_have_value("x" * 2001)
    assert discord.messages(discord.channel("general")) == []


async def test_two_people_see_the_same_channel(page, discord):
    second = await page.context.new_page()
    await second.goto(page.url + "?as=bob&at=general")
    await write(page, "to all")
    await expect(last(second).get_by_test_id("content")).to_have_text("to all")
    await write(second, "me too")
    await expect(last(page).get_by_test_id("content")).to_have_text("me too")
    assert [message.author.name for message in discord.messages(discord.channel("general"))] == ["alice", "bob"]
    await second.close()


async def test_threads_stand_below_their_channel_and_forwards_show_what_they_carry(page, discord):
    alice, bob, general = discord.user("alice"), discord.user("bob"), discord.channel("general")
    sent = await discord.send(bob, general, "question?")
    thread = await discord.thread(bob, sent, "Talk")
    await discord.forward(bob, sent, thread)
    await page.get_by_test_id("channel-Talk").click()
    await expect(page.get_by_test_id("title")).to_have_text("Talk")
    await expect(page.get_by_test_id("forwarded")).to_contain_text("question?")
    await write(page, "inside")
    await expect(last(page).get_by_test_id("content")).to_have_text("inside")
    assert discord.messages(thread)[-1].author == alice
    await discord.delete_thread(alice, thread)
    await expect(page.get_by_test_id("title")).to_have_text("general")
    await expect(page.get_by_test_id("channel-Talk")).to_have_count(0)
