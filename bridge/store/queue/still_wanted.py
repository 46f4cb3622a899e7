"""What a service has said since: whether a hook that takes its mailbox away is still wanted. The
rule: domain/superseded.py.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.errors import BridgeError
from bridge.domain.superseded import (
    NEEDS,
    TAKES_AWAY,
    HookEffect,
    Mark,
    is_older,
    marks_without,
    needed,
    withdrawn,
)
from bridge.reporting.receipts import LATE
from bridge.store.base.conditions import among
from bridge.store.base.rows import Row
from bridge.store.base.tables import hooks, jobs, mailboxes

Values = Row | Mapping[str, Any]
OF_SERVICE = (
    jobs.c.mailbox_id == sa.bindparam("mailbox_id"),
    jobs.c.source == sa.bindparam("source"),
    jobs.c.service_id == sa.bindparam("service_id"),
)
# A job that repeats another one is a person's word; when the service spoke, its first one says.
SELECT_NEEDING_HOOKS = (
    sa.select(*(jobs.c[name] for name in "id sequence action status error intent".split()))
    .where(
        *OF_SERVICE,
        jobs.c.sequence > sa.bindparam("after_sequence"),
        among(jobs.c.action, *sorted(NEEDS)),
        jobs.c.replaces.is_(None),
    )
    .order_by(jobs.c.sequence.desc())
)
# The same in any of its mailboxes, of a service that is taken away as a whole
SELECT_NEEDING_IN_SERVICE = (
    sa.select(*(jobs.c[name] for name in "id action status error intent".split()))
    .outerjoin(hooks, sa.and_(hooks.c.source == jobs.c.source, hooks.c.hook_id == jobs.c.hook_id))
    .where(
        # By no index of the source: that would first sort all that it ever sent.
        sa.func.coalesce(jobs.c.source, "") == sa.bindparam("source"),
        jobs.c.service_id == sa.bindparam("service_id"),
        jobs.c.action.in_(sorted(NEEDS)),
        jobs.c.replaces.is_(None),
        sa.or_(
            jobs.c.created_at > sa.bindparam("after"),
            # Accepted at the same moment: ids are in the order of time
            sa.and_(jobs.c.created_at == sa.bindparam("after"), jobs.c.id > sa.bindparam("than")),
            # Or recorded later, whatever a clock that was set back says
            hooks.c.id > sa.bindparam("after_hook"),
        ),
    )
    .order_by(jobs.c.id.desc())
)
IS_TERMINATION = (
    among(jobs.c.action, *sorted(TAKES_AWAY)),
    jobs.c.purge.is_(False),
    jobs.c.status != "cancelled",
)
SELECT_LAST_TERMINATION = sa.select(sa.func.max(jobs.c.sequence)).where(
    *OF_SERVICE, *IS_TERMINATION, jobs.c.sequence < sa.bindparam("before_sequence")
)
SELECT_LAST_TERMINATION_JOB = (
    sa.select(jobs.c.id, jobs.c.service_job, jobs.c.created_at)
    .where(*OF_SERVICE, *IS_TERMINATION, jobs.c.sequence < sa.bindparam("before_sequence"))
    .order_by(jobs.c.sequence.desc())
    .limit(1)
)
SELECT_ARRIVAL = (
    sa.select(jobs.c.created_at, hooks.c.id)
    .outerjoin(hooks, sa.and_(hooks.c.source == jobs.c.source, hooks.c.hook_id == jobs.c.hook_id))
    .where(jobs.c.id == sa.bindparam("job_id"))
)
NO_HOOK = 2**62  # no id of a hook is higher
SELECT_FIRST_SEQUENCE = sa.select(sa.func.min(jobs.c.sequence)).where(
    *OF_SERVICE, jobs.c.hook_id == sa.bindparam("hook_id")
)

SELECT_SUCCESSOR = (
    sa.select(jobs.c.id)
    .where(
        jobs.c.mailbox_id == sa.bindparam("mailbox_id"),
        jobs.c.sequence > sa.bindparam("sequence"),
        jobs.c.source == sa.bindparam("source"),
        jobs.c.service_id != sa.bindparam("service_id"),
        among(jobs.c.action, "mailbox.ensure"),
        among(jobs.c.status, "queued", "running"),
    )
    .limit(1)
)

# Of hooks alone, and of those that still count. A repair decided nothing, and what a person had
# repeated decided it before.
SELECT_OTHER_HOOKS = (
    sa.select(*(jobs.c[name] for name in "source service_id action facts intent".split()))
    .where(
        jobs.c.mailbox_id == sa.bindparam("mailbox_id"),
        jobs.c.hook_id != sa.bindparam("hook_id"),
        jobs.c.status != "cancelled",
    )
    .where(
        jobs.c.replaces.is_(None),
        jobs.c.purge.is_(False),
        ~jobs.c.hook_id.startswith("repair_", autoescape=True),
    )
    .order_by(jobs.c.sequence.desc())
)


def effect_of(row: Row) -> HookEffect:
    return HookEffect(row["action"], frozenset(row["facts"].split()))


def is_late(row: Row) -> bool:
    return (row["error"] or {}).get("detail") == LATE


def says_need(row: Row) -> bool:
    """Whether a hook that needs the mailbox counts: not one that came late, nor one that was to take
    it over and could not."""
    got_nothing = row["action"] == "mailbox.change_service" and row["status"] == "failed"
    return not is_late(row) and not got_nothing


def unwanted(tx: Connection, job: Row) -> BridgeError | None:
    """Why nothing more is to be sent for a job. The caller holds the lock of its mailbox's row."""
    if job["withdrawn"]:
        return withdrawn()
    if not effect_of(job).takes_away:
        return None
    return needed() if needed_since(tx, job) is not None or has_successor(tx, job) else None


