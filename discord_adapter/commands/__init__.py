"""Slash commands, one file a subject."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord import app_commands

from discord_adapter.commands import ask, history, pending, prompts, stopping
from discord_adapter.failing import told_of
from graph.workers import HeldElsewhere

if TYPE_CHECKING:
    import discord

    from checkpoints.journal import Journal
    from discord_adapter.card_messages import CardMessages
    from discord_adapter.offering import Offering
    from graph.branching import Branching
    from graph.redacting import Redactor
    from graph.turns import TurnEngine
    from prompts.resolve import Prompts


def register(
    tree: app_commands.CommandTree[discord.Client],
    *,
    engine: TurnEngine,
    prompts_here: Prompts,
    journal: Journal,
    branching: Branching,
    cards: CardMessages,
    offering: Offering,
    redact: Redactor,
) -> None:
    """Put all commands on the tree."""
    ask.register(tree, engine, redact)
    prompts.register(tree, prompts_here, redact)
    history.register(tree, journal, branching, redact)
    pending.register(tree, engine, journal, cards, offering, redact)
    stopping.register(tree, engine)
    tree.error(_failed)


async def _failed(interaction: discord.Interaction[discord.Client], error: app_commands.AppCommandError) -> None:
    """A command failed: one sentence to the user, one event to the operator."""
    cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
    if isinstance(cause, app_commands.CheckFailure | HeldElsewhere):
        sentence = str(cause)
    else:
        sentence = told_of(cause, "command_failed", command=getattr(interaction.command, "name", None))
    if interaction.response.is_done():
        await interaction.edit_original_response(content=sentence)
    else:
        await interaction.response.send_message(sentence, ephemeral=True)
