import asyncio
import hashlib
import time

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from discord.asset import Asset
from pydantic import ValidationError

from discord_adapter.files.attachments import Attachments
from discord_adapter.files.downloads import _of_cdn
from discord_adapter.settings import AttachmentSettings
from graph.attached import Attached
from tests.discord_adapter.pictures import (
    BLUE,
    FORMATS,
    RED,
    animation,
    decoded,
    encoded,
    halves,
    jpeg_of_scans,
    near,
    noise,
    png_of_zeros,
    png_that_declares,
)

NEITHER = "neither text nor an image of a kind that can be read"


class Files:
    """A server of files, and of all the ways in which a server can fail."""

    def __init__(self):
        self.files = {}
        self.asked = []
        self.sent = 0
        self.at_once = self.most_at_once = 0
        self.changed = asyncio.Event()
        self.let_go = asyncio.Event()
        app = web.Application()
        app.router.add_get("/{name}", self._answer)
        self.server = TestServer(app)

    def put(self, name, content, *, size=None, content_type=None, quoted=False):
        self.files[name] = content
        return Attached(self.url(name), name, len(content) if size is None else size, content_type, quoted)

    def url(self, name):
        return str(self.server.make_url(f"/{name}"))

    async def until_asked(self, times):
        async with asyncio.timeout(10):
            while len(self.asked) < times:
                self.changed.clear()
                await self.changed.wait()

    async def _answer(self, request):
        name = request.match_info["name"]
        self.asked.append(name)
        self.changed.set()
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            return await getattr(self, f"_{name}", self._file)(request)
        finally:
            self.at_once -= 1

    async def _file(self, request):
        if request.match_info["name"] not in self.files:
            raise web.HTTPNotFound
        return web.Response(body=self.files[request.match_info["name"]])

    async def _slow(self, request):
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"a")
        await self.let_go.wait()
        return response

    async def _endless(self, request):
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"a" * 65536)
            self.sent += 65536

    async def _flaky(self, request):
        if self.asked.count("flaky") == 1:
            raise web.HTTPServiceUnavailable
        return web.Response(body=b"It is here after all.")

    async def _short(self, request):
        """Less than was promised, and the connection closed."""
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"only this")
        request.transport.close()
        return response

    async def _elsewhere(self, request):
        raise web.HTTPFound(self.url("secret"))

    async def _packed(self, request):
        response = web.Response(body=b"a" * 1_000_000)
        response.enable_compression(web.ContentCoding.gzip)
        return response

    async def _either(self, request):
        """Packed for whoever takes that, as Discord's does it."""
        response = web.Response(body=b"plain words " * 1000)
        response.enable_compression()
        return response

    async def _promises(self, request):
        response = web.StreamResponse(headers={"Content-Length": "30000000"})
        await response.prepare(request)
        await self.let_go.wait()
        return response


@pytest.fixture
async def files(monkeypatch):
    files = Files()
    await files.server.start_server()
    monkeypatch.setattr(Asset, "BASE", str(files.server.make_url("/cdn")))
    yield files
    files.let_go.set()
    await files.server.close()


@pytest.fixture
def reading(journal):
    """Reads files with these settings."""

    async def read(*attached, **settings):
        async with asyncio.timeout(30), Attachments(journal.blobs, AttachmentSettings(**settings)) as attachments:
            return await attachments.read(attached)

    return read


def texts(read):
    return [block["text"] for block in read.blocks if block["type"] == "text"]


def images(read):
    return [block for block in read.blocks if block["type"] == "image"]


@pytest.mark.parametrize("kind", FORMATS)
async def test_image_is_stored_and_referred_to(files, reading, journal, kind):
    read = await reading(files.put("two halves.x", encoded(halves(), kind), content_type="text/plain"))

    name, image = read.blocks
    assert name == {"type": "text", "text": "[Image two halves.x, 64 by 32 pixels]"}
    blob = await journal.blobs.get(image["blob"])
    assert image == {
        "type": "image",
        "blob": hashlib.sha256(blob.content).hexdigest(),
        "mime_type": blob.mime_type,
        "width": 64,
        "height": 32,
        "name": "two halves.x",
    }
    assert near(decoded(blob), (5, 16), RED)
    assert near(decoded(blob), (60, 16), BLUE)
    assert read.notices == []


