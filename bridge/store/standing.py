"""What may work at all: accounts and sources that are paused, workers that live, calls made for queries."""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.errors import NotNow, NotThere
from bridge.store import money, notes
from bridge.store.database import Database
from bridge.store.tables import accounts, among, jobs, marks, slots, sources, used_ids, workers

PROBE_EVERY = 300.0
TRIED = "tried"  # the mark that shows whether the database can be written
INSTANCE = "instance"  # the mark that tells this database from every other
PERSON = "person"
RESTORED = "restored"
BY_HAND = (PERSON, RESTORED)
"""What only a person lifts."""
ALIVE = 90.0  # seconds since a worker's last heartbeat


class Standing:
    def __init__(self, database: Database) -> None:
        self.database = database

    def know(self, account_names: Iterable[str], source_names: Iterable[str]) -> None:
        """Makes sure that every configured account and source has its row."""
        with self.database.write() as tx:
            for table, names, extra in ((accounts, account_names, {}), (sources, source_names, {"paused": False})):
                present = {row[0] for row in tx.execute(sa.select(table.c.name))}
                for name in sorted(set(names) - present):
                    insert = sa.insert(table).values(name=name, **extra)
                    try:
                        with tx.begin_nested():
                            tx.execute(insert)
                    except sa.exc.IntegrityError:
                        continue  # another process came first
            for mark, value in ((TRIED, 0), (INSTANCE, secrets.randbits(62))):
                if tx.scalar(sa.select(marks.c.name).where(marks.c.name == mark)) is None:
                    write_down(tx, mark, value)

    def pause_account(self, name: str, code: str, detail: str) -> None:
        """By the bridge itself; what a person or a restore paused stays as it is."""
        with self.database.write() as tx:
            pause_account(tx, name, code, detail, self.database.now(tx))

    def resume_account(self, name: str) -> bool:
        """By a probe that went well; false when there was nothing to resume."""
        with self.database.write() as tx:
            resumed = resume_account(tx, name, self.database.now(tx), probed=True)
            self.database.tell(tx)
            return resumed

    def pause_money(self, name: str, seconds: float, detail: str) -> None:
        with self.database.write() as tx:
            now = self.database.now(tx)
            money.pause_money(tx, name, now + seconds, detail, now)

    def due_probes(self) -> Sequence[str]:
        """Accounts to be asked now; each is handed out to one worker only."""
        with self.database.write() as tx:
            now = self.database.now(tx)
            change = sa.update(accounts).where(accounts.c.probe_at <= now).values(probe_at=now + PROBE_EVERY)
            return [row[0] for row in tx.execute(change.returning(accounts.c.name))]

    def account_states(self) -> Sequence[sa.RowMapping]:
        with self.database.read() as tx:
            return tx.execute(sa.select(accounts).order_by(accounts.c.name)).mappings().all()

    def account_paused(self, name: str) -> str | None:
        with self.database.read() as tx:
            return tx.scalar(sa.select(accounts.c.paused).where(accounts.c.name == name))

    def paused_sources(self) -> Sequence[str]:
        with self.database.read() as tx:
            return tx.scalars(sa.select(sources.c.name).where(sources.c.paused).order_by(sources.c.name)).all()

    def worker_alive(self) -> bool:
        with self.database.read() as tx:
            seen = tx.scalar(sa.select(sa.func.max(workers.c.seen_at)))
            return seen is not None and seen > self.database.now(tx) - ALIVE

    def instance(self) -> str | None:
        """A number that this database got when it was made, and that says nothing else."""
        with self.database.read() as tx:
            value: int | None = tx.scalar(sa.select(marks.c.value).where(marks.c.name == INSTANCE))
            return None if value is None else f"{value:016x}"

    def try_write(self) -> None:
        """Changes one number that is there since the start: a stranger who asks for /readyz adds nothing."""
        with self.database.write() as tx:
            now = int(self.database.now(tx))
            tx.execute(sa.update(marks).where(marks.c.name == TRIED).values(value=now))

    # For queries

    def first_use(self, source: str, query_id: str, keep: float) -> bool:
        with self.database.write() as tx:
            now = self.database.now(tx)
            tx.execute(sa.delete(used_ids).where(used_ids.c.until < now))
            try:
                with tx.begin_nested():
                    tx.execute(sa.insert(used_ids).values(source=source, id=query_id, until=now + keep))
            except sa.exc.IntegrityError:
                return False
            return True

    @contextmanager
    def call_slot(self, account: str, most: int, seconds: float) -> Iterator[None]:
        """Counts one call of a query among the account's calls in flight. Raises NotNow when there is no room."""
        with self.database.read() as tx:  # whoever finds no room shall not wait in line with those who write
            refuse_when_full(tx, account, most, self.database.now(tx))
        with self.database.write() as tx:
            now = self.database.now(tx)
            tx.execute(self.database.lock_row(sa.select(accounts.c.name).where(accounts.c.name == account)))
            tx.execute(sa.delete(slots).where(slots.c.account == account, slots.c.until <= now))
            refuse_when_full(tx, account, most, now)
            insert = sa.insert(slots).values(account=account, until=now + seconds).returning(slots.c.id)
            slot = tx.execute(insert).scalar_one()
        try:
            yield
        finally:
            with self.database.write() as tx:
                tx.execute(sa.delete(slots).where(slots.c.id == slot))
                self.database.tell(tx)


