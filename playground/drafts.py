"""What somebody wants to send, before it is a message."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from playground.parts import FORWARD
from playground.values import DEFAULT, LOADING, Json

if TYPE_CHECKING:
    from playground.parts import Webhook
    from playground.uploads import Upload
    from playground.values import Invocation


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to send.

    Attributes:
        allowed_mentions: Discord's object of that name; None where it was not given.
        reference: The `message_reference` object of the request, of a reply or a forward.
        message_type: Discord's type; a reply becomes 19 by itself.
        visible_to: The only user who is to see it, or None.
        webhook: The webhook that sends it; rights of members do not matter to one.
        message_id: Its id where that is fixed already: the first message of a post has that of its thread.
    """

    content: str = ""
    allowed_mentions: Json | None = None
    reference: Json | None = None
    uploads: tuple[Upload, ...] = ()
    nonce: str | int | None = None
    enforce_nonce: bool = False
    flags: int = 0
    embeds: list[Json] = field(default_factory=list[Json])
    components: list[Json] = field(default_factory=list[Json])
    poll: Json | None = None
    message_type: int = DEFAULT
    invocation: Invocation | None = None
    application_id: int | None = None
    visible_to: int | None = None
    sticker_ids: tuple[int, ...] = ()
    webhook: Webhook | None = None
    message_id: int | None = None

    @property
    def is_forward(self) -> bool:
        """Whether it forwards another message."""
        return self.reference is not None and self.reference.get("type") == FORWARD

    @property
    def empty(self) -> bool:
        """Whether it has none of what a message needs one of (docs resources/message#create-message)."""
        parts = (self.content.strip(), self.uploads, self.embeds, self.components, self.poll, self.sticker_ids)
        return not any(parts) and not self.flags & LOADING
