"""Groups on PostgreSQL, where other processes write at the same time: nobody waits in a circle, and
nobody waits long for a mailbox that is not his own."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from bridge.domain.errors import StoreUnavailable
from bridge.domain.ports import Arrival, Receipt, Reused
from bridge.store import Database, Inbox
from bridge.store.base import database as base
from bridge.store.base.connections import LOCK_WAIT
from bridge.store.base.faults import Locked
from bridge.store.base.tables import hooks, jobs, mailboxes
from bridge.store.queue import cancelling
from tests.store.conftest import Shop

PATIENCE = 60
ROUNDS = 15
Deliver = Callable[[], Receipt]


@pytest.fixture
def store() -> str:
    return "postgres"


@pytest.fixture
def other(shop: Shop) -> Iterator[Shop]:
    """A second process on the same database."""
    database = Database(shop.database.url, clock=lambda: shop.now)
    made = Shop(database, ids=shop.ids)
    yield made
    database.close()


class Group:
    """Hooks that wait behind a first one, whose transaction is open until `go`."""

    def __init__(self, shop: Shop, pool: ThreadPoolExecutor, deliveries: Sequence[Deliver]) -> None:
        self.pool, self.entered, self._go = pool, threading.Event(), threading.Event()
        self.at: Callable[[], None] = lambda: None  # is called in the transaction of each later one
        self.inbox = shop.inbox = Inbox(shop.database, shop.new_id, self._checkpoint)
        number = next(shop.ids)
        own = f"first{number}@example.net"
        self.first = pool.submit(shop.hook, "suspend", own, service=f"first{number}")
        assert self.entered.wait(PATIENCE)
        self.futures: list[Future[Receipt]] = []
        for deliver in deliveries:
            self.futures.append(pool.submit(deliver))
            self.waits(len(self.futures))

    def _checkpoint(self, name: str) -> None:
        if name == "accepting" and not self.entered.is_set():
            self.entered.set()
            assert self._go.wait(PATIENCE)
        elif name == "accepting":
            self.at()

    def waits(self, count: int) -> None:
        until(lambda: len(self.inbox.writes) == count)

    def go(self) -> None:
        self._go.set()


def until(true: Callable[[], bool]) -> None:
    latest = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < latest
        time.sleep(0.001)


@contextmanager
def group(shop: Shop, *deliveries: Deliver) -> Iterator[Group]:
    """Goes on at the end of the block at the latest."""
    with ThreadPoolExecutor(len(deliveries) + 4) as pool:
        made = Group(shop, pool, deliveries)
        try:
            yield made
        finally:
            made.go()


def suspend(shop: Shop, nth: int, **more: Any) -> Deliver:
    given = {"id": f"msg_box{nth}", "service": str(nth)} | more
    return lambda: shop.hook("suspend", f"box{nth}@example.com", **given)


def refusals(*shops: Shop) -> list[str]:
    """Grows by PostgreSQL's code for each statement or commit that fails."""
    found: list[str] = []

    def note(context: Any) -> None:
        found.append(str(getattr(context.original_exception, "sqlstate", None)))

    for shop in shops:
        sa.event.listen(shop.database.engine, "handle_error", note)
    return found


