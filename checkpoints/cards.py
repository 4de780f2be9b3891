"""One approval card: the call that it asks about, who may decide it, and what became of it."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime


class Kind(StrEnum):
    """What a card asks."""

    CALL = "call"  # may this be run?
    DOUBT = "doubt"  # this was running when the process died: what now?


class Decision(StrEnum):
    """What became of a call that was asked about."""

    APPROVED = "approved"
    REFUSED = "refused"
    EXPIRED = "expired"  # nobody decided in time, so it was refused
    WITHDRAWN = "withdrawn"  # the turn was closed before anybody decided
    EDITED = "edited"  # another card took its place, with other arguments
    # About a call in doubt:
    RUN_AGAIN = "run_again"
    TAKEN_AS_DONE = "taken_as_done"
    GIVEN_UP = "given_up"

    @property
    def words(self) -> str:
        """What is said of it in a list."""
        return _WORDS.get(self, self.replace("_", " "))


_WORDS = {
    Decision.EXPIRED: "refused, since nobody decided in time",
    Decision.WITHDRAWN: "not run",
    Decision.EDITED: "arguments edited",
}


@dataclass(frozen=True, slots=True)
class Terms:
    """Who may decide a card, and how.

    Attributes:
        deciders: `requester`, `others` (anyone but the requester), `role:<id>`, `user:<id>`.
        approvals: How many people have to approve; one refusal is enough to refuse.
        remember_minutes: For how long "without asking" holds; 0 where that is not offered.
    """

    deciders: tuple[str, ...] = ("requester",)
    approvals: int = 1
    remember_minutes: int = 0

    def payload(self) -> dict[str, Any]:
        """The terms as plain data; `from_payload` reads it back."""
        return asdict(self) | {"deciders": list(self.deciders)}

    @classmethod
    def from_payload(cls, payload: dict[str, Any]) -> Terms:
        """The terms that `payload` made this of."""
        return cls(tuple(payload["deciders"]), payload["approvals"], payload["remember_minutes"])


@dataclass(frozen=True, slots=True)
class Approval:
    """One card: a call that waits, or waited, for a person.

    Attributes:
        interrupt_id: LangGraph's id of the interrupt that asks; one interrupt carries all calls of a model's message.
        call_id: The tool call.
        turn_key: The turn.
        tool: The tool's name.
        arguments: Exactly what would be run: what the model asked for, or what a person made of it.
        fingerprint: Of name and arguments: what the decision is about.
        requester_id: The person who asked.
        channel_id: Where the card is.
        number: Counts the cards of a call, from 0: those whose arguments were edited, or the runs that came in doubt.
        kind: What is asked.
        source: The server that has the tool, and its own name for it.
        effects: What the tool's author says that it does: `reads`, `writes`, `destroys`, `reaches outside`.
        terms: Who may decide, and how.
        deadline: When it is refused for want of a decision; None for never.
        decision: None while it is open.
        decided_by: The person who decided; of several the last one.
        decided_at: When.
        reason: What the person who refused gave as the reason.
        reply_id: The message that refused it, which is known again by this when it is told once more.
    """

    interrupt_id: str
    call_id: str
    turn_key: str
    tool: str
    arguments: dict[str, Any]
    fingerprint: str
    requester_id: int
    channel_id: int
    number: int = 0
    kind: Kind = Kind.CALL
    source: str = ""
    effects: tuple[str, ...] = ()
    terms: Terms = field(default_factory=Terms)
    deadline: datetime | None = None
    decision: Decision | None = None
    decided_by: int | None = None
    decided_at: datetime | None = None
    reason: str | None = None
    reply_id: int | None = None

    @property
    def id(self) -> str:
        """Names the card: short enough for a button, the same for the same call, interrupt and number."""
        return approval_id(self.interrupt_id, self.call_id, self.number)


def approval_id(interrupt_id: str, call_id: str, number: int = 0) -> str:
    """The id of a card, 25 characters."""
    return hashlib.sha256(f"{interrupt_id}\n{call_id}\n{number}".encode()).hexdigest()[:25]
