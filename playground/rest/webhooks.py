"""REST routes of webhooks: with the bot's token to run them, with their own to send (docs resources/webhook)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from playground import acts, message_payloads, sending, threads, webhooks
from playground.errors import DiscordError
from playground.permissions import Permission, guild_permissions
from playground.rest.call import NO_CONTENT, Answer, snowflake, snowflakes
from playground.rest.messages import draft_of
from playground.threads import Plan

if TYPE_CHECKING:
    from playground.parts import Webhook
    from playground.rest.call import Call, Handler
    from playground.values import Channel, Message


def or_interaction(of_webhook: Handler, of_interaction: Handler) -> Handler:
    """Give the handler of a path that webhooks share with interactions; the id in it tells whose it is."""

    async def handler(call: Call) -> Answer:
        is_webhook = call.id("application_id") in call.world.webhooks
        return await (of_webhook if is_webhook else of_interaction)(call)

    return handler


# With the bot's token


async def create(call: Call) -> Answer:
    """Make a webhook."""
    made = webhooks.create(call.world, call.world.bot, call.channel(), str(call.json().get("name") or ""))
    return Answer(webhooks.shape(made))


async def of_channel(call: Call) -> Answer:
    """List the webhooks of a channel."""
    channel = call.channel()
    call.need(channel, Permission.MANAGE_WEBHOOKS)
    return Answer([webhooks.shape(one) for one in webhooks.of_channel(call.world, channel)])


async def of_guild(call: Call) -> Answer:
    """List the webhooks of a guild."""
    guild = call.guild()
    if not guild_permissions(guild, call.world.bot.id) & Permission.MANAGE_WEBHOOKS:
        raise DiscordError(50013)
    return Answer([webhooks.shape(one) for one in call.world.webhooks.values() if one.guild_id == guild.id])


async def get(call: Call) -> Answer:
    """Give a webhook; its own application needs no right for it."""
    return Answer(webhooks.shape(_managed(call, own_is_free=True)))


async def modify(call: Call) -> Answer:
    """Give a webhook another name or move it."""
    webhook, changes = _managed(call), call.json()
    if "name" in changes:
        webhooks.check_name(str(changes["name"] or ""))
        webhook.name = str(changes["name"])
    if changes.get("channel_id") is not None:
        target = call.world.channels.get(snowflake(changes["channel_id"], "channel_id"))
        if target is None or target.guild_id != webhook.guild_id:
            raise DiscordError(10003)
        call.need(target, Permission.MANAGE_WEBHOOKS)
        webhook.channel_id = target.id
    webhooks.tell(call.world, webhook)
    return Answer(webhooks.shape(webhook))


async def delete(call: Call) -> Answer:
    """Take a webhook away."""
    webhooks.delete(call.world, _managed(call))
    return NO_CONTENT


def _managed(call: Call, *, own_is_free: bool = False) -> Webhook:
    webhook = call.world.webhooks.get(call.id("webhook_id"))
    if webhook is None:
        raise DiscordError(10015)
    own = webhook.application_id == call.world.application_id
    if not (own and own_is_free):
        call.need(call.world.channels[webhook.channel_id], Permission.MANAGE_WEBHOOKS)
    return webhook


# With the webhook's own token


async def get_with_token(call: Call) -> Answer:
    """Give a webhook to who knows its token."""
    return Answer(webhooks.shape(_of_token(call), with_user=False))


async def delete_with_token(call: Call) -> Answer:
    """Take a webhook away with its token."""
    webhooks.delete(call.world, _of_token(call))
    return NO_CONTENT


async def execute(call: Call) -> Answer:
    """Send a message; it is told back only where the request waits for it.

    A nonce or a reference in the body is passed over: the route has no such fields (docs: execute webhook).
    """
    webhook, body = _of_token(call), call.json()
    channel = call.world.channels[webhook.channel_id]
    draft = replace(draft_of(body, call.uploads), nonce=None, enforce_nonce=False, reference=None, webhook=webhook)
    author = webhooks.speaker(webhook, body.get("username"))
    name, thread = body.get("thread_name"), _thread(call, channel)
    if channel.forum is None and name:
        raise DiscordError(220003)
    if channel.forum is not None and bool(name) == (thread is not None):
        raise DiscordError(220002 if name else 220001)
    if name:
        tags = snowflakes(body, "applied_tags")
        _, message = threads.open_post(call.world, author, channel, Plan(str(name), tag_ids=tags), draft)
    else:
        message = sending.send(call.world, thread or channel, author, draft)
    if call.query.get("wait", "").lower() not in ("true", "1"):
        return NO_CONTENT
    return Answer(message_payloads.message(call.world, message))


def _thread(call: Call, channel: Channel) -> Channel | None:
    """Give the thread that the query names, which must be one of the webhook's channel."""
    if "thread_id" not in call.query:
        return None
    thread = call.world.channels.get(snowflake(call.query["thread_id"], "thread_id"))
    if thread is None or thread.parent_id != channel.id:
        raise DiscordError(10003)
    return thread


def _of_token(call: Call) -> Webhook:
    webhook = call.world.webhooks.get(call.id("application_id"))
    if webhook is None:
        raise DiscordError(10015)
    if webhook.token != call.params["interaction_token"]:
        raise DiscordError(50027)
    return webhook


def _message(call: Call) -> Message:
    """Give the message of the path, which the webhook must have sent."""
    webhook = _of_token(call)
    channel = call.world.channels[webhook.channel_id]
    message = call.world.find_message(call.id("message_id"), _thread(call, channel) or channel)
    if message is None or message.webhook_id != webhook.id:
        raise DiscordError(10008)
    return message


async def get_message(call: Call) -> Answer:
    """Give a message of a webhook."""
    return Answer(message_payloads.message(call.world, _message(call)))


async def edit_message(call: Call) -> Answer:
    """Edit a message of a webhook."""
    message = _message(call)
    acts.edit(call.world, message, call.json(), call.uploads)
    return Answer(message_payloads.message(call.world, message))


async def delete_message(call: Call) -> Answer:
    """Delete a message of a webhook."""
    acts.delete(call.world, _message(call))
    return NO_CONTENT
