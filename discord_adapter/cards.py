"""How an approval card reads: the tool, exactly what it would be given, who decides, and what became of it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from checkpoints.cards import Decision, Kind
from discord_adapter.choices import APPROVE, REFUSE, buttons
from discord_adapter.content import Content, Pings
from discord_adapter.plain import exact, inline
from discord_adapter.text.lengths import units
from discord_adapter.text.splitting import MESSAGE_LIMIT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkpoints.cards import Approval

# UTF-16 units of arguments that stand in the message; the other half of it is for all the rest, at its longest.
ARGUMENTS_ROOM = 1000

_NAME_ROOM = 100
_REASON_ROOM = 150
_FINGERPRINT_SHOWN = 16
_PEOPLE_SHOWN = 5
_LONGEST_MENTION = len("<@&18446744073709551615> ")

# What `Approval.effects` can say; nothing else is shown of it.
_EFFECTS = ("reads", "writes", "destroys", "reaches outside")

_HEADINGS = {
    Decision.APPROVED: f"{APPROVE} Approved",
    Decision.REFUSED: f"{REFUSE} Refused",
    Decision.EXPIRED: f"{REFUSE} Refused, since nobody decided in time",
    Decision.WITHDRAWN: "Not run",
    Decision.EDITED: "Arguments edited",
    Decision.RUN_AGAIN: "Run again",
    Decision.TAKEN_AS_DONE: "Taken as done",
    Decision.GIVEN_UP: "Given up",
}


def card(approval: Approval, votes: Sequence[int] = (), *, ping: bool = False) -> Content:
    """A card; arguments that are too long for a message are a file.

    No part of it stands inside another Markdown mark than its own code, so nothing in a name can end one.

    Args:
        approval: What is asked, and what became of it.
        votes: Who has approved so far.
        ping: Whether those who have to decide, other than the requester, are told that there is something for them.
    """
    arguments = exact(approval.arguments)
    long = units(arguments) > ARGUMENTS_ROOM
    lines = [
        f"### {_heading(approval)}",
        f"-# {_origin(approval)}",
        *([_DOUBT] if approval.kind is Kind.DOUBT and approval.decision is None else []),
        _in_file(arguments) if long else f"```json\n{arguments}\n```",
        *(f"-# {line}" for line in _footer(approval, votes)),
    ]
    content = Content(
        "\n".join(lines),
        files=(("arguments.json", arguments.encode()),) if long else (),
        buttons=(buttons(approval),),
    )
    return _pinging(content, approval) if ping else content


_DOUBT = (
    "This had been started when I stopped, and no result of it is known: it may have been done, in part or not at all."
)


def _in_file(arguments: str) -> str:
    digest = hashlib.sha256(arguments.encode()).hexdigest()
    return f"The arguments are in the attached file ({len(arguments):,} characters), SHA-256 `{digest}`."


def _heading(approval: Approval) -> str:
    name = inline(approval.tool, _NAME_ROOM)
    if approval.decision is not None:
        return f"{_HEADINGS[approval.decision]}: {name}"
    return f"In doubt: {name}" if approval.kind is Kind.DOUBT else f"May I run {name}?"


def _origin(approval: Approval) -> str:
    """Where the tool comes from, what it does, and the fingerprint of what is decided on."""
    known = [effect for effect in _EFFECTS if effect in approval.effects]
    parts = [inline(approval.source, _NAME_ROOM)] if approval.source else []
    parts += known or ["its author does not say what it does"]
    return " · ".join([*parts, f"fingerprint `{approval.fingerprint[:_FINGERPRINT_SHOWN]}`"])


def _footer(approval: Approval, votes: Sequence[int]) -> list[str]:
    if approval.decision is None:
        return _open_footer(approval, votes)
    when = f" <t:{int(approval.decided_at.timestamp())}:f>" if approval.decided_at else ""
    lines = [f"{_decided(approval, votes)}{when}."]
    if approval.reason:
        lines.append(f"Reason: {inline(approval.reason, _REASON_ROOM)}")
    return lines


def _open_footer(approval: Approval, votes: Sequence[int]) -> list[str]:
    lines = [f"{who_decides(approval)}."]
    if approval.terms.approvals > 1:
        so_far = f": {_listed([f'<@{one}>' for one in votes])}" if votes else ""
        lines.append(f"{len(votes)} of {approval.terms.approvals} approvals{so_far}")
    if approval.kind is Kind.DOUBT:
        lines[0] += " 🔁 runs it again, ✅ takes it as done, ❌ gives it up."
    else:
        lines[0] += f" {APPROVE} runs it once, {REFUSE} or a reply with your reason refuses it."
    if approval.deadline:
        verb = "given up" if approval.kind is Kind.DOUBT else "refused"
        lines.append(f"If nobody does, it is {verb} <t:{int(approval.deadline.timestamp())}:R>.")
    return lines


def _decided(approval: Approval, votes: Sequence[int]) -> str:
    if approval.decided_by is None:
        late = approval.decision is Decision.EXPIRED
        return "Nobody decided until the deadline" if late else "Nobody decided; the turn was closed"
    if approval.decision is Decision.WITHDRAWN:
        return f"Nobody decided; <@{approval.decided_by}> ended the turn"
    if approval.decision is Decision.EDITED:
        return f"<@{approval.decided_by}> changed the arguments; the next card asks about those"
    if approval.decision in (Decision.APPROVED, Decision.RUN_AGAIN) and len(votes) > 1:
        return f"Decided by {_listed([f'<@{one}>' for one in votes])}"
    return f"Decided by <@{approval.decided_by}>"


def who_decides(approval: Approval) -> str:
    """Who may decide a card, for people."""
    people = _listed([_decider(one, approval.requester_id) for one in approval.terms.deciders], " or ")
    if approval.terms.approvals > 1:
        return f"{approval.terms.approvals} people have to approve, of {people}"
    return f"{people} decides"


def _decider(decider: str, requester_id: int) -> str:
    kind, _, named = decider.partition(":")
    match kind:
        case "requester":
            return f"<@{requester_id}>"
        case "others":
            return f"anyone but <@{requester_id}>"
        case "role":
            return f"<@&{int(named)}>"
        case _:
            return f"<@{int(named)}>"


def _listed(people: Sequence[str], joint: str = ", ") -> str:
    more = len(people) - _PEOPLE_SHOWN
    return joint.join([*people[:_PEOPLE_SHOWN], *([f"{more} more"] if more > 0 else [])])


def _pinging(content: Content, approval: Approval) -> Content:
    """A card that pings those who are named as deciders and are not the one who asked.

    Only who is mentioned in the text is pinged (Discord's documentation, resources/message, allowed mentions object):
    those whom the footer leaves out get a line of their own, as many as there is room for.
    """
    named = [one for one in dict.fromkeys(approval.terms.deciders) if ":" in one]
    named = [one for one in named if one != f"user:{approval.requester_id}"]
    shown = [one for one in named if one in approval.terms.deciders[:_PEOPLE_SHOWN]]
    room = (MESSAGE_LIMIT - units(content.text) - len("\n-# ")) // _LONGEST_MENTION
    more = [one for one in named if one not in shown][:room]
    line = " ".join(_decider(one, approval.requester_id) for one in more)
    ids = [one.partition(":") for one in (*shown, *more)]
    users = tuple(sorted(int(one) for kind, _, one in ids if kind == "user"))
    roles = tuple(sorted(int(one) for kind, _, one in ids if kind == "role"))
    return replace(content, text=f"{content.text}\n-# {line}" if line else content.text, pings=Pings(users, roles))
