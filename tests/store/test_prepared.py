"""What a prepared statement gives is what SQLAlchemy gives: the first time each is its own, from the
second on it is prepared."""

from typing import Any

import pytest
import sqlalchemy as sa

from bridge.store.base.prepared import Rows
from bridge.store.base.tables import jobs, mailboxes
from tests.store.conftest import Shop

SELECT = sa.select(jobs).where(jobs.c.id == sa.bindparam("job_id"))
UPDATE = (
    sa.update(jobs)
    .where(jobs.c.id == sa.bindparam("job_id"))
    .returning(jobs.c.id, jobs.c.extra, jobs.c.touched, jobs.c.available_at)
)
INSERT = sa.insert(mailboxes).returning(mailboxes.c.id, mailboxes.c.state)


def both(tx: sa.Connection, statement: Any, *given: dict[str, Any]) -> tuple[Any, Any]:
    """What SQLAlchemy gives, and what the prepared statement gives."""
    first = tx.execute(statement, given[0])
    second = tx.execute(statement, given[-1])
    assert (type(first) is Rows, type(second) is Rows) == (False, True)
    return first, second


def test_rows_are_the_same_by_name_and_by_place(shop: Shop) -> None:
    job = shop.hook("create", password="Made-Up.1").job
    with shop.database.read() as tx:
        first, second = both(tx, SELECT.limit(1).with_only_columns(*jobs.c), {"job_id": job})
        ours = second.mappings().one()
        assert ours == dict(first.mappings().one())
        assert (
            ours["plan"] is None and ours["touched"] is False and isinstance(ours["intent"], dict)
        )
        row = tx.execute(SELECT, {"job_id": job}).one()
        assert (tuple(row), row.touched) == (tuple(ours.values()), False)
        assert tx.scalar(SELECT, {"job_id": job}) == job
        assert tx.execute(SELECT, {"job_id": "none"}).mappings().first() is None


def test_values_are_written_as_sqlalchemy_writes_them(shop: Shop) -> None:
    job = shop.hook("create", password="Made-Up.1").job
    written = {"job_id": job, "extra": {"a": [1, None]}, "touched": True, "available_at": 1.5}
    with shop.database.write() as tx:
        first, second = both(tx, UPDATE, written)
        assert second.mappings().one() == dict(first.mappings().one())
        assert second.rowcount == 1
        assert tx.execute(UPDATE, {"job_id": job, "extra": None}).one().extra is None
        assert tx.execute(UPDATE, {"job_id": "none", "touched": True}).rowcount == 0


def test_an_error_is_sqlalchemys_own(shop: Shop) -> None:
    values = {"account": "main", "domain": "example.com", "address": "a@example.com"}
    with shop.database.write() as tx:
        first, second = both(tx, INSERT, values, values | {"address": "b@example.com"})
        assert second.one().state == first.one().state == "unknown"
        with pytest.raises(sa.exc.IntegrityError), tx.begin_nested():
            tx.execute(INSERT, values)
        assert tx.scalar(sa.select(sa.func.count()).select_from(mailboxes)) == 2


def test_an_error_of_the_program_is_left_as_it_is(shop: Shop) -> None:
    """SQLAlchemy makes an error of its own of the driver's alone: it shows the statement's values."""
    if not shop.database.embedded:
        return  # what psycopg does not take is an error of the driver's
    job = shop.hook("create", password="Made-Up.1").job
    with shop.database.write() as tx:
        both(tx, UPDATE, {"job_id": job, "tries": 1})
    with pytest.raises(OverflowError), shop.database.write() as tx:
        tx.execute(UPDATE, {"job_id": job, "tries": 2**63})
    with shop.database.write() as tx:
        assert tx.execute(UPDATE, {"job_id": job, "tries": 2}).one().extra is None


def test_a_statement_made_of_another_is_another(shop: Shop) -> None:
    job = shop.hook("create", password="Made-Up.1").job
    with shop.database.read() as tx:
        both(tx, SELECT, {"job_id": job})
        other = SELECT.where(jobs.c.id != job)
        assert [tx.execute(other, {"job_id": job}).first() for _ in range(2)] == [None, None]


def test_whoever_listens_sees_each_statement(shop: Shop) -> None:
    job, seen = shop.hook("create", password="Made-Up.1").job, []
    sa.event.listen(
        shop.database.engine, "before_cursor_execute", lambda *given: seen.append(given[2])
    )
    for _ in range(3):
        with shop.database.read() as tx:
            assert tx.scalar(SELECT, {"job_id": job}) == job
    assert sum("FROM jobs" in statement for statement in seen) == 3
