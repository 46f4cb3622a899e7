"""The queue: claims under leases, the journal of commands, and the ends of jobs. Every write checks the job's fencing token."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.errors import BridgeError, LeaseLost
from bridge.jobs import STATES
from bridge.model import Answer, Change, Kind, Mailbox, Plan, Record, Step, in_words
from bridge.ports import Ending, Job, Limits
from bridge.store import money, notes, outbox
from bridge.store.database import Database
from bridge.store.rows import Row, error_values, record_values, to_job, to_step
from bridge.store.standing import Standing, in_flight
from bridge.store.tables import accounts, among, jobs, mailboxes, steps, workers

# The job to be claimed next. Made once: whoever waits for work asks twice a second, and SQLAlchemy takes longer to put this
# together than the database to answer.
OLDER, BESIDE = jobs.alias("older"), jobs.alias("beside")
FIRST_OF_MAILBOX = ~sa.exists().where(
    OLDER.c.mailbox_id == jobs.c.mailbox_id,
    OLDER.c.sequence < jobs.c.sequence,
    among(OLDER.c.status, "queued", "running"),
)
DOMAIN_FREE = ~sa.exists().where(
    BESIDE.c.account == jobs.c.account, BESIDE.c.domain == jobs.c.domain, among(BESIDE.c.status, "running")
)
DUE = jobs.c.account == sa.bindparam("of"), among(jobs.c.status, "queued"), jobs.c.available_at <= sa.bindparam("now")
NEXT = sa.select(jobs).where(*DUE, FIRST_OF_MAILBOX, DOMAIN_FREE).order_by(jobs.c.available_at, jobs.c.id).limit(1)
NEXT_LOCKED = NEXT.with_for_update()


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

    def mark(self) -> int:
        return self.database.mark()

    def idle(self, seconds: float, since: int) -> None:
        self.database.wait(seconds, since)

    def wake(self) -> None:
        self.database.wake()

    # Claiming

    def claim(self, owner: str, limits: Mapping[str, int]) -> Job | None:
        for account, most in limits.items():
            with self.database.write() as tx:
                now = self.database.now(tx)
                self._give_back(tx, now, jobs.c.account == account, jobs.c.lease_until < now)
                row = self._next(tx, account, most, now)
                if row is not None:
                    return self._take(tx, row, owner, now)
        return None

    def _next(self, tx: Connection, account: str, most: int, now: float) -> Row | None:
        # The account's row is the lock under which its domains and its calls in flight are counted.
        locked = self.database.lock_row(sa.select(accounts.c.paused).where(accounts.c.name == account))
        standing = tx.execute(locked).first()
        if standing is None or standing[0] is not None or in_flight(tx, account, now) >= most:
            return None
        found = NEXT if self.database.embedded else NEXT_LOCKED
        return tx.execute(found, {"of": account, "now": now}).mappings().first()

    def _take(self, tx: Connection, row: Row, owner: str, now: float) -> Job:
        allow(row["status"], "running")
        values = {
            "status": "running",
            "waiting_for": None,
            "lease_owner": owner,
            "lease_until": now + self.lease,
            "token": jobs.c.token + 1,
            "tries": jobs.c.tries + 1,
            "started_at": row["started_at"] or now,
        }
        row = tx.execute(sa.update(jobs).where(jobs.c.id == row["id"]).values(**values).returning(jobs)).mappings().one()
        mailbox = tx.execute(sa.select(mailboxes).where(mailboxes.c.id == row["mailbox_id"])).mappings().one()
        journal = tx.execute(sa.select(steps).where(steps.c.job_id == row["id"]).order_by(steps.c.id)).mappings().all()
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
            self._give_back(tx, self.database.now(tx), jobs.c.lease_owner == owner)
            tx.execute(sa.delete(workers).where(workers.c.owner == owner))

    def _give_back(self, tx: Connection, now: float, *whose: Any) -> None:
        allow("running", "queued")
        values = {"status": "queued", "lease_owner": None, "lease_until": None, "available_at": now}
        given = tx.execute(sa.update(jobs).where(among(jobs.c.status, "running"), *whose).values(**values))
        if given.rowcount:
            self.database.tell(tx)

    # The journal

    def planned(self, job: Job, plan: Plan, seen: Mailbox) -> None:
        with self.database.write() as tx:
            self._held(tx, job, plan=plan.describe(), seen=describe(seen))

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
    ) -> Step:
        with self.database.write() as tx:
            self._lock_mailbox(tx, job)
            now = self.database.now(tx)
            row = self._held(tx, job, touched=True)
            if change.spends:
                # The look that this rests on may have taken two calls.
                money.allow_purchase(tx, self.database, row, now, settle + 2 * call_limit, limits, job.passed)
            if change.kind is Kind.CREATE:
                money.see_purchase(tx, row)
            if change.kind is Kind.DELETE:
                money.allow_deletion(tx, row, now, limits, job.passed)
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
            step = tx.execute(sa.insert(steps).returning(steps), values).mappings().one()
            if change.spends:
                money.add_purchase(tx, row, step, change)
            self._remember(tx, job, replace(record, settles_at=now + call_limit + settle))
            return replace(to_step(step), outcome="intent", interrupted=False)

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
            self._held(tx, job)
            evidence = dict(answer.evidence) if answer else None
            values = {"outcome": outcome, "error": error_values(error), "evidence": evidence, "ended_at": now}
            changed = sa.update(steps).where(steps.c.id == step.id).values(**values).returning(steps)
            row = tx.execute(changed).mappings().one()
            money.purchase_answered(tx, step.id, outcome, evidence, now)
            # What was surely not done cannot make a read stale.
            settles_at = now + settle if outcome not in ("unsent", "refused") else step.trust_after
            self._remember(tx, job, replace(record, settles_at=max(settles_at, step.trust_after)))
            return to_step(row)

    def renew(self, job: Job, step: Step, call_limit: float) -> None:
        with self.database.write() as tx:
            now = self.database.now(tx)
            self._held(tx, job, lease_until=now + self.lease)
            tx.execute(sa.update(steps).where(steps.c.id == step.id).values(ended_at=now + call_limit))

    # Leaving

    def wait(self, job: Job, until: float, waiting_for: str, error: BridgeError | None, undecided: bool) -> None:
        allow("running", "queued")
        with self.database.write() as tx:
            now = self.database.now(tx)
            since = (job.undecided_since or now) if undecided else None
            leave = {"status": "queued", "waiting_for": waiting_for, "lease_owner": None, "lease_until": None}
            # A wait that no error asked for must not make the pause after the next error longer.
            tries = jobs.c.tries if waiting_for == "retry" else 0
            self._held(tx, job, **leave, tries=tries, available_at=until, undecided_since=since, error=error_values(error))
            self.database.tell(tx)

    def finish(self, job: Job, ending: Ending) -> None:
        allow("running", ending.status)
        with self.database.write() as tx:
            self._lock_mailbox(tx, job)
            now = self.database.now(tx)
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
                "error": error_values(ending.error),
                "extra": dict(ending.extra),
            }
            if ending.status == "succeeded":
                values["sealed"] = None
            row = self._held(tx, job, **values)
            if ending.record is not None:
                self._remember(tx, job, ending.record, observed_at=now)
            money.judge_purchases(tx, job.id, ending.status)
            if ending.status == "held":
                notes.add(tx, f"job:{job.id}", held_note(row, ending), now)
            outbox.enclose(tx, row, now)
            self.database.tell(tx)

    def _lock_mailbox(self, tx: Connection, job: Job) -> None:
        """Mailbox before job, as the inbox locks them: the other way round two transactions could wait for each other."""
        tx.execute(self.database.lock_row(sa.select(mailboxes.c.id).where(mailboxes.c.id == job.mailbox)))

    def _held(self, tx: Connection, job: Job, **values: Any) -> Row:
        """Writes to a job that this attempt still holds."""
        mine = jobs.c.id == job.id, jobs.c.token == job.token, jobs.c.status == "running"
        change = sa.update(jobs).where(*mine).values(**(values or {"token": jobs.c.token})).returning(jobs)
        row = tx.execute(change).mappings().first()
        if row is None:
            raise LeaseLost(job.id)
        return row

    def _remember(self, tx: Connection, job: Job, record: Record, **more: Any) -> None:
        tx.execute(sa.update(mailboxes).where(mailboxes.c.id == job.mailbox).values(**record_values(record), **more))


def allow(before: str, after: str) -> None:
    if after not in STATES[before]:
        raise ValueError(f"A job cannot go from {before} to {after}.")


def describe(seen: Mailbox) -> dict[str, Any]:
    """An observation as JSON, for people."""
    shown: dict[str, Any] = {"exists": seen.exists}
    if seen.services is not None:
        shown["services"] = dict(seen.services)
    shown |= {name: value for name in ("quota", "used") if (value := getattr(seen, name)) is not None}
    if seen.pak is not None:
        shown["pak"] = {"bundle": seen.pak.bundle, "free": seen.pak.free, "expires": in_words(seen.pak.expires)}
    shown["paks"] = [{"bundle": p.bundle, "free": p.free, "expires": in_words(p.expires)} for p in seen.paks]
    return shown


def held_note(row: Row, ending: Ending) -> str:
    detail = ending.error.detail if ending.error else ending.message
    remote = json.dumps(ending.error.remote) if ending.error and ending.error.remote else "nothing"
    return (
        f"{row['action']} of {row['address']} (service {row['service_id']} of {row['source']}) is held: {detail}\n"
        f"Enom said: {remote}\nThe whole story: enom-bridge jobs explain {row['id']}"
    )
