"""/setprompt, /viewprompt, /resetprompt: the system prompt, managed from Discord."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Literal

import discord
from discord import app_commands

from discord_adapter.text.splitting import MESSAGE_LIMIT
from prompts.resolve import LONGEST, Scope

if TYPE_CHECKING:
    from graph.redacting import Redactor
    from prompts.resolve import Prompts

_Interaction = discord.Interaction[discord.Client]
_Where = Literal["channel", "guild"]

_NAMES = {Scope.CHANNEL: "this channel", Scope.GUILD: "this server"}


def register(tree: app_commands.CommandTree[discord.Client], prompts: Prompts, redact: Redactor) -> None:
    """Put the three commands on the tree."""

    @tree.command(description="Set the system prompt of this channel or of the whole server")
    @app_commands.describe(text="the prompt", scope="for this channel (unless you say otherwise) or for the server")
    @app_commands.guild_only()
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.check(_may_manage)
    async def setprompt(  # pyright: ignore[reportUnusedFunction] - the tree keeps it
        interaction: _Interaction, text: app_commands.Range[str, 1, LONGEST], scope: _Where = "channel"
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        where = Scope(scope)
        try:
            await prompts.set(where, _id(interaction, where), text, interaction.user.id)
        except ValueError as error:
            await interaction.edit_original_response(content=str(error))
            return
        await interaction.edit_original_response(
            content=f"The prompt of {_NAMES[where]} is set; it holds from the next message on."
        )

    @tree.command(description="Show the system prompt that holds here, and why")
    async def viewprompt(interaction: _Interaction) -> None:  # pyright: ignore[reportUnusedFunction] - the tree keeps it
        await interaction.response.defer(ephemeral=True)
        held = await prompts.resolve(interaction.guild_id, _id(interaction, Scope.CHANNEL))
        heading = f"The prompt here is {held.why}:"
        text = redact(held.text)
        quoted = "\n".join(f"> {line}" for line in text.splitlines())
        if len(heading) + len(quoted) < MESSAGE_LIMIT:
            await interaction.edit_original_response(
                content=f"{heading}\n{quoted}", allowed_mentions=discord.AllowedMentions.none()
            )
            return
        file = discord.File(io.BytesIO(text.encode()), filename="prompt.md")
        await interaction.edit_original_response(content=heading, attachments=[file])

    @tree.command(description="Take back the system prompt that was set for this channel or for the server")
    @app_commands.describe(scope="for this channel (unless you say otherwise) or for the server")
    @app_commands.guild_only()
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.check(_may_manage)
    async def resetprompt(  # pyright: ignore[reportUnusedFunction] - the tree keeps it
        interaction: _Interaction, scope: _Where = "channel"
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        where = Scope(scope)
        was_set = await prompts.reset(where, _id(interaction, where))
        held = await prompts.resolve(interaction.guild_id, _id(interaction, Scope.CHANNEL))
        done = "taken back" if was_set else "not set, so nothing changed"
        await interaction.edit_original_response(
            content=f"The prompt of {_NAMES[where]} was {done}. The prompt here is now {held.why}."
        )


def _may_manage(interaction: _Interaction) -> bool:
    """Asked again here: a server can open the command to others, the prompt stays with those who manage the server."""
    if not interaction.permissions.manage_guild:
        raise app_commands.CheckFailure("Only people who may manage this server can change its prompts.")
    return True


def _id(interaction: _Interaction, scope: Scope) -> int:
    found = interaction.channel_id if scope is Scope.CHANNEL else interaction.guild_id
    if found is None:
        raise app_commands.CheckFailure("This works in a server's channel only.")
    return found
