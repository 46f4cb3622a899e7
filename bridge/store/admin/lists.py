"""Lists for people: what each selects, and what it can be filtered by. They page by keys, never by
offsets.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import sqlalchemy as sa

from bridge.domain import decisions
from bridge.domain.actions import ACTIONS
from bridge.domain.differences import DifferenceKind
from bridge.domain.errors import CODES, UnknownThing
from bridge.domain.jobs import STATES
from bridge.domain.model import State
from bridge.domain.services import MEMBER_ACTIONS
from bridge.reporting.refusals import refusal
from bridge.store.admin import decision_facts
from bridge.store.admin.part_of_service import decided_with
from bridge.store.base.conditions import among, ended_badly
from bridge.store.base.database import Database
from bridge.store.base.shown_columns import shown
from bridge.store.base.tables import (
    accounts,
    audit,
    callbacks,
    differences,
    hooks,
    jobs,
    mailboxes,
    sources,
)
from bridge.store.queue.audit import ACTIONS as AUDITED_ACTIONS
from bridge.store.queue.next_callback import WAITING_FOR
from bridge.store.queue.outbox import RECEIVER_COLUMNS, STATUSES

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

MOST_FOUND = 20  # of each kind, when everything is searched
BAD, OPEN = ("held", "failed", "cancelled"), ("queued", "running")


@dataclass(frozen=True)
class Listing:
    """A list for people: what it selects, the column that it is paged by, and what it can be
    filtered by.

    A filter is a column, or makes a condition of what is looked for.
    """

    query: sa.Select[Any]
    key: sa.Column[Any]
    filters: Mapping[str, Filter]
    newest_first: bool = True


def columns(table: sa.Table, *names: str) -> dict[str, sa.ColumnElement[Any]]:
    return {name: table.c[name] for name in names}


def named(column: sa.ColumnElement[str], text: str) -> sa.ColumnElement[bool]:
    """A whole address by itself; a part of one, such as `john` or `example.net`, wherever it stands
    in it.
    """
    local, _, domain = text.partition("@")
    if local and "." in domain.strip("."):
        return column == text
    return column.contains(text, autoescape=True)


def of_mailbox(address: str) -> sa.ColumnElement[bool]:
    """Jobs of this address, or part of one, by the index that they have."""
    return jobs.c.mailbox_id.in_(
        sa.select(mailboxes.c.id).where(named(mailboxes.c.address, address))
    )


def of_service(service_id: str) -> sa.ColumnElement[bool]:
    """Jobs of this service, and those by which another one got a mailbox of it."""
    return having_any(service_id, "service_id", "from_service_id")


def having_any(text: str, *names: str) -> sa.ColumnElement[bool]:
    """Jobs with this in one of these columns, each by its index.

    As a set of its own, because either store would rather walk the whole list in its order.
    """
    one = jobs.alias("one")
    return jobs.c.id.in_(
        sa.union_all(*(sa.select(one.c.id).where(one.c[name] == text) for name in names))
    )


def from_source(table: sa.Table) -> Callable[[str], sa.ColumnElement[bool]]:
    """By no index: those that begin with the source would first sort all that it ever sent. Its
    newest are found soon.
    """
    return lambda name: sa.func.coalesce(table.c.source, "") == name


def narrowed(
    query: sa.Select[Any], listing: Listing, filters: Mapping[str, str | None]
) -> sa.Select[Any]:
    for name, value in filters.items():
        if value is not None:
            wanted = listing.filters[name]
            query = query.where(
                wanted == value if isinstance(wanted, sa.ColumnElement) else wanted(value)
            )
    return query


def of_hook(address: str) -> sa.ColumnElement[bool]:
    return hooks.c.job_id.in_(sa.select(jobs.c.id).where(of_mailbox(address)))


def ids_in(table: sa.Table, status: str) -> sa.Select[Any]:
    """The ids of what is in it, by the partial index that every rare status has: its condition must
    stand as it does there.

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
    if status in ("parked", "dismissed"):
        # The condition of the index, word for word, before what it does not know.
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
        columns(jobs, "account", "action", "code")
        | {"address": of_mailbox, "status": in_status}
        | {"source": from_source(jobs), "service_id": of_service},
    ),
    "hooks": Listing(
        sa.select(hooks, jobs.c.address, HOOK_STATUS.label("status")).outerjoin(
            jobs, jobs.c.id == hooks.c.job_id
        ),
        hooks.c.id,
        columns(hooks, "type")
        | {"status": hook_in_status, "address": of_hook, "source": from_source(hooks)},
    ),
    "mailboxes": Listing(
        sa.select(mailboxes),
        mailboxes.c.address,
        columns(mailboxes, "source", "account", "domain", "state", "service_id")
        | {"address": partial(named, mailboxes.c.address)},
        newest_first=False,
    ),
    "callbacks": Listing(
        sa.select(
            callbacks,
            jobs.c.address,
            WAITING_FOR.label("waiting_for"),
            *RECEIVER_COLUMNS,
        ).join(jobs, jobs.c.id == callbacks.c.job_id),
        callbacks.c.id,
        columns(callbacks, "source", "job_id")
        | {"address": of_mailbox, "status": callback_in_status},
    ),
    "differences": Listing(
        sa.select(differences),
        differences.c.id,
        columns(differences, "account", "domain", "kind", "source", "service_id")
        | {"address": partial(named, differences.c.address)},
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
    ("differences", "kind"): tuple(DifferenceKind),
}
# Where it is not: what is known by name, and the rows that have it, which may be of an earlier
# version.
SELECT_NAMES: Mapping[str, sa.Select[Any]] = {
    "source": sa.select(sources.c.name),
    "account": sa.select(accounts.c.name),
}
KNOWN_AND_STORED: Mapping[tuple[str, str], tuple[Sequence[str], sa.Select[Any]]] = {
    ("jobs", "action"): ((*ACTIONS, *MEMBER_ACTIONS), sa.select(jobs.c.action).distinct()),
    # What was read has a type that is known; only a parked one has another.
    ("hooks", "type"): (
        (*ACTIONS, *MEMBER_ACTIONS),
        sa.select(hooks.c.type).where(hooks.c.job_id.is_(None)).distinct(),
    ),
    ("audit", "action"): (AUDITED_ACTIONS, sa.select(audit.c.action).distinct()),
}


