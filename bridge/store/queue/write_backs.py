"""What is written back to a platform whose events say a status: how it stands with the mailbox of
each subscription, as the newest job that has ended says.

Rule 1: what is to be written is asked when it is sent, so the newest is told whatever came between.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.ports import ClaimedWriteBack
from bridge.store.base.conditions import among
from bridge.store.base.database import Database, upsert
from bridge.store.base.due_rows import is_any_due, take_due
from bridge.store.base.rows import Row
from bridge.store.base.tables import jobs, write_backs

LEASE = 40.0  # seconds; a call has 10 s in all
ENDED = ("succeeded", "failed", "held")  # of what was cancelled nothing was done
SELECT_NEWEST_JOB = (
    sa.select(*(jobs.c[name] for name in "status state code address extra".split()))
    .where(
        jobs.c.service_id == sa.bindparam("of_service"),
        jobs.c.source == sa.bindparam("of_source"),
        among(jobs.c.status, *ENDED),
    )
    .order_by(jobs.c.id.desc())
    .limit(1)
)
IS_DUE = write_backs.c.next_at.is_not(None), write_backs.c.next_at <= sa.bindparam("now")


def due(tx: Connection, job: Row, now: float) -> None:
    """A job has ended that a status led to, or the end of its grace. The caller holds the mailbox's
    lock."""
    if "status" not in job["intent"] and not job["purge"]:
        return
    values = {
        "source": job["source"],
        "service_id": job["service_id"],
        "address": job["address"],
        "next_at": now,
        "tries": 0,
    }
    new = upsert(tx.dialect.name == "sqlite", write_backs).values(**values)
    later = {name: values[name] for name in ("address", "next_at", "tries")}
    # A try that is under way shall not take this one for its own.
    later["token"] = write_backs.c.token + 1
    tx.execute(new.on_conflict_do_update(index_elements=["source", "service_id"], set_=later))


class WriteBacks:
    def __init__(self, database: Database) -> None:
        self.database = database

    def claim_write_back(self) -> ClaimedWriteBack | None:
        """Takes the next one that is due."""
        if not is_any_due(self.database, write_backs, IS_DUE):
            return None
        with self.database.write() as tx:
            row = take_due(tx, self.database, write_backs, IS_DUE, LEASE)
            if row is None:
                return None
            asked = {"of_service": row["service_id"], "of_source": row["source"]}
            job = tx.execute(SELECT_NEWEST_JOB, asked).mappings().first()
            return ClaimedWriteBack(
                row["id"],
                row["token"],
                row["source"],
                row["service_id"],
                row["tries"] + 1,
                dict(row["written"] or {}),
                None if job is None else notes_of(job),
            )

    def write_back_done(
        self,
        claimed: ClaimedWriteBack,
        written: Mapping[str, str] | None,
        error: str | None,
        retry_in: float | None,
    ) -> None:
        """`written`: what stands there now; None where nothing was written. Nothing is recorded where
        another job has ended meanwhile: then it is due anew."""
        with self.database.write() as tx:
            now = self.database.now(tx)
            values: dict[str, Any] = {
                "tries": claimed.tries,
                "last_error": error,
                "next_at": None if retry_in is None else now + retry_in,
            }
            still = write_backs.c.id == claimed.id, write_backs.c.token == claimed.token
            tx.execute(sa.update(write_backs).where(*still).values(**values))
            if written is not None:  # so it is, whatever else is due
                of = sa.update(write_backs).where(write_backs.c.id == claimed.id)
                tx.execute(of.values(written=dict(written)))


def notes_of(job: Row) -> dict[str, str] | None:
    """How it stands with the mailbox, for the platform's staff. None of a job that was only
    observed: then nothing is written anywhere."""
    if (job["extra"] or {}).get("observed_only"):
        return None
    status = job["state"] if job["status"] == "succeeded" else job["status"]
    return {"status": status, "address": job["address"], "error": job["code"] or ""}
