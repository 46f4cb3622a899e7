"""Hooks in. One short transaction holds hook, sequence, overtaking and job; a 2xx is answered only after it."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.actions import decides
from bridge.errors import BridgeError
from bridge.model import Address
from bridge.ports import Checkpoint, Receipt, Reused, SourcePaused, SuspensionsPaused
from bridge.store import brake, outbox
from bridge.store.brake import Brake
from bridge.store.database import Database, upsert
from bridge.store.rows import Row, error_values, intent_values, to_receipt
from bridge.store.tables import accounts, among, hooks, jobs, mailboxes, marks, sources
from hooks.types import Intent, Verified

FLOOR = "sequence_floor"

# Made once: SQLAlchemy takes longer to put a statement together than the database to answer it, and each hook waits for these.
# For the same reason whether source and account are paused comes with what is written anyhow.
STANDING = tuple(sources.c[name] for name in ("paused", "suspensions_paused", "suspensions_from"))
OF_SOURCE = sa.select(*STANDING).where(sources.c.name == sa.bindparam("of"))
WITH_STANDING = [
    sa.select(column).where(sources.c.name == sa.bindparam("of")).scalar_subquery().label(column.name) for column in STANDING
]
ACCOUNT_PAUSED = sa.select(accounts.c.paused).where(accounts.c.name == sa.bindparam("of"))
NEW_HOOK, NEW_JOB = sa.insert(hooks).returning(*WITH_STANDING), sa.insert(jobs).returning(jobs)
OPEN = jobs.c.mailbox_id == sa.bindparam("of"), among(jobs.c.status, "queued", "running")
OPEN_JOBS = sa.select(*(jobs.c[name] for name in "id sequence source service_id action facts purge".split())).where(*OPEN)
DECIDED = sa.update(mailboxes).where(mailboxes.c.id == sa.bindparam("of"))
Matches = Callable[[str], bool]

OVERTAKEN = BridgeError("A newer hook of this service decides the same.", code="overtaken")
OUTDATED = BridgeError("A newer hook of this service, by its own time, was accepted before this one.", code="overtaken")


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
                standing = tx.execute(NEW_HOOK, hook | {"job_id": job, "of": source}).mappings().one()
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
        if action == "mailbox.suspend" and self.brake is not None:
            if standing["suspensions_paused"] is not None:
                raise SuspensionsPaused(source)
            self.brake.check(tx, source, standing["suspensions_from"], now)

    def _again(
        self, source: str, account: str, verified: Verified, intent: Intent, sealed: str | None, matches: Matches
    ) -> Receipt:
        """A known id: the present receipt; or, where it was parked and can be read now, its job."""
        with self.database.write() as tx:
            known = known_hook(tx, source, verified.id, matches)
            standing = tx.execute(OF_SOURCE, {"of": source}).mappings().first()
            if standing is not None and standing["paused"]:
                raise SourcePaused(source)
            if known["job_id"] is not None:
                mine = sa.select(jobs).where(jobs.c.source == source, jobs.c.hook_id == verified.id)
                newest = tx.execute(mine.order_by(jobs.c.sequence.desc()).limit(1)).mappings().one()
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
    decided: dict[str, list[Any]] = dict(mailbox["decided"] or {})
    service = [source, intent.service_id]
    late = not special and all(is_later(decided.get(fact), service, spoken) for fact in facts)
    waiting = tx.execute(OPEN_JOBS, {"of": mailbox["id"]}).mappings().all()
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
        values |= {"finished_at": now, "error": error_values(OUTDATED), "message": "A newer request took its place."}
    else:
        values["waiting_for"] = "account" if mailbox["account_paused"] else "turn" if waiting else None
        if not special:
            decided |= {str(fact): [*service, spoken] for fact in facts}
            tx.execute(DECIDED, {"of": mailbox["id"], "decided": decided})
    row = tx.execute(NEW_JOB, values).mappings().one()
    if late:
        outbox.enclose(tx, row, now)
    elif not special:
        overtake(tx, row, waiting, now)
    return row


def next_sequence(tx: Connection, database: Database, account: str, address: Address) -> Row:
    """The mailbox's next sequence number, taken under the row's lock: this is the order, never a clock.

    With it comes of the mailbox what a new job needs, and why the account is paused, as `account_paused`.
    """
    place = {"account": account, "domain": address.domain, "address": str(address), "of": account}
    row: Row = tx.execute(taking(database.embedded), place).mappings().one()
    return row


@cache
def taking(embedded: bool) -> Any:
    """The statement of `next_sequence`, on either store."""
    floor = sa.func.coalesce(sa.select(marks.c.value).where(marks.c.name == FLOOR).scalar_subquery(), 0)
    place: dict[str, Any] = {name: sa.bindparam(name) for name in ("account", "domain", "address")}
    new = upsert(embedded, mailboxes).values(**place, sequence=floor + 1)
    last = sa.case((mailboxes.c.sequence < floor, floor), else_=mailboxes.c.sequence)
    taken = new.on_conflict_do_update(index_elements=["account", "address"], set_={"sequence": last + 1})
    needed = (mailboxes.c[name] for name in "id domain address sequence state decided".split())
    return taken.returning(*needed, ACCOUNT_PAUSED.scalar_subquery().label("account_paused"))


def raise_floor(tx: Connection, database: Database, least: int) -> None:
    """From now on no mailbox's next sequence number is `least` or below, also of one that was forgotten."""
    new = upsert(database.embedded, marks).values(name=FLOOR, value=least)
    lower = marks.c.value < least
    tx.execute(new.on_conflict_do_update(index_elements=["name"], set_={"value": least}, where=lower))


def is_later(last: list[Any] | None, service: list[str], spoken: float) -> bool:
    """Whether the last hook about a fact was of the same service and strictly newer by its own time.

    A time without a fraction stands for its whole second: beside a sender with finer times it is not older.
    """
    latest = spoken if spoken % 1 else spoken + 0.999_999
    return last is not None and last[:2] == service and last[2] > latest


def overtake(tx: Connection, new: Row, waiting: Sequence[Row], now: float) -> None:
    """Cancels every waiting job whose facts are all decided by newer hooks of the same service.

    Nothing overtakes a terminate, but for the deletion after a grace: a customer who came back keeps the mailbox.
    """
    same = [row for row in waiting if (row["source"], row["service_id"]) == (new["source"], new["service_id"])]
    for row in same:
        newer = set(new["facts"].split())
        newer.update(*(other["facts"].split() for other in same if other["sequence"] > row["sequence"]))
        kept = row["purge"] and new["action"] in ("mailbox.create", "mailbox.unsuspend")
        if kept or (row["action"] != "mailbox.terminate" and set(row["facts"].split()) <= newer):
            cancel(tx, row["id"], now, OVERTAKEN, "A newer request took its place.", jobs.c.touched.is_(False))


def cancel(tx: Connection, job: str, now: float, error: BridgeError | None, message: str, *only_if: Any) -> bool:
    """Cancels a queued job and writes its callback. False when it is no longer queued, or not as `only_if` says."""
    values = {"status": "cancelled", "waiting_for": None, "finished_at": now, "sealed": None, "message": message}
    change = sa.update(jobs).where(jobs.c.id == job, jobs.c.status == "queued", *only_if)
    row = tx.execute(change.values(**values, error=error_values(error)).returning(jobs)).mappings().first()
    if row is not None:
        outbox.enclose(tx, row, now)
    return row is not None
