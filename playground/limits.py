"""Counts the bot's requests and refuses those beyond Discord's limits, with the headers Discord sends."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Rule:
    """How many requests of a kind pass in a window that opens with the first of them.

    Attributes:
        name: The kind; Discord shows it as an opaque bucket.
        limit: Requests a window.
        seconds: Length of the window.
    """

    name: str
    limit: int
    seconds: float

    @property
    def bucket(self) -> str:
        """The X-RateLimit-Bucket header's value."""
        return hashlib.sha256(self.name.encode()).hexdigest()[:32]


# docs topics/rate-limits#global-rate-limit
GLOBAL = Rule("global", 50, 1.0)
# Discord publishes no figure for a route ("should not be hard coded"). Those of messages and reactions are what
# its headers have said for years: 5 sends and 5 edits in 5 s and one reaction in 0.25 s, a channel (assumed).
SENDS = Rule("messages", 5, 5.0)
EDITS = Rule("message edits", 5, 5.0)
REACTIONS = Rule("reactions", 1, 0.25)
DELETES = Rule("message deletes", 5, 1.0)  # assumed
# Lenient, so that nothing else is the bottleneck (assumed).
OTHERS = Rule("others", 30, 1.0)

_MESSAGE = "/channels/{channel_id}/messages"
_RULES: dict[tuple[str, str], Rule] = {
    ("POST", _MESSAGE): SENDS,
    ("PATCH", _MESSAGE + "/{message_id}"): EDITS,
    ("DELETE", _MESSAGE + "/{message_id}"): DELETES,
}


def rule_of(method: str, route: str) -> Rule:
    """Give the rule of a route; changes of reactions share one (assumed, as discord.py's users see it)."""
    if method in ("PUT", "DELETE") and "/reactions" in route:
        return REACTIONS
    return _RULES.get((method, route), Rule(f"{OTHERS.name} {method} {route}", OTHERS.limit, OTHERS.seconds))


def bound_to_token(route: str) -> bool:
    """Tell whether the token-wide limit holds; interaction endpoints are free of it (docs rate-limits)."""
    return not route.startswith(("/interactions/", "/webhooks/{application_id}/"))


@dataclass(slots=True)
class _Window:
    opened: float
    used: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request passes, and the headers to answer it with.

    Attributes:
        retry_after: Seconds to wait; None for a request that passes.
        is_global: Whether it was the token-wide limit that refused.
    """

    headers: dict[str, str]
    retry_after: float | None = None
    is_global: bool = False


class Limiter:
    """All windows of one token.

    Args:
        clock: Seconds since 1970; passed in so that a test can hold the time.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._windows: dict[tuple[str, str], _Window] = {}
        self.refused = 0

    def take(self, method: str, route: str, resource: str) -> Verdict:
        """Count a request, unless a limit refuses it.

        Args:
            method: The HTTP method.
            route: The path's template.
            resource: The top-level resource that has limits of its own (docs topics/rate-limits).
        """
        now = self._clock()
        token_window = self._window(GLOBAL, "", now)
        if bound_to_token(route) and token_window.used >= GLOBAL.limit:
            self.refused += 1
            wait = _left(GLOBAL, token_window, now)
            headers = {"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"}
            return Verdict(headers | _retry(wait), wait, is_global=True)
        rule = rule_of(method, route)
        window = self._window(rule, resource, now)
        wait = _left(rule, window, now)
        if window.used >= rule.limit:
            self.refused += 1
            headers = _headers(rule, window, now) | {"X-RateLimit-Scope": "user"}
            return Verdict(headers | _retry(wait), wait)
        window.used += 1
        if bound_to_token(route):
            token_window.used += 1
        return Verdict(_headers(rule, window, now))

    def _window(self, rule: Rule, resource: str, now: float) -> _Window:
        window = self._windows.get((rule.name, resource))
        if window is None or now - window.opened >= rule.seconds:
            window = self._windows[rule.name, resource] = _Window(now)
        return window


def _left(rule: Rule, window: _Window, now: float) -> float:
    # Rounded up to the millisecond: who waits exactly that long must find the window open.
    return math.ceil((window.opened + rule.seconds - now) * 1000) / 1000


def _retry(wait: float) -> dict[str, str]:
    # discord.py takes a 429 without Via for a ban by the network in front of Discord (http.py, `Via`).
    return {"Retry-After": str(math.ceil(wait)), "Via": "1.1 local"}


def _headers(rule: Rule, window: _Window, now: float) -> dict[str, str]:
    """Write the header set (docs topics/rate-limits#header-format)."""
    return {
        "X-RateLimit-Limit": str(rule.limit),
        "X-RateLimit-Remaining": str(rule.limit - window.used),
        "X-RateLimit-Reset": f"{window.opened + rule.seconds:.3f}",
        "X-RateLimit-Reset-After": f"{_left(rule, window, now):.3f}",
        "X-RateLimit-Bucket": rule.bucket,
    }
