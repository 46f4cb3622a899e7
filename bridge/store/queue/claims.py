"""Claims of jobs under leases: who works at what, and until when nobody else may.

Rule 1: each claim counts the job's fencing token up, so whoever held it before can write nothing of
it any more.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.jobs import Status, allow
from bridge.domain.ports import AccountLimits, Job
from bridge.store.base.conditions import among, of_mailbox
from bridge.store.base.database import Database, Topic
from bridge.store.base.rows import Row, to_job
from bridge.store.base.tables import jobs, mailboxes, steps, workers
from bridge.store.queue import next_job
from bridge.store.queue.account_state import places
from bridge.store.queue.shared_writes import SharedWrites, several_or_one, shared
from bridge.store.queue.turns import Flow, Turns

LEASES_EVERY = 0.5  # seconds between looks for expired leases while there is enough to do
QUEUED_AGAIN: dict[str, Any] = {
    "status": "queued",
    "lease_owner": None,
    "lease_until": None,
    "available_at": sa.bindparam("now"),
}
LEASE_EXPIRED = (
    among(jobs.c.status, "running"),
    jobs.c.account == sa.bindparam("account_name"),
    of_mailbox(jobs),
    jobs.c.lease_until < sa.bindparam("now"),
)
SELECT_EXPIRED_LEASE = sa.select(jobs.c.id).where(*LEASE_EXPIRED).limit(1)
RELEASE_LEASES = sa.update(jobs).values(**QUEUED_AGAIN)
RELEASE_EXPIRED_LEASES = RELEASE_LEASES.where(*LEASE_EXPIRED)
COUNTED_UP = {"token": jobs.c.token + 1, "tries": jobs.c.tries + 1}
# Counted up with each claim, and never back: an older holder's token fits no row any more.
CLAIM_JOB = (
    sa.update(jobs).where(jobs.c.id == sa.bindparam("job_id")).values(**COUNTED_UP).returning(jobs)
)
SELECT_MAILBOX = sa.select(mailboxes).where(mailboxes.c.id == sa.bindparam("mailbox_id"))
SELECT_STEPS = sa.select(steps).where(steps.c.job_id == sa.bindparam("job_id")).order_by(steps.c.id)


@dataclass(frozen=True)
class Look:
    """What there is to do for an account."""

    flows: Sequence[Flow]
    lease_expired: bool


class Claims:
    """`lease` in seconds, longer than any call; `open_sealed` gives a stored password, or None when
    no key opens it.

    `key_ids` name the keys that it knows: told with each heartbeat, for whoever is about to use a
    newer one. `writes`: with whose this process's writes may share a transaction.
    """

    def __init__(
        self,
        database: Database,
        open_sealed: Callable[[str], str | None],
        lease: float,
        key_ids: Sequence[str] = (),
        writes: SharedWrites | None = None,
    ) -> None:
        self.database = database
        self.writes = writes or SharedWrites(database)
        self.open_sealed = open_sealed
        self.lease = lease
        self.key_ids = " ".join(key_ids)
        self._turn = count()
        self._turns = Turns()
        self._asked_at: dict[str, float] = {}  # of each account, after expired leases
        self.more = False
        """Whether there may be another job to claim after the last one."""

    def mark(self) -> int:
        """What has changed so far; to be taken before a claim."""
        return self.database.mark(Topic.JOBS)

    def idle(self, seconds: float, since: int) -> None:
        """Waits until something may have changed since that mark, at most `seconds`. Waking too
        often is harmless.
        """
        self.database.wait(Topic.JOBS, seconds, since)

    def wake(self) -> None:
        """Ends every `idle` of this process."""
        self.database.wake(Topic.JOBS)

    def claim(self, owner: str, limits: Mapping[str, AccountLimits]) -> Job | None:
        """Takes the next job that may run, under a lease. `limits` by account."""
        return next(iter(self.claim_several(owner, limits, 1)), None)

    def claim_several(
        self, owner: str, limits: Mapping[str, AccountLimits], most: int
    ) -> Sequence[Job]:
        """Takes the next ones, all of one account: at most its share of `most`, so that one with
        many jobs leaves places to the others."""
        # Each time another account is first: in a fixed order, a worker with few hands would let
        # the last one wait for ever.
        self.more, names, first = False, list(limits), next(self._turn)
        share = -(-most // max(1, len(names)))
        for account in (names[(first + place) % len(names)] for place in range(len(names))):
            look = self._look(account, limits[account])
            if not look.flows and not look.lease_expired:
                continue
            claim = partial(self._claim, account, limits[account], look, owner)
            found = several_or_one(claim, share)
            if found:
                self.more |= len(names) > 1
                return found
        return []

    @shared
    def _claim(
        self,
        tx: Connection,
        account: str,
        limits: AccountLimits,
        look: Look,
        owner: str,
        most: int,
    ) -> Sequence[Job]:
        now = self.database.now(tx)
        # Whoever claims also hands back what a dead worker held: no process of its own has to live
        # for that, and the clock is the database's, not this machine's.
        if look.lease_expired:
            self._release(tx, RELEASE_EXPIRED_LEASES, {"account_name": account, "now": now})
            look = self._look_in(tx, account, limits)
        # The account's row is the lock under which its domains and its calls in flight are counted:
        # two claims at once could else both find the domain free. The order of locks is the same
        # everywhere: hook, mailbox, its running job, account, queued jobs.
        room = places(tx, self.database.embedded, account, limits.in_flight, now)
        found: list[Job] = []
        while len(found) < min(room, most):
            row = self._next_job(tx, account, limits, look.flows, now)
            if row is None:
                break
            found.append(self._claim_job(tx, row, owner, now))
            # A server locks each: with several, two claims could wait for each other.
            if not self.more or not self.database.embedded:
                break
        return found

    def _look(self, account: str, limits: AccountLimits) -> Look:
        """Whoever finds nothing shall not wait in line with those who write."""
        with self.database.look() as tx:
            return self._look_in(tx, account, limits)

    def _look_in(self, tx: Connection, account: str, limits: AccountLimits) -> Look:
        now = self.database.now(tx)
        asked = {"account_name": account, "now": now}
        due_flows = next_job.due_flows(limits.exclusive_actions)
        flows = [(row[0], row[1]) for row in tx.execute(due_flows, asked)]
        if flows and abs(now - self._asked_at.get(account, -LEASES_EVERY)) < LEASES_EVERY:
            return Look(flows, lease_expired=False)
        self._asked_at[account] = now
        return Look(flows, tx.execute(SELECT_EXPIRED_LEASE, asked).first() is not None)

    def _next_job(
        self,
        tx: Connection,
        account: str,
        limits: AccountLimits,
        flows: Sequence[Flow],
        now: float,
    ) -> Row | None:
        self.more = False
        for flow in self._turns.order(account, flows):
            asked = {"account_name": account, "now": now, "source": flow[0]}
            rows = self._in_turn(tx, limits, flow, asked)
            if rows:
                # A server locks what it finds, so there only one is asked for.
                self.more = len(rows) > 1 or len(flows) > 1 or not self.database.embedded
                if flow[1] in limits.exclusive_actions:
                    return self._next_of_domain(tx, limits, flow, rows[0], flows, asked)
                self._turns.serve(account, flow, rows[0]["domain"])
                return rows[0]
        return None

    def _next_of_domain(
        self,
        tx: Connection,
        limits: AccountLimits,
        first: Flow,
        row: Row,
        flows: Sequence[Flow],
        asked: Mapping[str, Any],
    ) -> Row:
        """That job, or one of another flow that needs its domain too, and had it longer ago: who
        meets a domain only while it is busy would else never get it."""
        account, domain = row["account"], row["domain"]
        exclusive, asked = limits.exclusive_actions, {**asked, "domain": domain}
        if sum(action in exclusive for _, action in flows) > 1:
            found = tx.execute(next_job.flows_in_domain(exclusive), asked)
            served = self._turns.serve_in(account, domain, [(each[0], each[1]) for each in found])
            if served is not None and served != first:
                source, action = served
                statement = next_job.next_in_domain(exclusive, action, not self.database.embedded)
                other = tx.execute(statement, {**asked, "source": source}).mappings().first()
                if other is not None:
                    # Its own round through the domains goes on where it was.
                    self._turns.serve(account, served, self._turns.last_domain(account, served))
                    return other
        self._turns.serve(account, first, domain)
        return row

    def _in_turn(
        self, tx: Connection, limits: AccountLimits, flow: Flow, asked: Mapping[str, Any]
    ) -> Sequence[Row]:
        """The first of a flow, and another one if there is one: from the domain after the last
        one to the end, then from the beginning."""
        locked = not self.database.embedded
        statement = next_job.next_job(limits.exclusive_actions, flow[1], locked)
        found: dict[str, Row] = {}
        for domain in dict.fromkeys((self._turns.last_domain(asked["account_name"], flow), "")):
            rows = tx.execute(statement, {**asked, "last_domain": domain}).mappings()
            found |= {row["id"]: row for row in rows if row["id"] not in found}
            if len(found) > 1 or (found and locked):
                break
        return list(found.values())

    def _claim_job(self, tx: Connection, row: Row, owner: str, now: float) -> Job:
        allow(Status(row["status"]), Status.RUNNING)
        # One that is claimed for the first time has no commands: one query less for most of all
        # claims.
        claimed_before = row["started_at"] is not None
        values = {
            "status": "running",
            "waiting_for": None,
            "lease_owner": owner,
            "lease_until": now + self.lease,
            "started_at": row["started_at"] or now,
        }
        row = tx.execute(CLAIM_JOB, {"job_id": row["id"], **values}).mappings().one()
        mailbox = tx.execute(SELECT_MAILBOX, {"mailbox_id": row["mailbox_id"]}).mappings().one()
        journal = (
            tx.execute(SELECT_STEPS, {"job_id": row["id"]}).mappings().all()
            if claimed_before
            else ()
        )
        return to_job(row, mailbox, journal, self.open_sealed)

    def extend(self, owner: str, at: Sequence[str], alive: bool = True) -> None:
        """Heartbeat: renews the leases of the jobs that `owner` is at, and tells that it lives,
        unless it claims nothing.
        """
        with self.database.write() as tx:
            now = self.database.now(tx)
            # Only what this process is at: a job whose claim was committed, but whose answer was
            # lost on the way, must fall back to the others.
            mine = among(jobs.c.status, "running"), jobs.c.lease_owner == owner, jobs.c.id.in_(at)
            tx.execute(sa.update(jobs).where(*mine).values(lease_until=now + self.lease))
            if (
                alive
                and tx.execute(
                    sa.update(workers).where(workers.c.owner == owner).values(seen_at=now)
                ).rowcount
                == 0
            ):
                tx.execute(
                    sa.insert(workers).values(owner=owner, seen_at=now, key_ids=self.key_ids)
                )
            # Rows of processes that died: nobody else would ever remove them.
            tx.execute(sa.delete(workers).where(workers.c.seen_at < now - 3600))

    def release(self, owner: str) -> None:
        """Hands back what `owner` holds, for a graceful stop."""
        with self.database.write() as tx:
            theirs = among(jobs.c.status, "running"), jobs.c.lease_owner == owner
            self._release(tx, RELEASE_LEASES.where(*theirs), {"now": self.database.now(tx)})
            tx.execute(sa.delete(workers).where(workers.c.owner == owner))

    def _release(self, tx: Connection, whose: sa.Update, of: Mapping[str, Any]) -> None:
        allow(Status.RUNNING, Status.QUEUED)
        if tx.execute(whose, of).rowcount:
            self.database.notify(tx, Topic.JOBS)
