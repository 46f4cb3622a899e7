"""Counts what bridge.reporting.troubles judges, and keeps its notes: one while a trouble lasts, one
when it is over.
"""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.jobs import WaitingFor
from bridge.reporting import troubles
from bridge.store.base.conditions import among, ended_badly
from bridge.store.base.database import Database
from bridge.store.base.tables import accounts, jobs
from bridge.store.base.tables import notes as notes_table
from bridge.store.queue import creations, notes
from bridge.store.queue.account_state import STANDS_STILL
from bridge.store.queue.next_job import waits_for

KINDS = ("unreachable", "waiting", "failing", "limit")
IS_OPEN = among(jobs.c.status, "queued", "running")
COUNT_LIMITED = sa.select(sa.func.count()).where(*creations.IS_WAITING)


class Troubles:
    """`first_id` gives the lowest id that a job of that time can have."""

    def __init__(self, database: Database, first_id: Callable[[float], str]) -> None:
        self.database, self.first_id = database, first_id

    def look(self) -> None:
        """Writes a note about what is new, and about what is over."""
        with self.database.read() as tx:  # on most days there is nothing to write
            raised, over = self._difference(tx)
        if not raised and not over:
            return
        with self.database.write() as tx:  # both are idle where another worker came first
            creations.lock_accounts(tx, self.database)  # or two would both find no note
            now = self.database.now(tx)
            for trouble in raised:
                notes.raise_once(tx, trouble.subject, trouble.text, now)
            for subject in over:
                notes.clear(tx, subject, troubles.over(subject), now)

    def _difference(self, tx: Connection) -> tuple[list[troubles.Trouble], list[str]]:
        """What stands and has no note, and the subjects of notes about what stands no more."""
        now = self.database.now(tx)
        found = [
            trouble
            for counted in self._counted(tx, now)
            for trouble in troubles.found(counted, now)
        ]
        found += troubles.limited(tx.scalar(COUNT_LIMITED) or 0)
        account_state, noted = {trouble.subject for trouble in found}, self._noted(tx)
        lasting = {
            subject
            for subject in noted
            if subject.startswith("failing:") and self._failed_today(tx, subject, now)
        }
        raised = [trouble for trouble in found if trouble.subject not in noted]
        return raised, sorted(noted - account_state - lasting)

    def _counted(self, tx: Connection, now: float) -> list[troubles.Counted]:
        late = (
            IS_OPEN
            & (jobs.c.created_at < now - troubles.WAITING_AFTER)
            & ~waits_for(WaitingFor.LIMIT)  # that has a note of its own
        )
        tried = (
            IS_OPEN
            & (jobs.c.waiting_for == "retry")
            & (jobs.c.undecided_since < now - troubles.UNREACHABLE_AFTER)
        )
        counts = sa.select(
            jobs.c.account,
            sa.func.count(sa.case((late, 1))),
            sa.func.min(sa.case((late, jobs.c.created_at))),
            sa.func.count(sa.case((tried, 1))),
            sa.func.min(sa.case((tried, jobs.c.undecided_since))),
        )
        of = {row[0]: row for row in tx.execute(counts.where(IS_OPEN).group_by(jobs.c.account))}
        failed: dict[str, list[tuple[str, int, str]]] = {}
        for account, code, count, newest in tx.execute(
            self._failures(now - troubles.FAILED_WITHIN)
        ):
            failed.setdefault(account, []).append((code, count, newest))
        known = tx.execute(sa.select(accounts.c.name, STANDS_STILL)).all()
        found = []
        for name, stopped in known:
            _, waiting, oldest, unreachable, since = of.get(name, (name, 0, None, 0, None))
            found.append(
                troubles.Counted(
                    name, bool(stopped), waiting, oldest, unreachable, since, failed.get(name, ())
                )
            )
        return found

    def _failures(self, since: float) -> sa.Select[Any]:
        """account, code, how many, newest. A job that came long before it failed is found within a
        day of its coming.
        """
        recent = jobs.c.id >= self.first_id(since - troubles.DAY), jobs.c.finished_at >= since
        found = sa.select(jobs.c.account, jobs.c.code, sa.func.count(), sa.func.max(jobs.c.id))
        found = found.where(
            ended_badly(jobs),
            jobs.c.status == "failed",
            jobs.c.code.in_(troubles.REMEDIES),
            *recent,
        )
        return found.group_by(jobs.c.account, jobs.c.code)

    def _failed_today(self, tx: Connection, subject: str, now: float) -> bool:
        _, account, code = subject.split(":")
        of_day = tx.execute(self._failures(now - troubles.DAY))
        return any((row.account, row.code) == (account, code) for row in of_day)

    def _noted(self, tx: Connection) -> set[str]:
        """The subjects whose last note says that the trouble stands."""
        newest = sa.select(sa.func.max(notes_table.c.id)).where(
            sa.or_(*(notes_table.c.subject.startswith(f"{kind}:") for kind in KINDS))
        )
        last = newest.group_by(notes_table.c.subject)
        return set(
            tx.scalars(
                sa.select(notes_table.c.subject).where(
                    notes_table.c.id.in_(last), ~notes_table.c.cleared
                )
            )
        )
