"""/pending: the cards that wait for somebody, wherever in the server they are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import discord
from discord import app_commands

from discord_adapter.choices import DECISIONS, SHOW, Button, Verb, buttons, custom_id, parse, view
from discord_adapter.content import NO_PINGS
from discord_adapter.people import person_of
from discord_adapter.plain import exact, inline
from discord_adapter.text.lengths import units

if TYPE_CHECKING:
    from checkpoints.cards import Approval
    from checkpoints.journal import Journal
    from discord_adapter.card_messages import CardMessages
    from discord_adapter.offering import Offering
    from graph.redacting import Redactor
    from graph.turns import TurnEngine

_Interaction = discord.Interaction[discord.Client]

# A message has at most five rows of buttons (Discord's documentation, components/reference, action row).
_LISTED = 5

# UTF-16 units of arguments that the list itself shows; five times this and the rest fit into a message.
_ARGUMENTS_ROOM = 160
_NAME_ROOM = 60


def register(
    tree: app_commands.CommandTree[discord.Client],
    engine: TurnEngine,
    journal: Journal,
    cards: CardMessages,
    offering: Offering,
    redact: Redactor,
) -> None:
    """Put the command on the tree."""

    @tree.command(description="List what waits for your decision")
    async def pending(interaction: _Interaction) -> None:  # pyright: ignore[reportUnusedFunction] - the tree keeps it
        await interaction.response.defer(ephemeral=True)
        person = person_of(interaction.user)
        mine = [one for one in await engine.open_approvals() if engine.may_decide(one, person)]
        here = [one for one in mine if await _guild_of(journal, one) == interaction.guild_id]
        here = [one for one in here if await offering.to(one, interaction.user)]
        if not here:
            await interaction.edit_original_response(content="Nothing waits for your decision here.")
            return
        listed = [
            _Listed(number, one, exact(one.arguments), secret=redact.holds(one.arguments))
            for number, one in enumerate(here[:_LISTED], 1)
        ]
        lines = [await one.line(interaction.guild_id, cards) for one in listed]
        if len(here) > _LISTED:
            lines.append(f"-# and {len(here) - _LISTED} more, which are listed when these are decided")
        await interaction.edit_original_response(
            content="\n".join(lines),
            view=view([one.row() for one in listed]),
            allowed_mentions=NO_PINGS,
        )


async def _guild_of(journal: Journal, approval: Approval) -> int | None:
    row = await journal.inbox.get(approval.turn_key)
    return row.conversation.guild_id if row else None


@dataclass(frozen=True, slots=True)
class _Listed:
    """A card in the list: its place there, its arguments as they are shown, and whether they hold a secret.

    They can hold what became known as one after the card was asked.
    """

    number: int
    approval: Approval
    arguments: str
    secret: bool

    @property
    def whole(self) -> bool:
        """Whether the list shows the arguments; only what is shown here in full can be decided here."""
        return not self.secret and units(self.arguments) <= _ARGUMENTS_ROOM

    async def line(self, guild_id: int | None, cards: CardMessages) -> str:
        card = await cards.current(self.approval)
        place = f"https://discord.com/channels/{guild_id or '@me'}/{self.approval.channel_id}"
        link = place if card.message_id is None else f"{place}/{card.message_id}"
        much = f" ({len(self.arguments):,} characters of arguments)\n"
        shown = f"\n```json\n{self.arguments}\n```" if self.whole else much
        tool = inline(self.approval.tool, _NAME_ROOM)
        return f"{self.number}. {tool} for <@{self.approval.requester_id}>: {link}{shown}".rstrip()

    def row(self) -> tuple[Button, ...]:
        show = Button(custom_id(Verb.SHOW, self.approval.id), f"Show {self.number}", SHOW)
        if not self.whole:
            return (show,)
        decide = [replace(one, label=f"{one.label} {self.number}") for one in buttons(self.approval) if _decides(one)]
        return (*decide, show)


def _decides(button: Button) -> bool:
    parsed = parse(button.custom_id)
    return parsed is not None and parsed[0] in DECISIONS
