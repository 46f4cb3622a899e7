"""The queue: claims under leases, the journal of commands, and the ends of jobs. Every write checks the job's fencing token."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause
from sqlalchemy.engine import Connection

from bridge.domain.errors import BridgeError, LeaseLost
from bridge.domain.jobs import allow
from bridge.domain.model import MONEY, Answer, Change, Kind, Mailbox, Record, Step, in_words
from bridge.domain.plan import settles_at
from bridge.domain.ports import Ending, First, Job, Limits
from bridge.domain.wanted import SAID, TAKES_AWAY
from bridge.store.base.database import Database
from bridge.store.base.rows import Row, error_columns, error_values, to_job
from bridge.store.base.tables import accounts, among, jobs, mailboxes, steps, workers
from bridge.store.queue import customers, inbox, money, notes, outbox
from bridge.store.queue.since import said, take_back, unwanted
from bridge.store.queue.standing import STANDS_STILL, Standing, in_flight

# Statements are made once: SQLAlchemy takes longer to put one together than the database to answer it. This is the job to be
# claimed next.
OLDER_JOB, JOB_IN_DOMAIN, TERMINATION, JOB_BETWEEN = (jobs.alias(name) for name in ("older", "beside", "ending", "between"))


def open_of(one: FromClause, of: FromClause) -> list[ColumnElement[bool]]:
    return [one.c.mailbox_id == of.c.mailbox_id, among(one.c.status, "queued", "running")]


def takes_away(one: FromClause) -> ColumnElement[bool]:
    return among(one.c.action, *sorted(TAKES_AWAY))


def is_termination(one: FromClause) -> ColumnElement[bool]:
    """A hook that takes the mailbox away: not the deletion after its grace, and not a repetition."""
    return sa.and_(takes_away(one), one.c.replaces.is_(None), one.c.purge.is_(False))


def may_yield(one: FromClause, of: FromClause) -> ColumnElement[bool]:
    """Waits, was not begun, takes nothing away, and is of the same service."""
    same = one.c.source == of.c.source, one.c.service_id == of.c.service_id
    unbegun = among(one.c.status, "queued"), one.c.touched.is_(False), ~takes_away(one)
    return sa.and_(*same, *unbegun)


# The oldest of a mailbox is first. But what waits unbegun right before a hook that takes the mailbox away lets that one pass:
# that makes an end of it with its first command, or is called off itself, and then it is done.
IS_FIRST_OF_MAILBOX = ~sa.exists().where(
    *open_of(OLDER_JOB, jobs),
    OLDER_JOB.c.sequence < jobs.c.sequence,
    ~sa.and_(is_termination(jobs), may_yield(OLDER_JOB, jobs)),
)
# Correlated by name: by itself SQLAlchemy ties it to the query right around it alone, and it would look at everybody's jobs.
CANNOT_YIELD_BETWEEN = (
    sa.exists()
    .where(
        *open_of(JOB_BETWEEN, jobs),
        JOB_BETWEEN.c.sequence > jobs.c.sequence,
        JOB_BETWEEN.c.sequence < TERMINATION.c.sequence,
        ~may_yield(JOB_BETWEEN, TERMINATION),
    )
    .correlate(jobs, TERMINATION)
)
YIELDS_TO_TERMINATION = sa.exists().where(
    *open_of(TERMINATION, jobs),
    TERMINATION.c.sequence > jobs.c.sequence,
    is_termination(TERMINATION),
    may_yield(jobs, TERMINATION),
    ~CANNOT_YIELD_BETWEEN,
)
DOMAIN_IS_FREE = ~sa.exists().where(
    JOB_IN_DOMAIN.c.account == jobs.c.account, JOB_IN_DOMAIN.c.domain == jobs.c.domain, among(JOB_IN_DOMAIN.c.status, "running")
)
IS_DUE = (
    jobs.c.account == sa.bindparam("account_name"),
    among(jobs.c.status, "queued"),
    jobs.c.available_at <= sa.bindparam("now"),
)
SELECT_NEXT_JOB = sa.select(jobs).where(*IS_DUE, IS_FIRST_OF_MAILBOX, ~YIELDS_TO_TERMINATION, DOMAIN_IS_FREE)
SELECT_NEXT_JOB = SELECT_NEXT_JOB.order_by(jobs.c.available_at, jobs.c.id).limit(1)
SELECT_NEXT_JOB_LOCKED = SELECT_NEXT_JOB.with_for_update()
SELECT_NEXT_JOB_ID = SELECT_NEXT_JOB.with_only_columns(jobs.c.id)

QUEUED_AGAIN: dict[str, Any] = {
    "status": "queued",
    "lease_owner": None,
    "lease_until": None,
    "available_at": sa.bindparam("now"),
}
LEASE_EXPIRED = (
    among(jobs.c.status, "running"),
    jobs.c.account == sa.bindparam("account_name"),
    jobs.c.lease_until < sa.bindparam("now"),
)
SELECT_EXPIRED_LEASE = sa.select(jobs.c.id).where(*LEASE_EXPIRED).limit(1)
RELEASE_LEASES = sa.update(jobs).values(**QUEUED_AGAIN)
RELEASE_EXPIRED_LEASES = RELEASE_LEASES.where(*LEASE_EXPIRED)
SELECT_ACCOUNT_PAUSED = sa.select(STANDS_STILL).where(accounts.c.name == sa.bindparam("account_name"))
SELECT_ACCOUNT_PAUSED_LOCKED = SELECT_ACCOUNT_PAUSED.with_for_update()
COUNTED_UP = {"token": jobs.c.token + 1, "tries": jobs.c.tries + 1}
CLAIM_JOB = sa.update(jobs).where(jobs.c.id == sa.bindparam("job_id")).values(**COUNTED_UP).returning(jobs)
SELECT_MAILBOX = sa.select(mailboxes).where(mailboxes.c.id == sa.bindparam("mailbox_id"))
SELECT_JOB = sa.select(jobs).where(jobs.c.id == sa.bindparam("job_id"))
SELECT_STEPS = sa.select(steps).where(steps.c.job_id == sa.bindparam("job_id")).order_by(steps.c.id)

# What an attempt writes. Of its job: what an intent, a note or a callback needs to know.
STILL_CLAIMED = (
    jobs.c.id == sa.bindparam("job_id"),
    jobs.c.token == sa.bindparam("claim_token"),
    among(jobs.c.status, "running"),
)
SELECT_CLAIMED_JOB = sa.select(jobs.c.id).where(*STILL_CLAIMED)
RETURNED = "id mailbox_id sequence source account domain address service_id action facts hook_id purge".split()
RETURNED += ["replaces", "touched", "withdrawn"]
UPDATE_CLAIMED_JOB = sa.update(jobs).where(*STILL_CLAIMED).returning(*(jobs.c[name] for name in RETURNED))
LOCK_MAILBOX = sa.select(mailboxes.c.id).where(mailboxes.c.id == sa.bindparam("mailbox_id")).with_for_update()
UPDATE_MAILBOX = sa.update(mailboxes).where(mailboxes.c.id == sa.bindparam("mailbox_id"))
INSERT_STEP = sa.insert(steps).returning(steps.c.id)
UPDATE_STEP = sa.update(steps).where(steps.c.id == sa.bindparam("step_id"))


class Queue:
    """`lease` in seconds, longer than any call; `open_sealed` gives a stored password, or None when no key opens it.

    `key_ids` name the keys that it knows: told with each heartbeat, for whoever is about to use a newer one.
    """

    def __init__(
        self,
        database: Database,
        standing: Standing,
        open_sealed: Callable[[str], str | None],
        lease: float,
        key_ids: Sequence[str] = (),
    ) -> None:
        self.database = database
        self.pause_account, self.pause_money = standing.pause_account, standing.pause_money
        self.open_sealed = open_sealed
        self.lease = lease
        self.key_ids = " ".join(key_ids)
        self._turn = count()

    def mark(self) -> int:
        return self.database.mark()

    def idle(self, seconds: float, since: int) -> None:
        self.database.wait(seconds, since)

    def wake(self) -> None:
        self.database.wake()

    # Claiming

    def claim(self, owner: str, limits: Mapping[str, int]) -> Job | None:
        # Each time another account is first: in a fixed order, a worker with few hands would let the last one wait for ever.
        names, first = list(limits), next(self._turn)
        for account in (names[(first + place) % len(names)] for place in range(len(names))):
            if not self._anything_to_do(account):
                continue
            with self.database.write() as tx:
                now = self.database.now(tx)
                self._release(tx, RELEASE_EXPIRED_LEASES, {"account_name": account, "now": now})
                row = self._next_job(tx, account, limits[account], now)
                if row is not None:
                    return self._claim_job(tx, row, owner, now)
        return None

    def _anything_to_do(self, account: str) -> bool:
        """Whoever finds nothing shall not wait in line with those who write."""
        with self.database.read() as tx:
            asked = {"account_name": account, "now": self.database.now(tx)}
            return any(
                tx.execute(statement, asked).first() is not None for statement in (SELECT_NEXT_JOB_ID, SELECT_EXPIRED_LEASE)
            )

    def _next_job(self, tx: Connection, account: str, most: int, now: float) -> Row | None:
        # The account's row is the lock under which its domains and its calls in flight are counted.
        standing = tx.execute(
            SELECT_ACCOUNT_PAUSED if self.database.embedded else SELECT_ACCOUNT_PAUSED_LOCKED, {"account_name": account}
        ).first()
        if standing is None or standing[0] or in_flight(tx, account, now) >= most:
            return None
        found = SELECT_NEXT_JOB if self.database.embedded else SELECT_NEXT_JOB_LOCKED
        return tx.execute(found, {"account_name": account, "now": now}).mappings().first()

    def _claim_job(self, tx: Connection, row: Row, owner: str, now: float) -> Job:
        allow(row["status"], "running")
        values = {
            "status": "running",
            "waiting_for": None,
            "lease_owner": owner,
            "lease_until": now + self.lease,
            "started_at": row["started_at"] or now,
        }
        row = tx.execute(CLAIM_JOB, {"job_id": row["id"], **values}).mappings().one()
        mailbox = tx.execute(SELECT_MAILBOX, {"mailbox_id": row["mailbox_id"]}).mappings().one()
        journal = tx.execute(SELECT_STEPS, {"job_id": row["id"]}).mappings().all() if row["touched"] else ()
        return to_job(row, mailbox, journal, self.open_sealed)

    def extend(self, owner: str, at: Sequence[str], alive: bool = True) -> None:
        with self.database.write() as tx:
            now = self.database.now(tx)
            mine = among(jobs.c.status, "running"), jobs.c.lease_owner == owner, jobs.c.id.in_(at)
            tx.execute(sa.update(jobs).where(*mine).values(lease_until=now + self.lease))
            if alive and tx.execute(sa.update(workers).where(workers.c.owner == owner).values(seen_at=now)).rowcount == 0:
                tx.execute(sa.insert(workers).values(owner=owner, seen_at=now, key_ids=self.key_ids))
            tx.execute(sa.delete(workers).where(workers.c.seen_at < now - 3600))

    def release(self, owner: str) -> None:
        with self.database.write() as tx:
            theirs = among(jobs.c.status, "running"), jobs.c.lease_owner == owner
            self._release(tx, RELEASE_LEASES.where(*theirs), {"now": self.database.now(tx)})
            tx.execute(sa.delete(workers).where(workers.c.owner == owner))

    def _release(self, tx: Connection, whose: sa.Update, of: Mapping[str, Any]) -> None:
        allow("running", "queued")
        if tx.execute(whose, of).rowcount:
            self.database.tell(tx)

    # The journal

    def intend(
        self,
        job: Job,
        change: Change,
        command: str,
        digest: str,
        record: Record,
        call_limit: float,
        settle: float,
        limits: Limits,
        first: First | None = None,
    ) -> Step:
        with self.database.write() as tx:
            self._lock_mailbox(tx, job)
            now = self.database.now(tx)
            row = self._update_claimed(tx, job, touched=True, **as_columns(first))
            if (error := unwanted(tx, row)) is not None:
                raise error
            if change.makes:
                customers.allow_creation(tx, self.database, job, change.spends, limits, now, job.lifted)
            if change.spends:
                # The look that this rests on may have taken two calls.
                money.allow_purchase(tx, self.database, row, now, settle, 2 * call_limit, limits, job.lifted)
            if change.kind is Kind.CREATE:
                money.see_purchase(tx, row)
            if change.kind is Kind.DELETE:
                money.allow_deletion(tx, row, now, limits, job.lifted)
            inbox.make_an_end(tx, row, now)
            values = {
                "job_id": job.id,
                "token": job.token,
                "kind": str(change.kind),
                "command": command,
                "digest": digest,
                "arguments": dict(change.arguments),
                "outcome": "intent",
                "started_at": now,
                "ended_at": now + call_limit,
                "trust_after": record.settles_at,
            }
            number = int(tx.execute(INSERT_STEP, values).scalar_one())
            until = settles_at(record.settles_at, now + call_limit, settle)
            step = Step(number, str(change.kind), "intent", now, now + call_limit, record.settles_at, settles_at=until)
            if change.spends:
                money.add_purchase(tx, row, step, change)
            customers.remember(tx, job.mailbox, replace(record, settles_at=until), now)
            return step

    def allow_creation(self, job: Job, limits: Limits) -> None:
        with self.database.read() as tx:
            error = customers.against(tx, job, limits, self.database.now(tx), job.lifted)
        if error is not None and not job.intent.domain_confirmed:
            raise error

    def answered(
        self,
        job: Job,
        step: Step,
        outcome: str,
        error: BridgeError | None,
        answer: Answer | None,
        record: Record,
        settle: float,
    ) -> Step:
        with self.database.write() as tx:
            self._lock_mailbox(tx, job)
            now = self.database.now(tx)
            if tx.execute(self.database.lock_row(SELECT_CLAIMED_JOB), claimed(job)).first() is None:
                raise LeaseLost(job.id)
            evidence = dict(answer.evidence) if answer else None
            values = {"outcome": outcome, "error": error_values(error), "evidence": evidence, "ended_at": now}
            tx.execute(UPDATE_STEP, {"step_id": step.id, **values})
            # What was surely not done cannot make a read stale.
            done = outcome not in ("unsent", "refused")
            until = settles_at(step.trust_after, now, settle) if done else step.trust_after
            if step.kind in MONEY:
                money.purchase_answered(tx, step.id, outcome, evidence, now, until)
            customers.remember(tx, job.mailbox, replace(record, settles_at=until), now)
            return replace(step, outcome=outcome, error=error, ended_at=now, settles_at=until)

    def renew(self, job: Job, step: Step, call_limit: float, settle: float) -> None:
        with self.database.write() as tx:
            self._lock_mailbox(tx, job)
            now = self.database.now(tx)
            self._update_claimed(tx, job, lease_until=now + self.lease)
            tx.execute(UPDATE_STEP, {"step_id": step.id, "ended_at": now + call_limit})
            until = settles_at(step.settles_at, now + call_limit, settle)
            if step.kind in MONEY:
                money.purchase_delayed(tx, step.id, now + call_limit, until)
            tx.execute(UPDATE_MAILBOX, {"mailbox_id": job.mailbox, "settles_at": until})

    # Leaving

    def wait(
        self,
        job: Job,
        until: float,
        waiting_for: str,
        error: BridgeError | None,
        undecided: bool,
        first: First | None = None,
    ) -> None:
        allow("running", "queued")
        with self.database.write() as tx:
            self._lock_mailbox(tx, job)
            now = self.database.now_telling(tx)
            since = (job.undecided_since or now) if undecided else None
            # A wait that no error asked for must not make the pause after the next error longer.
            tries = job.tries if waiting_for == "retry" else 0
            leave = {"status": "queued", "waiting_for": waiting_for, "lease_owner": None, "lease_until": None, "tries": tries}
            more = {"available_at": until, "undecided_since": since, **error_columns(error), **as_columns(first)}
            row = self._update_claimed(tx, job, **leave, **more)
            if not row["touched"] and (why := unwanted(tx, row)) is not None:
                inbox.cancel(tx, job.id, now, why, SAID[type(why)])

    def finish(self, job: Job, ending: Ending, first: First | None = None) -> None:
        allow("running", ending.status)
        with self.database.write() as tx:
            self._lock_mailbox(tx, job)
            now = self.database.now_telling(tx)
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
            if ending.status in ("succeeded", "cancelled"):
                values["sealed"] = None
            row = self._update_claimed(tx, job, **values, **as_columns(first))
            grace = begins_grace(row, ending)
            why = unwanted(tx, row) if grace or ending.status == "held" else None
            if why is not None and grace:
                raise why  # no command now, but it would be deleted at the end of the grace
            if ending.record is not None:
                customers.remember(tx, job.mailbox, ending.record, now, observed_at=now)
            if job.intent.action == customers.CREATE:
                customers.created(tx, job.mailbox, job.id, job.source, job.intent.service_id)
            money.judge_purchases(tx, job.id, ending.status)
            if ending.status == "held":
                notes.add(tx, f"job:{job.id}", held_note(row, ending), now)
            outbox.enclose(tx, row, now)
            if ending.status == "succeeded":
                inbox.make_an_end(tx, row, now)
            elif ending.status == "cancelled":
                take_back(tx, tx.execute(SELECT_JOB, {"job_id": job.id}).mappings().one())
            if why is not None and not row["touched"]:
                inbox.call_off(tx, job.id, now, why, SAID[type(why)])

    def _lock_mailbox(self, tx: Connection, job: Job) -> None:
        """Mailbox before job, as the inbox locks them: the other way round two transactions could wait for each other."""
        if not self.database.embedded:
            tx.execute(LOCK_MAILBOX, {"mailbox_id": job.mailbox})

    def _update_claimed(self, tx: Connection, job: Job, **values: Any) -> Row:
        """Writes to a job that this attempt still holds."""
        row = tx.execute(UPDATE_CLAIMED_JOB, claimed(job) | values).mappings().first()
        if row is None:
            raise LeaseLost(job.id)
        return row


def begins_grace(row: Row, ending: Ending) -> bool:
    took = said(row).takes_away and ending.status == "succeeded"
    return took and ending.record is not None and ending.record.delete_after is not None


def claimed(job: Job) -> dict[str, Any]:
    return {"job_id": job.id, "claim_token": job.token}


def as_columns(first: First | None) -> dict[str, Any]:
    return {"plan": first.plan.describe(), "seen": describe(first.seen)} if first else {}


def describe(seen: Mailbox) -> dict[str, Any]:
    """An observation as JSON, for people."""
    shown: dict[str, Any] = {"exists": seen.exists}
    if seen.services is not None:
        shown["services"] = dict(seen.services)
    shown |= {name: value for name in ("quota", "used") if (value := getattr(seen, name)) is not None}
    if seen.pak is not None:
        shown["pak"] = {"bundle": seen.pak.bundle, "free": seen.pak.free, "expires": in_words(seen.pak.expires)}
    if seen.paks or not seen.exists:
        shown["paks"] = [{"bundle": p.bundle, "free": p.free, "expires": in_words(p.expires)} for p in seen.paks]
    return shown


def held_note(row: Row, ending: Ending) -> str:
    detail = ending.error.detail if ending.error else ending.message
    remote = json.dumps(ending.error.remote) if ending.error and ending.error.remote else "nothing"
    return (
        f"{row['action']} of {row['address']} (service {row['service_id']} of {row['source']}) is held: {detail}\n"
        f"Enom said: {remote}\nThe whole story: enom-bridge jobs explain {row['id']}"
    )
