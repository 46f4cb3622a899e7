"""What a person does to the job of a whole service: to each of its members that is not done. In the
transaction of whoever decides.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.errors import CODES, BridgeError, Limit, NotPossible, Overtaken
from bridge.domain.superseded import CUSTOMER_TEXTS, needed
from bridge.reporting.receipts import CANCELLED
from bridge.reporting.refusals import refusal
from bridge.store.admin import decision_facts
from bridge.store.base.conditions import among, ended_badly
from bridge.store.base.database import Database
from bridge.store.base.rows import Row, to_intent, to_limits
from bridge.store.base.tables import jobs
from bridge.store.queue import cancelling, creations, enqueue, money, service_lines, service_members
from bridge.store.queue.enqueue import NewJob
from bridge.store.queue.service_jobs import ServiceJobs
from bridge.store.queue.service_receipts import first_of, newest


def members(tx: Connection, job: Row) -> Sequence[Row]:
    return newest(tx, first_of(tx, job))


def lock_mailboxes(tx: Connection, database: Database, job: str) -> None:
    """Those of the members of a service's job, the accounts and its line, in the order of
    everybody: before the job itself."""
    found = tx.execute(sa.select(jobs).where(jobs.c.id == job)).mappings().first()
    if found is None or found["mailbox_id"] is not None:
        return
    service_members.lock_of(tx, [row["mailbox_id"] for row in members(tx, found)])
    creations.lock_accounts(tx, database)
    service_lines.lock(tx, found["source"], found["service_id"])


def repeat(
    tx: Connection, makes: ServiceJobs, job: Row, special: dict[str, Any], now: float
) -> Row:
    """A job in the place of this one, with a new job for each member that is held or failed. What
    newer hooks decided is not repeated. Raises NotPossible when nothing is left.

    `special`: see `enqueue.add_jobs`.
    """
    wanted = decision_facts.repeated(tx, job)
    if not wanted:
        raise NotPossible(refusal("service_done", job=job["id"]))
    special = special | whole_limit(tx, makes, job, len(wanted), special, now)
    intent = to_intent(job, None)
    whose = job["hook_id"], job["source"], job["account"]
    line = service_lines.take(tx, makes.database, job["source"], job["service_id"])
    new = NewJob(makes.new_id(now), *whose, intent, None)
    again = makes.insert(tx, new, line["sequence"], now, **special)
    for row in wanted:
        of = row["hook_id"], row["source"], row["account"]
        more = {
            "replaces": row["id"],
            "service_job": row["service_job"],
            "silent": row["silent"],
        }
        enqueue.add_job(
            tx,
            makes.database,
            makes.new_id(now),
            *of,
            to_intent(row, None),
            None,
            now,
            **special | more,
        )
    return again


def whole_limit(
    tx: Connection, makes: ServiceJobs, job: Row, count: int, special: dict[str, Any], now: float
) -> dict[str, Any]:
    """The columns with which so many members pass the limit of deletions, because they were counted
    together. Raises NotPossible when they are too many now."""
    rules, lifted = makes.rules, to_limits(special.get("lifted") or job["lifted"])
    deletes = job["action"] == "service.terminate" and not rules.grace
    if not deletes or not rules.terminations_per_hour or Limit.DELETIONS in lifted:
        return {}
    if money.deletions(tx, now) + count > rules.terminations_per_hour:
        most = rules.terminations_per_hour
        raise NotPossible(refusal("service_again", job=job["id"], count=count, limit=most))
    return {"lifted": " ".join(sorted(lifted | {Limit.DELETIONS}))}


def reject(tx: Connection, job: Row, why: BridgeError, now: float) -> None:
    """What is held of it is not done. The service's job is ended before, in its own words."""
    for member in members(tx, job):
        if member["status"] == "held":
            cancelling.call_off(tx, member["id"], now, why, CODES["rejected"])


def cancel(tx: Connection, job: Row, now: float) -> int:
    """What still waits of it is not done; how many."""
    return sum(
        cancelling.cancel(tx, member["id"], now, None, CANCELLED)
        for member in members(tx, job)
        if member["status"] == "queued"
    )


class HeldServices:
    """Held terminations of whole services that a newer hook has made needless."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def call_off_needed(self) -> int:
        """Ends those of which any mailbox is needed by now; how many. A hook for one mailbox does
        not look at the jobs of its service: that would cost every hook, and no command of them is
        sent anyhow."""
        if not self.database.finds(SELECT_HELD):
            return 0
        with self.database.read() as tx:
            held = tx.execute(SELECT_HELD).scalars().all()
        return sum(self._call_off(job) for job in held)

    def _call_off(self, id: str) -> bool:
        with self.database.write() as tx:
            lock_mailboxes(tx, self.database, id)
            job = tx.execute(sa.select(jobs).where(jobs.c.id == id)).mappings().one()
            # What was begun may be done already: a person has to look.
            held = [
                row for row in members(tx, job) if row["status"] == "held" and not row["touched"]
            ]
            if not held or any(decision_facts.overtaken(tx, row) is None for row in held):
                return False
            now, text = self.database.now(tx), CUSTOMER_TEXTS[Overtaken]
            for row in held:
                cancelling.call_off(tx, row["id"], now, needed(), text)
            return True


# The condition of the index of such jobs, word for word, and then the rest
SELECT_HELD = sa.select(jobs.c.id).where(
    ended_badly(jobs),
    among(jobs.c.status, "held"),
    jobs.c.mailbox_id.is_(None),
    jobs.c.action == "service.terminate",
)
