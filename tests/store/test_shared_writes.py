"""What workers write at the same time shares a transaction, and each is told what it would be told
alone. With real threads, behind a lock that the test holds. Hooks do the same: test_group.py.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from bridge.domain.errors import LeaseLost, StoreUnavailable
from bridge.domain.model import Outcome
from bridge.domain.ports import Job
from bridge.store import Outbox
from bridge.store.base.tables import callbacks, jobs, steps
from tests.store.conftest import LEASE, SETTLE, Shop

PATIENCE = 60


# On a server each write has a transaction of its own.
pytestmark = pytest.mark.parametrize("store", ["sqlite"])


@contextmanager
def at_once(shop: Shop, *writes: Callable[[], Any]) -> Iterator[list[Future[Any]]]:
    """They wait for the writer's lock, in this order, until the block ends; it has their futures."""
    groups, futures = shop.queue.writes.groups, list[Future[Any]]()
    with ThreadPoolExecutor(len(writes)) as pool:
        with shop.database.write_lock:
            for nth, write in enumerate(writes):
                futures.append(pool.submit(write))
                until = time.monotonic() + PATIENCE
                while not (groups._led and len(groups) == nth) and time.monotonic() < until:
                    time.sleep(0.001)
                assert len(groups) == nth
            yield futures
            assert not any(future.done() for future in futures)


def commits(shop: Shop) -> list[object]:
    found: list[object] = []
    sa.event.listen(shop.database.engine, "commit", found.append)
    return found


def claimed(shop: Shop, count: int) -> list[Job]:
    for nth in range(count):
        shop.hook("suspend", f"box{nth}@example.com", service=str(nth))
    return [shop.claimed() for _ in range(count)]


def test_intents_that_come_at_once_are_one_transaction(shop: Shop) -> None:
    found = claimed(shop, 3)
    with at_once(shop, *(partial(shop.intend, job) for job in found)) as futures:
        done = commits(shop)
    assert len(done) == 1
    written = {row["id"]: row["job_id"] for row in shop.rows(steps)}
    assert [written[future.result().id] for future in futures] == [job.id for job in found]


def test_whoever_lost_its_lease_writes_nothing_and_the_others_do(shop: Shop) -> None:
    late, *_ = claimed(shop, 1)
    shop.now += LEASE + 1
    again = shop.claimed("another")
    assert (again.id, again.token) == (late.id, late.token + 1)
    with at_once(shop, lambda: shop.intend(late), lambda: shop.intend(again)) as futures:
        pass
    assert isinstance(futures[0].exception(), LeaseLost)
    assert [(row["id"], row["token"]) for row in shop.rows(steps)] == [
        (futures[1].result().id, again.token)
    ]


def test_an_answer_and_a_claim_go_together(shop: Shop) -> None:
    one, other = claimed(shop, 2)
    step = shop.intend(one)
    shop.intend(other)
    shop.hook("suspend", "new@example.com", service="new")
    with at_once(
        shop,
        lambda: shop.queue.answered(one, step, Outcome.ACCEPTED, None, None, one.record, SETTLE),
        shop.claim,
    ) as futures:
        done = commits(shop)
    assert len(done) == 1
    assert futures[0].result().outcome == Outcome.ACCEPTED
    assert futures[1].result().intent.address == "new@example.com"
    assert {row["id"]: row["status"] for row in shop.rows(jobs)}[
        futures[1].result().id
    ] == "running"


def test_if_the_commit_fails_nobody_is_told_that_it_was_written(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = claimed(shop, 3)

    def full(connection: Any) -> None:
        raise sa.exc.OperationalError("COMMIT", {}, Exception("database or disk is full"))

    with at_once(shop, *(partial(shop.intend, job) for job in found)) as futures:
        monkeypatch.setattr(shop.database.engine.dialect, "do_commit", full)
    assert [type(future.exception()) for future in futures] == [StoreUnavailable] * 3
    monkeypatch.undo()
    assert shop.rows(steps) == []
    assert not any(row["touched"] for row in shop.rows(jobs))
    assert shop.intend(found[0]).kind == "set_password"


def test_callbacks_share_with_jobs_where_they_are_given_the_same(shop: Shop) -> None:
    shop.hook("suspend", "told@example.com", service="told")
    shop.end()
    job, *_ = claimed(shop, 1)
    outbox = Outbox(shop.database, writes=shop.queue.writes)
    with at_once(
        shop, lambda: shop.intend(job), lambda: outbox.claim_callback("worker")
    ) as futures:
        done = commits(shop)
    assert len(done) == 1
    assert futures[1].result().id == shop.rows(callbacks)[0]["id"]
