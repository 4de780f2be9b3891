"""Makes of an image file the image that a model is shown: checked by its content, upright, small, without metadata."""

from __future__ import annotations

import io
import re
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageOps, features

if TYPE_CHECKING:
    from collections.abc import Iterator


def _reads_heic() -> bool:
    """Let Pillow read HEIC, where the optional extra `heic` is installed."""
    try:
        import pillow_heif
    except ImportError:
        return False
    # Only the image itself: an embedded thumbnail could show another one.
    pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
    return True


# Formats that cannot be read everywhere, and whether they can be here.
_OPTIONAL = {"HEIC": _reads_heic(), "AVIF": features.check("avif")}

# Scans of one progressive JPEG. Encoders make about ten; a file may hold hundreds of thousands of empty ones, each of
# which costs a pass over the whole image (libjpeg-turbo, "Two Issues with the JPEG Standard", LJT-01-003).
_MOST_SCANS = 100
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
# A marker that is followed by a length: within a scan's data, 0xFF is followed by 0x00 or by a restart marker.
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")

# An encoded image, in bytes. Ten of these as data URLs stay below the 32 MB that a request to Anthropic's models may
# hold, and OpenAI's take more (Anthropic, "Vision"; OpenAI, "Images and vision").
_MOST_BYTES = 2 * 1024 * 1024

# Kinds of frames after each other. A HEIC or a JPEG with several images holds variants of one picture.
_CAN_MOVE = frozenset({"PNG", "GIF", "WEBP", "AVIF"})

_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"})

# Sizes of the second header of a BMP: the two letters it begins with are not enough to know one.
_BMP_HEADERS = frozenset({12, 40, 52, 56, 64, 108, 124})

# What Pillow's readers raise for files that are not what they should be.
_BROKEN = (
    OSError,
    EOFError,
    SyntaxError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    AssertionError,
    RuntimeError,
    MemoryError,
    struct.error,
    zlib.error,
)


class ImageError(Exception):
    """The image cannot be shown; the text says why, in words that fit into brackets behind its name."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An image as a model is shown it.

    Attributes:
        content: The encoded image; nothing of the file it was made of but its pixels.
        mime_type: image/png, image/jpeg or image/webp.
        width: In pixels.
        height: In pixels.
        first_frame: Whether it is the first one of an animation.
    """

    content: bytes
    mime_type: str
    width: int
    height: int
    first_frame: bool


def format_of(content: bytes) -> str | None:
    """The image format that content begins as; None when it begins as none of those known here.

    TIFF is not among them: it is many formats in one, and its decoders have the longest record of memory faults.
    """
    match content[:4]:
        case b"\x89PNG":
            return "PNG"
        case b"GIF8":
            return "GIF"
        case b"RIFF" if content[8:12] == b"WEBP":
            return "WEBP"
        case _ if content.startswith(b"\xff\xd8\xff"):
            return "JPEG"
        case _ if content.startswith(b"BM") and int.from_bytes(content[14:18], "little") in _BMP_HEADERS:
            return "BMP"
        case _ if content[4:8] == b"ftyp":
            return _boxed_format(content)
        case _:
            return None


def prepare(content: bytes, *, max_pixels: int, longest_side: int) -> Picture:
    """The image of a file's content, at most `longest_side` pixels long and never larger than it was.

    Of an animation it is the first frame. Colour profiles go with the other metadata, unapplied.

    Args:
        content: The whole file.
        max_pixels: An image that declares more is refused before anything of it is decoded.
        longest_side: In pixels.

    Raises:
        ImageError: It is no image, a broken one, too large a one, or one whose format cannot be read here.
    """
    kind = format_of(content)
    if kind is None:
        raise ImageError("not an image of a kind that can be read")
    if not _OPTIONAL.get(kind, True):
        raise ImageError(f"{kind} images cannot be read here")
    if kind == "JPEG" and _scans(content) > _MOST_SCANS:
        raise ImageError("built so that it would take hours to read")
    try:
        with Image.open(io.BytesIO(content), formats=["HEIF" if kind == "HEIC" else kind]) as opened:
            if opened.width * opened.height > max_pixels:
                raise ImageError(_too_many(max_pixels))
            moves = kind in _CAN_MOVE and bool(getattr(opened, "is_animated", False))
            image = _upright(_shrunk(opened, longest_side))
        encoded, mime_type, image = _encoded(image, photo=kind == "JPEG")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(_too_many(max_pixels)) from error
    except _BROKEN as error:
        raise ImageError("a broken or incomplete image") from error
    return Picture(encoded, mime_type, image.width, image.height, moves)


