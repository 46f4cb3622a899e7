"""The line of a service: its sequence, which of its own hooks spoke last, how many mailboxes were
sold, and whether it is suspended.

Locked after the mailboxes and the accounts, and before the jobs of the service itself, wherever
several are.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.actions import GAINS, decides
from bridge.domain.model import State
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
# Of the service's own hooks, and of those that still count, the newest first
SELECT_OWN_HOOKS = (
    sa.select(
        *(jobs.c[name] for name in "id hook_id action status state intent created_at".split())
    )
    .where(
        jobs.c.mailbox_id.is_(None),
        jobs.c.source == sa.bindparam("source"),
        jobs.c.service_id == sa.bindparam("service_id"),
        jobs.c.status != "cancelled",
    )
    .order_by(jobs.c.sequence.desc())
)
SELECT_LATER_GAIN = (
    sa.select(jobs.c.id)
    .where(
        # By no index of the source: that would first sort all that it ever sent.
        sa.func.coalesce(jobs.c.source, "") == sa.bindparam("source"),
        jobs.c.service_id == sa.bindparam("service_id"),
        jobs.c.id > sa.bindparam("than"),
        jobs.c.action.in_(sorted(GAINS)),
    )
    .limit(1)
)
LOCK_LINE = sa.select(services.c.id).where(*OF_SERVICE).with_for_update()


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


def lock(tx: Connection, source: str, service_id: str) -> None:
    """Before any job of the service itself, and after the mailboxes and the accounts."""
    tx.execute(LOCK_LINE, {"of_source": source, "of_service": service_id}).first()


def speak(tx: Connection, line: Row, job: Row) -> None:
    """Notes that this hook of the service was accepted: what it decides, and its suspension."""
    service = [job["source"], job["service_id"]]
    marks = marks_with(effect(job["action"]), line["decided"] or {}, service, hook_time(job))
    _write(tx, job, own_hooks(tx, job), marks)


def take_back(tx: Connection, job: Row) -> None:
    """Nothing is done for this hook of the service any more, so no hook is late because of it, and
    what was said before it counts again."""
    line = of(tx, job["source"], job["service_id"])
    if line is None:
        return
    service = [job["source"], job["service_id"]]
    own = own_hooks(tx, job)
    before: list[Mark] = [
        (effect(row["action"]), service, hook_time(row))
        for row in own
        if row["hook_id"] != job["hook_id"]
    ]
    marks = marks_without(
        effect(job["action"]), line["decided"] or {}, service, hook_time(job), before
    )
    _write(tx, job, own, marks)


def over(tx: Connection, job: Row) -> None:
    """A service that was terminated is not suspended any more, and nothing of it is sold: it may be
    ordered anew, which tells its seats again."""
    line = of(tx, job["source"], job["service_id"])
    if line is not None:
        asked = {name: job[name] for name in ("source", "service_id")} | {"than": job["id"]}
        told_anew = tx.scalar(SELECT_LATER_GAIN, asked) is not None
        more = {} if told_anew else {"seats": None}
        _write(tx, job, own_hooks(tx, job), line["decided"], **more)


def _write(tx: Connection, job: Row, own: Sequence[Row], marks: Any, **more: Any) -> None:
    suspension = suspended_by(own)
    values = {
        **more,
        "decided": marks,
        "suspended_by": suspension and suspension["id"],
        "suspended_at": suspension and suspension["created_at"],
    }
    of_service = {"of_source": job["source"], "of_service": job["service_id"]}
    tx.execute(UPDATE_LINE, {**of_service, **values})


def own_hooks(tx: Connection, job: Row) -> Sequence[Row]:
    asked = {name: job[name] for name in ("source", "service_id")}
    return tx.execute(SELECT_OWN_HOOKS, asked).mappings().all()


def suspended_by(own: Sequence[Row]) -> Row | None:
    """The first job of the hook that suspends the service, of its own hooks that count, the newest
    first; None: it is not suspended as a whole.

    A terminate that did not take all away lifts no suspension.
    """
    for row in own:
        if row["action"] == "service.unsuspend":
            return None
        if row["action"] == "service.suspend":
            same = [each for each in own if each["hook_id"] == row["hook_id"]]
            return same[-1]
        if row["status"] == "succeeded" and row["state"] != str(State.UNKNOWN):
            return None
    return None


def takes_away_after(tx: Connection, job: Row) -> list[HookEffect]:
    """What took the whole service away since this job of one of its mailboxes was made, also one of
    which that mailbox was no member."""
    found = [
        effect(row["action"])
        for row in own_hooks(tx, job)
        if (row["created_at"], row["id"]) > (job["created_at"], job["id"])
    ]
    return [each for each in found if each.takes_away]


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
