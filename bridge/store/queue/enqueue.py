"""New jobs: each at the end of the line of its mailbox, with the next sequence number."""

from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.actions import decides
from bridge.domain.errors import Overtaken
from bridge.domain.model import Address
from bridge.domain.superseded import CUSTOMER_TEXTS, HookEffect, is_late, marks_with
from bridge.reporting.receipts import LATE
from bridge.store.base.database import Database, upsert
from bridge.store.base.rows import Row, error_columns, intent_values
from bridge.store.base.tables import accounts, jobs, key_values, mailboxes
from bridge.store.queue import cancelling, customers, outbox
from bridge.store.queue.account_state import STANDS_STILL
from bridge.store.queue.still_wanted import needed_later
from hooks.types import Intent

SEQUENCE_FLOOR = "sequence_floor"
OWNER_COLUMNS = "source service_id customer_id customer_source"

SELECT_ACCOUNT_PAUSED = sa.select(STANDS_STILL).where(
    accounts.c.name == sa.bindparam("account_name")
)
INSERT_JOB = sa.insert(jobs).returning(jobs)
UPDATE_MAILBOX = sa.update(mailboxes).where(mailboxes.c.id == sa.bindparam("mailbox_id"))

OUTDATED = Overtaken(LATE)


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
    mailbox = next_sequence(tx, database, account, Address.parse(intent.address))
    facts = decides(intent.action, password=intent.password is not None or sealed is not None)
    hook_time = intent.timestamp.timestamp()
    effect, decided = HookEffect(intent.action, facts), mailbox["decided"] or {}
    service = [source, intent.service_id]
    late = not special and is_late(effect, decided, service, hook_time)
    if not special and effect.takes_away:
        late = late or needed_later(tx, mailbox["id"], service, hook_time)
    first = mailbox["sequence"] == 1  # then there is nothing to look for
    others = () if first else cancelling.jobs_beside(tx, mailbox["id"])
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
        # A late hook is never carried out, so its password is not even stored.
        "sealed": None if late else sealed,
        "status": "cancelled" if late else "queued",
        "state": mailbox["state"],
        "available_at": now,
        "created_at": now,
    } | special
    if late:
        values |= {
            "finished_at": now,
            "message": CUSTOMER_TEXTS[Overtaken],
            **error_columns(OUTDATED),
        }
    else:
        values["waiting_for"] = (
            "account" if mailbox["account_paused"] else "turn" if waiting else None
        )
        # What a person repeats, or a grace period deletes, says nothing new of what billing wants.
        if not special:
            tx.execute(
                UPDATE_MAILBOX,
                {
                    "mailbox_id": mailbox["id"],
                    "decided": marks_with(effect, decided, service, hook_time),
                },
            )
            if customers.teaches(mailbox, waiting, source, intent):
                customers.teach(tx, mailbox["id"], source, intent.service_id, intent.customer_id)
    row = tx.execute(INSERT_JOB, values).mappings().one()
    if late:
        outbox.enqueue_callback(tx, row, now)
    elif not special:
        cancelling.overtake(tx, row, others, now)
    return row


def next_sequence(tx: Connection, database: Database, account: str, address: Address) -> Row:
    """The mailbox's next sequence number, taken under the row's lock: this is the order, never a
    clock.

    With it comes of the mailbox what a new job needs, and whether the account stands still, as
    `account_paused`.
    """
    place = {
        "account": account,
        "domain": address.domain,
        "address": str(address),
        "account_name": account,
    }
    row: Row = tx.execute(take_sequence(database.embedded), place).mappings().one()
    return row


@cache
def take_sequence(embedded: bool) -> Any:
    """The statement of `next_sequence`, on either store."""
    floor = sa.func.coalesce(
        sa.select(key_values.c.value).where(key_values.c.name == SEQUENCE_FLOOR).scalar_subquery(),
        0,
    )
    place: dict[str, Any] = {name: sa.bindparam(name) for name in ("account", "domain", "address")}
    new = upsert(embedded, mailboxes).values(**place, sequence=floor + 1)
    last = sa.case((mailboxes.c.sequence < floor, floor), else_=mailboxes.c.sequence)
    taken = new.on_conflict_do_update(
        index_elements=["account", "address"], set_={"sequence": last + 1}
    )
    needed = (
        mailboxes.c[name]
        for name in f"id domain address sequence state decided {OWNER_COLUMNS}".split()
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
