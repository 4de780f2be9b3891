"""A command or a press that failed: one sentence to its person, one event to the operator."""

from __future__ import annotations

import structlog

from checkpoints.place import DatabaseAway

log = structlog.get_logger()

_FAILED = "Something went wrong on my side; nothing was changed that I know of."
_AWAY = "I cannot reach my database just now; please try again in a moment."


def told_of(error: BaseException, event: str, **named: object) -> str:
    """The sentence for whoever asked for what failed.

    Args:
        error: What was raised.
        event: What failed, as the operator reads it.
        named: What the operator is told beside it.
    """
    if isinstance(error, DatabaseAway):
        log.warning(event, error=str(error), **named)
        return _AWAY
    log.error(event, exc_info=error, **named)
    return _FAILED
