"""What stands on a card, read where nobody heard it, and the approvals that were taken back meanwhile."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

import discord
import structlog

from checkpoints.keys import turn_key
from discord_adapter.choices import DECISIONS, REFUSALS, STANDING, verb_of
from discord_adapter.sending import Gone
from graph.deciding import NEEDS_ENOUGH, Rules, Said
from graph.errors import PlaceGone, SurfaceError, SurfaceUnreachable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from checkpoints.approvals import Approvals
    from checkpoints.cards import Approval, Decision
    from checkpoints.deliveries import Delivery
    from checkpoints.inbox import Inbox
    from discord_adapter.outbox import Outbox
    from discord_adapter.watches import Watch
    from discord_adapter.written import Reply

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
        inbox: Knows which replies were taken as questions.
        on_forgotten: Called when somebody is not counted any more among those who approve a card.
    """

    def __init__(
        self,
        outbox: Outbox,
        approvals: Approvals | None,
        rules: Rules,
        admits: Admits | None,
        inbox: Inbox | None,
        on_forgotten: Callable[[Approval], Awaitable[None]],
    ) -> None:
        self._outbox = outbox
        self._approvals = approvals
        self._rules = rules
        self._admits = admits
        self._inbox = inbox
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
        voters, disregarded = await self.voters(approval), await self._disregarded(approval)
        try:
            reacted = await self._outbox.reacting.people(delivery, *STANDING[approval.kind])
            # After the reactions: what was written before one of them is there as well.
            found = await self._refused_in_words(delivery, approval, guild_id)
            found += await self._said_by(reacted, delivery, approval, guild_id, watch, voters)
        except (SurfaceUnreachable, Gone, PlaceGone):
            raise
        except SurfaceError as error:
            log.warning("reactions_not_read", turn=approval.turn_key, error=str(error))
            found = []
        else:
            await self._forget_missing(approval, guild_id, _approving(reacted, approval), voters)
            await self._regard_missing(approval, disregarded, reacted)
        if watch.whole:
            # Else another session has begun, and was not told what was done before.
            self._read.add(approval.id)
        return found

    async def _refused_in_words(self, delivery: Delivery, approval: Approval, guild_id: int | None) -> list[Said]:
        """The first refusal that somebody wrote while nobody listened; replies that became a turn are none."""
        if self.is_read(approval) or delivery.message_id is None:
            return []
        for reply in await self._outbox.written.to(delivery.channel_id, delivery.message_id, guild_id):
            if (
                not reply.words
                or await self._is_turn(reply)
                or not await self._heard(reply.author_id, guild_id, approval)
            ):
                continue
            person = await self._outbox.people.find(guild_id, reply.author_id)
            if person and self._rules.may_decide(approval, person):
                return [Said(person, REFUSALS[approval.kind], reply.words, reply.message_id)]
        return []

    async def _is_turn(self, reply: Reply) -> bool:
        """Whether a reply was taken as a question when it came: whoever wrote it might not decide then."""
        return self._inbox is not None and await self._inbox.get(turn_key("message", reply.message_id)) is not None

    async def _said_by(
        self,
        reacted: Mapping[str, set[int]],
        delivery: Delivery,
        approval: Approval,
        guild_id: int | None,
        watch: Watch,
        voters: Sequence[int],
    ) -> list[Said]:
        """What reactions say, of people who may decide by now; those of others are taken off."""
        found: list[Said] = []
        for emoji, people in reacted.items():
            decision = _decision(emoji, approval)
            if decision is None:
                continue
            # Whoever was allowed when they approved counts on, whatever they may do by now.
            counted = voters if decision in NEEDS_ENOUGH else ()
            heard = [user_id for user_id in sorted(people) if await self._heard(user_id, guild_id, approval)]
            for user_id in people.difference(heard):
                await self._disregard(approval, user_id, emoji)
            persons = [await self._outbox.people.find(guild_id, user_id) for user_id in heard]
            # Last: whoever was not allowed when they reacted, just now perhaps, does not become so by a role they got.
            disregarded = await self._disregarded(approval)
            for person in filter(None, persons):
                made = (person.user_id, emoji)
                if made not in disregarded and self._rules.may_decide(approval, person):
                    found.append(Said(person, decision, stands=partial(watch.surely_stands, *made)))
                elif delivery.message_id is not None and person.user_id not in counted:
                    place = delivery.channel_id, delivery.message_id
                    off = await self._outbox.reacting.take_off(*place, emoji, person.user_id)
                    if not off:
                        await self._disregard(approval, *made)
        return found

    async def _heard(self, user_id: int, guild_id: int | None, approval: Approval) -> bool:
        """Whether a reaction that stands counts: as for one that comes just now, whoever a list denies is not heard."""
        return self._admits is None or await self._admits(discord.Object(user_id), guild_id, approval.channel_id)

    async def voters(self, approval: Approval) -> Sequence[int]:
        """Who has approved a card so far."""
        return () if self._approvals is None else await self._approvals.votes(approval.id)

    async def _disregard(self, approval: Approval, user_id: int, emoji: str) -> None:
        """See that a reaction which changes nothing now does not come to count by itself."""
        if self._approvals is not None:
            await self._approvals.disregard(approval, user_id, emoji)

    async def _disregarded(self, approval: Approval) -> set[tuple[int, str]]:
        return set() if self._approvals is None else await self._approvals.disregarded(approval.id)

    async def _regard_missing(
        self, approval: Approval, disregarded: set[tuple[int, str]], reacted: Mapping[str, set[int]]
    ) -> None:
        """Let another reaction count of those who took theirs away while nobody listened."""
        for user_id, emoji in disregarded:
            if self._approvals is not None and user_id not in reacted.get(emoji, ()):
                await self._approvals.regard(approval, user_id, emoji)

    async def _forget_missing(
        self, approval: Approval, guild_id: int | None, approving: set[int], voters: Sequence[int]
    ) -> None:
        """Count those no longer who took their reaction away while nobody listened, or whom a list denies by now."""
        if self._approvals is None or not voters:
            return
        stands = approving | await self._approvals.pressers(approval.id)
        missing = [one for one in voters if one not in stands or not await self._heard(one, guild_id, approval)]
        await self._forget(approval, missing)

    async def forget_denied(self, approval: Approval, guild_id: int | None) -> None:
        """Count those no longer whom a list denies by now.

        Raises:
            SurfaceUnreachable: Discord cannot tell for now.
        """
        voters = await self.voters(approval)
        await self._forget(approval, [one for one in voters if not await self._heard(one, guild_id, approval)])

    async def _forget(self, approval: Approval, voters: Sequence[int]) -> None:
        if self._approvals is None or not voters:
            return
        for user_id in voters:
            await self._approvals.unvote(approval.id, user_id)
        await self._on_forgotten(approval)


def _decision(emoji: str, approval: Approval) -> Decision | None:
    """What a reaction decides about a card; None where it decides nothing."""
    verb = verb_of(emoji, approval)
    return DECISIONS.get(verb) if verb else None


def _approving(reacted: Mapping[str, set[int]], approval: Approval) -> set[int]:
    """The people whose reactions let something run."""
    return {one for emoji, people in reacted.items() if _decision(emoji, approval) in NEEDS_ENOUGH for one in people}
