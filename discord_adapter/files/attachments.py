"""Attachments: fetches the files of a message and decides what the model is shown of each."""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import structlog

from discord_adapter.files.downloads import Download, DownloadError, NotDiscords, TooLargeError, download, open_session
from discord_adapter.files.imaging import ImageError, Picture, format_of, prepare
from discord_adapter.files.reports import Cut, Left, described, notice, size_words, unreadable, visible_name
from discord_adapter.files.text_files import framed, text_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from checkpoints.blobs import Blobs
    from discord_adapter.settings import AttachmentSettings
    from graph.attached import Attached

log = structlog.get_logger()

# Files that are fetched and read at once, over all turns; each may be held in memory whole.
_AT_ONCE = 4

# Images that are decoded at once: each may take some hundred megabytes for a moment.
_DECODERS = 2


@dataclass(frozen=True, slots=True)
class Read:
    """What became of the files of a turn.

    Attributes:
        blocks: For the model, in the files' order. An image is named in a text block and follows it as
            `{"type": "image", "blob": <sha256>, "mime_type", "width", "height", "name"}`; see `graph.images`.
        notices: For the user: nothing, or one line that says what was not read.
    """

    blocks: list[dict[str, Any]]
    notices: list[str]


@dataclass(frozen=True, slots=True)
class _Refused:
    """A file is not read, and why."""

    reason: str


class Attachments:
    """Reads attachments; used as an async context, which holds its connections and threads."""

    def __init__(self, blobs: Blobs, settings: AttachmentSettings) -> None:
        self._blobs = blobs
        self._settings = settings
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def __aenter__(self) -> Self:
        self._session = open_session(self._settings.fetch_timeout)
        # A pool and not a semaphore: a thread goes on when the turn that waits for it is cancelled.
        self._decoders = ThreadPoolExecutor(_DECODERS, thread_name_prefix="attachment")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._decoders.shutdown(wait=False, cancel_futures=True)
        await self._session.close()

    async def read(self, attached: Sequence[Attached]) -> Read:
        """What the model is shown of these files, images stored as blobs; what is not read is said to both."""
        refusals = self._refusals(attached)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._found(file, refused)) for file, refused in zip(attached, refusals, strict=True)
            ]
        telling = _Telling(self._settings.max_text_characters)
        for file, task in zip(attached, tasks, strict=True):
            found = task.result()
            if isinstance(found, Picture):
                # Here and not in the tasks: what the database raises comes out as it is.
                telling.picture(file, found, await self._blobs.put(found.content, found.mime_type))
            elif isinstance(found, str):
                telling.text(file, found)
            else:
                telling.refused(file, found)
        return telling.read()

    def _refusals(self, attached: Sequence[Attached]) -> list[_Refused | None]:
        """What is refused before anything is fetched, by what is declared."""
        bounds = self._settings
        refusals: list[_Refused | None] = []
        total = 0
        for index, file in enumerate(attached):
            refused = None
            if index >= bounds.max_count:
                refused = _Refused(f"more than {bounds.max_count} files at once")
            elif file.size > bounds.max_bytes:
                refused = self._too_large
            elif total + file.size > bounds.max_total_bytes:
                refused = _Refused(f"together more than {size_words(bounds.max_total_bytes)}")
            else:
                total += file.size
            refusals.append(refused)
        return refusals

    @property
    def _too_large(self) -> _Refused:
        return _Refused(f"larger than {size_words(self._settings.max_bytes)}")

    async def _found(self, file: Attached, refused: _Refused | None) -> Picture | str | _Refused:
        """The image or the text that a file is."""
        if refused is None:
            async with self._places:
                try:
                    loaded = await download(self._session, file.url, limit=self._settings.max_bytes)
                    return await asyncio.get_running_loop().run_in_executor(
                        self._decoders, self._looked_at, file, loaded
                    )
                except TooLargeError:
                    refused = self._too_large
                except NotDiscords:
                    refused = _Refused("not a file of Discord's")
                except DownloadError as error:
                    log.warning("attachment_not_downloaded", size=file.size, error=str(error))
                    return _Refused("could not be downloaded")
                except ImageError as error:
                    refused = _Refused(str(error))
        log.info("attachment_not_read", size=file.size, content_type=file.content_type, reason=refused.reason)
        return refused

    def _looked_at(self, file: Attached, loaded: Download) -> Picture | str:
        """The image or the text that content is, by the content alone.

        Raises:
            ImageError: It is neither, or an image that cannot be read.
        """
        if format_of(loaded.content):
            return prepare(
                loaded.content, max_pixels=self._settings.max_pixels, longest_side=self._settings.longest_side
            )
        declared = re.search(r"charset=\"?([\w.:-]+)", file.content_type or "")
        text = text_of(loaded.content, declared[1] if declared else loaded.charset)
        if text is None:
            raise ImageError("neither text nor an image of a kind that can be read")
        if not text.strip():
            raise ImageError("empty")
        return text


class _Telling:
    """Puts together what model and user are told, one file after the other."""

    def __init__(self, text_characters: int) -> None:
        self._room = text_characters
        self._blocks: list[dict[str, Any]] = []
        self._left: list[Left] = []
        self._cut: Cut | None = None

    def picture(self, file: Attached, picture: Picture, blob: str) -> None:
        """An image that is shown."""
        details = f"{picture.width} by {picture.height} pixels"
        if picture.first_frame:
            details += ", only the first frame of an animation"
        self._say(f"[{described('Image', file, details)}]")
        self._blocks.append(
            {
                "type": "image",
                "blob": blob,
                "mime_type": picture.mime_type,
                "width": picture.width,
                "height": picture.height,
                "name": visible_name(file),
            }
        )

    def text(self, file: Attached, text: str) -> None:
        """A text that is shown as far as there is room for it."""
        if not self._room:
            self.refused(file, _Refused("no room is left for more text"))
            return
        read = text[: self._room]
        self._room -= len(read)
        details = f"{len(text):,} characters"
        if len(read) < len(text):
            details = f"the first {len(read):,} of {details}"
            self._cut = Cut(file, len(read), len(text))
        self._say(framed(described("File", file, details), read))

    def refused(self, file: Attached, refused: _Refused) -> None:
        """A file that is not shown."""
        left = Left(file, refused.reason)
        self._left.append(left)
        self._say(unreadable(left))

    def read(self) -> Read:
        """All of it."""
        line = notice(self._left, self._cut)
        return Read(self._blocks, [line] if line else [])

    def _say(self, text: str) -> None:
        self._blocks.append({"type": "text", "text": text})
