"""How many mailboxes a service may have, and whether it may get one just now.

Rule 1: they are counted in the transaction that commits the first command of a creation, under the
account's lock. Not when the hook is accepted: what waits then may still fail, be held, or be called
off, and of two that wait neither may count against the other. Here a creation is counted from the
moment from which it may make a mailbox, so of two at the last seat one passes, on either store. What
is taken over from another service is counted where it changes hands: at the end of its job.
"""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.actions import CREATES
from bridge.domain.errors import Refused
from bridge.domain.model import MAKING, State
from bridge.domain.ports import Job
from bridge.reporting.refusals import refusal
from bridge.store.base.conditions import among
from bridge.store.base.database import Database
from bridge.store.base.tables import accounts, jobs, mailboxes, steps
from bridge.store.queue import service_lines
from bridge.store.queue.customers import SELECT_CREATION_BEGUN
from bridge.store.queue.still_wanted import came_after

# By no index of the source: that would first sort all that it ever sent.
IS_CREATING = (
    sa.func.coalesce(jobs.c.source, "") == sa.bindparam("source"),
    jobs.c.service_id == sa.bindparam("service_id"),
    among(jobs.c.action, *CREATES),
    among(jobs.c.status, "queued", "running"),
    sa.exists().where(steps.c.job_id == jobs.c.id, steps.c.kind.in_(sorted(map(str, MAKING)))),
    jobs.c.mailbox_id != sa.bindparam("mailbox_id"),
)
IS_RECORDED = (
    sa.func.coalesce(mailboxes.c.source, "") == sa.bindparam("source"),
    mailboxes.c.service_id == sa.bindparam("service_id"),
    mailboxes.c.state != str(State.ABSENT),
    mailboxes.c.id != sa.bindparam("mailbox_id"),
)
TAKEN = sa.union(
    sa.select(mailboxes.c.id).where(*IS_RECORDED),
    sa.select(jobs.c.mailbox_id).where(*IS_CREATING),
).subquery("taken")
COUNT_TAKEN = sa.select(sa.func.count()).select_from(TAKEN)


def allow_in_service(tx: Connection, job: Job) -> None:
    """Raises Refused while the service is suspended, for one mailbox more that was ordered after
    that."""
    line = service_lines.of(tx, job.source, job.intent.service_id)
    if line is None or line["suspended_by"] is None:
        return
    later = came_after(tx, job.id, line["suspended_by"])
    if later is None or job.replaces is not None:  # a repetition is as late as it was asked for
        later = (job.created_at, job.id) > (line["suspended_at"], line["suspended_by"])
    if later:
        raise Refused(refusal("service_suspended", job=line["suspended_by"]), code="conflict")


def allow_one_more(tx: Connection, database: Database, job: Job) -> None:
    """Returns when this job may make or take over a mailbox for its service. Raises Refused.

    Once for each job: what was paid for is not refused afterwards.
    """
    if job.intent.seats is None or tx.scalar(SELECT_CREATION_BEGUN, {"job_id": job.id}):
        return
    # All of them, in the order in which others lock several after this one.
    lock = sa.select(accounts.c.name).order_by(accounts.c.name)
    tx.execute(database.lock_row(lock)).all()
    check(tx, job)


def check(tx: Connection, job: Job) -> None:
    """The same without a lock, for a look. The newest number counts: what is tried again was
    sent with an older one."""
    if job.intent.seats is None:
        return
    line = service_lines.of(tx, job.source, job.intent.service_id)
    seats = (line and line["seats"]) or job.intent.seats
    taken = count(tx, job.source, job.intent.service_id, but=job.mailbox)
    if taken >= seats:
        raise Refused(refusal("seats_full", seats=seats, taken=taken), code="seats_full")


def count(tx: Connection, source: str, service_id: str, but: int = 0) -> int:
    """The mailboxes of a service: those on record, also in their grace, and those that are just
    being created; `but` that one."""
    asked = {"source": source, "service_id": service_id, "mailbox_id": but}
    return int(tx.scalar(COUNT_TAKEN, asked) or 0)
