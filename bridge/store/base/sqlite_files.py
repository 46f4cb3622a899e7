"""Whether the files of an SQLite database are still those that this process has open.

A file that was removed, moved or replaced, or whose volume was unmounted, takes every write of
those who have it open, and nobody ever sees that again. So it is looked at around each transaction:
a commit counts only while the path leads to it.
"""

import os
import sqlite3
import threading
from contextlib import closing, suppress
from pathlib import Path
from pwd import getpwuid

from bridge.domain.errors import StoreUnavailable
from bridge.reporting.refusals import refusal

SUFFIXES = ("", "-wal", "-shm")
"""The database; what is committed and not yet in it; and which of that is where."""

# Bytes; with less than this left beside it, SQLite's next write may be the one that fails
FULL = 10 << 20
WHILE = "while the bridge runs"  # in each sentence of `fault`, and in no other one

Identity = tuple[int, int]  # device and inode


class Files:
    """Keeps a connection of its own open from the first use on: the last one that is closed takes
    -wal and -shm away.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._paths: tuple[str, ...] = ()
        self._lock = threading.Lock()
        self._kept: sqlite3.Connection | None = None
        self._known: tuple[Identity | None, ...] | None = None

    def hold(self) -> None:
        """What is there now is what `check` compares with. To be called once the file is in its
        final journal mode.
        """
        with self._lock:
            if self._kept is not None:
                return
            uri = f"{self._file.absolute().as_uri()}?mode=rw"
            kept = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
            try:
                with closing(kept.cursor()) as cursor:
                    # Opens the files beside it, too.
                    cursor.execute("SELECT name FROM sqlite_master").fetchall()
                # Behind a symbolic link the other two lie beside what it leads to.
                real = os.path.realpath(self._file)
                self._paths = (str(self._file), *(f"{real}{end}" for end in SUFFIXES[1:]))
                self._known = tuple(identity(path) for path in self._paths)
            except BaseException:
                kept.close()
                raise
            self._kept = kept

    def check(self) -> None:
        """Raises StoreUnavailable unless each path leads to the file that is open. Takes a few
        microseconds.
        """
        if (known := self._known) is None:
            return
        for path, before in zip(self._paths, known, strict=True):
            if (now := identity(path)) != before:
                raise StoreUnavailable(fault(Path(path), now is None))

    def version(self) -> int | None:
        """Another number after each commit of another connection; None: unknown."""
        with self._lock, suppress(sqlite3.Error):
            if self._kept is not None:
                found = self._kept.execute("PRAGMA data_version").fetchone()
                return int(found[0])
        return None

    def save(self, target: Path) -> bool:
        """Copies what a removed file holds to `target`, readable by this user alone. False when
        there was no need to.

        Raises OSError or sqlite3.Error where that cannot be done.
        """
        with self._lock:
            if (
                self._kept is None
                or self._known is None
                or identity(str(self._file)) == self._known[0]
            ):
                return False
            os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            with closing(sqlite3.connect(target)) as copy:
                self._kept.backup(copy)
            return True

    def release(self) -> None:
        """Forgets the files, whatever they are next."""
        with self._lock:
            if self._kept is not None:
                self._kept.close()
            self._kept = self._known = None


def owned_as(like: Path, path: Path) -> None:
    """The bridge must be able to write what an administrator put there."""
    found = like.stat()
    with suppress(PermissionError):
        os.chown(path, found.st_uid, found.st_gid)


def barred(file: Path) -> str:
    """Why this user cannot use an SQLite file that is there; empty where that is not the reason."""
    try:
        found = file.stat()
    except OSError:
        return ""
    if os.access(file, os.R_OK | os.W_OK):
        return ""
    try:
        owner = getpwuid(found.st_uid).pw_name
    except KeyError:  # as in a container
        owner = f"user id {found.st_uid}"
    return refusal("file_belongs", file=file, owner=owner)


def identity(path: str) -> Identity | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def fault(path: Path, gone: bool) -> str:
    if path.name.endswith(SUFFIXES[1:]):
        return (
            refusal("part_removed", file=path.name)
            if gone
            else refusal("part_replaced", file=path.name)
        )
    return (
        refusal("file_removed", file=path.name)
        if gone
        else refusal("file_replaced", file=path.name)
    )
