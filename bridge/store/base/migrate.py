"""Schema versions, by Alembic. Run before anything else touches the database.

Alembic itself is loaded only where there is something to upgrade: it takes a third of the time of a
start.
"""

from functools import cache
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.errors import NotPossible
from bridge.reporting.refusals import refusal
from bridge.store.base.database import Database
from bridge.store.base.serve_lock import served_before

LOCK = 0x656E6F6D  # one upgrade at a time on PostgreSQL
FOLDER = Path(__file__).parent / "migrations"
SELECT_VERSION = sa.select(sa.column("version_num", sa.String)).select_from(
    sa.table("alembic_version")
)


def upgrade(database: Database) -> str:
    """Brings the schema to the newest version and returns it. Does nothing when it is there.

    Raises NotPossible for a version that this program does not know: there is no way back from a newer
    one.
    """
    with database.write() as connection:
        return bring_up(connection, database)


def bring_up(connection: Connection, database: Database, to: str = "head") -> str:
    """The same inside the caller's transaction. `to`: another version, for tests of the upgrade."""
    if not database.embedded:
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:id)"), {"id": LOCK})
    present = current(connection)
    if present != newest():
        if present is not None and present not in versions():
            raise NotPossible(refusal("schema_unknown", present=present))
        migrate(connection, to)
    return newest()


def check(database: Database) -> tuple[str | None, str]:
    """The schema's version in the database (None: empty, or not there), and the one that this
    program needs.

    A look makes no SQLite file: an administrator's first one would leave a file that the bridge's
    own user may not write.
    """
    database.check_files()
    if database.absent():
        return None, newest()
    with database.read() as connection:
        return current(connection), newest()


def newest() -> str:
    return versions()[-1]


@cache
def versions() -> list[str]:
    """Those that this program knows; the name of each file begins with its own. A newer program may
    have used the database.
    """
    return sorted(file.name.partition("_")[0] for file in FOLDER.glob("versions/[0-9]*_*.py"))


def schema_fault(database: Database, present: str | None, needed: str) -> str:
    """A sentence with its remedy, for two versions that are not the same."""
    if present is not None and present > needed and present not in versions():
        return refusal("schema_newer", present=present, needed=needed)
    if database.file is None:
        return refusal("schema_to_upgrade", present=present or "missing", needed=needed)
    if present is not None:
        return refusal("schema_to_serve", present=present, needed=needed)
    if database.absent() and served_before(database.file):
        return refusal("file_away", file=database.file)
    if database.absent():
        return refusal("file_missing", file=database.file)
    return refusal("file_empty", file=database.file)


def current(connection: Connection) -> str | None:
    return (
        connection.scalar(SELECT_VERSION)
        if sa.inspect(connection).has_table("alembic_version")
        else None
    )


def migrate(connection: Connection, to: str) -> None:
    from alembic import command
    from alembic.config import Config

    settings = Config()
    settings.set_main_option("script_location", str(FOLDER))
    settings.attributes["connection"] = connection
    command.upgrade(settings, to)
