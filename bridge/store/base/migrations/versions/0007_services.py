"""Services with several mailboxes: their own line, how many they may have, and jobs without a
mailbox"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

SELECT_TABLE = sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :table")
UPDATE_TABLE = sa.text("UPDATE sqlite_master SET sql = :sql WHERE type = 'table' AND name = :table")
NOT_NULL, NULLABLE = "mailbox_id INTEGER NOT NULL", "mailbox_id INTEGER"


def upgrade() -> None:
    op.create_table(
        "services",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("service_id", sa.String(length=64), nullable=False),
        sa.Column("sequence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("decided", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("seats", sa.Integer(), nullable=True),
        sa.Column("suspended_by", sa.String(length=32), nullable=True),
        sa.Column("suspended_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_services")),
        sa.UniqueConstraint("source", "service_id", name=op.f("uq_services_source_service_id")),
    )
    op.add_column("jobs", sa.Column("service_job", sa.String(length=32), nullable=True))
    silent: sa.Column[bool] = sa.Column(
        "silent", sa.Boolean(), server_default=sa.text("false"), nullable=False
    )
    op.add_column("jobs", silent)
    op.add_column("mailboxes", sa.Column("used", sa.BigInteger(), nullable=True))
    op.add_column("mailboxes", sa.Column("used_at", sa.Float(), nullable=True))
    make_nullable("jobs")
    make_nullable("callbacks")
    partial_index("jobs", "members", "service_job IS NOT NULL", ["service_job", "status"])
    partial_index("jobs", "services", "mailbox_id IS NULL", ["service_id", "source", "sequence"])
    partial_index("callbacks", "services", "mailbox_id IS NULL", ["service_id", "source"])


def make_nullable(table: str) -> None:
    """The job of a service has no mailbox, and neither has its callback."""
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        op.alter_column(table, "mailbox_id", existing_type=sa.BigInteger(), nullable=True)
        return
    # SQLite's own short way (lang_altertable.html, section 7) to take out a NOT NULL: to copy the
    # table would take minutes on a large one, and drop what refers to it.
    found = connection.scalar(SELECT_TABLE, {"table": table})
    if found.count(NOT_NULL) != 1:
        raise RuntimeError(f"The table {table} is not as this program made it.")
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    connection.execute(UPDATE_TABLE, {"table": table, "sql": found.replace(NOT_NULL, NULLABLE)})
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = OFF")


def partial_index(table: str, name: str, condition: str, columns: list[str]) -> None:
    where = sa.text(condition)
    op.create_index(
        f"ix_{table}_{name}",
        table,
        columns,
        unique=False,
        sqlite_where=where,
        postgresql_where=where,
    )
