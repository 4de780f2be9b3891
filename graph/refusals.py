"""What the model is told of a call that was not run, because of what was decided or that nothing was."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from checkpoints.cards import Decision

if TYPE_CHECKING:
    from graph.state import Decided


def refusal(name: str, decided: Decided | None) -> str:
    """The answer to a call that may not be run.

    Args:
        name: The tool.
        decided: What was decided about the call; None where nobody was asked, or nobody is asked any more.
    """
    if decided and decided["decision"] == Decision.EXPIRED:
        return (
            f"Nobody decided about this call of {name} in time, so it was refused by policy; it was not run. "
            "Tell the user so, and do not try it again unless they ask for it."
        )
    said = f"A person refused this call of {name}; it was not run. Do not try it again unless they ask for it."
    reason = decided.get("reason") if decided else None
    # Quoted, since it is what a person wrote and no rule of ours.
    return (
        f"{said} The reason, in that person's own words: {json.dumps(reason, ensure_ascii=False)}" if reason else said
    )
