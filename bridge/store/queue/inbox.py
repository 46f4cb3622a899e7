"""Hooks in. One short transaction holds hook, sequence, overtaking and job; a 2xx is answered only after it."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.actions import decides
from bridge.domain.errors import BridgeError, Overtaken
from bridge.domain.jobs import allow
from bridge.domain.model import Address
from bridge.domain.ports import Checkpoint, Dismissed, Receipt, Reused, SourcePaused, SuspensionsPaused
from bridge.domain.wanted import SAID, TAKES_AWAY, Said, is_late, marked, overtaken, taken_away
from bridge.store.base.database import Database, upsert
from bridge.store.base.rows import Row, error_columns, intent_values, to_receipt
from bridge.store.base.tables import accounts, among, hooks, jobs, mailboxes, marks, sources
from bridge.store.queue import brake, customers, notes, outbox
from bridge.store.queue.brake import Brake
from bridge.store.queue.since import LATE, needed_later, said, take_back
from bridge.store.queue.standing import STANDS_STILL
from hooks.types import Intent, Verified

SEQUENCE_FLOOR = "sequence_floor"
OWNER_COLUMNS = "source service_id customer_id customer_source"

# Made once: SQLAlchemy takes longer to put a statement together than the database to answer it, and each hook waits for these.
# For the same reason whether source and account are paused comes with what is written anyhow.
SOURCE_COLUMNS = tuple(sources.c[name] for name in ("paused", "suspensions_paused", "suspensions_from"))
SELECT_SOURCE = sa.select(*SOURCE_COLUMNS).where(sources.c.name == sa.bindparam("source_name"))
SOURCE_STATE = [
    sa.select(column).where(sources.c.name == sa.bindparam("source_name")).scalar_subquery().label(column.name)
    for column in SOURCE_COLUMNS
]
SELECT_ACCOUNT_PAUSED = sa.select(STANDS_STILL).where(accounts.c.name == sa.bindparam("account_name"))
INSERT_HOOK, INSERT_JOB = sa.insert(hooks).returning(*SOURCE_STATE), sa.insert(jobs).returning(jobs)
IS_OPEN = jobs.c.mailbox_id == sa.bindparam("mailbox_id"), among(jobs.c.status, "queued", "running")
COMPARED_COLUMNS = [jobs.c[name] for name in "id sequence source service_id action facts status".split()]
# With what takes the mailbox away and is held: a newer hook may call it off.
IS_HELD_TERMINATION = (
    jobs.c.mailbox_id == sa.bindparam("mailbox_id"),
    among(jobs.c.status, "held"),
    among(jobs.c.action, *sorted(TAKES_AWAY)),
)
SELECT_JOBS_OF_MAILBOX = (
    sa.select(*COMPARED_COLUMNS)
    .where(*IS_OPEN)
    .union_all(sa.select(*COMPARED_COLUMNS).where(*IS_HELD_TERMINATION, jobs.c.touched.is_(False)))
)
UPDATE_MAILBOX = sa.update(mailboxes).where(mailboxes.c.id == sa.bindparam("mailbox_id"))
Matches = Callable[[str], bool]

OUTDATED = Overtaken(LATE)


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
        try:
            with self.database.write() as tx:
                now = self.database.now_telling(tx)
                job = self.new_id(now)
                hook = hook_values(source, verified, intent.action, digest, now)
                # First, so that two deliveries of one id cannot both get a sequence number.
                standing = tx.execute(INSERT_HOOK, hook | {"job_id": job, "source_name": source}).mappings().one()
                self._admit(tx, source, standing, intent.action, now)
                row = add_job(tx, self.database, job, verified.id, source, account, intent, sealed, now)
                self.checkpoint("accepting")
            self.checkpoint("accepted")
            return to_receipt(row)
        except sa.exc.IntegrityError:
            return self._again(source, account, verified, intent, sealed, matches)

    def _admit(self, tx: Connection, source: str, standing: Row | None, action: str, now: float) -> None:
        """Raises SourcePaused or SuspensionsPaused, and TooMany when suspensions have to be stopped now."""
        if standing is None:
            return
        if standing["paused"]:
            raise SourcePaused(source)
        if self.brake is not None and action in self.brake.suspends:
            if standing["suspensions_paused"] is not None:
                raise SuspensionsPaused(source)
            self.brake.check(tx, source, standing["suspensions_from"], now)

    def _again(
        self, source: str, account: str, verified: Verified, intent: Intent, sealed: str | None, matches: Matches
    ) -> Receipt:
        """A known id: the present receipt; or, where it was parked and can be read now, its job."""
        with self.database.write() as tx:
            # Locked: it may be taken back or dismissed just now, and a parked one that a person replays becomes one job.
            mine = hooks.c.source == source, hooks.c.hook_id == verified.id
            tx.execute(self.database.lock_row(sa.select(hooks.c.id).where(*mine))).first()
            known = known_hook(tx, source, verified.id, matches)
            standing = tx.execute(SELECT_SOURCE, {"source_name": source}).mappings().first()
            if standing is not None and standing["paused"]:
                raise SourcePaused(source)
            if known["job_id"] is not None:
                of_hook = sa.select(jobs).where(jobs.c.source == source, jobs.c.hook_id == verified.id)
                newest = tx.execute(of_hook.order_by(jobs.c.sequence.desc()).limit(1)).mappings().one()
                return to_receipt(newest)
            now = self.database.now(tx)
            self._admit(tx, source, standing, intent.action, now)
            job = self.new_id(now)
            read = {"job_id": job, "type": intent.action, "errors": None, "sealed": None}
            tx.execute(sa.update(hooks).where(hooks.c.id == known["id"]).values(**read))
            row = add_job(tx, self.database, job, verified.id, source, account, intent, sealed, now)
            self.database.tell(tx)
            return to_receipt(row)


def known_hook(tx: Connection, source: str, hook_id: str, matches: Matches) -> Row:
    row = tx.execute(sa.select(hooks).where(hooks.c.source == source, hooks.c.hook_id == hook_id)).mappings().one()
    if row["dismissed_at"] is not None:  # asked first: of one that never came nobody knows what it would have said
        raise Dismissed(hook_id)
    if not matches(row["digest"]):
        raise Reused(hook_id)
    return row


def hook_values(source: str, verified: Verified, type: str, digest: str, now: float) -> dict[str, Any]:
    return {
        "source": source,
        "hook_id": verified.id,
        "type": type,
        "digest": digest,
        "key_index": verified.key_index,
        "received_at": now,
    }


def add_job(
    tx: Connection,
    database: Database,
    job_id: str,
    hook_id: str,
    source: str,
    account: str,
    intent: Intent,
    sealed: str | None,
    now: float,
    **special: Any,
) -> Row:
    """Puts a job at the end of its mailbox's line and overtakes what it makes needless. The caller holds the transaction."""
    mailbox = next_sequence(tx, database, account, Address.parse(intent.address))
    facts = decides(intent.action, password=intent.password is not None or sealed is not None)
    spoken = intent.timestamp.timestamp()
    word, decided = Said(intent.action, facts), mailbox["decided"] or {}
    service = [source, intent.service_id]
    late = not special and is_late(word, decided, service, spoken)
    if not special and word.takes_away:
        late = late or needed_later(tx, mailbox["id"], service, spoken)
    first = mailbox["sequence"] == 1  # then there is nothing to look for
    others = () if first else tx.execute(SELECT_JOBS_OF_MAILBOX, {"mailbox_id": mailbox["id"]}).mappings().all()
    waiting = [row for row in others if row["status"] != "held"]
    values = {
        "id": job_id,
        "mailbox_id": mailbox["id"],
        "sequence": mailbox["sequence"],
        "hook_id": hook_id,
        "source": source,
        "account": account,
        "domain": mailbox["domain"],
        "address": mailbox["address"],
        "service_id": intent.service_id,
        "action": intent.action,
        "facts": " ".join(sorted(facts)),
        "intent": intent_values(intent),
        "sealed": None if late else sealed,
        "status": "cancelled" if late else "queued",
        "state": mailbox["state"],
        "available_at": now,
        "created_at": now,
    } | special
    if late:
        values |= {"finished_at": now, "message": SAID[Overtaken], **error_columns(OUTDATED)}
    else:
        values["waiting_for"] = "account" if mailbox["account_paused"] else "turn" if waiting else None
        if not special:
            tx.execute(UPDATE_MAILBOX, {"mailbox_id": mailbox["id"], "decided": marked(word, decided, service, spoken)})
            if customers.teaches(mailbox, waiting, source, intent):
                customers.teach(tx, mailbox["id"], source, intent.service_id, intent.customer_id)
    row = tx.execute(INSERT_JOB, values).mappings().one()
    if late:
        outbox.enclose(tx, row, now)
    elif not special:
        overtake(tx, row, others, now)
    return row


