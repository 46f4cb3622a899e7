"""Whose a mailbox is at billing: learned from the hooks of the service that owns it, and asked
before a creation.

Rule 1: no hook of a service that does not own the mailbox teaches anything of it, and none that
came late by its own time.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.actions import CREATES
from bridge.domain.customers import Presence, objection
from bridge.domain.errors import NeedsPerson
from bridge.domain.model import MAKING, Address, ChangeKind, Record, State
from bridge.domain.ports import Job, Limits
from bridge.reporting import notes as sentences
from bridge.store.base.conditions import among
from bridge.store.base.database import Database
from bridge.store.base.rows import Row, record_values
from bridge.store.base.tables import accounts, differences, jobs, mailboxes, steps
from bridge.store.queue import audit
from bridge.store.queue.still_wanted import is_late
from hooks.types import Intent

# Learning. In the line of a mailbox, the order of arrival is the order of `sequence`.

UPDATE_CUSTOMER = sa.update(mailboxes).where(
    mailboxes.c.id == sa.bindparam("mailbox_id"),
    mailboxes.c.source == sa.bindparam("owner_source"),
    mailboxes.c.service_id == sa.bindparam("owner_service"),
)
OF_SOURCE = jobs.c.mailbox_id == sa.bindparam("mailbox_id"), jobs.c.source == sa.bindparam("source")
SELECT_INTENTS = (
    sa.select(jobs.c.intent, jobs.c.error)
    .where(
        *OF_SOURCE,
        jobs.c.service_id == sa.bindparam("service_id"),
        jobs.c.sequence >= sa.bindparam("since"),
        jobs.c.replaces.is_(None),
        jobs.c.purge.is_(False),
    )
    .order_by(jobs.c.sequence.desc())
)
SELECT_CREATE_SENT = sa.select(
    sa.exists().where(
        steps.c.job_id == sa.bindparam("job_id"), steps.c.kind == str(ChangeKind.CREATE)
    )
)


def teaches(mailbox: Row, waiting: Sequence[Row], source: str, intent: Intent) -> bool:
    """Whether a hook that comes now says something new of its mailbox.

    Not while a creation is open: who owns the mailbox then may not be so in the end, and the
    creation's end reads all hooks.
    """
    if intent.customer_id is None or (mailbox["source"], mailbox["service_id"]) != (
        source,
        intent.service_id,
    ):
        return False
    known = mailbox["customer_source"], mailbox["customer_id"]
    return known != (source, intent.customer_id) and all(
        row["action"] not in CREATES for row in waiting
    )


def teach(
    tx: Connection, mailbox: int, source: str, service_id: str, customer_id: str | None
) -> int:
    """Notes the customer if the service owns the mailbox; how many rows that changed."""
    values = {
        "customer_id": customer_id,
        "customer_source": source if customer_id is not None else None,
    }
    return tx.execute(
        UPDATE_CUSTOMER,
        {"mailbox_id": mailbox, "owner_source": source, "owner_service": service_id, **values},
    ).rowcount


def named(tx: Connection, mailbox: int, source: str, service_id: str, since: int = 0) -> str | None:
    """The customer that the newest hook of this service for this mailbox named, as far as its hooks
    are kept; of those from the sequence `since` on.
    """
    asked = {"mailbox_id": mailbox, "source": source, "service_id": service_id, "since": since}
    intents = tx.execute(SELECT_INTENTS, asked).mappings()
    return next(
        (
            row["intent"]["customer_id"]
            for row in intents
            if "customer_id" in row["intent"] and not is_late(row)
        ),
        None,
    )


def learn_owner(tx: Connection, job: Job) -> None:
    """At the end of what may have given the mailbox an owner. One that was made has that owner's
    customer, also where it is not known; one that was taken over keeps its own, unless a hook of
    the service has named one since.
    """
    since = 0 if job.intent.from_service_id is None else job.sequence
    service = job.source, job.intent.service_id
    customer = named(tx, job.mailbox, *service, since)
    if customer is not None or tx.scalar(SELECT_CREATE_SENT, {"job_id": job.id}):
        teach(tx, job.mailbox, *service, customer)


# Going. `gone_at` is when a mailbox was first seen to be gone; it ends when the mailbox is seen
# again.

MISSING_SINCE = (
    sa.select(sa.func.min(differences.c.since))
    .where(
        differences.c.account == mailboxes.c.account, differences.c.address == mailboxes.c.address
    )
    .where(differences.c.kind == "missing")
    .correlate(mailboxes)
    .scalar_subquery()
)


GONE_SINCE = sa.func.coalesce(
    mailboxes.c.gone_at, MISSING_SINCE, sa.bindparam("now", type_=sa.Float)
)
UPDATE_RECORD = sa.update(mailboxes).where(mailboxes.c.id == sa.bindparam("mailbox_id"))
UPDATE_RECORD_GONE = UPDATE_RECORD.values(gone_at=GONE_SINCE)


def remember(tx: Connection, mailbox: int, record: Record, now: float, **more: Any) -> None:
    """Writes what is known of a mailbox now, and with it since when it is gone."""
    values = {"mailbox_id": mailbox, **record_values(record), **more}
    if record.state is State.ABSENT:
        tx.execute(UPDATE_RECORD_GONE, {**values, "now": now})
    else:
        tx.execute(
            UPDATE_RECORD, values if record.state is State.UNKNOWN else {**values, "gone_at": None}
        )


def going(state: State, now: float) -> dict[str, Any]:
    """The column that goes with a state which is corrected by itself."""
    if state is State.ABSENT:
        return {"gone_at": sa.func.coalesce(mailboxes.c.gone_at, MISSING_SINCE, now)}
    return {} if state is State.UNKNOWN else {"gone_at": None}


# Judging

MAKES_MAILBOX = (
    steps.c.job_id == sa.bindparam("job_id"),
    steps.c.kind.in_([str(kind) for kind in MAKING]),
)
SELECT_CREATION_BEGUN = sa.select(sa.exists().where(*MAKES_MAILBOX))
IS_CREATING = (
    jobs.c.mailbox_id == mailboxes.c.id,
    among(jobs.c.status, "queued", "running"),
    among(jobs.c.action, *CREATES),
    jobs.c.touched,
    jobs.c.id != sa.bindparam("job_id"),
)
IN_DOMAIN = (
    mailboxes.c.account == sa.bindparam("account"),
    mailboxes.c.domain == sa.bindparam("domain"),
)
# Owned from before its first command on, so while a creation is open the row says nothing of who
# has the mailbox.
IS_PRESENT = sa.or_(mailboxes.c.state != str(State.ABSENT), mailboxes.c.gone_at.is_(None))
HAS_MAILBOX = sa.and_(mailboxes.c.source.is_not(None), IS_PRESENT, ~sa.exists().where(*IS_CREATING))
SELECT_CUSTOMERS = (
    sa.select(
        mailboxes.c.customer_id,
        sa.func.max(sa.case((HAS_MAILBOX, 1), else_=0)).label("has"),
        sa.func.max(mailboxes.c.gone_at).label("gone_at"),
    )
    .where(
        *IN_DOMAIN,
        mailboxes.c.customer_source == sa.bindparam("source"),
        mailboxes.c.customer_id.is_not(None),
    )
    .group_by(mailboxes.c.customer_id)
)
SELECT_OPEN_CREATIONS = (
    sa.select(jobs.c.intent).select_from(mailboxes).join(jobs, sa.and_(*IS_CREATING))
)
SELECT_OPEN_CREATIONS = SELECT_OPEN_CREATIONS.where(
    *IN_DOMAIN, jobs.c.source == sa.bindparam("source")
)


def allow_creation(
    tx: Connection,
    database: Database,
    job: Job,
    counted: bool,
    limits: Limits,
    now: float,
    lifted: Collection[str],
) -> None:
    """Returns when this job may make a mailbox for its customer. Raises NeedsPerson.

    Once for each job, before its first command that buys or creates: what was paid for is not held
    up afterwards. From then on the open job stands for its customer, so of two creations at the
    same moment one sees the other. `counted`: a limit over all accounts is asked next.
    """
    intent = job.intent
    if (intent.customer_id is None and not intent.domain_confirmed) or tx.scalar(
        SELECT_CREATION_BEGUN, {"job_id": job.id}
    ):
        return
    # Whoever is counted over all accounts locks them later on, in this order; so it has to be this
    # one.
    lock = sa.select(accounts.c.name).order_by(accounts.c.name)
    tx.execute(
        database.lock_row(lock if counted else lock.where(accounts.c.name == job.account))
    ).all()
    error = against(tx, job, limits, now, lifted)
    if intent.domain_confirmed:
        passed = (error.code, error.detail) if error else None
        detail = sentences.domain_confirmed(intent.customer_id, job.hook, passed)
        audit.add(tx, f"source {job.source}", "confirm", intent.address, now, detail)
    elif error:
        raise error


def against(
    tx: Connection, job: Job, limits: Limits, now: float, lifted: Collection[str]
) -> NeedsPerson | None:
    """What stands against this job's creation as things are now. Nothing is written."""
    customer, address = job.intent.customer_id, Address.parse(job.intent.address)
    if customer is None or job.source in limits.sharing:
        return None
    asked = {
        "account": job.account,
        "domain": address.domain,
        "source": job.source,
        "job_id": job.id,
    }
    return objection(customer, address, present(tx, asked), now, lifted)


def present(tx: Connection, asked: Mapping[str, str]) -> list[Presence]:
    """What each known customer of a source has in a domain, beside one job."""
    having: dict[str, dict[str, Any]] = defaultdict(dict)
    # The open creations first: each statement of PostgreSQL sees what was committed before it, and
    # a creation that ends between the two is a mailbox for the second. The other way round it
    # would be neither.
    for intent in tx.scalars(SELECT_OPEN_CREATIONS, asked):
        if "customer_id" in intent:
            having[intent["customer_id"]]["creates"] = True
    for row in tx.execute(SELECT_CUSTOMERS, asked).mappings():
        having[row["customer_id"]] |= {"has": bool(row["has"]), "gone_at": row["gone_at"]}
    return [Presence(customer_id, **what) for customer_id, what in having.items()]
