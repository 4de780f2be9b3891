"""/history, /rewind, /reset: what was said in a conversation, and the ways back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import app_commands

from checkpoints.cards import Decision
from checkpoints.history import history_of
from checkpoints.keys import Conversation
from discord_adapter.text.splitting import split
from graph.branching import NoSuchTurn

if TYPE_CHECKING:
    from checkpoints.branches import Branch
    from checkpoints.history import TurnHistory
    from checkpoints.journal import Journal
    from graph.branching import Branching
    from graph.redacting import Redactor

_Interaction = discord.Interaction[discord.Client]

# What is listed of a long history; `clew history` lists all of it.
_NEWEST_TURNS = 20

_MARKS = {Decision.APPROVED: "✅", Decision.REFUSED: "❌"}


def register(
    tree: app_commands.CommandTree[discord.Client], journal: Journal, branching: Branching, redact: Redactor
) -> None:
    """Put the three commands on the tree."""

    @tree.command(description="List the branches of your conversation here and the turns of one of them")
    @app_commands.describe(branch="a branch's number; the current one unless you say otherwise")
    async def history(  # pyright: ignore[reportUnusedFunction] - the tree keeps it
        interaction: _Interaction, branch: app_commands.Range[int, 0] | None = None
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        first, *more = split(redact(await _history(journal, _conversation(interaction), branch)))
        await interaction.edit_original_response(content=first, allowed_mentions=discord.AllowedMentions.none())
        for part in more:
            await interaction.followup.send(part, ephemeral=True, allowed_mentions=discord.AllowedMentions.none())

    @tree.command(description="Go back to before one of your turns; the conversation goes on from there")
    @app_commands.describe(turn="the turn's number, as /history lists it")
    async def rewind(  # pyright: ignore[reportUnusedFunction] - the tree keeps it
        interaction: _Interaction, turn: app_commands.Range[int, 1]
    ) -> None:
        await interaction.response.defer()
        try:
            opened = await branching.rewind(_conversation(interaction), turn, by=interaction.user.id)
        except NoSuchTurn as error:
            await interaction.edit_original_response(content=str(error))
            return
        await interaction.edit_original_response(
            content=f"Back to before turn {turn}: the conversation goes on from there, on branch {opened.number}. "
            f"Branch {_number_before(opened)} stays as it was; /history shows both."
        )

    @tree.command(description="Start your conversation here anew; the old one stays in /history")
    async def reset(interaction: _Interaction) -> None:  # pyright: ignore[reportUnusedFunction] - the tree keeps it
        await interaction.response.defer()
        opened = await branching.reset(_conversation(interaction), by=interaction.user.id)
        await interaction.edit_original_response(
            content=f"A new conversation, on branch {opened.number}. The old one stays in /history."
        )


async def _history(journal: Journal, conversation: Conversation, number: int | None) -> str:
    branches = await journal.branches.of(conversation)
    chosen = next((one for one in branches if (one.current if number is None else one.number == number)), None)
    if not branches:
        return "You have not spoken with me here yet."
    if chosen is None:
        return f"There is no branch {number} here; you have {len(branches)}, counted from 0."
    lines = ["**Branches**", *(_branch_line(branch) for branch in branches), f"**Turns of branch {chosen.number}**"]
    turns = await history_of(journal, chosen.thread_id)
    if len(turns) > _NEWEST_TURNS:
        lines.append(f"-# the newest {_NEWEST_TURNS} of {len(turns)}")
    lines += [_turn_line(turn) for turn in turns[-_NEWEST_TURNS:]] or ["none yet"]
    return "\n".join(lines)


def _branch_line(branch: Branch) -> str:
    mark = " · current" if branch.current else ""
    return f"{branch.number} · {branch.reason} <t:{int(branch.created_at.timestamp())}:f>{mark} · `{branch.thread_id}`"


def _turn_line(turn: TurnHistory) -> str:
    record = turn.record
    words = discord.utils.escape_markdown(record.first_words)
    line = f"{record.number}. <t:{int(record.started_at.timestamp())}:f> {words}"
    done = [f"`{run.tool}`{' failed' if run.failed else ''}" for run in turn.tool_runs]
    done += [f"{_mark(card.decision)} `{card.tool}`" for card in turn.approvals]
    if record.outcome and record.outcome != "answered":
        done.append(record.outcome)
    return f"{line}\n-# {' · '.join(done)}" if done else line


def _mark(decision: Decision | None) -> str:
    return "waiting" if decision is None else _MARKS.get(decision, decision.words)


def _conversation(interaction: _Interaction) -> Conversation:
    if interaction.channel_id is None:
        raise app_commands.CheckFailure("This works in a channel only.")
    return Conversation(interaction.guild_id, interaction.channel_id, interaction.user.id)


def _number_before(branch: Branch) -> str:
    return (branch.parent or "").rpartition(":")[2]