def next_sequence(tx: Connection, database: Database, account: str, address: Address) -> Row:
    """The mailbox's next sequence number, taken under the row's lock: this is the order, never a clock.

    With it comes of the mailbox what a new job needs, and whether the account stands still, as `account_paused`.
    """
    place = {"account": account, "domain": address.domain, "address": str(address), "account_name": account}
    row: Row = tx.execute(take_sequence(database.embedded), place).mappings().one()
    return row


@cache
def take_sequence(embedded: bool) -> Any:
    """The statement of `next_sequence`, on either store."""
    floor = sa.func.coalesce(sa.select(marks.c.value).where(marks.c.name == SEQUENCE_FLOOR).scalar_subquery(), 0)
    place: dict[str, Any] = {name: sa.bindparam(name) for name in ("account", "domain", "address")}
    new = upsert(embedded, mailboxes).values(**place, sequence=floor + 1)
    last = sa.case((mailboxes.c.sequence < floor, floor), else_=mailboxes.c.sequence)
    taken = new.on_conflict_do_update(index_elements=["account", "address"], set_={"sequence": last + 1})
    needed = (mailboxes.c[name] for name in f"id domain address sequence state decided {OWNER_COLUMNS}".split())
    return taken.returning(*needed, SELECT_ACCOUNT_PAUSED.scalar_subquery().label("account_paused"))


