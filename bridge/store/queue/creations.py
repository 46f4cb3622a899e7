"""Mailboxes that cost by the month: how many may be created in a UTC day, over all accounts.

Rule 1: they are counted in the transaction that commits the intent, under the lock of all accounts.
So of two workers at the limit one passes, on either store.
"""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.errors import Limit
from bridge.domain.jobs import Recheck, WaitingFor
from bridge.domain.model import MAKING, MONEY
from bridge.domain.ports import Job, Limits
from bridge.store.base.conditions import among
from bridge.store.base.database import Database, Topic
from bridge.store.base.tables import accounts, jobs, steps
from bridge.store.queue.account_state import STANDS_STILL
from bridge.store.queue.money import DAY, NOT_SPENT, of_today

SELECT_ACCOUNTS = sa.select(accounts.c.name).order_by(accounts.c.name)
SELECT_PAUSED = sa.select(accounts.c.name).where(STANDS_STILL)
IS_WAITING = among(jobs.c.status, "queued"), jobs.c.waiting_for == WaitingFor.LIMIT

COUNTED = MAKING - MONEY


def is_limited(job: Job, limits: Limits) -> bool:
    """Whether a creation of this job counts, and nobody has approved it."""
    counts = limits.creations_per_day and job.account in limits.monthly
    return bool(counts) and Limit.CREATIONS not in job.lifted


def allow(tx: Connection, database: Database, job: Job, limits: Limits, now: float) -> None:
    """Returns when this job may create its mailbox today. Raises Recheck until the next UTC day."""
    if not is_limited(job, limits):
        return
    lock_accounts(tx, database)
    counted = counted_today(tx, limits, now)
    # A job whose command was lost today and is sent again has its place already.
    if job.id not in counted and len(counted) >= limits.creations_per_day:
        raise Recheck(now - now % DAY + DAY, WaitingFor.LIMIT)


def lock_accounts(tx: Connection, database: Database) -> None:
    """All of them, in the order in which everybody locks several."""
    tx.execute(database.lock_row(SELECT_ACCOUNTS)).all()


def counted_today(tx: Connection, limits: Limits, now: float) -> set[str]:
    """The jobs that have created a mailbox today, or may have, or made a domain for one: a domain
    stays, also where its mailbox is refused."""
    begun = sa.select(steps.c.job_id).join(jobs, jobs.c.id == steps.c.job_id)
    begun = begun.where(
        steps.c.kind.in_([str(kind) for kind in COUNTED]),
        of_today(steps.c.started_at, now),
        steps.c.outcome.not_in(NOT_SPENT),
        jobs.c.account.in_(limits.monthly),
    )
    return set(tx.scalars(begun))


def release(database: Database, limits: Limits) -> None:
    """Lets as many of those that wait go on as there is room for now, the oldest first. One whose
    account is paused takes no room, and neither does one that is not limited any more.

    There is room before the next day where the limit was raised, or where a creation that was
    counted turned out to be refused.
    """
    late = sa.select(jobs.c.id).where(*IS_WAITING)
    with database.read() as tx:  # nearly always there is nothing to write
        if tx.scalar(late.where(jobs.c.available_at > database.now(tx)).limit(1)) is None:
            return
    with database.write() as tx:
        lock_accounts(tx, database)
        now, limited = database.now(tx), jobs.c.account.in_(limits.monthly)
        oldest = late.where(limited, jobs.c.account.not_in(SELECT_PAUSED)).order_by(jobs.c.id)
        if limits.creations_per_day:
            room = limits.creations_per_day - len(counted_today(tx, limits, now))
            oldest = oldest.limit(max(0, room))
        waits = *IS_WAITING, jobs.c.id.in_(oldest) | ~limited, jobs.c.available_at > now
        if tx.execute(sa.update(jobs).where(*waits).values(available_at=now)).rowcount:
            database.notify(tx, Topic.JOBS)
