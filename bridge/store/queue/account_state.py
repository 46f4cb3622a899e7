"""What may work at all: accounts and sources that are paused, workers that live, calls made for
queries.
"""

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.errors import NotPossible, UnknownThing
from bridge.reporting import notes as sentences
from bridge.reporting.receipts import PAUSED
from bridge.reporting.refusals import refusal
from bridge.store.base.conditions import among, of_mailbox
from bridge.store.base.database import Database, Topic
from bridge.store.base.rows import Row
from bridge.store.base.shown_columns import shown
from bridge.store.base.tables import accounts, jobs, key_values, slots, sources, used_ids, workers
from bridge.store.queue import money, notes
from bridge.store.queue.next_job import open_of

PROBE_EVERY = 300.0
TRIED = "tried"  # the mark that shows whether the database can be written
INSTANCE = "instance"  # the mark that tells this database from every other
PERSON = "person"
RESTORED = "restored"
ALIVE = 90.0  # seconds since a worker's last heartbeat


@dataclass(frozen=True)
class Pause:
    """One reason for which an account stands still. `code`: restored, person, or the fault that
    Enom answers with.
    """

    code: str
    detail: str

    @property
    def sentence(self) -> str:
        return sentences.paused(self.code, self.detail)


# What stops an account, that which needs most of a person first. Each has columns of its own: only
# its own ending removes it, and an account works when there is none.
PAUSES: Mapping[str, Callable[[Row | Mapping[str, Any]], Pause]] = {
    "restored_at": lambda row: Pause(RESTORED, sentences.restored(row["restored_at"])),
    "pause_reason": lambda row: Pause(PERSON, row["pause_reason"] or PAUSED),
    "paused": lambda row: Pause(row["paused"], row["detail"] or ""),
}
STANDS_STILL = sa.or_(*(accounts.c[name].is_not(None) for name in PAUSES))
"""Whether an account may do nothing: whoever asks the database asks this, whoever has a row asks
`pauses`.
"""


def pauses(row: Row | Mapping[str, Any]) -> tuple[Pause, ...]:
    """Why an account stands still, all of it; nothing: it works."""
    return tuple(result(row) for name, result in PAUSES.items() if row[name] is not None)


def shown_account(row: Row) -> dict[str, Any]:
    """An account for people: `pauses` is all that stops it, `paused` and `detail` the first of
    that.
    """
    why = [{"code": each.code, "detail": each.detail} for each in pauses(row)]
    first = why[0] if why else {"code": None, "detail": None}
    return shown("accounts", row) | {
        "pauses": why,
        "paused": first["code"],
        "detail": first["detail"],
    }


@dataclass(frozen=True)
class Resumed:
    """The codes of what a person ended, and what still stops the account."""

    ended: tuple[str, ...]
    left: tuple[Pause, ...]


SELECT_PROBE_DUE = (
    sa.select(accounts.c.name)
    .where(accounts.c.probe_at <= sa.bindparam("now"), accounts.c.pause_reason.is_(None))
    .limit(1)
)


