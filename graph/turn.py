"""What one turn is: who wrote what, where, and how it may end."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from checkpoints.keys import Conversation
from graph.attached import Attached

if TYPE_CHECKING:
    from collections.abc import Sequence

ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing that a person asked, with what is needed to run it.

    Attributes:
        key: What it came from and the attempt (`checkpoints.keys.turn_key`).
        conversation: Where it belongs.
        user_id: The person who asked.
        channel_id: Where the answer goes.
        text: What the person wrote.
        message_id: The message that is answered, where there is one.
        quoted: What the person referred to: the message they replied to or forwarded, each line marked as a quote.
        attached: The files that came with it.
        parent_id: The channel above, where the channel is a thread of one that is known.
        reply_to: The message that is answered in place of its own: the last of those gathered into this turn.
        by_program: Whether a bot or a webhook asks, and no person.
    """

    key: str
    conversation: Conversation
    user_id: int
    channel_id: int
    text: str
    message_id: int | None = None
    quoted: str = ""
    attached: Sequence[Attached] = ()
    parent_id: int | None = None
    reply_to: int | None = None
    by_program: bool = False

    def payload(self) -> dict[str, Any]:
        """The turn as plain data; `from_payload` reads it back."""
        return asdict(self) | {"conversation": str(self.conversation)}

    @classmethod
    def from_payload(cls, payload: dict[str, Any]) -> Turn:
        """The turn that `payload` made this of, also in an earlier version of clew."""
        attached = tuple(Attached(**one) for one in payload.get("attached") or ())
        values: dict[str, Any] = payload | {"attached": attached}
        values["conversation"] = Conversation.parse(payload["conversation"])
        values.pop("notice", None)
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Input:
    """What the model is given to read of a turn.

    Attributes:
        content: A text, or blocks: LangChain's text blocks, and image blocks that name a blob (`graph.images`).
        notice: A sentence for the user before anything else: something of theirs that cannot be read.
    """

    content: str | list[dict[str, Any]]
    notice: str | None = None


@dataclass(frozen=True, slots=True)
class Closing:
    """Why a turn ends without another model call.

    Attributes:
        outcome: One word for the record: failed, stopped, set-aside.
        sentence: What the user is told, and what stands in the conversation in place of an answer.
        by: The person who ended it; None where nobody did.
    """

    outcome: str
    sentence: str
    by: int | None = None

    def __str__(self) -> str:
        return f"{self.outcome}{f' by {self.by}' if self.by else ''}: {self.sentence}"

    @classmethod
    def parse(cls, text: str) -> Closing:
        """The closing that `str` made this text of."""
        kind, _, sentence = text.partition(": ")
        outcome, _, by = kind.partition(" by ")
        return cls(outcome, sentence, int(by) if by else None)
