"""Which job of an account may be claimed next: the oldest of its mailbox, and of the actions that
need a place in a domain one at a time there (docs/side-by-side.md).

Statements are made once: SQLAlchemy takes longer to put one together than the database to answer
it.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause

from bridge.domain.actions import ACTIONS
from bridge.domain.services import MEMBER_ACTIONS
from bridge.domain.superseded import TAKES_AWAY
from bridge.store.base.conditions import among, looked_up, of_mailbox
from bridge.store.base.tables import jobs, sources

OLDER_JOB, EXCLUSIVE_JOB, TERMINATION, JOB_BETWEEN = (
    jobs.alias(name) for name in ("older", "exclusive", "ending", "between")
)


def open_of(one: FromClause, of: FromClause) -> list[ColumnElement[bool]]:
    """What is still to be done for the same mailbox. A held job is not: it waits for a person, and
    nothing waits for it."""
    return [one.c.mailbox_id == of.c.mailbox_id, among(one.c.status, "queued", "running")]


def takes_away(one: FromClause) -> ColumnElement[bool]:
    return among(one.c.action, *sorted(TAKES_AWAY))


def is_termination(one: FromClause) -> ColumnElement[bool]:
    """A hook that takes the mailbox away: not the deletion after its grace, nor a repetition."""
    return sa.and_(takes_away(one), one.c.replaces.is_(None), one.c.purge.is_(False))


def may_yield(one: FromClause, of: FromClause) -> ColumnElement[bool]:
    """Waits, was not begun, takes nothing away, and is of the same service."""
    same = one.c.source == of.c.source, one.c.service_id == of.c.service_id
    unbegun = among(one.c.status, "queued"), one.c.touched.is_(False), ~takes_away(one)
    return sa.and_(*same, *unbegun)


def waits_for(*reasons: str) -> ColumnElement[bool]:
    """For one of these reasons, or in turn behind a job of its mailbox that does."""
    ahead = sa.exists().where(
        *open_of(OLDER_JOB, jobs),
        OLDER_JOB.c.sequence < jobs.c.sequence,
        OLDER_JOB.c.waiting_for.in_(reasons),
    )
    # Without a reason the column is null, and what is compared with null is neither true nor false.
    own = sa.func.coalesce(jobs.c.waiting_for, "").in_(reasons)
    return own | ahead.correlate(jobs)


# The oldest of a mailbox is first. But what waits unbegun right before a hook that takes the
# mailbox away lets that one pass: that makes an end of it with its first command, or is called off
# itself, and then it is done.
IS_FIRST_OF_MAILBOX = ~looked_up(
    *open_of(OLDER_JOB, jobs),
    OLDER_JOB.c.sequence < jobs.c.sequence,
    ~sa.and_(is_termination(jobs), may_yield(OLDER_JOB, jobs)),
)
# Correlated by name: by itself SQLAlchemy ties it to the query right around it alone, and it would
# look at everybody's jobs.
CANNOT_YIELD_BETWEEN = (
    sa.exists()
    .where(
        *open_of(JOB_BETWEEN, jobs),
        JOB_BETWEEN.c.sequence > jobs.c.sequence,
        JOB_BETWEEN.c.sequence < TERMINATION.c.sequence,
        ~may_yield(JOB_BETWEEN, TERMINATION),
    )
    .correlate(jobs, TERMINATION)
)
YIELDS_TO_TERMINATION = looked_up(
    *open_of(TERMINATION, jobs),
    TERMINATION.c.sequence > jobs.c.sequence,
    is_termination(TERMINATION),
    may_yield(jobs, TERMINATION),
    ~CANNOT_YIELD_BETWEEN,
)


def named(actions: Iterable[str]) -> sa.Subquery:
    return sa.union_all(
        *(sa.select(sa.literal_column(f"'{name}'").label("action")) for name in actions)
    ).subquery("actions")


ACTION_NAMES = named(ACTIONS)
"""Of what is run. The job of a service is not: its members are."""
TOLD_ACTION_NAMES = named([*ACTIONS, *MEMBER_ACTIONS])
"""Of what is told."""


def domain_is_free(exclusive_actions: frozenset[str]) -> ColumnElement[bool]:
    """Or is not needed. Two that need it could both see the last free place, or both buy one."""
    if not exclusive_actions:
        return sa.true()
    names = sorted(exclusive_actions)
    busy = sa.select(EXCLUSIVE_JOB.c.domain).where(
        EXCLUSIVE_JOB.c.account == sa.bindparam("account_name"),
        among(EXCLUSIVE_JOB.c.status, "running"),
        of_mailbox(EXCLUSIVE_JOB),
        among(EXCLUSIVE_JOB.c.action, *names),
    )
    return ~among(jobs.c.action, *names) | jobs.c.domain.not_in(busy)


def may_run(exclusive_actions: frozenset[str]) -> tuple[ColumnElement[bool], ...]:
    return (
        jobs.c.account == sa.bindparam("account_name"),
        among(jobs.c.status, "queued"),
        jobs.c.available_at <= sa.bindparam("now"),
        IS_FIRST_OF_MAILBOX,
        ~YIELDS_TO_TERMINATION,
        domain_is_free(exclusive_actions),
    )


@cache
def due_flows(exclusive_actions: frozenset[str]) -> sa.Select[Any]:
    """Source and action of what may be claimed now."""
    return flows_of(*may_run(exclusive_actions))


@cache
def flows_in_domain(exclusive_actions: frozenset[str]) -> sa.Select[Any]:
    """Of those the ones that need this domain."""
    here = jobs.c.domain == sa.bindparam("domain")
    needed = among(ACTION_NAMES.c.action, *sorted(exclusive_actions))
    return flows_of(here, *may_run(exclusive_actions)).where(needed)


def flows_of(*conditions: ColumnElement[bool]) -> sa.Select[Any]:
    of_flow = jobs.c.source == sources.c.name, jobs.c.action == ACTION_NAMES.c.action
    return (
        sa.select(sources.c.name, ACTION_NAMES.c.action)
        .join_from(sources, ACTION_NAMES, sa.true())  # each action of each source
        .where(looked_up(*of_flow, *conditions, by=(jobs.c.domain, jobs.c.available_at)))
        .order_by(sources.c.name, ACTION_NAMES.c.action)
    )


CLAIMED_BY = jobs.c.id, jobs.c.account, jobs.c.domain, jobs.c.status, jobs.c.started_at
"""What a claim asks before it makes the job its own; that gives all of the job."""


@cache
def next_job(exclusive_actions: frozenset[str], action: str, locked: bool) -> sa.Select[Any]:
    """The first of a source that asks for this action, in a domain after `last_domain`; not
    `locked` also the one after it, if there is one."""
    after = jobs.c.domain > sa.bindparam("last_domain")
    return first_of_flow(exclusive_actions, action, after, locked)


@cache
def next_in_domain(exclusive_actions: frozenset[str], action: str, locked: bool) -> sa.Select[Any]:
    """The same of one domain."""
    here = jobs.c.domain == sa.bindparam("domain")
    return first_of_flow(exclusive_actions, action, here, locked)


def first_of_flow(
    exclusive_actions: frozenset[str], action: str, where: ColumnElement[bool], locked: bool
) -> sa.Select[Any]:
    found = sa.select(*CLAIMED_BY).where(
        jobs.c.source == sa.bindparam("source"),
        # In the statement itself: there is a partial index on actions, and for a parameter SQLite
        # would plan anew each time whether that one fits.
        among(jobs.c.action, action),
        where,
        *may_run(exclusive_actions),
    )
    # By id where times are equal: ids sort by time, so the order is that of arrival.
    found = found.order_by(jobs.c.domain, jobs.c.available_at, jobs.c.id)
    return found.limit(1).with_for_update() if locked else found.limit(2)
