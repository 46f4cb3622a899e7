"""Conditions whose form decides which index answers them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Exists,
    FromClause,
    Select,
    exists,
    literal_column,
    select,
)


def looked_up(*conditions: ColumnElement[bool], by: Sequence[Column[Any]] = ()) -> Exists:
    """EXISTS, asked of an index for each row; the one that is sorted `by` these. PostgreSQL would
    make a join of it and, as long as its statistics are older than a month-end, read all open jobs
    for each of them.
    """
    # What has an offset is left as it is.
    one: Select[Any] = select(literal_column("1")).where(*conditions).order_by(*by)
    return exists(one.offset(literal_column("0")))


def among(column: ColumnElement[str], *values: str) -> ColumnElement[bool]:
    """Equality with values in the statement itself: parameters would use no partial index."""
    literals: list[ColumnElement[str]] = [literal_column(f"'{value}'") for value in values]
    return column == literals[0] if len(literals) == 1 else column.in_(literals)


def of_mailbox(table: FromClause) -> ColumnElement[bool]:
    """Not a service's own job, which nobody runs: it has no domain, and so the index that begins
    with account and domain leaves it out."""
    return table.c.domain > literal_column("''")


def ended_badly(table: FromClause) -> ColumnElement[bool]:
    """The condition of the index of such jobs, word for word; the one status comes after it."""
    return among(table.c.status, "held", "failed", "cancelled")
