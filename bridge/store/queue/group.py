"""Group commit: writes that wait for SQLite's one writer share a transaction, and so one sync of
the disk. PostgreSQL has many writers, and syncs them together itself.

Rule 1: a write returns only after the commit that holds it. Rule 2: an error of one undoes that one
alone; what fails the transaction fails all of it. Rule 3: a write that comes alone waits for no
other one.

Whoever comes first leads: it waits for the lock, and then carries out, in the order of arrival, all
that wait by then. Its end makes the first of those who came meanwhile the next leader.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from sqlalchemy.engine import Connection

from bridge.domain.errors import StoreUnavailable
from bridge.reporting.refusals import refusal
from bridge.store.base.database import LOCK_WAIT, Database, translated

MOST = 32  # writes in one transaction: it also bounds how long others wait for the lock

T = TypeVar("T")


class Write(Generic[T]):
    """One that was asked for. `ended`: there is an outcome, and its thread need not lead."""

    def __init__(self, work: Callable[[Connection], T]) -> None:
        self.work = work
        self.ended = False
        self.error: BaseException | None = None
        self._result: T
        self._signal = threading.Lock()
        self._signal.acquire()

    def carry_out(self, tx: Connection) -> None:
        self._result = self.work(tx)

    def fail(self, error: BaseException) -> None:
        """Unless it has an error of its own. Each thread raises an exception of its own."""
        if self.error is None:
            self.error = (
                StoreUnavailable(*error.args)
                if isinstance(error, StoreUnavailable)
                else error
                if isinstance(error, Exception)
                else StoreUnavailable(refusal("write_broken_off"))
            )

    def outcome(self) -> T:
        if self.error is not None:
            raise self.error
        return self._result

    def signal(self) -> None:
        self._signal.release()

    def wait(self, seconds: float = -1) -> bool:
        """Until it has ended or has to lead; False when neither is so yet."""
        return self._signal.acquire(timeout=seconds)


class GroupedWrites:
    """`most`: in one transaction."""

    def __init__(self, database: Database, most: int = MOST) -> None:
        self.database, self.most = database, most
        self._mutex = threading.Lock()
        self._waiting: deque[Write[Any]] = deque()
        self._led = False

    def run(self, work: Callable[[Connection], T]) -> T:
        """What `work` gives, once it is committed. Raises what `work` raises, and StoreUnavailable.

        `work` may be carried out by another thread.
        """
        if not self.database.embedded:
            with self.database.write() as tx:
                return work(tx)
        mine = Write(work)
        if self._comes_first(mine) or self._must_lead(mine):
            self._lead(mine)
        return mine.outcome()

    def _comes_first(self, mine: Write[Any]) -> bool:
        with self._mutex:
            if self._led:
                self._waiting.append(mine)
                return False
            self._led = True
            return True

    def _must_lead(self, mine: Write[Any]) -> bool:
        """Waits for the leader; raises StoreUnavailable where none takes it in time."""
        if not mine.wait(LOCK_WAIT):
            with self._mutex:
                if mine in self._waiting:
                    self._waiting.remove(mine)
                    raise StoreUnavailable(refusal("database_busy"))
            mine.wait()  # it is being written, or has to lead
        return not mine.ended

    def _lead(self, mine: Write[Any]) -> None:
        group: list[Write[Any]] = [mine]
        begun = False
        try:
            with self.database.write() as tx:
                begun = True
                group += self._taken()
                carry_out(tx, group)
        except BaseException as error:
            # What keeps one from beginning keeps all: else each would wait as long, one by one.
            group += [] if begun else self._taken()
            for each in group:
                each.fail(error)
            if not isinstance(error, Exception):
                raise
        finally:
            self._pass_on(group)

    def _taken(self) -> list[Write[Any]]:
        with self._mutex:
            count = min(len(self._waiting), self.most - 1)
            return [self._waiting.popleft() for _ in range(count)]

    def _pass_on(self, group: list[Write[Any]]) -> None:
        with self._mutex:
            following = self._waiting.popleft() if self._waiting else None
            self._led = following is not None
        if following is not None:
            following.signal()
        for each in group:
            each.ended = True
            each.signal()


def carry_out(tx: Connection, group: list[Write[Any]]) -> None:
    """All of a group. Raises what fails the transaction; the errors of one write stay with it."""
    if len(group) == 1:
        group[0].carry_out(tx)
        return
    for each in group:
        tx.exec_driver_sql("SAVEPOINT one")
        try:
            # What tells of the database, such as a full disk, may have ended the transaction.
            with translated():
                each.carry_out(tx)
        except StoreUnavailable:
            raise
        except Exception as error:  # whatever it is, the others go on
            each.error = error
            tx.exec_driver_sql("ROLLBACK TO one")
        tx.exec_driver_sql("RELEASE one")
