"""Slash commands, one file a subject."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from discord import app_commands

from discord_adapter.commands import ask, history, prompts

if TYPE_CHECKING:
    import discord

    from checkpoints.journal import Journal
    from graph.branching import Branching
    from graph.turns import TurnEngine
    from prompts.resolve import Prompts

log = structlog.get_logger()


def register(
    tree: app_commands.CommandTree[discord.Client],
    *,
    engine: TurnEngine,
    prompts_here: Prompts,
    journal: Journal,
    branching: Branching,
) -> None:
    """Put all commands on the tree."""
    ask.register(tree, engine)
    prompts.register(tree, prompts_here)
    history.register(tree, journal, branching)
    tree.error(_failed)


async def _failed(interaction: discord.Interaction[discord.Client], error: app_commands.AppCommandError) -> None:
    """A command failed: one sentence to the user, one event to the operator."""
    if isinstance(error, app_commands.CheckFailure):
        sentence = str(error)
    else:
        log.error("command_failed", command=getattr(interaction.command, "name", None), exc_info=error)
        sentence = "Something went wrong on my side; nothing was changed that I know of."
    if interaction.response.is_done():
        await interaction.edit_original_response(content=sentence)
    else:
        await interaction.response.send_message(sentence, ephemeral=True)
