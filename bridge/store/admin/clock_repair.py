"""Times that lie further ahead than anything is ever put off: left by a clock that was ahead and
has been put right.

Without this a job that such a clock leased would be nobody's for as long as the clock was wrong,
and its domain with it. Rule 1: a time is only ever brought nearer, and no nearer than the longest
legal wait from now. So it harms nobody who works beside, and no read is believed sooner than
`settle` allows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain import jobs as states
from bridge.store.base.database import Database, Topic
from bridge.store.base.tables import (
    accounts,
    audit,
    callbacks,
    events,
    hooks,
    jobs,
    key_values,
    mail_watches,
    mailboxes,
    metadata,
    notes,
    paks,
    password_links,
    purchases,
    readiness,
    reconciliations,
    services,
    sign_in_failures,
    slots,
    sources,
    steps,
    subscriptions,
    used_ids,
    workers,
    write_backs,
)
from bridge.store.queue import notes as note_times
from bridge.store.queue.account_state import PROBE_EVERY
from bridge.store.queue.password_links import LASTS

TOLERANCE = 2.0  # seconds by which clocks may differ without having been put right
DAY = 86400.0
MONEY = 300.0  # seconds that a lack of money puts off purchases
QUERY = 600.0  # seconds for which the id of a query is remembered
SESSION = (
    2 * DAY
    # Links and sessions of the pages last a day at most; theirs are signed, with times of the same
    # clock
)
# Seconds after a start until a receiver that did not answer is tried again, at the latest
RECEIVER = 300.0


@dataclass(frozen=True)
class MaximumWaits:
    """In seconds, as the configuration has them: the lease of a job, the longest call, the largest
    `settle`; the lease of a reconciliation; of a callback its lease, the pause after each try, and
    what a receiver may ask for.
    """

    lease: float
    call: float
    settle: float
    comparison: float
    sending: float
    callbacks: Sequence[float]
    asked: float

    @property
    def quiet(self) -> float:
        """Until a read surely shows what was done now."""
        return self.settle + 2 * self.call


Longest = Callable[[MaximumWaits], Any]
"""Seconds, or an expression of them over the row."""


def after_tries(
    tries: sa.ColumnElement[int], first: float, pauses: Sequence[float]
) -> sa.ColumnElement[float]:
    """The longest pause, in seconds, that may follow so many tries."""
    return sa.case(
        {0: first} | {n: max(first, pause) for n, pause in enumerate(pauses, 1)},
        value=tries,
        else_=max(pauses),
    )


def of_callback(waits: MaximumWaits) -> sa.ColumnElement[float]:
    asked = callbacks.c.last_status.in_((429, 503))
    return sa.case(
        (asked, waits.asked), else_=after_tries(callbacks.c.tries, waits.sending, waits.callbacks)
    )


AHEAD: Mapping[sa.Column[Any], Longest] = {
    jobs.c.lease_until: lambda waits: waits.lease,
    jobs.c.available_at: lambda waits: sa.case(
        (jobs.c.waiting_for == states.WaitingFor.LIMIT, DAY),
        else_=max(states.LONGEST_PAUSE, waits.quiet),
    ),
    jobs.c.undecided_since: lambda waits: 0.0,
    mailboxes.c.settles_at: lambda waits: waits.quiet,
    steps.c.ended_at: lambda waits: waits.call,
    steps.c.trust_after: lambda waits: waits.quiet,
    purchases.c.ended_at: lambda waits: waits.call,
    purchases.c.settles_at: lambda waits: waits.quiet,
    callbacks.c.next_at: of_callback,
    callbacks.c.pending_since: lambda waits: 0.0,
    events.c.next_at: lambda waits: max(waits.asked, *waits.callbacks),
    notes.c.next_at: lambda waits: after_tries(notes.c.tries, note_times.LEASE, note_times.RETRIES),
    accounts.c.probe_at: lambda waits: PROBE_EVERY,
    accounts.c.money_until: lambda waits: MONEY,
    accounts.c.quiet_until: lambda waits: waits.quiet,
    accounts.c.restored_at: lambda waits: 0.0,
    accounts.c.reconcile_at: lambda waits: DAY,
    accounts.c.reconcile_lease: lambda waits: waits.comparison,
    sources.c.suspensions_from: lambda waits: 0.0,
    sources.c.receiver_after: lambda waits: RECEIVER,
    used_ids.c.until: lambda waits: sa.case(
        (used_ids.c.source.startswith("admin."), SESSION), else_=QUERY
    ),
    slots.c.until: lambda waits: 2 * waits.call,
    workers.c.seen_at: lambda waits: 0.0,
    sign_in_failures.c.at: lambda waits: 0.0,
    readiness.c.checked_at: lambda waits: 0.0,
    write_backs.c.next_at: lambda waits: max(waits.asked, *waits.callbacks),
    password_links.c.expires_at: lambda waits: LASTS,
    subscriptions.c.said_at: lambda waits: 0.0,  # an event is news only if it is not older
    sources.c.compared_at: lambda waits: 0.0,
    mail_watches.c.next_at: lambda waits: DAY,
    mail_watches.c.looked_at: lambda waits: 0.0,
    mail_watches.c.sampled_at: lambda waits: 0.0,
    mail_watches.c.ordered_at: lambda waits: 0.0,
    mail_watches.c.failing_since: lambda waits: 0.0,
}
"""Each time that something waits for, or counts from, and how far ahead it may lie."""

HISTORY: frozenset[sa.Column[Any]] = frozenset(
    {
        mailboxes.c.delete_after,  # promised to customers: it comes later, but never sooner
        paks.c.expires,  # Enom's
        hooks.c.received_at,
        hooks.c.dismissed_at,
        mailboxes.c.observed_at,
        mailboxes.c.gone_at,
        mailboxes.c.used_at,
        services.c.suspended_at,
        jobs.c.created_at,
        jobs.c.started_at,
        jobs.c.finished_at,
        steps.c.started_at,
        purchases.c.started_at,
        *(events.c[name] for name in ("created_at", "ended_at", "below_at")),
        *(password_links.c[name] for name in ("created_at", "ended_at")),
        callbacks.c.created_at,
        callbacks.c.ended_at,
        notes.c.created_at,
        audit.c.at,
        reconciliations.c.started_at,
        reconciliations.c.ended_at,
        *(metadata.tables["differences"].c[name] for name in ("since", "seen_at")),
        paks.c.seen_at,
    }
)
"""What was, for people and for counting: nothing waits for it."""

# Of what was, the newest: to be looked at without walking a table. Where it lies ahead, the clock
# has been put back.
SELECT_NEWEST: Sequence[sa.Select[Any]] = (
    sa.select(hooks.c.received_at).order_by(hooks.c.id.desc()).limit(1),
    sa.select(jobs.c.created_at).order_by(jobs.c.id.desc()).limit(1),
    sa.select(sa.func.max(steps.c.started_at)),
    sa.select(audit.c.at).order_by(audit.c.id.desc()).limit(1),
    sa.select(reconciliations.c.ended_at).order_by(reconciliations.c.id.desc()).limit(1),
    sa.select(sa.func.max(workers.c.seen_at)),
    sa.select(sa.func.max(accounts.c.restored_at)),
)


@dataclass(frozen=True)
class ClockCorrection:
    """`ahead`: seconds by which the clock was ahead at least, 0: it was not. `times`: column -> how
    many came nearer.
    """

    ahead: float
    times: Mapping[str, int]


def correct_future_times(database: Database, waits: MaximumWaits) -> ClockCorrection:
    """For the start of a process: brings nearer what a clock that was ahead has left, if it was."""
    with database.read() as tx:
        ahead = newest(tx) - database.now(tx)
    if ahead <= TOLERANCE:
        return ClockCorrection(0.0, {})
    with database.write() as tx:
        now = database.now(tx)
        times = {
            str(column): nearer(tx, column, now + longest(waits))
            for column, longest in AHEAD.items()
        }
        times["marks.value"] = gathering(tx, now)
        database.notify(tx, *Topic)
    return ClockCorrection(ahead, {name: count for name, count in times.items() if count})


def newest(tx: Connection) -> float:
    return max(
        (moment for query in SELECT_NEWEST if (moment := tx.scalar(query)) is not None), default=0.0
    )


def nearer(tx: Connection, column: sa.Column[Any], latest: Any) -> int:
    return tx.execute(
        sa.update(column.table).where(column > latest).values({column: latest})
    ).rowcount


def gathering(tx: Connection, now: float) -> int:
    """Until when notes are gathered; a mark, because it is one for all."""
    latest = int(now) + note_times.LONGEST_PAUSE
    late = key_values.c.name == note_times.NEXT_SENDING, key_values.c.value > latest
    return tx.execute(sa.update(key_values).where(*late).values(value=latest)).rowcount
