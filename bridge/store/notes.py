"""Notes to the admin: one when something needs a person, one when it is over. Rows here, sent by bridge.notes."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.ports import Note
from bridge.store.database import Database
from bridge.store.tables import notes

LEASE = 60.0
MOST = 100  # notes in one message
RETRIES = (60.0, 300.0, 1800.0, 7200.0)  # seconds until the next try; then the note is given up


def add(tx: Connection, subject: str, text: str, now: float, cleared: bool = False) -> None:
    tx.execute(sa.insert(notes).values(subject=subject, text=text, cleared=cleared, created_at=now, next_at=now))


def raise_once(tx: Connection, subject: str, text: str, now: float) -> None:
    """A note unless the last one about this subject still stands."""
    if not stands(tx, subject):
        add(tx, subject, text, now)


def clear(tx: Connection, subject: str, text: str, now: float) -> None:
    """The note that it is over, if there was one that it began."""
    if stands(tx, subject):
        add(tx, subject, text, now, cleared=True)


def stands(tx: Connection, subject: str) -> bool:
    last = sa.select(notes.c.cleared).where(notes.c.subject == subject).order_by(notes.c.id.desc()).limit(1)
    return tx.scalar(last) is False


class Notebook:
    def __init__(self, database: Database) -> None:
        self.database = database

    def due_notes(self) -> Sequence[Note]:
        """Takes what is to be sent now, under a lease that is simply a later next try."""
        with self.database.write() as tx:
            now = self.database.now(tx)
            due = sa.select(notes).where(notes.c.next_at <= now).order_by(notes.c.id).limit(MOST)
            if not self.database.embedded:
                due = due.with_for_update(skip_locked=True)
            rows = tx.execute(due).mappings().all()
            taken = sa.update(notes).where(notes.c.id.in_([row["id"] for row in rows]))
            if rows:
                tx.execute(taken.values(next_at=now + LEASE, tries=notes.c.tries + 1))
            return [Note(row["id"], row["subject"], row["cleared"], row["text"], row["tries"] + 1) for row in rows]

    def notes_sent(self, due: Sequence[Note], ok: bool) -> None:
        with self.database.write() as tx:
            for note in due:
                later = None if ok or note.tries > len(RETRIES) else self.database.now(tx) + RETRIES[note.tries - 1]
                tx.execute(sa.update(notes).where(notes.c.id == note.id).values(next_at=later))
