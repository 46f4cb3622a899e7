"""The journal of commands: each is noted before it is sent, and its answer after.

Rule 1: no command is sent whose intent was not committed first. So a crash leaves a doubt, never a
command that nobody knows.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.actions import CREATES
from bridge.domain.aliases import Neighbour, facts_of
from bridge.domain.errors import BridgeError
from bridge.domain.model import (
    MONEY,
    Answer,
    Change,
    ChangeKind,
    Mailbox,
    Outcome,
    Record,
    Step,
    to_rfc3339,
)
from bridge.domain.plan import settles_at
from bridge.domain.ports import InitialPlan, Job, Limits
from bridge.store.base.database import Database, Topic
from bridge.store.base.rows import error_values
from bridge.store.base.tables import mailboxes, steps
from bridge.store.queue import (
    cancelling,
    creations,
    customers,
    fencing,
    money,
    neighbours,
    password_links,
    seats,
)
from bridge.store.queue.shared_writes import SharedWrites, shared
from bridge.store.queue.still_wanted import unwanted

NEW_PASSWORD = frozenset({ChangeKind.CREATE, ChangeKind.SET_PASSWORD, ChangeKind.DELETE})
"""After these, what was said of the mailbox's password is over."""
UPDATE_MAILBOX = sa.update(mailboxes).where(mailboxes.c.id == sa.bindparam("mailbox_id"))
INSERT_STEP = sa.insert(steps).returning(steps.c.id)


