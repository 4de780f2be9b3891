import random
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile

from discord_adapter.files.imaging import ImageError, format_of, prepare
from tests.discord_adapter.pictures import (
    BLUE,
    FORMATS,
    GREEN,
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


def shown(content, *, max_pixels=40_000_000, longest_side=1568):
    return prepare(content, max_pixels=max_pixels, longest_side=longest_side)


def refusal(content, **bounds):
    with pytest.raises(ImageError) as refused:
        shown(content, **bounds)
    return str(refused.value)


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_is_shown_with_its_colours(kind):
    picture = shown(encoded(halves(), kind))
    image = decoded(picture)

    assert (picture.width, picture.height) == image.size == (64, 32)
    assert picture.mime_type == ("image/jpeg" if kind == "JPEG" else "image/png")
    assert image.format == picture.mime_type.partition("/")[2].upper()
    assert near(image, (5, 16), RED)
    assert near(image, (60, 16), BLUE)
    assert not picture.first_frame


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"BMW is a maker of cars and motorcycles.",
        b"%PDF-1.7\n%\xe2\xe3",
        b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41",
        b"RIFF\x24\x00\x00\x00WAVEfmt ",
        b"PK\x03\x04",
        b"GIF",
    ],
)
def test_what_is_no_image_is_not_taken_for_one(content):
    assert format_of(content) is None
    assert refusal(content) == "not an image of a kind that can be read"


def test_tiff_is_not_read():
    assert refusal(encoded(halves(), "TIFF")) == "not an image of a kind that can be read"


@pytest.mark.parametrize("mime_type", ["image/png", "image/jpeg"])
def test_long_image_is_made_smaller_and_keeps_its_shape(mime_type):
    content = encoded(halves((4000, 1000)), mime_type.partition("/")[2].upper())
    picture = shown(content)

    assert picture.mime_type == mime_type
    assert (picture.width, picture.height) == decoded(picture).size == (1568, 392)
    assert near(decoded(picture), (1500, 200), BLUE)


def test_small_image_is_not_made_larger():
    assert (shown(encoded(halves((2, 1)))).width, shown(encoded(halves((2, 1)))).height) == (2, 1)


def test_line_of_pixels_keeps_one_pixel_of_width():
    picture = shown(encoded(Image.new("RGB", (1, 30_000), RED)))
    assert (picture.width, picture.height) == (1, 1568)


def _rotated(orientation, kind="JPEG", **options):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(halves((64, 32)), kind, exif=exif.tobytes(), **options)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF"])
def test_photo_is_shown_as_the_camera_was_held(kind):
    """Orientation 6: the camera was held upright, so the left half of what is stored belongs at the top."""
    picture = shown(_rotated(6, kind))

    assert (picture.width, picture.height) == (32, 64)
    assert near(decoded(picture), (16, 5), RED)
    assert near(decoded(picture), (16, 60), BLUE)


def test_photo_that_is_made_smaller_is_upright_too():
    exif = Image.Exif()
    exif[0x0112] = 8
    picture = shown(encoded(halves((3000, 1000)), "JPEG", exif=exif))

    assert (picture.width, picture.height) == (523, 1568)
    assert near(decoded(picture), (250, 1500), RED)


def test_photo_whose_metadata_is_broken_is_shown_as_it_is():
    content = _rotated(6)
    assert b"MM\x00\x2a" in content
    picture = shown(content.replace(b"MM\x00\x2a", b"??\x00\x2a"))
    assert (picture.width, picture.height) == (64, 32)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF"])
def test_nothing_of_the_metadata_is_left(kind):
    exif = Image.Exif()
    exif[0x010E] = "made by a SECRET person"
    exif.get_ifd(0x8825)[29] = "SECRET place"
    options = {"exif": exif, "icc_profile": b"SECRET profile", "comment": b"SECRET comment", "xmp": b"SECRET xmp"}
    if kind == "PNG":
        options.pop("xmp")
    content = encoded(halves(), kind, **options)
    assert b"SECRET" in content
    picture = shown(content)

    assert b"SECRET" not in picture.content
    assert not decoded(picture).getexif()
    assert "icc_profile" not in decoded(picture).info


