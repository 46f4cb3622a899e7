"""Hooks that are taken back: what was not begun is cancelled, and what led to no job is dismissed.
One transaction each.

Locked in the order of every hook that comes in: the hooks, the mailbox, its jobs.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.errors import UnknownThing, Withdrawn
from bridge.domain.ports import CannotWithdraw, Dismissal, Receipt, SourcePaused
from bridge.domain.superseded import CUSTOMER_TEXTS, withdrawn
from bridge.reporting.refusals import refusal
from bridge.store.base.database import Database, Topic, upsert
from bridge.store.base.rows import Row
from bridge.store.base.tables import hooks, jobs, mailboxes, purchases, steps
from bridge.store.queue import cancelling, service_members, service_receipts
from bridge.store.queue.inbox import SELECT_SOURCE, Matches, hook_values, known_hook
from bridge.store.queue.money import IN_DOUBT, NOT_SPENT
from bridge.store.queue.service_receipts import all_members
from bridge.store.queue.service_receipts import newest as newest_members
from bridge.store.queue.still_wanted import effect_of
from hooks.standard.schemas import WITHDRAWALS
from hooks.types import Verified, Withdrawal

(TYPE,) = WITHDRAWALS


class Withdrawals:
    def __init__(self, database: Database) -> None:
        self.database = database

    def withdraw(
        self, source: str, verified: Verified, withdrawal: Withdrawal, digest: str, matches: Matches
    ) -> Receipt | Dismissal:
        with self.database.write() as tx:
            now = self.database.now_and_notify(tx, *Topic)
            account_state = tx.execute(SELECT_SOURCE, {"source_name": source}).mappings().first()
            if account_state is not None and account_state["paused"]:
                raise SourcePaused(source)
            came = hook_values(source, verified, TYPE, digest, now)
            new = upsert(self.database.embedded, hooks).values(came).on_conflict_do_nothing()
            own = tx.execute(new.returning(hooks.c.id)).first()
            if own is None:
                return self._again(tx, source, verified, withdrawal, matches)
            job = self._take_back(tx, came, withdrawal, now)
            # Of what led to no job neither hook waits for anybody.
            left = {"job_id": job["id"]} if job is not None else {"dismissed_at": now}
            tx.execute(sa.update(hooks).where(hooks.c.id == own.id).values(**left))
            return (
                service_receipts.receipt(tx, job) if job is not None else Dismissal(withdrawal.hook)
            )

    def _again(
        self,
        tx: Connection,
        source: str,
        verified: Verified,
        withdrawal: Withdrawal,
        matches: Matches,
    ) -> Receipt | Dismissal:
        known = sa.select(hooks).where(hooks.c.source == source, hooks.c.hook_id == verified.id)
        row = tx.execute(known).mappings().one()
        if row["type"] != TYPE or not matches(row["digest"]):
            known_hook(tx, source, verified.id, lambda digest: False)  # raises what fits
        if row["job_id"] is None:
            return Dismissal(withdrawal.hook)
        job = tx.execute(sa.select(jobs).where(jobs.c.id == row["job_id"])).mappings().first()
        if job is None:
            raise UnknownThing(refusal("job_pruned"))
        return service_receipts.receipt(tx, job)

    def _take_back(
        self, tx: Connection, came: dict[str, Any], withdrawal: Withdrawal, now: float
    ) -> Row | None:
        """The newest job of the hook, as it is then; None when there is none, and none will be."""
        # One that never came may still travel: its id is used up here, whichever of the two is
        # first.
        blank = {**came, "hook_id": withdrawal.hook, "type": ""}
        tx.execute(upsert(self.database.embedded, hooks).values(blank).on_conflict_do_nothing())
        mine = sa.select(hooks).where(
            hooks.c.source == came["source"], hooks.c.hook_id == withdrawal.hook
        )
        hook = tx.execute(self.database.lock_row(mine)).mappings().one()
        if hook["type"] == TYPE:
            raise CannotWithdraw(refusal("withdrawal_withdrawn"))
        if hook["job_id"] is None:
            dismissed = {
                "dismissed_at": sa.func.coalesce(hooks.c.dismissed_at, now),
                "sealed": None,
            }
            tx.execute(sa.update(hooks).where(hooks.c.id == hook["id"]).values(**dismissed))
            return None
        of_hook = jobs.c.source == hook["source"], jobs.c.hook_id == hook["hook_id"]
        newest = sa.select(jobs).where(*of_hook).order_by(jobs.c.sequence.desc()).limit(1)
        job = tx.execute(newest).mappings().one()
        if job["mailbox_id"] is None:
            return self._take_back_whole(tx, job, now)
        tx.execute(
            self.database.lock_row(
                sa.select(mailboxes.c.id).where(mailboxes.c.id == job["mailbox_id"])
            )
        )
        doubt = sa.select(purchases.c.job_id).join(jobs, jobs.c.id == purchases.c.job_id)
        if (
            doubted := tx.scalar(doubt.where(*of_hook, purchases.c.outcome.in_(IN_DOUBT)))
        ) is not None:
            raise CannotWithdraw(refusal("withdrawn_in_doubt", job=doubted))
        job = tx.execute(newest).mappings().one()
        # A person had it tried again: what the job before may have done, stays, and whoever hears
        # "cancelled" leaves it so. Only what takes the mailbox away is better left half done.
        if effect_of(job).takes_away or not tx.scalar(sa.select(done_before(job).exists())):
            self._end(tx, job, now)
        return tx.execute(newest).mappings().one()

    def _take_back_whole(self, tx: Connection, job: Row, now: float) -> Row:
        """Of a whole service: only as long as nothing was sent for any of its mailboxes."""
        first = service_receipts.first_of(tx, job)
        service_members.lock_of(tx, [row["mailbox_id"] for row in newest_members(tx, first)])
        members = newest_members(tx, first)
        if not any(row["touched"] for row in all_members(tx, first)):
            for row in members:
                self._end(tx, row, now)
        return tx.execute(sa.select(jobs).where(jobs.c.id == job["id"])).mappings().one()

    def _end(self, tx: Connection, job: Row, now: float) -> None:
        """Cancels it if nothing was begun; a worker that is at it meets the mark before its first
        command.
        """
        untouched, error = jobs.c.touched.is_(False), withdrawn()
        match job["status"]:
            case "queued":
                cancelling.cancel(tx, job["id"], now, error, CUSTOMER_TEXTS[Withdrawn], untouched)
            case "held":
                cancelling.call_off(tx, job["id"], now, error, CUSTOMER_TEXTS[Withdrawn], untouched)
            case "running":
                running = jobs.c.id == job["id"], jobs.c.status == "running"
                tx.execute(sa.update(jobs).where(*running, untouched).values(withdrawn=True))


def done_before(job: Row) -> sa.Select[Any]:
    """The commands of earlier jobs of the same hook that took effect, or may have."""
    earlier = (
        jobs.c.source == job["source"],
        jobs.c.hook_id == job["hook_id"],
        jobs.c.id != job["id"],
    )
    effect = steps.c.outcome.not_in(NOT_SPENT)
    return sa.select(steps.c.id).join(jobs, jobs.c.id == steps.c.job_id).where(*earlier, effect)
