"""Figures for the first page: what the last hours brought, what waits, what a person has to look
at. Each costs an index.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.jobs import WaitingFor
from bridge.store.admin.part_of_service import decided_with
from bridge.store.base.conditions import among, ended_badly
from bridge.store.base.database import Database
from bridge.store.base.shown_columns import shown
from bridge.store.base.tables import (
    accounts,
    callbacks,
    differences,
    hooks,
    jobs,
    sources,
    steps,
    workers,
)
from bridge.store.queue.account_state import STANDS_STILL, shown_account
from bridge.store.queue.next_job import waits_for

HOUR = 3600.0
HOURS = 24
MOST = 5  # of each kind that a person has to look at
BAD = ("failed", "held")


@dataclass
class Hours:
    """One number for each of the last hours, oldest first; the last one is under way. `seconds`: of
    a command, on average.
    """

    begin: float
    accepted: list[int] = field(default_factory=lambda: [0] * HOURS)
    succeeded: list[int] = field(default_factory=lambda: [0] * HOURS)
    bad: list[int] = field(default_factory=lambda: [0] * HOURS)
    waiting: list[int] = field(default_factory=lambda: [0] * HOURS)
    commands: list[int] = field(default_factory=lambda: [0] * HOURS)
    without_yes: list[int] = field(default_factory=lambda: [0] * HOURS)
    seconds: list[float] = field(default_factory=lambda: [0.0] * HOURS)


@dataclass(frozen=True)
class Figures:
    """`todo`: kind -> how many, and the newest of them. `sources` and `accounts`: a row for each,
    with its counts.

    `stuck`: the oldest open job that waits for nothing that is told by itself.
    `differences` between the record and Enom, as the last reconciliation saw them, without
    mailboxes that are nobody's.
    """

    now: float
    hours: Hours
    oldest: Mapping[str, Any] | None
    stuck: Mapping[str, Any] | None
    waiting: int
    undelivered: int
    worker_seen: float | None
    sources: Sequence[dict[str, Any]]
    accounts: Sequence[dict[str, Any]]
    todo: Mapping[str, tuple[int, Sequence[Mapping[str, Any]]]]
    differences: int


class Overview:
    """`first_id` gives the lowest id that a job of that time can have: so the times of jobs need no
    index of their own.
    """

    def __init__(self, database: Database, first_id: Callable[[float], str]) -> None:
        self.database, self.first_id = database, first_id

    def figures(self) -> Figures:
        with self.database.read() as tx:
            now = self.database.now(tx)
            begin = (now // HOUR - HOURS + 1) * HOUR
            known = list(tx.execute(sa.select(sources).order_by(sources.c.name)).mappings())
            hours, day = (
                Hours(begin),
                {row["name"]: dict.fromkeys(("accepted", "succeeded", *BAD), 0) for row in known},
            )
            ended = self._jobs(tx, hours, day)
            self._steps(tx, hours)
            open_by = tx.execute(COUNT_OPEN_JOBS).all()
            waiting = sum(row[2] for row in open_by)
            backwards(hours, waiting, ended)
            return Figures(
                now=now,
                hours=hours,
                oldest=one_job(tx, SELECT_OLDEST_JOB),
                stuck=one_job(tx, SELECT_STUCK_JOB),
                waiting=waiting,
                undelivered=int(tx.scalar(COUNT_PENDING_CALLBACKS) or 0),
                worker_seen=tx.scalar(sa.select(sa.func.max(workers.c.seen_at))),
                sources=[
                    shown("sources", row)
                    | day[row["name"]]
                    | {"open": sum(count for source, _, count in open_by if source == row["name"])}
                    for row in known
                ],
                accounts=[
                    shown_account(row)
                    | {
                        "open": sum(
                            count for _, account, count in open_by if account == row["name"]
                        )
                    }
                    for row in tx.execute(sa.select(accounts).order_by(accounts.c.name)).mappings()
                ],
                todo={name: todo(tx, *each) for name, each in SELECT_FOR_PERSON.items()},
                differences=int(tx.scalar(COUNT_DIFFERENCES) or 0),
            )

    def _jobs(self, tx: Connection, hours: Hours, day: dict[str, dict[str, int]]) -> list[int]:
        """Fills in what came and what ended; how many ended in each hour, however."""
        nth = self.database.floor((jobs.c.created_at - hours.begin) / HOUR).label("nth")
        came = sa.select(nth, jobs.c.source, sa.func.count()).where(
            jobs.c.id >= self.first_id(hours.begin)
        )
        for hour, source, count in tx.execute(came.group_by(nth, jobs.c.source)):
            hours.accepted[place(hour)] += count
            day.setdefault(source, dict.fromkeys(("accepted", "succeeded", *BAD), 0))[
                "accepted"
            ] += count
        nth = self.database.floor((jobs.c.finished_at - hours.begin) / HOUR).label("nth")
        # By source, because the index of what ended begins with it.
        over = sa.select(nth, jobs.c.source, jobs.c.status, sa.func.count())
        over = over.where(jobs.c.source.in_(list(day)), jobs.c.finished_at >= hours.begin)
        ended = [0] * HOURS
        for hour, source, status, count in tx.execute(
            over.group_by(nth, jobs.c.source, jobs.c.status)
        ):
            ended[place(hour)] += count
            if status in day[source]:
                day[source][status] += count
            if status == "succeeded":
                hours.succeeded[place(hour)] += count
            elif status in BAD:
                hours.bad[place(hour)] += count
        return ended

    def _steps(self, tx: Connection, hours: Hours) -> None:
        nth = self.database.floor((steps.c.started_at - hours.begin) / HOUR).label("nth")
        yes = sa.func.sum(sa.case((steps.c.outcome == "accepted", 1), else_=0))
        took = sa.func.avg(steps.c.ended_at - steps.c.started_at)
        query = sa.select(nth, sa.func.count(), yes, took)
        # One that is under way has no end yet.
        query = query.where(
            steps.c.started_at >= hours.begin, steps.c.outcome != "intent"
        ).group_by(nth)
        for hour, count, accepted, seconds in tx.execute(query):
            hours.commands[place(hour)] = count
            hours.without_yes[place(hour)] = count - int(accepted)
            hours.seconds[place(hour)] = float(seconds)


def place(hour: Any) -> int:
    return min(HOURS - 1, max(0, int(hour)))


def backwards(hours: Hours, waiting: int, ended: Sequence[int]) -> None:
    """How many waited at the end of each hour: from what waits now, undoing hour by hour what came
    and what ended.
    """
    for nth in range(HOURS - 1, -1, -1):
        hours.waiting[nth] = max(0, waiting)
        waiting += ended[nth] - hours.accepted[nth]


def one_job(tx: Connection, query: sa.Select[Any]) -> Mapping[str, Any] | None:
    row = tx.execute(query).mappings().first()
    return shown("jobs", row) if row else None


def todo(
    tx: Connection, table: str, query: sa.Select[Any]
) -> tuple[int, Sequence[Mapping[str, Any]]]:
    count = tx.scalar(sa.select(sa.func.count()).select_from(query.order_by(None).subquery()))
    return int(count or 0), [shown(table, row) for row in tx.execute(query.limit(MOST)).mappings()]


IS_OPEN = among(jobs.c.status, "queued", "running")
# Grouped by something that no index has in its order: else SQLite walks all jobs in that order.
OWNER = sa.func.coalesce(jobs.c.source, ""), sa.func.coalesce(jobs.c.account, "")
COUNT_OPEN_JOBS = sa.select(*OWNER, sa.func.count()).where(IS_OPEN).group_by(*OWNER)
SELECT_OLDEST_JOB = sa.select(jobs).where(IS_OPEN).order_by(jobs.c.created_at).limit(1)
# A pause and the day's limit each have an alert of their own. What waits for them hides nothing else.
SELECT_STUCK_JOB = SELECT_OLDEST_JOB.where(
    ~waits_for(WaitingFor.ACCOUNT, WaitingFor.LIMIT),
    jobs.c.account.not_in(sa.select(accounts.c.name).where(STANDS_STILL)),
)
# What is nobody's needs nobody at once: there may be thousands before an import.
COUNT_DIFFERENCES = sa.select(sa.func.count()).where(differences.c.kind != "no_owner")
COUNT_PENDING_CALLBACKS = sa.select(sa.func.count()).where(among(callbacks.c.status, "pending"))
REPEATED_JOB = jobs.alias("later")
WAS_TRIED_AGAIN = sa.exists().where(REPEATED_JOB.c.replaces == jobs.c.id)
# The condition of the partial index, word for word, before what it does not know.
IS_HELD = ended_badly(jobs), jobs.c.status == "held", ~WAS_TRIED_AGAIN, ~decided_with("held")
SELECT_FOR_PERSON: Mapping[str, tuple[str, sa.Select[Any]]] = {
    "held": ("jobs", sa.select(jobs).where(*IS_HELD).order_by(jobs.c.id.desc())),
    "exhausted": (
        "callbacks",
        sa.select(callbacks, jobs.c.address, jobs.c.action)
        .join(jobs, jobs.c.id == callbacks.c.job_id)
        .where(among(callbacks.c.status, "exhausted"))
        .order_by(callbacks.c.id.desc()),
    ),
    # Those whose body is still kept: the others nobody can read any more, or a person dismissed
    # them.
    "parked": (
        "hooks",
        sa.select(hooks)
        .where(hooks.c.job_id.is_(None), hooks.c.sealed.is_not(None))
        .order_by(hooks.c.id.desc()),
    ),
}
