"""Which service gave its mailbox to another one, where a job does that"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

CHANGE = "mailbox.change_service"
JOBS: Any = sa.table(
    "jobs",
    sa.column("id", sa.String),
    sa.column("action", sa.String),
    sa.column("intent", sa.JSON),
    sa.column("from_service_id", sa.String),
)
SELECT_CHANGES = sa.select(JOBS.c.id, JOBS.c.intent).where(JOBS.c.action == CHANGE)
UPDATE_JOB = sa.update(JOBS).where(JOBS.c.id == sa.bindparam("job_id"))


def upgrade() -> None:
    op.add_column("jobs", sa.Column("from_service_id", sa.String(length=64), nullable=True))
    connection = op.get_bind()
    for job in connection.execute(SELECT_CHANGES).all():
        former = {"from_service_id": job.intent["from_service_id"]}
        connection.execute(UPDATE_JOB, {"job_id": job.id, **former})
    changes = sa.text("from_service_id IS NOT NULL")
    op.create_index(
        "ix_jobs_former_service",
        "jobs",
        ["from_service_id", "id"],
        unique=False,
        sqlite_where=changes,
        postgresql_where=changes,
    )
