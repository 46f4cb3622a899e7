"""Group commit on PostgreSQL: fewer round trips, and one commit that wakes the workers instead of
many, which would wait for each other.

Rule 1: of one mailbox there is at most one write at a time, the one that came first; the next one
begins when it has ended. Rule 2: what cannot be written together with others is written in a
transaction of its own, by its own thread, afterwards: no one waits for it but its mailbox.
Rule 3: a group never waits long for a lock. It gives all back, and each is written alone.
"""

from collections import deque
from collections.abc import Callable, Hashable, Sequence

from sqlalchemy.engine import Connection

from bridge.domain.errors import StoreUnavailable
from bridge.store.base.database import Database
from bridge.store.base.faults import Locked
from bridge.store.queue.group import MOST, Alone, GroupedWrites, Item, Result, Together, Write


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
        mine = [Write[Item, Result](item) for item in items]
        with self._mutex:
            leads = [self._enters(each) for each in mine]
        left = 0
        try:
            for each, first in zip(mine, leads, strict=True):
                self._see_through(each, first)
                self._leave(each)
                left += 1
        finally:
            for each in mine[left:]:
                self._leave(each)
        return mine

    def _enters(self, mine: Write[Item, Result]) -> bool:
        """Whether it leads at once. The caller holds the mutex."""
        line = self._lines.setdefault(self._mailbox_of(mine.item), deque())
        line.append(mine)
        return line[0] is mine and self._comes_first(mine)

    def _see_through(self, mine: Write[Item, Result], leads: bool) -> None:
        super()._see_through(mine, leads)
        if mine.left_out:
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
                line[0].signal()

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
