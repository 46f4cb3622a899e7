"""Requests that follow each other on one connection, as those of a proxy's clients do, have each an
answer of their own, also where a thread is still busy with the end of the one before."""

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bridge.config import HostPort
from bridge.web.server import Server
from tests.support.scene import Scene

Ask = Callable[..., tuple[int, bytes]]


class Lingering:
    """The first thread that has answered lingers at the end of it, until `go_on`."""

    def __init__(self, server: Server) -> None:
        self.lingers, self.go_on = threading.Event(), threading.Event()
        listener = server._server
        self._real = listener.pull_trigger
        listener.pull_trigger = self._pull

    def _pull(self) -> None:
        if threading.current_thread().name != "web" and not self.lingers.is_set():
            self.lingers.set()
            assert self.go_on.wait(60)
        self._real()


@pytest.fixture
def server(scene: Scene) -> Iterator[Server]:
    made = Server(scene.app, HostPort("127.0.0.1", 0), None, threads=4)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def lingering(server: Server) -> Iterator[Lingering]:
    made = Lingering(server)
    yield made
    made.go_on.set()


@pytest.fixture
def ask(server: Server) -> Iterator[Ask]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)

    def asked(method: str, path: str, *more: Any) -> tuple[int, bytes]:
        connection.request(method, path, *more)
        answer = connection.getresponse()
        return answer.status, answer.read()

    yield asked
    connection.close()


def hook(scene: Scene, number: int) -> tuple[str, str, bytes, dict[str, str]]:
    body = scene.body("mailbox.suspend", service_id="7", address=f"box{number}@example.com")
    return "POST", "/hooks/shop", body, scene.sign(body, f"msg_{number}")


def test_what_follows_a_hook_is_not_answered_as_the_hook_was(
    scene: Scene, ask: Ask, lingering: Lingering
) -> None:
    status, receipt = ask(*hook(scene, 1))
    assert status == 202 and lingering.lingers.wait(20)
    status, other = ask("GET", "/healthz")
    assert status == 200
    assert other != receipt and b"job" not in other


def test_a_hook_that_follows_another_is_read_once(
    scene: Scene, server: Server, ask: Ask, lingering: Lingering, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread of the first comes to its end between the second's receiving and its answer."""
    take, received = server._dispatcher.take, threading.Event()

    def slow(hooks: Any) -> Any:
        found = take(hooks)
        if lingering.lingers.is_set():
            received.set()
            lingering.go_on.set()
            time.sleep(0.3)
        return found

    monkeypatch.setattr(server._dispatcher, "take", slow)
    assert ask("GET", "/healthz")[0] == 200 and lingering.lingers.wait(20)
    status, told = ask(*hook(scene, 2))
    assert received.is_set()
    assert status == 202, told
    page = scene.service.lookup.page("jobs", None)[0]
    assert [job["address"] for job in page] == ["box2@example.com"]
