"""REST routes of pinned messages, present and deprecated ones (docs resources/message#get-channel-pins)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground import message_payloads, pins
from playground.access import may
from playground.permissions import Permission
from playground.rest.call import NO_CONTENT, Answer
from playground.rest.messages import limit_of
from playground.rest.threads import timestamp

if TYPE_CHECKING:
    from playground.rest.call import Call
    from playground.values import Message

# "Gets the first 50 pinned messages" (docs resources/message#get-pinned-messages-deprecated).
_OLD_LIMIT = 50


async def listed(call: Call) -> Answer:
    """Give pinned messages, the one pinned last first, in pages."""
    limit = limit_of(call, highest=50)
    found = _pinned(call)
    if "before" in call.query:
        before = timestamp(call.query["before"], "before")
        found = [one for one in found if one.pinned_at is not None and one.pinned_at < before]
    items = [
        {"pinned_at": one.pinned_at.isoformat(), "message": message_payloads.message(call.world, one)}
        for one in found[:limit]
        if one.pinned_at is not None
    ]
    return Answer({"items": items, "has_more": len(found) > limit})


async def listed_before(call: Call) -> Answer:
    """Give pinned messages as the deprecated route does: a plain list."""
    return Answer([message_payloads.message(call.world, one) for one in _pinned(call)[:_OLD_LIMIT]])


def _pinned(call: Call) -> list[Message]:
    """Give the pins; without READ_MESSAGE_HISTORY there are none (docs: get channel pins)."""
    channel = call.channel()
    readable = may(call.world, channel, call.world.bot, Permission.READ_MESSAGE_HISTORY)
    return pins.pinned(call.world, channel) if readable else []


async def pin(call: Call) -> Answer:
    """Pin a message."""
    pins.pin(call.world, call.world.bot, call.message())
    return NO_CONTENT


async def unpin(call: Call) -> Answer:
    """Take a message off the pins."""
    pins.unpin(call.world, call.world.bot, call.message())
    return NO_CONTENT
