"""What happens by itself as time goes by: deletions after their grace, wiped passwords, pruning."""

from collections.abc import Callable
from datetime import UTC, datetime

import sqlalchemy as sa

from bridge.domain.errors import FOR_APPROVAL
from bridge.domain.superseded import TAKES_AWAY
from bridge.store.admin.sign_ins import REFUSED
from bridge.store.base.conditions import among
from bridge.store.base.database import Database, Topic
from bridge.store.base.tables import (
    audit,
    callbacks,
    events,
    hooks,
    jobs,
    mailboxes,
    notes,
    password_links,
    purchases,
    readiness,
    reconciliations,
    services,
    sources,
    steps,
    subscriptions,
    write_backs,
)
from bridge.store.queue import enqueue
from bridge.store.queue.money import IN_DOUBT
from bridge.store.queue.still_wanted import came_back
from hooks.types import Intent

DAY = 86400.0
WIPE_AFTER = 3 * DAY
WIPE_APPROVABLE_AFTER = 14 * DAY
"""Of what waits for a person's yes: whoever approves it must not have to ask the customer for the
password again.
"""
ENDED_KEPT = 30 * DAY
"""An event of a subscription may come again days later; it must not be news then."""
BATCH = 100  # rows in one transaction, so that hooks never wait long


# What is asked before each transaction that would nearly always find nothing.
NOW: sa.BindParameter[float] = sa.bindparam("now", type_=sa.Float)
SELECT_DELETION_DUE = (
    sa.select(mailboxes.c.id)
    .where(mailboxes.c.delete_after <= NOW, mailboxes.c.source.is_not(None))
    .limit(1)
)
SELECT_PASSWORD_DUE = (
    sa.select(jobs.c.id)
    .where(jobs.c.sealed.is_not(None), jobs.c.finished_at < NOW - WIPE_AFTER)
    .limit(1)
)
SELECT_BODY_DUE = (
    sa.select(hooks.c.id)
    .where(hooks.c.sealed.is_not(None), hooks.c.received_at < NOW - WIPE_AFTER)
    .limit(1)
)


# When a grace is over, they say whether its service has come back since.
OF_SERVICE_IN_GRACE = sa.exists().where(
    mailboxes.c.delete_after.is_not(None),
    mailboxes.c.source == jobs.c.source,
    mailboxes.c.service_id == jobs.c.service_id,
)


# It says that no mailbox is made for it meanwhile.
SUSPENDS_SERVICE = sa.exists().where(
    services.c.source == jobs.c.source,
    services.c.service_id == jobs.c.service_id,
    services.c.suspended_by == jobs.c.id,
)


