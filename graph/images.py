"""Puts the images themselves into a request, where the conversation holds only references to them."""

from __future__ import annotations

from base64 import b64encode
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Protocol, TypeGuard, cast

from langchain_core.messages import HumanMessage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from langchain_core.messages import AnyMessage

    from checkpoints.blobs import Blob

# Encoded images that are kept for the next request, in characters.
_KEPT = 64 * 1024 * 1024

# Above 20 images Anthropic's models take only smaller ones (Anthropic, "Vision", basics and limits).
MAX_IMAGES = 20

# All images of a request, in characters. A request to Anthropic's models may have 32 MB (there, basics and limits).
MAX_CHARACTERS = 28_000_000


class BlobSource(Protocol):
    """Where the images are."""

    async def get(self, sha256: str, /) -> Blob | None:
        """The blob of a hash; None when it is not there any more."""
        ...


class DataUrls:
    """Blobs as data URLs; those used last are kept, since each step of a turn sends them again."""

    def __init__(self, blobs: BlobSource, kept: int = _KEPT) -> None:
        self._blobs = blobs
        self._room = kept
        self._urls: OrderedDict[str, str] = OrderedDict()

    async def get(self, sha256: str) -> str | None:
        """The data URL of a blob; None when the blob is not there any more."""
        if sha256 in self._urls:
            self._urls.move_to_end(sha256)
            return self._urls[sha256]
        blob = await self._blobs.get(sha256)
        if blob is None:
            return None
        url = f"data:{blob.mime_type};base64,{b64encode(blob.content).decode('ascii')}"
        if sha256 not in self._urls:  # another turn may have been here while this one read
            self._urls[sha256] = url
            self._room -= len(url)
            while self._room < 0:
                self._room += len(self._urls.popitem(last=False)[1])
        return url


async def with_images(
    messages: Sequence[AnyMessage],
    urls: DataUrls,
    *,
    max_images: int = MAX_IMAGES,
    max_characters: int = MAX_CHARACTERS,
) -> list[AnyMessage]:
    """The messages of a request with their images in OpenAI's format; the ones given are left as they are.

    The newest images are shown. In place of each older one, and of one that is not stored any more, stands a line
    of text, so that a conversation about many images stays within what an endpoint takes.

    Args:
        messages: What the model sees, with image blocks as `discord_adapter.files.attachments` makes them.
        urls: The images.
        max_images: How many are shown.
        max_characters: What they may take together, encoded.
    """
    budget = _Budget(max_images, max_characters)
    shown = [await _shown(message, urls, budget) for message in reversed(messages)]
    return shown[::-1]


class _Budget:
    """What is left for images; once one does not fit, no older one does."""

    def __init__(self, images: int, characters: int) -> None:
        self._images = images
        self._characters = characters

    @property
    def is_spent(self) -> bool:
        return self._images <= 0

    def takes(self, url: str) -> bool:
        if len(url) > self._characters:
            self._images = 0
            return False
        self._images -= 1
        self._characters -= len(url)
        return True


async def _shown(message: AnyMessage, urls: DataUrls, budget: _Budget) -> AnyMessage:
    content: Any = message.content
    if not isinstance(message, HumanMessage) or isinstance(content, str) or not any(map(_is_reference, content)):
        return message
    blocks = [await _block(block, urls, budget) if _is_reference(block) else block for block in reversed(content)]
    return message.model_copy(update={"content": blocks[::-1]})


def _is_reference(block: object) -> TypeGuard[dict[str, Any]]:
    if not isinstance(block, dict):
        return False
    fields = cast("dict[str, Any]", block)
    return fields.get("type") == "image" and "blob" in fields


async def _block(reference: dict[str, Any], urls: DataUrls, budget: _Budget) -> dict[str, Any]:
    """An image as the endpoint takes it, or a line that says why it is not shown."""
    why = "no longer shown"
    if not budget.is_spent:
        url = await urls.get(reference["blob"])
        if url is None:
            why = "no longer stored"
        elif budget.takes(url):
            return {"type": "image_url", "image_url": {"url": url}}
    return {"type": "text", "text": f"[image {reference.get('name', 'without a name')}, {why}]"}
