"""The wire shapes of messages and what hangs on them, as REST and gateway send them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playground import payloads
from playground.interaction_metadata import origin

if TYPE_CHECKING:
    from playground.values import Attachment, Json, Message
    from playground.world import World


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
    return shape


def message(world: World, a_message: Message, *, nonce: bool = False, nested: bool = False) -> Json:
    """Shape a message (OpenAPI MessageResponse).

    Args:
        world: Where the message is.
        a_message: The message.
        nonce: Whether to tell its nonce: the answer to the send and MESSAGE_CREATE do, a later read does not.
        nested: Whether it stands inside another message, where its own reference is not unfolded.
    """
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
        "attachments": [attachment(one) for one in a_message.attachments],
        "embeds": a_message.embeds,
        "components": a_message.components,
        "pinned": False,
        "tts": False,
    }
    if a_message.poll is not None:
        shape["poll"] = a_message.poll
    if nonce and a_message.nonce is not None:
        shape["nonce"] = a_message.nonce
    if a_message.reactions:
        shape["reactions"] = [_reaction(world, one.emoji, one.user_ids) for one in a_message.reactions.values()]
    return shape | _origin(a_message) | _reference(world, a_message, nested=nested)


def _reaction(world: World, text: str, user_ids: list[int]) -> Json:
    return {
        "emoji": payloads.emoji(text),
        "count": len(user_ids),
        "count_details": {"burst": 0, "normal": len(user_ids)},
        "burst_colors": [],
        "me_burst": False,
        "me": world.bot.id in user_ids,
    }


def _origin(a_message: Message) -> Json:
    """Say which interaction a message answers (docs resources/message#message-interaction-metadata-object)."""
    shape: Json = {}
    if a_message.application_id is not None:
        # An interaction's messages come from the application's webhook, whose id is the application's.
        shape |= {"application_id": str(a_message.application_id), "webhook_id": str(a_message.application_id)}
    if a_message.invocation is not None:
        shape |= origin(a_message.invocation)
    return shape


def _reference(world: World, a_message: Message, *, nested: bool) -> Json:
    reference = a_message.reference
    if reference is None:
        return {}
    shape: Json = {
        "type": 0,
        "channel_id": str(reference.channel_id),
        "message_id": str(reference.message_id),
    }
    if reference.guild_id is not None:
        shape["guild_id"] = str(reference.guild_id)
    if nested:
        return {"message_reference": shape}
    target = world.find_message(reference.message_id)
    # A reply to what is gone carries null (docs resources/message#message-object, referenced_message).
    referenced: Any = message(world, target, nested=True) if target is not None else None
    return {"message_reference": shape, "referenced_message": referenced}


def in_place(world: World, a_message: Message, shape: Json) -> Json:
    """Add what a message event has beside the message: guild and member (docs gateway-events#message-create)."""
    if a_message.guild_id is None:
        return shape | {"channel_type": 1}
    if a_message.ephemeral:
        return shape | {"channel_type": 0}
    added = {"guild_id": str(a_message.guild_id), "channel_type": 0}
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
