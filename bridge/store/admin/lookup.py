"""Reads: receipts and results for queries, and whole stories of single things for people."""

import math
from collections.abc import Collection, Mapping, Sequence, Set
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain import decisions
from bridge.domain.actions import CREATES, PLACE_ACTIONS
from bridge.domain.aliases import Neighbour, facts_of
from bridge.domain.errors import NotPossible, UnknownThing
from bridge.domain.jobs import ENDED
from bridge.domain.model import Record
from bridge.domain.ports import ObservedJob, Receipt, Recorded
from bridge.reporting.refusals import refusal
from bridge.store.admin import decision_facts
from bridge.store.admin.lists import LISTS, Lists
from bridge.store.base.conditions import among
from bridge.store.base.database import Topic
from bridge.store.base.rows import Row, to_intent, to_names, to_observed, to_record
from bridge.store.base.shown_columns import shown
from bridge.store.base.tables import (
    accounts,
    callbacks,
    hooks,
    jobs,
    mailboxes,
    purchases,
    sources,
    steps,
    workers,
)
from bridge.store.queue import neighbours, service_receipts
from bridge.store.queue.account_state import ALIVE, shown_account
from bridge.store.queue.next_callback import WAITING_FOR
from bridge.store.queue.outbox import RECEIVER_COLUMNS
from hooks.standard.schemas import WITHDRAWALS

# A row of PostgreSQL becomes visible when its transaction commits, a little after its time was
# taken.
VISIBLE_AFTER = 10.0
# When the present owner's first creation ended: not of those that were taken over, or whose job is
# pruned. The source by no index: SQLite would look for the least time among all that the source
# ever sent.
OF_OWNER_SOURCE = sa.func.coalesce(jobs.c.source, "") == mailboxes.c.source
OF_OWNER = (
    jobs.c.mailbox_id == mailboxes.c.id,
    OF_OWNER_SOURCE,
    jobs.c.service_id == mailboxes.c.service_id,
)
HAS_CREATED = (
    among(jobs.c.action, *CREATES),
    among(jobs.c.status, "succeeded"),
    jobs.c.changed,
)
CREATED_AT = (
    sa.select(sa.func.min(jobs.c.finished_at))
    .where(*OF_OWNER, *HAS_CREATED)
    .scalar_subquery()
    .label("created_at")
)
# One after the other: asked for either in one statement, SQLite read all jobs of the source.
SELECT_OF_SOURCE = sa.select(jobs).where(jobs.c.source == sa.bindparam("source"))
SELECT_JOB = SELECT_OF_SOURCE.where(jobs.c.id == sa.bindparam("job_or_hook"))
SELECT_NEWEST_OF_HOOK = (
    SELECT_OF_SOURCE.where(jobs.c.hook_id == sa.bindparam("job_or_hook"))
    .order_by(jobs.c.sequence.desc())
    .limit(1)
)


