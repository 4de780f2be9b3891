"""The journal's tables: what came in, what was promised to the outside, and what was done."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
)

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time in UTC; SQLite keeps no time zone, so it is taken off and put on again here."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002, D102 - SQLAlchemy's signature
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002, D102 - SQLAlchemy's signature
        return None if value is None else value.replace(tzinfo=UTC)


# BIGINT does not count up by itself in SQLite, INTEGER does.
_Counter = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData()

# One row for each thing that asks for a turn. `payload` holds what is needed to run it.
inbox = Table(
    "inbox",
    metadata,
    Column("id", _Counter, primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False, unique=True),
    Column("conversation", Text, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("state", Text, nullable=False),
    Column("dispatches", Integer, nullable=False, default=0),
    Column("closing", Text),
    Column("outcome", Text),
    Column("taken_by", Text),
    Column("user_id", BigInteger),
    Column("channel_id", BigInteger),
    Column("received_at", UtcDateTime, nullable=False),
    Column("closed_at", UtcDateTime),
    Index("inbox_by_conversation", "conversation", "state"),
    Index("inbox_by_user", "user_id", "received_at"),
    Index("inbox_by_channel", "channel_id", "received_at"),
)

# Every process that works on the database, by its name; `until` is a Unix time on the database's own clock.
owners = Table(
    "owners",
    metadata,
    Column("name", Text, primary_key=True),
    Column("incarnation", BigInteger, nullable=False),
    Column("until", Float(53), nullable=False),
)

# Which process works on a conversation; the fencing number grows with every change of hands.
claims = Table(
    "claims",
    metadata,
    Column("conversation", Text, primary_key=True),
    Column("owner", Text),
    Column("incarnation", BigInteger),
    Column("fence", BigInteger, nullable=False),
)

# The newest message of each channel that was looked at: where the search for missed ones begins.
seen = Table(
    "seen",
    metadata,
    Column("channel_id", BigInteger, primary_key=True, autoincrement=False),
    Column("guild_id", BigInteger),
    Column("message_id", BigInteger, nullable=False),
)

# One row for each turn that entered a thread; kept because walking the saver's history is quadratic.
turns = Table(
    "turns",
    metadata,
    Column("key", Text, ForeignKey("inbox.key"), primary_key=True),
    Column("thread_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("first_words", Text, nullable=False),
    Column("start_checkpoint", Text),
    Column("end_checkpoint", Text),
    Column("outcome", Text),
    Column("model", Text),
    Column("toolset", Text),
    Column("input_tokens", Integer, nullable=False, default=0),
    Column("output_tokens", Integer, nullable=False, default=0),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Index("turns_by_thread", "thread_id", "number", unique=True),
)

# The definitions of the tools that a turn's model was offered, once for each distinct set: replay offers them again.
toolsets = Table(
    "toolsets",
    metadata,
    Column("fingerprint", Text, primary_key=True),
    Column("definitions", JSON, nullable=False),
)

branches = Table(
    "branches",
    metadata,
    Column("thread_id", Text, primary_key=True),
    Column("conversation", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("parent", Text),
    Column("parent_turn", Text),
    Column("current", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index("branches_by_conversation", "conversation", "number", unique=True),
)

# What was posted: the row stands before the POST, the message's id comes after it.
deliveries = Table(
    "deliveries",
    metadata,
    Column("turn_key", Text, ForeignKey("inbox.key"), primary_key=True),
    Column("part", Text, primary_key=True),
    Column("channel_id", BigInteger, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("message_id", BigInteger, unique=True),
    Column("final", Boolean, nullable=False, default=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("begins", Text),
)

# One row for each card: a call that waits, or waited, for a person. A call has several when its arguments were edited,
# or when it came in doubt more than once.
approvals = Table(
    "approvals",
    metadata,
    Column("id", Text, primary_key=True),
    Column("interrupt_id", Text, nullable=False),
    Column("call_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("turn_key", Text, ForeignKey("inbox.key"), nullable=False),
    Column("tool", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("effects", JSON, nullable=False),
    Column("arguments", JSON, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("requester_id", BigInteger, nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("terms", JSON, nullable=False),
    Column("deadline", UtcDateTime),
    Column("decision", Text),
    Column("decided_by", BigInteger),
    Column("decided_at", UtcDateTime),
    Column("reason", Text),
    Column("reply_id", BigInteger),
    Column("settled", Boolean, nullable=False, default=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index("approvals_by_turn", "turn_key"),
)

# Who approved a card that takes more than one person.
votes = Table(
    "votes",
    metadata,
    Column("approval_id", Text, ForeignKey("approvals.id"), primary_key=True),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("voted_at", UtcDateTime, nullable=False),
)

# Tools that run without asking in a conversation for a while, because somebody said so on a card.
grants = Table(
    "grants",
    metadata,
    Column("conversation", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("granted_by", BigInteger, nullable=False),
    Column("granted_at", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=False),
)

# One row for each thing that a person decided, or that was decided for want of one; never changed.
audit = Table(
    "audit",
    metadata,
    Column("id", _Counter, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("event", Text, nullable=False),
    Column("conversation", Text),
    Column("turn_key", Text),
    Column("approval_id", Text),
    Column("tool", Text),
    Column("fingerprint", Text),
    Column("user_id", BigInteger),
    Column("detail", Text),
)

tool_runs = Table(
    "tool_runs",
    metadata,
    Column("thread_id", Text, primary_key=True),
    Column("model_message_id", Text, primary_key=True),
    Column("call_id", Text, primary_key=True),
    Column("run", Integer, primary_key=True),
    Column("turn_key", Text, ForeignKey("inbox.key"), nullable=False),
    Column("tool", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("result", Text),
    Column("failed", Boolean),
    Index("tool_runs_by_turn", "turn_key"),
)

prompts = Table(
    "prompts",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("scope_id", BigInteger, primary_key=True),
    Column("text", Text, nullable=False),
    Column("set_by", BigInteger, nullable=False),
    Column("set_at", UtcDateTime, nullable=False),
)

# Images, each content once. The content comes last, so that the columns before it are read without it.
blobs = Table(
    "blobs",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("mime_type", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("content", LargeBinary, nullable=False),
)
