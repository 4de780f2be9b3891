"""What a person can choose on a card: the verbs, their emoji and buttons, and the decisions they stand for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import discord

from checkpoints.cards import Decision, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkpoints.cards import Approval

APPROVE = "✅"
REFUSE = "❌"
AGAIN = "🔁"
EXPLAIN = "❓"
EDIT = "✏️"
SHOW = "🔎"
GO_ON = "⏭️"
STOP = "🛑"

_PREFIX = "clew"
_ID_LENGTH = 25


class Verb(StrEnum):
    """What a button or a reaction does to a card."""

    APPROVE = "approve"
    REFUSE = "refuse"
    REMEMBER = "remember"
    EXPLAIN = "explain"
    EDIT = "edit"
    SHOW = "show"
    # About a call in doubt:
    AGAIN = "again"
    DONE = "done"
    GIVE_UP = "give_up"


DECISIONS = {
    Verb.APPROVE: Decision.APPROVED,
    Verb.REFUSE: Decision.REFUSED,
    Verb.AGAIN: Decision.RUN_AGAIN,
    Verb.DONE: Decision.TAKEN_AS_DONE,
    Verb.GIVE_UP: Decision.GIVEN_UP,
}

# What a refusal is for each kind of card: a reply to it is one.
REFUSALS = {Kind.CALL: Decision.REFUSED, Kind.DOUBT: Decision.GIVEN_UP}

_VERBS = {
    Kind.CALL: {APPROVE: Verb.APPROVE, REFUSE: Verb.REFUSE, AGAIN: Verb.REMEMBER, EXPLAIN: Verb.EXPLAIN},
    Kind.DOUBT: {AGAIN: Verb.AGAIN, APPROVE: Verb.DONE, REFUSE: Verb.GIVE_UP},
}

# Put on a card for a person to click; each takes a quarter of a second, and the buttons do the rest.
OFFERED = {Kind.CALL: (APPROVE, REFUSE), Kind.DOUBT: (AGAIN, APPROVE, REFUSE)}

# In the order in which reactions that were made while nobody listened count: a refusal wins, then what is certain.
STANDING = {Kind.CALL: (REFUSE, APPROVE), Kind.DOUBT: (REFUSE, APPROVE, AGAIN)}


@dataclass(frozen=True, slots=True)
class Button:
    """One button of a message."""

    custom_id: str
    label: str
    emoji: str
    style: discord.ButtonStyle = discord.ButtonStyle.secondary


def plain_emoji(emoji: str) -> str:
    """An emoji without the variation selector, which clients send or leave out."""
    return emoji.replace("\ufe0f", "")


def verb_of(emoji: str, approval: Approval) -> Verb | None:
    """What a reaction asks for on a card; None where it means nothing."""
    verb = _VERBS[approval.kind].get(plain_emoji(emoji))
    return None if verb is Verb.REMEMBER and not approval.terms.remember_minutes else verb


def custom_id(verb: Verb, approval_id: str) -> str:
    """What a button sends; `parse` reads it back. Discord takes 100 characters."""
    return f"{_PREFIX}:{verb}:{approval_id}"


def parse(sent: str) -> tuple[Verb, str] | None:
    """The verb and the card that a button or form of ours stands for; None for others."""
    prefix, _, rest = sent.partition(":")
    verb, _, approval_id = rest.partition(":")
    if prefix != _PREFIX or verb not in set(Verb) or len(approval_id) != _ID_LENGTH:
        return None
    return Verb(verb), approval_id


def card_shown(message: discord.Message) -> str | None:
    """The id of the card that the buttons of a message decide; None where there are no such buttons."""
    pressable = [one for row in message.components if isinstance(row, discord.ActionRow) for one in row.children]
    sent = (one.custom_id for one in pressable if isinstance(one, discord.Button) and one.custom_id)
    return next((parsed[1] for one in sent if (parsed := parse(one))), None)


def buttons(approval: Approval) -> tuple[Button, ...]:
    """The buttons of a card: none once it is decided."""
    if approval.decision is not None:
        return ()

    def button(
        verb: Verb, label: str, emoji: str, style: discord.ButtonStyle = discord.ButtonStyle.secondary
    ) -> Button:
        return Button(custom_id(verb, approval.id), label, emoji, style)

    green, red = discord.ButtonStyle.success, discord.ButtonStyle.danger
    if approval.kind is Kind.DOUBT:
        return (
            button(Verb.AGAIN, "Run again", AGAIN, red),
            button(Verb.DONE, "Take as done", APPROVE),
            button(Verb.GIVE_UP, "Give up", REFUSE),
        )
    minutes = approval.terms.remember_minutes
    remember = (button(Verb.REMEMBER, f"Don't ask for {minutes} min", AGAIN),) if minutes else ()
    return (
        button(Verb.APPROVE, "Run once", APPROVE, green),
        button(Verb.REFUSE, "Refuse", REFUSE, red),
        *remember,
        button(Verb.EXPLAIN, "Explain", EXPLAIN),
        button(Verb.EDIT, "Edit", EDIT),
    )


def view(rows: Sequence[Sequence[Button]]) -> discord.ui.View | None:
    """Rows of buttons, for a message that is sent; None without any.

    A press comes as an interaction that `discord_adapter.presses` handles by its `custom_id` alone, after a restart as
    well: discord.py is not to remember the view.
    """
    if not any(rows):
        return None
    made = discord.ui.View(timeout=None)
    for row, row_buttons in enumerate(rows):
        for one in row_buttons:
            made.add_item(
                discord.ui.Button[discord.ui.View](
                    custom_id=one.custom_id, label=one.label, emoji=one.emoji, style=one.style, row=row
                )
            )
    made.stop()
    return made
