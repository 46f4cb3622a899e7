"""The end of a service's job: written with the end of its last member, and anew when a member that
was repeated ends otherwise.

Rule 1: it stands in the transaction that ends the member. So no crash leaves a service open whose
members are done. Rule 2: mailbox, member, the service's line, its job: locked in this order.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.jobs import Status
from bridge.domain.model import State
from bridge.domain.services import STATES, Member, ServiceEnd, conclude
from bridge.reporting import notes as sentences
from bridge.store.base.conditions import among
from bridge.store.base.rows import Row, error_columns, to_limit
from bridge.store.base.tables import jobs
from bridge.store.queue import notes, outbox, service_lines
from bridge.store.queue.service_receipts import IS_MEMBER, newest

FIRST_JOB = jobs.alias("first_job")
OF_HOOK = (
    jobs.c.mailbox_id.is_(None),
    jobs.c.source == FIRST_JOB.c.source,
    jobs.c.service_id == FIRST_JOB.c.service_id,
    jobs.c.hook_id == FIRST_JOB.c.hook_id,
)
# Of the jobs that a service's hook led to: the first one, which its members name, and the newest
SELECT_NEWEST = (
    sa.select(jobs)
    .join(FIRST_JOB, sa.and_(*OF_HOOK))
    .where(FIRST_JOB.c.id == sa.bindparam("first"))
    .order_by(jobs.c.sequence.desc())
    .limit(1)
    .with_for_update(of=jobs)
)
SELECT_OPEN_MEMBER = (
    sa.select(jobs.c.id).where(IS_MEMBER, among(jobs.c.status, "queued", "running")).limit(1)
)


def ended(tx: Connection, job: Row, now: float) -> None:
    """What follows when a job has ended: its callback, and for a member perhaps its service's end.
    The caller holds the transaction that ends it.
    """
    outbox.enqueue_callback(tx, job, now)
    if job["service_job"] is not None:
        settle(tx, job["service_job"], job, now)


def settle(tx: Connection, first: str, of: Row, now: float) -> Row | None:
    """Writes the end that the members of a service's hook have together, once none is open and
    unless it is so already; the newest job of that hook then. `of`: a job of the same service."""
    service_lines.lock(tx, of["source"], of["service_id"])
    # Locked before the members are looked at: of two that end at once, the second one waits here,
    # and sees the end of the first. Else each would take the other for open.
    job = tx.execute(SELECT_NEWEST, {"first": first}).mappings().first()
    if job is None or job["status"] in ("succeeded", "cancelled"):
        return job  # pruned, or said for good
    if tx.execute(SELECT_OPEN_MEMBER, {"first": first}).first() is not None:
        return None
    end = conclude(job["action"], [to_member(row) for row in newest(tx, first)])
    if end is None or end.status == job["status"]:
        return job
    return write(tx, job, end, now)


def write(tx: Connection, job: Row, end: ServiceEnd, now: float) -> Row:
    before = Status(job["status"])
    if end.status not in STATES[before]:
        raise ValueError(f"The job of a service cannot go from {before} to {end.status}.")
    row = tx.execute(UPDATE_JOB, {"job_id": job["id"], **columns(job, end, now)}).mappings().one()
    if before != Status.RUNNING:
        outbox.withdraw(tx, job["id"], now)
    if before == Status.HELD:
        notes.clear(tx, f"job:{job['id']}", sentences.not_held(row, end.message), now)
    if end.status == Status.CANCELLED:
        service_lines.take_back(tx, row)
    elif end.status == Status.SUCCEEDED and job["action"] == "service.terminate":
        service_lines.over(tx, row)
    outbox.enqueue_callback(tx, row, now)
    return row


UPDATE_JOB = sa.update(jobs).where(jobs.c.id == sa.bindparam("job_id")).returning(jobs)


def columns(job: Row, end: ServiceEnd, now: float) -> dict[str, Any]:
    extra = {**(job["extra"] or {}), **({"observed_only": True} if end.observed else {})}
    return {
        "status": str(end.status),
        "finished_at": now,
        "state": str(end.state),
        "changed": end.changed,
        "verified": dict(end.verified),
        "message": end.message,
        "extra": extra or None,
        **error_columns(end.error),
    }


def to_member(row: Row) -> Member:
    extra = row["extra"] or {}
    return Member(
        Status(row["status"]),
        State(row["state"]),
        row["code"],
        to_limit(row["error"]) if row["status"] == "held" else None,
        row["changed"],
        row["verified"],
        bool(extra.get("observed_only")),
        "delete_after" in extra,
    )
