"""Counts the bot's requests and refuses those beyond Discord's limits, with the headers Discord sends."""

from __future__ import annotations

import hashlib
import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


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


# "All bots can make up to 50 requests per second" (docs topics/rate-limits#global-rate-limit).
TOKEN_LIMIT, TOKEN_SECONDS = 50, 1.0
# Discord publishes no figure for a route ("should not be hard coded"). Those of messages and reactions are what
# its headers have said for years: 5 sends and 5 edits in 5 s and one reaction in 0.25 s, a channel (assumed).
SENDS = Rule("messages", 5, 5.0)
EDITS = Rule("message edits", 5, 5.0)
REACTIONS = Rule("reactions", 1, 0.25)
DELETES = Rule("message deletes", 5, 1.0)  # assumed
# Code 30046 (docs topics/opcodes-and-status-codes#json) limits "edits to messages older than 1 hour" beside the rule
# of edits. Discord tells no figure; this one is that of docs.discord.food, resources/message#edit-message (unofficial).
OLD_EDITS = Rule("edits of messages older than an hour", 3, 6.0)
OLD_SECONDS = 3600.0
OLD_EDITS_REACHED = 30046
# Lenient, so that nothing else is the bottleneck (assumed).
OTHERS = Rule("others", 30, 1.0)

# "10,000 per 10 minutes" of answers with these statuses (docs topics/rate-limits, invalid request limit).
INVALID_LIMIT, INVALID_SECONDS = 10_000, 600.0
INVALID_STATUSES = (401, 403, 429)

_MESSAGE = "/channels/{channel_id}/messages"
EDIT_ROUTE = _MESSAGE + "/{message_id}"
_RULES: dict[tuple[str, str], Rule] = {
    ("POST", _MESSAGE): SENDS,
    ("PATCH", EDIT_ROUTE): EDITS,
    ("DELETE", EDIT_ROUTE): DELETES,
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
        headers: The X-RateLimit headers.
        retry_after: Seconds until the request would pass; None when it passes.
        is_global: Whether the token-wide limit refuses it.
        code: Discord's JSON error code of the limit.
    """

    headers: dict[str, str]
    retry_after: float | None = None
    is_global: bool = False
    code: int = 0


class Limiter:
    """All limits of one token.

    Args:
        clock: Seconds since 1970; passed in so that a test can hold the time.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._windows: dict[tuple[str, str], _Window] = {}
        self._starts: deque[float] = deque(maxlen=TOKEN_LIMIT)
        self._closed_until = float("-inf")
        self.refused = 0

    def close(self, seconds: float) -> None:
        """Refuse whatever is bound to the token for so long, as if others had used its limit up."""
        self._closed_until = self._clock() + seconds

    def take(self, method: str, route: str, resource: str, *, old: bool = False) -> Verdict:
        """Count a request, unless a limit refuses it; what is refused counts nowhere (assumed).

        Args:
            method: The HTTP method.
            route: The path's template.
            resource: The top-level resource that has limits of its own (docs topics/rate-limits).
            old: Whether it edits a message that is older than an hour.
        """
        now = self._clock()
        wait = self._token_wait(now) if bound_to_token(route) else 0.0
        if wait > 0:
            self.refused += 1
            headers = {"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"}
            return Verdict(headers | _retry(wait), wait, is_global=True)
        rule = rule_of(method, route)
        window = self._window(rule, resource, now)
        windows = [(rule, window, 0)]
        if old:
            windows.append((OLD_EDITS, self._window(OLD_EDITS, resource, now), OLD_EDITS_REACHED))
        for limit, counted, code in windows:
            if counted.used >= limit.limit:
                self.refused += 1
                wait = _left(limit, counted, now)
                # The headers are the route's whichever limit it is (docs: "normal route rate-limiting headers").
                headers = _headers(rule, window, now) | {"X-RateLimit-Scope": "user"}
                return Verdict(headers | _retry(wait), wait, code=code)
        for _, counted, _ in windows:
            counted.used += 1
        if bound_to_token(route):
            self._starts.append(now)
        return Verdict(_headers(rule, window, now))

    def _token_wait(self, now: float) -> float:
        """Tell how long the token is used up.

        No second holds more than its fifty requests, wherever one lets it begin. That is the strictest way to read the
        documentation's sentence: who keeps to it keeps to any fixed window too.
        """
        full = len(self._starts) == TOKEN_LIMIT
        open_at = max(self._closed_until, self._starts[0] + TOKEN_SECONDS if full else now)
        return math.ceil(max(0.0, open_at - now) * 1000) / 1000

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


class InvalidRequests:
    """Counts answers that say that the bot should not have asked; too many of them lock its address out.

    Args:
        clock: Seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._at: deque[float] = deque()
        self._banned_until = float("-inf")

    def count(self, status: int, headers: Mapping[str, str]) -> None:
        """Count an answer; a limit shared with others is not held against the bot (docs, same place).

        How long the address is locked out is not documented; until the first of them is ten minutes old (assumed).
        """
        if status not in INVALID_STATUSES or headers.get("X-RateLimit-Scope") == "shared":
            return
        self._at.append(self._clock())
        if self.recent >= INVALID_LIMIT:
            self.ban(self._at[0] + INVALID_SECONDS - self._clock())

    @property
    def recent(self) -> int:
        """How many there were in the last ten minutes."""
        now = self._clock()
        while self._at and now - self._at[0] >= INVALID_SECONDS:
            self._at.popleft()
        return len(self._at)

    def ban(self, seconds: float) -> None:
        """Lock the address out for so long."""
        self._banned_until = self._clock() + seconds

    @property
    def banned_for(self) -> float:
        """Seconds for which it is still locked out."""
        return max(0.0, self._banned_until - self._clock())
