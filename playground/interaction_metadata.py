"""What a message tells of the interaction that it answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground import payloads
from playground.values import COMMAND

if TYPE_CHECKING:
    from playground.values import Invocation, Json


def metadata(told: Invocation) -> Json:
    """Shape a message's interaction metadata (docs resources/message#message-interaction-metadata-object)."""
    about: Json = {
        "id": str(told.id),
        "type": told.kind,
        "user": payloads.user(told.user),
        "authorizing_integration_owners": told.owners,
    }
    return about | told.extra


def origin(told: Invocation) -> Json:
    """Shape what a message says of its interaction; `interaction` is the older form, and only of commands.

    "Responses to Message Components do not include this property" (docs receiving-and-responding, message
    interaction object); those to forms neither (assumed).
    """
    shape: Json = {"interaction_metadata": metadata(told)}
    if told.kind == COMMAND:
        by = payloads.user(told.user)
        shape["interaction"] = {"id": str(told.id), "type": told.kind, "name": told.name, "user": by}
    return shape
