"""A change of key: what is sealed under an older one is sealed anew; what can only be compared is
counted.

Rule 1: a row is written only if it still holds what was read, so it is safe beside a bridge that
runs, and may be stopped and begun again at any time.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from bridge.domain.digests import key_id
from bridge.domain.errors import NotPossible
from bridge.infra.crypto import Purpose, Sealer, Unsealable
from bridge.reporting.refusals import refusal
from bridge.store.base.database import Database
from bridge.store.base.tables import hooks, jobs, mailboxes, workers
from bridge.store.queue.account_state import ALIVE

BATCH = 200  # rows read at a time; each is written by itself
DAY = 86400.0
SEALED: Mapping[str, tuple[sa.Table, Purpose, str]] = {
    "passwords": (jobs, Purpose.PASSWORD, "id"),
    "parked hooks": (hooks, Purpose.CONTENT, "hook_id"),
}
"""What is encrypted: how people call it, where it stands, for what purpose, and the name that a row
goes by.
"""


@dataclass
class Tally:
    """Rows of one kind: already under the newest key, under an older one, and the names of those
    that no key opens.
    """

    newest: int = 0
    older: int = 0
    lost: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Survey:
    """How everything stands. `hooks` are recognised by digests, which cannot be made anew without
    their text.

    `older_needed_until` (epoch seconds): when the last hook under an older key is pruned; None when
    there is none. `older_last_used`: when the last hook came that was taken under an older key.
    `gone_until`: as `older_needed_until`, of those whose key is not configured any more.
    `passwords_…`: mailboxes whose last password is recognised by such a digest.
    """

    sealed: Mapping[str, Tally]
    hooks_newest: int
    hooks_older: int
    hooks_gone: int
    older_last_used: float | None
    older_needed_until: float | None
    gone_until: float | None
    passwords_older: int
    passwords_gone: int


@dataclass(frozen=True)
class Recognised:
    """The hooks that one key recognises; times in epoch seconds."""

    count: int
    last_used: float
    needed_until: float


class Rotation:
    def __init__(self, database: Database, sealer: Sealer, keep_days: float) -> None:
        self.database = database
        self.sealer = sealer
        self.keep = keep_days * DAY

    def rotate(self) -> Mapping[str, Tally]:
        """Seals everything with the newest key; `older` counts what was written. Raises NotPossible
        beside a worker without it.
        """
        self._refuse_unaware()
        tallies = {}
        for what in SEALED:
            total = self._pass(what, write=True)
            while (again := self._pass(what, write=True)).older:  # what came in meanwhile
                total = Tally(again.newest - again.older, total.older + again.older, again.lost)
            tallies[what] = total
        return tallies

    def survey(self) -> Survey:
        """What still needs which key; changes nothing."""
        with self.database.read() as tx:
            groups, passwords = self._hooks(tx), self._passwords(tx)
        older = [group for name, group in groups.items() if self._age(name) == "older"]
        gone = [group for name, group in groups.items() if self._age(name) == "gone"]
        return Survey(
            sealed={what: self._pass(what, write=False) for what in SEALED},
            hooks_newest=sum(
                group.count for name, group in groups.items() if self._age(name) == "newest"
            ),
            hooks_older=sum(group.count for group in older),
            hooks_gone=sum(group.count for group in gone),
            older_last_used=max((group.last_used for group in older), default=None),
            older_needed_until=max((group.needed_until for group in older), default=None),
            gone_until=max((group.needed_until for group in gone), default=None),
            passwords_older=sum(
                count for name, count in passwords.items() if self._age(name) == "older"
            ),
            passwords_gone=sum(
                count for name, count in passwords.items() if self._age(name) == "gone"
            ),
        )

    def _age(self, name: str | None) -> str:
        """Of a digest's key. Version 0.1 named none: that is the only one there is, or may be any
        of the older ones.
        """
        *older, newest = self.sealer.key_ids
        if name == newest or (name is None and not older):
            return "newest"
        return "older" if name is None or name in older else "gone"

    def _hooks(self, tx: sa.Connection) -> dict[str | None, "Recognised"]:
        """For each key that hooks are recognised by: how many, when the last came, and when the
        last will be pruned.
        """
        head, now = key_of(hooks.c.digest), self.database.now(tx)
        parked = sa.case((jobs.c.id.is_(None), hooks.c.received_at), else_=now)
        ended, came = (
            sa.func.max(sa.func.coalesce(jobs.c.finished_at, parked)),
            sa.func.max(hooks.c.received_at),
        )
        found = (
            sa.select(head, sa.func.count(), came, ended)
            .outerjoin(jobs, jobs.c.id == hooks.c.job_id)
            .group_by(head)
        )
        groups: dict[str | None, Recognised] = {}
        for name, count, last_used, last_ended in tx.execute(found):
            before = groups.get(key_id(name), Recognised(0, 0.0, 0.0))
            groups[key_id(name)] = Recognised(
                before.count + count,
                max(before.last_used, last_used),
                max(before.needed_until, last_ended + self.keep),
            )
        return groups

    def _passwords(self, tx: sa.Connection) -> Counter[str | None]:
        head = key_of(mailboxes.c.password_digest)
        found = (
            sa.select(head, sa.func.count())
            .where(mailboxes.c.password_digest.is_not(None))
            .group_by(head)
        )
        counts: Counter[str | None] = Counter()
        for name, count in tx.execute(found):
            counts[key_id(name)] += count
        return counts

    def _pass(self, what: str, *, write: bool) -> Tally:
        table, purpose, name = SEALED[what]
        tally = Tally()
        for row in self._rows(table):
            try:
                again = self.sealer.reseal(purpose, row["sealed"])
            except Unsealable:
                tally.lost.append(row[name])
                continue
            if again is None:
                tally.newest += 1
            elif not write or self._replace(table, row, again):
                tally.older += 1
        return tally

    def _rows(self, table: sa.Table) -> Iterator[Any]:
        after: Any = None
        while True:
            query = (
                sa.select(table)
                .where(table.c.sealed.is_not(None))
                .order_by(table.c.id)
                .limit(BATCH)
            )
            with self.database.read() as tx:
                rows = (
                    tx.execute(query if after is None else query.where(table.c.id > after))
                    .mappings()
                    .all()
                )
            yield from rows
            if len(rows) < BATCH:
                return
            after = rows[-1]["id"]

    def _replace(self, table: sa.Table, row: Any, again: str) -> bool:
        """False when it was wiped or handed on meanwhile."""
        same = table.c.id == row["id"], table.c.sealed == row["sealed"]
        with self.database.write() as tx:
            return tx.execute(sa.update(table).where(*same).values(sealed=again)).rowcount > 0

    def _refuse_unaware(self) -> None:
        newest = self.sealer.key_ids[-1]
        with self.database.read() as tx:
            alive = sa.select(workers).where(workers.c.seen_at > self.database.now(tx) - ALIVE)
            unaware = [
                row["owner"]
                for row in tx.execute(alive).mappings()
                if newest not in (row["key_ids"] or "").split()
            ]
        if unaware:
            raise NotPossible(
                refusal("worker_without_key", workers=", ".join(sorted(unaware)), seconds=ALIVE)
            )


def key_of(digest: sa.Column[str]) -> sa.ColumnElement[str]:
    """As far as `key_id` needs it; one and the same for all that name none."""
    return sa.case((sa.func.substr(digest, 9, 1) == ".", sa.func.substr(digest, 1, 9)), else_="")
