"""Whose a mailbox is at billing, and what people decided of hooks, jobs and accounts"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NEW: dict[str, list[sa.Column[Any]]] = {
    "mailboxes": [
        sa.Column("customer_id", sa.String(length=64), nullable=True),
        sa.Column("customer_source", sa.String(length=64), nullable=True),
        sa.Column("gone_at", sa.Float(), nullable=True),
    ],
    "hooks": [sa.Column("dismissed_at", sa.Float(), nullable=True)],
    "jobs": [
        sa.Column("code", sa.String(length=32), nullable=True),
        sa.Column("withdrawn", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("lifted", sa.String(length=128), nullable=True),
    ],
    "accounts": [
        sa.Column("pause_reason", sa.Text(), nullable=True),
        sa.Column("quiet_until", sa.Float(), nullable=True),
        sa.Column("restored_at", sa.Float(), nullable=True),
        sa.Column("reconcile_lease", sa.Float(), nullable=True),
    ],
    "purchases": [sa.Column("settles_at", sa.Float(), nullable=True)],
    "sources": [
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("suspensions_paused", sa.Text(), nullable=True),
        sa.Column("suspensions_from", sa.Float(), nullable=True),
        sa.Column("receiver_tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("receiver_after", sa.Float(), nullable=True),
        sa.Column("sender", sa.String(length=64), nullable=True),
    ],
    "callbacks": [sa.Column("pending_since", sa.Float(), nullable=True)],
}
PAUSES = ("paused", "detail", "money_until", "pause_reason", "quiet_until", "restored_at")

# What held a job has a name from now on. Of those that are held already, the sentence tells it.
HELD_BY = {
    "(safety.max_terminations_per_hour": "deletions",
    "(safety.max_purchases_per_day": "purchases",
    "pass by themselves": "renewal",
}
LIFTED_ONCE = "deletions purchases renewal"  # by an approval, until now


def upgrade() -> None:
    for table, columns in NEW.items():
        for column in columns:
            op.add_column(table, column)
    op.create_index("ix_mailboxes_domain", "mailboxes", ["account", "domain"], unique=False)
    is_held = sa.text("status = 'held'")
    op.create_index(
        "ix_jobs_held",
        "jobs",
        ["mailbox_id"],
        unique=False,
        sqlite_where=is_held,
        postgresql_where=is_held,
    )
    unknown = sa.text("state = 'unknown'")
    op.create_index(
        "ix_mailboxes_unknown", "mailboxes", ["id"], sqlite_where=unknown, postgresql_where=unknown
    )
    # What waits for a receiver that does not answer is passed over as a whole.
    op.drop_index("ix_callbacks_due", "callbacks")
    pending = sa.text("status = 'pending'")
    by = ["source", "next_at"]
    op.create_index(
        "ix_callbacks_due",
        "callbacks",
        by,
        unique=False,
        sqlite_where=pending,
        postgresql_where=pending,
    )
    # Each reason for which an account stands still is a fact of its own from now on. When it was
    # restored, is not on record.
    accounts = sa.table("accounts", *(sa.column(name) for name in PAUSES))
    nothing = {accounts.c.paused: None, accounts.c.detail: None}
    quiet = {
        accounts.c.restored_at: 0.0,
        accounts.c.quiet_until: accounts.c.money_until,
        accounts.c.money_until: None,
    }
    op.execute(
        sa.update(accounts).where(accounts.c.paused == "restored").values({**nothing, **quiet})
    )
    reason = {accounts.c.pause_reason: sa.func.coalesce(accounts.c.detail, "")}
    op.execute(
        sa.update(accounts).where(accounts.c.paused == "person").values({**nothing, **reason})
    )
    # The code of an error gets a column, so that lists can be asked for it.
    names = ("id", "status", "passed", "code", "lifted")
    jobs = sa.table("jobs", sa.column("error", sa.JSON(none_as_null=True)), *map(sa.column, names))
    op.execute(
        sa.update(jobs)
        .where(jobs.c.error.is_not(None))
        .values(code=jobs.c.error["code"].as_string())
    )
    some = sa.text("code IS NOT NULL")
    op.create_index(
        "ix_jobs_code",
        "jobs",
        ["code", "id"],
        unique=False,
        sqlite_where=some,
        postgresql_where=some,
    )
    op.execute(sa.update(jobs).where(jobs.c.passed).values(lifted=LIFTED_ONCE))
    held = sa.select(jobs.c.id, jobs.c.error).where(
        jobs.c.status == "held", jobs.c.code == "unsafe"
    )
    for id, error in op.get_bind().execute(held).all():
        limit = next((name for words, name in HELD_BY.items() if words in error["detail"]), None)
        if limit is not None:
            op.execute(
                sa.update(jobs).where(jobs.c.id == id).values(error={**error, "limit": limit})
            )
