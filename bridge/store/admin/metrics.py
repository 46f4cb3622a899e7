"""What the database knows, as numbers for a monitoring system. Only what is open or few, so that
asking costs little.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.jobs import WaitingFor
from bridge.store.admin.part_of_service import decided_with
from bridge.store.base.conditions import among, ended_badly
from bridge.store.base.database import Database
from bridge.store.base.tables import (
    accounts,
    callbacks,
    differences,
    jobs,
    notes,
    purchases,
    reconciliations,
    sources,
)
from bridge.store.queue.account_state import pauses
from bridge.store.queue.money import NOT_SPENT, of_today
from bridge.store.queue.next_job import waits_for

IS_HELD = ended_badly(jobs), jobs.c.status == "held"  # the first finds the index
REPEATED_JOB = jobs.alias("later")
SINCE = sa.func.min(sa.case((~waits_for(WaitingFor.LIMIT), jobs.c.created_at)))
"""When the oldest came. What waits for another day has an alert of its own, and is not meant."""


@dataclass(frozen=True)
class Gauge:
    """One number for each combination of labels."""

    name: str
    text: str
    labels: Sequence[str]
    values: Sequence[tuple[Sequence[str], float]]


class Gauges:
    def __init__(self, database: Database) -> None:
        self.database = database

    def read(self) -> Sequence[Gauge]:
        with self.database.read() as tx:
            now = self.database.now(tx)
            result = (
                of_jobs(tx, now),
                of_callbacks(tx, now),
                of_accounts(tx, now),
                of_sources(tx),
                of_reconciliations(tx),
            )
            return [gauge for gauges in (*result, of_notes(tx)) for gauge in gauges]


def of_jobs(tx: Connection, now: float) -> Iterator[Gauge]:
    unfinished = sa.select(jobs.c.status, sa.func.count(), SINCE)
    unfinished = unfinished.where(among(jobs.c.status, "queued", "running")).group_by(jobs.c.status)
    rows = tx.execute(unfinished).all()
    ages = [((status,), 0.0 if oldest is None else now - oldest) for status, _, oldest in rows]
    yield Gauge("jobs_open", "Open jobs.", ["status"], [((row[0],), float(row[1])) for row in rows])
    yield Gauge("jobs_oldest_seconds", "Age of the oldest open job.", ["status"], ages)
    waiting = [((name,), float(count)) for name, count in held(tx).items()]
    yield Gauge("jobs_held", "Held jobs that wait for a decision.", ["account"], waiting)


def held(tx: Connection) -> Mapping[str, int]:
    """By account, the jobs that are held and were not tried again. A service and its members count
    once."""
    again = sa.exists().where(REPEATED_JOB.c.replaces == jobs.c.id)
    counts = (
        sa.select(jobs.c.account, sa.func.count())
        .where(*IS_HELD, ~again, ~decided_with("held"))
        .group_by(jobs.c.account)
    )
    names = tx.scalars(sa.select(accounts.c.name).order_by(accounts.c.name)).all()
    return dict.fromkeys(names, 0) | {name: count for name, count in tx.execute(counts)}


def of_callbacks(tx: Connection, now: float) -> Iterator[Gauge]:
    pending = sa.select(sa.func.count(), sa.func.min(callbacks.c.created_at)).where(
        among(callbacks.c.status, "pending")
    )
    count, oldest = tx.execute(pending).one()
    age = 0.0 if oldest is None else now - oldest
    yield Gauge(
        "callbacks_open", "Callbacks not delivered yet.", ["status"], [(("pending",), float(count))]
    )
    yield Gauge(
        "callbacks_oldest_seconds", "Age of the oldest callback not delivered yet.", [], [((), age)]
    )


def of_accounts(tx: Connection, now: float) -> Iterator[Gauge]:
    rows = tx.execute(sa.select(accounts).order_by(accounts.c.name)).mappings().all()
    paused = [((row["name"],), float(bool(pauses(row)))) for row in rows]
    waits = [
        ((row["name"],), float(row["money_until"] is not None and row["money_until"] > now))
        for row in rows
    ]
    yield Gauge("account_paused", "1 while an account is paused.", ["account"], paused)
    yield Gauge(
        "account_waits_for_money",
        "1 while purchases of an account wait for funds.",
        ["account"],
        waits,
    )
    spent = of_today(purchases.c.started_at, now), purchases.c.outcome.not_in(NOT_SPENT)
    # Counted here: to group them SQLite would walk all purchases that there ever were.
    today = Counter(tx.scalars(sa.select(purchases.c.account).where(*spent)))
    values = [((row["name"],), today[row["name"]]) for row in rows]
    yield Gauge(
        "purchases_today", "Purchases and renewals since midnight UTC.", ["account"], values
    )


def of_sources(tx: Connection) -> Iterator[Gauge]:
    rows = tx.execute(sa.select(sources).order_by(sources.c.name)).mappings().all()
    paused = [((row["name"],), float(row["paused"])) for row in rows]
    stopped = [((row["name"],), float(row["suspensions_paused"] is not None)) for row in rows]
    silent = [((row["name"],), float(row["receiver_tries"])) for row in rows]
    yield Gauge("source_paused", "1 while a source is paused.", ["source"], paused)
    yield Gauge(
        "suspensions_paused", "1 while suspensions of a source are refused.", ["source"], stopped
    )
    yield Gauge(
        "receiver_unanswered",
        "Attempts in a row that the receiver of callbacks did not answer.",
        ["source"],
        silent,
    )


def of_reconciliations(tx: Connection) -> Iterator[Gauge]:
    newest = sa.select(reconciliations.c.account, sa.func.max(reconciliations.c.ended_at)).group_by(
        reconciliations.c.account
    )
    when = [((account,), ended) for account, ended in tx.execute(newest)]
    yield Gauge(
        "reconciliation_timestamp_seconds",
        "When an account was last compared with the mail provider.",
        ["account"],
        when,
    )
    grouped = sa.select(differences.c.account, differences.c.kind, sa.func.count())
    found = tx.execute(grouped.group_by(differences.c.account, differences.c.kind)).all()
    values = [((account, kind), float(count)) for account, kind, count in found]
    yield Gauge(
        "differences",
        "Differences between the bridge and the mail provider.",
        ["account", "kind"],
        values,
    )


def of_notes(tx: Connection) -> Iterator[Gauge]:
    waiting = tx.scalar(sa.select(sa.func.count()).where(notes.c.next_at.is_not(None)))
    yield Gauge("notes_open", "Alerts to the admin not sent yet.", [], [((), float(waiting or 0))])
