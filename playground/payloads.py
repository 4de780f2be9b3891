"""The wire shapes of people, guilds, channels and the application, as REST and gateway send them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground import permissions, thread_payloads

if TYPE_CHECKING:
    from playground.parts import Sticker
    from playground.values import Channel, Guild, Json, Member, Role, User
    from playground.world import World


def user(someone: User) -> Json:
    """Shape a user (OpenAPI UserResponse)."""
    return {
        "id": str(someone.id),
        "username": someone.name,
        "global_name": None if someone.bot else someone.name.capitalize(),
        # Bots keep a discriminator, people have had none since 2023 (docs resources/user#user-object).
        "discriminator": "0001" if someone.bot else "0",
        "avatar": None,
        "banner": None,
        "accent_color": None,
        "avatar_decoration_data": None,
        "collectibles": None,
        "primary_guild": None,
        "public_flags": 0,
        "flags": 0,
        "bot": someone.bot,
        "system": False,
    }


def own_user(bot: User) -> Json:
    """Shape the user whose token asks (OpenAPI UserPIIResponse)."""
    return user(bot) | {"mfa_enabled": True, "locale": "en-US", "premium_type": 0, "email": None, "verified": True}


def member(someone: Member, *, with_user: bool = True) -> Json:
    """Shape a guild member (OpenAPI GuildMemberResponse); events with a user beside it leave the user out."""
    shape: Json = {
        "avatar": None,
        "avatar_decoration_data": None,
        "banner": None,
        "communication_disabled_until": someone.muted_until.isoformat() if someone.muted_until else None,
        "flags": 0,
        "joined_at": someone.joined_at.isoformat(),
        "nick": someone.nick,
        "pending": False,
        "premium_since": None,
        "roles": [str(role_id) for role_id in someone.role_ids],
        "mute": False,
        "deaf": False,
    }
    return shape | {"user": user(someone.user)} if with_user else shape


def role(a_role: Role) -> Json:
    """Shape a role (OpenAPI GuildRoleResponse)."""
    return {
        "id": str(a_role.id),
        "name": a_role.name,
        "permissions": str(a_role.permissions),
        "position": a_role.position,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": a_role.managed,
        "mentionable": a_role.mentionable,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }


def channel(world: World, a_channel: Channel, *, with_member: bool = True) -> Json:
    """Shape a channel (OpenAPI GuildChannelResponse, ThreadResponse or PrivateChannelResponse).

    Args:
        world: Where the channel is.
        a_channel: The channel.
        with_member: Whether a thread tells of the bot's membership; not all events do.
    """
    # In a forum it is the last thread (docs topics/threads#forum-and-media-channel-fields).
    last = world.messages(a_channel) if a_channel.forum is None else world.threads(a_channel)
    shape: Json = {
        "id": str(a_channel.id),
        "type": a_channel.type,
        "flags": 0,
        "last_message_id": str(last[-1].id) if last else None,
    }
    pins = [one.pinned_at for one in world.messages(a_channel) if one.pinned_at is not None]
    if pins:
        shape["last_pin_timestamp"] = max(pins).isoformat()
    if a_channel.thread is not None:
        shape |= thread_payloads.thread(world, a_channel, a_channel.thread)
        joined = with_member and world.bot.id in a_channel.thread.members
        return shape | ({"member": thread_payloads.member(a_channel, a_channel.thread, world.bot.id)} if joined else {})
    if a_channel.is_dm:
        others = [world.users[user_id] for user_id in a_channel.recipient_ids if user_id != world.bot.id]
        return shape | {"recipients": [user(other) for other in others]}
    shape |= {} if a_channel.forum is None else thread_payloads.forum(a_channel.forum)
    return shape | {
        "guild_id": str(a_channel.guild_id),
        "name": a_channel.name,
        "position": a_channel.position,
        "parent_id": None,
        "topic": a_channel.topic,
        "rate_limit_per_user": a_channel.slowmode,
        "nsfw": False,
        "permission_overwrites": [
            {
                "id": str(overwrite.target_id),
                "type": 1 if overwrite.is_member else 0,
                "allow": str(overwrite.allow),
                "deny": str(overwrite.deny),
            }
            for overwrite in a_channel.overwrites.values()
        ],
    }


def guild(a_guild: Guild) -> Json:
    """Shape a guild (OpenAPI GuildWithCountsResponse)."""
    nothing = (
        "icon description home_header splash discovery_splash banner application_id afk_channel_id "
        "widget_channel_id vanity_url_code rules_channel_id safety_alerts_channel_id "
        "public_updates_channel_id incidents_data max_presences"
    )
    zero = (
        "system_channel_flags verification_level default_message_notifications mfa_level "
        "explicit_content_filter premium_tier premium_subscription_count nsfw_level"
    )
    return {
        **dict.fromkeys(nothing.split()),
        **dict.fromkeys(zero.split(), 0),
        "id": str(a_guild.id),
        "name": a_guild.name,
        "owner_id": str(a_guild.owner_id),
        "system_channel_id": str(a_guild.system_channel_id) if a_guild.system_channel_id else None,
        "features": [],
        "region": "deprecated",
        "afk_timeout": 300,
        "widget_enabled": False,
        "roles": [role(a_role) for a_role in a_guild.roles.values()],
        "max_members": 500_000,
        "max_stage_video_channel_users": 50,
        "max_video_channel_users": 25,
        "preferred_locale": "en-US",
        "premium_progress_bar_enabled": False,
        "nsfw": False,
        "emojis": [],
        "stickers": [sticker(one) for one in a_guild.stickers.values()],
        "approximate_member_count": len(a_guild.members),
        "approximate_presence_count": len(a_guild.members),
    }


def guild_create(world: World, a_guild: Guild, *, with_members: bool) -> Json:
    """Shape GUILD_CREATE (docs events/gateway-events#guild-create).

    Args:
        world: Where the guild is.
        a_guild: The guild.
        with_members: Whether all members are listed; without the presences intent it is only the bot.
    """
    people = [one for one in a_guild.members.values() if with_members or one.user.id == world.bot.id]
    seen = world.active_threads(a_guild, world.bot)
    return guild(a_guild) | {
        "joined_at": a_guild.members[world.bot.id].joined_at.isoformat(),
        "large": False,
        "member_count": len(a_guild.members),
        "voice_states": [],
        "members": [member(one) for one in people],
        "channels": [channel(world, one) for one in a_guild.channels.values()],
        "threads": [_known_thread(world, one) for one in seen],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def _known_thread(world: World, a_thread: Channel) -> Json:
    """Shape a thread of GUILD_CREATE, whose member is nameless (docs resources/channel#thread-member-object)."""
    shape = channel(world, a_thread)
    if "member" in shape:
        shape["member"] = {key: shape["member"][key] for key in ("join_timestamp", "flags")}
    return shape


def sticker(a_sticker: Sticker) -> Json:
    """Shape a guild's sticker (OpenAPI GuildStickerResponse)."""
    return {
        "id": str(a_sticker.id),
        "name": a_sticker.name,
        "tags": a_sticker.name,
        "type": 2,
        "format_type": 1,
        "description": None,
        "available": True,
        "guild_id": str(a_sticker.guild_id),
    }


def emoji(text: str) -> Json:
    """Shape a Unicode emoji (docs resources/emoji#emoji-object-standard-emoji-example)."""
    return {"id": None, "name": text}


def application(world: World) -> Json:
    """Shape the bot's application (OpenAPI PrivateApplicationResponse)."""
    return {
        "id": str(world.application_id),
        "name": world.bot.name,
        "icon": None,
        "description": "",
        "type": None,
        "verify_key": "0" * 64,
        "flags": world.application_flags,
        "flags_new": str(world.application_flags),
        "bot": user(world.bot),
        "bot_public": False,
        "bot_require_code_grant": False,
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "owner": user(world.application_owner),
        "approximate_guild_count": len(world.guilds),
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "team": None,
        "eligible_oauth2_scopes": ["bot", "applications.commands"],
        "integration_types_config": {"0": {}},
    }


def my_guild(a_guild: Guild, user_id: int) -> Json:
    """Shape a guild as somebody's own list shows it (OpenAPI MyGuildResponse)."""
    return {
        "id": str(a_guild.id),
        "name": a_guild.name,
        "icon": None,
        "banner": None,
        "owner": a_guild.owner_id == user_id,
        "permissions": str(permissions.guild_permissions(a_guild, user_id)),
        "features": [],
    }
