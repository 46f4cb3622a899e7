"""Opt-in events out: one when a mailbox has become nearly full, and no other until it was seen
below."""

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.service_events import ClaimedEvent, EventType, Usage
from bridge.store.base.conditions import among
from bridge.store.base.database import Database
from bridge.store.base.due_rows import is_any_due, take_due
from bridge.store.base.tables import events, mailboxes, sources

LEASE = 40.0  # seconds; an event has 10 s in all
LEFT_ALONE = sa.exists().where(
    sources.c.name == events.c.source,
    sa.func.coalesce(sources.c.receiver_after, 0) > sa.bindparam("now"),
)


class ServiceEvents:
    def __init__(self, database: Database, new_id: Callable[[float], str]) -> None:
        self.database, self.new_id = database, new_id

    def note_usage(self, usage: Usage, data: Mapping[str, Any]) -> bool:
        """Makes an event when a mailbox has become nearly full; once, until it was seen below.
        Whether one was made."""
        with self.database.read() as tx:  # for almost every mailbox there is nothing to write
            if self._stands(tx, usage) == usage.nearly_full:
                return False
        with self.database.write() as tx:
            now = self.database.now(tx)
            # Locked, or two reads of one moment would make two; and only while it is this
            # service's.
            mailbox = sa.select(mailboxes.c.id).where(
                mailboxes.c.account == usage.account,
                mailboxes.c.address == usage.address,
                mailboxes.c.source == usage.source,
                mailboxes.c.service_id == usage.service_id,
            )
            owned = tx.execute(self.database.lock_row(mailbox)).first() is not None
            if not owned or self._stands(tx, usage) == usage.nearly_full:
                return False
            if usage.nearly_full:
                self._add(tx, usage, data, now)
            else:
                tx.execute(sa.update(events).where(*standing(usage)).values(below_at=now))
            return usage.nearly_full

    def _stands(self, tx: Connection, usage: Usage) -> bool:
        return bool(tx.scalar(sa.select(sa.exists().where(*standing(usage)))))

    def _add(self, tx: Connection, usage: Usage, data: Mapping[str, Any], now: float) -> None:
        tx.execute(
            sa.insert(events).values(
                id=f"ev_{self.new_id(now).removeprefix('job_')}",
                type=str(EventType.NEARLY_FULL),
                account=usage.account,
                address=usage.address,
                source=usage.source,
                service_id=usage.service_id,
                data=dict(data),
                status="pending",
                next_at=now,
                created_at=now,
            )
        )

    def claim_event(self, without: frozenset[str]) -> ClaimedEvent | None:
        """Takes the next event that is due, of no source `without`."""
        due = (
            among(events.c.status, "pending"),
            events.c.next_at <= sa.bindparam("now"),
            events.c.source.not_in(sorted(without)),
            ~LEFT_ALONE,
        )
        if not is_any_due(self.database, events, due):
            return None
        with self.database.write() as tx:
            row = take_due(tx, self.database, events, due, LEASE)
            if row is None:
                return None
            return ClaimedEvent(
                row["id"],
                row["token"],
                row["source"],
                row["type"],
                row["data"],
                row["created_at"],
                row["tries"] + 1,
            )

    def event_done(
        self,
        claimed: ClaimedEvent,
        outcome: str,
        status: int | None,
        error: str | None,
        retry_in: float | None,
    ) -> None:
        """A sender that hung past its lease records nothing."""
        with self.database.write() as tx:
            now = self.database.now(tx)
            values: dict[str, Any] = {
                "status": outcome,
                "tries": claimed.tries,
                "last_status": status,
                "last_error": error,
            }
            values |= {"ended_at": now} if retry_in is None else {"next_at": now + retry_in}
            still = (
                events.c.id == claimed.id,
                events.c.token == claimed.token,
                among(events.c.status, "pending"),
            )
            tx.execute(sa.update(events).where(*still).values(**values))


def standing(usage: Usage) -> tuple[sa.ColumnElement[bool], ...]:
    """The event that was made of this service's mailbox and not seen to be over."""
    return (
        events.c.address == usage.address,
        events.c.account == usage.account,
        events.c.type == str(EventType.NEARLY_FULL),
        events.c.source == usage.source,
        events.c.service_id == usage.service_id,
        events.c.below_at.is_(None),
    )