def raise_floor(tx: Connection, database: Database, least: int) -> None:
    """From now on no mailbox's next sequence number is `least` or below, also of one that was forgotten."""
    new = upsert(database.embedded, marks).values(name=SEQUENCE_FLOOR, value=least)
    lower = marks.c.value < least
    tx.execute(new.on_conflict_do_update(index_elements=["name"], set_={"value": least}, where=lower))


def overtake(tx: Connection, new: Row, others: Sequence[Row], now: float) -> None:
    """Cancels what is needless beside newer hooks of the same service, the new one among them, and was not begun."""
    same = [row for row in others if (row["source"], row["service_id"]) == (new["source"], new["service_id"])]
    for row in same:
        newer = [said(new)]
        if not said(row).takes_away:  # whatever needs the mailbox made an end of such a one when it came
            newer += [said(other) for other in same if other["sequence"] > row["sequence"] and other["status"] != "held"]
        error = overtaken(said(row), newer)
        if error is not None:
            end = call_off if row["status"] == "held" else cancel
            end(tx, row["id"], now, error, SAID[Overtaken], jobs.c.touched.is_(False))


def make_an_end(tx: Connection, job: Row, now: float) -> None:
    """Cancels what waits unbegun before a hook that takes the mailbox away, now that this one is begun, or has ended well.

    Not earlier: until then a newer hook may call it off. The caller holds the lock of the mailbox's row.
    """
    if not said(job).takes_away or job["replaces"] is not None or job["purge"]:
        return
    for row in tx.execute(SELECT_JOBS_OF_MAILBOX, {"mailbox_id": job["mailbox_id"]}).mappings().all():
        same = (row["source"], row["service_id"]) == (job["source"], job["service_id"])
        error = taken_away(said(row), [said(job)])
        if error is not None and same and row["sequence"] < job["sequence"]:
            cancel(tx, row["id"], now, error, SAID[Overtaken], jobs.c.touched.is_(False))


def cancel(tx: Connection, job: str, now: float, error: BridgeError | None, message: str, *only_if: Any) -> bool:
    """Cancels a queued job and writes its callback. False when it is no longer queued, or not as `only_if` says."""
    values = {"status": "cancelled", "waiting_for": None, "finished_at": now, "sealed": None, "message": message}
    change = sa.update(jobs).where(jobs.c.id == job, jobs.c.status == "queued", *only_if)
    row = tx.execute(change.values(**values, **error_columns(error)).returning(jobs)).mappings().first()
    if row is not None:
        take_back(tx, row)
        outbox.enclose(tx, row, now)
    return row is not None


def call_off(tx: Connection, job: str, now: float, error: BridgeError | None, message: str, *only_if: Any) -> Row | None:
    """Ends a held job as cancelled, and writes the callback that says so: the row as it is then.

    None when it is not held any more, was tried again already, or is not as `only_if` says. Its sequence stays; its
    `finished_at` is now, so that whoever asks for results is told once more. What the callback before it said and could not
    deliver is not sent any more; the note to the admin is over.
    """
    allow("held", "cancelled")
    values = {"status": "cancelled", "waiting_for": None, "finished_at": now, "sealed": None, "message": message}
    again = jobs.alias("again")
    alone = ~sa.exists().where(again.c.replaces == jobs.c.id)
    change = sa.update(jobs).where(jobs.c.id == job, jobs.c.status == "held", alone, *only_if)
    row = tx.execute(change.values(**values, **error_columns(error)).returning(jobs)).mappings().first()
    if row is None:
        return None
    take_back(tx, row)
    outbox.withdraw(tx, job, now)
    outbox.enclose(tx, row, now)
    notes.clear(tx, f"job:{job}", f"{row['action']} of {row['address']} is not held any more. {message}", now)
    return row
