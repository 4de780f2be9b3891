"""Decides which events a session asked for, and takes away what its intents do not cover."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from playground.values import Event, Json, JsonValue


class Intent(enum.IntFlag):
    """Discord's bits (docs events/gateway#list-of-intents)."""

    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_MODERATION = 1 << 2
    GUILD_EXPRESSIONS = 1 << 3
    GUILD_INTEGRATIONS = 1 << 4
    GUILD_WEBHOOKS = 1 << 5
    GUILD_INVITES = 1 << 6
    GUILD_VOICE_STATES = 1 << 7
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_MESSAGE_REACTIONS = 1 << 10
    GUILD_MESSAGE_TYPING = 1 << 11
    DIRECT_MESSAGES = 1 << 12
    DIRECT_MESSAGE_REACTIONS = 1 << 13
    DIRECT_MESSAGE_TYPING = 1 << 14
    MESSAGE_CONTENT = 1 << 15
    GUILD_SCHEDULED_EVENTS = 1 << 16
    AUTO_MODERATION_CONFIGURATION = 1 << 20
    AUTO_MODERATION_EXECUTION = 1 << 21
    GUILD_MESSAGE_POLLS = 1 << 24
    DIRECT_MESSAGE_POLLS = 1 << 25


# docs events/gateway#privileged-intents
PRIVILEGED = Intent.GUILD_MEMBERS | Intent.GUILD_PRESENCES | Intent.MESSAGE_CONTENT
# Every bit the documentation lists; others close the connection with 4013.
KNOWN = sum(Intent)

# docs events/gateway#list-of-intents: events whose name begins so, their intent in guilds and in direct messages.
# The longer beginning comes first; what is not listed is always sent.
_NEEDED: tuple[tuple[str, Intent, Intent], ...] = (
    ("MESSAGE_REACTION_", Intent.GUILD_MESSAGE_REACTIONS, Intent.DIRECT_MESSAGE_REACTIONS),
    ("MESSAGE_POLL_VOTE_", Intent.GUILD_MESSAGE_POLLS, Intent.DIRECT_MESSAGE_POLLS),
    ("MESSAGE_", Intent.GUILD_MESSAGES, Intent.DIRECT_MESSAGES),
    ("TYPING_", Intent.GUILD_MESSAGE_TYPING, Intent.DIRECT_MESSAGE_TYPING),
    ("CHANNEL_PINS_UPDATE", Intent.GUILDS, Intent.DIRECT_MESSAGES),
    ("CHANNEL_", Intent.GUILDS, Intent.GUILDS),
    ("THREAD_", Intent.GUILDS, Intent.GUILDS),
    ("WEBHOOKS_UPDATE", Intent.GUILD_WEBHOOKS, Intent.GUILD_WEBHOOKS),
    ("GUILD_MEMBER_", Intent.GUILD_MEMBERS, Intent.GUILD_MEMBERS),
    ("GUILD_BAN_", Intent.GUILD_MODERATION, Intent.GUILD_MODERATION),
    ("GUILD_AUDIT_LOG_ENTRY_CREATE", Intent.GUILD_MODERATION, Intent.GUILD_MODERATION),
    ("GUILD_EMOJIS_UPDATE", Intent.GUILD_EXPRESSIONS, Intent.GUILD_EXPRESSIONS),
    ("GUILD_STICKERS_UPDATE", Intent.GUILD_EXPRESSIONS, Intent.GUILD_EXPRESSIONS),
    ("GUILD_SOUNDBOARD_", Intent.GUILD_EXPRESSIONS, Intent.GUILD_EXPRESSIONS),
    ("GUILD_INTEGRATIONS_UPDATE", Intent.GUILD_INTEGRATIONS, Intent.GUILD_INTEGRATIONS),
    ("GUILD_SCHEDULED_EVENT_", Intent.GUILD_SCHEDULED_EVENTS, Intent.GUILD_SCHEDULED_EVENTS),
    ("GUILD_", Intent.GUILDS, Intent.GUILDS),
)

