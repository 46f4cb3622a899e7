"""Hooks in. One short transaction holds hook, sequence, overtaking and job; a 2xx is answered only
after it. Hooks that come at the same time may share it: group.py.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from operator import attrgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.ports import (
    Arrival,
    Checkpoint,
    Dismissed,
    NothingNew,
    Receipt,
    Reused,
    ServiceRules,
    SourcePaused,
    SuspensionsPaused,
)
from bridge.domain.services import MEMBER_ACTIONS
from bridge.store.base.database import Database, Topic, upsert
from bridge.store.base.rows import Row, to_receipt
from bridge.store.base.tables import hooks, jobs, sources
from bridge.store.queue import brake, cancelling, enqueue, service_receipts, subscriptions
from bridge.store.queue.brake import Brake
from bridge.store.queue.enqueue import NewJob
from bridge.store.queue.group import GroupedWrites, Write
from bridge.store.queue.group_server import ServerWrites
from bridge.store.queue.service_jobs import ServiceJobs
from hooks.types import Verified

# Made once: SQLAlchemy takes longer to put a statement together than the database to answer it, and
# each hook waits for these. For the same reason whether source and account are paused comes with
# what is written anyhow.
SOURCE_COLUMNS = tuple(
    sources.c[name] for name in ("paused", "suspensions_paused", "suspensions_from")
)
SELECT_SOURCES = sa.select(sources.c.name, *SOURCE_COLUMNS)
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

mailbox_of = attrgetter("mailbox")


class NoNews:
    """What is written of a hook that says nothing new: no job."""


NO_NEWS = NoNews()


class Inbox:
    """`new_id` gives a fresh job id; ids sort by time."""

    def __init__(
        self,
        database: Database,
        new_id: Callable[[float], str],
        checkpoint: Checkpoint = lambda name: None,
        brake: Brake | None = None,
        rules: ServiceRules | None = None,
    ) -> None:
        self.database = database
        self.new_id = new_id
        self.checkpoint = checkpoint
        self.brake = brake
        self.rules = rules or ServiceRules()
        self.writes = (
            GroupedWrites(database, self._record, self._record_together)
            if database.embedded
            else ServerWrites(database, self._record, self._record_together, mailbox_of)
        )

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

    def accept(self, arrival: Arrival) -> Receipt:
        return self._receipt(arrival, self.writes.write(arrival))

    def accept_all(self, arrivals: Sequence[Arrival]) -> list[Receipt | Exception]:
        writes = self.writes.write_all(arrivals)
        return [self._receipt_or_error(*both) for both in zip(arrivals, writes, strict=True)]

    def _receipt_or_error(
        self, arrival: Arrival, write: Write[Arrival, Row | NoNews]
    ) -> Receipt | Exception:
        try:
            return self._receipt(arrival, write)
        except Exception as error:  # of any kind: it is raised for whoever sent this one
            return error

    def _receipt(self, arrival: Arrival, write: Write[Arrival, Row | NoNews]) -> Receipt:
        try:
            return self._accepted(arrival, write)
        except brake.TooMany as found:  # the hook is not taken, and what stops it has to be
            brake.stop(self.database, arrival.source, arrival.account, found)
            raise SuspensionsPaused(arrival.source) from None

    def _accepted(self, arrival: Arrival, write: Write[Arrival, Row | NoNews]) -> Receipt:
        try:
            row = write.outcome()
        except sa.exc.IntegrityError:
            return self._again(arrival)
        if isinstance(row, NoNews):
            raise NothingNew(arrival.verified.id)
        self.checkpoint("accepted")
        if not arrival.of_service:
            return to_receipt(row)
        with self.database.read() as tx:
            return service_receipts.receipt(tx, row)

    def _is_news(self, tx: Connection, arrival: Arrival) -> bool:
        """Whether it makes a job: always, but for what only says a status."""
        intent, id = arrival.intent, arrival.verified.id
        if intent.status is None:
            return True
        # In this transaction: another source may tell of it at the same moment.
        arrival.beside(subscriptions.followers(tx, intent.service_id))
        return subscriptions.is_news(
            tx, self.database, arrival.source, arrival.account, id, intent, arrival.anew
        )

    def _record(self, tx: Connection, arrival: Arrival) -> Row | NoNews:
        """One hook, whatever it meets. IntegrityError: its id came before."""
        if not self._is_news(tx, arrival):
            return NO_NEWS
        now = self.database.now_and_notify(tx, Topic.JOBS)
        job = self.new_id(now)
        # First, so that two deliveries of one id cannot both get a sequence number.
        values = values_of(arrival, job, now) | {"source_name": arrival.source}
        account_state = tx.execute(INSERT_HOOK, values).mappings().one()
        self._admit(tx, arrival.source, account_state, arrival.intent.action, now)
        row = self._add_job(tx, arrival, job, account_state, now)
        self.checkpoint("accepting")
        return row

    def _add_job(
        self, tx: Connection, arrival: Arrival, job: str, account_state: Row | None, now: float
    ) -> Row:
        new = job_of(arrival, job)
        if not arrival.of_service:
            return enqueue.add_jobs(tx, self.database, [new], now)[0]
        if account_state is not None and account_state["suspensions_paused"] is not None:
            action = MEMBER_ACTIONS[arrival.intent.action]
            if self.brake is not None and action in self.brake.suspends:
                raise SuspensionsPaused(arrival.source)
        since = account_state["suspensions_from"] if account_state is not None else None
        return self.service_jobs.admit(tx, new, now, since, arrival.permit)

    @property
    def service_jobs(self) -> ServiceJobs:
        return ServiceJobs(self.database, self.new_id, self.rules, self.brake, self.checkpoint)

    def _record_together(
        self, tx: Connection, arrivals: Sequence[Arrival]
    ) -> list[Row | NoNews | None]:
        """Those that nothing stands against, with as few statements as for one hook.

        None for each other one, such as a second one of the same id or mailbox, and on a server one
        of a mailbox with open jobs: it is recorded alone, afterwards. Locks ids first, then
        mailboxes, each in one order everywhere: two processes would else wait for each other.
        """
        now = self.database.now_and_notify(tx, Topic.JOBS)
        state = {row["name"]: row for row in tx.execute(SELECT_SOURCES).mappings()}
        # On a server jobs are locked by whoever claims, too, and in another order.
        addresses = [] if self.database.embedded else [each.intent.address for each in arrivals]
        apart = cancelling.with_jobs_beside(tx, addresses) if addresses else set()
        new = {
            each.id: each
            for each in first_of_each(arrivals)
            if not each.of_service
            and each.mailbox not in apart
            and each.intent.status is None
            and self._passes(state.get(each.source), each)
        }
        ids = {id: self.new_id(now) for id in new}
        came = came_first(
            tx, self.database, [values_of(new[id], ids[id], now) for id in sorted(new)]
        )
        jobs_of = [
            job_of(each, ids[each.id])
            for each in sorted(new.values(), key=mailbox_of)
            if each.id in came
        ]
        rows = enqueue.add_jobs(tx, self.database, jobs_of, now)
        recorded = {(row["source"], row["hook_id"]): row for row in rows}
        for _ in rows:
            self.checkpoint("accepting")
        return [recorded.get(each.id) if new.get(each.id) is each else None for each in arrivals]

    def _passes(self, source: Row | None, arrival: Arrival) -> bool:
        """Whether `_admit` would surely let it pass, and count nothing."""
        if source is None or source["paused"]:
            return source is None
        if self.brake is None or arrival.intent.action not in self.brake.suspends:
            return True
        return source["suspensions_paused"] is None and self.brake.passes(arrival.source)

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

    def _again(self, arrival: Arrival) -> Receipt:
        """A known id: the present receipt; or, where it was parked and can be read now, its job."""
        source, verified = arrival.source, arrival.verified
        with self.database.write() as tx:
            # Locked: it may be taken back or dismissed just now, and a parked one that a person
            # replays becomes one job.
            mine = hooks.c.source == source, hooks.c.hook_id == verified.id
            tx.execute(self.database.lock_row(sa.select(hooks.c.id).where(*mine))).first()
            known = known_hook(tx, source, verified.id, arrival.matches)
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
                return service_receipts.receipt(tx, newest)
            if not self._is_news(tx, arrival):
                raise NothingNew(verified.id)
            now = self.database.now(tx)
            action = arrival.intent.action
            self._admit(tx, source, account_state, action, now)
            job = self.new_id(now)
            read = {"job_id": job, "type": action, "errors": None, "sealed": None}
            tx.execute(sa.update(hooks).where(hooks.c.id == known["id"]).values(**read))
            row = self._add_job(tx, arrival, job, account_state, now)
            self.database.notify(tx, Topic.JOBS)
            return service_receipts.receipt(tx, row)


def job_of(arrival: Arrival, job: str) -> NewJob:
    hook, intent = arrival.verified.id, arrival.intent
    return NewJob(job, hook, arrival.source, arrival.account, intent, arrival.sealed)


def values_of(arrival: Arrival, job: str, now: float) -> dict[str, Any]:
    action, digest = arrival.intent.action, arrival.digest
    return hook_values(arrival.source, arrival.verified, action, digest, now) | {"job_id": job}


def first_of_each(arrivals: Sequence[Arrival]) -> Iterator[Arrival]:
    """Those before which none has the same id or mailbox."""
    met: set[tuple[str, str, str]] = set()
    for each in arrivals:
        both = {("id", *each.id), ("mailbox", *each.mailbox)}
        if not both & met:
            yield each
        met |= both


def came_first(
    tx: Connection, database: Database, values: list[dict[str, Any]]
) -> set[tuple[str, str]]:
    """Records these hooks, and gives the ids of those that had not come before."""
    if not values:
        return set()
    new = tx.execute(insert_hooks(database.embedded), values)
    return {(row.source, row.hook_id) for row in new}


@cache
def insert_hooks(embedded: bool) -> Any:
    """The statement of `came_first`."""
    new = upsert(embedded, hooks).on_conflict_do_nothing(index_elements=["source", "hook_id"])
    return new.returning(hooks.c.source, hooks.c.hook_id)


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
