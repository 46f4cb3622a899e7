"""Statements that are made once are also compiled once.

What the store asks again and again goes to the database without SQLAlchemy putting the statement,
its parameters and its result together anew, which takes longer than the database to answer.

Rule 1: what comes out is what SQLAlchemy would give. Whatever is not plain goes its way: statements
that are made for one use, lists of values, text, and all of them where a listener wants to see them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Self
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect, IteratorResult
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase

Process = Callable[[Any], Any]


class Prepared:
    """A compiled statement, for one set of names of parameters."""

    def __init__(self, statement: Any, compiled: SQLCompiler, dialect: Dialect) -> None:
        self.sql = compiled.string
        self._positional = compiled.positional
        by_name = {name: bind for bind, name in compiled.bind_names.items()}
        self._names = tuple((compiled.positiontup if compiled.positional else by_name) or ())
        binds = [by_name[name] for name in self._names]
        # Under what each is given, and what it is where it is not given
        self._given = tuple((bind.key, bind.value) for bind in binds)
        self._taken = tuple(
            (place, process)
            for place, bind in enumerate(binds)
            if (process := _taken(bind.type, dialect))
        )
        self._columns = tuple(statement.exported_columns)
        self._dialect = dialect
        self.names = tuple(column.key for column in self._columns)
        self.metadata = SimpleResultMetaData(self.names)
        self._shown: tuple[tuple[int, str, Process], ...] | None = None

    def describe(self, description: Sequence[Any]) -> None:
        """To be called with what the driver says of the columns, before any row is read."""
        if self._shown is None:
            self._shown = tuple(
                (place, name, process)
                for place, (name, column) in enumerate(zip(self.names, self._columns, strict=True))
                if (process := _shown(column.type, self._dialect, description[place][1]))
            )

    def arguments(self, given: Mapping[str, Any]) -> Any:
        values = [given.get(key, value) for key, value in self._given]
        for place, process in self._taken:
            values[place] = process(values[place])
        if self._positional:
            return values
        return dict(zip(self._names, values, strict=True))

    def rows(self, found: Sequence[Any]) -> Iterator[Any]:
        for row in found:
            values = list(row)
            for place, _, process in self._shown or ():
                values[place] = process(values[place])
            yield tuple(values)

    def by_name(self, found: Sequence[Any]) -> list[dict[str, Any]]:
        rows = [dict(zip(self.names, row, strict=True)) for row in found]
        for row in rows:
            for _, name, process in self._shown or ():
                row[name] = process(row[name])
        return rows


class Rows:
    """A result as SQLAlchemy gives it; what it calls mappings are plain dictionaries."""

    def __init__(self, prepared: Prepared, found: Sequence[Any], rowcount: int) -> None:
        self.rowcount = rowcount
        self._prepared, self._found = prepared, found

    def mappings(self) -> "RowsByName":
        return RowsByName(self._prepared.by_name(self._found))

    def __iter__(self) -> Iterator[Any]:
        return iter(self._whole())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole(), name)

    def _whole(self) -> IteratorResult[Any]:
        return IteratorResult(self._prepared.metadata, self._prepared.rows(self._found))


class RowsByName:
    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self._rows = rows

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._rows)

    def all(self) -> list[dict[str, Any]]:
        return self._rows

    def first(self) -> dict[str, Any] | None:
        return self._rows[0] if self._rows else None

    def one(self) -> dict[str, Any]:
        if not self._rows:
            raise sa.exc.NoResultFound("no row was found when one was required")
        if len(self._rows) > 1:
            raise sa.exc.MultipleResultsFound("several rows were found when one was required")
        return self._rows[0]


class Statements:
    """What was prepared for one database; nothing outlives the statement that it was made of."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._known: WeakKeyDictionary[Any, dict[tuple[str, ...], Prepared | None]] = (
            WeakKeyDictionary()
        )

    def find(self, statement: Any, given: Mapping[str, Any]) -> Prepared | None:
        """None for what SQLAlchemy has to do: so too where a statement comes for the first time,
        as it may have been made for this one use."""
        known = self._known.get(statement)
        if known is None:
            if isinstance(statement, sa.Select | sa.CompoundSelect | UpdateBase):
                self._known[statement] = {}
            return None
        keys = tuple(given)
        if keys not in known:
            known[keys] = self._prepare(statement, keys)
        return known[keys]

    def _prepare(self, statement: Any, keys: tuple[str, ...]) -> Prepared | None:
        compiled = statement.compile(dialect=self._dialect, column_keys=sorted(keys))
        names = [column.key for column in statement.exported_columns]
        special = (
            compiled.literal_execute_params
            or compiled.post_compile_params
            or compiled.escaped_bind_names
            or compiled.insert_prefetch
            or compiled.update_prefetch
            or len(set(names)) < len(names)
        )
        missing = any(
            bind.callable or (bind.required and bind.key not in keys)
            for bind in compiled.bind_names
        )
        return None if special or missing else Prepared(statement, compiled, self._dialect)


class PreparedConnection(Connection):
    """A connection whose statements are prepared, once it has been told where they are kept; not
    where a listener wants to see them."""

    _statements: Statements | None = None

    def prepare_with(self, statements: Statements) -> None:
        seen = self.engine.dispatch
        watched = seen.before_cursor_execute or seen.after_cursor_execute
        self._statements = None if watched else statements

    def __enter__(self) -> Self:
        return self

    # The types are those of any statement and result: SQLAlchemy's own tell one from another by
    # overloads that cannot be repeated here.
    def execute(self, statement: Any, parameters: Any = None, **options: Any) -> Any:
        given = {} if parameters is None else parameters
        known = self._statements
        if known and not options and isinstance(given, dict):
            prepared = known.find(statement, given)
            if prepared is not None:
                return self._run(prepared, given)
        return super().execute(statement, parameters, **options)

    def scalar(self, statement: Any, parameters: Any = None, **options: Any) -> Any:
        return self.execute(statement, parameters, **options).scalar()

    def scalars(self, statement: Any, parameters: Any = None, **options: Any) -> Any:
        return self.execute(statement, parameters, **options).scalars()

    def tell_embedded(self, sql: str) -> None:
        """Begins a transaction of SQLite, or a part of one, in its own words."""
        if self._statements is None:
            self.exec_driver_sql(sql)
        else:
            self._ask(sql, (), None)

    def _run(self, prepared: Prepared, given: Mapping[str, Any]) -> Rows:
        reads = prepared if prepared.names else None
        found, count = self._ask(prepared.sql, prepared.arguments(given), reads)
        return Rows(prepared, found, count)

    def _ask(self, sql: str, arguments: Any, reads: Prepared | None) -> tuple[Sequence[Any], int]:
        cursor = self.connection.cursor()
        try:
            cursor.execute(sql, arguments)
            if reads:
                reads.describe(cursor.description)
            found = cursor.fetchall() if reads else ()
            count = cursor.rowcount
        except self.dialect.loaded_dbapi.Error as error:
            # As SQLAlchemy itself does: it makes its own error of the driver's, and closes a
            # connection that is of no use any more. Always raises.
            self._handle_dbapi_exception(error, sql, arguments, cursor, None)
        except BaseException:  # of a value that the driver does not take: ours, and left as it is
            cursor.close()
            raise
        cursor.close()
        return found, count


def _taken(type_: Any, dialect: Dialect) -> Process | None:
    process: Process | None = type_.dialect_impl(dialect).bind_processor(dialect)
    return process


def _shown(type_: Any, dialect: Dialect, code: Any) -> Process | None:
    process: Process | None = type_.dialect_impl(dialect).result_processor(dialect, code)
    return process