class Lookup(Lists):
    """Everything that is only read. Of lists for people see Lists."""

    def receipt(self, source: str, job_or_hook: str) -> Receipt:
        """Raises UnknownThing, also for what is another source's."""
        asked = {"source": source, "job_or_hook": job_or_hook}
        with self.database.read() as tx:
            row = (
                tx.execute(SELECT_JOB, asked).mappings().first()
                or tx.execute(SELECT_NEWEST_OF_HOOK, asked).mappings().first()
            )
            found = service_receipts.receipt(tx, row) if row else None
        if found is None:
            raise UnknownThing(refusal("no_job_or_hook"))
        return found

    def wait_ended(self, source: str, job: str, deadline: float, clock: Any) -> Receipt:
        """The receipt once the job has ended, or as it is at `deadline` (on `clock`)."""
        while True:
            mark = self.database.mark(Topic.ENDS)
            receipt = self.receipt(source, job)
            left = deadline - clock()
            if receipt.status in ENDED or left <= 0:
                return receipt
            self.database.wait(Topic.ENDS, min(left, 0.5), mark)

    def results(self, source: str, after: str, limit: int) -> tuple[Sequence[Receipt], str | None]:
        """Receipts ended since, oldest first, and the `after` to go on with (None: nothing new)."""
        place = place_of(after)
        with self.database.read() as tx:
            visible = self.database.now(tx) - (0 if self.database.embedded else VISIBLE_AFTER)
            later = sa.tuple_(jobs.c.finished_at, jobs.c.id) > place
            told = ~jobs.c.silent
            mine = jobs.c.source == source, jobs.c.finished_at <= visible, later, told
            query = (
                sa.select(jobs).where(*mine).order_by(jobs.c.finished_at, jobs.c.id).limit(limit)
            )
            rows = tx.execute(query).mappings().all()
            receipts = [service_receipts.receipt(tx, row) for row in rows]
        return receipts, f"{rows[-1]['finished_at']!r}/{rows[-1]['id']}" if rows else None

    def mailboxes(
        self, source: str, after: str, limit: int
    ) -> tuple[Sequence[dict[str, Any]], str | None]:
        mine = mailboxes.c.source == source, mailboxes.c.address > after
        with self.database.read() as tx:
            query = (
                sa.select(mailboxes, CREATED_AT)
                .where(*mine)
                .order_by(mailboxes.c.address)
                .limit(limit + 1)
            )
            rows = tx.execute(query).mappings().all()
        items = [
            {
                "address": row["address"],
                "service_id": row["service_id"],
                "customer_id": row["customer_id"] if row["customer_source"] == source else None,
                "state": row["state"],
                "quota_bytes": row["quota"],
                "created_at": row["created_at"],
                "delete_after": row["delete_after"],
                "checked_at": row["observed_at"],
                **facts_of(**to_names(row)),
            }
            for row in rows[:limit]
        ]
        return items, items[-1]["address"] if len(rows) > limit else None

    def record(self, account: str, address: str, owner: tuple[str, str] | None = None) -> Record:
        here = [mailboxes.c.account == account, mailboxes.c.address == address]
        if owner is not None:  # asked for here, so that another's takes no longer than none
            here += [mailboxes.c.source == owner[0], mailboxes.c.service_id == owner[1]]
        with self.database.read() as tx:
            row = tx.execute(sa.select(mailboxes).where(*here)).mappings().first()
        return to_record(row) if row else Record()

    def customer(self, account: str, address: str, source: str) -> str | None:
        here = mailboxes.c.account == account, mailboxes.c.address == address
        told = mailboxes.c.customer_source == source
        with self.database.read() as tx:
            return tx.scalar(sa.select(mailboxes.c.customer_id).where(*here, told))

    def records(self, account: str, domains: Sequence[str] | None = None) -> Mapping[str, Record]:
        query = sa.select(mailboxes).where(mailboxes.c.account == account)
        if domains is not None:
            query = query.where(mailboxes.c.domain.in_(domains))
        with self.database.read() as tx:
            return {row["address"]: to_record(row) for row in tx.execute(query).mappings()}

    def neighbours(
        self, account: str, address: str, wanted: Collection[str]
    ) -> Sequence[Neighbour]:
        return neighbours.of_account(self.database, account, address, wanted)

    def domains(self, account: str) -> Sequence[str]:
        query = sa.select(mailboxes.c.domain).where(mailboxes.c.account == account).distinct()
        with self.database.read() as tx:
            return list(tx.scalars(query))

    def customers(self, account: str, source: str) -> Mapping[str, str]:
        mine = (
            mailboxes.c.account == account,
            mailboxes.c.source == source,
            mailboxes.c.customer_source == source,
        )
        with self.database.read() as tx:
            query = sa.select(mailboxes.c.address, mailboxes.c.customer_id).where(
                *mine, mailboxes.c.customer_id.is_not(None)
            )
            return {address: customer for address, customer in tx.execute(query)}

    def customers_known(self, source: str) -> tuple[int, int]:
        """How many mailboxes of a source have a customer that is known, and how many there are."""
        counts = sa.select(sa.func.count(mailboxes.c.customer_id), sa.func.count()).where(
            mailboxes.c.source == source
        )
        with self.database.read() as tx:
            known, all_of_them = tx.execute(counts).one()
        return int(known), int(all_of_them)

    def has_mailbox_in(self, source: str, account: str, domain: str) -> bool:
        mine = (
            mailboxes.c.account == account,
            mailboxes.c.domain == domain,
            mailboxes.c.source == source,
        )
        with self.database.read() as tx:
            return bool(tx.scalar(sa.select(sa.exists().where(*mine))))

    def busy(self, account: str) -> Set[str]:
        open_jobs = jobs.c.account == account, among(jobs.c.status, "queued", "running")
        with self.database.read() as tx:
            return frozenset(tx.scalars(sa.select(jobs.c.address).where(*open_jobs)))

    def observed(self, account: str, since: float) -> Sequence[ObservedJob]:
        mine = (
            jobs.c.account == account,
            jobs.c.created_at >= since,
            jobs.c.status == "succeeded",
            jobs.c.extra.is_not(None),
            jobs.c.mailbox_id.is_not(None),
        )
        with self.database.read() as tx:
            rows = (
                tx.execute(sa.select(jobs).where(*mine).order_by(jobs.c.id.desc())).mappings().all()
            )
        return [to_observed(row) for row in rows if row["extra"].get("observed_only")]

    # For people

    def story(self, job: str) -> Mapping[str, Any]:
        """Everything about one job: itself, its hook, mailbox, commands, purchases, callbacks."""
        with self.database.read() as tx:
            row = tx.execute(sa.select(jobs).where(jobs.c.id == job)).mappings().first()
            if row is None:
                raise UnknownThing(refusal("no_job", id=job))
            hook = sa.select(hooks).where(
                hooks.c.source == row["source"], hooks.c.hook_id == row["hook_id"]
            )
            found = tx.execute(hook).mappings().first()
            job_callbacks = sa.select(
                callbacks, WAITING_FOR.label("waiting_for"), *RECEIVER_COLUMNS
            ).where(callbacks.c.job_id == job)

            ahead = sa.select(jobs.c.id).where(
                # Of a service nothing runs that could wait.
                sa.literal(row["mailbox_id"] is not None),
                jobs.c.mailbox_id == row["mailbox_id"],
                jobs.c.sequence < row["sequence"],
                jobs.c.status.not_in(ENDED),
            )
            mailbox = sa.select(mailboxes).where(mailboxes.c.id == row["mailbox_id"])
            of = tx.execute(mailbox).mappings().first()
            account = (
                tx.execute(sa.select(accounts).where(accounts.c.name == row["account"]))
                .mappings()
                .first()
            )
            here = (
                jobs.c.account == row["account"],
                jobs.c.domain == row["domain"],
                jobs.c.id != job,
            )
            # What it may wait for: where it needs no place in the domain, nothing beside it.
            beside = sa.select(jobs.c.id).where(
                among(jobs.c.status, "running"),
                among(jobs.c.action, *sorted(PLACE_ACTIONS)),
                sa.literal(row["action"] in PLACE_ACTIONS),
                *here,
            )
            now = self.database.now(tx)
            seen = tx.scalar(
                sa.select(workers.c.seen_at).where(workers.c.owner == row["lease_owner"])
            )
            return {
                "job": shown("jobs", row),
                "hook": shown("hooks", found) if found else None,
                "mailbox": shown("mailboxes", of) if of else None,
                "account": shown_account(account) if account else None,
                "now": now,
                "behind": list(tx.scalars(ahead.order_by(jobs.c.sequence))),
                "beside": list(tx.scalars(beside.order_by(jobs.c.id))),
                "holder_lives": seen is not None and abs(now - seen) < ALIVE,
                "tried_again_as": (facts := decision_facts.of_job(tx, row)).tried_again_as,
                "approved": facts.approved,
                "may": decisions.of_job(facts),
                "members": members_of(tx, row),
                "commands": rows_of_job(tx, steps, job),
                "purchases": rows_of_job(tx, purchases, job),
                "callbacks": [
                    shown("callbacks", item)
                    for item in tx.execute(job_callbacks.order_by(callbacks.c.id)).mappings()
                ],
            }

    def hook(self, hook_id: str, source: str | None = None) -> Mapping[str, Any]:
        """A recorded hook with its jobs, oldest first."""
        with self.database.read() as tx:
            row, found = the_hook(tx, hook_id, source)
        led_to = (
            "id",
            "action",
            "address",
            "service_id",
            "status",
            "waiting_for",
            "message",
            "created_at",
        )
        led = [{name: shown("jobs", job)[name] for name in led_to} for job in found]
        return shown("hooks", row) | {
            "jobs": led,
            "may": decisions.of_hook(decision_facts.of_hook(row)),
        }

    def recorded(self, hook: str, source: str | None = None) -> Recorded:
        with self.database.read() as tx:
            row, found = the_hook(tx, hook, source)
        if row["type"] in WITHDRAWALS:
            raise NotPossible(refusal("withdrawal_replayed", id=hook))
        kept = (row["hook_id"], row["source"], row["key_index"], row["received_at"])
        if not found:
            why = decisions.of_hook(decision_facts.of_hook(row))["replay"]
            return Recorded(*kept, row["sealed"], refusal=why)
        job = found[-1]
        return Recorded(*kept, job["sealed"], job["id"], job["account"], to_intent(job, None))

    def mailbox(self, address: str) -> Mapping[str, Any]:
        with self.database.read() as tx:
            row = (
                tx.execute(sa.select(mailboxes).where(mailboxes.c.address == address))
                .mappings()
                .first()
            )
        if row is None:
            raise UnknownThing(refusal("no_mailbox", address=address))
        return shown("mailboxes", row)

    def callback(self, id: str) -> Mapping[str, Any]:
        with self.database.read() as tx:
            row = (
                tx.execute(LISTS["callbacks"].query.where(callbacks.c.id == id)).mappings().first()
            )
            now = self.database.now(tx)
        if row is None:
            raise UnknownThing(refusal("no_callback", id=id))
        return shown("callbacks", row) | {"may": decision_facts.of_callback(row, now)}


