"""What is queued, by source, action and domain: each has its turn"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BY_TURN = ["account", "source", "action", "domain", "available_at", "id"]


def upgrade() -> None:
    op.drop_index("ix_jobs_queued", "jobs")
    is_queued = sa.text("status = 'queued'")
    op.create_index(
        "ix_jobs_queued",
        "jobs",
        BY_TURN,
        unique=False,
        sqlite_where=is_queued,
        postgresql_where=is_queued,
    )