def test_gif_comment_is_left_out():
    content = encoded(halves(), "GIF", comment=b"SECRET")
    assert b"SECRET" in content
    assert b"SECRET" not in shown(content).content


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF"])
def test_transparent_image_stays_transparent(kind):
    picture = shown(encoded(halves(left=(255, 0, 0, 255), right=(0, 0, 255, 0), mode="RGBA"), kind))

    image = decoded(picture)
    assert picture.mime_type == "image/png"
    assert image.getpixel((5, 16))[3] > 250
    assert image.getpixel((60, 16))[3] < 5


def test_transparent_palette_stays_transparent():
    image = halves().quantize(4)
    picture = shown(encoded(image, "GIF", transparency=image.getpixel((5, 5))))
    assert decoded(picture).getpixel((5, 5))[3] == 0
    assert decoded(picture).getpixel((60, 5)) == (*BLUE, 255)


def test_image_that_only_could_be_transparent_is_not():
    assert decoded(shown(encoded(halves(left=(*RED, 255), right=(*BLUE, 255), mode="RGBA")))).mode == "RGB"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK"])
def test_other_modes_become_colours(mode):
    content = encoded(halves().convert(mode), "JPEG" if mode == "CMYK" else "PNG")
    assert decoded(shown(content)).mode == "RGB"


def test_sixteen_bits_of_grey_keep_their_shades():
    image = Image.new("I;16", (256, 1))
    for x in range(256):
        image.putpixel((x, 0), x * 257)
    seen = decoded(shown(encoded(image)))

    assert [seen.getpixel((x, 0))[0] for x in (0, 10, 128, 255)] == [0, 10, 128, 255]


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
def test_first_frame_of_an_animation_is_shown_and_said_to_be_one(kind):
    picture = shown(animation(kind))
    assert picture.first_frame
    assert near(decoded(picture), (20, 15), RED)


def test_only_the_first_of_thousands_of_frames_is_decoded(monkeypatch):
    content = animation("GIF", frames=3000)
    decoded_frames = set()
    prepared = GifImageFile.load_prepare

    def noted(self):
        decoded_frames.add(self.tell())
        prepared(self)

    monkeypatch.setattr(GifImageFile, "load_prepare", noted)
    assert shown(content).first_frame
    assert decoded_frames == {0}


def test_large_photo_is_decoded_no_larger_than_needed(monkeypatch):
    content = encoded(halves((8000, 4000)), "JPEG")
    decoded_sizes = set()
    prepared = JpegImageFile.load_prepare

    def noted(self):
        decoded_sizes.add(self.size)
        prepared(self)

    monkeypatch.setattr(JpegImageFile, "load_prepare", noted)
    assert shown(content).width == 1568
    assert decoded_sizes == {(2000, 1000)}


def test_photo_of_several_views_is_a_photo():
    """As phones make them: a JPEG with a second image behind the first one."""
    content = encoded(halves(), "MPO", save_all=True, append_images=[halves(left=GREEN)])
    picture = shown(content)

    assert picture.mime_type == "image/jpeg"
    assert not picture.first_frame
    assert near(decoded(picture), (5, 16), RED)


def test_photo_with_a_film_behind_it_is_a_photo():
    """As phones make them too; among the bytes of the film are some that look like a JPEG's own."""
    film = b"\x00\x00\x00\x20ftypisom" + b"\xff\xda\x00\x02" * 500
    assert near(decoded(shown(encoded(halves(), "JPEG") + film)), (5, 16), RED)


