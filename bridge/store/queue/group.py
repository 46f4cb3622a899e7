"""Group commit: writes that come at the same time share a transaction, and so one sync of the disk.
What is different on a server is in group_server.py.

Rule 1: a write returns only after the commit that holds it. Rule 2: an error of one undoes that one
alone; what fails the transaction fails all of it. Rule 3: a write that comes alone waits for no
other one.

Whoever comes first leads: it waits for the lock, and then carries out, in the order of arrival, all
that wait by then. Its end makes the first of those who came meanwhile the next leader.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar, cast

from sqlalchemy.engine import Connection

from bridge.domain.errors import StoreUnavailable
from bridge.reporting.refusals import refusal
from bridge.store.base.connections import LOCK_WAIT
from bridge.store.base.database import Database
from bridge.store.base.faults import translated
from bridge.store.base.prepared import PreparedConnection

MOST = 32  # writes in one transaction: it also bounds how long others wait for the lock

Signal = SimpleQueue[None]
Item = TypeVar("Item")
Result = TypeVar("Result")
Alone = Callable[[Connection, Item], Result]
Together = Callable[[Connection, Sequence[Item]], Sequence[Result | None]]


class Write(Generic[Item, Result]):
    """One that was asked for. `leads`: its thread has to lead. `ended`: its leader is done with it;
    its thread need not lead. `signal`: that of several whose thread waits for any of them.
    """

    def __init__(self, item: Item, signal: Signal | None = None) -> None:
        self.item = item
        self.leads = self.ended = False
        self.error: BaseException | None = None
        self.result: Result | None = None
        self._until = time.monotonic() + LOCK_WAIT
        self._signal: Signal = SimpleQueue() if signal is None else signal

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

    @property
    def left_out(self) -> bool:
        """Whether it still has to be written, alone."""
        return self.result is None and self.error is None

    def outcome(self) -> Result:
        if self.error is not None:
            raise self.error
        if self.result is None:  # nobody knows of a commit, so nothing may be said to be stored
            raise StoreUnavailable(refusal("write_broken_off"))
        return self.result

    @property
    def left(self) -> float:
        """Seconds that are left of those for which a transaction waits for the lock."""
        return max(0.0, self._until - time.monotonic())

    def signal(self) -> None:
        self._signal.put(None)

    def wait(self) -> None:
        """Until it has ended or has to lead."""
        self._signal.get()

    def wait_in_time(self) -> bool:
        """The same; False when neither is so as long as a transaction waits for the lock."""
        try:
            self._signal.get(timeout=self.left)
        except Empty:
            return False
        return True


class GroupedWrites(Generic[Item, Result]):
    """`alone` writes one item. `together` writes those of several that it can write at once, and
    gives None for each other one; these are written alone after them. Without it all are. `most`:
    in one transaction.

    Both may be carried out by the thread of another item.
    """

    def __init__(
        self,
        database: Database,
        alone: Alone[Item, Result],
        together: Together[Item, Result] | None = None,
        most: int = MOST,
    ) -> None:
        self.database, self.most = database, most
        self._alone, self._together = alone, together
        self._mutex = threading.Lock()
        self._waiting: deque[Write[Item, Result]] = deque()
        self._led = False

    def __len__(self) -> int:
        """How many wait for the one that leads, and are in no transaction yet."""
        return len(self._waiting)

    def run(self, item: Item) -> Result:
        """What comes of it, once it is committed. Raises what `alone` raises, and StoreUnavailable."""
        return self.write(item).outcome()

    def write(self, item: Item) -> Write[Item, Result]:
        return self.write_all([item])[0]

    def write_all(self, items: Sequence[Item]) -> list[Write[Item, Result]]:
        """Of each its write, which is committed or has failed: see its `outcome`. They share a
        transaction as far as can be."""
        mine = [Write[Item, Result](item) for item in items]
        with self._mutex:
            for each in mine:
                each.leads = self._comes_first(each)
        undone = deque(mine)
        try:
            while undone:
                self._see_through(undone[0])
                undone.popleft()
        finally:
            for each in undone:
                self._abandon(each)
        return mine

    def _see_through(self, mine: Write[Item, Result]) -> None:
        """Until it has ended. Raises only what is no Exception."""
        try:
            leads = mine.leads or self._must_lead(mine)
        except StoreUnavailable as error:
            mine.fail(error)
        else:
            if leads:
                self._lead(mine)

    def _abandon(self, mine: Write[Item, Result]) -> None:
        """Its thread is ending: nobody may wait for what it would have done."""
        with self._mutex:
            if mine in self._waiting:
                self._waiting.remove(mine)
        if mine.leads and not mine.ended:
            self._pass_on([])

    def _comes_first(self, mine: Write[Item, Result]) -> bool:
        """Whether it leads; else it waits for whoever does. The caller holds the mutex."""
        if self._led:
            self._waiting.append(mine)
            return False
        self._led = True
        return True

    def _must_lead(self, mine: Write[Item, Result]) -> bool:
        """Waits for the leader; raises StoreUnavailable where none takes it in time."""
        if not mine.wait_in_time():
            with self._mutex:
                if self._gives_up(mine):
                    raise StoreUnavailable(refusal("database_busy"))
            mine.wait()  # it is being written, or has to lead
        return not mine.ended

    def _gives_up(self, mine: Write[Item, Result]) -> bool:
        """Whether nobody has taken it, and now nobody will. The caller holds the mutex."""
        if mine not in self._waiting:
            return False
        self._waiting.remove(mine)
        return True

    def _lead(self, mine: Write[Item, Result]) -> None:
        group = [mine]
        try:
            self._write(group)
        except BaseException as error:
            for each in group:
                each.fail(error)
            if not isinstance(error, Exception):
                raise
        finally:
            self._pass_on(group)

    def _write(self, group: list[Write[Item, Result]]) -> None:
        with self._begun(group) as tx:
            self._carry_out(tx, group)

    @contextmanager
    def _begun(
        self, group: list[Write[Item, Result]], hurried: bool = False
    ) -> Iterator[Connection]:
        """A transaction for the leader, and for those who wait when it begins: they join its group."""
        begun = False
        try:
            with self.database.write(hurried) as tx:
                begun = True
                group += self._taken()
                yield tx
        except BaseException:
            # What keeps one from beginning keeps all: else each would wait as long, one by one.
            group += [] if begun else self._taken()
            raise

    def _taken(self) -> list[Write[Item, Result]]:
        with self._mutex:
            count = min(len(self._waiting), self.most - 1)
            return [self._waiting.popleft() for _ in range(count)]

    def _pass_on(self, group: list[Write[Item, Result]]) -> None:
        with self._mutex:
            following = self._waiting.popleft() if self._waiting else None
            self._led = following is not None
            if following is not None:
                following.leads = True
        if following is not None:
            following.signal()
        for each in group:
            each.ended = True
            each.signal()

    def _carry_out(self, tx: Connection, group: list[Write[Item, Result]]) -> None:
        """All of a group. Raises what fails the transaction; the error of one write stays with it."""
        if len(group) == 1:
            group[0].result = self._alone(tx, group[0].item)
            return
        if self._together is not None:
            self._carry_out_together(tx, group, self._together)
        for each in group:
            if each.result is None:
                self._carry_out_alone(tx, each)

    def _carry_out_together(
        self,
        tx: Connection,
        group: list[Write[Item, Result]],
        together: Together[Item, Result],
    ) -> None:
        try:
            with undone_alone(tx):
                results = together(tx, [each.item for each in group])
        except StoreUnavailable:
            raise
        except Exception:  # whose fault it is shows when each is alone
            return
        for each, result in zip(group, results, strict=True):
            each.result = result

    def _carry_out_alone(self, tx: Connection, one: Write[Item, Result]) -> None:
        try:
            with undone_alone(tx):
                one.result = self._alone(tx, one.item)
        except StoreUnavailable:
            raise
        except Exception as error:  # whatever it is, the others go on
            one.error = error


@contextmanager
def undone_alone(tx: Connection) -> Iterator[None]:
    """Undoes what an error interrupts, and nothing before it. Raises StoreUnavailable where it
    cannot: a full disk, for one, may have ended the transaction.
    """
    tell = cast(PreparedConnection, tx).tell_embedded
    with translated():
        tell("SAVEPOINT one")
    try:
        with translated():
            yield
    except StoreUnavailable:
        raise
    except Exception:  # of any kind: it is undone, and raised again
        with translated():
            tell("ROLLBACK TO one")
            tell("RELEASE one")
        raise
    with translated():
        tell("RELEASE one")
