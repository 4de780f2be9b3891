"""Texts from outside, as every database of ours can keep them."""

from __future__ import annotations

import re

# PostgreSQL keeps no NUL in a text (its documentation, "Character Types"), and half of a surrogate pair has no UTF-8.
_NOT_KEPT = re.compile("[\0\ud800-\udfff]")


def storable(text: str) -> str:
    """A text with U+FFFD in the place of each character that a column of text may not have."""
    return _NOT_KEPT.sub("\ufffd", text)
