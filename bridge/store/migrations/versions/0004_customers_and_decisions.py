"""Whose a mailbox is at billing, what people decided of hooks and jobs, and what of an account or source holds by itself"""

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
    "jobs": [sa.Column("code", sa.String(length=32), nullable=True)],
    "accounts": [
        sa.Column("restored_at", sa.Float(), nullable=True),
        sa.Column("reconcile_lease", sa.Float(), nullable=True),
    ],
    "sources": [
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("suspensions_paused", sa.Text(), nullable=True),
        sa.Column("suspensions_from", sa.Float(), nullable=True),
        sa.Column("receiver_tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("receiver_after", sa.Float(), nullable=True),
    ],
    "callbacks": [sa.Column("pending_since", sa.Float(), nullable=True)],
}


def upgrade() -> None:
    for table, columns in NEW.items():
        for column in columns:
            op.add_column(table, column)
    op.create_index("ix_mailboxes_domain", "mailboxes", ["account", "domain"], unique=False)
    # What waits for a receiver that does not answer is passed over as a whole.
    op.drop_index("ix_callbacks_due", "callbacks")
    pending = sa.text("status = 'pending'")
    by = ["source", "next_at"]
    op.create_index("ix_callbacks_due", "callbacks", by, unique=False, sqlite_where=pending, postgresql_where=pending)
    # What a restore paused is a fact of its own from now on; when it was, is not on record.
    accounts = sa.table("accounts", sa.column("paused"), sa.column("detail"), sa.column("restored_at"))
    restored = sa.update(accounts).where(accounts.c.paused == "restored")
    op.execute(restored.values(restored_at=0.0, paused=None, detail=None))
    # The code of an error gets a column, so that lists can be asked for it.
    jobs = sa.table("jobs", sa.column("error", sa.JSON(none_as_null=True)), sa.column("code"))
    op.execute(sa.update(jobs).where(jobs.c.error.is_not(None)).values(code=jobs.c.error["code"].as_string()))
