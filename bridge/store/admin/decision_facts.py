"""What a decision of a person rests on, read from the rows. What may be done with it stands in
bridge.domain.decisions.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain import decisions, superseded
from bridge.domain.decisions import HookFacts, JobFacts
from bridge.domain.errors import Limit
from bridge.domain.jobs import Status, WaitingFor
from bridge.domain.services import REPEATED, is_left_out
from bridge.domain.superseded import TAKES_AWAY
from bridge.reporting.refusals import refusal
from bridge.store.base.rows import Row, to_limit
from bridge.store.base.tables import jobs, purchases
from bridge.store.queue import service_lines
from bridge.store.queue.money import IN_DOUBT
from bridge.store.queue.service_receipts import first_of, newest
from bridge.store.queue.still_wanted import effect_of, needed_since

BATCH = 500


def of_job(tx: Connection, row: Row) -> JobFacts:
    return of_jobs(tx, [row])[0]


def of_jobs(tx: Connection, rows: Sequence[Row]) -> list[JobFacts]:
    """For each row of `jobs`, in the same order."""
    ids = [row["id"] for row in rows]
    replaced: dict[str, str] = {}
    approved: dict[str, bool] = {}
    doubted: set[str] = set()
    for start in range(0, len(ids), BATCH):
        some = ids[start : start + BATCH]
        later = (
            sa.select(jobs.c.replaces, jobs.c.id, jobs.c.passed)
            .where(jobs.c.replaces.in_(some))
            .order_by(jobs.c.id)
        )
        for old, new, passed in tx.execute(later):
            replaced[old], approved[old] = new, passed
        doubts = sa.select(purchases.c.job_id).where(
            purchases.c.job_id.in_(some), purchases.c.outcome.in_(IN_DOUBT)
        )
        doubted |= set(tx.scalars(doubts))
    return [
        JobFacts(
            id=row["id"],
            status=Status(row["status"]),
            code=row["code"],
            limit=limit_of(row),
            waits=row["waiting_for"] == WaitingFor.LIMIT,
            tried_again_as=replaced.get(row["id"]),
            in_doubt=row["id"] in doubted,
            overtaken=overtaken(tx, row) if row["status"] in ("held", "failed") else None,
            approved=approved.get(row["id"], False),
            of_service=row["mailbox_id"] is None,
        )
        for row in rows
    ]


def repeated(tx: Connection, job: Row) -> list[Row]:
    """The members of a service's job that a repetition of it repeats: what is not done of them,
    and what no newer hook decided."""
    return [
        member
        for member in newest(tx, first_of(tx, job))
        if member["status"] in REPEATED
        and not is_left_out(job["action"], member["status"], member["code"])
        and overtaken(tx, member) is None
    ]


def limit_of(row: Row) -> Limit | None:
    if row["waiting_for"] == WaitingFor.LIMIT:
        return Limit.CREATIONS
    return to_limit(row["error"]) if row["status"] == "held" else None


def of_hook(row: Any) -> HookFacts:
    """What decides what a person may do with a hook; `row` of `hooks`."""
    led_to = row["job_id"] is not None
    return HookFacts(
        row["hook_id"], led_to, row["dismissed_at"] is not None, row["sealed"] is not None
    )


def of_callback(row: Any, now: float) -> dict[str, str | None]:
    """`row` of `callbacks`. Each thing that can be done to it, and why not now."""
    return decisions.of_callback(
        row["id"], row["status"], row["tries"] == 0 or row["next_at"] <= now
    )


def overtaken(tx: Connection, row: Row) -> str | None:
    """Why this job is not to be repeated: newer hooks of its service say otherwise, or decided all
    that it wanted.
    """
    if row["withdrawn"]:
        return refusal("job_withdrawn", job=row["id"])
    if row["mailbox_id"] is None:
        left = repeated(tx, row)
        return None if left else refusal("service_done", job=row["id"])
    if effect_of(row).takes_away:
        needs = needed_since(tx, row)
        return refusal("mailbox_needed", needs=needs) if needs is not None else None
    newer = sa.select(jobs).where(
        jobs.c.mailbox_id == row["mailbox_id"],
        jobs.c.sequence > row["sequence"],
        jobs.c.source == row["source"],
        jobs.c.service_id == row["service_id"],
        sa.or_(
            jobs.c.status.in_(("queued", "running", "succeeded")),
            # Its service gave up what it did not have yet.
            sa.and_(jobs.c.action.in_(sorted(TAKES_AWAY)), jobs.c.code == "not_ours"),
        ),
    )
    later = [effect_of(other) for other in tx.execute(newer).mappings()]
    later += service_lines.takes_away_after(tx, row)
    if superseded.overtaken(effect_of(row), later) or superseded.taken_away(effect_of(row), later):
        return refusal("decided_by_newer", job=row["id"])
    return None
