"""`Prefer: wait=N`: the answer is held while there are hands to spare, and never longer than
allowed."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bridge.web.receive import asked_wait
from tests.support.bench import START
from tests.support.scene import PASSWORD, Open, Scene


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        ("wait=10", 10),
        ("Wait = 10", 10),
        ('wait="10"', 10),
        ("respond-async, wait=10", 10),
        ("respond-async; foo=bar, WAIT=10;x", 10),
        ("handling=lenient wait=7", 7),
        ("", 0),
        ("wait", 0),
        ("wait=", 0),
        ("wait=-1", 0),
        ("wait=1.5", 0),
        ("wait=soon", 0),
        ("await=10", 0),
        ("wait=99999999999999", 0),
        ("wait=٣", 0),
    ],
)
def test_what_is_asked_for(prefer: str, seconds: float) -> None:
    assert asked_wait(prefer) == seconds


class Held:
    """Stands for the wait: keeps it until `end`, and counts who waits."""

    def __init__(self, scene: Scene, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
        self.scene, self.most = scene, most
        self.waits: list[float] = []
        self.full, self.end = threading.Event(), threading.Event()
        monkeypatch.setattr(scene.service.lookup, "wait_ended", self.wait)

    def wait(self, source: str, job: str, deadline: float, clock: Any) -> Any:
        self.waits.append(round(deadline - clock()))
        if len(self.waits) >= self.most:
            self.full.set()
        assert self.end.wait(60)
        return self.scene.service.lookup.receipt(source, job)


def test_half_of_the_threads_hold_and_the_rest_answer_at_once(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(scene, monkeypatch, most=2)  # of four threads
    bodies = [
        scene.body("mailbox.suspend", service_id=str(n), address=f"john{n}@example.com")
        for n in range(6)
    ]

    def send(body: bytes) -> int:
        return (
            scene.app.test_client()
            .post("/hooks/shop", data=body, headers=scene.sign(body, prefer="wait=5"))
            .status_code
        )

    with ThreadPoolExecutor(6) as pool:
        holding = [pool.submit(send, body) for body in bodies[:2]]
        assert held.full.wait(60)
        rest = [pool.submit(send, body).result(60) for body in bodies[2:]]
        held.end.set()
        first = [each.result(60) for each in holding]
    assert rest == [202] * 4
    assert first == [202] * 2
    assert held.waits == [5, 5]
    assert send(bodies[0]) == 202  # and a hand is free again
    assert len(held.waits) == 3


def test_nobody_waits_longer_than_the_limit(
    open_scene: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = open_scene(bridge__wait_limit=3)
    held = Held(scene, monkeypatch, most=1)
    held.end.set()
    scene.send("mailbox.suspend", headers={"prefer": "wait=600"})
    assert held.waits == [3]


def test_what_has_ended_is_not_waited_for(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.do("create", id="msg_1", password=PASSWORD)
    held = Held(scene, monkeypatch, most=1)
    answer = scene.send(
        "mailbox.create", id="msg_1", password=PASSWORD, headers={"prefer": "wait=9"}
    )
    assert (answer.status_code, held.waits) == (200, [])
    late = scene.send("mailbox.suspend", at=-9, headers={"prefer": "wait=9"})
    assert (late.status_code, (late.json or {})["status"], held.waits) == (200, "cancelled", [])


@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_the_wait_ends_with_the_job(scene: Scene) -> None:
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(
            scene.send, "mailbox.create", password=PASSWORD, headers={"prefer": "wait=20"}
        )
        while not answer.done():
            job = scene.engine.queue.claim("worker", scene.engine.limits)
            if job is None:
                scene.engine.queue.idle(0.05, scene.engine.queue.mark())
            else:
                scene.engine.worker.run(job)
    assert (answer.result().status_code, (answer.result().json or {})["status"]) == (
        200,
        "succeeded",
    )
    assert scene.clock.now == START.timestamp()
