"""Hooks that come at the same time share a transaction, and each is answered as if it were alone.
With real threads, in an order that is known. What only a server can do: test_group_server.py.
"""

import itertools
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.errors import StoreUnavailable
from bridge.domain.ports import Receipt, Reused, SourcePaused, SuspensionsPaused
from bridge.store import Brake, Database, Inbox, Withdrawals
from bridge.store.base.tables import hooks, jobs, mailboxes
from bridge.store.queue import enqueue
from bridge.store.queue.brake import FLOOR
from bridge.store.queue.group import GroupedWrites
from hooks.types import Withdrawal
from tests.store.conftest import Shop, verified

PATIENCE = 60
Deliver = Callable[[], Receipt]


class Pauses:
    """A checkpoint that stops the first hook inside its transaction, until `go`."""

    def __init__(self, at: str = "accepting") -> None:
        self.at, self.entered, self.go = at, threading.Event(), threading.Event()
        self.after: Callable[[str], None] = lambda name: None

    def __call__(self, name: str) -> None:
        if name == self.at and not self.entered.is_set():
            self.entered.set()
            assert self.go.wait(PATIENCE)
        else:
            self.after(name)


def commits(shop: Shop) -> list[object]:
    """Grows by one for each transaction that is committed."""
    found: list[object] = []
    sa.event.listen(shop.database.engine, "commit", found.append)
    return found


@contextmanager
def waiting(shop: Shop, *deliveries: Deliver, brake: Brake | None = None) -> Iterator[Any]:
    """These hooks wait behind a first one, in this order; they go on when the block has ended.

    Gives what comes of each, as a Future, and the checkpoint.
    """
    pauses = Pauses()
    shop.inbox = Inbox(shop.database, shop.new_id, pauses, brake)
    with ThreadPoolExecutor(len(deliveries) + 1) as pool:
        first = pool.submit(shop.hook, "create", "first@example.net", service="first", password="p")
        assert pauses.entered.wait(PATIENCE)
        futures = []
        for deliver in deliveries:
            futures.append(pool.submit(deliver))
            until = time.monotonic() + PATIENCE
            while len(shop.inbox.writes) < len(futures) and time.monotonic() < until:
                time.sleep(0.001)
            assert len(shop.inbox.writes) == len(futures)
        try:
            yield futures, pauses
        finally:
            pauses.go.set()
    assert first.result().sequence == 1


def answers(futures: list[Future[Receipt]]) -> list[Any]:
    """Sequence numbers, or the class of an error."""
    errors = [future.exception() for future in futures]
    return [
        type(error) if error else future.result().sequence
        for future, error in zip(futures, errors, strict=True)
    ]


def suspend(shop: Shop, nth: int, **more: Any) -> Deliver:
    address = f"box{nth}@example.com"
    return lambda: shop.hook("suspend", address, service=str(nth), id=f"msg_box{nth}", **more)


def test_those_that_wait_are_one_transaction_and_each_has_its_job(shop: Shop) -> None:
    with waiting(shop, *(suspend(shop, nth) for nth in range(5))) as (futures, _):
        done = commits(shop)
    assert answers(futures) == [1] * 5
    assert len(done) == 2, "that of the first one, and that of all others"
    assert {row["hook_id"] for row in shop.rows(jobs)} >= {f"msg_box{nth}" for nth in range(5)}
    assert all(future.result() == shop.receipt(future.result()) for future in futures)


def test_those_that_nothing_stands_against_are_written_at_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    add_jobs = enqueue.add_jobs

    def counted(tx: Any, database: Database, new: Any, now: float) -> Any:
        written.append(len(new))
        return add_jobs(tx, database, new, now)

    suspend(shop, 3)()
    monkeypatch.setattr(enqueue, "add_jobs", counted)
    wanted = [suspend(shop, nth) for nth in (1, 2, 3, 4)]
    with waiting(shop, *wanted, lambda: shop.hook("unsuspend", "box1@example.com")) as (futures, _):
        pass
    assert answers(futures) == [1, 1, 1, 1, 2]
    assert written == [1, 3, 1], "the first, those that are new, and the second of one mailbox"


