"""Reactions on our messages: decisions on cards, and going on without them. Who may decide is looked at here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from discord_adapter.cards import DECISIONS, GO_ON
from discord_adapter.surface import BEHIND, card_of
from graph.turn import Turn

if TYPE_CHECKING:
    import discord

    from checkpoints.approvals import Decision
    from checkpoints.deliveries import Delivery
    from checkpoints.journal import Journal
    from discord_adapter.outbox import Outbox
    from graph.turns import TurnEngine

log = structlog.get_logger()


class Reactions:
    """Takes the reactions that mean something; the journal knows which messages those are on."""

    def __init__(self, engine: TurnEngine, journal: Journal, outbox: Outbox) -> None:
        self._engine = engine
        self._journal = journal
        self._outbox = outbox

    async def added(self, payload: discord.RawReactionActionEvent) -> None:
        """A reaction was added to some message, ours or not, new or from before the start."""
        emoji = str(payload.emoji)
        if emoji not in DECISIONS and _plain(emoji) != _plain(GO_ON):
            return
        async with self._outbox.nothing_half_posted(payload.channel_id):
            delivery = await self._journal.deliveries.by_message(payload.message_id)
        if delivery is None:
            return
        if emoji in DECISIONS:
            await self._decide(delivery, DECISIONS[emoji], payload.user_id)
        elif delivery.part == BEHIND:
            await self._go_on(delivery, payload.user_id)

    async def _decide(self, delivery: Delivery, decision: Decision, user_id: int) -> None:
        key = card_of(delivery.part)
        approval = await self._journal.approvals.get(*key) if key else None
        if approval is None or approval.decision is not None:
            return
        if user_id != approval.requester_id:
            log.info("approval_by_a_stranger", turn=approval.turn_key, tool=approval.tool, user=user_id)
            return
        await self._engine.decide(approval.interrupt_id, approval.call_id, decision, user_id)

    async def _go_on(self, delivery: Delivery, user_id: int) -> None:
        row = await self._journal.inbox.get(delivery.turn_key)
        if row and Turn.from_payload(row.payload).user_id == user_id:
            await self._engine.set_aside(row.conversation)


def _plain(emoji: str) -> str:
    """An emoji without the variation selector, which clients send or leave out."""
    return emoji.replace("\ufe0f", "")
