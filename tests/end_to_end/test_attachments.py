"""What a person hangs on a message: what the model is given of it, what the person is told, and what is kept."""

import base64
import io
import sqlite3
from contextlib import closing

import pytest
from PIL import Image

from playground.model import say
from tests.discord_adapter.pictures import (
    BLUE,
    RED,
    animation,
    encoded,
    halves,
    near,
    noise,
    png_of_zeros,
)

MIB = 1024 * 1024
NEITHER = "neither text nor an image of a kind that can be read"


@pytest.fixture
async def alice(discord_):
    return discord_.user("alice")


@pytest.fixture
async def general(discord_):
    return discord_.channel("general")


def blocks(request, number=-1):
    """The content of a message of a request, as a list."""
    content = request.messages[number]["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def texts(request, number=-1):
    return [block["text"] for block in blocks(request, number) if block["type"] == "text"]


def seen(request, number=-1):
    """The images of a message of a request, as the model sees them."""
    return [decoded(block["image_url"]["url"]) for block in blocks(request, number) if block["type"] == "image_url"]


def decoded(url):
    head, _, content = url.partition(",")
    image = Image.open(io.BytesIO(base64.b64decode(content, validate=True)))
    image.load()
    assert head == f"data:image/{image.format.lower()};base64"
    return image


def bare(image):
    """Whether an image holds nothing but its pixels."""
    return not dict(image.getexif()) and not image.info.keys() & {"exif", "xmp", "icc_profile", "comment", "Comment"}


def turned_photo():
    """A JPEG of 32 by 64 pixels that a camera held sideways, with the place where it was taken."""
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    exif.get_ifd(0x8825)[1] = "N"
    return encoded(halves(), "JPEG", exif=exif, comment=b"made at home")


async def test_every_format_is_shown_upright_in_its_size_and_without_metadata(
    bot, discord_, script, model, alice, general
):
    await bot.start()
    script.then(say("Seven pictures."))
    files = [
        ("a.png", encoded(halves()), "image/png"),
        ("b.jpg", turned_photo(), "image/jpeg"),
        ("c.webp", encoded(halves((60, 20)), "WEBP", lossless=True), "image/webp"),
        ("d.gif", animation(), "image/gif"),
        ("e.heic", encoded(halves((80, 40)), "HEIF"), "image/heic"),
        ("f.txt", encoded(halves((30, 10))), "text/plain; charset=utf-8"),
        ("g.png", encoded(Image.new("RGB", (3136, 784), BLUE)), "image/png"),
    ]
    await discord_.send(alice, general, bot.mention("what is this?"), attachments=files)
    await bot.said(general, "Seven pictures.")
    (request,) = model.requests
    images = seen(request)
    assert [image.size for image in images] == [(64, 32), (32, 64), (60, 20), (40, 30), (80, 40), (30, 10), (1568, 392)]
    assert all(map(bare, images))
    # Red on the left; above, where the picture was turned; all over in the first frame.
    for image, place in zip(images[:6], [(10, 16), (16, 10), (10, 10), (20, 15), (15, 20), (5, 5)], strict=True):
        assert near(image, place, RED)
    for image, place in zip(images[:3], [(54, 16), (16, 54), (50, 10)], strict=True):
        assert near(image, place, BLUE)
    assert texts(request) == [
        "what is this?",
        "[Image a.png, 64 by 32 pixels]",
        "[Image b.jpg, 32 by 64 pixels]",
        "[Image c.webp, 60 by 20 pixels]",
        "[Image d.gif, 40 by 30 pixels, only the first frame of an animation]",
        "[Image e.heic, 80 by 40 pixels]",
        "[Image f.txt, 30 by 10 pixels]",
        "[Image g.png, 1568 by 392 pixels]",
    ]
    assert [m.content for m in discord_.messages(general) if m.author.id == discord_.bot.id] == ["Seven pictures."]


async def test_what_cannot_be_shown_is_told_in_one_sentence_and_the_rest_is_answered(
    bot, discord_, script, model, alice, general
):
    await bot.start()
    discord_.file_limits[alice.id] = 50 * MIB
    script.then(say("I see one."))
    photo = encoded(noise((200, 200)), "JPEG")
    files = [
        ("corrupt.png", b"\x89PNG\r\n\x1a\n" + bytes(200), "image/png"),
        ("half.jpg", photo[: len(photo) // 2], "image/jpeg"),
        ("bomb.png", png_of_zeros(20_000, 20_000), "image/png"),
        ("long.bin", bytes(30_000_000), "application/octet-stream"),
        ("paper.pdf", b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n", "application/pdf"),
        ("empty.txt", b" \n", "text/plain"),
        ("good.png", encoded(halves()), "image/png"),
        ("notes.md", "# Größe\n```\nx\n```\n".encode(), "text/markdown; charset=utf-8"),
    ]
    await discord_.send(alice, general, bot.mention("look"), attachments=files)
    await bot.said(general, "I see one.")
    told, answer = [m.content for m in discord_.messages(general) if m.author.id == discord_.bot.id]
    assert told == (
        "I answer without `corrupt.png` and `half.jpg` (a broken or incomplete image), `bomb.png` (more than 40 "
        f"million pixels), `long.bin` (larger than 21.0 MB), `paper.pdf` ({NEITHER}), `empty.txt` (empty)."
    )
    assert answer == "I see one."
    (request,) = model.requests
    assert [image.size for image in seen(request)] == [(64, 32)]
    # The model is told the same, so that it does not make up what it was not shown.
    assert "[The user attached half.jpg (image/jpeg" in texts(request)[2]
    assert "long.bin (application/octet-stream, 30.0 MB); it cannot be read: larger than 21.0 MB.]" in texts(request)[4]
    assert texts(request)[-1] == "[File notes.md, 18 characters]\n````\n# Größe\n```\nx\n```\n````"
    assert bot.process.returncode is None
    assert bot.log.count("attachment_not_read") == 6


async def test_eleventh_file_is_left_out_and_said(bot, discord_, script, model, alice, general):
    """Discord takes ten a message; the eleventh hangs on the message that is answered."""
    await bot.start()
    bob = discord_.user("bob")
    theirs = await discord_.send(bob, general, "my plan", attachments=[("plan.png", encoded(halves()), "image/png")])
    script.then(say("Ten."))
    files = [(f"{number}.png", encoded(halves((20 + number, 20))), "image/png") for number in range(10)]
    await discord_.send(alice, general, bot.mention("compare"), attachments=files, reply_to=theirs)
    await bot.said(general, "Ten.")
    assert [image.size for image in seen(model.requests[0])] == [(20 + number, 20) for number in range(10)]
    told = [m.content for m in discord_.messages(general) if m.author.id == discord_.bot.id]
    assert told == ["I answer without `plan.png` (more than 10 files at once).", "Ten."]


async def test_long_paste_is_read_as_far_as_it_is_said(bot, discord_, script, model, alice, general):
    """What does not fit into a message, Discord's client sends as message.txt."""
    bot.configure("[model]\nwindow_tokens = 100000\n")
    await bot.start()
    script.then(say("A long one."))
    paste = "".join(f"line {number} of what was pasted\n" for number in range(4000))[:100_000]
    attached = [("message.txt", paste.encode(), "text/plain; charset=utf-8")]
    await discord_.send(alice, general, bot.mention("summarise"), attachments=attached)
    await bot.said(general, "A long one.")
    told = [m.content for m in discord_.messages(general) if m.author.id == discord_.bot.id]
    assert told == ["I read only the first 50,000 of 100,000 characters of `message.txt`.", "A long one."]
    assert texts(model.requests[0]) == [
        "summarise",
        f"[File message.txt, the first 50,000 of 100,000 characters]\n```\n{paste[:50_000]}\n```",
    ]


async def test_paste_that_is_too_long_for_the_model_is_told_too(bot, discord_, script, model, alice, general):
    """With the window that is assumed where none is told, less of it fits than is read."""
    await bot.start()
    script.default = lambda _: say("A long one.")
    attached = [("message.txt", b"all work and no play\n" * 5000, "text/plain; charset=utf-8")]
    await discord_.send(alice, general, bot.mention("summarise"), attachments=attached)
    await bot.said(general, "A long one.")
    told = [m.content for m in discord_.messages(general) if m.author.id == discord_.bot.id]
    assert told == [
        "I read only the first 50,000 of 105,000 characters of `message.txt`.",
        "A long one.\n\n-# Your message is too long for the model to read whole; its middle was left out.",
    ]
    shown = "".join(texts(model.requests[0]))
    assert shown.startswith("summarise")
    assert shown.endswith("all work and no play\n```")
    assert 10_000 < len(shown) < 50_000


async def test_files_of_ask_of_a_replied_message_and_of_a_forward_are_shown(
    bot, discord_, script, model, alice, general
):
    await bot.start()
    bob, lab, direct = discord_.user("bob"), discord_.channel("lab"), discord_.dm(alice)
    script.then(say("Asked."))
    script.then(say("Replied."))
    script.then(say("Forwarded."))
    await discord_.slash(alice, lab, "ask", text="what is it?", file=("a.png", encoded(halves()), "image/png"))
    await bot.said(lab, "Asked.")
    assert [image.size for image in seen(model.requests[-1])] == [(64, 32)]
    assert texts(model.requests[-1]) == ["what is it?", "[Image a.png, 64 by 32 pixels]"]

    theirs = [("b.png", encoded(halves((50, 20))), "image/png")]
    shown = await discord_.send(bob, general, "look at that", attachments=theirs)
    await discord_.send(alice, general, bot.mention("and this?"), reply_to=shown)
    await bot.said(general, "Replied.")
    assert [image.size for image in seen(model.requests[-1])] == [(50, 20)]
    assert texts(model.requests[-1])[-1] == "[Image b.png of the message referred to, 50 by 20 pixels]"

    await discord_.forward(alice, shown, direct)
    await bot.said(direct, "Forwarded.")
    assert [image.size for image in seen(model.requests[-1])] == [(50, 20)]
    assert "> look at that" in texts(model.requests[-1])[0]
    assert texts(model.requests[-1])[-1] == "[Image b.png of the message referred to, 50 by 20 pixels]"


async def test_image_stays_in_the_conversation_over_a_restart_and_is_stored_once(
    bot, discord_, script, model, alice, general
):
    await bot.start()
    script.default = lambda request: say(f"Heard {request.last_user_text.splitlines()[0]}.")
    file = ("a.png", encoded(noise((120, 90))), "image/png")
    sent = await discord_.send(alice, general, bot.mention("first"), attachments=[file])
    await bot.said(general, "Heard first.")
    await discord_.send(alice, general, bot.mention("second"))
    await bot.said(general, "Heard second.")
    await bot.closed(2)
    # What the conversation holds does not hang on Discord's copy.
    await discord_.delete(alice, sent)
    await bot.restart()
    await discord_.send(alice, general, bot.mention("third"), attachments=[("b.png", *file[1:])])
    await bot.said(general, "Heard third.")
    await bot.closed(3)
    urls = [[b["image_url"]["url"] for m in _users(r) for b in m if b["type"] == "image_url"] for r in model.requests]
    assert [len(one) for one in urls] == [1, 1, 2]
    assert len({url for one in urls for url in one}) == 1
    assert decoded(urls[0][0]).size == (120, 90)
    url = urls[0][0]
    with closing(sqlite3.connect(bot.database)) as database:
        stored = [row[0] for row in database.execute("SELECT content FROM blobs")]
        assert stored == [base64.b64decode(url.partition(",")[2])]
        kept = b"\n".join(_kept_elsewhere(database))
    assert b"[Image a.png, 120 by 90 pixels]" in kept
    assert stored[0][100:200] not in kept
    assert url[200:300].encode() not in kept
    assert b"base64," not in kept


def _users(request):
    return [blocks(request, number) for number, m in enumerate(request.messages) if m["role"] == "user"]


def _kept_elsewhere(database):
    """Every text and every binary value of all tables but that of the images."""
    tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")} - {"blobs"}
    rows = [row for table in tables for row in database.execute(f"SELECT * FROM {table}")]  # noqa: S608 - its own names
    return [value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row]