def _boxed_format(content: bytes) -> str | None:
    """AVIF or HEIC by the brands in the first box; videos have such a box too."""
    end = min(int.from_bytes(content[:4], "big"), 256)
    brands = {content[8:12], *(content[start : start + 4] for start in range(16, end, 4))}
    if brands & _AVIF_BRANDS:
        return "AVIF"
    return "HEIC" if brands & _HEIC_BRANDS else None


def _scans(content: bytes) -> int:
    """How many scans the first image of a JPEG file has; it is not counted further than needed."""
    scans, at = 0, 2
    while scans <= _MOST_SCANS and (marker := _MARKER.search(content, at)) and marker[0][1] != _END_OF_IMAGE:
        scans += marker[0][1] == _START_OF_SCAN
        at = marker.end() + int.from_bytes(content[marker.end() : marker.end() + 2], "big")
    return scans


def _too_many(max_pixels: int) -> str:
    return f"more than {max_pixels / 1e6:,.3g} million pixels"


def _shrunk(image: Image.Image, longest_side: int) -> Image.Image:
    """The image in colours, or colours with transparency, and no longer than that."""
    if image.format in ("JPEG", "MPO"):
        # Decoded at a half, a quarter or an eighth of its size, where that is still large enough.
        part = longest_side / max(image.size)
        image.draft(None, (max(int(image.width * part), 1), max(int(image.height * part), 1)))
    image.load()
    image = _coloured(image)  # before, since a palette cannot be interpolated
    image.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS)
    return image


def _coloured(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        # Sixteen bits of grey: a plain conversion would make white of all that is not nearly black.
        image = image.point(lambda value: value * (1 / 256)).convert("L")
    if image.has_transparency_data:
        image = _in_mode(image, "RGBA")
        if image.getchannel("A").getextrema()[0] != 255:
            return image
    return _in_mode(image, "RGB")


def _in_mode(image: Image.Image, mode: str) -> Image.Image:
    """The image in that mode; itself where it is, since a copy may take a hundred megabytes."""
    return image if image.mode == mode else image.convert(mode)


def _upright(image: Image.Image) -> Image.Image:
    """The image as its camera was held; as it is, when what says so is broken."""
    try:
        return ImageOps.exif_transpose(image)
    except _BROKEN:
        return image


def _encoded(image: Image.Image, *, photo: bool) -> tuple[bytes, str, Image.Image]:
    """The image without metadata, its type, and the image itself: made smaller where no encoding makes it fit."""
    image.info = {}
    for mime_type, options in _encodings(image.mode, photo=photo):
        file = io.BytesIO()
        image.save(file, **options)
        if file.tell() <= _MOST_BYTES:
            return file.getvalue(), mime_type, image
    return _encoded(image.resize((max(image.width // 2, 1), max(image.height // 2, 1))), photo=photo)


def _encodings(mode: str, *, photo: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """Ways to encode, the best one first: without loss, but for what was a photo and for what gets too large."""
    if not photo:
        yield "image/png", {"format": "PNG"}
    if mode == "RGBA":
        yield "image/webp", {"format": "WEBP", "quality": 85}
    else:
        yield "image/jpeg", {"format": "JPEG", "quality": 85}
