"""What happens to a message that stands: edits, deletion and reactions."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from playground import embeds, payloads, uploads
from playground import message_payloads as shapes
from playground.access import require, require_active, require_deletable, require_unarchived
from playground.component_checks import check_components, check_fields
from playground.components import completed
from playground.errors import DiscordError
from playground.kinds import NOT_DELETABLE
from playground.permissions import Permission
from playground.sending import apply_mentions, check_content, mentions_of
from playground.values import IS_COMPONENTS_V2, LOADING, SUPPRESS_EMBEDS, Event, Reaction, Version

if TYPE_CHECKING:
    from playground.uploads import Upload
    from playground.values import Attachment, Json, Message, User
    from playground.world import World

# JSON error code 30010 names the figure.
MAX_REACTIONS = 20


def edit(world: World, message: Message, changes: Json, files: tuple[Upload, ...] = ()) -> None:
    """Change what a message says (docs resources/message#edit-message); what is not named stays.

    Args:
        world: Where the message is.
        message: The message.
        changes: The fields of Discord's request body.
        files: Files to add.
    """
    channel = world.channels[message.channel_id]
    require_active(world, channel, message.author)
    if files and message.webhook_id is None and message.application_id is None:
        # The documentation of the edit names no permission; that of the right, what it is for (assumed to hold here).
        require(world, channel, message.author, Permission.ATTACH_FILES)
    content = message.content if "content" not in changes else (changes["content"] or "").strip()
    check_content(content)
    embedded: list[Json] = changes["embeds"] or [] if "embeds" in changes else message.embeds
    components: list[Json] = changes["components"] or [] if "components" in changes else message.components
    flags = _flags(message, changes)
    check_fields(flags, content, embedded, message.poll)
    embeds.check(embedded)
    attachments = _attachments(world, message, changes, files)
    if "components" in changes:
        check_components(flags, components, [one.filename for one in attachments])
    if not (content or attachments or embedded or components or message.poll or message.stickers or message.snapshot):
        raise DiscordError(50006)
    message.content = content
    message.attachments = attachments
    if "components" in changes:
        components = completed(components, message.attachments, world.snowflakes.next)
    message.embeds = embeds.made(embedded, attachments)
    message.components, message.flags = components, flags & ~LOADING
    if "content" in changes or (flags & IS_COMPONENTS_V2 and "components" in changes):
        allowed: Json | None = changes.get("allowed_mentions")
        apply_mentions(message, mentions_of(world, message, allowed, _replied_to(world, message)))
    if "content" in changes:
        message.history.append(Version(content, time.monotonic()))
    message.edited_at = world.clock.now()
    tell_update(world, message)


def _flags(message: Message, changes: Json) -> int:
    """Give the flags after an edit: two can be set, and the second not taken off (docs: edit-message, flags)."""
    if changes.get("flags") is None:
        return message.flags
    wanted = int(changes["flags"])
    return message.flags & ~SUPPRESS_EMBEDS | wanted & (SUPPRESS_EMBEDS | IS_COMPONENTS_V2)


def _attachments(world: World, message: Message, changes: Json, files: tuple[Upload, ...]) -> list[Attachment]:
    """Work out the files of an edited message: those kept, then those added (docs: edit-message, attachments)."""
    listed = changes.get("attachments")
    kept, added = uploads.kept(message.attachments, listed), uploads.added(files, listed)
    uploads.check_uploads(tuple(added), uploads.limit_of(world, message.author))
    if len(kept) + len(added) > uploads.MAX_FILES:
        raise DiscordError(30015)
    make = uploads.attachment
    return kept + [make(world, message.channel_id, one, ephemeral=message.ephemeral) for one in added]


def tell_update(world: World, message: Message) -> None:
    """Send MESSAGE_UPDATE, which carries the whole message (docs events/gateway-events#message-update)."""
    shape = shapes.in_place(world, message, shapes.message(world, message))
    world.publish(Event("MESSAGE_UPDATE", shape, message.told_in, message.channel_id))


def check_deletable(world: World, message: Message, user: User) -> None:
    """Refuse who may not delete a message, and everybody what cannot be deleted.

    Another's takes MANAGE_MESSAGES and is not possible in a direct message (docs resources/message#delete-message).
    """
    channel = world.channels[message.channel_id]
    if message.type in NOT_DELETABLE:
        raise DiscordError(50021)
    if message.author.id != user.id:
        if channel.is_dm:
            raise DiscordError(50003)
        require(world, channel, user, Permission.MANAGE_MESSAGES)
    require_deletable(world, channel, user)


def delete_many(world: World, messages: list[Message]) -> None:
    """Take several messages of one channel away (docs events/gateway-events#message-delete-bulk)."""
    for message in messages:
        message.deleted = True
    if messages:
        data = place(messages[0]) | {"ids": [str(one.id) for one in messages]}
        world.publish(Event("MESSAGE_DELETE_BULK", data, messages[0].guild_id, messages[0].channel_id))


def delete(world: World, message: Message) -> None:
    """Take a message away (docs events/gateway-events#message-delete)."""
    message.deleted = True
    data = place(message) | {"id": str(message.id)}
    world.publish(Event("MESSAGE_DELETE", data, message.told_in, message.channel_id))


def place(message: Message) -> Json:
    """Name the channel and guild of a message, as its events do."""
    shape: Json = {"channel_id": str(message.channel_id)}
    return shape if message.told_in is None else shape | {"guild_id": str(message.told_in)}


def _replied_to(world: World, message: Message) -> User | None:
    """Give the author a reply notified, so that an edit does not lose the mention."""
    reference = message.reference
    if reference is None or reference.message_id is None or message.snapshot is not None:
        return None
    target = world.find_message(reference.message_id)
    return None if target is None else target.author


def add_reaction(world: World, message: Message, user: User, emoji: str, *, burst: bool = False) -> None:
    """Put somebody's reaction on a message; a second time changes nothing (docs resources/message#create-reaction)."""
    channel = world.channels[message.channel_id]
    require(world, channel, user, Permission.READ_MESSAGE_HISTORY)
    require_unarchived(channel)
    check_emoji(emoji)
    reaction = message.reactions.get(emoji)
    if reaction is None:
        require(world, channel, user, Permission.ADD_REACTIONS)
        if len(message.reactions) >= MAX_REACTIONS:
            raise DiscordError(30010)
        reaction = message.reactions[emoji] = Reaction(emoji, [])
    if user.id in reaction.user_ids:
        return
    reaction.user_ids.append(user.id)
    if burst:
        reaction.burst_ids.add(user.id)
    added: Json = {
        "user_id": str(user.id),
        "emoji": payloads.emoji(emoji),
        "message_author_id": str(message.author.id),
        "burst": burst,
        "burst_colors": [],
        "type": int(burst),
    }
    if message.guild_id is not None:
        added["member"] = payloads.member(world.guilds[message.guild_id].members[user.id])
    _tell_reaction(world, "MESSAGE_REACTION_ADD", message, added)


def remove_reaction(world: World, message: Message, user: User, emoji: str) -> None:
    """Take somebody's reaction off a message; one that is not there changes nothing (assumed)."""
    require_unarchived(world.channels[message.channel_id])
    check_emoji(emoji)
    reaction = message.reactions.get(emoji)
    if reaction is None or user.id not in reaction.user_ids:
        return
    reaction.user_ids.remove(user.id)
    burst = user.id in reaction.burst_ids
    reaction.burst_ids.discard(user.id)
    if not reaction.user_ids:
        del message.reactions[emoji]
    removed: Json = {"user_id": str(user.id), "emoji": payloads.emoji(emoji), "burst": burst, "type": int(burst)}
    _tell_reaction(world, "MESSAGE_REACTION_REMOVE", message, removed)


def clear_reactions(world: World, message: Message, emoji: str | None = None) -> None:
    """Take all reactions off a message, or all of one emoji (docs gateway-events#message-reaction-remove-all)."""
    require_unarchived(world.channels[message.channel_id])
    if emoji is None:
        message.reactions.clear()
        _tell_reaction(world, "MESSAGE_REACTION_REMOVE_ALL", message, {})
        return
    check_emoji(emoji)
    message.reactions.pop(emoji, None)
    _tell_reaction(world, "MESSAGE_REACTION_REMOVE_EMOJI", message, {"emoji": payloads.emoji(emoji)})


def check_emoji(emoji: str) -> None:
    """Refuse what is no emoji with 10014 (docs resources/message#create-reaction).

    Discord knows the list of all emoji; here anything without letters that has a symbol in it passes (assumed
    near enough), and custom emoji (`name:id`) do not exist.
    """
    symbols = any(ord(char) > 0x2000 or char in "©®" for char in emoji)
    if not symbols or len(emoji) > 32 or any(char.isascii() and char.isalpha() for char in emoji):
        raise DiscordError(10014)


def _tell_reaction(world: World, name: str, message: Message, data: Json) -> None:
    shape = place(message) | {"message_id": str(message.id)} | data
    for_bot = not message.ephemeral
    world.publish(Event(name, shape, message.guild_id, message.channel_id, for_bot=for_bot))
