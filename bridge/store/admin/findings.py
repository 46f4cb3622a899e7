"""What the last reconciliation of each domain found; when the next one is due. Nothing here decides
anything.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.ports import Comparison, Reconciliation
from bridge.reporting import notes as sentences
from bridge.store.base.database import Database
from bridge.store.base.shown_columns import shown
from bridge.store.base.tables import accounts, differences, mailboxes, paks, reconciliations
from bridge.store.queue import notes

BATCH = 500
LEASE = 120.0
Row = Mapping[str, Any]


class Findings:
    """`lease`: seconds for which an account that is being compared is nobody else's; longer than
    between two heartbeats.
    """

    def __init__(self, database: Database, lease: float = LEASE) -> None:
        self.database, self.lease = database, lease

    def keep(self, who: str, found: Reconciliation) -> None:
        with self.database.write() as tx:
            # A person's and the nightly one may end at the same time: the later takes the place of
            # the earlier whole.
            mine = sa.select(accounts.c.name).where(accounts.c.name == found.account)
            tx.execute(self.database.lock_row(mine)).all()
            known = self._forget(tx, found)
            rows = [row(found, each, known) for each in found.differences]
            for start in range(0, len(rows), BATCH):
                tx.execute(sa.insert(differences), rows[start : start + BATCH])
            bought = list(pak_rows(found))
            for start in range(0, len(bought), BATCH):
                tx.execute(sa.insert(paks), bought[start : start + BATCH])
            tx.execute(sa.insert(reconciliations), run(who, found))
            self._tell(tx, found, rows)

    # When an account is to be compared, and by whom: ports.Comparisons.

    def take_due(self, at: str, among: Sequence[str]) -> Comparison | None:
        with self.database.write() as tx:
            now = self.database.now(tx)
            if at:
                later = following(now, at)
                # Not yet noted, or by another hour that was configured before.
                moved = sa.or_(accounts.c.reconcile_at.is_(None), accounts.c.reconcile_at > later)
                tx.execute(sa.update(accounts).where(moved).values(reconcile_at=later))
            name = tx.scalar(self.database.lock_row(due(now, among).limit(1)))
            if name is None:
                return None
            lease = now + self.lease
            tx.execute(
                sa.update(accounts).where(accounts.c.name == name).values(reconcile_lease=lease)
            )
            return Comparison(str(name), lease, now)

    def renew(self, comparison: Comparison) -> Comparison | None:
        with self.database.write() as tx:
            lease = self.database.now(tx) + self.lease
            kept = tx.execute(mine(comparison).values(reconcile_lease=lease)).rowcount > 0
        return replace(comparison, lease=lease) if kept else None

    def done(self, comparison: Comparison, at: str) -> None:
        with self.database.write() as tx:
            night = sa.literal(following(self.database.now(tx), at)) if at else sa.null()
            asked_for = accounts.c.reconcile_at > comparison.taken_at  # by a person, since it began
            next_at = sa.case((asked_for, accounts.c.reconcile_at), else_=night)
            tx.execute(mine(comparison).values(reconcile_at=next_at, reconcile_lease=None))

    def put_off(self, comparison: Comparison, seconds: float) -> None:
        with self.database.write() as tx:
            later = self.database.now(tx) + seconds
            tx.execute(mine(comparison).values(reconcile_at=later, reconcile_lease=None))

    def hand_back(self, comparison: Comparison) -> None:
        with self.database.write() as tx:
            tx.execute(mine(comparison).values(reconcile_lease=None))

    def last(self, account: str, read: bool = False) -> Mapping[str, Any] | None:
        """The last reconciliation of the whole account; `read`: the last that could read any of its
        domains.
        """
        with self.database.read() as tx:
            query = sa.select(reconciliations).where(
                reconciliations.c.account == account, reconciliations.c.whole
            )
            if read:
                query = query.where(reconciliations.c.domains > 0)
            found = (
                tx.execute(query.order_by(reconciliations.c.id.desc()).limit(1)).mappings().first()
            )
        return shown("reconciliations", found) if found else None

    def inventory(
        self, account: str
    ) -> tuple[Sequence[Row], Sequence[Row], Sequence[Row], Sequence[Row]]:
        """Paks; what is terminated and there; what is in its grace; what is missing there."""
        leaving = sa.select(mailboxes).where(
            mailboxes.c.account == account, mailboxes.c.delete_after.is_not(None)
        )
        bought = (
            sa.select(paks).where(paks.c.account == account).order_by(paks.c.domain, paks.c.bundle)
        )
        with self.database.read() as tx:
            now = self.database.now(tx)
            held = [
                shown("paks", row) | {"ends_in": row["expires"] - now}
                for row in tx.execute(bought).mappings()
            ]
            ended, missing = (
                [
                    shown("differences", row)
                    for row in tx.execute(differing(account, kind)).mappings()
                ]
                for kind in ("extra", "missing")
            )
            ordered = leaving.order_by(mailboxes.c.address)
            going = [shown("mailboxes", row) for row in tx.execute(ordered).mappings()]
        return held, ended, going, missing

    def ownerless(self, account: str) -> Sequence[Row]:
        """What the last comparison found that belongs to no service."""
        here = differences.c.account == account, differences.c.kind == "no_owner"
        query = sa.select(differences).where(*here).order_by(differences.c.address)
        with self.database.read() as tx:
            return [shown("differences", row) for row in tx.execute(query).mappings()]

    def _forget(
        self, tx: Connection, found: Reconciliation
    ) -> dict[tuple[str, str, str | None], float]:
        """Removes what is told anew; gives since when each was known."""
        known = {}
        here = differences.c.account == found.account
        # A domain that could not be read keeps what was known of it, but for that it could not be
        # read.
        covers = [here, differences.c.kind == "unread"] if found.whole else [here, sa.false()]
        scopes = [sa.and_(*covers)]
        domains = [*found.domains, *found.foreign]
        for column, names in (
            (differences.c.domain, domains),
            (differences.c.address, list(found.looked_at)),
        ):
            scopes += [
                sa.and_(here, column.in_(names[start : start + BATCH]))
                for start in range(0, len(names), BATCH)
            ]
        for scope in scopes:
            for old in tx.execute(sa.select(differences).where(scope)).mappings():
                known[old["kind"], old["domain"], old["address"]] = old["since"]
            tx.execute(sa.delete(differences).where(scope))
        for start in range(0, len(domains), BATCH):
            gone = (
                paks.c.account == found.account,
                paks.c.domain.in_(domains[start : start + BATCH]),
            )
            tx.execute(sa.delete(paks).where(*gone))
        return known

    def _tell(
        self, tx: Connection, found: Reconciliation, rows: Sequence[Mapping[str, Any]]
    ) -> None:
        """One note when there is something new, and one when nothing differs any more."""
        subject = f"drift:{found.account}"
        new = [each for each in rows if each["since"] == found.ended_at]
        if new and found.whole:
            notes.add(tx, subject, sentences.drift(found.account, new, len(rows)), found.ended_at)
        elif not rows and found.whole:
            notes.clear(tx, subject, sentences.no_drift(found.account), found.ended_at)


def settled(tx: Connection, account: str, addresses: Sequence[str]) -> None:
    """What was repaired, or given to a service, differs no more; the next comparison finds what
    still does.
    """
    tx.execute(
        sa.delete(differences).where(
            differences.c.account == account, differences.c.address.in_(addresses)
        )
    )


def run(who: str, found: Reconciliation) -> dict[str, Any]:
    kinds = [str(each.kind) for each in found.differences]
    return {
        "account": found.account,
        "who": who[:128],
        "started_at": found.started_at,
        "ended_at": found.ended_at,
        "whole": found.whole,
        "domains": len(found.domains),
        "unread": len(found.unread),
        "mailboxes": found.mailboxes,
        "found": {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}
        | {"under_way": found.under_way},
    }


def row(
    found: Reconciliation, each: Any, known: Mapping[tuple[str, str, str | None], float]
) -> dict[str, Any]:
    source, service = each.owner or (None, None)
    return {
        "account": found.account,
        "domain": each.domain,
        "address": each.address,
        "kind": str(each.kind),
        "source": source,
        "service_id": service,
        "detail": each.detail,
        "remedy": each.remedy,
        "since": known.get((str(each.kind), each.domain, each.address), found.ended_at),
        "seen_at": found.ended_at,
    }


def pak_rows(found: Reconciliation) -> Iterator[dict[str, Any]]:
    for domain, held in found.domains.items():
        for pak, used in held:
            values = {
                "used": used,
                "free": pak.free,
                "expires": pak.expires.timestamp(),
                "seen_at": found.ended_at,
            }
            yield {"account": found.account, "domain": domain, "bundle": pak.bundle, **values}


def mine(comparison: Comparison) -> sa.Update:
    """A change of the account, as long as it is compared under this very lease."""
    here = accounts.c.name == comparison.account, accounts.c.reconcile_lease == comparison.lease
    return sa.update(accounts).where(*here)


def due(now: float, among: Sequence[str]) -> sa.Select[Any]:
    free = sa.or_(accounts.c.reconcile_lease.is_(None), accounts.c.reconcile_lease <= now)
    query = sa.select(accounts.c.name).where(
        accounts.c.name.in_(among), accounts.c.reconcile_at <= now, free
    )
    return query.order_by(accounts.c.reconcile_at, accounts.c.name)


def following(now: float, at: str) -> float:
    """The next time after `now` at which it is HH:MM in UTC, in epoch seconds."""
    hour, minute = map(int, at.split(":"))
    today = datetime.fromtimestamp(now, UTC).replace(
        hour=hour, minute=minute, second=0, microsecond=0
    )
    return (today if today.timestamp() > now else today + timedelta(days=1)).timestamp()


def differing(account: str, kind: str) -> sa.Select[Any]:
    here = differences.c.account == account, differences.c.kind == kind
    return sa.select(differences).where(*here).order_by(differences.c.address)
