"""What a worker may write of its job: only as long as it still holds it, under the token of its own
claim.

Rule 1: every write of an attempt goes through here. A worker that slept through its lease, and
whose job another one has claimed since, is told LeaseLost, and nothing of its transaction is kept.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.errors import LeaseLost
from bridge.domain.ports import Job
from bridge.store.base.conditions import among
from bridge.store.base.database import Database
from bridge.store.base.rows import Row
from bridge.store.base.tables import jobs, mailboxes, purchases, steps

# The token is the fence: a later claim counted it up, so that this one's writes find no row any
# more. The status is asked too, because a release gives a job back without counting.
STILL_CLAIMED = (
    jobs.c.id == sa.bindparam("job_id"),
    jobs.c.token == sa.bindparam("claim_token"),
    among(jobs.c.status, "running"),
)
# Of a job that is written: what an intent, a note or a callback needs to know.
RETURNED = "id mailbox_id sequence source account domain address service_id action facts".split()
RETURNED += "hook_id intent purge replaces touched withdrawn service_job silent".split()
UPDATE_CLAIMED_JOB = (
    sa.update(jobs).where(*STILL_CLAIMED).returning(*(jobs.c[name] for name in RETURNED))
)
ANOTHER_JOB = jobs.alias("another_job")
# Of a job that is left, also: whether there is another one of its account that waits, and whether
# it may have bought something. Asked in the same statement, because every job is left once.
LEAVE_CLAIMED_JOB = UPDATE_CLAIMED_JOB.returning(
    sa.exists()
    .where(
        ANOTHER_JOB.c.account == sa.bindparam("its_account"),
        among(ANOTHER_JOB.c.status, "queued"),
        ANOTHER_JOB.c.id != sa.bindparam("job_id"),
    )
    .label("another"),
    sa.exists().where(purchases.c.job_id == sa.bindparam("job_id")).label("bought"),
)
LOCK_MAILBOX = (
    sa.select(mailboxes.c.id).where(mailboxes.c.id == sa.bindparam("mailbox_id")).with_for_update()
)
SELECT_CLAIMED_JOB_LOCKED = sa.select(jobs.c.id).where(*STILL_CLAIMED).with_for_update()
UPDATE_STEP = sa.update(steps).where(steps.c.id == sa.bindparam("step_id"))
# Where the transaction itself is the lock, the claim is asked for in the same statement.
UPDATE_CLAIMED_STEP = UPDATE_STEP.where(
    sa.exists().where(
        jobs.c.id == sa.bindparam("claimed_job"),
        jobs.c.token == sa.bindparam("claim_token"),
        among(jobs.c.status, "running"),
    )
)


def lock_mailbox(tx: Connection, database: Database, job: Job) -> None:
    """Mailbox before job, as the inbox locks them: the other way round two transactions could wait
    for each other.
    """
    if not database.embedded:
        tx.execute(LOCK_MAILBOX, {"mailbox_id": job.mailbox})


def update_step(tx: Connection, database: Database, job: Job, step: int, **values: Any) -> None:
    """Writes to a step of a job that this attempt still holds, and locks the job. Raises
    LeaseLost."""
    if database.embedded:
        held = {"claimed_job": job.id, "claim_token": job.token, "step_id": step}
        found = tx.execute(UPDATE_CLAIMED_STEP, held | values).rowcount > 0
    else:
        found = tx.execute(SELECT_CLAIMED_JOB_LOCKED, claimed(job)).first() is not None
        if found:
            tx.execute(UPDATE_STEP, {"step_id": step, **values})
    if not found:
        raise LeaseLost(job.id)


def update_claimed(tx: Connection, job: Job, **values: Any) -> Row:
    """Writes to a job that this attempt still holds. Raises LeaseLost."""
    return _update(tx, UPDATE_CLAIMED_JOB, job, values)


def leave_claimed(tx: Connection, job: Job, **values: Any) -> Row:
    """The same where this attempt ends."""
    return _update(tx, LEAVE_CLAIMED_JOB, job, {"its_account": job.account, **values})


def _update(tx: Connection, statement: sa.Update, job: Job, values: dict[str, Any]) -> Row:
    row = tx.execute(statement, claimed(job) | values).mappings().first()
    if row is None:
        raise LeaseLost(job.id)
    return row


def claimed(job: Job) -> dict[str, Any]:
    return {"job_id": job.id, "claim_token": job.token}
