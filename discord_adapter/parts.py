"""What the parts of a turn are called, of which each is a message, or several: texts, cards, sentences."""

from __future__ import annotations

# The kinds of parts that grow while a turn runs.
TEXT, ACTIVITY = "text", "activity"
GROWING = (TEXT, ACTIVITY)

BEHIND = "behind"

_CARD = "card"


def card_part(approval_id: str, number: int = 1) -> str:
    """The part of a turn that is a card, or the card that took the place of a deleted one; `card_of` reads it back."""
    return f"{_CARD}:{approval_id}" if number == 1 else f"{_CARD}:{approval_id}:{number}"


def card_of(part: str) -> str | None:
    """The id of the card that a part is; None for other parts."""
    kind, _, rest = part.partition(":")
    return rest.partition(":")[0] if kind == _CARD else None


def number_of(part: str) -> int:
    """How often a card was posted, with this part."""
    return int(part.split(":")[2]) if part.count(":") == 2 else 1
