"""Everything that is held on one address: shown whole, or removed. What must stay is named, and
then nothing is removed.

Whoever adds a column that can hold personal data adds it to `_held`; a test looks for an erased
address in every table.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.errors import NotPossible, UnknownThing
from bridge.domain.jobs import ENDED
from bridge.reporting.refusals import refusal
from bridge.store.base.database import Database
from bridge.store.base.shown_columns import shown
from bridge.store.base.tables import (
    audit,
    callbacks,
    differences,
    events,
    hooks,
    jobs,
    mailboxes,
    notes,
    password_links,
    purchases,
    steps,
    subscriptions,
    write_backs,
)
from bridge.store.queue.enqueue import raise_floor
from bridge.store.queue.money import IN_DOUBT

Mentions = Callable[[str, str], bool]
"""(sealed body of a parked hook, address) -> whether it is about this address."""

TABLES_OF_JOB = {
    "commands": (steps, steps.c.id),
    "callbacks": (callbacks, callbacks.c.id),
    "purchases": (purchases, purchases.c.id),
}

STORED_IN = {"parked": "hooks", "commands": "steps"}
"""Where rows stand that go by another name."""


@dataclass(frozen=True)
class PersonalData:
    """Rows as they are stored, by what they are."""

    rows: Mapping[str, Sequence[Any]]

    @property
    def empty(self) -> bool:
        return not any(self.rows.values())

    def describe(self) -> dict[str, Any]:
        """As JSON, without secrets and digests."""
        return {
            what: [shown(STORED_IN.get(what, what), row) for row in rows]
            for what, rows in self.rows.items()
        }


class Privacy:
    def __init__(self, database: Database, mentions: Mentions) -> None:
        self.database = database
        self.mentions = mentions

    def held(self, address: str) -> PersonalData:
        """Everything that the database holds of an address. Raises UnknownThing when that is
        nothing."""
        with self.database.read() as tx:
            found = self._held(tx, address)
        if found.empty:
            raise UnknownThing(refusal("nothing_held", address=address))
        return found

    def refuse_open(self, held: PersonalData) -> None:
        """Raises NotPossible while something of it is still to be done or told."""
        for job in held.rows["jobs"]:
            if job["status"] not in ENDED:
                raise NotPossible(refusal("job_open", job=job["id"], status=job["status"]))
        for purchase in held.rows["purchases"]:
            if purchase["outcome"] in IN_DOUBT:
                raise NotPossible(refusal("purchase_open", job=purchase["job_id"]))
        for callback in held.rows["callbacks"]:
            if callback["status"] == "pending":
                raise NotPossible(
                    refusal("callback_open", callback=callback["id"], job=callback["job_id"])
                )
        for mailbox in held.rows["mailboxes"]:
            if mailbox["delete_after"] is not None:
                raise NotPossible(refusal("deletion_open", address=mailbox["address"]))

    def erase(self, address: str) -> Mapping[str, int]:
        """Removes it all but the purchases, which name a domain and no address; how many rows of
        what. Raises NotPossible.

        The mailbox must be known to be absent at Enom: with its row goes whose it is.
        """
        with self.database.write() as tx:
            # Locked, so that no hook comes in between.
            tx.execute(
                self.database.lock_row(
                    sa.select(mailboxes.c.id).where(mailboxes.c.address == address)
                )
            ).all()
            held = self._held(tx, address)
            self.refuse_open(held)
            # A mailbox of that name that comes again must not tell billing sequences that it has
            # seen.
            raise_floor(
                tx,
                self.database,
                max((row["sequence"] for row in held.rows["mailboxes"]), default=0),
            )
            removed = {}
            for what, table in ERASED_TABLES.items():
                ids = [row["id"] for row in held.rows[what]]
                for start in range(0, len(ids), 500):
                    tx.execute(sa.delete(table).where(table.c.id.in_(ids[start : start + 500])))
                removed[what] = len(ids)
            # That somebody did something, and when, stays; to whose mailbox does not.
            done = sa.update(audit).where(audit.c.target == address)
            removed["audit"] = tx.execute(done.values(target="(erased address)")).rowcount
            return removed

    def _held(self, tx: Connection, address: str) -> PersonalData:
        own = _rows(tx, sa.select(jobs).where(jobs.c.address == address).order_by(jobs.c.id))
        ids = [row["id"] for row in own]
        came = sa.exists().where(
            jobs.c.source == hooks.c.source,
            jobs.c.hook_id == hooks.c.hook_id,
            jobs.c.address == address,
        )
        unread = _rows(
            tx,
            sa.select(hooks)
            .where(hooks.c.job_id.is_(None), hooks.c.sealed.is_not(None))
            .order_by(hooks.c.id),
        )
        about = sa.or_(
            notes.c.subject.in_([f"job:{id}" for id in ids]),
            notes.c.text.contains(address, autoescape=True),
        )
        about_it = _rows(tx, sa.select(notes).where(about).order_by(notes.c.id))
        rows = {
            "mailboxes": _rows(
                tx,
                sa.select(mailboxes).where(mailboxes.c.address == address).order_by(mailboxes.c.id),
            ),
            # Also what took one of them back.
            "hooks": _rows(
                tx,
                sa.select(hooks).where(sa.or_(came, hooks.c.job_id.in_(ids))).order_by(hooks.c.id),
            ),
            "parked": [row for row in unread if self.mentions(row["sealed"], address)],
            "jobs": own,
            **{
                what: _rows(tx, sa.select(t).where(t.c.job_id.in_(ids)).order_by(key))
                for what, (t, key) in TABLES_OF_JOB.items()
            },
            "notes": [
                row
                for row in about_it
                if row["subject"].removeprefix("job:") in ids or names(row["text"], address)
            ],
            "differences": _rows(
                tx,
                sa.select(differences)
                .where(differences.c.address == address)
                .order_by(differences.c.id),
            ),
            "events": _rows(
                tx, sa.select(events).where(events.c.address == address).order_by(events.c.id)
            ),
            "subscriptions": _rows(
                tx, sa.select(subscriptions).where(subscriptions.c.address == address)
            ),
            "write_backs": _rows(
                tx,
                sa.select(write_backs).where(
                    sa.or_(
                        write_backs.c.address == address,
                        sa.cast(write_backs.c.written, sa.Text).contains(
                            f'"{address}"', autoescape=True
                        ),
                    )
                ),
            ),
            "password_links": _rows(
                tx,
                sa.select(password_links)
                .join(mailboxes, mailboxes.c.id == password_links.c.mailbox_id)
                .where(mailboxes.c.address == address),
            ),
            "audit": _rows(
                tx, sa.select(audit).where(audit.c.target == address).order_by(audit.c.id)
            ),
        }
        return PersonalData(rows)


ERASED_TABLES: Mapping[str, sa.Table] = {
    "notes": notes,
    "callbacks": callbacks,
    "commands": steps,
    "hooks": hooks,
    "parked": hooks,
    "jobs": jobs,
    "password_links": password_links,
    "mailboxes": mailboxes,
    "differences": differences,
    "events": events,
    "subscriptions": subscriptions,
    "write_backs": write_backs,
}
"""In an order in which no row refers to one that is gone."""


def names(text: str, address: str) -> bool:
    """Whether this very address stands in a text, and not only as a part of another one."""
    return (
        re.search(rf"(?<![\w.+-]){re.escape(address)}(?![\w-]|\.\w)", text, re.IGNORECASE)
        is not None
    )


def _rows(tx: Connection, query: sa.Select[Any]) -> Sequence[Any]:
    return tx.execute(query).mappings().all()
