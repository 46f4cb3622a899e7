"""The aliases and the forwarding of a mailbox, as billing last wanted them"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("mailboxes", sa.Column("aliases", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("mailboxes", sa.Column("forwarding", sa.JSON(none_as_null=True), nullable=True))
    has_any = sa.text("aliases IS NOT NULL")
    op.create_index(
        "ix_mailboxes_aliases",
        "mailboxes",
        ["account", "domain"],
        unique=False,
        sqlite_where=has_any,
        postgresql_where=has_any,
    )