class Lists:
    def __init__(self, database: Database) -> None:
        self.database = database

    def page(
        self, what: str, limit: int | None, after: str | None = None, **filters: str | None
    ) -> Page:
        """Rows as plain objects, newest first (mailboxes by address). `limit` None: all."""
        listing = LISTS[what]
        key = listing.key
        query = narrowed(
            listing.query.order_by(key.desc() if listing.newest_first else key), listing, filters
        )
        if after is not None:
            edge = page_key(key, after)
            query = query.where(key < edge if listing.newest_first else key > edge)
        with self.database.read() as tx:
            rows = tx.execute(query if limit is None else query.limit(limit + 1)).mappings().all()
        page = rows if limit is None else rows[:limit]
        following = str(page[-1][key.name]) if len(rows) > len(page) else None
        return [shown(what, row) for row in page], following

    def stopped(
        self, verb: str, filters: Mapping[str, str | None], limit: int | None = None
    ) -> Stopped:
        """Jobs that these filters leave and that were not tried again: to which `verb` can be done,
        and to which not and why.

        Oldest first, as they came, so that of one mailbox the older is decided first. `limit`: of
        those that can be.
        """
        query = sa.select(jobs).where(
            ended_badly(jobs),
            among(jobs.c.status, *decisions.STATUSES[verb]),
            ~WAS_TRIED_AGAIN,
            ~decided_with(*decisions.STATUSES[verb]),
        )
        query = narrowed(query, LISTS["jobs"], filters).order_by(jobs.c.id)
        found: list[Mapping[str, Any]] = []
        left: list[tuple[Mapping[str, Any], str]] = []
        with self.database.read() as tx:
            rows = tx.execute(query).mappings().all()
            for start in range(0, len(rows), decision_facts.BATCH):
                some = rows[start : start + decision_facts.BATCH]
                for row, facts in zip(some, decision_facts.of_jobs(tx, some), strict=True):
                    if limit is not None and len(found) == limit:
                        return found, left
                    why = decisions.among_many(verb, facts)
                    if why is None:
                        found.append(shown("jobs", row))
                    else:
                        left.append((shown("jobs", row), why))
        return found, left

    def possible(self, what: str, name: str, value: str) -> Sequence[str] | None:
        """What this filter of a list can look for, when nothing can have `value`; None where
        something can.
        """
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
            found = list(
                dict.fromkeys([*found, *(stored for stored in tx.scalars(query) if stored)])
            )
        return None if value in found else found

    def find(
        self, text: str, address: str | None = None
    ) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """What has this id or service, by its kind, newest first and not without end; and mailboxes
        of this address.

        `address`: the same in the spelling of addresses, or a part of one.
        """
        known = sa.select(sources.c.name)
        same = {
            "mailboxes": sa.or_(
                named(mailboxes.c.address, address or text.lower()), mailboxes.c.service_id == text
            ),
            "jobs": having_any(text, "id", "service_id", "from_service_id"),
            "hooks": sa.and_(hooks.c.source.in_(known), hooks.c.hook_id == text),
            "callbacks": callbacks.c.id == text,
        }
        with self.database.read() as tx:
            return {
                what: [
                    shown(what, row)
                    for row in tx.execute(
                        LISTS[what]
                        .query.where(condition)
                        .order_by(LISTS[what].key.desc())
                        .limit(MOST_FOUND)
                    ).mappings()
                ]
                for what, condition in same.items()
            }


def page_key(key: sa.Column[Any], after: str) -> Any:
    if key.type.python_type is str:
        return after
    if not after.isdecimal() or not after.isascii() or len(after) > 18:
        raise UnknownThing(refusal("no_page", after=after))
    return int(after)
