"""The domains whose mail is looked at by itself"""

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
