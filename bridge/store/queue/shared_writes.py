"""What workers write of their jobs: writes that come at the same time share a transaction where
the database has one writer, by the rules of group.py. On a server each has its own.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy.engine import Connection

from bridge.domain.errors import StoreUnavailable
from bridge.store.base.database import Database
from bridge.store.base.faults import translated
from bridge.store.queue.group import GroupedWrites, Write

Result = TypeVar("Result")
Parameters = ParamSpec("Parameters")
OneWrite = Callable[[Connection], Any]


class Apart(Exception):
    """One of a group raised an error; whose fault it is shows when each is alone."""


class JobWrites(GroupedWrites[OneWrite, tuple[Any]]):
    """Few of them ever raise an error. So a group has no savepoint: where one of it raises, all is
    undone, and done again in another transaction with a savepoint for each."""

    def _write(self, group: list[Write[OneWrite, tuple[Any]]]) -> None:
        try:
            with self._begun(group) as tx:
                self._carry_out_all(tx, group)
        except Apart:
            with self.database.write() as tx:
                for each in group:
                    self._carry_out_alone(tx, each)

    def _carry_out_all(self, tx: Connection, group: list[Write[OneWrite, tuple[Any]]]) -> None:
        if len(group) == 1:
            self._carry_out(tx, group)
            return
        try:
            with translated():
                results = [each.item(tx) for each in group]
        except StoreUnavailable:
            raise
        except Exception as error:  # of any kind: it is raised for whoever wrote that one
            raise Apart from error
        for each, result in zip(group, results, strict=True):
            each.result = (result,)


class SharedWrites:
    """For all writers of a process that shall share their transactions."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.groups = JobWrites(database, lambda tx, write: (write(tx),))

    def run(self, write: Callable[[Connection], Result]) -> Result:
        """What `write` returns, once it is committed. Raises what it raises; it is undone then.

        Another thread may carry it out, so it must use nothing that belongs to its own.
        """
        if not self._database.embedded:
            with self._database.write() as tx:
                return write(tx)
        found: Result = self.groups.run(write)[0]
        return found


class HasWrites(Protocol):
    writes: SharedWrites


Writer = TypeVar("Writer", bound=HasWrites)


def shared(
    method: Callable[Concatenate[Writer, Connection, Parameters], Result],
) -> Callable[Concatenate[Writer, Parameters], Result]:
    """Gives a method its transaction, which may hold other writes, too."""

    @wraps(method)
    def run(self: Writer, /, *given: Parameters.args, **named: Parameters.kwargs) -> Result:
        return self.writes.run(lambda tx: method(self, tx, *given, **named))

    return run


def several_or_one(claim: Callable[[int], Sequence[Result]], most: int) -> Sequence[Result]:
    """What `claim` takes, of `most`; of one alone where it cannot take several."""
    try:
        return claim(most)
    except StoreUnavailable:
        raise
    except Exception:  # of any kind: one that cannot be read shall not keep the others back
        if most == 1:
            raise
        return claim(1)
