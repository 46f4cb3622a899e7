"""New jobs: each at the end of the line of its mailbox, with the next sequence number."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.actions import GAINS, decides
from bridge.domain.errors import BridgeError, Overtaken
from bridge.domain.model import Address
from bridge.domain.services import HELD
from bridge.domain.superseded import CUSTOMER_TEXTS, HookEffect, is_late, marks_with
from bridge.reporting.receipts import LATE
from bridge.reporting.refusals import refusal
from bridge.store.base.database import Database, Topic, upsert
from bridge.store.base.faults import Locked
from bridge.store.base.rows import Row, error_columns, intent_values
from bridge.store.base.tables import accounts, jobs, key_values, mailboxes
from bridge.store.queue import cancelling, customers, outbox, service_lines
from bridge.store.queue.account_state import STANDS_STILL
from bridge.store.queue.still_wanted import needed_later
from hooks.types import Intent

SEQUENCE_FLOOR = "sequence_floor"
OWNER_COLUMNS = "source service_id customer_id customer_source"

# Of the row that is returned. As a column it would be one of a second table in this SELECT.
SELECT_ACCOUNT_PAUSED = sa.select(STANDS_STILL).where(
    accounts.c.name == sa.literal_column("mailboxes.account")
)
INSERT_JOB = sa.insert(jobs).returning(jobs)
UPDATE_MAILBOX = sa.update(mailboxes).where(mailboxes.c.id == sa.bindparam("mailbox_id"))

OUTDATED = Overtaken(LATE)


@dataclass(frozen=True)
class Membership:
    """What a job is that a service's hook leads to, in the line of one mailbox.

    `first`: the service's job. `silent`: that one alone is told. `held`: by this, before anything is done.
    """

    first: str
    silent: bool
    held: BridgeError | None = None

    def columns(self, now: float) -> dict[str, Any]:
        of = {"service_job": self.first, "silent": self.silent}
        if self.held is None:
            return of
        ended = {"status": "held", "waiting_for": None, "finished_at": now, "message": HELD}
        return of | ended | error_columns(self.held)


@dataclass(frozen=True)
class NewJob:
    """A job as it is asked for. `sealed`: the hook's password, encrypted."""

    id: str
    hook_id: str
    source: str
    account: str
    intent: Intent
    sealed: str | None = field(repr=False)
    member: Membership | None = None

    @property
    def service(self) -> list[str]:
        return [self.source, self.intent.service_id]

    @property
    def hook_time(self) -> float:
        return self.intent.timestamp.timestamp()

    @cached_property
    def effect(self) -> HookEffect:
        password = self.intent.password is not None or self.sealed is not None
        return HookEffect(self.intent.action, decides(self.intent.action, password=password))


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
    """Puts a job at the end of its mailbox's line and overtakes what it makes needless. The caller
    holds the transaction.
    """
    new = NewJob(job_id, hook_id, source, account, intent, sealed)
    return add_jobs(tx, database, [new], now, **special)[0]


def add_jobs(
    tx: Connection, database: Database, new: Sequence[NewJob], now: float, **special: Any
) -> list[Row]:
    """`add_job` for several mailboxes at once, with as few statements as for one of them.

    No two may be of one mailbox: the second would have to see the first. Raises Locked on a server
    when several have to be added, and one of their mailboxes has open jobs, or one held. What a
    person repeats, or a grace period deletes (`special`), says nothing new of what billing wants.
    """
    if not new:
        return []
    lines = next_sequences(tx, database, new)
    followed = [line["id"] for line in lines if line["sequence"] != 1]  # else nothing to look for
    beside = cancelling.jobs_beside(tx, followed)
    if len(new) > 1 and not database.embedded and any(beside.values()):
        # Whoever claims locks jobs in another order than the mailboxes' one.
        raise Locked(refusal("database_busy"))
    late = [not special and comes_late(tx, *each) for each in zip(new, lines, strict=True)]
    values = [
        job_values(*each, beside[each[1]["id"]], now) | special
        for each in zip(new, lines, late, strict=True)
    ]
    if not special:
        counted = [each for each in zip(new, lines, late, strict=True) if not each[2]]
        mark(tx, database, [(job, line, beside[line["id"]]) for job, line, _ in counted])
    rows = inserted(tx, values)
    if any(late) or any(beside[line["id"]] for line in lines):
        database.notify(tx, *Topic)  # some may end with it, or did
    for row, came_late, line in zip(rows, late, lines, strict=True):
        if came_late or row["status"] == "held":  # it has ended before it was begun
            outbox.enqueue_callback(tx, row, now)
        elif not special:
            cancelling.overtake(tx, row, beside[line["id"]], now)
    return rows


def inserted(tx: Connection, values: list[dict[str, Any]]) -> list[Row]:
    """The jobs as they are stored, in this order."""
    if len(values) == 1:
        return [tx.execute(INSERT_JOB, values[0]).mappings().one()]
    rows = {row["id"]: row for row in tx.execute(INSERT_JOB, values).mappings()}
    return [rows[each["id"]] for each in values]


