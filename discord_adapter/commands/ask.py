"""/ask: a question without a mention, for servers that keep what messages say from bots."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import discord
import structlog
from discord import app_commands

from checkpoints.keys import Conversation, turn_key
from discord_adapter.intake import files_of, parent_of
from graph.turn import Turn

if TYPE_CHECKING:
    from graph.redacting import Redactor
    from graph.turns import TurnEngine

log = structlog.get_logger()

_Interaction = discord.Interaction[discord.Client]

# What is repeated of the question in the channel, so that others can follow.
_REPEATED = 1500

_STILL = "I told you that this is as much as I take; please ask this again when I said."


def register(tree: app_commands.CommandTree[discord.Client], engine: TurnEngine, redact: Redactor) -> None:
    """Put the command on the tree."""

    @tree.command(description="Ask me something; the answer comes here")
    @app_commands.describe(text="what you want to know or have done", file="an image or a text to go with it")
    async def ask(  # pyright: ignore[reportUnusedFunction] - the tree keeps it
        interaction: _Interaction, text: app_commands.Range[str, 1, 6000], file: discord.Attachment | None = None
    ) -> None:
        if interaction.channel_id is None:
            raise app_commands.CheckFailure("This works in a channel only.")
        turn = Turn(
            key=turn_key("interaction", interaction.id),
            conversation=Conversation(interaction.guild_id, interaction.channel_id, interaction.user.id),
            user_id=interaction.user.id,
            channel_id=interaction.channel_id,
            text=text,
            attached=tuple(files_of([file] if file else [])),
            parent_id=parent_of(interaction.channel),
        )
        # Claimed before it is repeated, so that nothing is lost; begun after it, so that the answer stands below.
        await engine.accept(turn, begin=False)
        if await engine.silenced(turn):
            await interaction.response.send_message(_STILL, ephemeral=True)
            return
        try:
            repeated = await interaction.response.send_message(_question(redact(text)), allowed_mentions=_NO_PINGS)
            turn = replace(turn, message_id=repeated.message_id)
        except discord.HTTPException as error:
            log.warning("question_not_repeated", turn=turn.key, error=str(error))
        await engine.begin(turn)


_NO_PINGS = discord.AllowedMentions.none()


def _question(text: str) -> str:
    lines = (text if len(text) <= _REPEATED else f"{text[:_REPEATED]}…").splitlines()
    return "\n".join(f"> {line}" for line in lines)[:2000] or "…"
