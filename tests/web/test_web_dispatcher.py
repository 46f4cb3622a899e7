"""Hooks that wait are received together, and nothing waits for what takes long."""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from bridge.config import HostPort
from bridge.web import dispatcher
from bridge.web.server import Server
from tests.support.billing import until
from tests.support.scene import Scene
from tests.web.test_web_server import post


class Stand:
    """A server whose hooks are received as `receive_all` is told to; `together`: how many at once,
    each time."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.real = scene.service.intake.receive_all
        self.together: list[int] = []
        self.blocked, self.go_on = threading.Event(), threading.Event()
        self.blocks, self.stopped = 0, False
        self.server = Server(scene.app, HostPort("127.0.0.1", 0), None, threads=4)
        self.pool = ThreadPoolExecutor(40)

    def receive_all(self, hooks: Sequence[Any]) -> Any:
        self.together.append(len(hooks))
        if len(self.together) <= self.blocks:
            self.blocked.set()
            assert self.go_on.wait(60)
        return self.real(hooks)

    def send(self, number: int, **headers: str) -> Future[tuple[int, Any]]:
        body = self.scene.body(
            "mailbox.suspend", service_id=str(number), address=f"box{number}@example.com"
        )
        return self.pool.submit(post, self.server, body, {**self.scene.sign(body), **headers})

    def block(self) -> Future[tuple[int, Any]]:
        """A hook whose receiving takes until `go_on`."""
        self.blocks = 1
        first = self.send(0)
        assert self.blocked.wait(60)
        return first

    def waiting(self, count: int) -> None:
        until(lambda: len(self.server._dispatcher.hooks) == count, 60)


@pytest.fixture
def stand(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    made = Stand(scene)
    monkeypatch.setattr(scene.service.intake, "receive_all", made.receive_all)
    made.server.start()
    yield made
    made.go_on.set()
    if not made.stopped:
        made.server.stop()
    made.pool.shutdown()


def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatcher, "PATIENCE", 60.0)


def statuses(sent: Sequence[Future[tuple[int, Any]]]) -> list[int]:
    return [each.result(60)[0] for each in sent]


def test_hooks_that_come_while_others_are_received_are_received_together(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient(monkeypatch)
    sent = [stand.block(), *(stand.send(number) for number in range(1, 6))]
    stand.waiting(5)
    stand.go_on.set()
    assert statuses(sent) == [202] * 6
    assert stand.together == [1, 5]
    jobs = stand.scene.service.lookup.page("jobs", None)[0]
    assert {job["address"] for job in jobs} == {f"box{number}@example.com" for number in range(6)}


def test_no_more_than_some_are_received_together(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient(monkeypatch)
    monkeypatch.setattr(dispatcher, "MOST", 2)
    sent = [stand.block(), *(stand.send(number) for number in range(1, 6))]
    stand.waiting(5)
    stand.go_on.set()
    assert statuses(sent) == [202] * 6
    assert stand.together == [1, 2, 2, 1]


def test_one_that_comes_alone_waits_for_no_other(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient(monkeypatch)
    for number in range(5):
        assert statuses([stand.send(number)]) == [202]
    assert stand.together == [1] * 5


def test_those_behind_hooks_that_take_long_do_not_wait_for_them(stand: Stand) -> None:
    first = stand.block()
    assert statuses([stand.send(1)]) == [202]
    assert not first.done()
    stand.go_on.set()
    assert statuses([first]) == [202]


def test_as_many_may_take_long_as_there_are_threads(stand: Stand) -> None:
    stand.blocks = 3
    slow = []
    for number in range(3):
        slow.append(stand.send(number))
        until(lambda: len(stand.together) == len(slow), 60)
        time.sleep(2 * dispatcher.PATIENCE)
    assert statuses([stand.send(3)]) == [202]
    assert not any(each.done() for each in slow)


def test_one_that_waits_for_its_job_keeps_no_other(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient(monkeypatch)
    held = stand.block()
    waits = stand.send(1, Prefer="wait=20")
    others = [stand.send(number) for number in range(2, 5)]
    stand.waiting(4)
    stand.go_on.set()
    assert statuses([held, *others]) == [202] * 4
    assert not waits.done()


def test_a_refused_one_keeps_no_other_from_being_recorded(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient(monkeypatch)
    held = stand.block()
    forged = stand.send(1, **{"webhook-signature": "v1,AAAA"})
    good = stand.send(2)
    unread = stand.pool.submit(post, stand.server, b"{", stand.scene.sign(b"{"))
    stand.waiting(3)
    stand.go_on.set()
    assert statuses([held, forged, good, unread]) == [202, 401, 202, 400]


def test_what_cannot_be_received_together_is_answered_one_by_one(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(hooks: Sequence[Any]) -> Any:
        raise RuntimeError("together")

    monkeypatch.setattr(stand.server._dispatcher, "take", broken)
    assert statuses([stand.send(number) for number in range(3)]) == [202] * 3


def test_a_stop_closes_the_connections_of_hooks_that_nobody_has_looked_at(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient(monkeypatch)
    held = stand.block()
    others = [stand.send(number) for number in range(1, 4)]
    stand.waiting(3)
    stand.stopped = True
    stopping = threading.Thread(target=stand.server.stop)
    stopping.start()
    for each in others:
        with pytest.raises(OSError):
            each.result(60)
    stand.go_on.set()
    stopping.join(60)
    assert not stopping.is_alive()
    assert sum(stand.together) == 1
    assert held.exception(60) is None or isinstance(held.exception(), OSError)


def test_one_waits_for_no_more_than_one_of_those_that_take_long_by_themselves(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be read is kept in a transaction of its own, which waits while SQLite is locked:
    twelve of these, one after the other, would keep a good one waiting for a minute."""
    patient(monkeypatch)
    monkeypatch.setattr("bridge.store.base.database.LOCK_WAIT", 1.0)
    held = stand.block()
    waited: list[float] = []
    park = stand.scene.service.intake.inbox.park

    def counted(*given: Any) -> None:
        waited.append(time.monotonic())
        park(*given)

    monkeypatch.setattr(stand.scene.service.intake.inbox, "park", counted)
    unread = [stand.scene.body("mailbox.suspend", service_id=str(nth)) for nth in range(12)]
    sent = [
        stand.pool.submit(post, stand.server, body, stand.scene.sign(body, f"msg_{nth}"))
        for nth, body in enumerate(unread)
    ]
    stand.waiting(12)
    with stand.scene.service.database.write():
        good = stand.send(1)
        stand.waiting(13)
        stand.go_on.set()
        assert statuses([held, good]) == [503, 503]
        ended = time.monotonic()
        # While it is locked: one that is tried after that is kept, and told what is wrong with it.
        assert statuses(sent) == [503] * 12
    assert ended - waited[0] < 11  # one after the other they take 12
