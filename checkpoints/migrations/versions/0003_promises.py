"""What keeps the promises: owners and claims, cards at full strength, grants, the audit, what was seen where.

Revision: 0003, after 0002.
"""

import hashlib
import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# The terms of all cards before this revision: the person who asked decides, alone.
_TERMS = json.dumps({"deciders": ["requester"], "approvals": 1, "remember_minutes": 0})


def upgrade() -> None:
    """Bring the schema to this revision."""
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.add_column(sa.Column("outcome", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("taken_by", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("user_id", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("channel_id", sa.BigInteger(), nullable=True))
        batch_op.create_index("inbox_by_user", ["user_id", "received_at"], unique=False)
        batch_op.create_index("inbox_by_channel", ["channel_id", "received_at"], unique=False)
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.add_column(sa.Column("begins", sa.Text(), nullable=True))
    op.create_table(
        "owners",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("incarnation", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "claims",
        sa.Column("conversation", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("incarnation", sa.BigInteger(), nullable=True),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("conversation"),
    )
    op.create_table(
        "seen",
        sa.Column("channel_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("channel_id"),
    )
    _approvals()
    op.create_table(
        "votes",
        sa.Column("approval_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("voted_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["approval_id"], ["approvals.id"]),
        sa.PrimaryKeyConstraint("approval_id", "user_id"),
    )
    op.create_table(
        "grants",
        sa.Column("conversation", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("granted_by", sa.BigInteger(), nullable=False),
        sa.Column("granted_at", sa.DateTime(), nullable=False),
        sa.Column("until", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("conversation", "source"),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("conversation", sa.Text(), nullable=True),
        sa.Column("turn_key", sa.Text(), nullable=True),
        sa.Column("approval_id", sa.Text(), nullable=True),
        sa.Column("tool", sa.Text(), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=True),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )


def _approvals() -> None:
    """Give every card an id of its own, also in the delivery that is its message."""
    op.rename_table("approvals", "approvals_before")
    op.drop_index("approvals_by_turn", table_name="approvals_before")
    op.create_table(
        "approvals",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("interrupt_id", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("turn_key", sa.Text(), nullable=False),
        sa.Column("tool", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("effects", sa.JSON(), nullable=False),
        sa.Column("arguments", sa.JSON(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("requester_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("deadline", sa.DateTime(), nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("reply_id", sa.BigInteger(), nullable=True),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["turn_key"], ["inbox.key"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("approvals_by_turn", "approvals", ["turn_key"])
    connection = op.get_bind()
    kept = (
        "interrupt_id, call_id, turn_key, tool, arguments, fingerprint, requester_id, channel_id, decision, "
        "decided_by, decided_at, settled, created_at"
    )
    for interrupt_id, call_id in connection.execute(
        sa.text("SELECT interrupt_id, call_id FROM approvals_before")
    ).all():
        names = {
            "id": hashlib.sha256(f"{interrupt_id}\n{call_id}\n0".encode()).hexdigest()[:25],
            "interrupt_id": interrupt_id,
            "call_id": call_id,
        }
        connection.execute(
            sa.text(
                f"INSERT INTO approvals (id, number, kind, source, effects, terms, {kept}) "  # noqa: S608 - our own words
                f"SELECT :id, 0, 'call', '', '[]', '{_TERMS}', {kept} FROM approvals_before "
                "WHERE interrupt_id = :interrupt_id AND call_id = :call_id"
            ).bindparams(**names)
        )
        connection.execute(
            sa.text("UPDATE deliveries SET part = :new WHERE part = :old").bindparams(
                new=f"card:{names['id']}", old=f"card:{interrupt_id}:{call_id}"
            )
        )
    op.drop_table("approvals_before")
