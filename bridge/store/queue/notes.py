"""Notes to the admin: one when something needs a person, one when it is over. Rows here, sent by
bridge.pipeline.alerts.

Where a bad hour shall be one mail, the first note goes at once; what comes in the 15 minutes after
it goes together, then what comes in the 30 after that, then each hour, until it was quiet for as
long.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.ports import Note
from bridge.reporting import notes as sentences
from bridge.store.base.database import Database
from bridge.store.base.tables import jobs, key_values, notes

LEASE = 60.0
MOST = 100  # notes in one message
MOST_GATHERED = 5000
SUMMARY = "summary:"
# When what was gathered may go, and for how long it was gathered
NEXT_SENDING, GATHERING_PAUSE = (
    "notes_next",
    "notes_pause",
)
FIRST_PAUSE, LONGEST_PAUSE = 900, 3600  # seconds
RETRIES = (60.0, 300.0, 1800.0, 7200.0)  # seconds until the next try; then the note is given up


def add(tx: Connection, subject: str, text: str, now: float, cleared: bool = False) -> None:
    tx.execute(
        sa.insert(notes).values(
            subject=subject, text=text, cleared=cleared, created_at=now, next_at=now
        )
    )


def raise_once(tx: Connection, subject: str, text: str, now: float) -> None:
    """A note unless the last one about this subject still stands."""
    if not stands(tx, subject):
        add(tx, subject, text, now)


def clear(tx: Connection, subject: str, text: str, now: float) -> None:
    """The note that it is over, if there was one that it began."""
    if stands(tx, subject):
        add(tx, subject, text, now, cleared=True)


def stands(tx: Connection, subject: str) -> bool:
    last = (
        sa.select(notes.c.cleared)
        .where(notes.c.subject == subject)
        .order_by(notes.c.id.desc())
        .limit(1)
    )
    return tx.scalar(last) is False


SELECT_NOTE_DUE = sa.select(notes.c.id).where(notes.c.next_at <= sa.bindparam("now")).limit(1)


class AlertLog:
    def __init__(self, database: Database) -> None:
        self.database = database

    def due_notes(self, gather: bool = False) -> Sequence[Note]:
        """Takes what is to be sent now, under a lease that is simply a later next try. `gather`:
        see above.
        """
        if not self.database.finds(SELECT_NOTE_DUE):
            return []
        with self.database.write() as tx:
            now = self.database.now(tx)
            due = sa.select(notes).where(notes.c.next_at <= now).order_by(notes.c.id)
            due = due.limit(MOST_GATHERED if gather else MOST)
            if gather and tx.scalar(sa.select(due.exists())) and not self._may_go(tx, now):
                due = due.where(sa.or_(notes.c.tries > 0, notes.c.subject.startswith(SUMMARY)))
            if not self.database.embedded:
                due = due.with_for_update(skip_locked=True)
            rows = tx.execute(due).mappings().all()
            taken = sa.update(notes).where(notes.c.id.in_([row["id"] for row in rows]))
            if rows:
                tx.execute(taken.values(next_at=now + LEASE, tries=notes.c.tries + 1))
            abouts = about(tx, [row["subject"] for row in rows]) if gather else {}
            return [to_note(row, abouts.get(row["subject"], "")) for row in rows]

    def _may_go(self, tx: Connection, now: float) -> bool:
        """Whether new notes go now. If so, those that follow are gathered from now on."""
        fresh = sa.exists().where(
            notes.c.next_at <= now, notes.c.tries == 0, ~notes.c.subject.startswith(SUMMARY)
        )
        if not tx.scalar(sa.select(fresh)):
            return True
        kept = numbers(tx, self.database, {NEXT_SENDING: 0, GATHERING_PAUSE: 0})
        if now < kept[NEXT_SENDING]:
            return False
        lasts = now < kept[NEXT_SENDING] + kept[GATHERING_PAUSE]
        pause = min(2 * kept[GATHERING_PAUSE], LONGEST_PAUSE) if lasts else FIRST_PAUSE
        for name, value in ((NEXT_SENDING, int(now) + pause), (GATHERING_PAUSE, pause)):
            tx.execute(sa.update(key_values).where(key_values.c.name == name).values(value=value))
        return True

    def notes_sent(self, due: Sequence[Note], ok: bool) -> None:
        with self.database.write() as tx:
            for note in due:
                later = (
                    None
                    if ok or note.tries > len(RETRIES)
                    else self.database.now(tx) + RETRIES[note.tries - 1]
                )
                tx.execute(sa.update(notes).where(notes.c.id == note.id).values(next_at=later))


def numbers(tx: Connection, database: Database, beginning: Mapping[str, int]) -> Mapping[str, int]:
    """Marks, locked until the transaction ends; what is missing begins with the given values."""
    query: Any = (
        sa.select(key_values).where(key_values.c.name.in_(beginning)).order_by(key_values.c.name)
    )
    query = database.lock_row(query)
    found: dict[str, int] = {row[0]: row[1] for row in tx.execute(query)}
    if set(found) != set(beginning):
        for name in sorted(set(beginning) - set(found)):
            with suppress(sa.exc.IntegrityError), tx.begin_nested():  # another worker came first
                tx.execute(sa.insert(key_values).values(name=name, value=beginning[name]))
        found = {row[0]: row[1] for row in tx.execute(query)}
    return found


def to_note(row: sa.RowMapping, cause: str) -> Note:
    return Note(row["id"], row["subject"], row["cleared"], row["text"], row["tries"] + 1, cause)


def about(tx: Connection, subjects: Sequence[str]) -> Mapping[str, str]:
    """What each subject is about, in words that are the same for all of one cause."""
    found = {}
    ids = [subject.removeprefix("job:") for subject in subjects if subject.startswith("job:")]
    rows = tx.execute(
        sa.select(jobs.c.id, jobs.c.account, jobs.c.error).where(jobs.c.id.in_(ids))
    ).mappings()
    for row in rows:
        found[f"job:{row['id']}"] = sentences.cause_of_job(
            row["account"], (row["error"] or {}).get("code", "unclear")
        )
    for subject in subjects:
        kind, _, name = subject.partition(":")
        if kind == "account":
            found[subject] = sentences.cause_of_account(name)
        elif kind == "money":
            found[subject] = sentences.cause_of_money(name)
        elif kind == "mail":
            found[subject] = sentences.cause_of_mail()
    return found
