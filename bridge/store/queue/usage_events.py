"""Events about how full a mailbox is end when another service gets it: what waits is dropped, and
what was sent counts for nothing any more."""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.store.base.tables import events

WAITS = events.c.status == "pending"
NOW: sa.ColumnElement[float] = sa.bindparam("now", type_=sa.Float)
END = (
    sa.update(events)
    .where(
        events.c.account == sa.bindparam("of_account"),
        events.c.address == sa.bindparam("of_address"),
        sa.or_(WAITS, events.c.below_at.is_(None)),
    )
    .values(
        below_at=sa.func.coalesce(events.c.below_at, NOW),
        status=sa.case((WAITS, "stopped"), else_=events.c.status),
        ended_at=sa.case((WAITS, NOW), else_=events.c.ended_at),
        last_error=sa.case(
            (WAITS, "Another service has the mailbox now."), else_=events.c.last_error
        ),
    )
)


def end(tx: Connection, account: str, address: str, now: float) -> None:
    """The caller holds the mailbox's row, as whoever makes an event does."""
    tx.execute(END, {"of_account": account, "of_address": address, "now": now})