def test_a_group_is_bounded(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    with waiting(shop, *(suspend(shop, nth) for nth in range(5))) as (futures, _):
        monkeypatch.setattr(shop.inbox.writes, "most", 2)
        done = commits(shop)
    assert (answers(futures), len(done)) == ([1] * 5, 1 + 3)


def test_two_deliveries_of_one_id_in_a_group_are_one_job(shop: Shop) -> None:
    with waiting(shop, suspend(shop, 1), suspend(shop, 1), suspend(shop, 2)) as (futures, _):
        pass
    assert answers(futures) == [1, 1, 1]
    assert futures[0].result().job == futures[1].result().job
    assert len(shop.rows(jobs)) == 3


def test_one_id_with_two_bodies_in_a_group_is_taken_once(shop: Shop) -> None:
    other = partial(shop.hook, "suspend", "other@example.com", id="msg_box1")
    with waiting(shop, suspend(shop, 1), other, suspend(shop, 2)) as (futures, _):
        pass
    assert answers(futures) == [1, Reused, 1]
    assert "other@example.com" not in {row["address"] for row in shop.rows(mailboxes)}


def test_an_id_that_came_before_gets_its_receipt_and_the_others_their_jobs(shop: Shop) -> None:
    before = suspend(shop, 1)()
    with waiting(shop, suspend(shop, 2), suspend(shop, 1), suspend(shop, 3)) as (futures, _):
        pass
    assert answers(futures) == [1, 1, 1]
    assert futures[1].result().job == before.job
    assert len(shop.rows(jobs)) == 4


def test_one_mailbox_twice_in_a_group_keeps_the_order_of_arrival(shop: Shop) -> None:
    def deliver(action: str, id: str) -> Deliver:
        return lambda: shop.hook(action, "a@example.com", id=id)

    wanted = [deliver("suspend", "msg_a"), suspend(shop, 1), deliver("unsuspend", "msg_b")]
    with waiting(shop, *wanted, deliver("suspend", "msg_c")) as (futures, _):
        pass
    assert answers(futures) == [1, 1, 2, 3]
    a, _, b, c = (future.result() for future in futures)
    assert [shop.status(each) for each in (a, b, c)] == ["cancelled", "cancelled", "queued"]


def test_what_a_group_finds_of_a_mailbox_is_what_each_alone_would_find(shop: Shop) -> None:
    """Mailboxes with and without open jobs, a hook that comes late, one of a paused account."""
    shop.run("suspend", "done@example.com")
    shop.hook("create", "open@example.com", password="p")
    shop.hook("suspend", "late@example.com")
    shop.operator.pause_account("other", "a test")
    wanted = [
        lambda: shop.hook("suspend", "open@example.com"),
        lambda: shop.hook("unsuspend", "done@example.com"),
        lambda: shop.hook("suspend", "late@example.com", at=shop.now - 60),
        lambda: shop.hook("suspend", "new@example.com", account="other"),
    ]
    with waiting(shop, *wanted) as (futures, _):
        pass
    assert answers(futures) == [2, 2, 2, 1]
    found = [(each.result().status, each.result().waiting_for) for each in futures]
    assert found == [
        ("queued", "turn"),
        ("queued", None),
        ("cancelled", None),
        ("queued", "account"),
    ]


def test_one_bad_among_good_fails_alone(shop: Shop) -> None:
    shop.operator.pause_source("till", True)
    wanted = [suspend(shop, 1), suspend(shop, 2, source="till"), suspend(shop, 3)]
    with waiting(shop, *wanted) as (futures, _):
        pass
    assert answers(futures) == [1, SourcePaused, 1]
    assert "msg_box2" not in {row["hook_id"] for row in shop.rows(hooks)}
    assert "box2@example.com" not in {row["address"] for row in shop.rows(mailboxes)}


def test_a_fault_that_shows_in_the_midst_of_a_group_fails_alone(shop: Shop) -> None:
    made = iter(range(1, 1000))

    def breaks(now: float) -> str:
        if next(made) == 3:
            raise ValueError("no id")
        return f"job_own{next(made)}"

    with waiting(shop, *(suspend(shop, nth) for nth in range(3))) as (futures, _):
        shop.inbox.new_id = breaks
    assert answers(futures) == [1, 1, 1], "together failed, each alone did not"
    assert len(shop.rows(jobs)) == 4


def test_a_hook_that_cannot_be_written_takes_no_other_with_it(shop: Shop) -> None:
    wanted = [suspend(shop, 1), suspend(shop, 2, reason=object()), suspend(shop, 3)]
    with waiting(shop, *wanted) as (futures, _):
        pass
    assert answers(futures) in ([1, error, 1] for error in (sa.exc.StatementError, TypeError))
    assert "msg_box2" not in {row["hook_id"] for row in shop.rows(hooks)}


def test_if_the_commit_fails_nobody_is_told_that_it_is_stored(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(connection: Any) -> None:
        raise sa.exc.OperationalError("COMMIT", {}, Exception("database or disk is full"))

    with waiting(shop, *(suspend(shop, nth) for nth in range(3))) as (futures, pauses):
        # When the first one has been committed
        pauses.after = lambda name: (
            monkeypatch.setattr(shop.database.engine.dialect, "do_commit", full)
            if name == "accepting"
            else None
        )
    assert answers(futures) == [StoreUnavailable] * 3
    assert len({id(future.exception()) for future in futures}) == 3
    monkeypatch.undo()
    pauses.after = lambda name: None
    assert len(shop.rows(jobs)) == len(shop.rows(hooks)) == 1
    assert suspend(shop, 1)().sequence == 1


def test_a_disk_that_is_full_in_the_midst_fails_all_and_keeps_nothing(shop: Shop) -> None:
    """SQLite ends the transaction by itself then: whatever came after would be stored alone."""

    def full() -> None:
        raise sa.exc.OperationalError("INSERT", {}, Exception("database or disk is full"))

    with waiting(shop, *(suspend(shop, nth) for nth in range(3))) as (futures, pauses):
        pauses.after = lambda name: full() if name == "accepting" else None
    assert answers(futures) == [StoreUnavailable] * 3
    assert len(shop.rows(jobs)) == 1


def killed(url: str, point: str) -> None:
    """A process that dies at this point of a group of three."""
    shop = Shop(Database(url), ids=itertools.count(1000))

    def die(name: str) -> None:
        if name == point and (name == "accepting" or len(shop.rows(jobs)) == 4):
            os.kill(os.getpid(), signal.SIGKILL)

    with waiting(shop, *(suspend(shop, nth) for nth in range(3))) as (_, pauses):
        pauses.after = die


@pytest.mark.parametrize(("point", "stored"), [("accepting", 1), ("accepted", 4)])
def test_a_kill_before_the_commit_loses_all_and_one_after_it_none(
    shop: Shop, database_url: str, point: str, stored: int
) -> None:
    process = multiprocessing.get_context("spawn").Process(
        target=killed, args=(database_url, point)
    )
    process.start()
    process.join(PATIENCE)
    assert process.exitcode == -signal.SIGKILL
    assert len(shop.rows(jobs)) == len(shop.rows(hooks)) == stored
    assert {row["sequence"] for row in shop.rows(mailboxes)} == {1}
    assert [suspend(shop, nth)().sequence for nth in range(3)] == [1, 1, 1]
    assert len(shop.rows(jobs)) == 4


def test_a_leader_that_ends_leaves_nobody_waiting(shop: Shop) -> None:
    def ends(name: str) -> None:
        if name == "accepting":
            pauses.after = lambda name: None
            raise KeyboardInterrupt

    with waiting(shop, *(suspend(shop, nth) for nth in range(3))) as (futures, pauses):
        pauses.after = ends
    assert answers(futures) == [KeyboardInterrupt, StoreUnavailable, StoreUnavailable]
    assert len(shop.rows(jobs)) == 1
    assert suspend(shop, 1)().sequence == 1, "the next one leads"


def test_what_a_thread_that_ends_leaves_unwritten_keeps_nobody_waiting(shop: Shop) -> None:
    def write(tx: Connection, item: str) -> str:
        if item == "ends":
            raise KeyboardInterrupt
        return item

    groups = GroupedWrites(shop.database, write, most=1)
    with pytest.raises(KeyboardInterrupt):
        groups.write_all(["ends", "left", "behind"])
    assert groups.run("next") == "next"
    assert len(groups) == 0


def test_one_that_nobody_takes_in_time_is_refused_and_written_by_nobody(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with waiting(shop, suspend(shop, 1)) as (futures, _):
        monkeypatch.setattr("bridge.store.queue.group.LOCK_WAIT", 0.01)
        with pytest.raises(StoreUnavailable):
            suspend(shop, 2)()
        assert len(shop.inbox.writes) == 1
    assert answers(futures) == [1]
    assert {row["address"] for row in shop.rows(mailboxes)} == {
        "first@example.net",
        "box1@example.com",
    }


def test_what_keeps_the_leader_from_beginning_is_told_to_all_who_wait(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Taken:
        """The lock that another thread keeps; the first hook still gives it back."""

        def __init__(self, lock: Any) -> None:
            self.release = lock.release

        def acquire(self, timeout: float) -> bool:
            return False

    def exhausted() -> None:
        raise sa.exc.TimeoutError("no connection is free")

    with waiting(shop, *(suspend(shop, nth) for nth in range(3))) as (futures, _):
        monkeypatch.setattr(shop.database, "write_lock", Taken(shop.database.write_lock))
        if not shop.database.embedded:
            monkeypatch.setattr(shop.database.engine.pool, "connect", exhausted)
    assert answers(futures) == [StoreUnavailable] * 3
    monkeypatch.undo()
    assert suspend(shop, 1)().sequence == 1


def test_the_brake_counts_in_a_group_as_it_does_alone(shop: Shop) -> None:
    brake = Brake(0.5, lambda now: "")
    shop.inbox = Inbox(shop.database, shop.new_id, brake=brake)
    for nth in range(FLOOR - 2):
        suspend(shop, nth)()
    wanted = [suspend(shop, FLOOR + nth) for nth in range(6)]
    with waiting(shop, *wanted, brake=brake) as (futures, _):
        pass
    taken = [each for each in answers(futures) if each == 1]
    if shop.database.embedded:
        assert answers(futures) == [1, 1, *[SuspensionsPaused] * 4]
    # A server has many writers: those that count at the same moment do not see each other.
    assert len(taken) >= 2
    with pytest.raises(SuspensionsPaused):
        [suspend(shop, FLOOR + nth)() for nth in range(6, 12)]
    if shop.database.embedded:
        assert sum(row["action"] == "mailbox.suspend" for row in shop.rows(jobs)) == FLOOR


def test_a_hook_that_was_withdrawn_before_it_came_is_refused_in_a_group(shop: Shop) -> None:
    withdrawals = Withdrawals(shop.database)
    withdrawals.withdraw("shop", verified("msg_w"), Withdrawal("msg_box2"), "w", "w".__eq__)
    with waiting(shop, suspend(shop, 1), suspend(shop, 2), suspend(shop, 3)) as (futures, _):
        pass
    first, second, third = answers(futures)
    assert (first, third) == (1, 1)
    assert second not in (1, 2)
    assert "box2@example.com" not in {row["address"] for row in shop.rows(jobs)}


def test_a_hook_that_comes_alone_waits_for_nobody(shop: Shop) -> None:
    done = commits(shop)
    suspend(shop, 1)()
    assert len(done) == 1
    assert len(shop.inbox.writes) == 0
