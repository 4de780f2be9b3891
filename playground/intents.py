"""Decides which events a session asked for, and takes away what its intents do not cover."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playground.values import Event, Json


class Intent(enum.IntFlag):
    """Discord's bits (docs events/gateway#list-of-intents); those whose events exist here."""

    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_MESSAGE_REACTIONS = 1 << 10
    GUILD_MESSAGE_TYPING = 1 << 11
    DIRECT_MESSAGES = 1 << 12
    DIRECT_MESSAGE_REACTIONS = 1 << 13
    DIRECT_MESSAGE_TYPING = 1 << 14
    MESSAGE_CONTENT = 1 << 15


# docs events/gateway#privileged-intents
PRIVILEGED = Intent.GUILD_MEMBERS | Intent.GUILD_PRESENCES | Intent.MESSAGE_CONTENT
# Every bit the documentation lists; others close the connection with 4013.
KNOWN = (1 << 17) - 1 | 1 << 20 | 1 << 21 | 1 << 24 | 1 << 25

# docs events/gateway#list-of-intents: an event's prefix, its intent in guilds and in direct messages.
_NEEDED: tuple[tuple[str, Intent, Intent], ...] = (
    ("MESSAGE_REACTION_", Intent.GUILD_MESSAGE_REACTIONS, Intent.DIRECT_MESSAGE_REACTIONS),
    ("MESSAGE_", Intent.GUILD_MESSAGES, Intent.DIRECT_MESSAGES),
    ("TYPING_", Intent.GUILD_MESSAGE_TYPING, Intent.DIRECT_MESSAGE_TYPING),
    ("GUILD_MEMBER_", Intent.GUILD_MEMBERS, Intent.GUILD_MEMBERS),
    ("GUILD_", Intent.GUILDS, Intent.GUILDS),
    ("CHANNEL_", Intent.GUILDS, Intent.GUILDS),
)


def wants(intents: int, event: Event, bot_id: int) -> bool:
    """Tell whether a session with these intents is sent an event.

    GUILD_MEMBER_UPDATE of the bot itself needs no intent (docs events/gateway#caveats).
    """
    if event.name == "GUILD_MEMBER_UPDATE" and event.data["user"]["id"] == str(bot_id):
        return True
    for prefix, in_guild, in_dm in _NEEDED:
        if event.name.startswith(prefix):
            return bool(intents & (in_guild if event.guild_id is not None else in_dm))
    return True


def redact(intents: int, event: Event, bot_id: int) -> Json:
    """Empty the content fields of a message that the message content intent would have to cover.

    The bot's own messages, direct messages and messages that mention it keep them
    (docs events/gateway#message-content-intent).
    """
    if event.name not in ("MESSAGE_CREATE", "MESSAGE_UPDATE") or intents & Intent.MESSAGE_CONTENT:
        return event.data
    return redact_message(event.data, bot_id) if event.guild_id is not None else event.data


def redact_message(data: Json, bot_id: int) -> Json:
    """Empty the content fields of a guild message, and of the one it replies to, where they are not the bot's."""
    referenced = data.get("referenced_message")
    if referenced is not None:
        data = data | {"referenced_message": redact_message(referenced, bot_id)}
    mentioned = any(user["id"] == str(bot_id) for user in data["mentions"])
    if mentioned or data["author"]["id"] == str(bot_id):
        return data
    kept = {key: value for key, value in data.items() if key != "poll"}
    return kept | {"content": "", "embeds": [], "attachments": [], "components": []}
