"""Schema versions, by Alembic. Run before anything else touches the database.

Alembic itself is loaded only where there is something to upgrade: it takes a third of the time of a start.
"""

from functools import cache
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.errors import NotNow
from bridge.store.base.database import Database
from bridge.store.base.sole import served_before

LOCK = 0x656E6F6D  # one upgrade at a time on PostgreSQL
FOLDER = Path(__file__).parent / "migrations"
SELECT_VERSION = sa.select(sa.column("version_num", sa.String)).select_from(sa.table("alembic_version"))


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
        if present is not None and present not in versions():
            raise NotNow(
                f"The database is at version {present} of the schema, which this program does not know: a newer "
                "enom-bridge has used it. Install that one again, or give this one a database of its own."
            )
        migrate(connection, to)
    return newest()


def check(database: Database) -> tuple[str | None, str]:
    """The schema's version in the database (None: empty, or not there), and the one that this program needs.

    A look makes no SQLite file: an administrator's first one would leave a file that the bridge's own user may not write.
    """
    database.check_files()
    if database.absent():
        return None, newest()
    with database.read() as connection:
        return current(connection), newest()


def newest() -> str:
    """The version that this program needs."""
    return versions()[-1]


@cache
def versions() -> list[str]:
    """Those that this program knows; the name of each file begins with its own. A newer program may have used the database."""
    return sorted(file.name.partition("_")[0] for file in FOLDER.glob("versions/[0-9]*_*.py"))


def schema_fault(database: Database, present: str | None, needed: str) -> str:
    """A sentence with its remedy, for two versions that are not the same."""
    if present is not None and present > needed and present not in versions():
        return f"The schema is {present}, of a newer enom-bridge; this one knows {needed}: install the newer version again."
    if database.file is None:
        return f"The schema is {present or 'missing'}, this version needs {needed}: run `enom-bridge db upgrade`."
    if present is not None:
        return f"The schema is {present}, this version needs {needed}: start `enom-bridge serve`, which brings it up to date."
    if database.absent() and served_before(database.file):
        return (
            f"{database.file} is not there, and a bridge ran on it before. Put it back before you start one: "
            "`enom-bridge serve` would make an empty one."
        )
    what = "is not there yet." if database.absent() else "is empty."
    return f"{database.file} {what} `enom-bridge serve` makes it."


def current(connection: Connection) -> str | None:
    return connection.scalar(SELECT_VERSION) if sa.inspect(connection).has_table("alembic_version") else None


def migrate(connection: Connection, to: str) -> None:
    from alembic import command
    from alembic.config import Config

    settings = Config()
    settings.set_main_option("script_location", str(FOLDER))
    settings.attributes["connection"] = connection
    command.upgrade(settings, to)
