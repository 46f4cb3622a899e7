"""The domains whose mail is looked at by itself, and what a source wanted to be told of"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mail_watches",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("domain", sa.String(length=253), nullable=False),
        sa.Column("ordered_at", sa.Float(), nullable=True),
        sa.Column("receives", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("sends", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("failing_since", sa.Float(), nullable=True),
        sa.Column("looks", sa.Integer(), server_default="0", nullable=False),
        sa.Column("looked_at", sa.Float(), nullable=True),
        sa.Column("sampled_at", sa.Float(), nullable=True),
        sa.Column("next_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_watches")),
        sa.UniqueConstraint("account", "domain", name=op.f("uq_mail_watches_account_domain")),
    )
    is_due = sa.text("next_at IS NOT NULL")
    op.create_index(
        "ix_mail_watches_due",
        "mail_watches",
        ["next_at"],
        unique=False,
        sqlite_where=is_due,
        postgresql_where=is_due,
    )
    op.create_index("ix_mail_watches_sampled_at", "mail_watches", ["sampled_at"], unique=False)
    op.create_table(
        "events",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("service_id", sa.String(length=64), nullable=False),
        sa.Column("data", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_at", sa.Float(), nullable=False),
        sa.Column("token", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("ended_at", sa.Float(), nullable=True),
        sa.Column("below_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    is_pending = sa.text("status = 'pending'")
    op.create_index(
        "ix_events_due",
        "events",
        ["next_at"],
        unique=False,
        sqlite_where=is_pending,
        postgresql_where=is_pending,
    )
    op.create_index("ix_events_address", "events", ["address"], unique=False)
