"""What people did, what the last reconciliation found, and what the pages list quickly"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("who", sa.String(length=128), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("target", sa.String(length=320), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_target", "audit", ["target", "id"], unique=False)
    op.create_table(
        "differences",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("domain", sa.String(length=253), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=True),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=True),
        sa.Column("service_id", sa.String(length=64), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("remedy", sa.Text(), nullable=False),
        sa.Column("since", sa.Float(), nullable=False),
        sa.Column("seen_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_differences")),
    )
    op.create_index("ix_differences_address", "differences", ["address"], unique=False)
    op.create_index("ix_differences_domain", "differences", ["account", "domain"], unique=False)
    op.create_index("ix_differences_kind", "differences", ["kind", "id"], unique=False)
    op.create_table(
        "paks",
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("domain", sa.String(length=253), nullable=False),
        sa.Column("bundle", sa.String(length=32), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("free", sa.Integer(), nullable=False),
        sa.Column("expires", sa.Float(), nullable=False),
        sa.Column("seen_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("account", "domain", "bundle", name=op.f("pk_paks")),
    )
    op.create_table(
        "readiness",
        sa.Column("domain", sa.String(length=253), nullable=False),
        sa.Column("found", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("checked_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_readiness")),
    )
    op.create_table(
        "reconciliations",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("who", sa.String(length=128), nullable=False),
        sa.Column("started_at", sa.Float(), nullable=False),
        sa.Column("ended_at", sa.Float(), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("domains", sa.Integer(), nullable=False),
        sa.Column("unread", sa.Integer(), nullable=False),
        sa.Column("mailboxes", sa.Integer(), nullable=False),
        sa.Column("found", sa.JSON(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliations")),
    )
    op.create_index(
        "ix_reconciliations_account", "reconciliations", ["account", "id"], unique=False
    )
    op.create_table(
        "sign_in_failures",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_failures")),
    )
    op.create_index("ix_sign_in_failures_at", "sign_in_failures", ["at"], unique=False)
    op.add_column("accounts", sa.Column("reconcile_at", sa.Float(), nullable=True))
    op.create_index("ix_purchases_job_id", "purchases", ["job_id"], unique=False)
    op.create_index(
        "ix_hooks_parked",
        "hooks",
        ["id"],
        unique=False,
        sqlite_where=sa.text("job_id IS NULL"),
        postgresql_where=sa.text("job_id IS NULL"),
    )
    op.create_index(
        "ix_jobs_bad",
        "jobs",
        ["status", "id"],
        unique=False,
        sqlite_where=sa.text("status IN ('held', 'failed', 'cancelled')"),
        postgresql_where=sa.text("status IN ('held', 'failed', 'cancelled')"),
    )
    op.create_index("ix_jobs_action", "jobs", ["action", "id"], unique=False)
    op.create_index(
        "ix_jobs_replaces",
        "jobs",
        ["replaces"],
        unique=False,
        sqlite_where=sa.text("replaces IS NOT NULL"),
        postgresql_where=sa.text("replaces IS NOT NULL"),
    )
    op.create_index(
        "ix_jobs_created",
        "jobs",
        ["mailbox_id", "action"],
        unique=False,
        sqlite_where=sa.text("action = 'mailbox.create' AND status = 'succeeded'"),
        postgresql_where=sa.text("action = 'mailbox.create' AND status = 'succeeded'"),
    )
    op.create_index(
        "ix_callbacks_exhausted",
        "callbacks",
        ["id"],
        unique=False,
        sqlite_where=sa.text("status = 'exhausted'"),
        postgresql_where=sa.text("status = 'exhausted'"),
    )
    op.create_index("ix_jobs_service_id", "jobs", ["service_id", "id"], unique=False)
    op.create_index("ix_mailboxes_address", "mailboxes", ["address"], unique=False)
    op.create_index("ix_mailboxes_service_id", "mailboxes", ["service_id"], unique=False)
    op.create_index("ix_steps_started_at", "steps", ["started_at"], unique=False)
