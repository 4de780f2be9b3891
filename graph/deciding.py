"""Who may decide about a card: the people, the rules, and what comes of a decision."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from checkpoints.cards import Decision, Kind, Terms
from graph.approval_settings import ApprovalSettings
from tools.patterns import Patterns, names_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from checkpoints.cards import Approval
    from graph.approval_settings import ToolApprovals


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who decides, as seen at that moment.

    Attributes:
        user_id: Discord's id.
        role_ids: The roles the person has now, in the card's guild; empty in a direct message.
        bot: Whether it is no person at all.
    """

    user_id: int
    role_ids: frozenset[int] = frozenset()
    bot: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody said on a card while nobody listened.

    Attributes:
        person: Who, as they are now.
        decision: What.
        reason: Why, where they wrote it.
        reply_id: The message in which they did.
        stands: Whether it was not taken back since it was read; asked right before it counts.
    """

    person: Person
    decision: Decision
    reason: str | None = None
    reply_id: int | None = None
    stands: Callable[[], bool] = field(default=lambda: True, compare=False)


class Answer(StrEnum):
    """What comes of somebody's decision."""

    DECIDED = "decided"
    COUNTED = "counted"  # the approval counts, more people are needed
    NOT_ALLOWED = "not_allowed"  # this person may not decide this
    CLOSED = "closed"  # decided already, too late, or unknown


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of somebody's decision, and the card as it is then; None where there is no such card."""

    answer: Answer
    approval: Approval | None


FITTING = {
    Kind.CALL: frozenset({Decision.APPROVED, Decision.REFUSED}),
    Kind.DOUBT: frozenset({Decision.RUN_AGAIN, Decision.TAKEN_AS_DONE, Decision.GIVEN_UP}),
}
"""What a person can decide about each kind of card."""

NEEDS_ENOUGH = frozenset({Decision.APPROVED, Decision.RUN_AGAIN})
"""The decisions after which something runs: they take as many people as the terms say. The others take one."""


class Rules:
    """The present settings, applied to cards.

    A card keeps the terms it was asked on. When somebody decides, those and the present settings must both admit the
    person, and the larger number of people is needed: a change of the settings can only make a decision stricter.
    """

    def __init__(self, settings: ApprovalSettings | None = None) -> None:
        self._settings = settings or ApprovalSettings()
        self._tools = Patterns(self._settings.tools, lambda one: one.approvals or self._settings.approvals)

    def terms(self, tool: str, source: str) -> Terms:
        """The terms on which a call of a tool is asked about now.

        Args:
            tool: The tool's name as the model sees it.
            source: The server that has it, and its own name for it.
        """
        return self._terms(self._own(tool, source))

    def deadline(self, tool: str, source: str, now: datetime) -> datetime | None:
        """When a call of a tool that is asked about now is refused for want of a decision; None for never."""
        own = self._own(tool, source)
        hours = self._settings.deadline_hours if own is None or own.deadline_hours is None else own.deadline_hours
        return now + timedelta(hours=hours) if hours else None

    def ping(self, tool: str, source: str) -> bool:
        """Whether the people who have to decide about a call of a tool are pinged."""
        own = self._own(tool, source)
        return self._settings.ping if own is None or own.ping is None else own.ping

    def needed(self, approval: Approval) -> int:
        """How many people have to approve a card."""
        return max(approval.terms.approvals, self.terms(approval.tool, approval.source).approvals)

    def remember_minutes(self, approval: Approval) -> int:
        """For how long the tool of a card can be allowed to run without asking; 0 where it cannot."""
        if approval.kind != Kind.CALL or self.needed(approval) > 1:
            return 0
        return min(approval.terms.remember_minutes, self.terms(approval.tool, approval.source).remember_minutes)

    def applied(self, approval: Approval) -> Approval:
        """A card with the terms that count now: as many people, and as short a time without asking, as the stricter."""
        needed, minutes = self.needed(approval), self.remember_minutes(approval)
        return replace(approval, terms=replace(approval.terms, approvals=needed, remember_minutes=minutes))

    def may_decide(self, approval: Approval, person: Person) -> bool:
        """Whether somebody, as they are now, may decide a card: approve, refuse, edit, or what its kind offers."""
        if person.bot:
            return False
        needed = self.needed(approval)
        both = (approval.terms.deciders, self.terms(approval.tool, approval.source).deciders)
        return all(_admits(deciders, approval.requester_id, person, needed) for deciders in both)

    def _own(self, tool: str, source: str) -> ToolApprovals | None:
        """What is set for a tool.

        A rule for a bare name also means a tool that had to be called something else, since another server has one of
        that name; then it counts only where it is stricter, as in `tools.policy`.
        """
        found = [self._tools.find(names_of(tool, source, bare=bare)) for bare in (False, True)]
        own = [one[1] if one else None for one in found]
        return max(own, key=lambda one: _strictness(self._terms(one)))

    def _terms(self, own: ToolApprovals | None) -> Terms:
        common = self._settings
        deciders = common.deciders if own is None or own.deciders is None else own.deciders
        approvals = common.approvals if own is None or own.approvals is None else own.approvals
        remember = common.remember_minutes if own is None or own.remember_minutes is None else own.remember_minutes
        return Terms(tuple(deciders), approvals, remember if approvals == 1 else 0)


def _strictness(terms: Terms) -> tuple[int, bool, int]:
    """How strict terms are: by how many people, whether only those who are named, and how long nobody is asked."""
    named = not {"requester", "others"} & set(terms.deciders)
    return terms.approvals, named, -terms.remember_minutes


def _admits(deciders: tuple[str, ...], requester_id: int, person: Person, needed: int) -> bool:
    if person.user_id == requester_id:
        if "requester" in deciders:
            return True
        if needed > 1:
            # Under the two-person rule nobody approves what they asked for themselves, whatever roles they have.
            return False
    elif "others" in deciders:
        return True
    return f"user:{person.user_id}" in deciders or any(f"role:{role}" in deciders for role in person.role_ids)