def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A group waits for locks until PostgreSQL itself finds a deadlock, after a second."""
    slow = base.SELECT_NOW_AND_NOTIFY_HURRIED.bindparams(lock_wait="20s")
    monkeypatch.setattr(base, "SELECT_NOW_AND_NOTIFY_HURRIED", slow)


LOCKED, DEADLOCK = "55P03", "40P01"


@pytest.fixture
def slow_rows(shop: Shop) -> Iterator[None]:
    """Each row takes a while: whoever locks in another order meets whoever has the rest."""
    statements = [
        "CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN PERFORM pg_sleep(0.004); RETURN NEW; END'"
    ]
    for table in ("hooks", "mailboxes"):
        statements.append(
            f"CREATE TRIGGER linger BEFORE INSERT OR UPDATE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION linger()"
        )
    with shop.database.write() as tx:
        for statement in statements:
            tx.exec_driver_sql(statement)
    yield
    with shop.database.write() as tx:
        tx.exec_driver_sql("DROP FUNCTION linger CASCADE")


@contextmanager
def mailbox_kept(shop: Shop, address: str) -> Iterator[None]:
    """As in a transaction of a worker."""
    with shop.database.write() as tx:
        mine = sa.select(mailboxes).where(mailboxes.c.address == address)
        assert tx.execute(mine.with_for_update()).first() is not None
        yield


@pytest.mark.parametrize("same_ids", [True, False])
def test_two_processes_with_the_same_in_opposite_orders_never_deadlock(
    shop: Shop, other: Shop, monkeypatch: pytest.MonkeyPatch, slow_rows: None, same_ids: bool
) -> None:
    patient(monkeypatch)
    errors = refusals(shop, other)
    for turn in range(ROUNDS):
        numbers = [100 * turn + nth for nth in range(8)]

        def of(where: Shop, nth: int) -> Deliver:
            name = "same" if same_ids else "shop" if where is shop else "other"
            return suspend(where, nth, id=f"msg_{name}_{nth}")

        with ExitStack() as stack:
            groups = [
                stack.enter_context(group(where, *(of(where, nth) for nth in order)))
                for where, order in ((shop, numbers), (other, numbers[::-1]))
            ]
            for each in groups:
                each.go()
        ours, theirs = ([future.result() for future in each.futures] for each in groups)
        if same_ids:
            assert [each.job for each in ours] == [each.job for each in theirs[::-1]]
        else:
            pairs = zip(ours, theirs[::-1], strict=True)
            assert all({a.sequence, b.sequence} == {1, 2} for a, b in pairs)
    assert DEADLOCK not in errors
    assert LOCKED not in errors
    found = shop.rows(jobs)
    assert len(found) == ROUNDS * (8 if same_ids else 16) + 2 * ROUNDS
    assert len({row["hook_id"] for row in found}) == len(shop.rows(hooks)) == len(found)


def test_groups_and_workers_of_two_processes_never_deadlock(
    shop: Shop, other: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hooks overtake the waiting jobs of their mailboxes while workers claim and end them."""
    patient(monkeypatch)
    errors = refusals(shop, other)
    over = threading.Event()

    def work(where: Shop) -> int:
        done = 0
        while not over.is_set():
            job = where.claim(f"worker {id(where)}")
            if job is not None:
                where.finish(job)
                done += 1
        return done

    with ThreadPoolExecutor(2) as pool:
        working = [pool.submit(work, where) for where in (shop, other)]
        try:
            for turn in range(ROUNDS):
                action = "unsuspend" if turn % 2 else "suspend"

                def of(where: Shop, nth: int, action: str = action) -> Deliver:
                    return lambda: where.hook(action, f"box{nth}@example.com", service=str(nth))

                with group(shop, *(of(shop, nth) for nth in range(6))) as one:
                    with group(other, *(of(other, nth) for nth in reversed(range(6)))) as two:
                        one.go()
                        two.go()
                assert all(future.result() for future in (*one.futures, *two.futures))
        finally:
            over.set()
    assert sum(each.result() for each in working) > ROUNDS
    assert (LOCKED in errors, DEADLOCK in errors) == (False, False)
    boxes = {row["address"]: row["sequence"] for row in shop.rows(mailboxes)}
    assert [boxes[f"box{nth}@example.com"] for nth in range(6)] == [2 * ROUNDS] * 6


def test_a_mailbox_that_is_kept_keeps_no_other_of_its_group_waiting(shop: Shop) -> None:
    shop.run("suspend", "box2@example.com", service="2")
    errors = refusals(shop)
    with group(shop, *(suspend(shop, nth) for nth in (1, 2, 3))) as met:
        with mailbox_kept(shop, "box2@example.com"):
            met.go()
            assert met.futures[0].result(PATIENCE).sequence == 1
            assert met.futures[2].result(PATIENCE).sequence == 1
            assert suspend(shop, 4)().sequence == 1, "nor who comes later"
            assert not met.futures[1].done()
        assert met.futures[1].result(PATIENCE).sequence == 2
    assert errors == [LOCKED]


