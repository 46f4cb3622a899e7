"""Copies of an SQLite database: made while it is in use, checked before they count, put back
without losing the one replaced.

Rule 1: nothing is overwritten. A file gets its name only when it is whole.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from bridge.domain.errors import NotPossible
from bridge.reporting.refusals import refusal
from bridge.store.base.sqlite_files import owned_as

PATIENCE = 2.0  # seconds that another process may hold the database while it is exchanged


def backup(database: Path, target: Path) -> None:
    """A whole, checked copy at `target`, readable by this user alone. The database may be written
    meanwhile. Raises NotPossible.
    """
    if not database.exists():
        raise NotPossible(refusal("no_database", file=database))
    with unfinished(target) as part:
        copy(database, part)
        settle(part, target)


def copy(source: Path, target: Path) -> None:
    """One consistent state of `source`, by SQLite's own online copy; a single file, checked, on the
    disk.
    """
    try:
        with closing(open_file(source)) as read, closing(open_file(target)) as written:
            read.backup(written)
            written.execute("PRAGMA journal_mode = DELETE")
            check(written, source)
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB:
            raise NotPossible(refusal("not_ours", file=source)) from None
        raise NotPossible(
            refusal("not_copied", source=source, folder=target.parent, error=error)
        ) from None
    sync(target)


def check(connection: sqlite3.Connection, name: Path) -> None:
    """Raises NotPossible unless it is a whole database of ours."""
    found = [row[0] for row in connection.execute("PRAGMA integrity_check(3)")]
    if found != ["ok"]:
        raise NotPossible(refusal("damaged", file=name, found="; ".join(found)))
    if not connection.execute(
        "SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'"
    ).fetchall():
        raise NotPossible(refusal("not_ours", file=name))


def restore(
    backup: Path, database: Path, quarantine_after_restore: Callable[[Path], None], kept: Path
) -> bool:
    """Puts a tamed copy of `backup` in the place of `database`, which is kept as `kept`. False when
    there was none before.

    `tame` gets the copy before anybody can use it. Raises NotPossible; then the database is as it was.
    """
    if not backup.is_file():
        raise NotPossible(refusal("no_backup", file=backup))
    part = database.with_name(f"{database.name}.restoring")
    remove(part)
    try:
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        copy(backup, part)
        quarantine_after_restore(part)
        with closing(open_file(part)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
        inherit(database, part)
        with alone(database) as existed:
            if existed:
                os.link(database, kept)
            os.replace(part, database)
        sync(database.parent)
        return existed
    except OSError as error:
        raise NotPossible(refusal("not_exchanged", file=database, error=error.strerror)) from None
    finally:
        remove(part)


@contextmanager
def alone(database: Path) -> Iterator[bool]:
    """Nobody else has the database open meanwhile, and it is one file. False when there is none.
    Raises NotPossible.
    """
    if not database.exists():
        yield False
        return
    with closing(open_file(database)) as connection:
        try:
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            raise NotPossible(refusal("opened_elsewhere", file=database)) from None
        except sqlite3.DatabaseError as error:
            raise NotPossible(refusal("unreadable", file=database, error=error)) from None
        yield True


def open_file(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw", timeout=PATIENCE, isolation_level=None, uri=True
    )


@contextmanager
def unfinished(target: Path) -> Iterator[Path]:
    """An empty file beside `target`, mode 0600, that is gone at the end. Raises NotPossible where
    `target` cannot be made.
    """
    if target.exists():
        raise NotPossible(refusal("target_exists", file=target))
    part = target.with_name(f"{target.name}.part")
    try:
        remove(part)
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        yield part
    except OSError as error:
        raise NotPossible(refusal("target_unwritable", file=target, error=error.strerror)) from None
    finally:
        remove(part)


def settle(part: Path, target: Path) -> None:
    """Gives the finished file its name, unless somebody took that meanwhile."""
    os.link(part, target)
    sync(target.parent)


def inherit(database: Path, copy: Path) -> None:
    """Mode and owner of the one that is replaced; where there is none, the owner of its folder."""
    if database.exists():
        copy.chmod(database.stat().st_mode & 0o777)
    owned_as(database if database.exists() else database.parent, copy)


def sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove(path: Path) -> None:
    """Removes a database file and what SQLite may have left beside it; a missing one is no
    error."""
    for each in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal"))):
        with suppress(OSError):
            each.unlink()