async def test_text_is_shown_in_a_frame(files, reading):
    read = await reading(files.put("main.py", b"print('```')\n", content_type="image/png"))

    assert read.blocks == [{"type": "text", "text": "[File main.py, 13 characters]\n````\nprint('```')\n````"}]
    assert read.notices == []


async def test_declared_character_set_is_used(files, reading):
    content = "naïve café".encode("cp1252")
    read = await reading(files.put("a.txt", content, content_type='text/plain; charset="windows-1252"'))
    assert "naïve café" in texts(read)[0]


async def test_first_frame_is_said_to_be_one(files, reading):
    read = await reading(files.put("party.gif", animation("GIF")))
    assert texts(read) == ["[Image party.gif, 40 by 30 pixels, only the first frame of an animation]"]
    assert len(images(read)) == 1


async def test_files_of_the_message_replied_to_are_said_to_be_its(files, reading):
    read = await reading(
        files.put("a.png", encoded(halves()), quoted=True),
        files.put("b.txt", b"hello", quoted=True),
        files.put("c.zip", b"PK\x03\x04\x00", quoted=True, content_type="application/zip"),
    )
    assert texts(read) == [
        "[Image a.png of the message referred to, 64 by 32 pixels]",
        "[File b.txt of the message referred to, 5 characters]\n```\nhello\n```",
        f"[The message referred to has c.zip (application/zip, 5 bytes); it cannot be read: {NEITHER}.]",
    ]


async def test_what_cannot_be_read_is_said_to_model_and_user(files, reading):
    read = await reading(files.put("x.pdf", b"%PDF-1.7" + b" " * 1_200_000, content_type="application/pdf"))

    assert texts(read) == [
        f"[The user attached x.pdf (application/pdf, 1.2 MB); it cannot be read: {NEITHER}.]",
    ]
    assert read.notices == [f"I answer without `x.pdf` ({NEITHER})."]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (encoded(noise((100, 100)))[:2000], "a broken or incomplete image"),
        (b"\xff\xd8\xff" + b"corrupt" * 100, "a broken or incomplete image"),
        (png_that_declares(50_000, 50_000), "more than 40 million pixels"),
        (png_of_zeros(12_000, 12_000), "more than 40 million pixels"),
        (jpeg_of_scans(1000), "built so that it would take hours to read"),
    ],
    ids=["empty", "blank", "truncated", "corrupt", "declared-bomb", "real-bomb", "scans"],
)
async def test_bad_file_is_refused_with_its_reason(files, reading, content, reason):
    read = await reading(files.put("x.png", content), files.put("good.txt", b"I am fine."))

    assert read.notices == [f"I answer without `x.png` ({reason})."]
    assert f"it cannot be read: {reason}.]" in texts(read)[0]
    assert "I am fine." in texts(read)[1]
    assert images(read) == []


async def test_file_that_is_declared_too_large_is_not_even_asked_for(files, reading):
    read = await reading(files.put("film.mp4", b"", size=30 * 1024 * 1024, content_type="video/mp4"))
    assert read.notices == ["I answer without `film.mp4` (larger than 21.0 MB)."]
    assert files.asked == []


async def test_file_that_is_larger_than_declared_is_refused(files, reading):
    read = await reading(files.put("big.txt", b"a" * 30 * 1024 * 1024, size=1000))
    assert read.notices == ["I answer without `big.txt` (larger than 21.0 MB)."]
    assert files.asked == ["big.txt"]  # trying again would not make it smaller


async def test_endless_file_is_cut_off_at_the_bound(files, reading):
    read = await reading(files.put("endless", b"", size=1000), max_bytes=1_000_000)

    assert read.notices == ["I answer without `endless` (larger than 1.0 MB)."]
    assert files.asked == ["endless"]
    assert files.sent < 20_000_000  # what fits into the buffers between


async def test_all_files_of_a_turn_have_a_bound_together(files, reading):
    read = await reading(*(files.put(f"{n}.txt", b"a" * 400) for n in range(4)), max_total_bytes=1000)

    assert read.notices == ["I answer without `2.txt` and `3.txt` (together more than 1.0 kB)."]
    assert sorted(files.asked) == ["0.txt", "1.txt"]


