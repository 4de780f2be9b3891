"""/stop: ends what runs in a conversation, and what runs there without asking."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
import structlog
from discord import app_commands

from checkpoints.keys import Conversation
from discord_adapter.plain import inline

if TYPE_CHECKING:
    from graph.turns import TurnEngine

log = structlog.get_logger()

_Interaction = discord.Interaction[discord.Client]

# UTF-16 units of each tool's name; a conversation has few that run without asking.
_NAME_ROOM, _NAMED = 60, 10


def register(tree: app_commands.CommandTree[discord.Client], engine: TurnEngine) -> None:
    """Put the command on the tree."""

    @tree.command(description="Stop what I am doing for you here; what was not run yet is left")
    @app_commands.describe(person="somebody else whose turn is to be stopped; takes the right to manage messages")
    async def stop(  # pyright: ignore[reportUnusedFunction] - the tree keeps it
        interaction: _Interaction, person: discord.User | None = None
    ) -> None:
        if interaction.channel_id is None:
            raise app_commands.CheckFailure("This works in a channel only.")
        whose = person or interaction.user
        if whose.id != interaction.user.id and not interaction.permissions.manage_messages:
            raise app_commands.CheckFailure("Only people who may manage messages here can stop what others asked for.")
        await interaction.response.defer(ephemeral=True)
        conversation = Conversation(interaction.guild_id, interaction.channel_id, whose.id)
        again = await engine.ask_again(conversation, by=interaction.user.id)
        stopped = await engine.stop(conversation, by=interaction.user.id)
        if stopped:
            log.info("turn_stopped", conversation=str(conversation), by=interaction.user.id)
        await interaction.edit_original_response(content=_told(stopped=stopped, again=again))


def _told(*, stopped: bool, again: list[str]) -> str:
    """What came of it, in words for the person."""
    tools = ", ".join(inline(source, _NAME_ROOM) for source in again[:_NAMED])
    more = f" and {len(again) - _NAMED} more" if len(again) > _NAMED else ""
    asks = [f"From now on I ask here before I run {tools}{more}."] if again else []
    return " ".join((["Stopped."] if stopped else []) + asks) or "There was nothing to stop."
