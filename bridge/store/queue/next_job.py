"""Which job of an account is claimed next: in the order of its mailbox, one at a time in each
domain.

Statements are made once: SQLAlchemy takes longer to put one together than the database to answer
it.
"""

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause

from bridge.domain.superseded import TAKES_AWAY
from bridge.store.base.tables import among, jobs

OLDER_JOB, JOB_IN_DOMAIN, TERMINATION, JOB_BETWEEN = (
    jobs.alias(name) for name in ("older", "beside", "ending", "between")
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
IS_FIRST_OF_MAILBOX = ~sa.exists().where(
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
YIELDS_TO_TERMINATION = sa.exists().where(
    *open_of(TERMINATION, jobs),
    TERMINATION.c.sequence > jobs.c.sequence,
    is_termination(TERMINATION),
    may_yield(jobs, TERMINATION),
    ~CANNOT_YIELD_BETWEEN,
)
# Two jobs in one domain could both see the last free place of its pak, or both buy one.
DOMAIN_IS_FREE = ~sa.exists().where(
    JOB_IN_DOMAIN.c.account == jobs.c.account,
    JOB_IN_DOMAIN.c.domain == jobs.c.domain,
    among(JOB_IN_DOMAIN.c.status, "running"),
)
IS_DUE = (
    jobs.c.account == sa.bindparam("account_name"),
    among(jobs.c.status, "queued"),
    jobs.c.available_at <= sa.bindparam("now"),
)
SELECT_NEXT_JOB = sa.select(jobs).where(
    *IS_DUE, IS_FIRST_OF_MAILBOX, ~YIELDS_TO_TERMINATION, DOMAIN_IS_FREE
)
# By id where times are equal: ids sort by time, so the order is that of arrival.
SELECT_NEXT_JOB = SELECT_NEXT_JOB.order_by(jobs.c.available_at, jobs.c.id).limit(1)
SELECT_NEXT_JOB_LOCKED = SELECT_NEXT_JOB.with_for_update()
SELECT_NEXT_JOB_ID = SELECT_NEXT_JOB.with_only_columns(jobs.c.id)