def refuse_when_full(tx: Connection, account: str, most: int, now: float) -> None:
    if in_flight(tx, account, now) >= most:
        raise NotNow("All calls that this account may make at a time are in use; ask again in a few seconds.")


def write_down(tx: Connection, mark: str, value: int) -> None:
    if tx.execute(sa.update(marks).where(marks.c.name == mark).values(value=value)).rowcount == 0:
        with suppress(sa.exc.IntegrityError), tx.begin_nested():  # another process came first
            tx.execute(sa.insert(marks).values(name=mark, value=value))


def pause_account(tx: Connection, name: str, code: str, detail: str, now: float) -> None:
    change = sa.update(accounts).where(accounts.c.name == name)
    if code != PERSON:
        change = change.where(sa.or_(accounts.c.paused.is_(None), accounts.c.paused.not_in(BY_HAND)))
    probe_at = None if code == PERSON else now + PROBE_EVERY
    changed = tx.execute(change.values(paused=code, detail=detail, probe_at=probe_at)).rowcount
    waiting = jobs.c.account == name, among(jobs.c.status, "queued"), jobs.c.waiting_for.is_distinct_from("settle")
    tx.execute(sa.update(jobs).where(*waiting).values(waiting_for="account"))
    if changed and code != PERSON:
        text = f"Account {name} is paused, its jobs wait: {detail}\nIt is asked again every 5 minutes."
        notes.raise_once(tx, f"account:{name}", text, now)
    if not changed:
        known(tx, name)


def resume_account(tx: Connection, name: str, now: float, *, probed: bool) -> bool:
    """A probe does not lift what a person or a restore paused."""
    change = sa.update(accounts).where(accounts.c.name == name, accounts.c.paused.is_not(None))
    if probed:
        change = change.where(accounts.c.paused.not_in(BY_HAND))
    before = tx.scalar(sa.select(accounts.c.paused).where(accounts.c.name == name))
    resumed = tx.execute(change.values(paused=None, detail=None, probe_at=None)).rowcount > 0
    if resumed:
        notes.clear(tx, f"account:{name}", f"Account {name} works again; its jobs go on.", now)
    elif not probed:
        known(tx, name)
    waiting = jobs.c.account == name, among(jobs.c.status, "queued"), jobs.c.waiting_for == "account"
    tx.execute(sa.update(jobs).where(*waiting).values(waiting_for=None, available_at=now))
    if not probed and before != RESTORED:  # after a restore purchases wait until reads show the last one
        money.resume_money(tx, name, now)
    return resumed


def known(tx: Connection, account: str) -> None:
    if not tx.scalar(sa.select(sa.exists().where(accounts.c.name == account))):
        raise NotThere(f"There is no account {account!r} in the configuration.")


# Made once, because every claim asks.
RUNNING = sa.select(sa.func.count()).where(among(jobs.c.status, "running"), jobs.c.account == sa.bindparam("of"))
READING = sa.select(sa.func.count()).where(slots.c.account == sa.bindparam("of"), slots.c.until > sa.bindparam("now"))


def in_flight(tx: Connection, account: str, now: float) -> int:
    """Calls that may be under way for an account: one per running job, one per answering query."""
    asked = {"of": account, "now": now}
    return int(tx.scalar(RUNNING, {"of": account}) or 0) + int(tx.scalar(READING, asked) or 0)
