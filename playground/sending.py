"""How a message is sent, by people and the bot under the same rules."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING

from playground import embeds, polls, thread_state
from playground import message_payloads as shapes
from playground.access import may, require, require_active, require_patience, require_unlocked
from playground.component_checks import check_components, check_fields
from playground.components import completed, text_of
from playground.errors import DiscordError, invalid_form
from playground.forwards import forwarded
from playground.kinds import HAS_SNAPSHOT, SYSTEM_TYPES
from playground.mentions import Audience, Mentions, find_mentions, wrongly_allowed
from playground.parts import Reference
from playground.permissions import Permission, to_talk
from playground.uploads import attachment, check_uploads, limit_of
from playground.values import DEFAULT, REPLY, Channel, Event, Json, Message, User, Version

if TYPE_CHECKING:
    from playground.drafts import Draft
    from playground.parts import Sticker
    from playground.world import World

# "up to 2000 characters" (docs resources/message#create-message); counted in code points (assumed).
MAX_CONTENT = 2000
# "up to 25 characters" (docs resources/message#create-message, nonce).
MAX_NONCE = 25
# docs resources/message#create-message, sticker_ids.
MAX_STICKERS = 3
# "in the past few minutes" (docs resources/message#create-message, enforce_nonce); five of them assumed.
NONCE_SECONDS = 300


def send(world: World, channel: Channel, author: User, draft: Draft) -> Message:
    """Send a message, or give back the one that an enforced nonce has made already."""
    check_parts(world, author, draft)
    _check_rights(world, channel, author, draft)
    known = _same_nonce(world, channel, author, draft)
    return put(world, channel, author, draft) if known is None else known


def put(world: World, channel: Channel, author: User, draft: Draft) -> Message:
    """Put a message into a channel that has been checked, and tell of it."""
    message = _made(world, channel, author, draft)
    _enter_thread(world, channel, message)
    world.keep(message)
    world.publish(created(world, message))
    return message


def check_parts(world: World, author: User, draft: Draft) -> None:
    """Refuse what no place takes: too much, too long, or nothing at all."""
    check_content(draft.content)
    check_nonce(draft.nonce)
    check_uploads(draft.uploads, limit_of(world, author))
    embeds.check(draft.embeds)
    check_fields(draft.flags, draft.content, draft.embeds, draft.poll)
    check_components(draft.flags, draft.components, [upload.filename for upload in draft.uploads])
    if draft.is_forward and not draft.empty:
        # Nothing of its own stands beside a forward's snapshot (assumed; clients send a second message for it).
        raise invalid_form("message_reference", "MESSAGE_REFERENCE_FORWARD_NOT_EMPTY", "A forward has no content.")
    if draft.empty and not draft.is_forward:
        raise DiscordError(50006)


def _enter_thread(world: World, channel: Channel, message: Message) -> None:
    """Bring a thread back and let in who speaks and who is notified by name, if they can see its channel.

    That a mention lets somebody in is the clients' behaviour, of which the documentation tells for roles only
    (message flag FAILED_TO_MENTION_SOME_ROLES_IN_THREAD); that it comes before the message is assumed.
    """
    if channel.thread is None or message.ephemeral:
        return
    guild, parent = world.guilds[channel.guild_id or 0], world.channels[channel.parent_id or 0]
    named = [user for user in message.mentions if user.id in message.pinged]
    can_see = [user for user in named if may(world, parent, user, Permission.VIEW_CHANNEL)]
    thread_state.enter(world, channel, [user for user in (message.author, *can_see) if user.id in guild.members])


def created(world: World, message: Message) -> Event:
    """Shape MESSAGE_CREATE."""
    shape = shapes.in_place(world, message, shapes.message(world, message, nonce=True))
    return Event("MESSAGE_CREATE", shape, message.told_in, message.channel_id)


def check_content(content: str) -> None:
    """Refuse a text that is too long (docs resources/message#create-message; wording as Discord's own)."""
    if len(content) > MAX_CONTENT:
        text = f"Must be {MAX_CONTENT} or fewer in length."
        raise invalid_form("content", "BASE_TYPE_MAX_LENGTH", text)


def check_nonce(nonce: str | int | None) -> None:
    """Refuse a nonce that is too long."""
    if isinstance(nonce, str) and len(nonce) > MAX_NONCE:
        raise invalid_form("nonce", "BASE_TYPE_MAX_LENGTH", f"Must be {MAX_NONCE} or fewer in length.")


def _check_rights(world: World, channel: Channel, author: User, draft: Draft) -> None:
    """Refuse a sender who may not (docs resources/message#create-message, limitations)."""
    if channel.forum is not None:
        raise DiscordError(40058)
    if draft.application_id is not None:
        # Seen with 50083 too (github.com/discord/discord-api-docs/issues/5517).
        require_active(world, channel, author)
    elif draft.webhook is None:
        check_sender(world, channel, author, draft)
        require_patience(world, channel, author)


def check_sender(world: World, channel: Channel, author: User, draft: Draft) -> None:
    """Refuse who may not talk in a channel, or not send all parts of a message there."""
    require(world, channel, author, to_talk(channel))
    require_unlocked(world, channel, author)
    needed = {
        Permission.ATTACH_FILES: draft.uploads,
        # Without it Discord refuses a bot's embeds (assumed: 50013, as bots' users report).
        Permission.EMBED_LINKS: draft.embeds,
        Permission.SEND_POLLS: draft.poll if channel.guild_id is not None else None,
    }
    require(world, channel, author, *(right for right, part in needed.items() if part))
    replies = draft.reference is not None and not draft.is_forward
    if replies and not may(world, channel, author, Permission.READ_MESSAGE_HISTORY):
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
    target, reference, snapshot = None, None, None
    if draft.is_forward and draft.reference is not None:
        reference, snapshot = forwarded(world, author, draft.reference)
    else:
        target, reference = _resolve(world, channel, draft.reference)
    # Discord trims a text on both sides (seen in every client; not in the documentation).
    content = draft.content.strip()
    message = Message(
        id=draft.message_id or world.snowflakes.next(),
        channel_id=channel.id,
        guild_id=channel.guild_id,
        author=author,
        content=content,
        at=world.clock.now(),
        type=REPLY if target is not None and draft.message_type == DEFAULT else draft.message_type,
        flags=draft.flags | (HAS_SNAPSHOT if snapshot is not None else 0),
        nonce=draft.nonce,
        reference=reference,
        poll=None if draft.poll is None else polls.made(world.clock.now(), draft.poll),
        history=[Version(content, time.monotonic())],
        invocation=draft.invocation,
        application_id=draft.application_id,
        visible_to=draft.visible_to,
        webhook_id=None if draft.webhook is None else draft.webhook.id,
        snapshot=snapshot,
        stickers=_stickers(world, channel, draft.sticker_ids),
    )
    ephemeral = draft.visible_to is not None
    message.attachments = [attachment(world, channel.id, one, ephemeral=ephemeral) for one in draft.uploads]
    message.embeds = embeds.made(draft.embeds, message.attachments)
    message.components = completed(draft.components, message.attachments, world.snowflakes.next)
    apply_mentions(message, mentions_of(world, message, draft.allowed_mentions, target and target.author))
    return message


def _stickers(world: World, channel: Channel, ids: tuple[int, ...]) -> list[Sticker]:
    """Find the stickers of the server (docs resources/message#create-message, sticker_ids: up to 3)."""
    guild = world.guild_of(channel)
    known = {} if guild is None else guild.stickers
    if len(ids) > MAX_STICKERS or any(one not in known for one in ids):
        raise DiscordError(50081)
    return [known[one] for one in ids]


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
    if target is not None and target.type in SYSTEM_TYPES:
        text = "Cannot reply to a system message"
        raise invalid_form("message_reference", "REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE", text)
    if target is not None:
        return target, Reference(target.id, channel.id, channel.guild_id)
    if wanted.get("fail_if_not_exists", True) is False:
        return None, None
    raise invalid_form("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")


def mentions_of(world: World, message: Message, allowed: Json | None, replied_to: User | None) -> Mentions:
    """Work out whom a message mentions.

    Args:
        world: Where the message is.
        message: The message, with the content in question.
        allowed: The `allowed_mentions` of the request; without it everything is parsed, but only users in answers
            to interactions and in messages of webhooks (docs resources/message#allowed-mentions-object, defaults).
        replied_to: The author of the message replied to.
    """
    if allowed is None and (message.application_id or message.webhook_id) is not None:
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