def comes_late(tx: Connection, new: NewJob, line: Row) -> bool:
    """Whether it says less, by its own time, than what came before it."""
    decided = line["decided"] or {}
    former = new.intent.from_service_id
    taken_from = None if former is None else [new.source, former]
    if is_late(new.effect, decided, new.service, new.hook_time, taken_from):
        return True
    # A service that has ended as a whole left no mark at a mailbox that it did not have.
    if new.intent.action in GAINS and new.member is None:
        of = service_lines.of(tx, *new.service)
        if of is not None and is_late(new.effect, of["decided"] or {}, new.service, new.hook_time):
            return True
    return new.effect.takes_away and needed_later(tx, line["id"], new.service, new.hook_time)


def job_values(
    new: NewJob, line: Row, late: bool, beside: Sequence[Row], now: float
) -> dict[str, Any]:
    """The columns of a job that begins now, or is over as it comes late."""
    values = {
        "id": new.id,
        "mailbox_id": line["id"],
        "sequence": line["sequence"],
        "hook_id": new.hook_id,
        "source": new.source,
        "account": new.account,
        "domain": line["domain"],
        "address": line["address"],
        "service_id": new.intent.service_id,
        "action": new.intent.action,
        "facts": " ".join(sorted(new.effect.facts)),
        "intent": intent_values(new.intent),
        "from_service_id": new.intent.from_service_id,
        # A late hook is never carried out, so its password is not even stored.
        "sealed": None if late else new.sealed,
        "state": line["state"],
        "available_at": now,
        "created_at": now,
    }
    if new.member is not None:
        values |= {"service_job": new.member.first, "silent": new.member.silent}
    if late:
        over = {"status": "cancelled", "waiting_for": None, "finished_at": now}
        return values | over | {"message": CUSTOMER_TEXTS[Overtaken], **error_columns(OUTDATED)}
    waits = "account" if line["account_paused"] else "turn" if waiting(beside) else None
    begins = {"status": "queued", "waiting_for": waits, "finished_at": None, "message": None}
    begun = values | begins | error_columns(None)
    return begun if new.member is None else begun | new.member.columns(now)


def waiting(beside: Sequence[Row]) -> list[Row]:
    return [row for row in beside if row["status"] != "held"]


def mark(
    tx: Connection, database: Database, new: Sequence[tuple[NewJob, Row, Sequence[Row]]]
) -> None:
    """Notes at each mailbox which hook spoke last, and what it says of the customer and of how many
    mailboxes there may be."""
    marks = [
        {
            "mailbox_id": line["id"],
            "decided": marks_with(job.effect, line["decided"] or {}, job.service, job.hook_time),
        }
        for job, line, _ in new
    ]
    if marks:
        tx.execute(UPDATE_MAILBOX, marks if len(marks) > 1 else marks[0])
    told = [
        (job.source, job.intent.service_id, job.intent.seats)
        for job, _, _ in new
        if job.intent.seats is not None
    ]
    if told:
        service_lines.learn_seats(tx, database, told)
    for job, line, beside in new:
        if customers.teaches(line, waiting(beside), job.source, job.intent):
            customers.teach(
                tx, line["id"], job.source, job.intent.service_id, job.intent.customer_id
            )


def next_sequences(tx: Connection, database: Database, new: Sequence[NewJob]) -> list[Row]:
    """Each mailbox's next sequence number, taken under the row's lock: this is the order, never a
    clock.

    With it comes of the mailbox what a new job needs, and whether the account stands still, as
    `account_paused`.
    """
    places = [
        {"account": job.account, "domain": address.domain, "address": str(address)}
        for job in new
        for address in [Address.parse(job.intent.address)]
    ]
    statement = take_sequence(database.embedded)
    if len(places) == 1:
        return [tx.execute(statement, places[0]).mappings().one()]
    found = {
        (row["account"], row["address"]): row for row in tx.execute(statement, places).mappings()
    }
    return [found[place["account"], place["address"]] for place in places]


@cache
def take_sequence(embedded: bool) -> Any:
    """The statement of `next_sequences`, on either store."""
    # Written out: several mailboxes at a time would have parameters for what stands in VALUES alone.
    named: Any = sa.literal_column(f"'{SEQUENCE_FLOOR}'")
    zero: Any = sa.literal_column("0")
    one: Any = sa.literal_column("1")
    last_of_restore = sa.select(key_values.c.value).where(key_values.c.name == named)
    floor = sa.func.coalesce(last_of_restore.scalar_subquery(), zero)
    place: dict[str, Any] = {name: sa.bindparam(name) for name in ("account", "domain", "address")}
    new = upsert(embedded, mailboxes).values(**place, sequence=floor + one)
    last = sa.case((mailboxes.c.sequence < floor, floor), else_=mailboxes.c.sequence)
    taken = new.on_conflict_do_update(
        index_elements=["account", "address"], set_={"sequence": last + one}
    )
    needed = (
        mailboxes.c[name]
        for name in f"id account domain address sequence state decided {OWNER_COLUMNS}".split()
    )
    return taken.returning(*needed, SELECT_ACCOUNT_PAUSED.scalar_subquery().label("account_paused"))


def raise_floor(tx: Connection, database: Database, least: int) -> None:
    """From now on no mailbox's next sequence number is `least` or below, also of one that was
    forgotten.
    """
    new = upsert(database.embedded, key_values).values(name=SEQUENCE_FLOOR, value=least)
    lower = key_values.c.value < least
    tx.execute(
        new.on_conflict_do_update(index_elements=["name"], set_={"value": least}, where=lower)
    )
