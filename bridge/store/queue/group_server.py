"""Group commit on PostgreSQL: fewer round trips, and one commit that wakes the workers instead of
many, which would wait for each other.

Rule 1: of one mailbox there is at most one write at a time, the one that came first; the next one
begins when it has ended. Rule 2: what cannot be written together with others is written in a
transaction of its own, by its own thread, afterwards: no one waits for it but its mailbox, and
what its thread has to write alone as well.
Rule 3: a group never waits long for a lock. It gives all back, and each is written alone.
"""

from collections import deque
from collections.abc import Callable, Hashable, Sequence
from queue import SimpleQueue

from sqlalchemy.engine import Connection

from bridge.domain.errors import StoreUnavailable
from bridge.reporting.refusals import refusal
from bridge.store.base.database import Database
from bridge.store.base.faults import Locked
from bridge.store.queue.group import (
    MOST,
    Alone,
    GroupedWrites,
    Item,
    Result,
    Signal,
    Together,
    Write,
)


class ServerWrites(GroupedWrites[Item, Result]):
    """`together` locks in an order that is the same everywhere. `mailbox_of`: what an item locks
    beside what is its own.
    """

    def __init__(
        self,
        database: Database,
        alone: Alone[Item, Result],
        together: Together[Item, Result],
        mailbox_of: Callable[[Item], Hashable],
        most: int = MOST,
    ) -> None:
        super().__init__(database, alone, together, most)
        self._write_together = together
        self._mailbox_of = mailbox_of
        # Mailbox -> the write that is under way, and behind it those that wait for its end
        self._lines: dict[Hashable, deque[Write[Item, Result]]] = {}

    def __len__(self) -> int:
        with self._mutex:
            return len(self._waiting) + sum(len(line) - 1 for line in self._lines.values())

    def write_all(self, items: Sequence[Item]) -> list[Write[Item, Result]]:
        signal: Signal = SimpleQueue()
        mine = [Write[Item, Result](item, signal) for item in items]
        with self._mutex:
            for each in mine:
                each.leads = self._enters(each)
        undone = list(mine)
        try:
            while undone:
                for each in self._see_to(undone, patient=len(mine) == 1):
                    self._leave(each)
                    undone.remove(each)
        finally:
            for each in undone:
                self._abandon(each)
        return mine

    def _enters(self, mine: Write[Item, Result]) -> bool:
        """Whether it leads at once. The caller holds the mutex."""
        line = self._lines.setdefault(self._mailbox_of(mine.item), deque())
        line.append(mine)
        return line[0] is mine and self._comes_first(mine)

    def _see_to(
        self, undone: Sequence[Write[Item, Result]], patient: bool
    ) -> list[Write[Item, Result]]:
        """Does what is due for those of one thread; gives those that are done. What is written
        alone may take long: so others go first, and above all one that has to lead. `patient`:
        whether it is written however late it is."""
        for each in undone:
            if each.leads and not each.ended:
                self._lead(each)
        ended = [each for each in undone if each.ended]
        if done := [each for each in ended if not each.left_out]:
            return done
        if not ended:
            return self._overdue(undone)
        mine = ended[0]
        if patient or mine.left:
            self._write_alone(mine)
        else:  # it has waited for another one of its thread
            mine.fail(StoreUnavailable(refusal("database_busy")))
        return [mine]

    def _overdue(self, undone: Sequence[Write[Item, Result]]) -> list[Write[Item, Result]]:
        """Waits until something has come of one of them; gives those that wait no longer."""
        if undone[0].wait_in_time():
            return []
        with self._mutex:
            late = [each for each in undone if not each.leads and self._gives_up(each)]
        for each in late:
            each.fail(StoreUnavailable(refusal("database_busy")))
        if not late:
            undone[0].wait()  # they are being written, or have to lead
        return late

    def _write_alone(self, mine: Write[Item, Result]) -> None:
        try:
            with self.database.write() as tx:
                mine.result = self._alone(tx, mine.item)
        except Exception as error:  # of any kind: it is raised for whoever asked
            mine.error = error

    def _leave(self, mine: Write[Item, Result]) -> None:
        """It is the turn of the next one of its mailbox."""
        mailbox = self._mailbox_of(mine.item)
        with self._mutex:
            line = self._lines[mailbox]
            next_is_due = line[0] is mine
            line.remove(mine)
            if not line:
                del self._lines[mailbox]
            elif next_is_due and self._comes_first(line[0]):
                line[0].leads = True
                line[0].signal()

    def _abandon(self, mine: Write[Item, Result]) -> None:
        super()._abandon(mine)
        self._leave(mine)

    def _gives_up(self, mine: Write[Item, Result]) -> bool:
        return super()._gives_up(mine) or self._lines[self._mailbox_of(mine.item)][0] is not mine

    def _write(self, group: list[Write[Item, Result]]) -> None:
        try:
            with self._begun(group, hurried=True) as tx:
                results = self._results(tx, group)
        except Locked:
            return
        except StoreUnavailable:
            raise
        except Exception:  # whose fault it is shows when each is alone
            if len(group) == 1:
                raise
            return
        for each, result in zip(group, results, strict=True):
            each.result = result

    def _results(
        self, tx: Connection, group: Sequence[Write[Item, Result]]
    ) -> Sequence[Result | None]:
        if len(group) == 1:
            return [self._alone(tx, group[0].item)]
        return self._write_together(tx, [each.item for each in group])
