"""What a service has: how many mailboxes were sold of it, which it has, and whether it is
suspended; and how full each was when it was last read.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.model import State
from bridge.store.base.database import Database
from bridge.store.base.rows import Row
from bridge.store.base.tables import mailboxes, services
from bridge.store.queue import seats, service_lines, service_members

# By no index of the source: SQLite would walk all its mailboxes, as that one has them in order.
OF_SERVICE = (
    sa.func.coalesce(mailboxes.c.source, "") == sa.bindparam("source"),
    mailboxes.c.service_id == sa.bindparam("service_id"),
    mailboxes.c.state != str(State.ABSENT),
)
SELECT_MAILBOXES = (
    sa.select(mailboxes)
    .where(*OF_SERVICE, mailboxes.c.address > sa.bindparam("after"))
    .order_by(mailboxes.c.address)
    .limit(sa.bindparam("most"))
)
# What was sold and what is there, of each service that was sold seats
IS_USED = sa.case((mailboxes.c.state != str(State.ABSENT), 1), else_=0)
SELECT_SOLD = (
    sa.select(
        services.c.source,
        services.c.service_id,
        services.c.seats,
        sa.func.coalesce(sa.func.sum(IS_USED), 0).label("used"),
    )
    .outerjoin(
        mailboxes,
        sa.and_(
            mailboxes.c.source == services.c.source,
            mailboxes.c.service_id == services.c.service_id,
        ),
    )
    .where(services.c.seats.is_not(None))
    .group_by(services.c.source, services.c.service_id, services.c.seats)
    .order_by(services.c.source, services.c.service_id)
)


class Services:
    def __init__(self, database: Database) -> None:
        self.database = database

    def service(self, source: str, service_id: str) -> Mapping[str, Any]:
        """Its seats (None: it was sold none), how many of them are taken, and since when it is
        suspended as a whole."""
        with self.database.read() as tx:
            line = service_lines.of(tx, source, service_id)
            return {
                "source": source,
                "service_id": service_id,
                "seats": line["seats"] if line else None,
                "used": seats.count(tx, source, service_id),
                "suspended_at": line["suspended_at"] if line else None,
            }

    def mailboxes(
        self, source: str, service_id: str, after: str, limit: int
    ) -> tuple[Sequence[Row], str | None]:
        """Those that are not known to be gone, by address, and the `after` to go on with."""
        asked = {"source": source, "service_id": service_id, "after": after, "most": limit + 1}
        with self.database.read() as tx:
            rows = tx.execute(SELECT_MAILBOXES, asked).mappings().all()
        return rows[:limit], rows[limit - 1]["address"] if len(rows) > limit else None

    def members(self, action: str, source: str, account: str, service_id: str) -> Sequence[str]:
        """The addresses that a hook of this action would be about now."""
        with self.database.read() as tx:
            rows = service_members.find(tx, action, source, account, service_id)
        return [row["address"] for row in rows]

    def sold(self, among: Sequence[str]) -> Sequence[Row]:
        """Each service of these sources that was sold seats, with how many it uses."""
        with self.database.read() as tx:
            return sold(tx, among)

    def saw_usage(self, account: str, address: str, used: int) -> None:
        """Notes how many bytes a mailbox uses, as it was just read; not if that is known
        already."""
        here = mailboxes.c.account == account, mailboxes.c.address == address
        with self.database.read() as tx:
            now = self.database.now(tx)
            known = tx.execute(
                sa.select(mailboxes.c.used, mailboxes.c.used_at).where(*here)
            ).first()
        if known is None or (known.used == used and now - (known.used_at or 0.0) < FRESH):
            return
        with self.database.write() as tx:
            now = self.database.now(tx)
            tx.execute(sa.update(mailboxes).where(*here).values(used=used, used_at=now))


FRESH = 600.0  # seconds for which the same number is not written again


def sold(tx: Connection, among: Sequence[str]) -> Sequence[Row]:
    return tx.execute(SELECT_SOLD.where(services.c.source.in_(among))).mappings().all()
