"""Dumps of a PostgreSQL database by PostgreSQL's own programs: they know how, and their files are
what its admins expect.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.errors import NotPossible
from bridge.reporting.refusals import refusal
from bridge.store.backup.backup import settle, sync, unfinished
from bridge.store.base.database import Database
from bridge.store.base.migrate import LOCK
from bridge.store.base.tables import metadata

OUR_TABLES = (*metadata.tables, "alembic_version")


def backup(database: Database, target: Path) -> None:
    """One state of our tables at `target`, in pg_dump's custom format, readable by this user alone.
    Raises NotPossible.
    """
    if database.pooler:
        database.pooler.refuse()
    tables = [f"--table={name}" for name in OUR_TABLES]
    with unfinished(target) as part:
        with open(part, "wb") as file:
            run(
                "pg_dump",
                ["--format=custom", "--no-owner", "--no-privileges", *tables],
                database,
                stdout=file.fileno(),
            )
        check(part)
        sync(part)
        settle(part, target)


def check(dump: Path) -> None:
    """Raises NotPossible unless it is a dump of ours."""
    if not dump.is_file():
        raise NotPossible(refusal("no_backup", file=dump))
    listed = run("pg_restore", ["--list", str(dump)])
    if not all(
        f" TABLE DATA {word}" in listed.replace("public ", "")
        for word in ("alembic_version", "jobs", "mailboxes")
    ):
        raise NotPossible(refusal("dump_not_ours", file=dump))


def restore(
    database: Database,
    dump: Path,
    quarantine_after_restore: Callable[[Connection], None],
    kept: str,
) -> bool:
    """Loads a dump and tames it; the tables that were there are kept in the schema `kept`. False
    when there were none.

    No process of the bridge can start meanwhile: it would wait for the lock that upgrades take.
    Raises NotPossible; then the database is as it was.
    """
    check(dump)
    if database.pooler:
        database.pooler.refuse()
    with database.engine.connect() as connection:
        with connection.begin():
            connection.execute(sa.text("SELECT pg_advisory_lock(:id)"), {"id": LOCK})
        try:
            with connection.begin():
                moved = move(connection, kept)
            try:
                arguments = [
                    "--single-transaction",
                    "--exit-on-error",
                    "--no-owner",
                    "--no-privileges",
                    str(dump),
                ]
                run("pg_restore", arguments, database)
                with connection.begin():
                    quarantine_after_restore(connection)
            except BaseException:
                with connection.begin():
                    move_back(connection, kept, moved)
                raise
        finally:
            with connection.begin():
                connection.execute(sa.text("SELECT pg_advisory_unlock(:id)"), {"id": LOCK})
        return bool(moved)


def move(connection: Connection, kept: str) -> Sequence[str]:
    """Our tables out of the way, with their indexes and sequences."""
    present = [name for name in sa.inspect(connection).get_table_names() if name in OUR_TABLES]
    if present:
        connection.execute(sa.text(f'CREATE SCHEMA "{kept}"'))
    for name in present:
        connection.execute(sa.text(f'ALTER TABLE "{name}" SET SCHEMA "{kept}"'))
    return present


def move_back(connection: Connection, kept: str, moved: Sequence[str]) -> None:
    for name in OUR_TABLES:
        connection.execute(sa.text(f'DROP TABLE IF EXISTS "{name}" CASCADE'))
    home = connection.scalar(sa.text("SELECT current_schema()"))
    for name in moved:
        connection.execute(sa.text(f'ALTER TABLE "{kept}"."{name}" SET SCHEMA "{home}"'))
    if moved:
        connection.execute(sa.text(f'DROP SCHEMA "{kept}"'))


def run(
    program: str,
    arguments: Sequence[str],
    database: Database | None = None,
    stdout: int = subprocess.PIPE,
) -> str:
    """What it printed. The password goes by the environment: no list of processes shows it."""
    found = shutil.which(program)
    if found is None:
        raise NotPossible(refusal("no_program", program=program))
    environment = dict(os.environ)
    if database is not None:
        url = database.engine.url
        plain = url.set(drivername="postgresql", password=None).render_as_string(
            hide_password=False
        )
        arguments = [f"--dbname={plain}", *arguments]
        environment |= {"PGPASSWORD": url.password} if url.password else {}
    done = subprocess.run(  # noqa: S603  a fixed program, arguments of our own, no shell
        [found, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        env=environment,
        check=False,
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or [
            f"exit code {done.returncode}"
        ]
        raise NotPossible(refusal("unchanged", why=f"{said[0]}."))
    return (done.stdout or b"").decode(errors="replace")
