"""Takes secrets out of texts, also of one that is still growing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

REDACTED = "[redacted]"

# A shorter text would be found in innocent words.
_SHORTEST_SECRET = 6


class Redactor:
    """Takes secrets out of a text, wherever in it they came to stand.

    Args:
        secrets: The secrets; those of fewer than six characters are left alone.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        found = {secret for secret in secrets if len(secret) >= _SHORTEST_SECRET}
        # As it is, and as it is written in JSON and in Python's quotes.
        forms = {form for secret in found for form in (secret, json.dumps(secret)[1:-1], repr(secret)[1:-1])}
        escaped = {json.dumps(form, ensure_ascii=False)[1:-1] for form in forms}
        self._forms = forms | escaped

    def __call__(self, text: str) -> str:
        """The text without secrets."""
        return self._up_to(text, len(text))

    def growing(self, text: str) -> str:
        """A text to which more will be added, without secrets and without an end that may become one."""
        return self._up_to(text, len(text) - max((_begun(text, form) for form in self._forms), default=0))

    def holds(self, value: object) -> bool:
        """Whether there is a secret in a JSON value."""
        texts = (json.dumps(value, ensure_ascii=False), json.dumps(value))
        return any(self(text) != text for text in texts)

    def _up_to(self, text: str, end: int) -> str:
        """The text up to an end, without what secrets cover of it; one of them can begin within another."""
        pieces: list[str] = []
        at = 0
        for start, after in sorted(place for form in self._forms if form in text for place in _places(text, form)):
            if start >= end:
                break
            if start >= at:
                pieces += [text[at:start], REDACTED]
            at = max(at, after)
        return "".join([*pieces, text[at:end]])


def _places(text: str, form: str) -> Iterator[tuple[int, int]]:
    """Where a form starts and ends in a text, each time."""
    start = text.find(form)
    while start >= 0:
        yield start, start + len(form)
        start = text.find(form, start + 1)


def _begun(text: str, form: str) -> int:
    """How many characters at the end of a text are the beginning of a form."""
    for length in range(min(len(form) - 1, len(text)), 0, -1):
        if text.endswith(form[:length]):
            return length
    return 0


NOTHING_SECRET = Redactor()
"""For where there are no secrets to take out."""
