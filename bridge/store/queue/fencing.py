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
from bridge.store.base.tables import jobs, mailboxes

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
LOCK_MAILBOX = (
    sa.select(mailboxes.c.id).where(mailboxes.c.id == sa.bindparam("mailbox_id")).with_for_update()
)
SELECT_CLAIMED_JOB = sa.select(jobs.c.id).where(*STILL_CLAIMED)


def lock_mailbox(tx: Connection, database: Database, job: Job) -> None:
    """Mailbox before job, as the inbox locks them: the other way round two transactions could wait
    for each other.
    """
    if not database.embedded:
        tx.execute(LOCK_MAILBOX, {"mailbox_id": job.mailbox})


def require_claim(tx: Connection, database: Database, job: Job) -> None:
    """Locks the job. Raises LeaseLost where this attempt does not hold it any more."""
    if tx.execute(database.lock_row(SELECT_CLAIMED_JOB), claimed(job)).first() is None:
        raise LeaseLost(job.id)


def update_claimed(tx: Connection, job: Job, **values: Any) -> Row:
    """Writes to a job that this attempt still holds. Raises LeaseLost."""
    row = tx.execute(UPDATE_CLAIMED_JOB, claimed(job) | values).mappings().first()
    if row is None:
        raise LeaseLost(job.id)
    return row


def claimed(job: Job) -> dict[str, Any]:
    return {"job_id": job.id, "claim_token": job.token}
