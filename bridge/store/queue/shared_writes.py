"""What workers write of their jobs: writes that come at the same time share a transaction where
the database has one writer, by the rules of group.py. On a server each has its own.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy.engine import Connection

from bridge.store.base.database import Database
from bridge.store.queue.group import GroupedWrites

Result = TypeVar("Result")
Parameters = ParamSpec("Parameters")


class SharedWrites:
    """For all writers of a process that shall share their transactions."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.groups: GroupedWrites[Callable[[Connection], Any], tuple[Any]] = GroupedWrites(
            database,
            lambda tx, write: (write(tx),),
            # Each in a savepoint of its own only where one of them raises: two statements for each
            # would be a quarter of all.
            lambda tx, writes: [(write(tx),) for write in writes],
        )

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
