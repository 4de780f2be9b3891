"""Parts that only some channels and messages have: threads, forums, webhooks, stickers, references and snapshots."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import datetime as dt

    from playground.values import Attachment, User

REPLY_TO, FORWARD = 0, 1  # docs resources/message#message-reference-types
# docs resources/channel#thread-metadata-object, auto_archive_duration, in minutes.
ARCHIVE_DURATIONS = (60, 1440, 4320, 10080)
# What a new thread has when nobody says otherwise (assumed: the clients' three days).
DEFAULT_ARCHIVE_DURATION = 4320


@dataclass(frozen=True, slots=True)
class Tag:
    """A word for the posts of a forum (docs resources/channel#forum-tag-object).

    Attributes:
        moderated: Whether only who has MANAGE_THREADS may put it on a post or take it off.
        emoji: A Unicode emoji shown with it.
    """

    id: int
    name: str
    moderated: bool = False
    emoji: str | None = None


@dataclass(slots=True, eq=False)
class Forum:
    """What a forum has beside a channel's things (docs topics/threads#forum-and-media-channel-fields).

    Attributes:
        tag_required: Whether every post needs a tag.
        post_slowmode: Seconds between the messages of somebody in a post; copied onto each new one.
    """

    tags: list[Tag] = field(default_factory=list[Tag])
    tag_required: bool = False
    post_slowmode: int = 0


@dataclass(slots=True, eq=False)
class Thread:
    """What a thread has beside a channel's things (docs resources/channel#thread-metadata-object).

    Attributes:
        owner_id: Who made it.
        changed_at: When it was made, archived or unarchived (Discord's `archive_timestamp`).
        archive_after: Minutes without activity after which it is hidden; nothing here does so by itself.
        invitable: Whether members of a private thread may add others.
        members: When each member joined, by user id.
        tag_ids: The tags of a forum's post.
        pinned: Whether a forum shows it first.
    """

    owner_id: int
    created_at: dt.datetime
    changed_at: dt.datetime
    archive_after: int = DEFAULT_ARCHIVE_DURATION
    archived: bool = False
    locked: bool = False
    invitable: bool = True
    members: dict[int, dt.datetime] = field(default_factory=dict[int, Any])
    tag_ids: list[int] = field(default_factory=list[int])
    pinned: bool = False


@dataclass(slots=True, eq=False)
class Webhook:
    """A way into a channel for who knows its token (docs resources/webhook#webhook-object).

    Attributes:
        application_id: The application that made it; None where a person did.
    """

    id: int
    token: str
    name: str
    channel_id: int
    guild_id: int
    creator: User
    application_id: int | None = None


@dataclass(frozen=True, slots=True)
class Sticker:
    """A picture of a guild that can be sent as a message (docs resources/sticker#sticker-object); always a PNG."""

    id: int
    name: str
    guild_id: int


@dataclass(frozen=True, slots=True)
class Reference:
    """What a reply, a forward or a message of the system points at; the message may be gone.

    Attributes:
        message_id: The message; None where it points at a thread as a whole.
        kind: Discord's type of reference.
    """

    message_id: int | None
    channel_id: int
    guild_id: int | None
    kind: int = REPLY_TO


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a forwarded message said at that moment (docs resources/message#message-snapshot-object).

    Attributes:
        message: The fields that Discord keeps, as they go over the wire.
        attachments: The files among them, so that they can be downloaded.
    """

    message: dict[str, Any]
    attachments: tuple[Attachment, ...]