async def test_of_eleven_files_ten_are_read_and_the_last_is_named(files, reading):
    attached = [files.put(f"{n}.png", encoded(halves((64 + n, 32)))) for n in range(11)]
    read = await reading(*attached)

    assert [image["name"] for image in images(read)] == [f"{n}.png" for n in range(10)]
    assert [image["width"] for image in images(read)] == [64 + n for n in range(10)]
    assert read.notices == ["I answer without `10.png` (more than 10 files at once)."]
    assert "10.png" in texts(read)[-1]
    assert sorted(files.asked) == sorted(f"{n}.png" for n in range(10))


async def test_many_files_of_many_turns_are_fetched_a_few_at_a_time(files, journal):
    async with asyncio.timeout(30), Attachments(journal.blobs, AttachmentSettings()) as attachments:
        slow = [Attached(files.url("slow"), "slow", 1)] * 5
        turns = [asyncio.create_task(attachments.read(slow)) for _ in range(3)]
        await files.until_asked(4)
        files.let_go.set()
        for read in await asyncio.gather(*turns):
            assert (len(read.blocks), read.notices) == (5, [])
    assert len(files.asked) == 15
    assert files.most_at_once == 4


async def test_files_keep_their_order_whichever_comes_first(files, reading):
    files.let_go.set()
    read = await reading(files.put("flaky", b""), files.put("b.txt", b"second"), files.put("c.png", encoded(halves())))
    assert [block["type"] for block in read.blocks] == ["text", "text", "text", "image"]
    assert "after all" in texts(read)[0]
    assert "second" in texts(read)[1]


@pytest.mark.parametrize("name", ["gone", "short", "elsewhere"])
async def test_download_that_fails_is_tried_twice_and_said(files, reading, name):
    files.files["secret"] = b"not for you"
    read = await reading(Attached(files.url(name), f"{name}.txt", 100))

    assert files.asked == [name, name]
    assert read.notices == [f"I answer without `{name}.txt` (could not be downloaded)."]
    assert "could not be downloaded" in texts(read)[0]


async def test_download_that_fails_once_is_not_missed(files, reading):
    read = await reading(files.put("flaky", b""))
    assert "It is here after all." in texts(read)[0]
    assert read.notices == []


async def test_slow_server_is_not_waited_for(files, reading):
    before = time.monotonic()
    read = await reading(Attached(files.url("slow"), "slow.txt", 100), fetch_timeout=0.3)

    assert time.monotonic() - before < 10
    assert files.asked == ["slow", "slow"]
    assert read.notices == ["I answer without `slow.txt` (could not be downloaded)."]


HOSTILE = [
    "file:///etc/passwd",
    "ftp://127.0.0.1/x",
    "http://[",
    "",
    "x",
    "http://127.0.0.1:1/x",
    "http://cdn.discordapp.com/x",
    "https://cdn.discordapp.com:8443/x",
    "https://user@cdn.discordapp.com/x",
    "https://cdn.discordapp.com@127.0.0.1/x",
    "https://cdn.discordapp.com\\@127.0.0.1/x",
    "https://cdn.discordapp.com.evil.example/x",
    "https://evil-cdn.discordapp.com/x",
    "https://discordapp.com/x",
    "https://162.159.133.233/x",
    "https://[::1]/x",
    "https://2130706433/x",
    "https://cdn.discordapp.com%2eevil.example/x",
    "//cdn.discordapp.com/x",
]


@pytest.mark.parametrize("url", HOSTILE)
async def test_only_discords_hosts_are_asked_for_files(reading, url):
    read = await reading(Attached(url, "x.txt", 100))
    assert read.notices == ["I answer without `x.txt` (not a file of Discord's)."]


async def test_another_port_of_the_host_of_files_is_not_asked(files, reading):
    """The server that discord.py takes for the CDN is one by name, scheme and port, not by name alone."""
    address = files.server.make_url("/a.txt")
    files.put("a.txt", b"hello")
    for url in (address.with_port(1), address.with_scheme("https"), address.with_user("a")):
        read = await reading(Attached(str(url), "a.txt", 5))
        assert read.notices == ["I answer without `a.txt` (not a file of Discord's)."]
    assert files.asked == []


