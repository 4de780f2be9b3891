"""Buttons pressed and forms sent: what they stand for is in their `custom_id`, so a restart forgets none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import discord
import structlog

from discord_adapter.cards import card, who_decides
from discord_adapter.choices import Verb, parse, view
from discord_adapter.choosing import CLOSED
from discord_adapter.content import NO_PINGS
from discord_adapter.failing import told_of
from discord_adapter.forms import FormError, arguments_of, show_form
from discord_adapter.people import person_of
from discord_adapter.plain import inline
from graph.deciding import Answer
from graph.errors import SurfaceUnreachable
from tools.tool import ToolError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checkpoints.cards import Approval
    from checkpoints.journal import Journal
    from discord_adapter.choosing import Choosing
    from discord_adapter.offering import Offering
    from graph.redacting import Redactor
    from graph.turns import TurnEngine

log = structlog.get_logger()

_Interaction = discord.Interaction[discord.Client]

_OUT_OF_SIGHT = "You cannot see the channel of this, so you may not decide it."
_LATER = "I cannot read what others said on this just now; please try again in a moment."

# Lines of what does not fit a schema, and characters of each, that a person is shown.
_LINES_SHOWN, _LINE_ROOM = 6, 200


class Presses:
    """Answers every press of a button of ours, and every form.

    Discord waits three seconds for the first answer ("Receiving and Responding to Interactions"), so what may take
    longer is put off first; the card shows what came of it, and a sentence that only the person sees says the rest.

    Args:
        engine: Edits, and knows who may.
        journal: Has the cards.
        choosing: Does what was chosen.
        offering: Knows who may be shown a card: a list stays with somebody who cannot see its place any more.
        redact: Takes secrets out of what is shown.
    """

    def __init__(
        self, engine: TurnEngine, journal: Journal, choosing: Choosing, offering: Offering, redact: Redactor
    ) -> None:
        self._engine = engine
        self._journal = journal
        self._choosing = choosing
        self._offering = offering
        self._redact = redact

    async def used(self, interaction: _Interaction) -> None:
        """A component or a form was used, ours or not."""
        data = cast("Mapping[str, Any]", interaction.data or {})
        pressed = parse(str(data.get("custom_id", "")))
        if pressed is None:
            return
        verb, approval_id = pressed
        try:
            if interaction.type is discord.InteractionType.modal_submit:
                await self._sent(interaction, approval_id, data)
            elif verb in (Verb.EDIT, Verb.SHOW):
                await self._shown(interaction, verb, approval_id)
            else:
                await self._chosen(interaction, verb, approval_id)
        except discord.HTTPException as error:
            # What was to be done is done or not whether or not Discord takes what we say about it.
            log.warning("press_not_answered", verb=verb, error=str(error))
        except Exception as error:  # noqa: BLE001 - the boundary: the person is told, the operator sees it
            await _tell(interaction, told_of(error, "press_failed", verb=verb, approval=approval_id))

    async def _chosen(self, interaction: _Interaction, verb: Verb, approval_id: str) -> None:
        await interaction.response.defer()
        pressed = await self._journal.approvals.get(approval_id)
        if pressed is not None and interaction.message is not None and not _is_private(interaction):
            await self._choosing.stands_in(pressed, interaction.message.id)
        approval = await self._open(interaction, approval_id)
        if approval is None:
            return
        try:
            told = await self._choosing.press(approval, verb, person_of(interaction.user))
        except SurfaceUnreachable as error:
            log.warning("press_not_taken", verb=verb, approval=approval_id, error=str(error))
            await _tell(interaction, _LATER)
            return
        # The card itself shows a decision; a list that only the person sees does not.
        if told.answer is not Answer.DECIDED or _is_private(interaction):
            await _tell(interaction, told.sentence)

    async def _open(self, interaction: _Interaction, approval_id: str) -> Approval | None:
        """The card, where it waits and may be shown to this person; else they are told."""
        approval = await self._journal.approvals.get(approval_id)
        if approval is None or approval.decision is not None:
            await _tell(interaction, CLOSED)
            return None
        if not await self._offering.to(approval, interaction.user):
            await _tell(interaction, _OUT_OF_SIGHT)
            return None
        return approval

    async def _shown(self, interaction: _Interaction, verb: Verb, approval_id: str) -> None:
        """Show the form, or a card as a message of its own, to somebody who may decide it."""
        approval = await self._open(interaction, approval_id)
        if approval is None:
            return
        if not self._engine.may_decide(approval, person_of(interaction.user)):
            await _tell(interaction, f"You may not decide this: {who_decides(self._engine.applied(approval))}.")
        elif verb is Verb.EDIT:
            await show_form(interaction, approval, self._redact)
        else:
            votes = await self._journal.approvals.votes(approval.id)
            content = card(self._engine.applied(approval), votes).without(self._redact)
            await interaction.response.send_message(
                content.text,
                files=content.attached(),
                view=view(content.buttons or ()) or discord.utils.MISSING,
                ephemeral=True,
                allowed_mentions=NO_PINGS,
            )

    async def _sent(self, interaction: _Interaction, approval_id: str, data: Mapping[str, Any]) -> None:
        """Take the arguments of a form; who sends it is looked at now, whoever opened it."""
        await interaction.response.defer()
        if await self._open(interaction, approval_id) is None:
            return
        try:
            arguments = await arguments_of(data)
            outcome = await self._engine.edit(approval_id, person_of(interaction.user), arguments)
        except FormError as error:
            await _tell(interaction, str(error))
            return
        except ToolError as problem:
            await _tell(interaction, f"Nothing was changed:\n{_problem(problem)}")
            return
        match outcome.answer:
            case Answer.NOT_ALLOWED if outcome.approval is not None:
                await _tell(interaction, f"You may not decide this: {who_decides(outcome.approval)}.")
            case Answer.NOT_ALLOWED:
                await _tell(interaction, "You may not decide this.")
            case Answer.CLOSED:
                await _tell(interaction, CLOSED)
            case _:
                if _is_private(interaction):
                    await _tell(interaction, "A new card asks about what you sent.")


def _problem(problem: ToolError) -> str:
    """What does not fit, with the words of a schema that anybody may have written."""
    return "\n".join(inline(line, _LINE_ROOM) for line in str(problem).splitlines()[:_LINES_SHOWN])


def _is_private(interaction: _Interaction) -> bool:
    return interaction.message is not None and interaction.message.flags.ephemeral


async def _tell(interaction: _Interaction, sentence: str) -> None:
    """Say something that only the person sees."""
    if interaction.response.is_done():
        await interaction.followup.send(sentence, ephemeral=True, allowed_mentions=NO_PINGS)
    else:
        await interaction.response.send_message(sentence, ephemeral=True, allowed_mentions=NO_PINGS)
