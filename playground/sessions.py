"""What a bot identifies for: the gateway's settings, how often one may identify, and the session that comes of it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from playground.connection import DISPATCH, INVALID_SHARD, CloseError

if TYPE_CHECKING:
    from collections.abc import Callable

    from playground.connection import Connection
    from playground.values import Json, JsonValue

# How much of a session's past can be replayed; Discord tells no figure (assumed).
REPLAYED = 1000
# A session without a connection ends "after a few minutes" (docs events/gateway, initiating a disconnect; 3 assumed).
AWAY_SECONDS = 180.0
# "1000 IDENTIFY calls ... in a 24-hour period" (docs events/gateway#identifying).
DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """How this gateway differs from Discord's.

    Attributes:
        heartbeat_interval: Seconds between two heartbeats (41.25 seen; docs events/gateway#hello-event shows 45).
        shards: What GET /gateway/bot recommends.
        max_concurrency: How many shards may identify at once (docs events/gateway#session-start-limit-object).
        session_starts: How often one may identify in a day.
        identify_seconds: How long an IDENTIFY keeps the next of its bucket off. Discord's figure is 5
            (docs events/gateway#rate-limiting); 0, the default, lets tests start one bot after another at once.
    """

    heartbeat_interval: float = 41.25
    shards: int = 1
    max_concurrency: int = 1
    session_starts: int = 1000
    identify_seconds: float = 0.0


class SessionStarts:
    """Counts IDENTIFYs over all shards, and tells when there are too many.

    Args:
        settings: What is allowed.
        clock: Seconds since 1970.
    """

    def __init__(self, settings: GatewaySettings, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._clock = clock
        self._opened = clock()
        self._used = 0
        self._last: dict[int, float] = {}

    def count(self) -> bool:
        """Count one; False when the day's are used up."""
        self._renew()
        self._used += 1
        return self._used <= self._settings.session_starts

    def in_turn(self, shard_id: int) -> bool:
        """Tell whether a shard may identify now (docs events/gateway#sharding-max-concurrency: rate_limit_key)."""
        key = shard_id % self._settings.max_concurrency
        now = self._clock()
        if now - self._last.get(key, float("-inf")) < self._settings.identify_seconds:
            return False
        self._last[key] = now
        return True

    def shape(self) -> Json:
        """Shape what GET /gateway/bot tells beside the address (docs events/gateway#get-gateway-bot)."""
        self._renew()
        limit = {
            "total": self._settings.session_starts,
            "remaining": max(0, self._settings.session_starts - self._used),
            "reset_after": int((self._opened + DAY - self._clock()) * 1000),
            "max_concurrency": self._settings.max_concurrency,
        }
        return {"shards": self._settings.shards, "session_start_limit": limit}

    def _renew(self) -> None:
        if self._clock() - self._opened >= DAY:
            self._opened, self._used = self._clock(), 0


@dataclass(slots=True, eq=False)
class Session:
    """What the bot identified for; it lives on while its connection is down.

    Attributes:
        shard: The number of its shard, and of how many.
        sequence: The number of its last dispatch.
        past: Its last dispatches, for a RESUME.
        connection: Where dispatches go; None while the bot is away.
        left_at: When the bot went away, in seconds of the world's clock.
    """

    id: str
    intents: int
    shard: tuple[int, int] = (0, 1)
    sequence: int = 0
    past: deque[Json] = field(default_factory=lambda: deque[dict[str, Any]](maxlen=REPLAYED))
    connection: Connection | None = None
    left_at: float = 0.0

    def dispatch(self, name: str, data: JsonValue) -> None:
        """Number an event, remember it, and send it if the bot is there."""
        self.sequence += 1
        payload: Json = {"op": DISPATCH, "t": name, "s": self.sequence, "d": data}
        self.past.append(payload)
        if self.connection is not None:
            self.connection.put(payload)

    def covers(self, guild_id: int | None) -> bool:
        """Tell whether its shard is told of a guild, or of what has none (docs events/gateway#sharding)."""
        number, count = self.shard
        return number == (0 if guild_id is None else (guild_id >> 22) % count)

    def missed_since(self, sequence: int) -> list[Json] | None:
        """Give what was sent after a dispatch; None when that is longer ago than is remembered."""
        oldest = self.past[0]["s"] if self.past else 1
        return None if sequence < oldest - 1 else [one for one in self.past if one["s"] > sequence]

    def ended(self, now: float) -> bool:
        """Tell whether the bot has been away for too long to resume it."""
        return self.connection is None and now - self.left_at > AWAY_SECONDS


def shard_of(identify: Json) -> tuple[int, int]:
    """Read the shard of an IDENTIFY (docs events/gateway#sharding).

    Raises:
        CloseError: It is none.
    """
    shard: JsonValue = identify.get("shard")
    if shard is None:
        return 0, 1
    if isinstance(shard, list) and len(cast("list[JsonValue]", shard)) == 2:
        number, count = cast("list[JsonValue]", shard)
        if isinstance(number, int) and isinstance(count, int) and 0 <= number < count:
            return number, count
    raise CloseError(INVALID_SHARD, "Invalid shard.")
