"""What a refusal means to the user of the page, in words."""

from collections.abc import Iterator
from typing import cast

from playground.errors import DiscordError


def sentence(refusal: Exception) -> str:
    """What a refusal means to a user: of a form that is wrong, what is wrong with it."""
    if not isinstance(refusal, DiscordError):
        return str(refusal) or "That did not work."
    details = list(_messages(refusal.errors))
    return " ".join(details) if details else f"Discord refuses this: {refusal.message}."


def _messages(tree: object) -> Iterator[str]:
    if isinstance(tree, dict):
        branches = cast("dict[str, object]", tree)
        if isinstance(branches.get("message"), str):
            yield str(branches["message"])
        for branch in branches.values():
            yield from _messages(branch)
    elif isinstance(tree, list):
        for branch in cast("list[object]", tree):
            yield from _messages(branch)
