"""Reads: receipts for queries, lists and whole stories for people. Lists page by keys, never by offsets."""

import math
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bridge.domain import decisions
from bridge.domain.actions import ACTIONS
from bridge.domain.differences import Kind
from bridge.domain.errors import CODES, NotNow, NotThere
from bridge.domain.jobs import ENDED, STATES
from bridge.domain.model import Record, State, in_words
from bridge.domain.ports import ObservedJob, Receipt, Recorded
from bridge.store.admin import choices
from bridge.store.base.database import Database
from bridge.store.base.rows import Row, to_intent, to_observed, to_receipt, to_record
from bridge.store.base.tables import (
    accounts,
    among,
    audit,
    callbacks,
    differences,
    ended_badly,
    hooks,
    jobs,
    mailboxes,
    purchases,
    sources,
    steps,
    workers,
)
from bridge.store.queue.audit import ACTIONS as AUDITED_ACTIONS
from bridge.store.queue.outbox import RECEIVER_COLUMNS, STATUSES, WAITING_FOR
from bridge.store.queue.standing import ALIVE, pauses
from hooks.standard.schemas import WITHDRAWALS

Filter = sa.ColumnElement[Any] | Callable[[str], sa.ColumnElement[bool]]
Page = tuple[Sequence[Mapping[str, Any]], str | None]
Stopped = tuple[Sequence[Mapping[str, Any]], Sequence[tuple[Mapping[str, Any], str]]]
REPEATED_JOB = jobs.alias("again")
WAS_TRIED_AGAIN = sa.exists().where(REPEATED_JOB.c.replaces == jobs.c.id)
TRIED_AGAIN_AS = (
    sa.select(sa.func.max(REPEATED_JOB.c.id))
    .where(REPEATED_JOB.c.replaces == jobs.c.id)
    .scalar_subquery()
    .label("tried_again_as")
)

# A row of PostgreSQL becomes visible when its transaction commits, a little after its time was taken.
VISIBLE_AFTER = 10.0
FOUND = 20  # of each kind, when everything is searched
BAD, OPEN = ("held", "failed", "cancelled"), ("queued", "running")


@dataclass(frozen=True)
class Listing:
    """A list for people: what it selects, the column that it is paged by, and what it can be filtered by.

    A filter is a column, or makes a condition of what is looked for.
    """

    query: sa.Select[Any]
    key: sa.Column[Any]
    filters: Mapping[str, Filter]
    newest_first: bool = True


def columns(table: sa.Table, *names: str) -> dict[str, sa.ColumnElement[Any]]:
    return {name: table.c[name] for name in names}


def named(column: sa.ColumnElement[str]) -> Callable[[str], sa.ColumnElement[bool]]:
    """A whole address by itself; a part of one, such as `john` or `example.net`, wherever it stands in it."""

    def condition(text: str) -> sa.ColumnElement[bool]:
        local, _, domain = text.partition("@")
        return column == text if local and "." in domain.strip(".") else column.contains(text, autoescape=True)

    return condition


def of_mailbox(address: str) -> sa.ColumnElement[bool]:
    """Jobs of this address, or part of one, by the index that they have."""
    return jobs.c.mailbox_id.in_(sa.select(mailboxes.c.id).where(named(mailboxes.c.address)(address)))


def from_source(table: sa.Table) -> Callable[[str], sa.ColumnElement[bool]]:
    """By no index: those that begin with the source would first sort all that it ever sent. Its newest are found soon."""
    return lambda name: sa.func.coalesce(table.c.source, "") == name


def narrowed(query: sa.Select[Any], listing: Listing, filters: Mapping[str, str | None]) -> sa.Select[Any]:
    for name, value in filters.items():
        if value is not None:
            wanted = listing.filters[name]
            query = query.where(wanted == value if isinstance(wanted, sa.ColumnElement) else wanted(value))
    return query


def of_hook(address: str) -> sa.ColumnElement[bool]:
    return hooks.c.job_id.in_(sa.select(jobs.c.id).where(of_mailbox(address)))


def ids_in(table: sa.Table, status: str) -> sa.Select[Any]:
    """The ids of what is in it, by the partial index that every rare status has: its condition must stand as it does there.

    As a set of its own, because SQLite would rather walk the whole list in its order.
    """
    one = table.alias("one")
    kept = ended_badly(one) if status in BAD else sa.true()
    return sa.select(one.c.id).where(kept, among(one.c.status, status))


