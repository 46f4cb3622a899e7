"""The domains whose mail is looked at by itself: which are next, and what came of it."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.actions import CREATES
from bridge.maildns.watching import Outcome, Watched
from bridge.reporting.notes import mail_subject, mail_unwatched
from bridge.store.base.conditions import among
from bridge.store.base.database import Database, upsert
from bridge.store.base.rows import Row
from bridge.store.base.tables import jobs, key_values, mail_watches, mailboxes, sources
from bridge.store.queue import notes

DAY = 86400.0
LEASE = 300.0  # seconds for a round of looks
SEEN = "mail_watch_seen"  # up to when the creations have been read
MARKED_EVERY = 3600.0
OVERLAP = 60.0  # seconds: a row becomes visible a little after its time was taken
BACKLOG = 5  # domains of the round that are made up for after a stop
BATCH = 100
HAS_OWNED_MAILBOX = sa.exists().where(
    mailboxes.c.account == mail_watches.c.account,
    mailboxes.c.domain == mail_watches.c.domain,
    mailboxes.c.source.is_not(None),
)


class MailWatches:
    def __init__(self, database: Database) -> None:
        self.database = database

    def enrol(self, accounts: Sequence[str]) -> None:
        """Takes up the domains in which a mailbox was made since it was last called; at first only
        those of the future."""
        with self.database.read() as tx:  # on most rounds there is nothing to write
            now = self.database.now(tx)
            seen = tx.scalar(sa.select(key_values.c.value).where(key_values.c.name == SEEN))
            made = [] if seen is None else self._made_since(tx, accounts, min(seen, now) - OVERLAP)
        # One that lies ahead was left by a clock that has been put right.
        if seen is not None and not made and 0 <= now - seen < MARKED_EVERY:
            return
        with self.database.write() as tx:
            notes.numbers(tx, self.database, {SEEN: int(now)})
            mark = sa.update(key_values).where(key_values.c.name == SEEN)
            tx.execute(mark.values(value=int(now)))
            for account, domain in made:
                self._order(tx, account, domain, now)

    def _made_since(
        self, tx: Connection, accounts: Sequence[str], since: float
    ) -> list[tuple[str, str]]:
        """Of jobs that were only observed the mailbox has no owner."""
        made = (
            sa.select(jobs.c.account, jobs.c.domain)
            .join(mailboxes, mailboxes.c.id == jobs.c.mailbox_id)
            .where(
                jobs.c.finished_at >= since,
                jobs.c.action.in_(CREATES),
                among(jobs.c.status, "succeeded"),
                jobs.c.account.in_(accounts),
                mailboxes.c.source == jobs.c.source,
            )
            .distinct()
        )
        found: list[tuple[str, str]] = []
        for source in tx.scalars(sa.select(sources.c.name)).all():
            # One after the other: the index of what ended begins with it.
            found += [(row[0], row[1]) for row in tx.execute(made.where(jobs.c.source == source))]
        return found

    def _order(self, tx: Connection, account: str, domain: str, now: float) -> None:
        """One that works both ways, or is looked at already, stays as it is."""
        values = {"ordered_at": now, "next_at": now, "looks": 0}
        new = upsert(self.database.embedded, mail_watches).values(
            account=account, domain=domain, **values
        )
        works = mail_watches.c.receives & mail_watches.c.sends
        tx.execute(
            new.on_conflict_do_update(
                index_elements=["account", "domain"],
                set_=values,
                where=mail_watches.c.next_at.is_(None) & ~works,
            )
        )

    def due(self, accounts: Sequence[str], most: int) -> Sequence[Watched]:
        """Those whose time has come, under a lease that is simply a later next time."""
        due = (mail_watches.c.account.in_(accounts), mail_watches.c.next_at.is_not(None))
        with self.database.read() as tx:
            now = self.database.now(tx)
            first = sa.select(sa.exists().where(*due, mail_watches.c.next_at <= now))
            if not tx.scalar(first):
                return []
        with self.database.write() as tx:
            now = self.database.now(tx)
            query = sa.select(mail_watches).where(*due, mail_watches.c.next_at <= now)
            query = query.order_by(mail_watches.c.next_at).limit(most)
            if not self.database.embedded:
                query = query.with_for_update(skip_locked=True)
            rows = tx.execute(query).mappings().all()
            taken = sa.update(mail_watches).where(
                mail_watches.c.id.in_([row["id"] for row in rows])
            )
            tx.execute(taken.values(next_at=now + LEASE))
            return [to_watched(row) for row in rows]

    def sample(self, accounts: Sequence[str], per_day: int) -> Watched | None:
        """The next domain of the round; None when its time has not come, or when all were looked
        at within a day.

        The round goes through the domains by name, from the one that was last in it. Its times
        are those of an even pace, so that a round that was late makes up for a little.
        """
        step = DAY / per_day
        with self.database.read() as tx:
            now = self.database.now(tx)
            last = tx.execute(SELECT_LAST_SAMPLED).mappings().first()
            turn = now if last is None else max(last["sampled_at"] + step, now - BACKLOG * step)
            if turn > now:
                return None
            place = ("", "") if last is None else (last["account"], last["domain"])
            found = self._following(tx, sorted(accounts), *place)
            if found is None or self._looked_at_since(tx, *found, now - DAY):
                return None
        with self.database.write() as tx:
            new = upsert(self.database.embedded, mail_watches).values(
                account=found[0], domain=found[1], sampled_at=turn
            )
            row = tx.execute(
                new.on_conflict_do_update(
                    index_elements=["account", "domain"], set_={"sampled_at": turn}
                ).returning(mail_watches)
            )
            return to_watched(row.mappings().one())

    def _following(
        self, tx: Connection, accounts: Sequence[str], account: str, domain: str
    ) -> tuple[str, str] | None:
        """The domain after this one that has an owned mailbox; after the last the first."""
        later = [name for name in accounts if name > account]
        earlier = [name for name in accounts if name <= account]
        here = [(account, domain)] if account in accounts else []
        for name, after in (*here, *((name, "") for name in (*later, *earlier))):
            query = (
                sa.select(mailboxes.c.domain)
                .where(
                    mailboxes.c.account == name,
                    mailboxes.c.domain > after,
                    mailboxes.c.source.is_not(None),
                )
                .order_by(mailboxes.c.domain)
                .limit(1)
            )
            if (found := tx.scalar(query)) is not None:
                return name, found
        return None

    def _looked_at_since(self, tx: Connection, account: str, domain: str, since: float) -> bool:
        here = mail_watches.c.account == account, mail_watches.c.domain == domain
        looked = sa.select(mail_watches.c.looked_at).where(*here)
        return (tx.scalar(looked) or 0.0) > since

    def record(self, watched: Watched, outcome: Outcome, text: str) -> None:
        """Keeps what came of a look, and the note of it."""
        this = mail_watches.c.id == int(watched.id)
        with self.database.write() as tx:
            # Locked, or two processes would both find no note.
            row = tx.execute(self.database.lock_row(sa.select(mail_watches).where(this))).first()
            if row is None:
                return
            now = self.database.now(tx)
            tx.execute(
                sa.update(mail_watches)
                .where(this)
                .values(
                    receives=outcome.receives,
                    sends=outcome.sends,
                    failing_since=outcome.failing_since,
                    next_at=outcome.next_at,
                    looks=mail_watches.c.looks + 1,
                    looked_at=now,
                )
            )
            subject = mail_subject(watched.domain, watched.id)
            if outcome.failing:
                notes.raise_once(tx, subject, text, now)
            if outcome.works:
                notes.clear(tx, subject, text, now)

    def forget(self) -> int:
        """Removes one batch of domains in which no service has a mailbox any more."""
        orphaned = sa.select(mail_watches).where(~HAS_OWNED_MAILBOX).limit(BATCH)
        with self.database.read() as tx:
            if tx.execute(orphaned.limit(1)).first() is None:
                return 0
        with self.database.write() as tx:
            rows = tx.execute(orphaned).mappings().all()
            for row in rows:
                subject = mail_subject(row["domain"], str(row["id"]))
                notes.clear(tx, subject, mail_unwatched(row["domain"]), self.database.now(tx))
            ids = [row["id"] for row in rows]
            tx.execute(sa.delete(mail_watches).where(mail_watches.c.id.in_(ids)))
            return len(rows)


SELECT_LAST_SAMPLED: sa.Select[Any] = (
    sa.select(mail_watches)
    .where(mail_watches.c.sampled_at.is_not(None))
    .order_by(mail_watches.c.sampled_at.desc())
    .limit(1)
)


def to_watched(row: Row) -> Watched:
    return Watched(
        str(row["id"]),
        row["account"],
        row["domain"],
        row["ordered_at"],
        row["receives"],
        row["sends"],
        row["failing_since"],
        row["looks"],
    )