def has_successor(tx: Connection, job: Row) -> bool:
    """Whether a deletion would come before another subscription that may take the mailbox over. If
    that does not, the deletion is due again on the next day."""
    of = {name: job[name] for name in ("mailbox_id", "source", "service_id", "sequence")}
    return bool(job["purge"]) and tx.execute(SELECT_SUCCESSOR, of).first() is not None


def needed_since(tx: Connection, job: Row) -> str | None:
    """The newest job of a hook that needs the mailbox and came after the hook that `job` was made
    for.

    It counts whatever became of it: the service has said that it wants its mailbox.
    """
    service = {name: job[name] for name in ("mailbox_id", "source", "service_id")}
    if job["purge"]:
        after = tx.scalar(SELECT_LAST_TERMINATION, {**service, "before_sequence": job["sequence"]})
    else:
        after = tx.scalar(SELECT_FIRST_SEQUENCE, {**service, "hook_id": job["hook_id"]})
    needing = next(_needing(tx, service, after or 0), (None, 0.0))[0]
    if needing is not None:
        return needing
    whole = _last_termination(tx, job) if job["purge"] else job
    return _needed_in_service(tx, service, whole) if whole is not None else None


def _last_termination(tx: Connection, job: Values) -> Row | None:
    """The hook of its service that began the grace of this mailbox."""
    of = {name: job[name] for name in ("mailbox_id", "source", "service_id")}
    asked = {**of, "before_sequence": job["sequence"]}
    return tx.execute(SELECT_LAST_TERMINATION_JOB, asked).mappings().first()


def _needed_in_service(tx: Connection, service: Mapping[str, Any], member: Values) -> str | None:
    """Of a mailbox that is taken away with its whole service: the newest hook that needs any
    mailbox of it, and came later. Whoever orders one mailbox more did not give up the others."""
    first = member["service_job"]
    if first is None:
        return None
    arrival = tx.execute(SELECT_ARRIVAL, {"job_id": first}).first()
    if arrival is None:  # pruned
        first = member["id"]
        arrival = tx.execute(SELECT_ARRIVAL, {"job_id": first}).one()
    asked = {
        "source": service["source"],
        "service_id": service["service_id"],
        "after": arrival[0],
        "than": first,
        "after_hook": arrival[1] or NO_HOOK,
    }
    rows = tx.execute(SELECT_NEEDING_IN_SERVICE, asked)
    return next((row["id"] for row in rows.mappings() if says_need(row)), None)


