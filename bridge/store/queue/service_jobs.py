"""Hooks about a whole service: a job of the service, and one for each of its mailboxes, in the
transaction that accepts the hook.

Rule 1: the members get their places in the lines of their mailboxes together, when the hook is
accepted. So what comes before and after it is so for every mailbox, and a deletion never meets a
mailbox that was ordered later. Rule 2: the limits count the members whole before there is anything
that could run.

Locked in the order of every hook that comes in: the hook, the mailboxes, the accounts, the line of
the service, the jobs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.errors import Limit, NeedsPerson, Overtaken
from bridge.domain.ports import Checkpoint, ServiceRules
from bridge.domain.services import HELD, MEMBER_ACTIONS
from bridge.domain.source import Forbidden
from bridge.domain.superseded import CUSTOMER_TEXTS, TAKES_AWAY, is_late
from bridge.reporting import notes as sentences
from bridge.reporting.refusals import refusal
from bridge.store.base.database import Database, Topic
from bridge.store.base.rows import Row, error_columns, intent_values
from bridge.store.base.tables import jobs
from bridge.store.queue import (
    creations,
    enqueue,
    money,
    notes,
    outbox,
    service_end,
    service_lines,
    service_members,
    still_wanted,
)
from bridge.store.queue.brake import Brake
from bridge.store.queue.enqueue import OUTDATED, Membership, NewJob

INSERT_JOB = sa.insert(jobs).returning(jobs)


@dataclass(frozen=True)
class ServiceJobs:
    """`new_id` gives a fresh job id; ids sort by time."""

    database: Database
    new_id: Callable[[float], str]
    rules: ServiceRules
    brake: Brake | None = None
    checkpoint: Checkpoint = lambda name: None

    def admit(
        self,
        tx: Connection,
        new: NewJob,
        now: float,
        since: float | None,
        permit: Callable[[str], None],
    ) -> Row:
        """The service's job, with its members in the lines of their mailboxes. The caller holds the
        transaction.

        `since`: suspensions before then do not count. `permit` raises where the source may not
        touch a mailbox. Raises Forbidden, brake.TooMany.
        """
        intent = new.intent
        members = service_members.lock(
            tx, intent.action, new.source, new.account, intent.service_id
        )
        for member in members:
            permit(member["address"])
        other = service_members.elsewhere(tx, new.source, new.account, intent.service_id)
        if other is not None:  # it would be told that all of it is done
            raise Forbidden(refusal("service_elsewhere", account=other, source=new.source))
        if self._deletes(intent.action):
            # Only where deletions are counted: meanwhile nobody claims a job of any account.
            creations.lock_accounts(tx, self.database)
        line = service_lines.take(tx, self.database, new.source, intent.service_id)
        if self._comes_late(tx, new, line):
            return self._over(tx, new, line, now)
        limit = self._limit(tx, new, len(members), since, now)
        job = self.insert(tx, new, line["sequence"], now, limit)
        service_lines.speak(tx, line, job)
        self.checkpoint("service-recorded")
        silent = new.source not in self.rules.member_callbacks
        part = Membership(job["id"], silent, limit)
        self._add(tx, new, members, part, now)
        self.checkpoint("members-recorded")
        if limit is not None:
            outbox.enqueue_callback(tx, job, now)
            notes.add(tx, f"job:{job['id']}", sentences.held(job, limit.detail, None), now)
            return job
        self.database.notify(tx, *Topic)
        return service_end.settle(tx, job["id"], job, now) or job

    def _comes_late(self, tx: Connection, new: NewJob, line: Row) -> bool:
        effect = service_lines.effect(new.intent.action)
        service, at = new.service, new.hook_time
        if is_late(effect, line["decided"] or {}, service, at):
            return True
        return effect.takes_away and still_wanted.needed_later_in_service(tx, service, at)

    def _over(self, tx: Connection, new: NewJob, line: Row, now: float) -> Row:
        over = {"status": "cancelled", "finished_at": now, "message": CUSTOMER_TEXTS[Overtaken]}
        values = self._values(new, line["sequence"], now) | over | error_columns(OUTDATED)
        job = tx.execute(INSERT_JOB, values).mappings().one()
        outbox.enqueue_callback(tx, job, now)
        return job

    def _deletes(self, action: str) -> bool:
        """Whether its deletions are counted."""
        limited = self.rules.terminations_per_hour and not self.rules.grace
        return bool(limited) and MEMBER_ACTIONS[action] in TAKES_AWAY

    def _limit(
        self, tx: Connection, new: NewJob, count: int, since: float | None, now: float
    ) -> NeedsPerson | None:
        """Why nothing is done until a person has looked: so many mailboxes at once."""
        if new.account in self.rules.observed:
            return None  # nothing is done there
        action = MEMBER_ACTIONS[new.intent.action]
        if self.brake is not None and action in self.brake.suspends:
            if self.brake.check_service(tx, new.source, count, since, now):
                return None
            text = refusal("service_suspensions", count=count, job=new.id)
            return NeedsPerson(text, limit=Limit.SUSPENSIONS)
        most = self.rules.terminations_per_hour
        if not self._deletes(new.intent.action) or not count:
            return None
        if money.deletions(tx, now) + count <= most:
            return None
        text = refusal("service_deletions", count=count, limit=most, job=new.id)
        return NeedsPerson(text, limit=Limit.DELETIONS)

    def _values(self, new: NewJob, sequence: int, now: float) -> dict[str, Any]:
        effect = service_lines.effect(new.intent.action)
        observed = {"observed_only": True} if new.account in self.rules.observed else None
        return {
            "id": new.id,
            "sequence": sequence,
            "hook_id": new.hook_id,
            "source": new.source,
            "account": new.account,
            "domain": "",
            "address": "",
            "service_id": new.intent.service_id,
            "action": new.intent.action,
            "facts": " ".join(sorted(effect.facts)),
            "intent": intent_values(new.intent),
            "extra": observed,
            "available_at": now,
            "created_at": now,
        }

    def insert(
        self,
        tx: Connection,
        new: NewJob,
        sequence: int,
        now: float,
        held: NeedsPerson | None = None,
        **special: Any,
    ) -> Row:
        """It is under way from the beginning: nobody claims it."""
        begun = {"status": "running", "started_at": now, "finished_at": None, "message": None}
        stopped = {"status": "held", "finished_at": now, "message": HELD}
        values = self._values(new, sequence, now) | begun | error_columns(held) | special
        if held is not None:
            values |= stopped
        return tx.execute(INSERT_JOB, values).mappings().one()

    def _add(
        self, tx: Connection, new: NewJob, members: Sequence[Row], part: Membership, now: float
    ) -> None:
        intent = replace(new.intent, action=MEMBER_ACTIONS[new.intent.action])
        for number, member in enumerate(members, 1):
            of_member = replace(
                new,
                id=self.new_id(now),
                hook_id=f"part_{part.first}_{number}",
                intent=replace(intent, address=member["address"]),
                member=part,
            )
            enqueue.add_jobs(tx, self.database, [of_member], now)
