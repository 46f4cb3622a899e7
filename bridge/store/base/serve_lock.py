"""One bridge at a time serves an SQLite file: two would each count calls, order and limits for
itself alone.
"""

import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bridge.domain.errors import NotPossible
from bridge.reporting.refusals import refusal
from bridge.store.base.sqlite_files import owned_as


@contextmanager
def sole(file: Path) -> Iterator[bool]:
    """Nobody else serves `file` meanwhile. Gives whether somebody did before. Raises NotPossible when
    somebody does.

    The lock is on a file beside it and ends with the process, also by a kill; it counts over
    containers with one volume, too. Commands do not take it: they may look and act beside a bridge.
    """
    place, before = lock_of(file), served_before(file)
    try:
        lock = os.open(place, os.O_RDWR | os.O_CREAT, 0o600)
        if not before:
            owned_as(file.parent, place)
    except OSError:
        yield before  # where nothing can be made, the database says what is wrong
        return
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            who = os.read(lock, 200).decode(errors="replace").strip() or "unknown"
            raise NotPossible(refusal("served_by_another", file=file, who=who)) from None
        except OSError:
            pass  # a file system without locks: better served than not
        with suppress(OSError):  # a full disk
            os.ftruncate(lock, 0)
            os.pwrite(
                lock, f"pid {os.getpid()} on {socket.gethostname()}, since {now()}\n".encode(), 0
            )
        yield before
    finally:
        os.close(lock)


def served_before(file: Path) -> bool:
    # False, and no error, in a folder that this user may not enter
    return os.path.exists(lock_of(file))


def lock_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.lock")


def now() -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
