"""How a message is sent, by people and the bot under the same rules."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from playground import message_payloads as shapes
from playground.component_checks import check_components, check_fields
from playground.components import completed, text_of
from playground.errors import DiscordError, invalid_form
from playground.mentions import Audience, Mentions, find_mentions, wrongly_allowed
from playground.permissions import Permission
from playground.values import (
    DEFAULT,
    LOADING,
    REPLY,
    Attachment,
    Channel,
    Event,
    Invocation,
    Json,
    Message,
    Reference,
    User,
    Version,
)

if TYPE_CHECKING:
    from playground.world import World

# "up to 2000 characters" (docs resources/message#create-message); counted in code points (assumed).
MAX_CONTENT = 2000
# "The default limit is 10 MiB" a file (docs reference#uploading-files); ten files (OpenAPI: MessageCreateRequest).
MAX_FILE = 10 * 1024 * 1024
MAX_FILES = 10
# "up to 25 characters" (docs resources/message#create-message, nonce).
MAX_NONCE = 25
# "in the past few minutes" (docs resources/message#create-message, enforce_nonce); five of them assumed.
NONCE_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to hang on a message."""

    filename: str
    content: bytes
    content_type: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to send.

    Attributes:
        allowed_mentions: Discord's object of that name; None where it was not given.
        reference: The `message_reference` object of the request.
        message_type: Discord's type; a reply becomes 19 by itself.
        visible_to: The only user who is to see it, or None.
    """

    content: str = ""
    allowed_mentions: Json | None = None
    reference: Json | None = None
    uploads: tuple[Upload, ...] = ()
    nonce: str | int | None = None
    enforce_nonce: bool = False
    flags: int = 0
    embeds: list[Json] = field(default_factory=list[Json])
    components: list[Json] = field(default_factory=list[Json])
    poll: Json | None = None
    message_type: int = DEFAULT
    invocation: Invocation | None = None
    application_id: int | None = None
    visible_to: int | None = None

    @property
    def empty(self) -> bool:
        """Whether it has none of what a message needs one of (docs resources/message#create-message)."""
        parts = (self.content.strip(), self.uploads, self.embeds, self.components, self.poll)
        return not any(parts) and not self.flags & LOADING


def require(world: World, channel: Channel, user: User, *needed: Permission) -> None:
    """Refuse what a user may not do: 50001 without a view of the channel, else 50013."""
    bits = world.permissions(channel, user)
    if not bits & Permission.VIEW_CHANNEL:
        raise DiscordError(50001)
    if any(not bits & permission for permission in needed):
        raise DiscordError(50013)


def send(world: World, channel: Channel, author: User, draft: Draft) -> Message:
    """Send a message, or give back the one that an enforced nonce has made already."""
    check_content(draft.content)
    check_nonce(draft.nonce)
    if draft.application_id is None:
        _check_rights(world, channel, author, draft)
    check_uploads(draft.uploads)
    check_fields(draft.flags, draft.content, draft.embeds, draft.poll)
    check_components(draft.flags, draft.components, [upload.filename for upload in draft.uploads])
    if draft.empty:
        raise DiscordError(50006)
    known = _same_nonce(world, channel, author, draft)
    if known is not None:
        return known
    message = _made(world, channel, author, draft)
    world.keep(message)
    world.publish(created(world, message))
    return message


def created(world: World, message: Message) -> Event:
    """Shape MESSAGE_CREATE."""
    shape = shapes.in_place(world, message, shapes.message(world, message, nonce=True))
    return Event("MESSAGE_CREATE", shape, message.told_in, message.channel_id)


def check_content(content: str) -> None:
    """Refuse a text that is too long (docs resources/message#create-message; wording as Discord's own)."""
    if len(content) > MAX_CONTENT:
        text = f"Must be {MAX_CONTENT} or fewer in length."
        raise invalid_form("content", "BASE_TYPE_MAX_LENGTH", text)


def check_uploads(uploads: tuple[Upload, ...]) -> None:
    """Refuse files that are too many or too large (docs reference#uploading-files)."""
    if len(uploads) > MAX_FILES:
        raise invalid_form("attachments", "BASE_TYPE_MAX_LENGTH", f"Must be {MAX_FILES} or fewer in length.")
    if any(len(upload.content) > MAX_FILE for upload in uploads):
        raise DiscordError(40005)


def check_nonce(nonce: str | int | None) -> None:
    """Refuse a nonce that is too long."""
    if isinstance(nonce, str) and len(nonce) > MAX_NONCE:
        raise invalid_form("nonce", "BASE_TYPE_MAX_LENGTH", f"Must be {MAX_NONCE} or fewer in length.")


def _check_rights(world: World, channel: Channel, author: User, draft: Draft) -> None:
    """Refuse a sender who may not (docs resources/message#create-message, limitations)."""
    require(world, channel, author, Permission.SEND_MESSAGES)
    if draft.uploads:
        require(world, channel, author, Permission.ATTACH_FILES)
    if draft.reference is not None and not world.permissions(channel, author) & Permission.READ_MESSAGE_HISTORY:
        raise DiscordError(160002)
    others = [world.users[user_id] for user_id in channel.recipient_ids if user_id != author.id]
    if any(other.id in world.closed_dms or (other.bot and author.bot) for other in others):
        raise DiscordError(50007)


def _same_nonce(world: World, channel: Channel, author: User, draft: Draft) -> Message | None:
    """Find the message of a nonce that must be unique; one deleted meanwhile does not count (assumed)."""
    if draft.nonce is None or not draft.enforce_nonce:
        return None
    oldest = world.clock.now() - dt.timedelta(seconds=NONCE_SECONDS)
    return next(
        (
            one
            for one in reversed(world.messages(channel))
            if one.author.id == author.id and str(one.nonce) == str(draft.nonce) and one.at > oldest
        ),
        None,
    )


def _made(world: World, channel: Channel, author: User, draft: Draft) -> Message:
    target, reference = _resolve(world, channel, draft.reference)
    replied_to = None if target is None else target.author
    # Discord trims a text on both sides (seen in every client; not in the documentation).
    content = draft.content.strip()
    message = Message(
        id=world.snowflakes.next(),
        channel_id=channel.id,
        guild_id=channel.guild_id,
        author=author,
        content=content,
        at=world.clock.now(),
        type=REPLY if reference is not None and draft.message_type == DEFAULT else draft.message_type,
        flags=draft.flags,
        nonce=draft.nonce,
        reference=reference,
        embeds=draft.embeds,
        poll=draft.poll,
        history=[Version(content, time.monotonic())],
        invocation=draft.invocation,
        application_id=draft.application_id,
        visible_to=draft.visible_to,
    )
    message.attachments = [attached(world, channel, upload) for upload in draft.uploads]
    message.components = completed(draft.components, message.attachments, world.snowflakes.next)
    apply_mentions(message, mentions_of(world, message, draft.allowed_mentions, replied_to))
    return message


def _resolve(world: World, channel: Channel, wanted: Json | None) -> tuple[Message | None, Reference | None]:
    """Find what a reply points at (docs resources/message#message-reference-structure).

    An unknown message is refused, or the reply becomes a plain message when `fail_if_not_exists` is false.
    The words of the field errors are those discord.py's users quote from Discord (assumed).
    """
    if wanted is None or wanted.get("message_id") is None:
        return None, None
    other_channel = wanted.get("channel_id")
    if other_channel is not None and int(other_channel) != channel.id:
        text = "Cannot reply to a message in a different channel"
        raise invalid_form("message_reference", "REPLIES_CANNOT_REFERENCE_OTHER_CHANNEL", text)
    target = world.find_message(int(wanted["message_id"]), channel)
    if target is not None:
        return target, Reference(target.id, channel.id, channel.guild_id)
    if wanted.get("fail_if_not_exists", True) is False:
        return None, None
    raise invalid_form("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")


def attached(world: World, channel: Channel, upload: Upload) -> Attachment:
    """Keep a file, downloadable under the CDN's address (docs reference#cdn-formatting)."""
    file_id = world.snowflakes.next()
    url = f"{world.cdn_base}/attachments/{channel.id}/{file_id}/{quote(upload.filename)}"
    return Attachment(file_id, upload.filename, upload.content, upload.content_type, url, upload.description)


def mentions_of(world: World, message: Message, allowed: Json | None, replied_to: User | None) -> Mentions:
    """Work out whom a message mentions.

    Args:
        world: Where the message is.
        message: The message, with the content in question.
        allowed: The `allowed_mentions` of the request; without it everything is parsed, but only users in answers
            to interactions (docs resources/message#allowed-mentions-object, default settings).
        replied_to: The author of the message replied to.
    """
    if allowed is None and message.application_id is not None:
        allowed = {"parse": ["users"]}
    wrong = wrongly_allowed(allowed)
    if wrong is not None:
        text = f"parse:['{wrong}'] and {wrong}: [ids...] are mutually exclusive."
        raise invalid_form("allowed_mentions", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", text)
    channel = world.channels[message.channel_id]
    bits = world.permissions(channel, message.author)
    audience = Audience(world.guild_of(channel), world.people_in(channel), bits)
    said = message.content or text_of(message.components)
    return find_mentions(said, audience, allowed, replied_to)


def apply_mentions(message: Message, found: Mentions) -> None:
    """Write what was found onto the message.

    An edit rebuilds what the message mentions (docs resources/message#edit-message). That it notifies too is
    stricter than Discord, where clients notify of no edit (assumed): who forgets allowed_mentions in an edit is seen.
    """
    message.mentions, message.mention_roles = found.users, found.role_ids
    message.mention_everyone = found.everyone
    message.pinged |= found.pinged
    message.pinged_everyone |= found.everyone
