import base64
import copy
import hashlib

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from checkpoints.database import open_database
from checkpoints.journal import Journal
from graph.draft import Draft
from graph.images import DataUrls, with_images
from graph.llm import Model
from graph.model_settings import ModelSettings
from playground.model import say


class Counted:
    """Real blobs, and which of them were asked for."""

    def __init__(self, blobs):
        self.put = blobs.put
        self._get = blobs.get
        self.asked = []

    async def get(self, sha256):
        self.asked.append(sha256)
        return await self._get(sha256)


@pytest.fixture
async def blobs(tmp_path):
    database = open_database(f"sqlite:///{tmp_path / 'clew.db'}")
    await database.upgrade()
    yield Counted(Journal(database).blobs)
    await database.close()


@pytest.fixture
def image(blobs):
    """The block of an image whose content is this text."""

    async def stored(content, mime_type="image/png"):
        blob = await blobs.put(content.encode(), mime_type)
        return {
            "type": "image",
            "blob": blob,
            "mime_type": mime_type,
            "width": 2,
            "height": 1,
            "name": f"{content[:9]}.png",
        }

    return stored


def url(content, mime_type="image/png"):
    encoded = base64.b64encode(content.encode()).decode()
    return {"type": "image_url", "image_url": {"url": f"data:{mime_type};base64,{encoded}"}}


def line(text):
    return {"type": "text", "text": text}


async def test_references_become_data_urls_where_they_stood(blobs, image):
    message = HumanMessage([line("what is"), await image("a"), line("beside"), await image("b", "image/jpeg")], id="m")
    (shown,) = await with_images([message], DataUrls(blobs))

    assert shown.content == [line("what is"), url("a"), line("beside"), url("b", "image/jpeg")]
    assert shown.id == "m"


async def test_conversation_itself_keeps_references_only(blobs, image):
    messages = [HumanMessage([line("look"), await image("a" * 10_000)])]
    before = copy.deepcopy(messages)
    await with_images(messages, DataUrls(blobs))

    assert messages == before
    assert len(JsonPlusSerializer().dumps_typed(messages)[1]) < 1000


async def test_messages_without_images_are_passed_on_as_they_are(blobs):
    messages = [
        SystemMessage("s"),
        HumanMessage("text"),
        HumanMessage([line("block"), "plain", {"type": "image", "url": "https://example.org/a.png"}]),
        AIMessage([{"type": "text", "text": "t"}]),
        ToolMessage([line("result")], tool_call_id="c"),
    ]
    shown = await with_images(messages, DataUrls(blobs))

    assert all(one is other for one, other in zip(shown, messages, strict=True))
    assert blobs.asked == []


async def test_only_the_newest_images_are_shown(blobs, image):
    messages = [
        HumanMessage([await image("first"), await image("second")]),
        AIMessage("I see."),
        HumanMessage([await image("third"), line("and"), await image("fourth")]),
    ]
    shown = await with_images(messages, DataUrls(blobs), max_images=3)

    assert shown[0].content == [line("[image first.png, no longer shown]"), url("second")]
    assert shown[1] is messages[1]
    assert shown[2].content == [url("third"), line("and"), url("fourth")]
    assert len(blobs.asked) == 3


async def test_all_images_together_stay_within_their_bound(blobs, image):
    messages = [HumanMessage([await image(letter * 300)]) for letter in "abcd"] + [HumanMessage([await image("e")])]
    bound = 2 * len(url("a" * 300)["image_url"]["url"]) + 100
    shown = await with_images(messages, DataUrls(blobs), max_characters=bound)

    assert [message.content[0]["type"] for message in shown] == ["text", "text", "image_url", "image_url", "image_url"]


async def test_older_image_that_would_fit_is_not_shown_before_a_newer_one(blobs, image):
    messages = [HumanMessage([await image("small")]), HumanMessage([await image("x" * 1000)])]
    shown = await with_images(messages, DataUrls(blobs), max_characters=500)
    assert shown[0].content == [line("[image small.png, no longer shown]")]


async def test_no_images_can_be_asked_for(blobs, image):
    (shown,) = await with_images([HumanMessage([await image("a")])], DataUrls(blobs), max_images=0)
    assert shown.content == [line("[image a.png, no longer shown]")]
    assert blobs.asked == []


async def test_image_that_is_gone_is_said_to_be_and_takes_no_place(blobs, image):
    gone = {"type": "image", "blob": hashlib.sha256(b"gone").hexdigest(), "mime_type": "image/png", "name": "gone.png"}
    messages = [HumanMessage([await image("a")]), HumanMessage([gone])]
    shown = await with_images(messages, DataUrls(blobs), max_images=1)

    assert shown[0].content == [url("a")]
    assert shown[1].content == [line("[image gone.png, no longer stored]")]


async def test_image_is_read_once_for_many_requests(blobs, image):
    messages = [HumanMessage([await image("a"), await image("b")])]
    urls = DataUrls(blobs)
    first = await with_images(messages, urls)
    for _ in range(5):
        assert await with_images(messages, urls) == first
    assert len(blobs.asked) == 2


async def test_images_that_were_not_used_for_longest_make_room(blobs, image):
    one, two, three = [(await image(letter * 300))["blob"] for letter in "abc"]
    urls = DataUrls(blobs, kept=2 * len(url("a" * 300)["image_url"]["url"]))
    for blob in (one, two, one, three, one, two):
        assert await urls.get(blob)
    assert blobs.asked == [one, two, three, two]


async def test_image_larger_than_all_that_is_kept_is_shown_all_the_same(blobs, image):
    block = await image("a" * 300)
    urls = DataUrls(blobs, kept=100)
    assert await urls.get(block["blob"]) == await urls.get(block["blob"]) == url("a" * 300)["image_url"]["url"]
    assert len(blobs.asked) == 2


async def test_endpoint_receives_the_image_itself(blobs, image, server, script):
    script.then(say("Two halves."))
    messages = [SystemMessage("s"), HumanMessage([line("[Image a.png]"), await image("a"), line("What is this?")])]
    model = Model(ModelSettings(api_base=server.base_url, name="test"))
    await model.ask(await with_images(messages, DataUrls(blobs)), [], Draft(0, lambda _: None))

    assert server.requests[0].messages[1] == {
        "role": "user",
        "content": [line("[Image a.png]"), url("a"), line("What is this?")],
    }
