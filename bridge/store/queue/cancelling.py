"""Jobs that end unbegun: overtaken by newer hooks, taken back by billing or called off."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.actions import GAINS, decides
from bridge.domain.errors import BridgeError, Overtaken
from bridge.domain.jobs import Status, allow
from bridge.domain.superseded import (
    CUSTOMER_TEXTS,
    TAKES_AWAY,
    HookEffect,
    overtaken,
    taken_away,
)
from bridge.reporting import notes as sentences
from bridge.store.base.conditions import among
from bridge.store.base.rows import Row, error_columns
from bridge.store.base.tables import jobs, mailboxes, purchases, steps
from bridge.store.queue import notes, outbox, service_end
from bridge.store.queue.money import IN_DOUBT, NOT_SPENT
from bridge.store.queue.still_wanted import effect_of, take_back

COMPARED_COLUMNS = [
    jobs.c[name] for name in "id mailbox_id sequence source service_id action facts status".split()
]
SELECT_WITH_JOBS_BESIDE = sa.select(mailboxes.c.account, mailboxes.c.address).where(
    mailboxes.c.address.in_(sa.bindparam("addresses", expanding=True)),
    sa.or_(
        *(
            sa.exists().where(jobs.c.mailbox_id == mailboxes.c.id, among(jobs.c.status, *statuses))
            for statuses in (("queued", "running"), ("held",))
        )
    ),
)


def open_or_held(whose: sa.ColumnElement[bool]) -> sa.CompoundSelect[Any]:
    """Open jobs; and what takes the mailbox away and is held, because a newer hook may call it
    off."""
    compared = sa.select(*COMPARED_COLUMNS).where(whose)
    held = among(jobs.c.status, "held"), among(jobs.c.action, *sorted(TAKES_AWAY))
    return compared.where(among(jobs.c.status, "queued", "running")).union_all(
        compared.where(*held, jobs.c.touched.is_(False))
    )


# For one by itself, as nearly always, because a list of values cannot be prepared.
SELECT_JOBS_OF_MAILBOX = open_or_held(jobs.c.mailbox_id == sa.bindparam("only_mailbox"))
SELECT_JOBS_OF_MAILBOXES = open_or_held(
    jobs.c.mailbox_id.in_(sa.bindparam("mailbox_ids", expanding=True))
)


# Of one that was begun and waited again: what it has sent took effect, or may have.
IS_CHANGED = jobs.c.changed | sa.exists().where(
    jobs.c.touched,
    steps.c.job_id == jobs.c.id,
    steps.c.outcome.not_in(NOT_SPENT),
)
CREATION = HookEffect("mailbox.create", decides("mailbox.create"))
SELECT_HELD_CREATIONS = sa.select(jobs.c.id).where(
    jobs.c.mailbox_id == sa.bindparam("mailbox_id"),
    jobs.c.source == sa.bindparam("source"),
    jobs.c.service_id == sa.bindparam("service_id"),
    jobs.c.sequence < sa.bindparam("sequence"),
    among(jobs.c.status, "held"),
    jobs.c.action.in_(sorted(GAINS)),
    # A person has to look the order up first
    ~sa.exists().where(purchases.c.job_id == jobs.c.id, purchases.c.outcome.in_(IN_DOUBT)),
)


def with_jobs_beside(tx: Connection, addresses: Sequence[str]) -> set[tuple[str, str]]:
    """Those of these mailboxes of which `jobs_beside` may find something: account and address."""
    rows = tx.execute(SELECT_WITH_JOBS_BESIDE, {"addresses": addresses})
    return {(row.account, row.address) for row in rows}


def jobs_beside(tx: Connection, mailbox_ids: Sequence[int]) -> Mapping[int, Sequence[Row]]:
    """What is open of each mailbox, and what is held and would take it away; none for others."""
    found: defaultdict[int, list[Row]] = defaultdict(list)
    if len(mailbox_ids) == 1:
        rows = tx.execute(SELECT_JOBS_OF_MAILBOX, {"only_mailbox": mailbox_ids[0]}).mappings()
    elif mailbox_ids:
        rows = tx.execute(SELECT_JOBS_OF_MAILBOXES, {"mailbox_ids": mailbox_ids}).mappings()
    else:
        return found
    for row in rows:
        found[row["mailbox_id"]].append(row)
    return found


def overtake(tx: Connection, new: Row, others: Sequence[Row], now: float) -> None:
    """Cancels what is needless beside newer hooks of the same service, the new one among them, and
    was not begun.
    """
    same = [
        row
        for row in others
        if (row["source"], row["service_id"]) == (new["source"], new["service_id"])
    ]
    # What is behind a change of service may speak of a mailbox that is another's by then.
    change = max((row["sequence"] for row in others if effect_of(row).takes_over), default=0)
    for row in same:
        effect = effect_of(row)
        if row["sequence"] < change and not effect.takes_away and not effect.takes_over:
            continue
        newer = [effect_of(new)]
        # Whatever needs the mailbox made an end of such a one when it came.
        if not effect.takes_away:
            newer += [
                effect_of(other)
                for other in same
                if other["sequence"] > row["sequence"] and other["status"] != "held"
            ]
        error = overtaken(effect, newer)
        if error is not None:
            end = call_off if row["status"] == "held" else cancel
            end(tx, row["id"], now, error, CUSTOMER_TEXTS[Overtaken], jobs.c.touched.is_(False))


def make_an_end(tx: Connection, job: Row, now: float) -> bool:
    """Cancels what waits unbegun before a hook that takes the mailbox away, now that this one is
    begun, or has ended well; whether there was any.

    Not earlier: until then a newer hook may call it off. The caller holds the lock of the mailbox's
    row.
    """
    if not effect_of(job).takes_away or job["purge"]:
        return False
    ended = job["service_job"] is not None and end_held_creations(tx, job, now)
    if job["replaces"] is not None:
        return ended
    for row in jobs_beside(tx, [job["mailbox_id"]])[job["mailbox_id"]]:
        same = (row["source"], row["service_id"]) == (job["source"], job["service_id"])
        error = taken_away(effect_of(row), [effect_of(job)])
        if error is not None and same and row["sequence"] < job["sequence"]:
            text = CUSTOMER_TEXTS[Overtaken]
            ended |= cancel(tx, row["id"], now, error, text, jobs.c.touched.is_(False))
    return ended


def end_held_creations(tx: Connection, job: Row, now: float) -> bool:
    """With the whole service goes what it was still to get: a person must not approve it later."""
    mine = {name: job[name] for name in ("mailbox_id", "source", "service_id", "sequence")}
    error = taken_away(CREATION, [effect_of(job)])
    ended = False
    for held in tx.scalars(SELECT_HELD_CREATIONS, mine).all():
        text = CUSTOMER_TEXTS[Overtaken]
        ended |= call_off(tx, held, now, error, text) is not None
    return ended


def cancel(
    tx: Connection, job: str, now: float, error: BridgeError | None, message: str, *only_if: Any
) -> bool:
    """Cancels a queued job and writes its callback. False when it is no longer queued, or not as
    `only_if` says.
    """
    change = sa.update(jobs).where(jobs.c.id == job, jobs.c.status == "queued", *only_if)
    values = {"changed": IS_CHANGED, **as_cancelled(now, error, message)}
    row = tx.execute(change.values(**values).returning(jobs)).mappings().first()
    if row is not None:
        take_back(tx, row)
        service_end.ended(tx, row, now)
    return row is not None


def call_off(
    tx: Connection, job: str, now: float, error: BridgeError | None, message: str, *only_if: Any
) -> Row | None:
    """Ends a held job as cancelled, and writes the callback that says so: the row as it is then.

    None when it is not held any more, was tried again already, or is not as `only_if` says. Its
    sequence stays; its `finished_at` is now, so that whoever asks for results is told once more.
    What the callback before it said and could not deliver is not sent any more; the note to the
    admin is over.
    """
    allow(Status.HELD, Status.CANCELLED)
    again = jobs.alias("again")
    alone = ~sa.exists().where(again.c.replaces == jobs.c.id)
    change = sa.update(jobs).where(jobs.c.id == job, jobs.c.status == "held", alone, *only_if)
    row = (
        tx.execute(change.values(**as_cancelled(now, error, message)).returning(jobs))
        .mappings()
        .first()
    )
    if row is None:
        return None
    if row["mailbox_id"] is not None:
        take_back(tx, row)
    outbox.withdraw(tx, job, now)
    service_end.ended(tx, row, now)
    notes.clear(tx, f"job:{job}", sentences.not_held(row, message), now)
    return row


def as_cancelled(now: float, error: BridgeError | None, message: str) -> dict[str, Any]:
    """The columns of a job that is cancelled now; its password is not needed any more."""
    return {
        "status": "cancelled",
        "waiting_for": None,
        "finished_at": now,
        "sealed": None,
        "message": message,
        **error_columns(error),
    }