@pytest.mark.parametrize("seen", [True, False], ids=["before it began", "under its locks"])
def test_a_group_locks_no_job(shop: Shop, monkeypatch: pytest.MonkeyPatch, seen: bool) -> None:
    """Whoever claims locks several in its own order; what overtakes waits for it, and no other."""
    before = [suspend(shop, nth, id=f"before{nth}")() for nth in (1, 2)]
    if not seen:
        monkeypatch.setattr(cancelling, "with_jobs_beside", lambda *_: set())
    errors = refusals(shop)
    with group(shop, *(suspend(shop, nth) for nth in (1, 2, 3))) as met:
        with shop.database.write() as tx:
            mine = sa.select(jobs).where(jobs.c.id.in_([each.job for each in before]))
            assert len(tx.execute(mine.with_for_update()).all()) == 2
            met.go()
            assert met.futures[2].result(PATIENCE).sequence == 1
            assert not met.futures[0].done()
            assert not met.futures[1].done()
    assert [future.result().sequence for future in met.futures] == [2, 2, 1]
    assert [shop.status(each) for each in before] == ["cancelled", "cancelled"]
    assert errors == []


def test_one_that_waits_for_its_mailbox_as_the_leader_keeps_no_other_waiting(shop: Shop) -> None:
    suspend(shop, 1, id="before")()
    with ThreadPoolExecutor(1) as pool:
        with mailbox_kept(shop, "box1@example.com"):
            leader = pool.submit(suspend(shop, 1))
            until(lambda: shop.inbox.writes._led)
            assert suspend(shop, 2)().sequence == 1
            assert not leader.done()
        assert leader.result(PATIENCE).sequence == 2


def test_hooks_of_one_mailbox_keep_their_order_when_the_first_had_to_wait(shop: Shop) -> None:
    suspend(shop, 1, id="before")()
    with group(shop, suspend(shop, 2), suspend(shop, 1, id="a")) as met:
        with mailbox_kept(shop, "box1@example.com"):
            met.go()
            met.futures[0].result(PATIENCE)
            until(lambda: not shop.inbox.writes._led)
            later = []
            for nth in range(3):
                later.append(met.pool.submit(suspend(shop, 1, id=f"later{nth}")))
                met.waits(nth + 1)
            assert suspend(shop, 3)().sequence == 1
            assert not any(each.done() for each in (met.futures[1], *later))
        orders = [each.result(PATIENCE) for each in (met.futures[1], *later)]
    assert [each.sequence for each in orders] == [2, 3, 4, 5]


def test_two_hooks_of_one_id_in_two_processes_are_one_job(shop: Shop, other: Shop) -> None:
    """The second process meets the id while the first one's group is not yet committed."""
    inside, go_on = threading.Event(), threading.Event()

    def pause() -> None:
        inside.set()
        assert go_on.wait(PATIENCE)

    with group(shop, suspend(shop, 1), suspend(shop, 2)) as ours:
        ours.at = pause
        ours.go()
        assert inside.wait(PATIENCE)
        ours.at = lambda: None
        same, reused = suspend(other, 1), suspend(other, 3, id="msg_box2")
        with group(other, suspend(other, 4), same, reused) as theirs:
            theirs.go()
            assert theirs.futures[0].result(PATIENCE).sequence == 1, "it waits for no strange id"
            assert not theirs.futures[1].done()
            go_on.set()
    assert theirs.futures[1].result().job == ours.futures[0].result().job
    assert type(theirs.futures[2].exception()) is Reused
    assert "box3@example.com" not in {row["address"] for row in shop.rows(mailboxes)}


@pytest.mark.parametrize("count", [1, 3])
def test_a_server_that_is_gone_before_the_commit_fails_all_and_keeps_nothing(
    shop: Shop, count: int
) -> None:
    with group(shop, *(suspend(shop, nth) for nth in range(count))) as met:
        met.at = lambda: cut_off(shop)
        met.go()
        met.first.result(PATIENCE)
        errors = [future.exception(PATIENCE) for future in met.futures]
        met.at = lambda: None
    assert [type(error) for error in errors] == [StoreUnavailable] * count
    assert len({id(error) for error in errors}) == count
    assert len(shop.rows(jobs)) == len(shop.rows(hooks)) == 1
    assert [suspend(shop, nth)().sequence for nth in range(count)] == [1] * count


