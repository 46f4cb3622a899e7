"""Callbacks out. One row per conclusion of a job, written in the transaction that concludes it; sent in order per mailbox."""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.ports import Postcard
from bridge.store.database import Database
from bridge.store.rows import Row, to_receipt
from bridge.store.tables import among, callbacks, jobs

CALLBACK_LEASE = 40.0  # seconds; a callback has 10 s in all
STATUSES = ("pending", "delivered", "superseded", "stopped", "exhausted")
HOLDS_BACK = 2  # failed tries until which an undelivered callback holds back newer ones of its mailbox


# Statements are made once: SQLAlchemy takes longer to put one together than the database to answer it.
NEW = sa.insert(callbacks)
COUNT = sa.select(sa.func.count()).select_from(callbacks).where(callbacks.c.job_id == sa.bindparam("of"))


def enclose(tx: Connection, job: Row, now: float) -> None:
    """Writes the callback of a job that has just ended. The caller holds the transaction that ends it."""
    number = (tx.scalar(COUNT, {"of": job["id"]}) or 0) + 1
    values = {
        "id": f"cb_{job['id']}_{number}",
        "job_id": job["id"],
        "mailbox_id": job["mailbox_id"],
        "source": job["source"],
        "service_id": job["service_id"],
        "sequence": job["sequence"],
        "facts": job["facts"],
        "status": "pending",
        "next_at": now,
        "created_at": now,
    }
    tx.execute(NEW, values)


def withdraw(tx: Connection, job: str, now: float) -> None:
    """Drops what an earlier end of this job has still to tell: a later one says more."""
    pending = callbacks.c.job_id == job, among(callbacks.c.status, "pending")
    tx.execute(sa.update(callbacks).where(*pending).values(status="superseded", ended_at=now))


# The callback to be sent next.
OLDER = callbacks.alias("older")
HOLDING = sa.exists().where(
    OLDER.c.mailbox_id == callbacks.c.mailbox_id,
    OLDER.c.sequence < callbacks.c.sequence,
    among(OLDER.c.status, "pending"),
    OLDER.c.tries < HOLDS_BACK,
)
# A job that is overtaken ends before an earlier one that still runs. Receivers ignore what comes out of order.
UNFINISHED = sa.exists().where(
    jobs.c.mailbox_id == callbacks.c.mailbox_id,
    jobs.c.sequence < callbacks.c.sequence,
    among(jobs.c.status, "queued", "running"),
)
DUE = (
    sa.select(callbacks)
    .where(among(callbacks.c.status, "pending"), callbacks.c.next_at <= sa.bindparam("now"), ~HOLDING, ~UNFINISHED)
    .order_by(callbacks.c.next_at, callbacks.c.sequence)
    .limit(1)
)
DUE_LOCKED = DUE.with_for_update(skip_locked=True)
TAKE = sa.update(callbacks).where(callbacks.c.id == sa.bindparam("of")).values(token=callbacks.c.token + 1).returning(callbacks)
TOLD = sa.select(jobs).where(jobs.c.id == sa.bindparam("of"))
EARLIER = sa.select(callbacks.c.id, callbacks.c.facts).where(
    callbacks.c.mailbox_id == sa.bindparam("mailbox"),
    callbacks.c.source == sa.bindparam("source"),
    callbacks.c.service_id == sa.bindparam("service"),
    callbacks.c.sequence < sa.bindparam("sequence"),
    among(callbacks.c.status, "pending"),
)
OWN = callbacks.c.id == sa.bindparam("of"), callbacks.c.token == sa.bindparam("held"), among(callbacks.c.status, "pending")
DONE = sa.update(callbacks).where(*OWN)


class Outbox:
    def __init__(self, database: Database, lease: float = CALLBACK_LEASE) -> None:
        self.database = database
        self.lease = lease

    def mark(self) -> int:
        return self.database.mark()

    def idle(self, seconds: float, since: int) -> None:
        self.database.wait(seconds, since)

    def wake(self) -> None:
        self.database.wake()

    def claim_callback(self, owner: str) -> Postcard | None:
        if not self._any_due():
            return None
        with self.database.write() as tx:
            now = self.database.now(tx)
            found = DUE if self.database.embedded else DUE_LOCKED
            row = tx.execute(found, {"now": now}).mappings().first()
            if row is None:
                return None
            self._supersede(tx, row, now)
            # The lease is simply a later next attempt: whoever dies now is followed by the next try.
            row = tx.execute(TAKE, {"of": row["id"], "next_at": now + self.lease}).mappings().one()
            job = tx.execute(TOLD, {"of": row["job_id"]}).mappings().one()
            return Postcard(
                row["id"], row["token"], row["source"], row["job_id"], row["tries"] + 1, to_receipt(job), job["account"]
            )

    def _any_due(self) -> bool:
        """Whoever finds nothing shall not wait in line with those who write."""
        with self.database.read() as tx:
            return tx.execute(DUE, {"now": self.database.now(tx)}).first() is not None

    def _supersede(self, tx: Connection, row: Row, now: float) -> None:
        """Drops older undelivered callbacks of the same service that this one makes needless."""
        of = {"mailbox": row["mailbox_id"], "source": row["source"], "service": row["service_id"], "sequence": row["sequence"]}
        facts = set(row["facts"].split())
        needless = [old["id"] for old in tx.execute(EARLIER, of).mappings() if set(old["facts"].split()) <= facts]
        if needless:
            dropped = {"status": "superseded", "ended_at": now}
            tx.execute(sa.update(callbacks).where(callbacks.c.id.in_(needless)).values(**dropped))

    def callback_done(
        self, card: Postcard, outcome: str, status: int | None, error: str | None, retry_in: float | None
    ) -> None:
        with self.database.write() as tx:
            now = self.database.now(tx)
            values: dict[str, object] = {"status": outcome, "tries": card.tries, "last_status": status, "last_error": error}
            values |= {"ended_at": now} if retry_in is None else {"next_at": now + retry_in}
            tx.execute(DONE, {"of": card.id, "held": card.token, **values})
            self.database.tell(tx)