class Retention:
    def __init__(
        self, database: Database, new_id: Callable[[float], str], keep_days: float
    ) -> None:
        self.database = database
        self.new_id = new_id
        self.keep = keep_days * DAY

    def purge_due(self) -> int:
        """Makes a job of every deletion whose grace is over, but of none whose service has come
        back since.
        """
        if not self.database.finds(SELECT_DELETION_DUE):
            return 0
        with self.database.write() as tx:
            now = self.database.now(tx)
            due = (
                sa.select(mailboxes)
                .where(mailboxes.c.delete_after <= now, mailboxes.c.source.is_not(None))
                .order_by(mailboxes.c.address)  # as a service's hook locks several
                .limit(50)
            )
            rows = tx.execute(self.database.lock_row(due)).mappings().all()
            for row in rows:
                kept = came_back(tx, row)
                later = sa.update(mailboxes).where(mailboxes.c.id == row["id"])
                tx.execute(later.values(delete_after=None if kept else now + DAY))
                if kept:
                    continue
                moment = datetime.fromtimestamp(now, UTC)
                intent = Intent("mailbox.terminate", moment, row["service_id"], row["address"])
                job, owner = self.new_id(now), row["source"]
                enqueue.add_job(
                    tx,
                    self.database,
                    job,
                    f"purge_{job}",
                    owner,
                    row["account"],
                    intent,
                    None,
                    now,
                    purge=True,
                )
            if rows:
                self.database.notify(tx, Topic.JOBS)
            return len(rows)

    def wipe(self) -> int:
        """Wipes the passwords of jobs that ended without success, and parked bodies, when their
        time is over.

        What is held for a person's approval keeps its password for longer.
        """
        if not any(map(self.database.finds, (SELECT_PASSWORD_DUE, SELECT_BODY_DUE))):
            return 0
        with self.database.write() as tx:
            now = self.database.now(tx)
            edge = now - WIPE_AFTER
            approvable = sa.and_(
                jobs.c.status == "held", sa.func.coalesce(jobs.c.code, "").in_(FOR_APPROVAL)
            )
            over = sa.or_(~approvable, jobs.c.finished_at < now - WIPE_APPROVABLE_AFTER)
            old = jobs.c.sealed.is_not(None), jobs.c.finished_at < edge, over
            wiped = tx.execute(sa.update(jobs).where(*old).values(sealed=None)).rowcount
            parked = hooks.c.sealed.is_not(None), hooks.c.received_at < edge
            return wiped + tx.execute(sa.update(hooks).where(*parked).values(sealed=None)).rowcount

    def prune(self) -> int:
        """Removes one batch of what is older than keep_days. Mailboxes (ownership), purchases and
        what people did stay.

        What is still to be told, a job whose purchase is in doubt, those of a service with a mailbox
        in its grace, and what suspends a service stay too.
        """
        with self.database.write() as tx:
            edge = self.database.now(tx) - self.keep
            undelivered = sa.exists().where(
                callbacks.c.job_id == jobs.c.id, among(callbacks.c.status, "pending")
            )
            # As long as it holds up others, a person must be able to look at it and try it again.
            doubted = sa.exists().where(
                purchases.c.job_id == jobs.c.id, purchases.c.outcome.in_(IN_DOUBT)
            )
            kept = ~undelivered, ~doubted, ~OF_SERVICE_IN_GRACE, ~SUSPENDS_SERVICE
            old = (
                sa.select(jobs.c.id)
                .where(jobs.c.finished_at < edge, *kept)
                .order_by(jobs.c.finished_at)
            )
            ids: list[str] = []
            for source in tx.scalars(sa.select(sources.c.name)).all():
                # One after the other: the index of what ended begins with it.
                ids += tx.scalars(old.where(jobs.c.source == source).limit(BATCH - len(ids)))
            if ids:
                for table in (steps, callbacks):
                    tx.execute(sa.delete(table).where(table.c.job_id.in_(ids)))
                tx.execute(sa.delete(hooks).where(hooks.c.job_id.in_(ids)))
                tx.execute(sa.delete(jobs).where(jobs.c.id.in_(ids)))
            tx.execute(sa.delete(hooks).where(hooks.c.job_id.is_(None), hooks.c.received_at < edge))
            tx.execute(
                sa.delete(reconciliations).where(
                    reconciliations.c.ended_at < edge, ~newest_of_account()
                )
            )
            tx.execute(sa.delete(notes).where(notes.c.created_at < edge, notes.c.next_at.is_(None)))
            tx.execute(sa.delete(password_links).where(password_links.c.expires_at < edge))
            ended = (
                subscriptions.c.action.in_(TAKES_AWAY),
                subscriptions.c.said_at < min(edge, self.database.now(tx) - ENDED_KEPT),
            )
            tx.execute(sa.delete(subscriptions).where(*ended))
            tx.execute(sa.delete(write_backs).where(write_backs.c.next_at.is_(None), ~followed()))
            tx.execute(sa.delete(readiness).where(readiness.c.checked_at < edge))
            tx.execute(sa.delete(events).where(events.c.ended_at < edge, ~still_told()))
            tx.execute(sa.delete(audit).where(audit.c.action == REFUSED, audit.c.at < edge))
        return len(ids) or self._forget_the_never_there()

    def _forget_the_never_there(self) -> int:
        """Removes one batch of mailboxes that only refused hooks have named, once the last of these
        is gone.
        """
        # Callbacks go with their jobs
        unnamed = ~sa.exists().where(jobs.c.mailbox_id == mailboxes.c.id) & ~sa.exists().where(
            password_links.c.mailbox_id == mailboxes.c.id
        )
        # The source by no index: that would find all that was ever terminated.
        nobodys = sa.func.coalesce(mailboxes.c.source, "") == "", mailboxes.c.delete_after.is_(None)
        never = among(mailboxes.c.state, "unknown"), *nobodys
        found = sa.select(mailboxes.c.id, mailboxes.c.sequence).where(*never, unnamed).limit(BATCH)
        with self.database.write() as tx:
            if not self.database.embedded:  # one that a hook is naming again just now is left
                found = found.with_for_update(skip_locked=True)
            rows = tx.execute(found).all()
            if rows:
                tx.execute(
                    sa.delete(mailboxes).where(
                        mailboxes.c.id.in_([row.id for row in rows]), unnamed
                    )
                )
                # If it is named again, billing must not hear a sequence that it has seen.
                enqueue.raise_floor(tx, self.database, max(row.sequence for row in rows))
            return len(rows)


def followed() -> sa.ColumnElement[bool]:
    """Whether the subscription of a write-back is one that is still known."""
    return sa.exists().where(
        subscriptions.c.source == write_backs.c.source,
        subscriptions.c.service_id == write_backs.c.service_id,
    )


def still_told() -> sa.ColumnElement[bool]:
    """What an event says still stands, of a mailbox that is still the service's: without its row it
    would be told again."""
    owned = sa.exists().where(
        mailboxes.c.account == events.c.account,
        mailboxes.c.address == events.c.address,
        mailboxes.c.source == events.c.source,
        mailboxes.c.service_id == events.c.service_id,
    )
    return events.c.below_at.is_(None) & owned


def newest_of_account() -> sa.ColumnElement[bool]:
    """The last look at a whole account stays: after a restore it lets the account go on."""
    others = reconciliations.alias("others")
    newest = sa.select(sa.func.max(others.c.id)).where(
        others.c.account == reconciliations.c.account, others.c.whole
    )
    return reconciliations.c.id == newest.scalar_subquery()
