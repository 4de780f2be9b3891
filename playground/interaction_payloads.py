"""Begins interactions: their wire shape, whose installation they stand on, and what their messages will tell."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from playground import message_payloads, payloads
from playground.access import require_unarchived
from playground.interactions import Interaction
from playground.uploads import limit_of
from playground.values import Event, Invocation

if TYPE_CHECKING:
    from playground.values import Channel, Json, Message, User
    from playground.world import World


def begin(
    world: World,
    user: User,
    channel: Channel,
    kind: int,
    path: str,
    data: Json,
    *,
    owners: dict[str, str] | None = None,
    source: Message | None = None,
    metadata: Json | None = None,
) -> Interaction:
    """Let somebody use something, and tell the bot (docs events/gateway-events#interaction-create).

    Args:
        world: Where.
        user: Who.
        channel: Where in it.
        kind: Discord's type of interaction.
        path: What is used, for a reader: a command's name or a `custom_id`.
        data: The interaction's data.
        owners: Whose installation it stands on; by default every one there is.
        source: The message it came from.
        metadata: What its messages tell of it beside the usual.

    Returns:
        The interaction, which the bot has yet to answer.

    Raises:
        DiscordError: The channel is an archived thread (50083).
    """
    # "Users cannot ... use application commands" there (docs topics/threads#active--archived-threads).
    require_unarchived(channel)
    token = secrets.token_urlsafe(48)
    whose = installations(world, user, channel) if owners is None else owners
    interaction = Interaction(
        world.snowflakes.next(), token, kind, path, user, channel, world, whose, data, source, metadata or {}
    )
    world.interactions[token] = interaction
    # Of no guild and no channel here: an interaction reaches the bot wherever it was invoked.
    world.publish(Event("INTERACTION_CREATE", _shape(world, interaction) | {"data": data}))
    return interaction


def installations(world: World, user: User, channel: Channel) -> dict[str, str]:
    """Tell by whom the application was installed for this place (docs: authorizing integration owners object).

    Returns:
        "0" with the guild, or with "0" in direct messages; "1" with a user who installed it.
    """
    guild = world.guild_of(channel)
    found: dict[str, str] = {}
    if guild is None or world.bot.id in guild.members:
        found["0"] = str(channel.guild_id or 0)
    if user.id in world.user_installs:
        found["1"] = str(user.id)
    return found


def invocation(interaction: Interaction, *, followup: bool = False) -> Invocation:
    """Give what a message of an interaction says of it.

    Args:
        interaction: The interaction.
        followup: Whether the message is not its first; those name the first (docs: message interaction metadata).
    """
    extra = dict(interaction.metadata)
    if followup and interaction.message is not None:
        extra["original_response_message_id"] = str(interaction.message.id)
    guild_id = interaction.channel.guild_id
    return Invocation(
        interaction.id, interaction.path, interaction.user, guild_id, interaction.kind, interaction.owners, extra
    )


def _shape(world: World, interaction: Interaction) -> Json:
    """Shape an interaction, all but its data (docs receiving-and-responding#interaction-object)."""
    channel, user = interaction.channel, interaction.user
    guild = world.guild_of(channel)
    user_bits = str(world.permissions(channel, user))
    shape: Json = {
        "id": str(interaction.id),
        "application_id": str(world.application_id),
        "type": interaction.kind,
        "token": interaction.token,
        "version": 1,
        "channel_id": str(channel.id),
        "channel": payloads.channel(world, channel) | {"permissions": user_bits},
        "app_permissions": str(world.permissions(channel, world.bot)),
        "locale": "en-US",
        "entitlements": [],
        "authorizing_integration_owners": interaction.owners,
        "context": 1 if guild is None else 0,
        "attachment_size_limit": limit_of(world, user),
    }
    if interaction.source is not None:
        # Whole, whatever the intents: what an app sent itself it may read (docs gateway#message-content-intent).
        shape["message"] = message_payloads.message(world, interaction.source)
    if guild is None:
        return shape | {"user": payloads.user(user)}
    member = payloads.member(guild.members[user.id]) | {"permissions": user_bits}
    partial: Json = {"id": str(guild.id), "locale": "en-US", "features": []}
    return shape | {"guild_id": str(guild.id), "guild": partial, "guild_locale": "en-US", "member": member}