class AccountState:
    def __init__(self, database: Database) -> None:
        self.database = database

    def know(self, account_names: Iterable[str], source_names: Iterable[str]) -> None:
        """Makes sure that every configured account and source has its row."""
        with self.database.write() as tx:
            for table, names, extra in (
                (accounts, account_names, {}),
                (sources, source_names, {"paused": False}),
            ):
                present = {row[0] for row in tx.execute(sa.select(table.c.name))}
                for name in sorted(set(names) - present):
                    insert = sa.insert(table).values(name=name, **extra)
                    try:
                        with tx.begin_nested():
                            tx.execute(insert)
                    except sa.exc.IntegrityError:
                        continue  # another process came first
            for mark, value in ((TRIED, 0), (INSTANCE, secrets.randbits(62))):
                if tx.scalar(sa.select(key_values.c.name).where(key_values.c.name == mark)) is None:
                    write_down(tx, mark, value)

    def pause_account(self, name: str, code: str, detail: str) -> None:
        """By the bridge itself, for a fault that Enom answers with."""
        with self.database.write() as tx:
            pause_account(tx, name, code, detail, self.database.now(tx))

    def resume_account(self, name: str) -> bool:
        """By a probe that went well, which ends the fault alone; false when there was none."""
        with self.database.write() as tx:
            before = one_account(tx, self.database, name)
            over = sentences.account_works(name)
            end_pauses(tx, self.database, before, ("paused",), over, self.database.now(tx))
            return before["paused"] is not None

    def pause_money(self, name: str, seconds: float, detail: str) -> None:
        with self.database.write() as tx:
            now = self.database.now(tx)
            money.pause_money(tx, name, now + seconds, detail, now)

    def due_probes(self) -> Sequence[str]:
        """Accounts whose fault is to be asked after now; each is handed out to one worker only.

        What a person paused is not asked meanwhile.
        """
        if not self.database.finds(SELECT_PROBE_DUE):
            return []
        with self.database.write() as tx:
            now = self.database.now(tx)
            # Asking and putting off are one statement: of several workers only one gets the
            # account, and an answer that never comes leads to the next probe, not to none.
            due = accounts.c.probe_at <= now, accounts.c.pause_reason.is_(None)
            change = sa.update(accounts).where(*due).values(probe_at=now + PROBE_EVERY)
            return [row[0] for row in tx.execute(change.returning(accounts.c.name))]

    def account_states(self) -> Sequence[dict[str, Any]]:
        with self.database.read() as tx:
            found = tx.execute(sa.select(accounts).order_by(accounts.c.name)).mappings()
            return [shown("accounts", row) for row in found]

    def pauses(self, name: str) -> tuple[Pause, ...]:
        with self.database.read() as tx:
            row = tx.execute(sa.select(accounts).where(accounts.c.name == name)).mappings().first()
        return pauses(row) if row else ()

    def account_paused(self, name: str) -> str | None:
        """The code of the first of its pauses; None while it works."""
        return next((pause.code for pause in self.pauses(name)), None)

    def source_states(self) -> Sequence[dict[str, Any]]:
        with self.database.read() as tx:
            found = tx.execute(sa.select(sources).order_by(sources.c.name)).mappings()
            return [shown("sources", row) for row in found]

    def source_state(self, name: str) -> dict[str, Any]:
        """What is on record of a source. Raises UnknownThing."""
        with self.database.read() as tx:
            row = tx.execute(sa.select(sources).where(sources.c.name == name)).mappings().first()
        if row is None:
            raise UnknownThing(refusal("no_source", name=name))
        return shown("sources", row)

    def paused_sources(self) -> Sequence[str]:
        with self.database.read() as tx:
            return tx.scalars(
                sa.select(sources.c.name).where(sources.c.paused).order_by(sources.c.name)
            ).all()

    def worker_alive(self) -> bool:
        with self.database.read() as tx:
            seen = tx.scalar(sa.select(sa.func.max(workers.c.seen_at)))
            return seen is not None and seen > self.database.now(tx) - ALIVE

    def instance(self) -> str | None:
        """A number that this database got when it was made, and that says nothing else."""
        with self.database.read() as tx:
            value: int | None = tx.scalar(
                sa.select(key_values.c.value).where(key_values.c.name == INSTANCE)
            )
            return None if value is None else f"{value:016x}"

    def try_write(self) -> None:
        """Changes one number that is there since the start: a stranger who asks for /readyz adds
        nothing.
        """
        with self.database.write() as tx:
            now = int(self.database.now(tx))
            tx.execute(sa.update(key_values).where(key_values.c.name == TRIED).values(value=now))

    # For queries

    def heard(self, source: str, sender: str) -> None:
        """Notes what the module that tested the connection of this source calls itself: name and
        version.
        """
        with self.database.write() as tx:
            tx.execute(sa.update(sources).where(sources.c.name == source).values(sender=sender))

    def first_use(self, source: str, query_id: str, keep: float) -> bool:
        with self.database.write() as tx:
            now = self.database.now(tx)
            # In the same transaction, so that the table holds no more than lately came, and needs
            # no chore.
            tx.execute(sa.delete(used_ids).where(used_ids.c.until < now))
            try:
                with tx.begin_nested():
                    tx.execute(
                        sa.insert(used_ids).values(source=source, id=query_id, until=now + keep)
                    )
            except sa.exc.IntegrityError:
                return False
            return True

    @contextmanager
    def call_slot(self, account: str, most: int, seconds: float) -> Iterator[None]:
        """Counts one call of a query among the account's calls in flight. Raises NotPossible when there
        is no room.
        """
        # Whoever finds no room shall not wait in line with those who write.
        with self.database.read() as tx:
            refuse_when_full(tx, account, most, self.database.now(tx))
        with self.database.write() as tx:
            now = self.database.now(tx)
            tx.execute(
                self.database.lock_row(sa.select(accounts.c.name).where(accounts.c.name == account))
            )
            # Of queries whose process died: a slot ends by its time, too.
            tx.execute(sa.delete(slots).where(slots.c.account == account, slots.c.until <= now))
            refuse_when_full(tx, account, most, now)
            insert = (
                sa.insert(slots).values(account=account, until=now + seconds).returning(slots.c.id)
            )
            slot = tx.execute(insert).scalar_one()
        try:
            yield
        finally:
            with self.database.write() as tx:
                tx.execute(sa.delete(slots).where(slots.c.id == slot))
                self.database.notify(tx, Topic.JOBS)


def refuse_when_full(tx: Connection, account: str, most: int, now: float) -> None:
    if in_flight(tx, account, now) >= most:
        raise NotPossible(refusal("calls_in_use"))


def write_down(tx: Connection, mark: str, value: int) -> None:
    if (
        tx.execute(
            sa.update(key_values).where(key_values.c.name == mark).values(value=value)
        ).rowcount
        == 0
    ):
        with suppress(sa.exc.IntegrityError), tx.begin_nested():  # another process came first
            tx.execute(sa.insert(key_values).values(name=mark, value=value))


