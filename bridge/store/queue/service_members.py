"""Which mailboxes a service's hook is about: those on record as the service's, and those that it is
just getting.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.actions import GAINS
from bridge.domain.model import State
from bridge.domain.superseded import TAKES_AWAY
from bridge.store.base.conditions import among
from bridge.store.base.rows import Row
from bridge.store.base.tables import jobs, mailboxes
from bridge.store.queue.still_wanted import came_back

AGAIN = jobs.alias("again")
TRIED_AGAIN = sa.exists().where(AGAIN.c.replaces == jobs.c.id)
OF_SERVICE = (
    # By no index of the source: that would first sort all that it ever sent.
    sa.func.coalesce(jobs.c.source, "") == sa.bindparam("source"),
    jobs.c.service_id == sa.bindparam("service_id"),
    jobs.c.account == sa.bindparam("account"),
    jobs.c.action.in_(sorted(GAINS)),
)
OPEN_GAIN = sa.select(jobs.c.mailbox_id).where(
    *OF_SERVICE, jobs.c.status.in_(("queued", "running"))
)
HELD_GAIN = sa.select(jobs.c.mailbox_id).where(*OF_SERVICE, jobs.c.status == "held", ~TRIED_AGAIN)
RECORDED = sa.and_(
    mailboxes.c.source == sa.bindparam("source"),
    mailboxes.c.service_id == sa.bindparam("service_id"),
    mailboxes.c.account == sa.bindparam("account"),
    mailboxes.c.state != str(State.ABSENT),
)
IS_TERMINATION = (
    among(jobs.c.action, *sorted(TAKES_AWAY)),
    jobs.c.purge.is_(False),
    jobs.c.status != "cancelled",
    jobs.c.mailbox_id == sa.bindparam("mailbox_id"),
    jobs.c.source == sa.bindparam("source"),
    jobs.c.service_id == sa.bindparam("service_id"),
)
SELECT_LAST_TERMINATION = (
    sa.select(jobs.c.service_job, jobs.c.status)
    .where(*IS_TERMINATION)
    .order_by(jobs.c.sequence.desc())
    .limit(1)
)


def lock(tx: Connection, action: str, source: str, account: str, service_id: str) -> Sequence[Row]:
    """As `find`, locked in the order of everybody."""
    return find(tx, action, source, account, service_id, locked=True)


def find(
    tx: Connection,
    action: str,
    source: str,
    account: str,
    service_id: str,
    locked: bool = False,
) -> Sequence[Row]:
    """The rows of its mailboxes. None of a mailbox that is known to be gone.

    A suspension does not wait for what is held: a creation that is approved later is `conflict`.
    What a customer removed singly is not brought back by an unsuspension of the whole.
    """
    asked = {"source": source, "account": account, "service_id": service_id}
    getting = [OPEN_GAIN, HELD_GAIN] if action == "service.terminate" else [OPEN_GAIN]
    found = sa.or_(*(mailboxes.c.id.in_(one) for one in getting))
    query = sa.select(mailboxes).where(RECORDED | found).order_by(mailboxes.c.address)
    rows = tx.execute(query.with_for_update() if locked else query, asked).mappings().all()
    if action != "service.unsuspend":
        return rows
    return [row for row in rows if not removed_singly(tx, row, source, service_id)]


def elsewhere(tx: Connection, source: str, account: str, service_id: str) -> str | None:
    """Another account that has a mailbox of this service; None where there is none."""
    mine = mailboxes.c.source == source, mailboxes.c.service_id == service_id
    there = mailboxes.c.account != account, mailboxes.c.state != str(State.ABSENT)
    return tx.scalar(sa.select(mailboxes.c.account).where(*mine, *there).limit(1))


def lock_of(tx: Connection, ids: Sequence[int]) -> None:
    """These mailboxes, in the order of everybody."""
    wanted = sa.select(mailboxes.c.id).where(mailboxes.c.id.in_(ids)).order_by(mailboxes.c.address)
    tx.execute(wanted.with_for_update()).all()


def removed_singly(tx: Connection, mailbox: Row, source: str, service_id: str) -> bool:
    """Whether a hook for this mailbox alone takes it away, or has begun its grace, and nothing
    since needs it."""
    asked = {"mailbox_id": mailbox["id"], "source": source, "service_id": service_id}
    last = tx.execute(SELECT_LAST_TERMINATION, asked).mappings().first()
    if last is None or last["service_job"] is not None:
        return False
    pending = last["status"] in ("queued", "running", "held") or mailbox["delete_after"] is not None
    return pending and not came_back(tx, {**mailbox, "source": source, "service_id": service_id})