def cut_off(shop: Shop) -> None:
    """Ends every other session that is in a transaction."""
    apart = sa.create_engine(shop.database.url)
    with apart.begin() as tx:
        tx.execute(
            sa.text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                " AND datname = current_database() AND state LIKE 'idle in transaction%'"
            )
        ).all()
    apart.dispose()


def test_a_group_needs_hardly_more_round_trips_than_one_hook(shop: Shop) -> None:
    asked: list[str] = []
    sa.event.listen(
        shop.database.engine,
        "before_cursor_execute",
        lambda *given: asked.append(given[2].split()[0]),
    )
    suspend(shop, 100)()
    alone, asked[:] = list(asked), []
    assert alone == ["SELECT", "INSERT", "INSERT", "UPDATE", "INSERT"]
    with group(shop, *(suspend(shop, nth) for nth in range(8))) as met:
        asked.clear()
    assert [future.result().sequence for future in met.futures] == [1] * 8
    assert asked == ["SELECT", "SELECT", *alone]


def arrivals_of(shop: Shop, *deliveries: Deliver) -> list[Arrival]:
    """What one thread receives at once."""
    inbox, arrivals = shop.inbox, list[Arrival]()
    collecting: Any = SimpleNamespace(accept=arrivals.append)
    shop.inbox = collecting
    for deliver in deliveries:
        deliver()
    shop.inbox = inbox
    return arrivals


def answers(found: Sequence[Receipt | Exception]) -> list[Any]:
    """Sequence numbers, or the class of an error."""
    return [type(each) if isinstance(each, Exception) else each.sequence for each in found]


def test_hooks_of_one_thread_keep_no_other_waiting_while_one_of_their_mailboxes_is_kept(
    shop: Shop,
) -> None:
    """The first of them waits for its mailbox, and the second has to lead meanwhile."""
    suspend(shop, 1, id="before")()
    several = arrivals_of(shop, suspend(shop, 1, id="later"), suspend(shop, 2))
    with ThreadPoolExecutor(2) as pool:
        with mailbox_kept(shop, "box1@example.com"):
            writes = shop.inbox.writes
            first = pool.submit(suspend(shop, 1))
            until(lambda: writes._led)
            until(lambda: not writes._led)  # it is written alone now
            batch = pool.submit(shop.inbox.accept_all, several)
            until(lambda: len(writes) > 0)
            assert suspend(shop, 3)().sequence == 1
            until(lambda: any(row["hook_id"] == "msg_box2" for row in shop.rows(jobs)))
            assert not batch.done()
        assert first.result(PATIENCE).sequence == 2
        assert answers(batch.result(PATIENCE)) == [3, 1]


def test_of_hooks_of_one_thread_none_waits_for_one_that_is_written_alone(shop: Shop) -> None:
    """That of another mailbox is in the database before."""
    suspend(shop, 1, id="before")()
    several = arrivals_of(shop, *(suspend(shop, nth) for nth in (1, 2, 3)))
    with ThreadPoolExecutor(1) as pool:
        with mailbox_kept(shop, "box1@example.com"):
            batch = pool.submit(shop.inbox.accept_all, several)
            until(lambda: {"msg_box2", "msg_box3"} <= {row["hook_id"] for row in shop.rows(jobs)})
            assert not batch.done()
        assert answers(batch.result(PATIENCE)) == [2, 1, 1]


def test_many_of_one_thread_wait_for_their_mailboxes_no_longer_than_one(
    shop: Shop,
) -> None:
    for nth in range(4):
        suspend(shop, nth, id=f"before{nth}")()
    several = arrivals_of(shop, *(suspend(shop, nth) for nth in range(4)))
    begun = time.monotonic()
    stranger = sa.create_engine(shop.database.url)
    with ThreadPoolExecutor(1) as pool, stranger.begin() as tx:
        assert len(tx.execute(sa.select(mailboxes).with_for_update()).all()) == 4
        batch = pool.submit(shop.inbox.accept_all, several)
        assert answers(batch.result(PATIENCE)) == [Locked] + [StoreUnavailable] * 3
    assert time.monotonic() - begun < 2 * LOCK_WAIT
    stranger.dispose()
