"""Files of every kind, end to end: what the model got of them, and what the person saw."""

import base64
import io
import sqlite3
import struct
import zlib

import pillow_heif
import pytest
from PIL import Image

from playground import uploads
from playground.model import say

NITRO = 50 * 1024 * 1024

SIZE = (320, 200)


def picture(kind, size=SIZE, **options):
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, kind, **options)
    return out.getvalue()


def animation():
    out = io.BytesIO()
    frames = [Image.new("RGB", SIZE, colour) for colour in ("red", "blue", "green")]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    return out.getvalue()


def heic():
    out = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", SIZE, "teal")).save(out)
    return out.getvalue()


def bomb():
    """A small file that declares 50,000 times 50,000 pixels."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def images(request):
    """The images in the newest message of a request, decoded."""
    content = request.messages[-1]["content"]
    urls = [block["image_url"]["url"] for block in content if block["type"] == "image_url"]
    return [Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) for url in urls]


def texts(request):
    content = request.messages[-1]["content"]
    return content if isinstance(content, str) else "\n".join(b["text"] for b in content if b["type"] == "text")


@pytest.fixture
async def ask(bot, discord_, script, model):
    """Send files with a mention; the request that the model got, and the sentence that the person saw, if any."""
    await bot.start()
    alice, general = discord_.user("alice"), discord_.channel("general")
    script.default = lambda request: say(f"Answer {len(model.requests)}.")

    async def asked(*files, **more):
        number = len(model.requests) + 1
        seen = len(bot.shown(general, "I "))
        await discord_.send(alice, general, bot.mention("look"), attachments=files, **more)
        await bot.said(general, f"Answer {number}.", timeout=30)
        notices = bot.shown(general, "I ")[seen:]
        assert len(notices) <= 1
        return model.requests[-1], notices[0].content if notices else None

    return asked


async def test_images_of_every_format_are_shown_to_the_model_whatever_they_are_called(ask):
    exif = Image.Exif()
    exif[0x010E] = "a secret place"
    files = [
        ("a.png", picture("PNG"), "image/png"),
        ("b.jpg", picture("JPEG", exif=exif), "image/jpeg"),
        ("c.webp", picture("WEBP"), "image/webp"),
        ("d.gif", animation(), "image/gif"),
        ("e.heic", heic(), "image/heic"),
        ("f.txt", picture("PNG"), "text/plain"),
    ]
    request, notice = await ask(*files)
    assert notice is None
    assert [image.size for image in images(request)] == [SIZE] * 6
    assert all(not image.getexif() for image in images(request))
    assert "only the first frame" in texts(request)
    assert texts(request).startswith("look")
    large, notice = await ask(("big.jpg", picture("JPEG", (4000, 3000)), "image/jpeg"))
    assert notice is None
    assert max(images(large)[0].size) == 1568


async def test_what_cannot_be_read_is_said_to_both_in_one_sentence(ask):
    noise = bytes(range(256)) * 20
    files = [
        ("corrupt.png", b"\x89PNG\r\n\x1a\n" + noise, "image/png"),
        ("half.jpg", picture("JPEG")[:600], "image/jpeg"),
        ("bomb.png", bomb(), "image/png"),
        ("paper.pdf", b"%PDF-1.7\n" + noise, "application/pdf"),
        ("fine.png", picture("PNG"), "image/png"),
    ]
    request, notice = await ask(*files)
    assert notice.startswith("I answer without ")
    assert all(name in notice for name in ("corrupt.png", "half.jpg", "bomb.png", "paper.pdf"))
    assert "fine.png" not in notice
    assert len(images(request)) == 1
    assert texts(request).count("cannot be read") == 4


async def test_texts_are_read_and_a_long_paste_is_cut_and_told(ask):
    request, notice = await ask(("a.py", b"print('hi')", "text/x-python"), ("message.txt", b"word " * 20_000, None))
    assert "print('hi')" in texts(request)
    assert "100,000" in notice
    assert 40_000 < len(texts(request)) < 60_000


async def test_too_large_and_too_many_are_told(ask, bot, discord_, monkeypatch):
    # What people with Nitro may send.
    monkeypatch.setattr(uploads, "MAX_FILE", NITRO)
    request, notice = await ask(("huge.bin", bytes(30_000_000), "application/octet-stream"))
    assert "huge.bin" in notice
    assert "larger than" in notice
    assert "huge.bin" in texts(request)
    theirs = await discord_.send(
        discord_.user("bob"), discord_.channel("general"), "mine", attachments=[("eleventh.png", picture("PNG"), "")]
    )
    ten = [(f"{number}.png", picture("PNG", (32 + number, 32)), "image/png") for number in range(10)]
    request, notice = await ask(*ten, reply_to=theirs)
    assert len(images(request)) == 10
    assert "eleventh.png" in notice
    assert "more than 10 files" in notice


async def test_image_is_kept_once_and_shown_again_in_later_turns_and_after_a_restart(ask, bot, discord_, model):
    theirs = await discord_.send(
        discord_.user("bob"), discord_.channel("general"), "mine", attachments=[("b.png", picture("PNG"), "image/png")]
    )
    first, _ = await ask(reply_to=theirs)
    assert [image.size for image in images(first)] == [SIZE]
    await ask(("again.png", picture("PNG"), "image/png"))
    await bot.restart()
    last, _ = await ask()
    shown = [
        block for message in last.messages if isinstance(message.get("content"), list) for block in message["content"]
    ]
    assert sum(block["type"] == "image_url" for block in shown) == 2
    await bot.stop()
    with sqlite3.connect(bot.database) as database:
        assert database.execute("SELECT count(*) FROM blobs").fetchone() == (1,)
        stored = [row[0] for row in database.execute("SELECT value FROM writes")]
        stored += [row[0] for row in database.execute("SELECT checkpoint FROM checkpoints")]
    assert not any(b"base64" in (value or b"") for value in stored)


async def test_forwarded_image_is_read(ask, bot, discord_, model):
    alice, bob, general = discord_.user("alice"), discord_.user("bob"), discord_.channel("general")
    theirs = await discord_.send(bob, general, "the plan", attachments=[("plan.png", picture("PNG"), "image/png")])
    await discord_.forward(alice, theirs, discord_.dm(alice))
    await bot.said(discord_.dm(alice), "Answer 1.")
    assert "A forwarded message:\n> the plan" in texts(model.requests[0])
    assert len(images(model.requests[0])) == 1
