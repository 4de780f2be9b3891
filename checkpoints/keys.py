"""Thread ids: how guild, channel, user and branch name a conversation, and back."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_DIRECT = "dm"
_SHARED = "all"

_LONGEST_CALL_ID = 200

# "Milliseconds since Discord Epoch, the first second of 2015" (docs reference#snowflakes).
_DISCORD_EPOCH = datetime(2015, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Conversation:
    """Who talks where: one conversation for a user in a channel (a Discord thread is a channel).

    Attributes:
        guild_id: The guild's snowflake, None in a direct message.
        channel_id: The channel's snowflake.
        user_id: The user's snowflake, None where a channel shares one conversation among its users.
    """

    guild_id: int | None
    channel_id: int
    user_id: int | None

    def __str__(self) -> str:
        return f"{self.guild_id or _DIRECT}:{self.channel_id}:{self.user_id or _SHARED}"

    @classmethod
    def parse(cls, text: str) -> Conversation:
        """The conversation that `str` made this text of.

        Raises:
            ValueError: The text is not of that form.
        """
        try:
            guild, channel, user = text.split(":")
            return cls(
                guild_id=None if guild == _DIRECT else _number(guild),
                channel_id=_number(channel),
                user_id=None if user == _SHARED else _number(user),
            )
        except ValueError:
            raise ValueError(f"{text!r} is not a conversation: it reads guild:channel:user") from None

    def thread_id(self, branch: int) -> str:
        """The `thread_id` of one branch of this conversation; branches count from 0."""
        return f"{self}:{branch}"


def short(call_id: str) -> str:
    """What names a call in a key of the database: its id, or a hash of one that is too long for PostgreSQL's indexes.

    They take 2,704 bytes ("B-Tree Indexes"), and LiteLLM puts whole signatures of Gemini into the ids of calls.
    """
    return call_id if len(call_id) <= _LONGEST_CALL_ID else hashlib.sha256(call_id.encode()).hexdigest()


def parse_thread_id(thread_id: str) -> tuple[Conversation, int]:
    """The conversation and the branch that a thread id names.

    Raises:
        ValueError: The text is no thread id of ours.
    """
    conversation, _, branch = thread_id.rpartition(":")
    try:
        number = _number(branch)
    except ValueError:
        raise ValueError(f"{thread_id!r} is not a thread: it reads guild:channel:user:branch") from None
    return Conversation.parse(conversation), number


def turn_key(kind: str, origin_id: int, attempt: int = 0) -> str:
    """The key of a turn: what it came from (a message, an interaction), its snowflake, and the attempt."""
    return f"{kind}:{origin_id}:{attempt}"


def origin_of(key: str) -> int:
    """The snowflake of what a turn came from; a later one is a greater number, whatever the kind."""
    return _number(key.split(":")[1])


def asked_at(key: str) -> datetime | None:
    """When a turn was asked for, where its key tells: a message and an interaction carry their time in the snowflake.

    One that is found late counts when it was said. A later attempt tells nothing, nor does what is not Discord's.
    """
    kind, origin, attempt = key.split(":")
    if kind not in ("message", "interaction") or attempt != "0":
        return None
    return _DISCORD_EPOCH + timedelta(milliseconds=_number(origin) >> 22)


def _number(text: str) -> int:
    """A number as we write it; `int` alone also takes spaces, signs, underscores and the digits of other scripts."""
    if not (text.isascii() and text.isdecimal()):
        raise ValueError(f"{text!r} is not a number")
    return int(text)


TERMINAL = Conversation(guild_id=None, channel_id=1, user_id=1)
"""The conversation of `clew chat`. No channel and no person of Discord's has that id: the upper bits of a snowflake are
the milliseconds since 2015, so the smallest that can be is 4,194,304 (docs reference#snowflakes)."""
