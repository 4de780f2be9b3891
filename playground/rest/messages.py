"""REST routes of messages and their reactions (docs resources/message)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from playground import acts, message_payloads, payloads, sending
from playground.drafts import Draft
from playground.errors import DiscordError, invalid_form
from playground.kinds import SYSTEM_TYPES
from playground.permissions import Permission
from playground.rest.call import NO_CONTENT, Answer, snowflake, snowflakes
from playground.snowflake import made_at
from playground.values import IS_COMPONENTS_V2, IS_VOICE_MESSAGE, SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS

if TYPE_CHECKING:
    from playground.rest.call import Call
    from playground.uploads import Upload
    from playground.values import Json, Message, User

# docs resources/message#create-message: the only flags that can be set when sending.
SETTABLE = SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | IS_VOICE_MESSAGE | IS_COMPONENTS_V2

# docs resources/message#edit-message: "other users can only edit flags".
OF_AUTHOR = {"content", "embeds", "components", "attachments"}
# "will not delete messages older than 2 weeks" (docs resources/message#bulk-delete-messages).
OLDEST_BULK = dt.timedelta(days=14)


def draft_of(body: Json, uploads: tuple[Upload, ...]) -> Draft:
    """Read what a create request wants to send (docs resources/message#create-message-jsonform-params)."""
    return Draft(
        content=str(body.get("content") or ""),
        allowed_mentions=body.get("allowed_mentions"),
        reference=body.get("message_reference"),
        uploads=uploads,
        nonce=body.get("nonce"),
        enforce_nonce=bool(body.get("enforce_nonce")),
        flags=int(body.get("flags") or 0) & SETTABLE,
        embeds=body.get("embeds") or [],
        components=body.get("components") or [],
        poll=body.get("poll"),
        sticker_ids=snowflakes(body, "sticker_ids"),
    )


async def create(call: Call) -> Answer:
    """Send a message."""
    channel = call.channel()
    message = sending.send(call.world, channel, call.world.bot, draft_of(call.json(), call.uploads))
    return Answer(message_payloads.message(call.world, message, nonce=True))


async def edit(call: Call) -> Answer:
    """Edit a message; of another's only the flags can be changed (docs resources/message#edit-message)."""
    message = call.message()
    changes = call.json()
    if message.type in SYSTEM_TYPES:
        raise DiscordError(50021)
    if message.author.id != call.world.bot.id:
        if OF_AUTHOR & set(changes) or call.uploads:
            raise DiscordError(50005)
        call.need(call.world.channels[message.channel_id], Permission.MANAGE_MESSAGES)
    acts.edit(call.world, message, changes, call.uploads)
    return Answer(message_payloads.message(call.world, message))


async def get(call: Call) -> Answer:
    """Give one message (docs resources/message#get-channel-message)."""
    message = call.message()
    call.need(call.world.channels[message.channel_id], Permission.READ_MESSAGE_HISTORY)
    return Answer(message_payloads.message(call.world, message))


async def history(call: Call) -> Answer:
    """Give messages of a channel, newest first (docs resources/message#get-channel-messages).

    Without READ_MESSAGE_HISTORY the list is empty; `before`, `after` and `around` exclude each other.
    """
    channel = call.channel()
    limit = limit_of(call, highest=100)
    if not call.world.permissions(channel, call.world.bot) & Permission.READ_MESSAGE_HISTORY:
        return Answer([])
    messages = _page(call, call.world.messages(channel), limit)
    return Answer([message_payloads.message(call.world, one) for one in reversed(messages)])


def _page(call: Call, messages: list[Message], limit: int) -> list[Message]:
    """Cut the asked page out of messages that are sorted oldest first."""
    if "around" in call.query:
        middle = snowflake(call.query["around"], "around")
        older = [one for one in messages if one.id < middle][-(limit // 2) :] if limit > 1 else []
        newer = [one for one in messages if one.id >= middle]
        return older + newer[: limit - len(older)]
    if "after" in call.query:
        after = snowflake(call.query["after"], "after")
        return [one for one in messages if one.id > after][:limit]
    if "before" in call.query:
        before = snowflake(call.query["before"], "before")
        messages = [one for one in messages if one.id < before]
    return messages[-limit:]


def limit_of(call: Call, *, highest: int, default: int = 50) -> int:
    """Read how many things a request asks for at most."""
    text = call.query.get("limit", str(default))
    if not text.isdecimal() or not 1 <= int(text) <= highest:
        wording = f"int value should be between 1 and {highest}."
        raise invalid_form("limit", "NUMBER_TYPE_MAX", wording)
    return int(text)


async def delete(call: Call) -> Answer:
    """Delete a message; another's needs MANAGE_MESSAGES (docs resources/message#delete-message)."""
    message = call.message()
    acts.check_deletable(call.world, message, call.world.bot)
    acts.delete(call.world, message)
    return NO_CONTENT


async def bulk_delete(call: Call) -> Answer:
    """Delete 2 to 100 messages in one request (docs resources/message#bulk-delete-messages).

    None may be older than two weeks or be named twice; unknown ones count and are passed over.
    """
    channel = call.channel()
    if channel.is_dm:
        raise DiscordError(50003)
    call.need(channel, Permission.MANAGE_MESSAGES)
    ids: list[Any] = call.json().get("messages") or []
    if not 2 <= len(ids) <= 100:
        raise invalid_form("messages", "BASE_TYPE_BAD_LENGTH", "Must be between 2 and 100 in length.")
    wanted = [snowflake(one, "messages") for one in ids]
    if len(set(wanted)) != len(wanted):
        raise invalid_form("messages", "SET_TYPE_ALREADY_CONTAINS_VALUE", "The set already contains this value")
    if any(call.world.clock.now() - made_at(one) > OLDEST_BULK for one in wanted):
        raise DiscordError(50034)
    found = [call.world.find_message(one, channel) for one in wanted]
    messages = [one for one in found if one is not None and not one.ephemeral]
    for message in messages:
        acts.check_deletable(call.world, message, call.world.bot)
    acts.delete_many(call.world, messages)
    return NO_CONTENT


async def react(call: Call) -> Answer:
    """Put the bot's reaction on a message."""
    acts.add_reaction(call.world, call.message(), call.world.bot, call.params["emoji"])
    return NO_CONTENT


async def unreact(call: Call) -> Answer:
    """Take the bot's reaction off a message."""
    acts.remove_reaction(call.world, call.message(), call.world.bot, call.params["emoji"])
    return NO_CONTENT


async def unreact_other(call: Call) -> Answer:
    """Take another's reaction off a message (docs resources/message#delete-user-reaction)."""
    message = _manageable(call)
    user = _user(call)
    acts.remove_reaction(call.world, message, user, call.params["emoji"])
    return NO_CONTENT


async def clear_reactions(call: Call) -> Answer:
    """Take all reactions off a message, or all of one emoji (docs resources/message#delete-all-reactions)."""
    acts.clear_reactions(call.world, _manageable(call), call.params.get("emoji"))
    return NO_CONTENT


async def reacted(call: Call) -> Answer:
    """Give the users who reacted with an emoji: with `type` 1 as a super reaction (resources/message#get-reactions)."""
    message = call.message()
    emoji = call.params["emoji"]
    acts.check_emoji(emoji)
    reaction = message.reactions.get(emoji)
    after = snowflake(call.query.get("after", "0"), "after")
    limit = limit_of(call, highest=100, default=25)
    burst = call.query.get("type", "0") == "1"
    found = [] if reaction is None else [one for one in reaction.user_ids if (one in reaction.burst_ids) == burst]
    ids = sorted(one for one in found if one > after)
    return Answer([payloads.user(call.world.users[user_id]) for user_id in ids[:limit]])


def _manageable(call: Call) -> Message:
    """Give the message of the path where the bot may manage others' things on it; nobody may in a DM."""
    message = call.message()
    channel = call.world.channels[message.channel_id]
    if channel.is_dm:
        raise DiscordError(50003)
    call.need(channel, Permission.MANAGE_MESSAGES)
    return message


def _user(call: Call) -> User:
    user = call.world.users.get(call.id("user_id"))
    if user is None:
        raise DiscordError(10013)
    return user
