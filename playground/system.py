"""The messages that Discord itself writes: somebody joined, a message was pinned, a thread was made."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from playground import message_payloads as shapes
from playground.values import Channel, Event, Message, User, Version

if TYPE_CHECKING:
    from playground.parts import Reference
    from playground.world import World


def announce(
    world: World,
    channel: Channel,
    author: User,
    message_type: int,
    *,
    content: str = "",
    reference: Reference | None = None,
    mentions: tuple[User, ...] = (),
    message_id: int | None = None,
    flags: int = 0,
) -> Message:
    """Write a message of the system (docs resources/message#message-object-message-types).

    Args:
        world: Where.
        channel: The channel it stands in.
        author: Who caused it.
        message_type: Discord's type.
        content: Its content, which is a name or nothing.
        reference: What it points at.
        mentions: Whom it is about; nobody is notified.
        message_id: Its id where that is fixed already.
        flags: Message flags.
    """
    message = Message(
        id=message_id or world.snowflakes.next(),
        channel_id=channel.id,
        guild_id=channel.guild_id,
        author=author,
        content=content,
        at=world.clock.now(),
        type=message_type,
        flags=flags,
        reference=reference,
        mentions=list(mentions),
        history=[Version(content, time.monotonic())],
    )
    world.keep(message)
    shape = shapes.in_place(world, message, shapes.message(world, message))
    world.publish(Event("MESSAGE_CREATE", shape, message.guild_id, message.channel_id))
    return message
