"""What is queued, by source, action and domain, and callbacks by source and action: each has its
turn"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BY_TURN = ["account", "source", "action", "domain", "available_at", "id"]


def upgrade() -> None:
    replace_index("jobs", "queued", "status = 'queued'", BY_TURN)
    action = sa.Column("action", sa.String(length=32), nullable=False, server_default=sa.text("''"))
    op.add_column("callbacks", action)
    # Of all: a person may have any of them sent again.
    callbacks = sa.table("callbacks", sa.column("job_id"), sa.column("action"))
    jobs = sa.table("jobs", sa.column("id"), sa.column("action"))
    of_job = sa.select(jobs.c.action).where(jobs.c.id == callbacks.c.job_id).scalar_subquery()
    op.execute(sa.update(callbacks).values(action=of_job))
    replace_index("callbacks", "due", "status = 'pending'", ["source", "action", "next_at"])


def replace_index(table: str, name: str, condition: str, columns: list[str]) -> None:
    where = sa.text(condition)
    op.drop_index(f"ix_{table}_{name}", table)
    op.create_index(
        f"ix_{table}_{name}",
        table,
        columns,
        unique=False,
        sqlite_where=where,
        postgresql_where=where,
    )
