"""How a connection is set up: what SQLite is told; whether a server still answers on it."""

import math
import sqlite3
import time
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Engine, ExceptionContext
from sqlalchemy.pool import ConnectionPoolEntry

LOCK_WAIT = 5.0  # seconds a transaction waits for another one before it gives up
REST = 1.0  # seconds after which a connection to a server is asked whether it still lives


def prepare_sqlite(engine: Engine) -> None:
    event.listen(engine, "connect", set_pragmas)
    event.listen(engine, "handle_error", drop_if_unwritable)


def set_pragmas(connection: sqlite3.Connection, _: object) -> None:
    # Transactions are ours, not pysqlite's. Not begun by an event of SQLAlchemy, which would
    # cost each statement a little.
    connection.isolation_level = None
    cursor = connection.cursor()
    switch_to_wal(cursor)
    # Secure delete: what is wiped or erased does not stay readable in free pages. It cost
    # nothing that could be measured.
    for pragma in (
        "synchronous = FULL",
        "foreign_keys = ON",
        "secure_delete = ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def switch_to_wal(cursor: sqlite3.Cursor) -> None:
    """Waits for others that switch the same new file, for as long as a transaction waits for a lock:
    SQLite's busy handler is not asked there.

    Raises sqlite3.OperationalError when it stays locked.
    """
    until = time.monotonic() + LOCK_WAIT
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def drop_if_unwritable(context: ExceptionContext) -> None:
    # One that was opened while the file could not be written would never write again, also when
    # it can be.
    if "readonly" in str(context.original_exception) or "I/O" in str(context.original_exception):
        context.is_disconnect = True


def ask_the_rested(engine: Engine) -> None:
    """Asks a connection that was not used for a while whether its server is still there.

    pool_pre_ping asks before each transaction, a round trip for each. What dies in use is an error
    of one transaction, after which all connections are made anew.
    """

    def ping_if_rested(connection: Any, record: ConnectionPoolEntry, _: object) -> None:
        if time.monotonic() - record.info.get("rests_since", math.inf) > REST:
            try:
                engine.dialect.do_ping(connection)
            except engine.dialect.loaded_dbapi.Error:
                raise sa.exc.InvalidatePoolError from None

    event.listen(engine, "checkin", note_return)
    event.listen(engine, "checkout", ping_if_rested)


def note_return(_: object, record: ConnectionPoolEntry) -> None:
    record.info["rests_since"] = time.monotonic()