class Journal:
    """What an attempt writes while it works at its job."""

    database: Database
    writes: SharedWrites
    lease: float

    @shared
    def intend(
        self,
        tx: Connection,
        job: Job,
        change: Change,
        command: str,
        digest: str,
        record: Record,
        call_limit: float,
        settle: float,
        limits: Limits,
        first: InitialPlan | None = None,
    ) -> Step:
        fencing.lock_mailbox(tx, self.database, job)
        now = self.database.now(tx)
        row = fencing.update_claimed(tx, job, touched=True, **as_columns(first))
        # Asked under the lock that every newer hook of the mailbox takes: what comes after this
        # commit finds a job that was begun.
        if (error := unwanted(tx, row)) is not None:
            raise error
        if job.intent.action in CREATES and not job.journal:
            seats.allow_in_service(tx, job)
        neighbours.permit(tx, self.database, job, change, record)
        if change.makes:
            seats.allow_one_more(tx, self.database, job)
            counted = change.spends or creations.is_limited(job, limits)
            customers.allow_creation(tx, self.database, job, counted, limits, now, job.lifted)
            creations.allow(tx, self.database, job, limits, now)
        if change.spends:
            # The look that this rests on may have taken two calls.
            money.allow_purchase(
                tx, self.database, row, now, settle, 2 * call_limit, limits, job.lifted
            )
        if change.kind is ChangeKind.CREATE:
            money.see_purchase(tx, row)
        if change.kind is ChangeKind.DELETE:
            money.allow_deletion(tx, self.database, row, now, limits, job.lifted)
        # From this commit on the job counts as begun, so what waits before it may end.
        if cancelling.make_an_end(tx, row, now):
            self.database.notify(tx, Topic.ENDS, Topic.CALLBACKS)
        values = {
            "job_id": job.id,
            "token": job.token,
            "kind": str(change.kind),
            "command": command,
            "digest": digest,
            "arguments": dict(change.arguments),
            "outcome": "intent",
            "started_at": now,
            # The latest time at which the call can have ended, until its answer says when it
            # did.
            "ended_at": now + call_limit,
            "trust_after": record.settles_at,
        }
        number = int(tx.execute(INSERT_STEP, values).scalar_one())
        # Written before the command is sent: should this process die, no read is believed until
        # the command must have ended and Enom must show it.
        until = settles_at(record.settles_at, now + call_limit, settle)
        step = Step(
            number,
            str(change.kind),
            Outcome.INTENT,
            now,
            now + call_limit,
            record.settles_at,
            settles_at=until,
            mailbox_made=change.arguments.get("mailbox_made"),
        )
        if change.spends:
            money.add_purchase(tx, row, step, change)
        customers.remember(tx, job.mailbox, replace(record, settles_at=until), now)
        return step

    def neighbours(self, job: Job, wanted: Collection[str]) -> Sequence[Neighbour]:
        return neighbours.of_account(self.database, job.account, job.intent.address, wanted)

    def allow_creation(self, job: Job, limits: Limits) -> None:
        with self.database.read() as tx:
            seats.allow_in_service(tx, job)
            seats.check(tx, job)
            if job.changes_service:
                return  # the mailbox is in the domain already
            error = customers.against(tx, job, limits, self.database.now(tx), job.lifted)
        if error is not None and not job.intent.domain_confirmed:
            raise error

    @shared
    def answered(
        self,
        tx: Connection,
        job: Job,
        step: Step,
        outcome: Outcome,
        error: BridgeError | None,
        answer: Answer | None,
        record: Record,
        settle: float,
    ) -> Step:
        fencing.lock_mailbox(tx, self.database, job)
        now = self.database.now(tx)
        evidence = dict(answer.evidence) if answer else None
        values = {
            "outcome": outcome,
            "error": error_values(error),
            "evidence": evidence,
            "ended_at": now,
        }
        # An answer that comes after the lease was lost is dropped: the intent stays, and
        # whoever has the job now treats it as unknown. That is slower, never wrong.
        fencing.update_step(tx, self.database, job, step.id, **values)
        # What was surely not done cannot make a read stale.
        done = outcome not in (Outcome.UNSENT, Outcome.REFUSED)
        until = settles_at(step.trust_after, now, settle) if done else step.trust_after
        if step.kind in MONEY:
            money.purchase_answered(tx, step.id, outcome, evidence, now, until)
        more: dict[str, Any] = {}
        if done and step.kind in NEW_PASSWORD:
            password_links.end(tx, job.mailbox, now)
            more = {"awaits_password": False}
        customers.remember(tx, job.mailbox, replace(record, settles_at=until), now, **more)
        return replace(step, outcome=outcome, error=error, ended_at=now, settles_at=until)

    @shared
    def renew(self, tx: Connection, job: Job, step: Step, call_limit: float, settle: float) -> None:
        fencing.lock_mailbox(tx, self.database, job)
        now = self.database.now(tx)
        # The command goes out later than its intent said: lease and settling move with it.
        fencing.update_claimed(tx, job, lease_until=now + self.lease)
        tx.execute(fencing.UPDATE_STEP, {"step_id": step.id, "ended_at": now + call_limit})
        until = settles_at(step.settles_at, now + call_limit, settle)
        if step.kind in MONEY:
            money.purchase_delayed(tx, step.id, now + call_limit, until)
        tx.execute(UPDATE_MAILBOX, {"mailbox_id": job.mailbox, "settles_at": until})


def as_columns(first: InitialPlan | None) -> dict[str, Any]:
    return {"plan": first.plan.describe(), "seen": describe(first.seen)} if first else {}


def describe(seen: Mailbox) -> dict[str, Any]:
    """An observation as JSON, for people."""
    shown: dict[str, Any] = {"exists": seen.exists}
    if seen.services is not None:
        shown["services"] = dict(seen.services)
    shown |= {
        name: value for name in ("quota", "used") if (value := getattr(seen, name)) is not None
    }
    named = facts_of(seen.aliases, seen.forwarding)
    shown |= {name: value for name, value in named.items() if value is not None}
    if seen.pak is not None:
        shown["pak"] = {
            "bundle": seen.pak.bundle,
            "free": seen.pak.free,
            "expires": to_rfc3339(seen.pak.expires),
        }
    if seen.paks or not seen.exists:
        shown["paks"] = [
            {"bundle": p.bundle, "free": p.free, "expires": to_rfc3339(p.expires)}
            for p in seen.paks
        ]
    return shown