def pause_account(tx: Connection, name: str, code: str, detail: str, now: float) -> None:
    """By a person (`PERSON`, the detail being the reason), or for a fault; nothing else that pauses
    it is touched.
    """
    by_person = code == PERSON
    fault = {"paused": code, "detail": detail, "probe_at": now + PROBE_EVERY}
    change = (
        sa.update(accounts)
        .where(accounts.c.name == name)
        .values({"pause_reason": detail} if by_person else fault)
    )
    row = tx.execute(change.returning(accounts)).mappings().first()
    if row is None:
        known(tx, name)
        return
    waiting = (
        jobs.c.account == name,
        among(jobs.c.status, "queued"),
        sa.func.coalesce(jobs.c.waiting_for, "").not_in(("settle", "limit")),
    )
    tx.execute(sa.update(jobs).where(*waiting).values(waiting_for="account"))
    # What a person paused is not asked meanwhile: that person asks after it.
    if not by_person and row["pause_reason"] is None:
        notes.raise_once(tx, f"account:{name}", sentences.account_paused(name, detail), now)


def one_account(tx: Connection, database: Database, name: str) -> Row:
    """The row, locked. Raises UnknownThing."""
    row = (
        tx.execute(database.lock_row(sa.select(accounts).where(accounts.c.name == name)))
        .mappings()
        .first()
    )
    if row is None:
        raise UnknownThing(refusal("no_account", name=name))
    return row


def end_pauses(
    tx: Connection, database: Database, row: Row, columns: Sequence[str], over: str, now: float
) -> tuple[Pause, ...]:
    """Ends those of its pauses that stand in these columns of PAUSES; what is left. Its jobs go on
    when nothing is: then `over` is the note that says so.
    """
    name, ended = row["name"], {column: None for column in columns}
    if "paused" in ended:
        ended |= {"detail": None, "probe_at": None}
    after = (
        tx.execute(
            sa.update(accounts).where(accounts.c.name == name).values(ended).returning(accounts)
        )
        .mappings()
        .one()
    )
    left = pauses(after)
    if not left:
        if pauses(row):
            notes.clear(tx, f"account:{name}", over, now)
        go_on(tx, name, now)
        database.notify(tx, Topic.JOBS)
    return left


def go_on(tx: Connection, account: str, now: float) -> None:
    """What waits for the account is tried now; behind an older job of its mailbox it waits for its
    turn again.
    """
    older = jobs.alias("older")
    behind = sa.exists().where(*open_of(older, jobs), older.c.sequence < jobs.c.sequence)
    waiting = (
        jobs.c.account == account,
        among(jobs.c.status, "queued"),
        jobs.c.waiting_for == "account",
    )
    tx.execute(
        sa.update(jobs)
        .where(*waiting)
        .values(waiting_for=sa.case((behind, "turn"), else_=None), available_at=now)
    )


def known(tx: Connection, account: str) -> None:
    if not tx.scalar(sa.select(sa.exists().where(accounts.c.name == account))):
        raise UnknownThing(refusal("no_account", name=account))


# Made once, because every claim asks.
COUNT_RUNNING_JOBS = sa.select(sa.func.count()).where(
    among(jobs.c.status, "running"),
    jobs.c.account == sa.bindparam("account_name"),
    of_mailbox(jobs),
)
COUNT_RUNNING_QUERIES = sa.select(sa.func.count()).where(
    slots.c.account == sa.bindparam("account_name"), slots.c.until > sa.bindparam("now")
)


IN_FLIGHT = COUNT_RUNNING_JOBS.scalar_subquery() + COUNT_RUNNING_QUERIES.scalar_subquery()
SELECT_IN_FLIGHT = sa.select(IN_FLIGHT.label("in_flight"))
SELECT_STATE = sa.select(STANDS_STILL.label("stands_still"), IN_FLIGHT.label("in_flight")).where(
    accounts.c.name == sa.bindparam("account_name")
)
SELECT_STANDS_STILL_LOCKED = (
    sa.select(STANDS_STILL).where(accounts.c.name == sa.bindparam("account_name")).with_for_update()
)


def in_flight(tx: Connection, account: str, now: float) -> int:
    """Calls that may be under way for an account: one per running job, one per answering query."""
    return int(tx.scalar(SELECT_IN_FLIGHT, {"account_name": account, "now": now}) or 0)


def places(tx: Connection, embedded: bool, account: str, most: int, now: float) -> int:
    """How many more calls the account may have in flight; none while it stands still. Locks its
    row."""
    asked = {"account_name": account, "now": now}
    if embedded:
        row = tx.execute(SELECT_STATE, asked).first()
        return 0 if row is None or row[0] else max(0, most - row[1])
    # Counted only once the row is locked: a statement sees what was committed before it began.
    row = tx.execute(SELECT_STANDS_STILL_LOCKED, {"account_name": account}).first()
    return 0 if row is None or row[0] else max(0, most - in_flight(tx, account, now))
