"""What the control interface tells of the world, in JSON that is easy to read rather than Discord's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground.values import REPLY

if TYPE_CHECKING:
    from playground.interactions import Interaction
    from playground.server import LocalDiscord
    from playground.values import Channel, Guild, Json, Message, Request, User


def state(discord: LocalDiscord) -> Json:
    """Tell who and what is there, and the counters."""
    return {
        "url": discord.url,
        "bot": _user(discord.bot),
        "application_id": str(discord.application_id),
        "connected": discord.connected,
        "identifies": discord.identifies,
        "resumes": discord.resumes,
        "heartbeats": discord.heartbeats,
        "users": [_user(one) for one in discord.users.values()],
        "guilds": [_guild(discord, one) for one in discord.guilds.values()],
        "dms": [_channel(one) for one in discord.channels.values() if one.is_dm],
        "requests": len(discord.requests),
        "rate_limited": discord.rate_limited,
        "invalid_requests": discord.invalid_requests,
        "violations": discord.violations,
        "typing": [{"channel_id": str(one.channel_id), "user_id": str(one.user_id)} for one in discord.typing],
    }


def message(discord: LocalDiscord, a_message: Message) -> Json:
    """Tell a message as a reader sees it, with what it said before."""
    reference = a_message.reference
    names = {user.id: user.name for user in discord.users.values()}
    return {
        "id": str(a_message.id),
        "channel_id": str(a_message.channel_id),
        "author": a_message.author.name,
        "bot": a_message.author.bot,
        "content": a_message.content,
        "at": a_message.at.isoformat(),
        "edited_at": a_message.edited_at.isoformat() if a_message.edited_at else None,
        "type": a_message.type,
        "reply_to": str(reference.message_id) if reference is not None and a_message.type == REPLY else None,
        "forwarded": None if a_message.snapshot is None else a_message.snapshot.message["content"],
        "pinned": a_message.pinned_at is not None,
        "flags": a_message.flags,
        "nonce": a_message.nonce,
        "reactions": {one.emoji: [names[user_id] for user_id in one.user_ids] for one in a_message.reactions.values()},
        "pinged": [names[user_id] for user_id in sorted(a_message.pinged)],
        "pinged_everyone": a_message.pinged_everyone,
        "attachments": [{"name": one.filename, "url": one.url} for one in a_message.attachments],
        "embeds": a_message.embeds,
        "components": a_message.components,
        "visible_to": None if a_message.visible_to is None else names[a_message.visible_to],
        "history": [version.content for version in a_message.history],
    }


def interaction(discord: LocalDiscord, an_interaction: Interaction) -> Json:
    """Tell what became of a slash command."""
    answer = an_interaction.message
    return {
        "id": str(an_interaction.id),
        "command": an_interaction.path,
        "content": an_interaction.content,
        "deferred": an_interaction.deferred,
        "ephemeral": an_interaction.ephemeral,
        "failed": an_interaction.failed,
        "response": None if answer is None else message(discord, answer),
        "followups": [message(discord, one) for one in an_interaction.followups],
        "modal": an_interaction.modal,
    }


def request(a_request: Request) -> Json:
    """Tell a REST call of the bot."""
    return {
        "method": a_request.method,
        "path": a_request.path,
        "route": a_request.route,
        "body": a_request.body,
        "status": a_request.status,
        "response": a_request.response,
        "at": a_request.at,
    }


def _user(user: User) -> Json:
    return {"id": str(user.id), "name": user.name, "bot": user.bot}


def _channel(channel: Channel) -> Json:
    shape: Json = {"id": str(channel.id), "name": channel.name, "guild_id": channel.guild_id and str(channel.guild_id)}
    if channel.thread is None:
        return shape
    thread = channel.thread
    return shape | {"parent_id": str(channel.parent_id), "archived": thread.archived, "locked": thread.locked}


def _guild(discord: LocalDiscord, guild: Guild) -> Json:
    return {
        "id": str(guild.id),
        "name": guild.name,
        "owner_id": str(guild.owner_id),
        "channels": [_channel(one) for one in guild.channels.values()],
        "threads": [_channel(one) for one in discord.channels.values() if one.thread and one.guild_id == guild.id],
        "members": [one.user.name for one in guild.members.values()],
        "roles": [{"id": str(one.id), "name": one.name} for one in guild.roles.values()],
    }