@pytest.mark.parametrize("kind", FORMATS)
def test_half_a_file_is_refused(kind):
    content = encoded(noise((200, 200)), kind)
    assert refusal(content[: len(content) // 2]) == "a broken or incomplete image"


@pytest.mark.parametrize("kind", FORMATS)
def test_nothing_but_the_first_bytes_is_refused(kind):
    assert refusal(encoded(noise((20, 20)), kind)[:30]) in (
        "a broken or incomplete image",
        "not an image of a kind that can be read",
    )


def test_header_that_declares_too_much_is_refused_unread():
    content = png_that_declares(50_000, 50_000)
    assert len(content) < 1000
    assert refusal(content) == "more than 40 million pixels"
    assert refusal(png_that_declares(8000, 8000)) == "more than 40 million pixels"
    assert refusal(png_that_declares(10_000, 10_000)) == "more than 40 million pixels"


def test_real_bomb_is_refused_unread(monkeypatch):
    """225 million pixels in 27 kB, each of them really there."""
    content = png_of_zeros(15_000, 15_000)
    assert len(content) < 50_000
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda self: pytest.fail("it was decoded"))
    assert refusal(content) == "more than 40 million pixels"


def test_bound_on_pixels_is_exact():
    content = encoded(halves((100, 100)))
    assert shown(content, max_pixels=10_000).width == 100
    assert refusal(content, max_pixels=9_999) == "more than 0.01 million pixels"


def test_jpeg_of_thousands_of_scans_is_refused():
    content = jpeg_of_scans(5000)
    assert len(content) < 500_000
    assert refusal(content) == "built so that it would take hours to read"


def test_progressive_jpeg_is_shown():
    assert shown(jpeg_of_scans(0)).width == 1568
    assert shown(jpeg_of_scans(50)).width == 1568


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_image_that_nothing_makes_small_still_fits_a_request(mode, kind):
    """Ten as data URLs in the 32 MB of a request."""
    picture = shown(encoded(noise((1600, 1600), mode), kind))

    assert len(picture.content) * 10 * 4 / 3 < 32_000_000
    assert picture.mime_type == ("image/webp" if mode == "RGBA" else "image/jpeg")
    assert decoded(picture).size == (picture.width, picture.height)


def test_without_its_package_heic_is_refused_by_name(tmp_path):
    (tmp_path / "photo").write_bytes(encoded(halves(), "HEIF"))
    program = (
        "import sys; sys.modules['pillow_heif'] = None\n"
        "from discord_adapter.files.imaging import ImageError, prepare\n"
        "from pathlib import Path\n"
        "try: prepare(Path(sys.argv[1]).read_bytes(), max_pixels=10**6, longest_side=100)\n"
        "except ImageError as error: print(error)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "photo"], capture_output=True, text=True, timeout=60, check=True
    )
    assert ran.stdout.strip() == "HEIC images cannot be read here"


_FILES = [encoded(noise((24, 16)), kind) for kind in FORMATS]
_FILES += [animation(kind) for kind in ("GIF", "WEBP", "PNG", "AVIF")]
_FILES += [_rotated(6), _rotated(6, "PNG"), encoded(noise((24, 16)), "JPEG", progressive=True)]
_FILES += [encoded(halves().quantize(4), "PNG", transparency=1), encoded(halves().convert("1"), "BMP")]


@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(file=st.sampled_from(_FILES), seed=st.integers(0, 2**32), changes=st.integers(1, 12))
def test_damaged_file_is_shown_or_refused_and_nothing_else(file, seed, changes):
    rng = random.Random(seed)  # noqa: S311 - the same damage every time
    content = bytearray(file)
    for _ in range(changes):
        # The first bytes decide most, so half of all changes are there.
        at = rng.randrange(min(len(content), 64) if rng.random() < 0.5 else len(content))
        match rng.randrange(4):
            case 0:
                content[at] = rng.randrange(256)
            case 1:
                content[at] ^= 1 << rng.randrange(8)
            case 2:
                content[at:at] = rng.randbytes(rng.randrange(1, 9))
            case 3 if len(content) > 80:
                del content[at : at + rng.randrange(1, 9)]
    try:
        picture = shown(bytes(content), max_pixels=1_000_000)
    except ImageError:
        return
    assert decoded(picture).size == (picture.width, picture.height)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    head=st.sampled_from(
        [b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\0\0\0\0WEBP", b"\xff\xd8\xff", b"\0\0\0\x18ftypheic"]
    ),
    rest=st.binary(max_size=300),
)
def test_any_bytes_behind_a_known_beginning_are_refused(head, rest):
    with pytest.raises(ImageError):
        shown(head + rest)