def in_status(status: str) -> sa.ColumnElement[bool]:
    if status in BAD:  # the index has them in the order of the list
        return sa.and_(ended_badly(jobs), among(jobs.c.status, status))
    return jobs.c.id.in_(ids_in(jobs, status)) if status in OPEN else jobs.c.status == status


def hook_in_status(status: str) -> sa.ColumnElement[bool]:
    if status in ("parked", "dismissed"):  # the condition of the index, word for word, before what it does not know
        dismissed = hooks.c.dismissed_at.is_not(None)
        return sa.and_(hooks.c.job_id.is_(None), dismissed if status == "dismissed" else ~dismissed)
    rare = status in BAD or status in OPEN
    return hooks.c.job_id.in_(ids_in(jobs, status)) if rare else jobs.c.status == status


def callback_in_status(status: str) -> sa.ColumnElement[bool]:
    rare = status in ("pending", "exhausted")
    return callbacks.c.id.in_(ids_in(callbacks, status)) if rare else callbacks.c.status == status


PARKED_STATUS = sa.case((hooks.c.dismissed_at.is_not(None), "dismissed"), else_="parked")
HOOK_STATUS = sa.func.coalesce(jobs.c.status, PARKED_STATUS)
LISTS: Mapping[str, Listing] = {
    "jobs": Listing(
        sa.select(jobs, TRIED_AGAIN_AS),
        jobs.c.id,
        columns(jobs, "account", "service_id", "action", "code")
        | {"address": of_mailbox, "status": in_status, "source": from_source(jobs)},
    ),
    "hooks": Listing(
        sa.select(hooks, jobs.c.address, HOOK_STATUS.label("status")).outerjoin(jobs, jobs.c.id == hooks.c.job_id),
        hooks.c.id,
        columns(hooks, "type") | {"status": hook_in_status, "address": of_hook, "source": from_source(hooks)},
    ),
    "mailboxes": Listing(
        sa.select(mailboxes),
        mailboxes.c.address,
        columns(mailboxes, "source", "account", "domain", "state", "service_id") | {"address": named(mailboxes.c.address)},
        newest_first=False,
    ),
    "callbacks": Listing(
        sa.select(callbacks, jobs.c.address, jobs.c.action, WAITING_FOR.label("waiting_for"), *RECEIVER_COLUMNS).join(
            jobs, jobs.c.id == callbacks.c.job_id
        ),
        callbacks.c.id,
        columns(callbacks, "source", "job_id") | {"address": of_mailbox, "status": callback_in_status},
    ),
    "differences": Listing(
        sa.select(differences),
        differences.c.id,
        columns(differences, "account", "domain", "kind", "source", "service_id") | {"address": named(differences.c.address)},
    ),
    "audit": Listing(sa.select(audit), audit.c.id, columns(audit, "who", "action", "target")),
}

# What a filter can look for, where that is a closed set.
VALUES: Mapping[tuple[str, str], Sequence[str]] = {
    ("jobs", "status"): tuple(STATES),
    ("jobs", "code"): tuple(CODES),
    ("hooks", "status"): ("parked", "dismissed", *STATES),
    ("callbacks", "status"): STATUSES,
    ("mailboxes", "state"): tuple(State),
    ("differences", "kind"): tuple(Kind),
}
# Where it is not: what is known by name, and the rows that have it, which may be of an earlier version.
SELECT_NAMES: Mapping[str, sa.Select[Any]] = {"source": sa.select(sources.c.name), "account": sa.select(accounts.c.name)}
KNOWN_AND_STORED: Mapping[tuple[str, str], tuple[Sequence[str], sa.Select[Any]]] = {
    ("jobs", "action"): (tuple(ACTIONS), sa.select(jobs.c.action).distinct()),
    # What was read has a type that is known; only a parked one has another.
    ("hooks", "type"): (tuple(ACTIONS), sa.select(hooks.c.type).where(hooks.c.job_id.is_(None)).distinct()),
    ("audit", "action"): (AUDITED_ACTIONS, sa.select(audit.c.action).distinct()),
}


