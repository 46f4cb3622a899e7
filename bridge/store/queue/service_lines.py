"""The line of a service: its sequence, which of its own hooks spoke last, how many mailboxes were
sold, and whether it is suspended.

Locked after the mailboxes, wherever both are.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.actions import decides
from bridge.domain.services import MEMBER_ACTIONS
from bridge.domain.superseded import HookEffect, Mark, marks_with, marks_without
from bridge.store.base.database import Database, upsert
from bridge.store.base.rows import Row
from bridge.store.base.tables import jobs, key_values, services

SEQUENCE_FLOOR = "sequence_floor"  # the same as of mailboxes
OF_SERVICE = (
    services.c.source == sa.bindparam("of_source"),
    services.c.service_id == sa.bindparam("of_service"),
)
SELECT_LINE = sa.select(services).where(*OF_SERVICE)
UPDATE_LINE = sa.update(services).where(*OF_SERVICE)
# Of the service's own hooks, and of those that still count
SELECT_OTHER_HOOKS = (
    sa.select(jobs.c.action, jobs.c.facts, jobs.c.intent)
    .where(
        jobs.c.mailbox_id.is_(None),
        jobs.c.source == sa.bindparam("source"),
        jobs.c.service_id == sa.bindparam("service_id"),
        jobs.c.hook_id != sa.bindparam("hook_id"),
        jobs.c.status != "cancelled",
        jobs.c.replaces.is_(None),
    )
    .order_by(jobs.c.sequence.desc())
)


def effect(action: str) -> HookEffect:
    """What a service's hook says of each mailbox."""
    member = MEMBER_ACTIONS[action]
    return HookEffect(member, decides(member))


def take(tx: Connection, database: Database, source: str, service_id: str) -> Row:
    """The service's row, locked, with its next sequence number."""
    place = {"source": source, "service_id": service_id}
    return tx.execute(take_sequence(database.embedded), place).mappings().one()


@cache
def take_sequence(embedded: bool) -> Any:
    last = sa.select(key_values.c.value).where(key_values.c.name == SEQUENCE_FLOOR)
    floor = sa.func.coalesce(last.scalar_subquery(), 0)
    place: dict[str, Any] = {name: sa.bindparam(name) for name in ("source", "service_id")}
    new = upsert(embedded, services).values(**place, sequence=floor + 1)
    highest = sa.case((services.c.sequence < floor, floor), else_=services.c.sequence)
    return new.on_conflict_do_update(
        index_elements=["source", "service_id"], set_={"sequence": highest + 1}
    ).returning(services)


def of(tx: Connection, source: str, service_id: str) -> Row | None:
    asked = {"of_source": source, "of_service": service_id}
    return tx.execute(SELECT_LINE, asked).mappings().first()


def speak(tx: Connection, line: Row, job: Row) -> None:
    """Notes that this hook of the service was accepted: what it decides, and its suspension."""
    service, at = [job["source"], job["service_id"]], hook_time(job)
    marks = marks_with(effect(job["action"]), line["decided"] or {}, service, at)
    suspended = job["action"] == "service.suspend"
    values = {
        "decided": marks,
        "suspended_by": job["id"] if suspended else None,
        "suspended_at": job["created_at"] if suspended else None,
    }
    tx.execute(UPDATE_LINE, {"of_source": service[0], "of_service": service[1], **values})


def take_back(tx: Connection, job: Row) -> None:
    """Nothing is done for this hook of the service any more, so no hook is late because of it, and
    it suspends no creation."""
    service = {"of_source": job["source"], "of_service": job["service_id"]}
    line = tx.execute(SELECT_LINE, service).mappings().first()
    if line is None:
        return
    asked = {name: job[name] for name in ("source", "service_id", "hook_id")}
    of_service = [job["source"], job["service_id"]]
    before: list[Mark] = [
        (effect(row["action"]), of_service, hook_time(row))
        for row in tx.execute(SELECT_OTHER_HOOKS, asked).mappings()
    ]
    decided = marks_without(
        effect(job["action"]), line["decided"] or {}, of_service, hook_time(job), before
    )
    values: dict[str, Any] = {"decided": decided}
    first = sa.select(sa.func.min(jobs.c.id)).where(
        jobs.c.mailbox_id.is_(None),
        jobs.c.source == job["source"],
        jobs.c.service_id == job["service_id"],
        jobs.c.hook_id == job["hook_id"],
    )
    if line["suspended_by"] is not None and line["suspended_by"] == tx.scalar(first):
        values |= {"suspended_by": None, "suspended_at": None}
    tx.execute(UPDATE_LINE, {**service, **values})


def hook_time(job: Row) -> float:
    return datetime.fromisoformat(job["intent"]["timestamp"]).timestamp()


def learn_seats(tx: Connection, database: Database, told: Iterable[tuple[str, str, int]]) -> None:
    """How many mailboxes each service may have: source, service and number, the newest last.

    In one order everywhere: two processes would else wait for each other.
    """
    newest = {(source, service): seats for source, service, seats in told}
    for (source, service_id), seats in sorted(newest.items()):
        new = upsert(database.embedded, services).values(
            source=source, service_id=service_id, seats=seats
        )
        tx.execute(
            new.on_conflict_do_update(
                index_elements=["source", "service_id"], set_={"seats": seats}
            )
        )
