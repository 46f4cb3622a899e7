"""One database, SQLite or PostgreSQL: transactions, its clock, waking those who wait. The only
place where the two differ.
"""

import os
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.pool import ConnectionPoolEntry

from bridge.domain.errors import StoreUnavailable
from bridge.reporting.refusals import refusal
from bridge.store.base.connections import LOCK_WAIT, ask_the_rested, prepare_sqlite
from bridge.store.base.faults import TABLES_AWAY, translated
from bridge.store.base.pooler import Pooler
from bridge.store.base.prepared import PreparedConnection, Statements
from bridge.store.base.sqlite_files import Files, barred, owned_as

CHANNEL = "enom_bridge"
SELECT_NOW = sa.text("SELECT extract(epoch FROM clock_timestamp())")
NOTIFY = sa.text("SELECT pg_notify(:channel, :topics)").bindparams(channel=CHANNEL)
SELECT_NOW_AND_NOTIFY = sa.text(
    "SELECT extract(epoch FROM clock_timestamp()), pg_notify(:channel, :topics)"
).bindparams(channel=CHANNEL)
# Far below the time after which PostgreSQL looks for a deadlock, and ends whichever it likes.
HURRIED_LOCK_WAIT = "200ms"
SELECT_NOW_AND_NOTIFY_HURRIED = sa.text(
    "SELECT extract(epoch FROM clock_timestamp()), pg_notify(:channel, :topics),"
    " set_config('lock_timeout', :lock_wait, true)"
).bindparams(channel=CHANNEL, lock_wait=HURRIED_LOCK_WAIT)
# Of the time that passes: how fast an embedded database's clock follows a step of the machine's
FOLLOWS = 0.1


class Topic(StrEnum):
    """What somebody waits for, so that each commit wakes only those to whom it is news."""

    JOBS = "jobs"  # one that may be claimed
    ENDS = "ends"  # of jobs
    CALLBACKS = "callbacks"  # one that may be sent


