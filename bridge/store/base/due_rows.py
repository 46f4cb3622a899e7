"""Rows that are due now and then: taken one at a time, under a lease that is simply a later next try.

The table has `id`, `next_at`, and a `token` that each claim counts up, so that who hung past its lease
records nothing.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.store.base.database import Database
from bridge.store.base.rows import Row

IsDue = tuple[sa.ColumnElement[bool], ...]
"""The condition, with a parameter `now`."""


def is_any_due(database: Database, table: sa.Table, is_due: IsDue) -> bool:
    """Asked before anything is written: mostly there is nothing to do."""
    with database.read() as tx:
        found = sa.select(sa.exists(sa.select(table.c.id).where(*is_due)))
        return bool(tx.scalar(found, {"now": database.now(tx)}))


def take_due(
    tx: Connection, database: Database, table: sa.Table, is_due: IsDue, lease: float
) -> Row | None:
    """The one that is due for the longest time; nobody else takes it for `lease` seconds."""
    query: sa.Select[Any] = sa.select(table.c.id).where(*is_due).order_by(table.c.next_at).limit(1)
    if not database.embedded:
        query = query.with_for_update(skip_locked=True)
    now = database.now(tx)
    found = tx.scalar(query, {"now": now})
    if found is None:
        return None
    taken = sa.update(table).where(table.c.id == found).returning(table)
    return tx.execute(taken.values(next_at=now + lease, token=table.c.token + 1)).mappings().one()
