"""Files on their way onto a message: their limits, their types and what is known of pictures."""

from __future__ import annotations

import io
import mimetypes
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from PIL import Image, UnidentifiedImageError

from playground.errors import DiscordError, invalid_form
from playground.kinds import IS_SPOILER
from playground.values import Attachment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from playground.values import Json, JsonValue, User
    from playground.world import World

# "The default limit is 10 MiB" a file "but may be higher for users" (docs reference#uploading-files), whose own limits
# are in `World.file_limits`; ten files (OpenAPI: MessageCreateRequest).
MAX_FILE = 10 * 1024 * 1024
MAX_FILES = 10
# docs resources/message#attachment-object
MAX_DESCRIPTION = 1024

# What libraries send when they do not know better; Discord then goes by the name (seen: discord.py always sends it).
_UNKNOWN = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to hang on a message.

    Attributes:
        description: Alternative text for who does not see the picture.
        spoiler: Whether it is blurred until clicked.
        index: The number of its part (`files[n]`), by which the request speaks of it.
    """

    filename: str
    content: bytes
    content_type: str | None = None
    description: str | None = None
    spoiler: bool = False
    index: str = ""


def limit_of(world: World, user: User) -> int:
    """Give how large a file of somebody may be, in bytes."""
    return world.file_limits.get(user.id, MAX_FILE)


def check_uploads(uploads: tuple[Upload, ...], limit: int) -> None:
    """Refuse files that are too many or too large (docs reference#uploading-files).

    Args:
        uploads: The files.
        limit: How large each may be, in bytes.
    """
    if len(uploads) > MAX_FILES:
        raise invalid_form("attachments", "BASE_TYPE_MAX_LENGTH", f"Must be {MAX_FILES} or fewer in length.")
    if any(len(upload.content) > limit for upload in uploads):
        raise DiscordError(40005)
    for number, upload in enumerate(uploads):
        check_description(upload.description, f"attachments.{number}.description")


def check_description(text: str | None, path: str) -> None:
    """Refuse an alternative text that is too long."""
    if text is not None and len(text) > MAX_DESCRIPTION:
        raise invalid_form(path, "BASE_TYPE_MAX_LENGTH", f"Must be {MAX_DESCRIPTION} or fewer in length.")


def attachment(world: World, channel_id: int, upload: Upload, *, ephemeral: bool = False) -> Attachment:
    """Keep a file, downloadable under the CDN's address (docs reference#cdn-formatting), which is not signed here."""
    file_id = world.snowflakes.next()
    url = f"{world.cdn_base}/attachments/{channel_id}/{file_id}/{quote(upload.filename)}"
    # The older way to say so, which discord.py's File still goes.
    spoiler = upload.spoiler or upload.filename.startswith("SPOILER_")
    return Attachment(
        file_id,
        upload.filename,
        upload.content,
        _content_type(upload),
        url,
        upload.description,
        size=_picture_size(upload.content),
        flags=IS_SPOILER if spoiler else 0,
        ephemeral=ephemeral,
    )


def _content_type(upload: Upload) -> str | None:
    """Give the type a file came with, else the one its name promises; a text then names UTF-8 (seen of Discord)."""
    if upload.content_type not in (None, "", _UNKNOWN):
        return upload.content_type
    guessed, encoding = mimetypes.guess_type(upload.filename)
    if guessed is None or encoding is not None:
        return upload.content_type
    return f"{guessed}; charset=utf-8" if guessed.startswith("text/") else guessed


def _picture_size(content: bytes) -> tuple[int, int] | None:
    """Read width and height of a picture; None for what is no picture."""
    try:
        with Image.open(io.BytesIO(content)) as picture:
            return picture.size
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        return None


def kept(attachments: list[Attachment], listed: Iterable[JsonValue] | None) -> list[Attachment]:
    """Keep the files that an edit lists, with the words it changes (docs reference#editing-message-attachments).

    Args:
        attachments: The message's files.
        listed: The request's `attachments`; None leaves all as they are.
    """
    if listed is None:
        return attachments
    wanted: dict[str, Json] = {str(one["id"]): one for one in listed}
    return [_changed(one, wanted[str(one.id)]) for one in attachments if str(one.id) in wanted]


def _changed(attachment: Attachment, wanted: Json) -> Attachment:
    description = wanted.get("description", attachment.description)
    check_description(description, "attachments")
    flags = attachment.flags
    if wanted.get("is_spoiler") is not None:
        flags = flags | IS_SPOILER if wanted["is_spoiler"] else flags & ~IS_SPOILER
    return replace(attachment, description=description, flags=flags)


def added(uploads: tuple[Upload, ...], listed: Iterable[JsonValue] | None) -> list[Upload]:
    """Give the files that an edit adds: "only files listed in the attachments parameter will be appended"."""
    if listed is None:
        return list(uploads)
    indexes = {str(one["id"]) for one in listed}
    return [one for one in uploads if not one.index or one.index in indexes]
