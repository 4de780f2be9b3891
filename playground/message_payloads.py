"""The wire shapes of messages and what hangs on them, as REST and gateway send them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playground import embeds, payloads
from playground.interaction_metadata import origin
from playground.kinds import HAS_THREAD, THREAD_STARTER
from playground.values import CONTEXT_MENU_COMMAND, REPLY

if TYPE_CHECKING:
    from playground.parts import Reference
    from playground.values import Attachment, Json, Message, Reaction
    from playground.world import World

# "only returned for messages with a type of" (docs resources/message#message-object, referenced_message).
_WITH_REFERENCED = (REPLY, THREAD_STARTER, CONTEXT_MENU_COMMAND)


def attachment(an_attachment: Attachment) -> Json:
    """Shape an attachment (OpenAPI MessageAttachmentResponse)."""
    shape: Json = {
        "id": str(an_attachment.id),
        "filename": an_attachment.filename,
        "size": len(an_attachment.content),
        "url": an_attachment.url,
        "proxy_url": an_attachment.url,
    }
    if an_attachment.content_type is not None:
        shape["content_type"] = an_attachment.content_type
    if an_attachment.description is not None:
        shape["description"] = an_attachment.description
    if an_attachment.size is not None:
        shape["width"], shape["height"] = an_attachment.size
    if an_attachment.ephemeral:
        shape["ephemeral"] = True
    return shape | {"flags": an_attachment.flags}


def message(world: World, a_message: Message, *, nonce: bool = False, nested: bool = False) -> Json:
    """Shape a message (OpenAPI MessageResponse).

    Args:
        world: Where the message is.
        a_message: The message.
        nonce: Whether to tell its nonce: the answer to the send and MESSAGE_CREATE do, a later read does not.
        nested: Whether it stands inside another message, where its own reference is not unfolded.
    """
    shown = embeds.shown(a_message.embeds)
    shape: Json = {
        "id": str(a_message.id),
        "channel_id": str(a_message.channel_id),
        "type": a_message.type,
        "content": a_message.content,
        "author": payloads.user(a_message.author),
        "timestamp": a_message.at.isoformat(),
        "edited_timestamp": a_message.edited_at.isoformat() if a_message.edited_at else None,
        "flags": a_message.flags,
        "mentions": [payloads.user(someone) for someone in a_message.mentions],
        "mention_roles": [str(role_id) for role_id in a_message.mention_roles],
        "mention_everyone": a_message.mention_everyone,
        "attachments": [attachment(one) for one in a_message.attachments if one.url not in shown],
        "embeds": a_message.embeds,
        "components": a_message.components,
        "pinned": a_message.pinned_at is not None,
        "tts": False,
    }
    if a_message.poll is not None:
        shape["poll"] = a_message.poll
    if nonce and a_message.nonce is not None:
        shape["nonce"] = a_message.nonce
    if a_message.reactions:
        shape["reactions"] = [_reaction(world, one) for one in a_message.reactions.values()]
    if a_message.stickers:
        items = [{"id": str(one.id), "name": one.name, "format_type": 1} for one in a_message.stickers]
        shape["sticker_items"] = items
    about = _origin(world, a_message) | _thread(world, a_message)
    return shape | about | _reference(world, a_message, nested=nested)


def _thread(world: World, a_message: Message) -> Json:
    """Tell of the thread that began with a message, and of the place of a message in its thread."""
    channel = world.channels.get(a_message.channel_id)
    shape: Json = {}
    begun = world.channels.get(a_message.id)
    if begun is not None and a_message.flags & HAS_THREAD:
        shape["thread"] = payloads.channel(world, begun)
    if channel is not None and channel.thread is not None:
        before = [one for one in world.messages(channel, deleted=True) if channel.id < one.id < a_message.id]
        shape["position"] = len(before)
    return shape


def _reaction(world: World, a_reaction: Reaction) -> Json:
    burst = len(a_reaction.burst_ids)
    return {
        "emoji": payloads.emoji(a_reaction.emoji),
        "count": a_reaction.count,
        "count_details": {"burst": burst, "normal": a_reaction.count - burst},
        "burst_colors": [],
        "me_burst": False,
        "me": world.bot.id in a_reaction.user_ids,
    }


def _origin(world: World, a_message: Message) -> Json:
    """Say which interaction a message answers or which webhook sent it (docs resources/message#message-object)."""
    shape: Json = {}
    if a_message.application_id is not None:
        # An interaction's messages come from the application's webhook, whose id is the application's.
        shape |= {"application_id": str(a_message.application_id), "webhook_id": str(a_message.application_id)}
    if a_message.webhook_id is not None:
        # The author "corresponds to the webhook's id, username, and avatar" (docs resources/message#message-object).
        author = payloads.user(a_message.author) | {"discriminator": "0000"}
        shape |= {"webhook_id": str(a_message.webhook_id), "author": author}
        webhook = world.webhooks.get(a_message.webhook_id)
        if webhook is not None and webhook.application_id is not None:
            shape["application_id"] = str(webhook.application_id)
    if a_message.invocation is not None:
        shape |= origin(a_message.invocation)
    return shape


def _reference(world: World, a_message: Message, *, nested: bool) -> Json:
    reference = a_message.reference
    if reference is None:
        return {}
    shape = _pointer(reference)
    if a_message.snapshot is not None:
        return {"message_reference": shape, "message_snapshots": [{"message": a_message.snapshot.message}]}
    if nested or a_message.type not in _WITH_REFERENCED:
        return {"message_reference": shape}
    target = None if reference.message_id is None else _target(world, reference)
    # A reply to what is gone carries null (docs resources/message#message-object, referenced_message).
    referenced: Any = message(world, target, nested=True) if target is not None else None
    return {"message_reference": shape, "referenced_message": referenced}


def _target(world: World, reference: Reference) -> Message | None:
    channel = world.channels.get(reference.channel_id)
    return None if channel is None else world.find_message(reference.message_id or 0, channel)


def _pointer(reference: Reference) -> Json:
    """Shape a reference (OpenAPI MessageReferenceResponse)."""
    shape: Json = {"type": reference.kind, "channel_id": str(reference.channel_id)}
    if reference.message_id is not None:
        shape["message_id"] = str(reference.message_id)
    if reference.guild_id is not None:
        shape["guild_id"] = str(reference.guild_id)
    return shape


def in_place(world: World, a_message: Message, shape: Json) -> Json:
    """Add what a message event has beside the message: guild and member (docs gateway-events#message-create)."""
    if a_message.guild_id is None:
        return shape | {"channel_type": 1}
    channel_type = world.channels[a_message.channel_id].type
    if a_message.ephemeral:
        return shape | {"channel_type": channel_type}
    added: Json = {"guild_id": str(a_message.guild_id), "channel_type": channel_type}
    members = world.guilds[a_message.guild_id].members
    someone = members.get(a_message.author.id)
    # What answers an interaction comes from a webhook, and that is no member.
    if someone is not None and a_message.application_id is None:
        added = added | {"member": payloads.member(someone, with_user=False)}
    mentions = [
        payloads.user(one)
        | ({"member": payloads.member(members[one.id], with_user=False)} if one.id in members else {})
        for one in a_message.mentions
    ]
    return shape | added | {"mentions": mentions}
