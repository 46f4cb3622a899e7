"""What is on record of the subscriptions of a source, and when they are compared with the platform."""

from collections.abc import Mapping

import sqlalchemy as sa

from bridge.domain.ports import Said
from bridge.reporting import notes as sentences
from bridge.store.base.database import Database
from bridge.store.base.tables import jobs, sources, subscriptions
from bridge.store.queue import notes

DAY, AGAIN = 86400.0, 3600.0  # seconds until the next comparison, and after one that failed


NEWEST_EXTRA = (
    sa.select(jobs.c.extra)
    .where(jobs.c.service_id == subscriptions.c.service_id, jobs.c.source == subscriptions.c.source)
    .order_by(jobs.c.id.desc())
    .limit(1)
    .scalar_subquery()
    .label("newest_extra")
)


class Subscribed:
    def __init__(self, database: Database) -> None:
        self.database = database

    def said(self, source: str) -> Mapping[str, Said]:
        """By the subscription's id."""
        query = sa.select(subscriptions, NEWEST_EXTRA).where(subscriptions.c.source == source)
        with self.database.read() as tx:
            return {
                row["service_id"]: Said(
                    row["action"],
                    row["status"],
                    row["address"],
                    row["plan"],
                    bool((row["newest_extra"] or {}).get("observed_only")),
                )
                for row in tx.execute(query).mappings()
            }

    def take(self, source: str) -> bool:
        """Whether a comparison is due, and this process is to do it. Else another one does."""
        due = sa.func.coalesce(sources.c.compared_at, 0.0)
        with self.database.read() as tx:
            last = tx.scalar(sa.select(due).where(sources.c.name == source))
            if last is None or last > self.database.now(tx) - DAY:
                return False
        with self.database.write() as tx:
            now = self.database.now(tx)
            mine = sa.update(sources).where(sources.c.name == source, due <= now - DAY)
            return tx.execute(mine.values(compared_at=now)).rowcount == 1

    def failed(self, source: str) -> None:
        """It is due again in an hour."""
        with self.database.write() as tx:
            later = self.database.now(tx) - DAY + AGAIN
            tx.execute(sa.update(sources).where(sources.c.name == source).values(compared_at=later))

    def tell(self, source: str, differences: int) -> None:
        """Tells the admin, once, that something differs which is not made up for by itself; and that
        it does no more."""
        subject = f"subscriptions:{source}"
        with self.database.write() as tx:
            now = self.database.now(tx)
            if differences:
                text = sentences.subscriptions_differ(source, differences)
                notes.raise_once(tx, subject, text, now)
            else:
                notes.clear(tx, subject, sentences.subscriptions_agree(source), now)
