"""Webhooks: how they are made, and what they send (docs resources/webhook)."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from playground import payloads
from playground.access import require
from playground.errors import DiscordError, invalid_form
from playground.parts import Webhook
from playground.permissions import Permission
from playground.values import Event, User

if TYPE_CHECKING:
    from playground.values import Channel, Json
    from playground.world import World

# "Maximum number of webhooks reached (15)" (docs topics/opcodes-and-status-codes, 30007); for one channel.
MAX_WEBHOOKS = 15
# docs resources/webhook#create-webhook
MAX_NAME = 80
_FORBIDDEN = ("clyde", "discord")


def of_channel(world: World, channel: Channel) -> list[Webhook]:
    """Give the webhooks of a channel, oldest first."""
    return [one for one in world.webhooks.values() if one.channel_id == channel.id]


def create(world: World, user: User, channel: Channel, name: str) -> Webhook:
    """Make a webhook (docs resources/webhook#create-webhook); threads and direct messages have none."""
    if channel.is_dm:
        raise DiscordError(50003)
    if channel.thread is not None or channel.guild_id is None:
        raise DiscordError(50024)
    require(world, channel, user, Permission.MANAGE_WEBHOOKS)
    check_name(name)
    if len(of_channel(world, channel)) >= MAX_WEBHOOKS:
        raise DiscordError(30007)
    application_id = world.application_id if user == world.bot else None
    token = secrets.token_urlsafe(48)
    webhook = Webhook(world.snowflakes.next(), token, name, channel.id, channel.guild_id, user, application_id)
    world.webhooks[webhook.id] = webhook
    tell(world, webhook)
    return webhook


def check_name(name: str, path: str = "name") -> None:
    """Refuse a name that is empty, too long, or passes for Discord's own."""
    if not 1 <= len(name) <= MAX_NAME:
        raise invalid_form(path, "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {MAX_NAME} in length.")
    word = next((one for one in _FORBIDDEN if one in name.lower()), None)
    if word is not None:
        raise invalid_form(path, "USERNAME_INVALID_CONTAINS", f'Username cannot contain "{word}"')


def delete(world: World, webhook: Webhook) -> None:
    """Take a webhook away; what it sent stays."""
    del world.webhooks[webhook.id]
    tell(world, webhook)


def tell(world: World, webhook: Webhook) -> None:
    """Send WEBHOOKS_UPDATE, which says no more than where (docs gateway-events#webhooks-update)."""
    data: Json = {"guild_id": str(webhook.guild_id), "channel_id": str(webhook.channel_id)}
    world.publish(Event("WEBHOOKS_UPDATE", data, webhook.guild_id, webhook.channel_id))


def speaker(webhook: Webhook, name: str | None = None) -> User:
    """Give the author of what a webhook sends, which is no account (docs resources/message#message-object, author)."""
    if name is not None:
        check_name(name, "username")
    return User(webhook.id, name or webhook.name, bot=True)


def shape(webhook: Webhook, *, with_user: bool = True) -> Json:
    """Shape a webhook (OpenAPI GuildIncomingWebhookResponse); with its token alone its creator is not told."""
    whole: Json = {
        "id": str(webhook.id),
        "type": 1,
        "guild_id": str(webhook.guild_id),
        "channel_id": str(webhook.channel_id),
        "name": webhook.name,
        "avatar": None,
        "token": webhook.token,
        "application_id": None if webhook.application_id is None else str(webhook.application_id),
    }
    return whole | ({"user": payloads.user(webhook.creator)} if with_user else {})