def came_after(tx: Connection, later: str, earlier: str) -> bool | None:
    """Whether a job's hook came after that of another one, whatever a clock that was set back
    says; None where one of the hooks is not known any more."""
    places = [tx.execute(SELECT_ARRIVAL, {"job_id": job}).first() for job in (later, earlier)]
    new, old = (int(place[1] or 0) if place is not None else 0 for place in places)
    return old < new if old and new else None


def came_back(tx: Connection, mailbox: Values) -> bool:
    """Whether the owner of a mailbox that waits for its deletion has sent a hook that needs it
    since it was terminated.
    """
    service = {
        "mailbox_id": mailbox["id"],
        "source": mailbox["source"],
        "service_id": mailbox["service_id"],
    }
    after = tx.scalar(
        SELECT_LAST_TERMINATION, {**service, "before_sequence": mailbox["sequence"] + 1}
    )
    if next(_needing(tx, service, after or 0), None) is not None:
        return True
    whole = _last_termination(tx, {**service, "sequence": mailbox["sequence"] + 1})
    return whole is not None and _needed_in_service(tx, service, whole) is not None


def needed_later(tx: Connection, mailbox: int, service: Sequence[str], hook_time: float) -> bool:
    """Whether a hook of the service that needs its mailbox is newer, by its own time, than one of
    this time.

    The marks say so, too, and for longer; but another service's hook for the same address takes
    their place.
    """
    of = {"mailbox_id": mailbox, "source": service[0], "service_id": service[1]}
    return any(is_older(hook_time, other) for _, other in _needing(tx, of, 0))


def needed_later_in_service(tx: Connection, service: Sequence[str], hook_time: float) -> bool:
    """The same of a hook that takes the whole service away: whether a later one needs any of it."""
    of = {
        "source": service[0],
        "service_id": service[1],
        "after": 0.0,
        "than": "",
        "after_hook": NO_HOOK,
    }
    rows = tx.execute(SELECT_NEEDING_IN_SERVICE, of).mappings()
    return any(is_older(hook_time, own_time(row)) for row in rows if says_need(row))


def own_time(row: Row) -> float:
    return datetime.fromisoformat(row["intent"]["timestamp"]).timestamp()


def _needing(tx: Connection, service: dict[str, Any], after: int) -> Iterator[tuple[str, float]]:
    """Id and own time of each, the newest first; none that was itself late."""
    for row in (
        tx.execute(SELECT_NEEDING_HOOKS, {**service, "after_sequence": after}).mappings().all()
    ):
        if says_need(row):
            yield row["id"], own_time(row)


def take_back(tx: Connection, job: Row) -> None:
    """Nothing is done for this job's hook any more, so no hook is late because of it. The caller
    holds the mailbox's lock.
    """
    decided = (
        tx.scalar(sa.select(mailboxes.c.decided).where(mailboxes.c.id == job["mailbox_id"])) or {}
    )
    result = (
        _mark(row)
        for row in tx.execute(
            SELECT_OTHER_HOOKS, {"mailbox_id": job["mailbox_id"], "hook_id": job["hook_id"]}
        ).mappings()
    )
    now = marks_without(effect_of(job), decided, *_mark(job)[1:], result)
    if now != decided:
        tx.execute(
            sa.update(mailboxes).where(mailboxes.c.id == job["mailbox_id"]).values(decided=now)
        )


def _mark(row: Row) -> Mark:
    return (
        effect_of(row),
        (row["source"], row["service_id"]),
        own_time(row),
    )
