"""Schema versions, by Alembic. Run before anything else touches the database."""

from functools import cache
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

from bridge.errors import NotNow
from bridge.store.database import Database

LOCK = 0x656E6F6D  # one upgrade at a time on PostgreSQL


def upgrade(database: Database) -> str:
    """Brings the schema to the newest version and returns it. Does nothing when it is there.

    Raises NotNow for a version that this program does not know: there is no way back from a newer one.
    """
    with database.write() as connection:
        return bring_up(connection, database)


def bring_up(connection: Connection, database: Database, to: str = "head") -> str:
    """The same inside the caller's transaction. `to`: another version, for tests of the upgrade."""
    if not database.embedded:
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:id)"), {"id": LOCK})
    present = current(connection)
    if present != newest():
        if present is not None and not known(present):
            raise NotNow(
                f"The database is at version {present} of the schema, which this program does not know: a newer "
                "enom-bridge has used it. Install that one again, or give this one a database of its own."
            )
        settings = config()
        settings.attributes["connection"] = connection
        command.upgrade(settings, to)
    return newest()


def check(database: Database) -> tuple[str | None, str]:
    """The schema's version in the database (None: empty), and the one that this program needs."""
    with database.read() as connection:
        return current(connection), newest()


@cache
def newest() -> str:
    """The version that this program needs."""
    return script().get_current_head() or ""


@cache
def known(revision: str) -> bool:
    """Whether this program knows that version; else a newer one has used the database."""
    return revision in [each.revision for each in script().walk_revisions()]


def schema_fault(present: str | None, needed: str) -> str:
    """A sentence with its remedy, for two versions that are not the same."""
    if present is not None and present > needed and not known(present):
        return f"The schema is {present}, of a newer enom-bridge; this one knows {needed}: install the newer version again."
    return f"The schema is {present or 'missing'}, this version needs {needed}: run `enom-bridge db upgrade`."


def current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def config() -> Config:
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return settings


def script() -> ScriptDirectory:
    return ScriptDirectory.from_config(config())