class Database:
    """`clock` overrides the database's own clock, in tests only."""

    def __init__(
        self, url: str, clock: Callable[[], float] | None = None, connections: int = 40
    ) -> None:
        self.url = url
        self.embedded = url.startswith("sqlite")
        self.own_clock = clock
        self.instance: str | None = (
            None  # what told it from others when this process began to use it
        )
        self.write_lock = threading.Lock()
        self._notified = threading.local()
        self._offset = time.time() - time.monotonic()
        self._synchronised = time.monotonic()
        self._changed = {topic: threading.Condition() for topic in Topic}
        self._lock = threading.Lock()
        self._changes = dict.fromkeys(Topic, 0)
        self._closing = False
        self._listener: threading.Thread | None = None
        options = (
            {"timeout": LOCK_WAIT, "check_same_thread": False}
            if self.embedded
            else {"connect_timeout": 5}
        )
        self.engine = sa.create_engine(
            url,
            connect_args=options,
            pool_size=connections,
            max_overflow=20,
            pool_timeout=LOCK_WAIT,
            # The one that wrote last still has in its memory what it read and wrote
            pool_use_lifo=self.embedded,
        )
        self._statements = Statements(self.engine.dialect)
        self.engine._connection_cls = PreparedConnection
        event.listen(self.engine, "checkin", self._returned)
        self._files = Files(self.file) if self.file else None
        if self._files:
            prepare_sqlite(self.engine)
            event.listen(self.engine, "do_connect", self._keep_private)
            event.listen(self.engine, "connect", self._hold)
        self.pooler = None if self.embedded else Pooler(self.engine, settings())
        if self.pooler:
            ask_the_rested(self.engine)
            event.listen(self.engine, "connect", self._recognise)

    @property
    def file(self) -> Path | None:
        """The file of SQLite; None for a server."""
        return sqlite_file(self.url)

    def absent(self) -> bool:
        """Whether it is an SQLite file that is not there."""
        try:
            return self.file is not None and not self.file.stat()
        except FileNotFoundError:
            return True
        except OSError:
            return False  # what is wrong is said when it connects

    def check_files(self) -> None:
        """Raises StoreUnavailable when what is written would be lost: the path of an SQLite
        database leads elsewhere by now.
        """
        if self._files:
            self._files.check()

    def save(self) -> Path | None:
        """Where a database is kept from now on whose file was removed while it was open; None when
        there was no need to.

        Raises StoreUnavailable where it cannot be kept.
        """
        if self._files is None or self.file is None:
            return None
        target = self.file.with_name(
            f"{self.file.name}.saved-{time.strftime('%Y%m%dt%H%M%Sz', time.gmtime())}"
        )
        try:
            return target if self._files.save(target) else None
        except (OSError, sqlite3.Error) as error:
            raise StoreUnavailable(
                refusal("database_not_saved", target=target, error=error)
            ) from None

    def let_go(self) -> None:
        """Closes every connection that is not in use, so that the file can be exchanged for another
        one.
        """
        self.engine.dispose()
        if self._files:
            self._files.release()

    def _recognise(self, connection: Any, _: object) -> None:
        """A database that was dropped and made anew under the same name knows nothing of what was
        accepted.
        """
        if self.instance is None:
            return
        try:
            row = connection.execute("SELECT value FROM marks WHERE name = 'instance'").fetchone()
        except self.engine.dialect.loaded_dbapi.Error as error:
            if error.sqlstate not in TABLES_AWAY:
                raise
            row = None
        connection.rollback()
        # Not even later, when it may have got tables: this connection would be kept.
        if row is None:
            raise StoreUnavailable(EMPTY)
        if f"{row[0]:016x}" != self.instance:
            raise StoreUnavailable(ANOTHER)

    def _hold(self, *_: object) -> None:
        if self._files and not self._closing:
            self._files.hold()

    def _keep_private(self, *_: object) -> None:
        """A file that SQLite makes could be read by everybody; what it makes beside it is as the
        file itself.
        """
        # Else it would be made anew, and be another one than the other connections have
        self.check_files()
        if self.file is not None and self.absent():
            with suppress(OSError):  # what is wrong is said when it connects
                os.close(os.open(self.file, os.O_WRONLY | os.O_CREAT, 0o600))
                owned_as(self.file.parent, self.file)

    @contextmanager
    def write(self, hurried: bool = False) -> Iterator[Connection]:
        """A transaction. SQLite has one writer: a lock of our own queues them fairly, where its
        busy handler would sleep.

        `hurried`: on a server, once `now_and_notify` was asked, it raises Locked instead of waiting
        long for another one.
        """
        if self.embedded and not self.write_lock.acquire(timeout=LOCK_WAIT):
            raise StoreUnavailable(refusal("database_busy"))
        try:
            self.check_files()
            with translated(), self._connect() as connection, connection.begin():
                self._begin(connection, "BEGIN IMMEDIATE")
                self._notified.pending, self._notified.hurried = set(), hurried
                yield connection
            self.check_files()  # before anybody is told that it is committed
        finally:
            if self.embedded:
                self.write_lock.release()
        if self._notified.pending:
            self.wake(*self._notified.pending)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """All that is read is of one moment."""
        self.check_files()
        with translated(), self._connect() as connection:
            self._begin(connection, "BEGIN")
            yield connection

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """What is read need not be of one moment: without the statements of a transaction."""
        self.check_files()
        with translated(), self._connect() as connection:
            self._begin(connection)
            yield connection

    def _connect(self) -> PreparedConnection:
        connection = cast(PreparedConnection, self.engine.connect())
        connection.prepare_with(self._statements)
        return connection

    def _begin(self, connection: PreparedConnection, embedded: str = "") -> None:
        if embedded and self.embedded:
            connection.tell_embedded(embedded)
        elif self.pooler and self.pooler.present:
            connection.exec_driver_sql(self.pooler.statement)

    def finds(self, statement: sa.Select[Any]) -> bool:
        """Whether a statement of `now` gives a row: for whoever writes only now and then, so that
        nothing waits in line with those who write while there is nothing to do."""
        with self.look() as connection:
            return connection.execute(statement, {"now": self.now(connection)}).first() is not None

    def version(self) -> int | None:
        """Another number after each commit, whoever made it. None where that cannot be told without
        asking for what has changed: of a server."""
        self.check_files()
        return self._files.version() if self._files else None

    def now(self, connection: Connection) -> float:
        """Epoch seconds on the clock that all workers share."""
        if self.own_clock is not None:
            return self.own_clock()
        if self.embedded:
            return time.monotonic() + self._offset
        return float(connection.scalar(SELECT_NOW))

    def now_and_notify(self, connection: Connection, *topics: Topic) -> float:
        """`now` and `notify` in one round trip, which counts while rows are locked."""
        if self.embedded:
            self.notify(connection, *topics)
            return self.now(connection)
        self._notified.pending.update(topics)
        hurried = self._notified.hurried
        statement = SELECT_NOW_AND_NOTIFY_HURRIED if hurried else SELECT_NOW_AND_NOTIFY
        row = connection.execute(statement, {"topics": " ".join(topics)}).one()
        return self.own_clock() if self.own_clock is not None else float(row[0])

    def clock(self) -> float:
        """The same without asking, for what needs no more than a second's accuracy; `synchronise`
        keeps it right.
        """
        if self.own_clock is not None:
            return self.own_clock()
        return time.monotonic() + self._offset

    def synchronise(self) -> None:
        """Sets our own clock by the database's; a step of this machine's clock then moves nothing.

        An embedded database has no other clock than the machine's. A step of it is followed slowly,
        because a wait that a step made shorter could take a stale read for the truth, and buy
        twice.
        """
        if not self.embedded:
            with self.read() as connection:
                self._offset = self.now(connection) - time.monotonic()
            return
        now = time.monotonic()
        most = FOLLOWS * (now - self._synchronised)
        step = time.time() - now - self._offset
        self._offset += max(-most, min(most, step))
        self._synchronised = now

    def floor(self, value: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
        """Of what is not negative. PostgreSQL's cast rounds, and not every SQLite has floor()."""
        return sa.cast(value if self.embedded else sa.func.floor(value), sa.Integer)

    def lock_row(self, statement: sa.Select[tuple[object, ...]]) -> sa.Select[tuple[object, ...]]:
        """On SQLite the transaction itself is the lock."""
        return statement if self.embedded else statement.with_for_update()

    # Waking. A lost wake-up costs a little time, never a job: everybody also polls.

    def notify(self, connection: Connection, *topics: Topic) -> None:
        """Wakes those who wait for one of these, when this transaction commits."""
        self._notified.pending.update(topics)
        if not self.embedded:
            connection.execute(NOTIFY, {"topics": " ".join(topics)})

    def mark(self, topic: Topic) -> int:
        """To be taken before looking, and given to `wait`: then nothing that changes in between is
        slept through.
        """
        if self.pooler and not self.pooler.present and self._listener is None:
            self._listen()
        return self._changes[topic]

    def wait(self, topic: Topic, seconds: float, since: int) -> None:
        with self._changed[topic]:
            self._changed[topic].wait_for(
                lambda: self._changes[topic] != since or self._closing, seconds
            )

    def wake(self, *topics: Topic) -> None:
        """Wakes every thread of this process that waits for one of these; for any, without."""
        for topic in topics or Topic:
            with self._changed[topic]:
                self._changes[topic] += 1
                self._changed[topic].notify_all()

    def _listen(self) -> None:
        with self._lock:
            if self._listener is None and not self._closing:
                self._listener = threading.Thread(target=self._hear, name="listen", daemon=True)
                self._listener.start()

    def _hear(self) -> None:
        import psycopg  # only where PostgreSQL is used: an extra

        plain = re.sub(
            r"^postgresql\+psycopg",
            "postgresql",
            self.engine.url.render_as_string(hide_password=False),
        )
        while not self._closing:
            try:
                with psycopg.connect(plain, autocommit=True, connect_timeout=5) as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    while not self._closing:
                        # Short, because it also bounds how long `close` waits for this thread.
                        for heard in connection.notifies(timeout=0.5, stop_after=1):
                            self.wake(*topics_of(heard.payload))
            except psycopg.Error:
                time.sleep(0.5)

    def close(self) -> None:
        self._closing = True
        self.wake()
        if self._listener is not None:
            self._listener.join()
        self.let_go()

    def _returned(self, _: object, connection: ConnectionPoolEntry) -> None:
        """One that was in use at the end is closed when it comes back: nobody else would do it."""
        if self._closing:
            connection.close()


def topics_of(payload: str) -> list[Topic]:
    """Those that are named; none, which means any, where another version names others."""
    named = payload.split()
    return [Topic(name) for name in named] if set(named) <= set(Topic) else []


def sqlite_file(url: str) -> Path | None:
    return Path(url.partition(":///")[2]) if url.startswith("sqlite") else None


def remedy(database: Database, setting: str) -> str:
    """What to look at when it cannot be used; `setting` is where the configuration names it."""
    if database.file is None:
        return refusal("server_away", setting=setting)
    return barred(database.file) or refusal(
        "file_unwritable", setting=setting, folder=database.file.parent
    )


def settings() -> dict[str, str]:
    """Of each session of PostgreSQL. A worker that stops inside a transaction must not hold its row
    locks for long.
    """
    return {
        # Stopped or cut off in a transaction, a worker loses it long before its lease ends.
        "idle_in_transaction_session_timeout": "5s",
        "lock_timeout": f"{LOCK_WAIT * 1000:.0f}ms",
        "statement_timeout": "30s",
        # A server's default may be another; a 202 whose hook is lost in a power cut would be a lie.
        "synchronous_commit": "on",
    }


EMPTY = refusal("database_empty")
ANOTHER = refusal("database_another")


def upsert(embedded: bool, table: sa.Table) -> Any:
    """An insert that may say `on_conflict_do_…`, in the words of the store."""
    insert: Any
    if embedded:
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert
    return insert(table)