def members_of(tx: sa.Connection, job: Row) -> Sequence[Mapping[str, Any]]:
    """Of a service's job, how each of its mailboxes stands; none of any other."""
    if job["mailbox_id"] is not None:
        return []
    members = service_receipts.newest(tx, service_receipts.first_of(tx, job))
    return [shown("jobs", member) for member in members]


def place_of(after: str) -> tuple[float, str]:
    """Time and id of the last result that was told. Raises ValueError."""
    moment, slash, last = after.partition("/")
    ended = float(moment) if after else 0.0
    if not math.isfinite(ended) or bool(after) != bool(slash):
        raise ValueError("not a valid position in the results")
    return ended, last


def the_hook(tx: sa.Connection, hook_id: str, source: str | None) -> tuple[Row, Sequence[Row]]:
    """The hook of this id and its jobs. Raises UnknownThing, and NotPossible where several sources used the
    id.
    """
    query = sa.select(hooks).where(hooks.c.hook_id == hook_id)
    # Every source has its row; with their names the index finds it, which begins with the source.
    whose = (
        hooks.c.source.in_(sa.select(sources.c.name))
        if source is None
        else hooks.c.source == source
    )
    rows = tx.execute(query.where(whose)).mappings().all()
    if not rows:
        raise UnknownThing(refusal("no_hook", id=hook_id))
    if len(rows) > 1:
        names = ", ".join(sorted(row["source"] for row in rows))
        raise NotPossible(refusal("hook_of_several", id=hook_id, sources=names))
    led_to = sa.select(jobs).where(jobs.c.source == rows[0]["source"], jobs.c.hook_id == hook_id)
    if rows[0]["type"] in WITHDRAWALS:  # then the job is another hook's
        led_to = sa.select(jobs).where(jobs.c.id == rows[0]["job_id"])
    return rows[0], tx.execute(led_to.order_by(jobs.c.sequence, jobs.c.id)).mappings().all()


def rows_of_job(tx: Connection, table: sa.Table, job: str) -> list[dict[str, Any]]:
    mine = sa.select(table).where(table.c.job_id == job).order_by(table.c.id)
    return [shown(table.name, item) for item in tx.execute(mine).mappings()]
