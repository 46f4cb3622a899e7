"""Subscriptions of platforms with webhooks of their own, what is written back to them, and one-time
links for first passwords"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def serial() -> sa.BigInteger:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("sources", sa.Column("compared_at", sa.Float(), nullable=True))
    op.add_column("mailboxes", sa.Column("suspended_by", sa.String(length=64), nullable=True))
    op.add_column(
        "mailboxes",
        sa.Column("awaits_password", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    created = sa.text("action IN ('mailbox.create', 'mailbox.ensure') AND status = 'succeeded'")
    op.drop_index("ix_jobs_created", "jobs")
    op.create_index(
        "ix_jobs_created",
        "jobs",
        ["mailbox_id", "action"],
        unique=False,
        sqlite_where=created,
        postgresql_where=created,
    )
    op.create_table(
        "subscriptions",
        sa.Column("id", serial(), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("service_id", sa.String(length=64), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("plan", sa.String(length=64), nullable=True),
        sa.Column("final", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("said_at", sa.Float(), nullable=False),
        sa.Column("said_in", sa.JSON(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
        sa.UniqueConstraint(
            "source", "service_id", name=op.f("uq_subscriptions_source_service_id")
        ),
    )
    op.create_index("ix_subscriptions_service_id", "subscriptions", ["service_id"], unique=False)
    op.create_index("ix_subscriptions_address", "subscriptions", ["address"], unique=False)
    op.create_table(
        "write_backs",
        sa.Column("id", serial(), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("service_id", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("written", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("next_at", sa.Float(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("token", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_write_backs")),
        sa.UniqueConstraint("source", "service_id", name=op.f("uq_write_backs_source_service_id")),
    )
    is_due = sa.text("next_at IS NOT NULL")
    op.create_index(
        "ix_write_backs_due",
        "write_backs",
        ["next_at"],
        unique=False,
        sqlite_where=is_due,
        postgresql_where=is_due,
    )
    op.create_index("ix_write_backs_address", "write_backs", ["address"], unique=False)
    op.create_table(
        "password_links",
        sa.Column("id", serial(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("mailbox_id", serial(), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("service_id", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("expires_at", sa.Float(), nullable=False),
        sa.Column("job_id", sa.String(length=32), nullable=True),
        sa.Column("ended_at", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["mailboxes.id"], name=op.f("fk_password_links_mailbox_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_password_links")),
        sa.UniqueConstraint("digest", name=op.f("uq_password_links_digest")),
    )
    op.create_index("ix_password_links_mailbox_id", "password_links", ["mailbox_id"], unique=False)
