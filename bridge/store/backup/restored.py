"""What a database that was set back has to forget, pause and hold, so that its old knowledge does
no harm.

Between the backup and the restore anything may have happened: hooks were taken, jobs done,
mailboxes bought, deleted and given to others. So nothing that was open goes on by itself, and
nothing that can be out of date is taken for the truth.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.errors import NeedsPerson
from bridge.domain.model import State, to_rfc3339
from bridge.reporting import notes as sentences
from bridge.reporting.messages import message
from bridge.reporting.refusals import refusal
from bridge.store.base.database import Database
from bridge.store.base.rows import error_columns
from bridge.store.base.tables import (
    accounts,
    differences,
    hooks,
    jobs,
    mailboxes,
    reconciliations,
    services,
    slots,
    workers,
)
from bridge.store.base.tables import notes as notes_table
from bridge.store.queue import money, notes, outbox
from bridge.store.queue.enqueue import raise_floor

OPEN_AT_RESTORE = NeedsPerson(refusal("open_at_restore"), code="unclear")


@dataclass(frozen=True)
class Quarantined:
    """`newest_hook` (epoch seconds): what came after it is not known. `called_off`: mailboxes that
    waited for deletion.
    """

    newest_hook: float | None
    paused: tuple[str, ...]
    held: tuple[str, ...]
    called_off: tuple[str, ...]


def quarantine_after_restore(
    tx: Connection, database: Database, quiet: Mapping[str, float]
) -> Quarantined:
    """In the first transaction after a restore. `quiet`: account -> seconds that Enom's reads may
    lag behind a command.
    """
    now = database.now(tx)
    newest = tx.scalar(sa.select(sa.func.max(hooks.c.received_at)))
    held = tuple(_hold(tx, row, now) for row in tx.execute(_open_jobs()).mappings().all())
    called_off = tuple(
        tx.scalars(sa.select(mailboxes.c.address).where(mailboxes.c.delete_after.is_not(None)))
    )
    # A receiver ignores a sequence below its last: ours goes on above everything that was told
    # since the backup.
    raise_floor(tx, database, int(now))
    # Whoever owns a mailbox now, nobody asked for its deletion today; and the last password is
    # known no more.
    quiet_until = now + max(quiet.values(), default=0.0)
    settles_at = sa.case(
        (mailboxes.c.settles_at > quiet_until, mailboxes.c.settles_at), else_=quiet_until
    )
    tx.execute(
        sa.update(mailboxes).values(delete_after=None, password_digest=None, settles_at=settles_at)
    )
    # Whether a service is still suspended is not known; its next hook says so.
    tx.execute(sa.update(services).values(suspended_by=None, suspended_at=None))
    # What was compared before the backup says nothing about today.
    tx.execute(sa.delete(reconciliations))
    tx.execute(sa.delete(differences))
    tx.execute(sa.delete(workers))
    tx.execute(sa.delete(slots))
    tx.execute(
        sa.update(notes_table).where(notes_table.c.next_at.is_not(None)).values(next_at=None)
    )
    # A lack of money is forgotten too: its note must not stand in the way of the next one.
    tx.execute(
        sa.update(notes_table)
        .where(notes_table.c.subject.startswith("money:"))
        .values(cleared=True)
    )
    return Quarantined(newest, _pause(tx, quiet, now), held, called_off)


def _open_jobs() -> sa.Select[Any]:
    return (
        sa.select(jobs)
        .where(jobs.c.status.in_(("queued", "running")))
        .order_by(jobs.c.mailbox_id, jobs.c.sequence)
    )


def _hold(tx: Connection, row: sa.RowMapping, now: float) -> str:
    values = {
        "status": "held",
        "waiting_for": None,
        "lease_owner": None,
        "lease_until": None,
        "token": jobs.c.token + 1,
        "finished_at": now,
        "message": message("held", State.UNKNOWN, False, []),
        **error_columns(OPEN_AT_RESTORE),
        "extra": {**(row["extra"] or {}), "restored_at": to_rfc3339(now)},
    }
    ended = (
        tx.execute(sa.update(jobs).where(jobs.c.id == row["id"]).values(**values).returning(jobs))
        .mappings()
        .one()
    )
    money.judge_purchases(tx, row["id"], "held")
    outbox.enqueue_callback(tx, ended, now)
    return str(row["id"])


def _pause(tx: Connection, quiet: Mapping[str, float], now: float) -> tuple[str, ...]:
    """Every account, known or new; and no purchase before the last one from before the restore must
    show in a read.
    """
    present = set(tx.scalars(sa.select(accounts.c.name)))
    for name in sorted(set(quiet) - present):
        tx.execute(sa.insert(accounts).values(name=name))
    names = tuple(sorted(present | set(quiet)))
    for name in names:
        # What Enom answered before the backup says nothing of today; that a person paused it stays
        # so.
        fault = {
            "paused": None,
            "detail": None,
            "probe_at": None,
            "money_until": None,
            "reconcile_lease": None,
        }
        change = sa.update(accounts).where(accounts.c.name == name)
        tx.execute(change.values(restored_at=now, quiet_until=now + quiet.get(name, 0.0), **fault))
        notes.add(tx, f"account:{name}", sentences.paused_by_restore(name, now), now)
    return names
