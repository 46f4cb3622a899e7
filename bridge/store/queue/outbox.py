"""Callbacks out. One row per conclusion of a job, written in the transaction that concludes it;
sent in order per mailbox.

A receiver that does not answer is left alone for a while, then asked by one callback at a time; all
its others wait.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.ports import ClaimedCallback
from bridge.reporting.receipts import UNANSWERED
from bridge.store.base.conditions import among
from bridge.store.base.database import Database, Topic
from bridge.store.base.rows import Row
from bridge.store.base.tables import callbacks, jobs, sources
from bridge.store.queue import service_receipts, write_backs
from bridge.store.queue.next_callback import (
    RECEIVER_IS_LEFT_ALONE,
    SELECT_DUE_FLOWS,
    SELECT_NEXT_CALLBACK,
    SELECT_NEXT_CALLBACK_LOCKED,
)
from bridge.store.queue.shared_writes import SharedWrites, several_or_one, shared
from bridge.store.queue.turns import Flow, Turns

CALLBACK_LEASE = 40.0  # seconds; a callback has 10 s in all
STATUSES = ("pending", "delivered", "superseded", "stopped", "exhausted")


# Statements are made once: SQLAlchemy takes longer to put one together than the database to answer
# it.
OTHER_CALLBACK = callbacks.alias("other_callback")
ENDED_JOB = sa.bindparam("ended_job", type_=sa.String)
NUMBER = (
    sa.select(sa.func.count() + 1)
    .select_from(OTHER_CALLBACK)
    .where(OTHER_CALLBACK.c.job_id == ENDED_JOB)
    .scalar_subquery()
)
# A job may end more than once (held, then retried): each end has an id of its own, so that a
# receiver which drops repeats drops only those.
CALLBACK_ID = sa.literal_column("'cb_'", sa.String) + ENDED_JOB + sa.literal_column("'_'")
INSERT_CALLBACK = sa.insert(callbacks).values(id=CALLBACK_ID + sa.cast(NUMBER, sa.String))
SELECT_PENDING_CALLBACK = (
    sa.select(callbacks.c.id).where(among(callbacks.c.status, "pending")).limit(1)
)


def enqueue_callback(tx: Connection, job: Row, now: float) -> None:
    """Writes the callback of a job that has just ended. The caller holds the transaction that ends
    it. That of a member may be told by its service's alone.
    """
    if job["silent"]:
        return
    values = {
        "ended_job": job["id"],
        "job_id": job["id"],
        "mailbox_id": job["mailbox_id"],
        "source": job["source"],
        "service_id": job["service_id"],
        "sequence": job["sequence"],
        "facts": job["facts"],
        "action": job["action"],
        "status": "pending",
        "next_at": now,
        "created_at": now,
    }
    tx.execute(INSERT_CALLBACK, values)
    write_backs.due(tx, job, now)


def withdraw(tx: Connection, job: str, now: float) -> None:
    """Drops what an earlier end of this job has still to tell: a later one says more."""
    pending = callbacks.c.job_id == job, among(callbacks.c.status, "pending")
    tx.execute(sa.update(callbacks).where(*pending).values(status="superseded", ended_at=now))


# Of several senders one gets to ask a receiver that did not answer.
CLAIM_SILENT_RECEIVER = sa.update(sources).where(
    sources.c.name == sa.bindparam("source"), sources.c.receiver_tries > 0, ~RECEIVER_IS_LEFT_ALONE
)
RESET_RECEIVER = (
    sa.update(sources)
    .where(sources.c.name == sa.bindparam("source"), sources.c.receiver_tries > 0)
    .values(receiver_tries=0, receiver_after=None)
)
# Unless another answer, or none, came meanwhile.
UPDATE_SILENT_RECEIVER = sa.update(sources).where(
    sources.c.name == sa.bindparam("source"),
    sources.c.receiver_tries == sa.bindparam("tries_before"),
)
PENDING_SINCE = sa.func.coalesce(callbacks.c.pending_since, callbacks.c.created_at)
# What is under way has a later next try, and what was answered waits for its own: both are no part
# of it.
SELECT_UNDELIVERED = (
    sa.select(callbacks.c.id)
    .where(
        callbacks.c.source == sa.bindparam("source"),
        among(callbacks.c.status, "pending"),
        callbacks.c.next_at <= sa.bindparam("now"),
        PENDING_SINCE < sa.bindparam("pending_before"),
    )
    .with_for_update(skip_locked=True)
)
# What a list shows of the receiver: how often in a row it did not answer, and when it is asked
# again.
RECEIVER_COLUMNS = [
    sa.select(sources.c[name])
    .where(sources.c.name == callbacks.c.source)
    .correlate(callbacks)
    .scalar_subquery()
    .label(name)
    for name in ("receiver_tries", "receiver_after")
]
CLAIM_CALLBACK = (
    sa.update(callbacks)
    .where(callbacks.c.id == sa.bindparam("callback_id"))
    .values(token=callbacks.c.token + 1)
    .returning(callbacks.c.token)
)
SELECT_OLDER_OF_SERVICE = sa.select(callbacks.c.id, callbacks.c.facts).where(
    callbacks.c.mailbox_id.is_(None),
    callbacks.c.source == sa.bindparam("source"),
    callbacks.c.service_id == sa.bindparam("service_id"),
    callbacks.c.sequence < sa.bindparam("sequence"),
    among(callbacks.c.status, "pending"),
)
SELECT_JOB = sa.select(jobs).where(jobs.c.id == sa.bindparam("job_id"))
SELECT_OLDER_CALLBACKS = sa.select(callbacks.c.id, callbacks.c.facts).where(
    callbacks.c.mailbox_id == sa.bindparam("mailbox_id"),
    callbacks.c.source == sa.bindparam("source"),
    callbacks.c.service_id == sa.bindparam("service_id"),
    callbacks.c.sequence < sa.bindparam("sequence"),
    among(callbacks.c.status, "pending"),
)
# The fence of callbacks, as of jobs: a sender that hung past its lease records nothing.
STILL_CLAIMED = (
    callbacks.c.id == sa.bindparam("callback_id"),
    callbacks.c.token == sa.bindparam("claim_token"),
    among(callbacks.c.status, "pending"),
)
# And whether another one waits, and whether the receiver was silent: asked in the same statement,
# because every callback asks.
UPDATE_CLAIMED_CALLBACK = (
    sa.update(callbacks)
    .where(*STILL_CLAIMED)
    .returning(
        sa.exists()
        .where(
            among(OTHER_CALLBACK.c.status, "pending"),
            OTHER_CALLBACK.c.id != sa.bindparam("callback_id"),
        )
        .label("another"),
        sa.exists()
        .where(sources.c.name == sa.bindparam("its_source"), sources.c.receiver_tries > 0)
        .label("was_silent"),
    )
)


InTurn = Callable[[Sequence[str]], Sequence[str]]


def one(_: str) -> int:
    return 1


class Due(NamedTuple):
    """What is due of one source. `unanswered`: how often in a row its receiver did not answer."""

    unanswered: int
    flows: list[Flow]


class Outbox:
    def __init__(
        self,
        database: Database,
        lease: float = CALLBACK_LEASE,
        writes: SharedWrites | None = None,
    ) -> None:
        self.database = database
        self.writes = writes or SharedWrites(database)
        self.lease = lease
        self._turns = Turns()
        self._left = False  # whether the last look for one saw that there is another
        self.more = False
        """Whether there may be another callback to claim after the last one."""

    def mark(self) -> int:
        return self.database.mark(Topic.CALLBACKS)

    def idle(self, seconds: float, since: int) -> None:
        self.database.wait(Topic.CALLBACKS, seconds, since)

    def wake(self) -> None:
        self.database.wake(Topic.CALLBACKS)

    def version(self) -> int | None:
        """See Database."""
        return self.database.version()

    def is_empty(self) -> bool:
        """Whether no callback is pending, so that none can be claimed however much time goes by."""
        return not self.database.finds(SELECT_PENDING_CALLBACK)

    def claim_callback(self, owner: str, in_turn: InTurn = list) -> ClaimedCallback | None:
        """Takes the next callback that is due and in turn, under a lease.

        `in_turn` is given the sources that something is due for, and gives those that may be sent to now, in order.
        """
        return next(iter(self.claim_several(owner, in_turn)), None)

    def claim_several(
        self, owner: str, in_turn: InTurn = list, room: Callable[[str], int] = one
    ) -> Sequence[ClaimedCallback]:
        """Takes the next ones, all of one source; `room` says how many of it may be sent now."""
        due, self._left = self._due(), False
        claims = (
            self._claim_of(source, due[source], room(source)) for source in in_turn(list(due))
        )
        found = next(filter(None, claims), [])
        self.more = len(due) > 1 or self._left
        return found

    def _due(self) -> dict[str, Due]:
        """By source, what of it is due.

        Whoever finds nothing shall not wait in line with those who write.
        """
        due: dict[str, Due] = {}
        with self.database.look() as tx:
            now = self.database.now(tx)
            for source, action, unanswered in tx.execute(SELECT_DUE_FLOWS, {"now": now}):
                due.setdefault(source, Due(unanswered, [])).flows.append((source, action))
        return due

    def _claim_of(self, source: str, due: Due, most: int) -> Sequence[ClaimedCallback]:
        # A server locks each, and of a silent receiver one callback asks.
        most = 1 if due.unanswered or not self.database.embedded else most
        return several_or_one(partial(self._claim, source, due), most)

    @shared
    def _claim(self, tx: Connection, source: str, due: Due, most: int) -> Sequence[ClaimedCallback]:
        now, found = self.database.now(tx), list[ClaimedCallback]()
        while claimed := self._claim_next(tx, source, due, now):
            found.append(claimed)
            if len(found) >= most or not self._left:
                break
        return found

    def _claim_next(
        self, tx: Connection, source: str, due: Due, now: float
    ) -> ClaimedCallback | None:
        unanswered = due.unanswered
        row = self._next_callback(tx, due.flows, now)
        if row is None:
            return None
        if (
            unanswered
            and not tx.execute(
                CLAIM_SILENT_RECEIVER,
                {"source": source, "now": now, "receiver_after": now + self.lease},
            ).rowcount
        ):
            return None  # another sender asks, or the receiver has answered
        self._supersede(tx, row, now)
        # The lease is simply a later next attempt: whoever dies now is followed by the next
        # try.
        token = tx.scalar(CLAIM_CALLBACK, {"callback_id": row["id"], "next_at": now + self.lease})
        job = tx.execute(SELECT_JOB, {"job_id": row["job_id"]}).mappings().one()
        return ClaimedCallback(
            row["id"],
            token,
            row["source"],
            row["job_id"],
            row["tries"] + 1,
            service_receipts.receipt(tx, job),
            job["account"],
            unanswered,
            now - (row["pending_since"] or row["created_at"]),
        )

    def _next_callback(self, tx: Connection, flows: Sequence[Flow], now: float) -> Row | None:
        """A month-end of suspensions keeps no other news of its source waiting."""
        found = SELECT_NEXT_CALLBACK if self.database.embedded else SELECT_NEXT_CALLBACK_LOCKED
        for flow in self._turns.order("", flows):
            source, action = flow
            asked = {"source": source, "action": action, "now": now}
            rows = tx.execute(found, asked).mappings().all()
            if rows:
                self._left = len(rows) > 1 or len(flows) > 1
                self._turns.serve("", flow)
                row: Row = rows[0]
                return row
        self._left = False
        return None

    def _supersede(self, tx: Connection, row: Row, now: float) -> None:
        """Drops older undelivered callbacks of the same service that this one makes needless."""
        if not row["has_older"]:
            return
        this = {name: row[name] for name in ("mailbox_id", "source", "service_id", "sequence")}
        facts = set(row["facts"].split())
        older = SELECT_OLDER_CALLBACKS
        if this["mailbox_id"] is None:
            older = SELECT_OLDER_OF_SERVICE
            del this["mailbox_id"]
        needless = [
            old["id"]
            for old in tx.execute(older, this).mappings()
            if set(old["facts"].split()) <= facts
        ]
        if needless:
            dropped = {"status": "superseded", "ended_at": now}
            tx.execute(sa.update(callbacks).where(callbacks.c.id.in_(needless)).values(**dropped))

    @shared
    def callback_done(
        self,
        tx: Connection,
        claimed: ClaimedCallback,
        outcome: str,
        status: int | None,
        error: str | None,
        retry_in: float | None,
        silent_for: float | None = None,
    ) -> None:
        now = self.database.now(tx)
        values: dict[str, object] = {
            "status": outcome,
            "tries": claimed.tries,
            "last_status": status,
            "last_error": error,
        }
        if retry_in is None:
            values["ended_at"] = now
        elif silent_for is not None and claimed.unanswered:
            # It only asked whether the receiver is there. The next time another one asks: this
            # one may be what it hangs at.
            values |= {"tries": claimed.tries - 1, "next_at": now}
        else:
            values["next_at"] = now + retry_in
        held = {
            "callback_id": claimed.id,
            "claim_token": claimed.token,
            "its_source": claimed.source,
        }
        row = tx.execute(UPDATE_CLAIMED_CALLBACK, held | values).first()
        another, was_silent = (True, True) if row is None else row
        # A look that finds nothing costs more than to ask for another one.
        if another:
            self.database.notify(tx, Topic.CALLBACKS)
        # Callbacks before sources, everywhere: so no two transactions wait for each other.
        if silent_for is None and was_silent:
            tx.execute(RESET_RECEIVER, {"source": claimed.source})
        elif silent_for is not None:
            silent = {
                "receiver_tries": claimed.unanswered + 1,
                "receiver_after": now + silent_for,
            }
            tx.execute(
                UPDATE_SILENT_RECEIVER,
                {"source": claimed.source, "tries_before": claimed.unanswered, **silent},
            )

    def give_up(self, source: str, after: float) -> int:
        with self.database.write() as tx:
            now = self.database.now(tx)
            ids = tx.scalars(
                SELECT_UNDELIVERED, {"source": source, "now": now, "pending_before": now - after}
            ).all()
            ended = {"status": "exhausted", "ended_at": now, "last_error": UNANSWERED}
            for begin in range(0, len(ids), 500):
                some = callbacks.c.id.in_(ids[begin : begin + 500])
                tx.execute(sa.update(callbacks).where(some).values(**ended))
            return len(ids)
