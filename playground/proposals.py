"""What the bot proposes while somebody types into an option."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground.command_checks import MAX_CHOICES, check_choices
from playground.form_fields import objects

if TYPE_CHECKING:
    from playground.interactions import Interaction
    from playground.values import Json


def check_proposals(interaction: Interaction, data: Json) -> list[Json]:
    """Give the proposals, at most 25 (docs receiving-and-responding#interaction-response-object-autocomplete).

    Args:
        interaction: The interaction that they answer.
        data: The data of the answer.

    Raises:
        DiscordError: They are too many, too long, or not of the option's type.
    """
    body: Json = {"choices": data.get("choices") or []}
    choices = objects(body, "data", "choices", 0, MAX_CHOICES)
    check_choices(choices, interaction.focused_type, "data.choices")
    return choices
