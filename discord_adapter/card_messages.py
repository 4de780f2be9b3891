"""The messages that cards are: posted, found again, brought up to date, and posted anew when somebody deleted one."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import structlog

from discord_adapter.cards import card
from discord_adapter.choices import OFFERED
from discord_adapter.content import Content
from discord_adapter.outbox import unguarded
from discord_adapter.parts import card_of, card_part, number_of
from discord_adapter.sending import Gone
from discord_adapter.standing import Standing
from graph.deciding import Rules
from graph.errors import PlaceGone, SurfaceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import discord

    from checkpoints.approvals import Approvals
    from checkpoints.cards import Approval
    from checkpoints.deliveries import Delivery
    from checkpoints.inbox import Inbox
    from discord_adapter.outbox import Guard, Outbox
    from discord_adapter.standing import Admits
    from graph.deciding import Said

log = structlog.get_logger()

_MAY_NOT_REACT = "-# I may not add reactions here (Add Reactions), so cards come without them: use the buttons."

# How often a card is posted anew while it is being shown; it was deleted each time.
_TRIES = 3


class CardMessages:
    """Where each card is shown.

    Args:
        outbox: Sends.
        approvals: Knows who has approved a card so far; without it, nobody is shown.
        rules: How many people a card takes now, and whether those who have to decide are told by a mention, once.
        admits: Whether what somebody says on a card may count at all; without it, everybody's may.
        inbox: Knows which replies to a card were taken as questions; without it, none was.
    """

    def __init__(
        self,
        outbox: Outbox,
        approvals: Approvals | None = None,
        *,
        rules: Rules | None = None,
        admits: Admits | None = None,
        inbox: Inbox | None = None,
    ) -> None:
        self._outbox = outbox
        self._approvals = approvals
        self._rules = rules or Rules()
        self._told: set[int] = set()
        self._refreshing: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._standing = Standing(outbox, approvals, self._rules, admits, inbox, self.refresh)

    def session_began(self) -> None:
        """A session of the gateway began: what was done on cards before it was not heard."""
        self._standing.session_began()

    async def current(self, approval: Approval) -> Delivery:
        """The message that shows a card now: the newest of those posted for it."""
        planned = await self._outbox.planned(approval.turn_key)
        own = [one for one in planned if card_of(one.part) == approval.id]
        if own:
            return max(own, key=lambda one: number_of(one.part))
        return await self._outbox.plan(approval.turn_key, card_part(approval.id), approval.channel_id)

    async def ask(
        self,
        approval: Approval,
        guild_id: int | None,
        reply_to: discord.MessageReference | None,
        guard: Guard = unguarded,
    ) -> list[Said]:
        """Show a card with the reactions that decide it, and read those that are there already.

        Args:
            approval: The card.
            guild_id: The server; None in a direct message.
            reply_to: The message that a new card answers.
            guard: Raises where no new card may be posted any more.

        Returns:
            What was said, by each person as they are now; refusals first.

        Raises:
            SurfaceUnreachable: Discord cannot be reached for now.
            SurfaceError: It cannot be shown.
        """
        delivery = await self.current(approval)
        for _ in range(_TRIES):
            try:
                delivery = await self._shown(delivery, approval, reply_to, guard)
                return await self._standing.read(delivery, approval, guild_id)
            except Gone:
                log.info("card_was_deleted", turn=approval.turn_key, message=delivery.message_id)
                await self._keep_votes(approval)
                part = card_part(approval.id, number_of(delivery.part) + 1)
                delivery = await self._outbox.plan(approval.turn_key, part, approval.channel_id)
        raise SurfaceError("the card is deleted whenever it is posted")

    async def unheard(self, approval: Approval, guild_id: int | None) -> list[Said]:
        """What stands on a card that was not read yet in this session.

        Who approved it is forgotten where they took that away meanwhile, or where a list denies them by now.

        Raises:
            SurfaceUnreachable: Discord cannot be reached for now.
        """
        found: list[Said] = []
        if self._standing.is_read(approval):
            await self._standing.forget_denied(approval, guild_id)
        try:
            while not self._standing.is_read(approval):  # and once more where a session began while it was read
                found = await self._standing.read(await self.current(approval), approval, guild_id)
        except (Gone, PlaceGone):
            # It is posted anew, or its turn ends.
            return []
        return found

    async def refresh(self, approval: Approval) -> None:
        """Show on a card how it stands; once more changes nothing, and a card that is gone is left alone.

        Raises:
            SurfaceUnreachable: It can be changed later, or may be on its way.
            SurfaceError: It cannot be changed.
        """
        # One at a time, and again until nothing has changed meanwhile, here or in another process: else a count could
        # come after the decision and stay.
        async with self._refreshing.setdefault(approval.id, asyncio.Lock()):
            delivery = await self._outbox.find_card(await self.current(approval))
            shown = None
            while (known := await self._known(approval)) != shown:
                # Its file stays where it hangs already.
                await self._outbox.edit(delivery, partial(_without_files, *known))
                shown = known

    async def stands_in(self, approval: Approval, message_id: int) -> bool:
        """Note the message that shows a card, by whoever pressed a button of it; whether that was not known."""
        delivery = await self.current(approval)
        if delivery.message_id is not None:
            return False
        return (await self._outbox.adopt(delivery, message_id)).message_id == message_id

    async def _known(self, approval: Approval) -> tuple[Approval, tuple[int, ...]]:
        """A card as it is now, with the terms that count now, and who has approved it."""
        now = await self._approvals.get(approval.id) if self._approvals else None
        return self._rules.applied(now or approval), tuple(await self._standing.voters(approval))

    async def _shown(
        self, delivery: Delivery, approval: Approval, reply_to: discord.MessageReference | None, guard: Guard
    ) -> Delivery:
        if delivery.message_id is None:
            known = await self._known(approval)
            # Once for a call: not for a card in the place of a deleted one, nor for one whose arguments were edited.
            first = number_of(delivery.part) == 1 and approval.number == 0
            ping = first and self._rules.ping(approval.tool, approval.source)
            content = card(*known, ping=ping)
            delivery, _ = await self._outbox.show(
                delivery, lambda: content, final=False, reply_to=reply_to, guard=guard
            )
            if await self._known(approval) != known:
                # Decided or counted from /pending, or by another process, before it stood here.
                await self.refresh(approval)
        if delivery.final:
            return delivery
        may_react = await self._outbox.reacting.offer(delivery, *OFFERED[approval.kind])
        delivery = await self._outbox.finish(delivery)
        if not may_react:
            await self._tell(approval, guard)
        return delivery

    async def _tell(self, approval: Approval, guard: Guard) -> None:
        """Say, once for each channel, why there is nothing to click below a card."""
        if approval.channel_id in self._told:
            return
        self._told.add(approval.channel_id)
        try:
            said = await self._outbox.plan(approval.turn_key, "may-not-react", approval.channel_id)
            if not said.final:
                await self._outbox.show(said, lambda: Content(_MAY_NOT_REACT), final=True, guard=guard)
        except SurfaceError as error:
            # The card itself stands there, and has its buttons.
            log.info("missing_permission_not_told", turn=approval.turn_key, error=str(error))

    async def _keep_votes(self, approval: Approval) -> None:
        """Count the approvals on without the reactions that stood for them: those went with the message."""
        if self._approvals is not None:
            for user_id in await self._standing.voters(approval):
                await self._approvals.pressed(approval, user_id)


def _without_files(approval: Approval, votes: Sequence[int]) -> Content:
    return card(approval, votes).without_files()
