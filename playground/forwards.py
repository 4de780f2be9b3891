"""Forwarded messages: what may be forwarded, and the snapshot that a forward carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground import message_payloads
from playground.access import require
from playground.errors import DiscordError, invalid_form
from playground.parts import FORWARD, Reference, Snapshot
from playground.values import (
    CHAT_INPUT_COMMAND,
    CONTEXT_MENU_COMMAND,
    DEFAULT,
    IS_COMPONENTS_V2,
    IS_VOICE_MESSAGE,
    REPLY,
    SUPPRESS_EMBEDS,
)

if TYPE_CHECKING:
    from playground.values import Json, Message, User
    from playground.world import World

# docs resources/message#message-reference-types
_FORWARDABLE = (DEFAULT, REPLY, CHAT_INPUT_COMMAND, CONTEXT_MENU_COMMAND)
# docs resources/message#message-snapshot-object: "the current subset of message fields".
_KEPT = {
    *("type", "content", "embeds", "attachments", "timestamp", "edited_timestamp", "flags"),
    *("mentions", "mention_roles", "stickers", "sticker_items", "components"),
}
# A flag that says how the content is to be shown goes with it; one that says what hangs on the original does not
# (assumed).
_KEPT_FLAGS = SUPPRESS_EMBEDS | IS_VOICE_MESSAGE | IS_COMPONENTS_V2


def forwarded(world: World, user: User, wanted: Json) -> tuple[Reference, Snapshot]:
    """Take the snapshot that a forward carries (docs resources/message#message-reference-content-attribution-forwards).

    Args:
        world: Where the message is.
        user: Who forwards it; needs to see the channel it comes from and to be able to read it.
        wanted: The request's `message_reference`, which must name message and channel.

    Raises:
        DiscordError: The message is unknown, out of sight, unreadable or of a kind that cannot be forwarded.
    """
    if wanted.get("message_id") is None or wanted.get("channel_id") is None:
        text = "This field is required"
        raise invalid_form("message_reference.channel_id", "BASE_TYPE_REQUIRED", text)
    channel = world.channels.get(int(wanted["channel_id"]))
    if channel is None:
        raise DiscordError(10003)
    require(world, channel, user)
    message = world.find_message(int(wanted["message_id"]), channel)
    if message is None or message.ephemeral:
        raise invalid_form("message_reference", "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")
    if message.type not in _FORWARDABLE or message.poll is not None:
        raise DiscordError(50068)
    if not _readable(world, user, message):
        raise DiscordError(160014)
    return Reference(message.id, channel.id, channel.guild_id, FORWARD), _snapshot(world, message)


def _readable(world: World, user: User, message: Message) -> bool:
    """Tell whether somebody can read a message: bots need the content intent (docs gateway#message-content-intent)."""
    exempt = message.author == user or message.guild_id is None or user in message.mentions
    return not user.bot or world.privileged_intents or exempt


def _snapshot(world: World, message: Message) -> Snapshot:
    """Copy what is kept; a forward that is forwarded hands its own snapshot on ("depth of nesting to 1")."""
    if message.snapshot is not None:
        return message.snapshot
    shape = message_payloads.message(world, message)
    kept: Json = {key: value for key, value in shape.items() if key in _KEPT}
    return Snapshot(kept | {"flags": message.flags & _KEPT_FLAGS}, tuple(message.attachments))
