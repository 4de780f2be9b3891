"""Pinned messages of a channel (docs resources/message#pin-message)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground import acts
from playground.access import may, require, require_active
from playground.errors import DiscordError
from playground.kinds import PINNED_MESSAGE, SYSTEM_TYPES
from playground.parts import Reference
from playground.permissions import Permission
from playground.system import announce
from playground.values import Event

if TYPE_CHECKING:
    from playground.values import Channel, Json, Message, User
    from playground.world import World

# "Maximum number of pins reached for the channel (250)" (docs topics/opcodes-and-status-codes, 30003).
MAX_PINS = 250


def pinned(world: World, channel: Channel) -> list[Message]:
    """Give the pinned messages of a channel, the one pinned last first."""
    pins = [(one.pinned_at, one) for one in world.messages(channel) if one.pinned_at is not None]
    return [one for _, one in sorted(pins, key=lambda pin: pin[0], reverse=True)]


def pin(world: World, user: User, message: Message) -> None:
    """Pin a message; a second time changes nothing (assumed).

    Everybody is told by a message of the system, type 6 (docs resources/message#message-reference-content-attribution).
    """
    channel = _changeable(world, user, message)
    if message.type in SYSTEM_TYPES:
        raise DiscordError(50021)
    if message.pinned_at is not None:
        return
    if len(pinned(world, channel)) >= MAX_PINS:
        raise DiscordError(30003)
    message.pinned_at = world.clock.now()
    _tell(world, channel, message)
    reference = Reference(message.id, channel.id, channel.guild_id)
    announce(world, channel, user, PINNED_MESSAGE, reference=reference)


def unpin(world: World, user: User, message: Message) -> None:
    """Take a message off the pins; one that is not pinned changes nothing (assumed)."""
    channel = _changeable(world, user, message)
    if message.pinned_at is not None:
        message.pinned_at = None
        _tell(world, channel, message)


def _changeable(world: World, user: User, message: Message) -> Channel:
    channel = world.channels[message.channel_id]
    require(world, channel, user, Permission.PIN_MESSAGES)
    require_active(world, channel, user)
    return channel


def _tell(world: World, channel: Channel, message: Message) -> None:
    """Send CHANNEL_PINS_UPDATE and the message itself (docs gateway-events#channel-pins-update; order assumed)."""
    pins = pinned(world, channel)
    newest = pins[0].pinned_at if pins else None
    data: Json = {"channel_id": str(channel.id), "last_pin_timestamp": newest.isoformat() if newest else None}
    if channel.guild_id is not None:
        data["guild_id"] = str(channel.guild_id)
    # Events of channels go out whatever the bot can see there; this one is about its messages.
    seen = may(world, channel, world.bot, Permission.VIEW_CHANNEL)
    world.publish(Event("CHANNEL_PINS_UPDATE", data, channel.guild_id, channel.id, for_bot=seen))
    acts.tell_update(world, message)
