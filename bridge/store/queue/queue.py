"""The queue: jobs are claimed under leases, worked at with a journal of commands, and left: to
wait, or at their end.
"""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.actions import GAINS
from bridge.domain.errors import BridgeError
from bridge.domain.jobs import Status, WaitingFor, allow
from bridge.domain.ports import InitialPlan, Job, JobResult, Limits
from bridge.domain.superseded import CUSTOMER_TEXTS
from bridge.reporting import notes as sentences
from bridge.store.base.conditions import among
from bridge.store.base.database import Topic
from bridge.store.base.rows import Row, error_columns
from bridge.store.base.tables import jobs
from bridge.store.queue import (
    cancelling,
    creations,
    customers,
    fencing,
    money,
    notes,
    seats,
    service_end,
    usage_events,
)
from bridge.store.queue.claims import Claims
from bridge.store.queue.journal import Journal, as_columns
from bridge.store.queue.shared_writes import shared
from bridge.store.queue.still_wanted import effect_of, take_back, unwanted

SELECT_OPEN_JOB = sa.select(jobs.c.id).where(among(jobs.c.status, "queued", "running")).limit(1)
SELECT_JOB = sa.select(jobs).where(jobs.c.id == sa.bindparam("job_id"))


class Queue(Claims, Journal):
    """The jobs as a worker sees them; for the arguments see Claims. Raises LeaseLost when a job is
    another's by now."""

    def version(self) -> int | None:
        """See Database."""
        return self.database.version()

    def is_empty(self) -> bool:
        """Whether no job is open, so that none can be claimed however much time goes by."""
        return not self.database.finds(SELECT_OPEN_JOB)

    @shared
    def wait(
        self,
        tx: Connection,
        job: Job,
        until: float,
        waiting_for: WaitingFor,
        error: BridgeError | None,
        undecided: bool,
        first: InitialPlan | None = None,
    ) -> None:
        allow(Status.RUNNING, Status.QUEUED)
        fencing.lock_mailbox(tx, self.database, job)
        now = self.database.now(tx)
        since = (job.undecided_since or now) if undecided else None
        # A wait that no error asked for must not make the pause after the next error longer.
        tries = job.tries if waiting_for == WaitingFor.RETRY else 0
        leave = {
            "status": "queued",
            "waiting_for": waiting_for,
            "lease_owner": None,
            "lease_until": None,
            "tries": tries,
        }
        more = {
            "available_at": until,
            "undecided_since": since,
            **error_columns(error),
            **as_columns(first),
        }
        # Whoever is at the limit has just seen that there is no mailbox: nothing that was sent
        # for it keeps a terminate or a withdrawal waiting for another day.
        unbegun = {"touched": False} if waiting_for == WaitingFor.LIMIT else {}
        row = fencing.leave_claimed(tx, job, **leave, **more, **unbegun)
        self._make_way(tx, row)
        # A newer hook may have come while this one was looked at: unbegun, it ends here instead
        # of waiting for a turn that it would not use.
        if not row["touched"] and (why := unwanted(tx, row)) is not None:
            cancelling.cancel(tx, job.id, now, why, CUSTOMER_TEXTS[type(why)])
            self.database.notify(tx, Topic.ENDS, Topic.CALLBACKS)

    def _make_way(self, tx: Connection, left: Row) -> None:
        """Wakes whoever claims, if there is another job: its mailbox, its domain or a call is free
        now. A look that finds nothing would cost more than to ask for it."""
        if left["another"]:
            self.database.notify(tx, Topic.JOBS)

    @shared
    def finish(
        self, tx: Connection, job: Job, ending: JobResult, first: InitialPlan | None = None
    ) -> None:
        allow(Status.RUNNING, ending.status)
        fencing.lock_mailbox(tx, self.database, job)
        now = self.database.now_and_notify(tx, Topic.ENDS, Topic.CALLBACKS)
        values = {
            "status": ending.status,
            "waiting_for": None,
            "lease_owner": None,
            "lease_until": None,
            "finished_at": now,
            "state": str(ending.state),
            "changed": ending.changed,
            "verified": dict(ending.verified),
            "message": ending.message,
            **error_columns(ending.error),
            "extra": dict(ending.extra),
        }
        # Any other end keeps the password for a while: a person may have the job tried again.
        if ending.status in ("succeeded", "cancelled"):
            values["sealed"] = None
        row = fencing.leave_claimed(tx, job, **values, **as_columns(first))
        self._make_way(tx, row)
        # Before a command it would have been asked; these two are done without one.
        grace, gains = begins_grace(row, ending), changes_owner(job, ending)
        why = unwanted(tx, row) if grace or gains or ending.status == "held" else None
        if why is not None and (grace or gains):
            raise why
        if gains:
            seats.allow_in_service(tx, job)
            seats.allow_one_more(tx, self.database, job)
        if ending.record is not None:
            awaits = {"awaits_password": True} if ending.extra.get("first_password") else {}
            customers.remember(tx, job.mailbox, ending.record, now, observed_at=now, **awaits)
        if job.intent.action in GAINS:
            customers.learn_owner(tx, job)
            if takes_from_another(job, ending):
                usage_events.end(tx, job.account, job.intent.address, now)
        # In the transaction of the end: a crash between the two would leave a purchase in doubt
        # that nobody asks after, and block the domain.
        if row["bought"]:
            money.judge_purchases(tx, job.id, ending.status)
        if ending.status == "held":
            notes.add(tx, f"job:{job.id}", held_note(row, ending), now)
        service_end.ended(tx, row, now)
        if ending.status == "succeeded" or is_anothers(ending):
            cancelling.make_an_end(tx, row, now)
        elif ending.status == "cancelled":
            # What this hook had decided was never done, so what was said before it counts
            # again.
            take_back(tx, tx.execute(SELECT_JOB, {"job_id": job.id}).mappings().one())
        if why is not None and not row["touched"]:
            cancelling.call_off(tx, job.id, now, why, CUSTOMER_TEXTS[type(why)])

    def release_creations(self, limits: Limits) -> None:
        creations.release(self.database, limits)


def changes_owner(job: Job, ending: JobResult) -> bool:
    """Not where it was only observed: then there is nothing to record."""
    return ending.status == "succeeded" and ending.record is not None and job.changes_service


def takes_from_another(job: Job, ending: JobResult) -> bool:
    """Also of a subscription whose mailbox a newer one of the customer takes over."""
    had, has = job.record, ending.record
    if has is None or had.source is None:
        return False
    return (had.source, had.service_id) != (has.source, has.service_id)


def is_anothers(ending: JobResult) -> bool:
    """There is nothing of the service to take away: so it is not to get it any more, either."""
    return ending.error is not None and ending.error.code == "not_ours"


def begins_grace(row: Row, ending: JobResult) -> bool:
    took = effect_of(row).takes_away and ending.status == "succeeded"
    return took and ending.record is not None and ending.record.delete_after is not None


def held_note(row: Row, ending: JobResult) -> str:
    error = ending.error
    return sentences.held(
        row, error.detail if error else ending.message, error.remote if error else None
    )
