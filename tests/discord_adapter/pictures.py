"""Image files as people and attackers send them, made when a test asks for them."""

import io
import struct
import zlib

from PIL import Image
from pillow_heif import register_heif_opener

register_heif_opener()

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "AVIF", "HEIF")

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def halves(size=(64, 32), left=RED, right=BLUE, mode="RGB"):
    """An image of two colours, so that one sees which way it is turned."""
    image = Image.new(mode, size, left)
    image.paste(right, (size[0] // 2, 0, *size))
    return image


def noise(size, mode="RGB"):
    """An image that nothing makes smaller."""
    return Image.merge(mode, [Image.effect_noise(size, 120) for _ in mode])


def encoded(image, kind="PNG", **options):
    """The file of an image."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def decoded(picture):
    """What a model sees of a prepared picture."""
    image = Image.open(io.BytesIO(picture.content))
    image.load()
    return image


def near(image, place, colour, within=40):
    """Whether a pixel has about that colour: encoding with loss changes it a little."""
    return all(abs(a - b) <= within for a, b in zip(image.convert("RGB").getpixel(place), colour, strict=True))


def png_that_declares(width, height):
    """A PNG of some hundred bytes with a header that promises more."""
    content = encoded(halves())
    header = content[12:16] + struct.pack(">II", width, height) + content[24:29]
    return content[:12] + header + struct.pack(">I", zlib.crc32(header)) + content[33:]


def png_of_zeros(width, height):
    """A whole, valid PNG of black pixels, one bit each, that is a thousand times smaller than what it decodes to."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    packer = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def jpeg_of_scans(count, size=(2000, 2000)):
    """A small progressive JPEG whose last scan is repeated; each costs a pass over the whole image."""
    content = encoded(Image.new("RGB", size, (10, 120, 30)), "JPEG", progressive=True)
    start, end = content.rfind(b"\xff\xda"), content.rfind(b"\xff\xd9")
    return content[:end] + content[start:end] * count + content[end:]


def animation(kind="GIF", frames=3):
    """Frames of different colours, the first one red."""
    images = [Image.new("RGB", (40, 30), colour) for colour in (RED, GREEN, BLUE)]
    many = [images[number % 3] for number in range(frames)]
    return encoded(many[0], kind, save_all=True, append_images=many[1:], duration=50)
