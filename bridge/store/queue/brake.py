"""The brake for suspensions: a billing system gone wrong must not suspend everybody before anybody
has looked.

A source that sent more suspensions within an hour than a share of its mailboxes may send no more
until a person has looked. With a grace a terminate is one of them: it suspends at once, and no
limit of deletions is asked. All else of it is taken in as before: a customer who pays meanwhile
gets the mailbox back, and staff can undo what was wrong.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.superseded import TAKES_AWAY
from bridge.reporting import notes as sentences
from bridge.store.base.conditions import among
from bridge.store.base.database import Database
from bridge.store.base.tables import jobs, mailboxes, sources
from bridge.store.queue import notes

FLOOR = 50  # suspensions in an hour that pass however few mailboxes there are
HOUR = 3600.0
RECOUNT_AFTER = 30.0  # seconds for which the number of a source's mailboxes is not counted anew
# Of what may still pass, the part that a process does not count one by one; one that stalls passes
# it later, on top
UNCOUNTED_PART = 4

# By no index of the source: those would first sort all that it ever sent. What is older than an
# hour the id tells.
CAME_LATELY = (
    jobs.c.id >= sa.bindparam("first_id"),
    sa.func.coalesce(jobs.c.source, "") == sa.bindparam("source"),
    jobs.c.created_at > sa.bindparam("since"),
    jobs.c.created_at <= sa.bindparam("until"),  # no later ones: of a clock that was ahead
    jobs.c.status != "cancelled",
    jobs.c.replaces.is_(None),
    jobs.c.purge.is_(False),
    # Of a service that is held whole nothing was suspended.
    sa.or_(jobs.c.service_job.is_(None), jobs.c.status != "held"),
)
SUSPEND = frozenset({"mailbox.suspend"})
COUNT_MAILBOXES = sa.select(sa.func.count()).where(
    mailboxes.c.source == sa.bindparam("source"), mailboxes.c.state != "absent"
)


class TooMany(Exception):
    """This source suspends too large a share of its mailboxes."""

    def __init__(self, why: str, since: float | None) -> None:
        super().__init__(why)
        self.why, self.since = why, since


@dataclass
class SuspensionCount:
    """Of one source, in this process: how many suspensions pass without a count, and its mailboxes
    as they were counted.
    """

    uncounted: int = 0
    mailboxes: int = 0
    counted_at: float = float("-inf")


def count_hooks(actions: Iterable[str]) -> sa.Select[Any]:
    """How many hooks of these actions came lately, up to `most`."""
    found = (
        sa.select(sa.literal(1))
        .select_from(jobs)
        .where(among(jobs.c.action, *sorted(actions)), *CAME_LATELY)
    )
    return sa.select(sa.func.count()).select_from(found.limit(sa.bindparam("most")).subquery())


class Brake:
    """`share` of a source's mailboxes, 0: none. `first_id` gives the lowest id that a job of that
    time can have.

    `grace`: whether a terminate suspends first.
    """

    def __init__(self, share: float, first_id: Callable[[float], str], grace: bool = False) -> None:
        self.share, self.first_id = share, first_id
        self.suspends = SUSPEND | TAKES_AWAY if grace else SUSPEND
        self._counting = count_hooks(self.suspends)
        self._seen: dict[str, SuspensionCount] = {}
        self._lock = threading.Lock()

    def check(self, tx: Connection, source: str, since: float | None, now: float) -> None:
        """Raises TooMany when one more suspension is too much. `since`: what was sent before does
        not count.
        """
        if self.passes(source):
            return
        lately = max(now - HOUR, since or 0.0), now + HOUR
        most = FLOOR
        count = self._count(tx, source, lately, most)
        if count >= FLOOR:
            most = self.most(tx, source, now)
            count = self._count(tx, source, lately, most)
        if count >= most:
            mailboxes_of = self._seen[source].mailboxes
            raise TooMany(
                sentences.too_many_suspensions(count, mailboxes_of, self.share, FLOOR), since
            )
        with self._lock:
            seen = self._seen[source]
            seen.uncounted = (most - count - 1) // UNCOUNTED_PART

    def check_service(
        self, tx: Connection, source: str, more: int, since: float | None, now: float
    ) -> bool:
        """Whether so many suspensions at once pass; False when it is this service alone that is too
        much. Raises TooMany when none would pass.
        """
        if not self.share or not more:
            return True
        lately = max(now - HOUR, since or 0.0), now + HOUR
        most = self.most(tx, source, now)
        count = self._count(tx, source, lately, most + 1)
        if count >= most:
            mailboxes_of = self._seen[source].mailboxes
            raise TooMany(
                sentences.too_many_suspensions(count, mailboxes_of, self.share, FLOOR), since
            )
        with self._lock:
            left = most - count - more
            self._seen[source].uncounted = max(0, left - 1) // UNCOUNTED_PART
        return left >= 0

    def passes(self, source: str) -> bool:
        """Whether one more suspension passes without a count; if so, it is one of those now."""
        if not self.share:
            return True
        with self._lock:
            seen = self._seen.setdefault(source, SuspensionCount())
            seen.uncounted -= (passes := seen.uncounted > 0)
            return passes

    def most(self, tx: Connection, source: str, now: float) -> int:
        """How many suspensions of this source pass within an hour."""
        with self._lock:
            seen = self._seen.setdefault(source, SuspensionCount())
        if now - seen.counted_at > RECOUNT_AFTER:
            seen.mailboxes, seen.counted_at = (
                tx.scalar(COUNT_MAILBOXES, {"source": source}) or 0,
                now,
            )
        return max(FLOOR, int(self.share * seen.mailboxes))

    def _count(self, tx: Connection, source: str, lately: tuple[float, float], most: int) -> int:
        since, until = lately
        asked = {
            "source": source,
            "since": since,
            "until": until,
            "first_id": self.first_id(since),
            "most": most,
        }
        return int(tx.scalar(self._counting, asked) or 0)


def stop(database: Database, source: str, account: str, found: TooMany) -> None:
    """From now on no suspension of this source is accepted, until a person lets it go on."""
    with database.write() as tx:
        now = database.now(tx)
        # Whoever has let it go on meanwhile has looked.
        unchanged = (
            sources.c.suspensions_paused.is_(None),
            sources.c.suspensions_from.is_not_distinct_from(found.since),
        )
        change: Any = sa.update(sources).where(sources.c.name == source, *unchanged)
        if tx.execute(change.values(suspensions_paused=found.why)).rowcount:
            note = sentences.suspensions_stopped(source, account, found.why)
            notes.raise_once(tx, subject(source), note, now)


def release(tx: Connection, source: str, now: float) -> None:
    """Suspensions of this source are accepted again, and counted anew from now on."""
    change = sa.update(sources).where(sources.c.name == source)
    tx.execute(change.values(suspensions_paused=None, suspensions_from=now))
    notes.clear(tx, subject(source), sentences.suspensions_accepted(source), now)


def subject(source: str) -> str:
    return f"suspensions:{source}"
