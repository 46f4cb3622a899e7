"""What is asked all the time reads no more for all that has ended: by the plans that SQLite
makes, which has no statistics."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import sqlalchemy as sa

from bridge.backends.enom.products import Paks
from bridge.domain.errors import UnknownThing
from bridge.store import Database, Gauges
from bridge.store.admin.services import SELECT_MAILBOXES
from bridge.store.base import tables
from bridge.store.queue import next_job
from tests.store.conftest import Shop

PLACES = Paks().exclusive_actions

GROWING = ("hooks", "mailboxes", "jobs", "steps", "callbacks", "purchases")
SCAN = re.compile(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?")
FEW = {  # the indexes of what waits or needs a person
    index.name
    for table in tables.metadata.tables.values()
    for index in table.indexes
    if index.dialect_options["sqlite"]["where"] is not None
}


def walks(line: str) -> bool:
    """Whether a step of a plan reads a whole table that grows, or all that a source ever sent."""
    found = SCAN.search(line)
    return line.endswith("(source=?)") or (
        found is not None and found[1] in GROWING and found[2] not in FEW
    )


def nobodys(shop: Shop) -> None:
    with pytest.raises(UnknownThing):
        shop.lookup.receipt("shop", "msg_none")


def finished(shop: Shop) -> None:
    shop.run("suspend")
    claimed = shop.outbox.claim_callback("worker")
    assert claimed is not None
    shop.outbox.callback_done(claimed, "delivered", 200, None, None)


ASKED: Mapping[str, Callable[[Shop], object]] = {
    "hook": lambda shop: shop.hook("suspend"),
    "job": finished,
    "claim": lambda shop: (
        shop.hook("create", password="Planted-Secret.7"),
        shop.hook("terminate"),
        shop.claimed(),
    ),
    "receipt": nobodys,
    "results": lambda shop: shop.lookup.results("shop", "1.0/job_1", 10),
    "neighbours": lambda shop: shop.lookup.neighbours("main", "a@b.test", ["c@b.test"]),
    "mailbox.list": lambda shop: shop.lookup.mailboxes("shop", "", 10),
    "gauges": lambda shop: Gauges(shop.database).read(),
    "purge_due": lambda shop: shop.retention.purge_due(),
    "wipe": lambda shop: shop.retention.wipe(),
    "prune": lambda shop: shop.retention.prune(),
    **{
        f"jobs {name}": lambda shop, name=name: shop.lookup.page("jobs", 10, status=name)
        for name in ("held", "failed", "queued")
    },
    "jobs of a service": lambda shop: shop.lookup.page("jobs", 10, service_id="7"),
    "jobs of a code": lambda shop: shop.lookup.page("jobs", 10, code="unsafe"),
    "jobs to be decided": lambda shop: shop.lookup.stopped("retry", {"code": "unsafe"}),
    "hooks parked": lambda shop: shop.lookup.page("hooks", 10, status="parked"),
}


@pytest.mark.parametrize(
    "store", ["sqlite"]
)  # PostgreSQL plans by what is there, and a few rows it reads whole
@pytest.mark.parametrize("name", ASKED)
def test_nothing_walks_what_has_ended(shop: Shop, name: str) -> None:
    plans = [line for each in asked(shop, name) for line in plan(shop.database, *each)]
    assert plans
    assert not [line for line in plans if walks(line)]


@pytest.mark.parametrize("store", ["sqlite"])  # as above
def test_the_mailboxes_of_a_service_are_found_by_it(shop: Shop) -> None:
    """The index of the source has them in the order that is shown, among all that it ever sold."""
    values = {"source": "shop", "service_id": "7", "after": "", "most": 10}
    made = SELECT_MAILBOXES.compile(shop.database.engine)
    given = made.construct_params(values)
    (line, *_) = plan(shop.database, str(made), tuple(given[key] for key in made.positiontup))
    assert "USING INDEX ix_mailboxes_service_id (service_id=?)" in line


@pytest.mark.parametrize("store", ["sqlite"])  # as above
@pytest.mark.parametrize(
    ("statement", "by"),
    [
        (next_job.due_flows(PLACES), "account=? AND source=? AND action=?"),
        (
            next_job.next_job(PLACES, "mailbox.create", False),
            "account=? AND source=? AND action=? AND domain>?",
        ),
    ],
    ids=["due_flows", "next_job"],
)
def test_no_part_of_a_claim_walks_what_waits(
    shop: Shop, statement: sa.Select[Any], by: str
) -> None:
    """Each claim asks it of each job that is due: a part that reads all of them would make that
    the square."""
    made = statement.compile(shop.database.engine)
    texts = dict.fromkeys(("account_name", "source", "last_domain"), "x")
    given = made.construct_params({"now": 0.0, **texts})
    plans = plan(shop.database, str(made), tuple(given[key] for key in made.positiontup))
    few = ("SCAN sources", "SCAN actions", "SCAN CONSTANT ROW")
    assert len(plans) > 4 and not [
        line for line in plans if line.startswith("SCAN") and not line.startswith(few)
    ]
    assert any(f"SEARCH jobs USING INDEX ix_jobs_queued ({by}" in line for line in plans), plans


MANY = range(10**6, 10**6 + 500)  # beyond what the database itself numbers
BY_CLAIM = ("hook", "job", "claim", "receipt")  # what is done for each job


@pytest.mark.parametrize("store", ["postgres"])
@pytest.mark.parametrize("name", BY_CLAIM)
def test_a_month_end_that_came_at_once_is_not_walked(shop: Shop, name: str) -> None:
    """The statistics are those of jobs that have ended then. Claims would read all that waits, and
    for each of it all others: minutes for a claim of a month-end of 3,000."""
    month_end_at_once(shop)
    for statement, values in asked(shop, name):
        with shop.database.engine.connect() as connection:
            explained = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"
            found = connection.exec_driver_sql(explained, values).scalar_one()[0]["Plan"]
        pages = found["Shared Hit Blocks"] + found["Shared Read Blocks"]
        assert pages < len(MANY), f"{pages} pages for {statement}"


def month_end_at_once(shop: Shop) -> None:
    shop.hook("suspend", "first@example.com")
    with shop.database.write() as tx:
        copy(tx, tables.mailboxes, lambda n: {"id": n, "address": f"box{n}@example.com"})
        copy(tx, tables.jobs, lambda n: {"id": f"old_{n}", "mailbox_id": n})
        tx.execute(sa.update(tables.jobs).values(status="succeeded"))
    options = {"isolation_level": "AUTOCOMMIT"}
    with shop.database.engine.connect().execution_options(**options) as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
    again = {"sequence": 2, "status": "queued"}
    ended = {"service_id": "7", "sequence": 2, "facts": "", "created_at": 0.0, "source": "shop"}
    ended |= {"action": "mailbox.suspend", "status": "pending", "tries": 0, "token": 0}
    with shop.database.write() as tx:
        copy(tx, tables.jobs, lambda n: {"id": f"job_{n}", "mailbox_id": n, **again})
        callbacks = [
            {**ended, "id": f"cb_{n}", "job_id": f"job_{n}", "mailbox_id": n, "next_at": n}
            for n in MANY
        ]
        tx.execute(sa.insert(tables.callbacks), callbacks)


def asked(shop: Shop, name: str) -> list[tuple[str, Any]]:
    """What is sent for it, but for what only adds rows."""
    sent: list[tuple[str, Any]] = []
    sa.event.listen(
        shop.database.engine,
        "before_cursor_execute",
        lambda *given: sent.append((given[2], given[3])),
    )
    ASKED[name](shop)
    found = [each for each in sent if each[0].startswith(("SELECT", "UPDATE", "DELETE"))]
    assert found
    return found


def copy(tx: sa.Connection, table: sa.Table, other: Callable[[int], Mapping[str, Any]]) -> None:
    """Many more of the first row, each with other values."""
    row = dict(tx.execute(sa.select(table).limit(1)).mappings().one())
    tx.execute(sa.insert(table), [{**row, **other(number)} for number in MANY])


def plan(database: Database, statement: str, values: Any) -> list[str]:
    with database.engine.connect() as connection:
        return [
            row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]
