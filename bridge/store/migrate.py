"""Schema versions, by Alembic. Run before anything else touches the database."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

from bridge.store.database import Database

LOCK = 0x656E6F6D  # one upgrade at a time on PostgreSQL


def upgrade(database: Database) -> str:
    """Brings the schema to the newest version and returns it. Does nothing when it is there."""
    newest = script().get_current_head() or ""
    with database.write() as connection:
        if not database.embedded:
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:id)"), {"id": LOCK})
        if current(connection) != newest:
            settings = config()
            settings.attributes["connection"] = connection
            command.upgrade(settings, "head")
    return newest


def check(database: Database) -> tuple[str | None, str]:
    """The schema's version in the database (None: empty), and the one that this program needs."""
    with database.read() as connection:
        return current(connection), script().get_current_head() or ""


def current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def config() -> Config:
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return settings


def script() -> ScriptDirectory:
    return ScriptDirectory.from_config(config())