# The fields that hold what somebody wrote, as they are without the intent; `poll` is left out
# (docs resources/message#message-object).
_EMPTY: Json = {"content": "", "embeds": [], "attachments": [], "components": []}


def wants(intents: int, event: Event, bot_id: int) -> bool:
    """Tell whether a session with these intents is sent an event.

    GUILD_MEMBER_UPDATE of the bot itself needs no intent (docs events/gateway#caveats), and THREAD_MEMBERS_UPDATE
    about others needs the members intent (docs events/gateway-events#thread-members-update).
    """
    if event.name == "GUILD_MEMBER_UPDATE" and event.data["user"]["id"] == str(bot_id):
        return True
    if event.name == "THREAD_MEMBERS_UPDATE" and not _is_moved(event.data, str(bot_id)):
        return bool(intents & Intent.GUILD_MEMBERS)
    for prefix, in_guild, in_dm in _NEEDED:
        if event.name.startswith(prefix):
            return bool(intents & (in_guild if event.guild_id is not None else in_dm))
    return True


def _is_moved(data: Json, user_id: str) -> bool:
    """Tell whether somebody is among those who were added to or removed from a thread."""
    added: list[Json] = data.get("added_members") or []
    removed: list[str] = data.get("removed_member_ids") or []
    return user_id in removed or any(one.get("user_id") == user_id for one in added)


def redact(intents: int, event: Event, bot_id: int) -> Json:
    """Empty the content fields of a message event that the message content intent would have to cover.

    Other events keep theirs: the message that a context menu command was used on is part of INTERACTION_CREATE and
    is among the documentation's exceptions (docs events/gateway#message-content-intent).
    """
    if event.name not in ("MESSAGE_CREATE", "MESSAGE_UPDATE") or intents & Intent.MESSAGE_CONTENT:
        return event.data
    return redact_message(event.data, bot_id) if event.guild_id is not None else event.data


def redact_messages(body: JsonValue, bot_id: int, in_guild: Callable[[Json], bool]) -> JsonValue:
    """Empty the content fields of every guild message in a REST answer, wherever in it they stand.

    Args:
        body: The answer.
        bot_id: The bot.
        in_guild: Tells whether a message stands in a guild; those of direct messages are not covered.
    """
    if isinstance(body, list):
        return [redact_messages(one, bot_id, in_guild) for one in cast("list[JsonValue]", body)]
    if not isinstance(body, dict):
        return body
    shape = cast("Json", body)
    if {"author", "channel_id", "content"} <= shape.keys():
        return redact_message(shape, bot_id) if in_guild(shape) else shape
    return {key: redact_messages(value, bot_id, in_guild) for key, value in shape.items()}


def redact_message(data: Json, bot_id: int) -> Json:
    """Empty the content fields of a guild message where they are not the bot's to read.

    Messages that the app sent or that mention it keep them (docs events/gateway#message-content-intent). The message
    it replies to is looked at by itself. The snapshots of a forward are covered too, as they have the same fields;
    one that mentions the bot is kept (assumed: the documentation says nothing of snapshots).
    """
    referenced = data.get("referenced_message")
    if referenced is not None:
        data = data | {"referenced_message": redact_message(referenced, bot_id)}
    sent = str(bot_id) in (data["author"]["id"], data.get("application_id"))
    if sent or _mentions(data, bot_id):
        return data
    if data.get("message_snapshots"):
        data = data | {"message_snapshots": [_redact_snapshot(one, bot_id) for one in data["message_snapshots"]]}
    return _emptied(data)


def _redact_snapshot(snapshot: Json, bot_id: int) -> Json:
    message = snapshot["message"]
    return snapshot if _mentions(message, bot_id) else snapshot | {"message": _emptied(message)}


def _mentions(message: Json, bot_id: int) -> bool:
    users: list[Json] = message.get("mentions") or []
    return any(user["id"] == str(bot_id) for user in users)


def _emptied(message: Json) -> Json:
    return {key: value for key, value in message.items() if key != "poll"} | _EMPTY
