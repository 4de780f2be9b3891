"""The errors of this room: what can go wrong between a turn and its answer."""

from __future__ import annotations

import math
from enum import StrEnum


class GraphError(Exception):
    """Something that keeps a turn from its answer."""


class ModelFault(StrEnum):
    """Kinds of model failure, by what somebody can do about them."""

    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    UNAUTHORIZED = "unauthorized"
    UNKNOWN_MODEL = "unknown_model"
    RATE_LIMITED = "rate_limited"
    SPENT = "spent"
    TOO_LONG = "too_long"
    REFUSED = "refused"
    SERVER = "server"
    INTERRUPTED = "interrupted"
    UNREADABLE = "unreadable"

    @property
    def transient(self) -> bool:
        """Whether the same request may well succeed a little later."""
        return self in _TRANSIENT


_TRANSIENT = frozenset(
    {
        ModelFault.UNREACHABLE,
        ModelFault.TIMEOUT,
        ModelFault.RATE_LIMITED,
        ModelFault.SERVER,
        ModelFault.INTERRUPTED,
    }
)

_SENTENCES = {
    ModelFault.UNREACHABLE: "I could not reach the model; please try again in a moment.",
    ModelFault.TIMEOUT: "The model took too long to answer; please try again.",
    ModelFault.UNAUTHORIZED: "The model endpoint refused my key; whoever runs me has to look at it.",
    ModelFault.UNKNOWN_MODEL: "The endpoint does not know my model; whoever runs me has to look at it.",
    ModelFault.RATE_LIMITED: "The model is being asked too much right now; please try again in {}.",
    ModelFault.SPENT: "What may be spent on the model is used up; whoever runs me has to look at it.",
    ModelFault.TOO_LONG: "This conversation has become too long for the model; /reset starts a new one.",
    ModelFault.REFUSED: "The model endpoint would not take this request, so I have no answer.",
    ModelFault.SERVER: "The model endpoint failed; please try again.",
    ModelFault.INTERRUPTED: "The model's answer broke off half way; please try again.",
    ModelFault.UNREADABLE: "The model endpoint answered something I could not read; please try again.",
}


class ModelError(GraphError):
    """A model call that gave no usable message.

    Attributes:
        fault: What kind of failure it was.
        detail: What the endpoint said, for the operator.
        retry_after: Seconds after which the endpoint wants to be asked again; None when it named no time.
        limit: The model's context length in tokens, where the endpoint named it.
    """

    def __init__(
        self, fault: ModelFault, detail: str, *, retry_after: float | None = None, limit: int | None = None
    ) -> None:
        super().__init__(f"{fault}: {detail}")
        self.fault = fault
        self.detail = detail
        self.retry_after = retry_after
        self.limit = limit

    @property
    def sentence(self) -> str:
        """What the user is told."""
        return _SENTENCES[self.fault].format(_in_words(self.retry_after or 0))


def _in_words(seconds: float) -> str:
    """A time to wait, rounded up, as a person would say it."""
    for unit, length in (("hour", 3600), ("minute", 60)):
        if seconds > 1.5 * length:
            return f"{math.ceil(seconds / length)} {unit}s"
    return "a minute"


class SurfaceError(GraphError):
    """The place where a turn is shown does not take it: no permission there, or it is gone."""


class SurfaceUnreachable(SurfaceError):  # noqa: N818 - named for what went wrong
    """The place cannot be reached for now; what was to be shown can be shown later."""


class PlaceGone(SurfaceError):  # noqa: N818 - named for what went wrong
    """The place does not exist any more."""