@pytest.mark.parametrize(
    "url", ["https://cdn.discordapp.com/attachments/1/2/x.txt?ex=1", "https://media.discordapp.net/x"]
)
def test_both_hosts_of_discord_are_taken(url):
    assert str(_of_cdn(url)) == url


async def test_packed_body_counts_as_what_came_and_is_not_unpacked(files, reading):
    read = await reading(Attached(files.url("packed"), "packed.txt", 100), max_bytes=100_000)
    assert read.notices == [f"I answer without `packed.txt` ({NEITHER})."]


async def test_file_is_asked_for_unpacked(files, reading):
    read = await reading(Attached(files.url("either"), "either.txt", 100))
    assert "plain words plain words" in texts(read)[0]


async def test_file_whose_server_says_that_it_is_too_large_is_not_waited_for(files, reading):
    read = await reading(Attached(files.url("promises"), "film.mp4", 100), fetch_timeout=60)
    assert read.notices == ["I answer without `film.mp4` (larger than 21.0 MB)."]


async def test_long_text_is_cut_and_that_is_said(files, reading):
    read = await reading(files.put("big.log", b"x" * 120_345), files.put("next.log", b"no room"))

    assert texts(read)[0].startswith("[File big.log, the first 50,000 of 120,345 characters]\n```\nxxx")
    assert texts(read)[0].count("x") == 50_000
    assert "no room is left for more text" in texts(read)[1]
    left_out = "I answer without `next.log` (no room is left for more text)."
    assert read.notices == [f"{left_out} I read only the first 50,000 of 120,345 characters of `big.log`."]


async def test_text_of_exactly_the_bound_is_whole(files, reading):
    read = await reading(files.put("a.txt", b"12345"), max_text_characters=5)
    assert read.notices == []
    assert "[File a.txt, 5 characters]" in texts(read)[0]


async def test_notice_is_one_short_line_whatever_the_names(files, reading):
    names = [f"`{'n' * 90}\n@everyone]\u202e{n}.exe" for n in range(20)]
    attached = [Attached(files.url("gone"), name, 10**9 if n % 2 else 10, "a/b\nc") for n, name in enumerate(names)]
    attached.append(Attached(files.put("cut.txt", b"x" * 100).url, "`" * 100, 10))
    read = await reading(*attached, max_count=30, max_text_characters=10)

    (line,) = read.notices
    assert len(line) <= 500
    assert "\n" not in line
    assert "\u202e" not in line
    assert line.count("`") % 2 == 0
    assert "``" not in line
    assert "7 more" in line
    assert all("\u202e" not in text and text.count("\n") in (0, 3) for text in texts(read))


async def test_same_image_twice_is_one_blob(files, reading):
    read = await reading(files.put("a.png", encoded(halves())), files.put("b.png", encoded(halves())))
    one, other = images(read)
    assert one["blob"] == other["blob"]
    assert (one["name"], other["name"]) == ("a.png", "b.png")


async def test_no_files_are_nothing_to_say(reading):
    read = await reading()
    assert (read.blocks, read.notices) == ([], [])


async def test_cancelled_turn_leaves_the_others_their_places(files, journal):
    async with asyncio.timeout(30), Attachments(journal.blobs, AttachmentSettings()) as attachments:
        slow = [Attached(files.url("slow"), "slow", 1)] * 8
        waiting = asyncio.create_task(attachments.read(slow))
        await files.until_asked(4)
        waiting.cancel()
        await asyncio.wait({waiting})
        read = await attachments.read([files.put(f"{n}.txt", b"hello") for n in range(5)])
    assert len(read.blocks) == 5
    assert read.notices == []


async def test_attachments_of_a_local_discord_are_read(local, alice, general, reading):
    content = encoded(halves(), "JPEG")
    message = await local.send(alice, general, "look", attachments=[("a photo.jpg", content, "image/jpeg")])
    (attachment,) = message.attachments
    read = await reading(Attached(attachment.url, attachment.filename, len(content), "image/jpeg"))

    (image,) = images(read)
    assert (image["width"], image["height"], image["name"]) == (64, 32, attachment.filename)


def test_unknown_setting_is_refused():
    with pytest.raises(ValidationError):
        AttachmentSettings(max_bites=3)