# When the present owner's first creation ended: not of those that were taken over, or whose job is pruned. The source by no
# index: SQLite would look for the least time among all that the source ever sent.
OF_OWNER_SOURCE = sa.func.coalesce(jobs.c.source, "") == mailboxes.c.source
OF_OWNER = jobs.c.mailbox_id == mailboxes.c.id, OF_OWNER_SOURCE, jobs.c.service_id == mailboxes.c.service_id
HAS_CREATED = among(jobs.c.action, "mailbox.create"), among(jobs.c.status, "succeeded"), jobs.c.changed
CREATED_AT = sa.select(sa.func.min(jobs.c.finished_at)).where(*OF_OWNER, *HAS_CREATED).scalar_subquery().label("created_at")
# One after the other: asked for either in one statement, SQLite read all jobs of the source.
SELECT_OF_SOURCE = sa.select(jobs).where(jobs.c.source == sa.bindparam("source"))
SELECT_JOB = SELECT_OF_SOURCE.where(jobs.c.id == sa.bindparam("job_or_hook"))
SELECT_NEWEST_OF_HOOK = (
    SELECT_OF_SOURCE.where(jobs.c.hook_id == sa.bindparam("job_or_hook")).order_by(jobs.c.sequence.desc()).limit(1)
)


class Lookup:
    def __init__(self, database: Database) -> None:
        self.database = database

    def receipt(self, source: str, job_or_hook: str) -> Receipt:
        """Raises NotThere, also for what is another source's."""
        asked = {"source": source, "job_or_hook": job_or_hook}
        with self.database.read() as tx:
            row = (
                tx.execute(SELECT_JOB, asked).mappings().first() or tx.execute(SELECT_NEWEST_OF_HOOK, asked).mappings().first()
            )
        if row is None:
            raise NotThere("There is no job or hook of this id.")
        return to_receipt(row)

    def wait_ended(self, source: str, job: str, deadline: float, clock: Any) -> Receipt:
        """The receipt once the job has ended, or as it is at `deadline` (on `clock`)."""
        while True:
            mark = self.database.mark()
            receipt = self.receipt(source, job)
            left = deadline - clock()
            if receipt.status in ENDED or left <= 0:
                return receipt
            self.database.wait(min(left, 0.5), mark)

    def results(self, source: str, after: str, limit: int) -> tuple[Sequence[Receipt], str | None]:
        """Receipts ended since, oldest first, and the `after` to go on with (None: nothing new)."""
        place = place_of(after)
        with self.database.read() as tx:
            visible = self.database.now(tx) - (0 if self.database.embedded else VISIBLE_AFTER)
            later = sa.tuple_(jobs.c.finished_at, jobs.c.id) > place
            mine = jobs.c.source == source, jobs.c.finished_at <= visible, later
            query = sa.select(jobs).where(*mine).order_by(jobs.c.finished_at, jobs.c.id).limit(limit)
            rows = tx.execute(query).mappings().all()
        return [to_receipt(row) for row in rows], f"{rows[-1]['finished_at']!r}/{rows[-1]['id']}" if rows else None

    def mailboxes(self, source: str, after: str, limit: int) -> tuple[Sequence[dict[str, Any]], str | None]:
        mine = mailboxes.c.source == source, mailboxes.c.address > after
        with self.database.read() as tx:
            query = sa.select(mailboxes, CREATED_AT).where(*mine).order_by(mailboxes.c.address).limit(limit + 1)
            rows = tx.execute(query).mappings().all()
        items = [
            {
                "address": row["address"],
                "service_id": row["service_id"],
                "customer_id": row["customer_id"] if row["customer_source"] == source else None,
                "state": row["state"],
                "quota_bytes": row["quota"],
                "created_at": in_words(row["created_at"]) if row["created_at"] else None,
                "delete_after": in_words(row["delete_after"]) if row["delete_after"] else None,
                "checked_at": in_words(row["observed_at"]) if row["observed_at"] else None,
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

    def records(self, account: str) -> Mapping[str, Record]:
        with self.database.read() as tx:
            rows = tx.execute(sa.select(mailboxes).where(mailboxes.c.account == account)).mappings()
            return {row["address"]: to_record(row) for row in rows}

    def customers(self, account: str, source: str) -> Mapping[str, str]:
        mine = mailboxes.c.account == account, mailboxes.c.source == source, mailboxes.c.customer_source == source
        with self.database.read() as tx:
            query = sa.select(mailboxes.c.address, mailboxes.c.customer_id).where(*mine, mailboxes.c.customer_id.is_not(None))
            return {address: customer for address, customer in tx.execute(query)}

    def customers_known(self, source: str) -> tuple[int, int]:
        """How many mailboxes of a source have a customer that is known, and how many there are."""
        counts = sa.select(sa.func.count(mailboxes.c.customer_id), sa.func.count()).where(mailboxes.c.source == source)
        with self.database.read() as tx:
            known, all_of_them = tx.execute(counts).one()
        return int(known), int(all_of_them)

    def busy(self, account: str) -> Set[str]:
        open_jobs = jobs.c.account == account, among(jobs.c.status, "queued", "running")
        with self.database.read() as tx:
            return frozenset(tx.scalars(sa.select(jobs.c.address).where(*open_jobs)))

    def observed(self, account: str, since: float) -> Sequence[ObservedJob]:
        mine = jobs.c.account == account, jobs.c.created_at >= since, jobs.c.status == "succeeded", jobs.c.extra.is_not(None)
        with self.database.read() as tx:
            rows = tx.execute(sa.select(jobs).where(*mine).order_by(jobs.c.id.desc())).mappings().all()
        return [to_observed(row) for row in rows if row["extra"].get("observed_only")]

    # For people

    def page(self, what: str, limit: int | None, after: str | None = None, **filters: str | None) -> Page:
        """A list of rows as plain objects, newest first (mailboxes by address). `limit` None: all."""
        listing = LISTS[what]
        key = listing.key
        query = narrowed(listing.query.order_by(key.desc() if listing.newest_first else key), listing, filters)
        if after is not None:
            edge = page_key(key, after)
            query = query.where(key < edge if listing.newest_first else key > edge)
        with self.database.read() as tx:
            rows = tx.execute(query if limit is None else query.limit(limit + 1)).mappings().all()
        shown = rows if limit is None else rows[:limit]
        return [public(row) for row in shown], str(shown[-1][key.name]) if len(rows) > len(shown) else None

    def stopped(self, verb: str, filters: Mapping[str, str | None], limit: int | None = None) -> Stopped:
        """Jobs that these filters leave and that were not tried again: to which `verb` can be done, and to which not and why.

        Oldest first, as they came, so that of one mailbox the older is decided first. `limit`: of those that can be.
        """
        query = sa.select(jobs).where(ended_badly(jobs), among(jobs.c.status, *decisions.STATUSES[verb]), ~WAS_TRIED_AGAIN)
        query = narrowed(query, LISTS["jobs"], filters).order_by(jobs.c.id)
        found: list[Mapping[str, Any]] = []
        left: list[tuple[Mapping[str, Any], str]] = []
        with self.database.read() as tx:
            rows = tx.execute(query).mappings().all()
            for start in range(0, len(rows), choices.BATCH):
                some = rows[start : start + choices.BATCH]
                for row, facts in zip(some, choices.of_jobs(tx, some), strict=True):
                    if limit is not None and len(found) == limit:
                        return found, left
                    refusal = decisions.among_many(verb, facts)
                    if refusal is None:
                        found.append(public(row))
                    else:
                        left.append((public(row), refusal))
        return found, left

    def possible(self, what: str, name: str, value: str) -> Sequence[str] | None:
        """What this filter of a list can look for, when nothing can have `value`; None where something can."""
        if (what, name) in VALUES:
            known = VALUES[what, name]
            return None if value in known else known
        found: Sequence[str] = ()
        if (what, name) in KNOWN_AND_STORED:
            found, query = KNOWN_AND_STORED[what, name]
        elif name in SELECT_NAMES:
            query = SELECT_NAMES[name]
        else:
            return None  # any text
        if value in found:
            return None
        with self.database.read() as tx:
            found = list(dict.fromkeys([*found, *(stored for stored in tx.scalars(query) if stored)]))
        return None if value in found else found

    def story(self, job: str) -> Mapping[str, Any]:
        """Everything about one job: itself, its hook, mailbox, commands, purchases, callbacks."""
        with self.database.read() as tx:
            row = tx.execute(sa.select(jobs).where(jobs.c.id == job)).mappings().first()
            if row is None:
                raise NotThere(f"There is no job {job!r}. List them: enom-bridge jobs list")
            hook = sa.select(hooks).where(hooks.c.source == row["source"], hooks.c.hook_id == row["hook_id"])
            found = tx.execute(hook).mappings().first()
            told = sa.select(callbacks, WAITING_FOR.label("waiting_for"), *RECEIVER_COLUMNS).where(callbacks.c.job_id == job)

            def all_of(table: sa.Table, order: sa.ColumnElement[Any]) -> list[dict[str, Any]]:
                mine = sa.select(table).where(table.c.job_id == job).order_by(order)
                return [public(item) for item in tx.execute(mine).mappings()]

            ahead = sa.select(jobs.c.id).where(
                jobs.c.mailbox_id == row["mailbox_id"],
                jobs.c.sequence < row["sequence"],
                jobs.c.status.not_in(ENDED),
            )
            mailbox = sa.select(mailboxes).where(mailboxes.c.id == row["mailbox_id"])
            account = tx.execute(sa.select(accounts).where(accounts.c.name == row["account"])).mappings().first()
            here = jobs.c.account == row["account"], jobs.c.domain == row["domain"], jobs.c.id != job
            beside = sa.select(jobs.c.id).where(among(jobs.c.status, "running"), *here)
            now = self.database.now(tx)
            seen = tx.scalar(sa.select(workers.c.seen_at).where(workers.c.owner == row["lease_owner"]))
            return {
                "job": public(row),
                "hook": public(found) if found else None,
                "mailbox": public(tx.execute(mailbox).mappings().one()),
                "account": of_account(account) if account else None,
                "now": in_words(now),
                "behind": list(tx.scalars(ahead.order_by(jobs.c.sequence))),
                "beside": list(tx.scalars(beside.order_by(jobs.c.id))),
                "holder_lives": seen is not None and abs(now - seen) < ALIVE,
                "tried_again_as": (facts := choices.of_job(tx, row)).tried_again_as,
                "may": decisions.of_job(facts),
                "commands": all_of(steps, steps.c.id),
                "purchases": all_of(purchases, purchases.c.id),
                "callbacks": [public(item) for item in tx.execute(told.order_by(callbacks.c.id)).mappings()],
            }

    def hook(self, hook_id: str, source: str | None = None) -> Mapping[str, Any]:
        """A recorded hook with its jobs, oldest first."""
        with self.database.read() as tx:
            row, found = the_hook(tx, hook_id, source)
        led_to = ("id", "action", "address", "service_id", "status", "waiting_for", "message", "created_at")
        shown = [{name: public(job)[name] for name in led_to} for job in found]
        return public(row) | {"jobs": shown, "may": decisions.of_hook(choices.of_hook(row))}

    def recorded(self, hook: str, source: str | None = None) -> Recorded:
        with self.database.read() as tx:
            row, found = the_hook(tx, hook, source)
        if row["type"] in WITHDRAWALS:
            raise NotNow(f"The hook {hook!r} took another one back: there is nothing to replay.")
        kept = (row["hook_id"], row["source"], row["key_index"], row["received_at"])
        if not found:
            refusal = decisions.of_hook(choices.of_hook(row))["replay"]
            return Recorded(*kept, row["sealed"], refusal=refusal)
        job = found[-1]
        return Recorded(*kept, job["sealed"], job["id"], job["account"], to_intent(job, None))

    def mailbox(self, address: str) -> Mapping[str, Any]:
        with self.database.read() as tx:
            row = tx.execute(sa.select(mailboxes).where(mailboxes.c.address == address)).mappings().first()
        if row is None:
            raise NotThere(f"The bridge knows no mailbox {address!r}. List them: enom-bridge mailboxes list")
        return public(row)

    def callback(self, id: str) -> Mapping[str, Any]:
        with self.database.read() as tx:
            row = tx.execute(LISTS["callbacks"].query.where(callbacks.c.id == id)).mappings().first()
            now = self.database.now(tx)
        if row is None:
            raise NotThere(f"There is no callback {id!r}. List them: enom-bridge callbacks list")
        return public(row) | {"may": choices.of_callback(row, now)}

    def find(self, text: str, address: str | None = None) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """What has this id or service, by its kind, newest first and not without end; and mailboxes of this address.

        `address`: the same in the spelling of addresses, or a part of one.
        """
        known = sa.select(sources.c.name)
        same = {
            "mailboxes": sa.or_(named(mailboxes.c.address)(address or text.lower()), mailboxes.c.service_id == text),
            "jobs": sa.or_(jobs.c.id == text, jobs.c.service_id == text),
            "hooks": sa.and_(hooks.c.source.in_(known), hooks.c.hook_id == text),
            "callbacks": callbacks.c.id == text,
        }
        with self.database.read() as tx:
            return {
                what: [
                    public(row)
                    for row in tx.execute(
                        LISTS[what].query.where(condition).order_by(LISTS[what].key.desc()).limit(FOUND)
                    ).mappings()
                ]
                for what, condition in same.items()
            }


def place_of(after: str) -> tuple[float, str]:
    """Time and id of the last result that was told. Raises ValueError."""
    moment, slash, last = after.partition("/")
    ended = float(moment) if after else 0.0
    if not math.isfinite(ended) or bool(after) != bool(slash):
        raise ValueError("not a place in the results")
    return ended, last


def the_hook(tx: sa.Connection, hook_id: str, source: str | None) -> tuple[Row, Sequence[Row]]:
    """The hook of this id and its jobs. Raises NotThere, and NotNow where several sources used the id."""
    query = sa.select(hooks).where(hooks.c.hook_id == hook_id)
    # Every source has its row; with their names the index finds it, which begins with the source.
    whose = hooks.c.source.in_(sa.select(sources.c.name)) if source is None else hooks.c.source == source
    rows = tx.execute(query.where(whose)).mappings().all()
    if not rows:
        raise NotThere(f"There is no hook {hook_id!r}. List them: enom-bridge hooks list")
    if len(rows) > 1:
        names = ", ".join(sorted(row["source"] for row in rows))
        raise NotNow(f"Several sources sent a hook with the id {hook_id!r} ({names}): say which one with --source.")
    led_to = sa.select(jobs).where(jobs.c.source == rows[0]["source"], jobs.c.hook_id == hook_id)
    if rows[0]["type"] in WITHDRAWALS:  # then the job is another hook's
        led_to = sa.select(jobs).where(jobs.c.id == rows[0]["job_id"])
    return rows[0], tx.execute(led_to.order_by(jobs.c.sequence, jobs.c.id)).mappings().all()


def page_key(key: sa.Column[Any], after: str) -> Any:
    if key.type.python_type is str:
        return after
    if not after.isdecimal() or not after.isascii() or len(after) > 18:
        raise NotThere(f"There is no page after {after!r}: use the `next` of the page before it.")
    return int(after)


MOMENTS = ("at", "since", "expires")
HIDDEN = frozenset({"sealed", "digest", "password_digest", "token", "lease_owner", "key_index", "mailbox_id", "decided"})


def public(row: Any) -> dict[str, Any]:
    """A row for people: times in words, nothing that is or could reveal a secret."""
    shown = {name: value for name, value in row.items() if name not in HIDDEN}
    for name, value in shown.items():
        if value is not None and (name in MOMENTS or name.endswith(("_at", "_after", "_until", "_since"))):
            shown[name] = in_words(value)
    if shown.get("error"):
        shown["error"] = {name: value for name, value in shown["error"].items() if name not in ("kind", "class")}
    if "sealed" in row:
        # What is sealed in a hook is its whole body, while it is parked.
        shown["body_kept" if "received_at" in row else "password_kept"] = row["sealed"] is not None
    if "received_at" in row:
        shown["id"] = row["hook_id"]  # a delivery's own, by which every command and query knows it
    return {name: str(value) if is_id(name) and value is not None else value for name, value in shown.items()}


def of_account(row: Row) -> dict[str, Any]:
    """An account for people: `pauses` is all that stops it, `paused` and `detail` the first of that."""
    why = [{"code": each.code, "detail": each.detail} for each in pauses(row)]
    first = why[0] if why else {"code": None, "detail": None}
    return public(row) | {"pauses": why, "paused": first["code"], "detail": first["detail"]}


def is_id(name: str) -> bool:
    return name == "id" or name.endswith("_id")
