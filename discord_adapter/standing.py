"""What stands on a card, read where nobody heard it, and the approvals that were taken back meanwhile."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

import discord
import structlog

from discord_adapter.choices import DECISIONS, STANDING, verb_of
from discord_adapter.sending import Gone
from graph.deciding import NEEDS_ENOUGH, Rules, Said
from graph.errors import PlaceGone, SurfaceError, SurfaceUnreachable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from checkpoints.approvals import Approvals
    from checkpoints.cards import Approval
    from checkpoints.deliveries import Delivery
    from discord_adapter.outbox import Outbox

log = structlog.get_logger()


class Admits(Protocol):
    """Says who is heard on a card (`discord_adapter.access.Access.may_decide`)."""

    async def __call__(self, user: discord.abc.Snowflake, guild_id: int | None, channel_id: int, /) -> bool:
        """Whether somebody is, in a channel of a server."""
        ...


class Standing:
    """Reads cards.

    Args:
        outbox: Asks Discord.
        approvals: Knows who has approved a card so far.
        rules: Who may decide.
        admits: Whether what somebody says on a card may count at all.
        on_forgotten: Called when somebody is not counted any more among those who approve a card.
    """

    def __init__(
        self,
        outbox: Outbox,
        approvals: Approvals | None,
        rules: Rules,
        admits: Admits | None,
        on_forgotten: Callable[[Approval], Awaitable[None]],
    ) -> None:
        self._outbox = outbox
        self._approvals = approvals
        self._rules = rules
        self._admits = admits
        self._on_forgotten = on_forgotten
        # Cards that were read since the gateway's session began: from then on we hear of each reaction.
        self._read: set[str] = set()

    def session_began(self) -> None:
        """A session of the gateway began: what was done on cards before it was not heard."""
        self._read.clear()
        self._outbox.watches.session_began()

    def is_read(self, approval: Approval) -> bool:
        """Whether all that is said on a card was read or heard, in this session."""
        return approval.id in self._read

    async def read(self, delivery: Delivery, approval: Approval, guild_id: int | None) -> list[Said]:
        """What stands on a card: said right after it was posted, or while we were away; refusals first.

        Raises:
            SurfaceUnreachable: Discord cannot be reached for now.
            Gone: The card was deleted.
            PlaceGone: Its channel was.
        """
        # From before it is read: what is taken off until it counts was heard.
        watch = self._outbox.watches.begin(delivery.message_id)
        # Before the reactions: who approves after they were read must not count as missing among them.
        voters = await self.voters(approval)
        try:
            reacted = await self._outbox.reactions(delivery, *STANDING[approval.kind])
            found: list[Said] = []
            approving: set[int] = set()
            for emoji, people in reacted.items():
                verb = verb_of(emoji, approval)
                if verb is None or verb not in DECISIONS:
                    continue
                decision, counted = DECISIONS[verb], ()
                if decision in NEEDS_ENOUGH:
                    # Whoever was allowed when they approved counts on, whatever they may do by now.
                    approving, counted = approving | people, voters
                heard = [user_id for user_id in sorted(people) if await self._heard(user_id, guild_id, approval)]
                persons = [await self._outbox.people.find(guild_id, user_id) for user_id in heard]
                for person in filter(None, persons):
                    if self._rules.may_decide(approval, person):
                        found.append(Said(person, decision, partial(watch.surely_stands, person.user_id, emoji)))
                    elif delivery.message_id is not None and person.user_id not in counted:
                        await self._outbox.unreact(delivery.channel_id, delivery.message_id, emoji, person.user_id)
        except (SurfaceUnreachable, Gone, PlaceGone):
            raise
        except SurfaceError as error:
            log.warning("reactions_not_read", turn=approval.turn_key, error=str(error))
            found = []
        else:
            await self._forget_missing(approval, guild_id, approving, voters)
        if watch.whole:
            # Else another session has begun, and was not told what was done before.
            self._read.add(approval.id)
        return found

    async def _heard(self, user_id: int, guild_id: int | None, approval: Approval) -> bool:
        """Whether a reaction that stands counts: as for one that comes just now, whoever a list denies is not heard."""
        return self._admits is None or await self._admits(discord.Object(user_id), guild_id, approval.channel_id)

    async def voters(self, approval: Approval) -> Sequence[int]:
        """Who has approved a card so far."""
        return () if self._approvals is None else await self._approvals.votes(approval.id)

    async def _forget_missing(
        self, approval: Approval, guild_id: int | None, approving: set[int], voters: Sequence[int]
    ) -> None:
        """Count those no longer who took their reaction away while nobody listened, or whom a list denies by now."""
        if self._approvals is None or not voters:
            return
        stands = approving | await self._approvals.pressers(approval.id)
        missing = [one for one in voters if one not in stands or not await self._heard(one, guild_id, approval)]
        for user_id in missing:
            await self._approvals.unvote(approval.id, user_id)
        if missing:
            await self._on_forgotten(approval)
