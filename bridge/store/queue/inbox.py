"""Hooks in. One short transaction holds hook, sequence, overtaking and job; a 2xx is answered only
after it.
"""

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.ports import (
    Checkpoint,
    Dismissed,
    Receipt,
    Reused,
    SourcePaused,
    SuspensionsPaused,
)
from bridge.store.base.database import Database
from bridge.store.base.rows import Row, to_receipt
from bridge.store.base.tables import hooks, jobs, sources
from bridge.store.queue import brake, enqueue
from bridge.store.queue.brake import Brake
from bridge.store.queue.group import GroupedWrites
from hooks.types import Intent, Verified

# Made once: SQLAlchemy takes longer to put a statement together than the database to answer it, and
# each hook waits for these. For the same reason whether source and account are paused comes with
# what is written anyhow.
SOURCE_COLUMNS = tuple(
    sources.c[name] for name in ("paused", "suspensions_paused", "suspensions_from")
)
SELECT_SOURCE = sa.select(*SOURCE_COLUMNS).where(sources.c.name == sa.bindparam("source_name"))
SOURCE_STATE = [
    sa.select(column)
    .where(sources.c.name == sa.bindparam("source_name"))
    .scalar_subquery()
    .label(column.name)
    for column in SOURCE_COLUMNS
]
INSERT_HOOK = sa.insert(hooks).returning(*SOURCE_STATE)
Matches = Callable[[str], bool]


class Inbox:
    """`new_id` gives a fresh job id; ids sort by time."""

    def __init__(
        self,
        database: Database,
        new_id: Callable[[float], str],
        checkpoint: Checkpoint = lambda name: None,
        brake: Brake | None = None,
    ) -> None:
        self.database = database
        self.new_id = new_id
        self.checkpoint = checkpoint
        self.brake = brake
        self.writes = GroupedWrites(database)

    def park(
        self,
        source: str,
        verified: Verified,
        type: str,
        digest: str,
        sealed: str,
        errors: Mapping[str, list[str]],
        matches: Matches,
    ) -> None:
        try:
            with self.database.write() as tx:
                row = hook_values(source, verified, type, digest, self.database.now(tx))
                tx.execute(sa.insert(hooks), row | {"errors": dict(errors), "sealed": sealed})
        except sa.exc.IntegrityError:
            with self.database.read() as tx:
                known_hook(tx, source, verified.id, matches)

    def accept(
        self,
        source: str,
        account: str,
        verified: Verified,
        intent: Intent,
        digest: str,
        sealed: str | None,
        matches: Matches,
    ) -> Receipt:
        try:
            return self._accept(source, account, verified, intent, digest, sealed, matches)
        except brake.TooMany as found:  # the hook is not taken, and what stops it has to be
            brake.stop(self.database, source, account, found)
            raise SuspensionsPaused(source) from None

    def _accept(
        self,
        source: str,
        account: str,
        verified: Verified,
        intent: Intent,
        digest: str,
        sealed: str | None,
        matches: Matches,
    ) -> Receipt:
        def record(tx: Connection) -> Row:
            now = self.database.now_and_notify(tx)
            job = self.new_id(now)
            hook = hook_values(source, verified, intent.action, digest, now)
            # First, so that two deliveries of one id cannot both get a sequence number.
            came = tx.execute(INSERT_HOOK, hook | {"job_id": job, "source_name": source})
            self._admit(tx, source, came.mappings().one(), intent.action, now)
            row = enqueue.add_job(
                tx, self.database, job, verified.id, source, account, intent, sealed, now
            )
            self.checkpoint("accepting")
            return row

        try:
            row = self.writes.run(record)
            self.checkpoint("accepted")
            return to_receipt(row)
        except sa.exc.IntegrityError:
            return self._again(source, account, verified, intent, sealed, matches)

    def _admit(
        self, tx: Connection, source: str, account_state: Row | None, action: str, now: float
    ) -> None:
        """Raises SourcePaused or SuspensionsPaused, and TooMany when suspensions have to be stopped
        now.
        """
        if account_state is None:
            return
        if account_state["paused"]:
            raise SourcePaused(source)
        if self.brake is not None and action in self.brake.suspends:
            if account_state["suspensions_paused"] is not None:
                raise SuspensionsPaused(source)
            self.brake.check(tx, source, account_state["suspensions_from"], now)

    def _again(
        self,
        source: str,
        account: str,
        verified: Verified,
        intent: Intent,
        sealed: str | None,
        matches: Matches,
    ) -> Receipt:
        """A known id: the present receipt; or, where it was parked and can be read now, its job."""
        with self.database.write() as tx:
            # Locked: it may be taken back or dismissed just now, and a parked one that a person
            # replays becomes one job.
            mine = hooks.c.source == source, hooks.c.hook_id == verified.id
            tx.execute(self.database.lock_row(sa.select(hooks.c.id).where(*mine))).first()
            known = known_hook(tx, source, verified.id, matches)
            account_state = tx.execute(SELECT_SOURCE, {"source_name": source}).mappings().first()
            if account_state is not None and account_state["paused"]:
                raise SourcePaused(source)
            if known["job_id"] is not None:
                of_hook = sa.select(jobs).where(
                    jobs.c.source == source, jobs.c.hook_id == verified.id
                )
                newest = (
                    tx.execute(of_hook.order_by(jobs.c.sequence.desc()).limit(1)).mappings().one()
                )
                return to_receipt(newest)
            now = self.database.now(tx)
            self._admit(tx, source, account_state, intent.action, now)
            job = self.new_id(now)
            read = {"job_id": job, "type": intent.action, "errors": None, "sealed": None}
            tx.execute(sa.update(hooks).where(hooks.c.id == known["id"]).values(**read))
            row = enqueue.add_job(
                tx, self.database, job, verified.id, source, account, intent, sealed, now
            )
            self.database.notify(tx)
            return to_receipt(row)


def known_hook(tx: Connection, source: str, hook_id: str, matches: Matches) -> Row:
    row = (
        tx.execute(sa.select(hooks).where(hooks.c.source == source, hooks.c.hook_id == hook_id))
        .mappings()
        .one()
    )
    # Asked first: of one that never came nobody knows what it would have said.
    if row["dismissed_at"] is not None:
        raise Dismissed(hook_id)
    if not matches(row["digest"]):
        raise Reused(hook_id)
    return row


def hook_values(
    source: str, verified: Verified, type: str, digest: str, now: float
) -> dict[str, Any]:
    return {
        "source": source,
        "hook_id": verified.id,
        "type": type,
        "digest": digest,
        "key_index": verified.key_index,
        "received_at": now,
    }
