"""Tools that read the Discord server a turn comes from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import discord

from checkpoints.finishing import to_its_end
from discord_adapter.sending import PATIENCE
from tools.tool import OURS, Hints, Tool, ToolFailed

if TYPE_CHECKING:
    from tools.tool import Origin

# A server can have 500 channels; a model is served with fewer.
_MOST_CHANNELS = 100


def server_tools(client: discord.Client) -> list[Tool]:
    """The tools of this room."""

    async def run(_arguments: dict[str, Any], origin: Origin) -> str:
        if origin.guild_id is None:
            raise ToolFailed("This is a direct message, so there is no server to tell about.")
        guild = client.get_guild(origin.guild_id)
        if guild is None:
            raise ToolFailed("Discord does not tell about this server at the moment; try again later.")
        return json.dumps(_information(guild, await _member(guild, origin.user_id)), ensure_ascii=False)

    return [
        Tool(
            name="server_information",
            description="What is known of this conversation's Discord server: name, age, members, channels, roles.",
            schema={"type": "object", "properties": {}, "additionalProperties": False},
            server=OURS,
            hints=Hints(read_only=True, destructive=False, idempotent=True, open_world=False),
            run=run,
        )
    ]


async def _member(guild: discord.Guild, user_id: int) -> discord.Member:
    try:
        return guild.get_member(user_id) or await to_its_end(guild.fetch_member(user_id), PATIENCE)
    except discord.HTTPException as error:
        raise ToolFailed(f"Discord does not tell about the person who asks: {error}.") from error


def _information(guild: discord.Guild, member: discord.Member) -> dict[str, Any]:
    """What the person who asks can see of the server as well."""
    seen = [channel for channel in guild.channels if channel.permissions_for(member).view_channel]
    return {
        "name": guild.name,
        "description": guild.description,
        "created": guild.created_at.date().isoformat(),
        "members": guild.member_count,
        "channels": [{"name": channel.name, "kind": str(channel.type)} for channel in seen[:_MOST_CHANNELS]],
        "roles": [role.name for role in guild.roles if not role.is_default()],
    }
