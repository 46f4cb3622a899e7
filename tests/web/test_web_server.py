"""On a real socket: large, chunked, slow and broken senders; the metrics' own listener; a stop
that ends."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from prometheus_client import generate_latest
from waitress.trigger import trigger

from bridge.config import HostPort
from bridge.domain.errors import StoreUnavailable
from bridge.web.server import Server
from tests.support.scene import Open, Scene


@contextmanager
def served(scene: Scene, metrics: bool = False) -> Iterator[Server]:
    server = Server(
        scene.app,
        HostPort("127.0.0.1", 0),
        HostPort("127.0.0.1", 0) if metrics else None,
        threads=4,
    )
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def server(scene: Scene) -> Iterator[Server]:
    with served(scene) as server:
        yield server


def post(
    server: Server, body: Any, headers: dict[str, str], path: str = "/hooks/shop", **more: Any
) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("POST", path, body, headers, **more)
    answer = connection.getresponse()
    got = answer.status, answer.headers["content-type"], answer.read()
    connection.close()
    return got


def test_a_hook_by_content_length_and_one_in_chunks_are_the_same(
    scene: Scene, server: Server
) -> None:
    body = scene.body("mailbox.suspend", service_id="7", address="john@example.com")
    headers = scene.sign(body, "msg_1")
    plain = post(server, body, headers)
    chunked = post(server, iter([body[:10], body[10:]]), headers, encode_chunked=True)
    assert plain[0] == chunked[0] == 202
    assert json.loads(plain[2]) == json.loads(chunked[2])


@pytest.mark.parametrize("size", [64 * 1024 + 1, 200_000])
@pytest.mark.parametrize("chunked", [False, True])
def test_what_is_too_large_is_413_announced_or_not(
    server: Server, size: int, chunked: bool
) -> None:
    body = b"x" * size
    given: Any = iter([body]) if chunked else body
    status, kind, answer = post(server, given, {}, encode_chunked=chunked)
    assert (status, kind) == (413, "application/problem+json")
    assert b"xx" not in answer


def test_exactly_the_limit_is_taken(scene: Scene, server: Server) -> None:
    body = scene.body("mailbox.suspend", service_id="7", address="john@example.com")
    body += b" " * (64 * 1024 - len(body))
    assert post(server, body, scene.sign(body))[0] == 202
    body += b" "
    assert post(server, body, scene.sign(body))[0] == 413


def test_what_is_larger_than_all_reason_is_refused_before_it_has_arrived(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), 60) as wire:
        wire.sendall(b"POST /hooks/shop HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000000\r\n\r\n")
        assert b" 413 " in wire.recv(1000)


def test_slow_senders_do_not_keep_others_waiting(scene: Scene, server: Server) -> None:
    slow = [
        socket.create_connection(("127.0.0.1", server.port), 60) for _ in range(12)
    ]  # three times the threads
    try:
        for wire in slow:
            wire.sendall(b"POST /hooks/shop HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        body = scene.body("mailbox.suspend", service_id="7", address="john@example.com")
        assert post(server, body, scene.sign(body))[0] == 202
    finally:
        for wire in slow:
            wire.close()


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00",
        b"POST /hooks/shop HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
        b"POST /hooks/shop HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_what_is_not_http_harms_nobody(scene: Scene, server: Server, raw: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port), 60) as wire:
        wire.sendall(raw + b"\r\n\r\n")
        wire.shutdown(socket.SHUT_WR)
        assert wire.recv(200).split(b" ")[1][:1] == b"4"
    body = scene.body("mailbox.suspend", service_id="7", address="john@example.com")
    assert post(server, body, scene.sign(body))[0] == 202


def test_a_stop_lets_an_answer_end_and_closes_idle_connections(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    real = scene.service.intake.receive_all

    def slow(*given: Any) -> Any:
        begun.set()
        assert go_on.wait(60)
        return real(*given)

    monkeypatch.setattr(scene.service.intake, "receive_all", slow)
    server = Server(scene.app, HostPort("127.0.0.1", 0), None, threads=4)
    server.start()
    idle = socket.create_connection(("127.0.0.1", server.port), 60)
    body = scene.body("mailbox.suspend", service_id="7", address="john@example.com")
    answers: list[int] = []
    headers = scene.sign(body)
    sender = threading.Thread(target=lambda: answers.append(post(server, body, headers)[0]))
    sender.start()
    assert begun.wait(60)
    stopping = threading.Thread(target=server.stop)
    stopping.start()
    go_on.set()
    stopping.join(60)
    sender.join(60)
    assert not stopping.is_alive()
    assert answers == [202]
    assert idle.recv(10) == b""
    idle.close()
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", server.port), 1)


def test_a_stop_pulls_no_trigger_that_is_closed(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    pull = trigger._physical_pull

    def pulled_by_another_thread_first(self: trigger) -> None:
        pull(self)
        time.sleep(0.1)  # the loop runs what it finds
        pull(self)

    server = Server(scene.app, HostPort("127.0.0.1", 0), None, threads=4)
    server.start()
    monkeypatch.setattr(trigger, "_physical_pull", pulled_by_another_thread_first)
    server.stop()
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", server.port), 1)


def test_metrics_are_on_their_own_listener_and_count_no_made_up_names(open_scene: Open) -> None:
    scene = open_scene()
    body = scene.body("mailbox.suspend", service_id="7", address="john@example.com")
    with served(scene, metrics=True) as server:
        assert post(server, body, scene.sign(body))[0] == 202
        for name in ("a", "b", "c%0A", "shop2"):
            assert post(server, body, scene.sign(body), f"/hooks/{name}")[0] == 401
        assert get(server.port, "/metrics")[0] == 404
        assert server.metrics is not None
        status, text = get(server.metrics.port, "/metrics")
    assert status == 200
    requests = [
        line
        for line in text.splitlines()
        if line.startswith("enom_bridge_requests_total{") and not line.endswith(" 0.0")
    ]
    assert sorted(requests) == [
        'enom_bridge_requests_total{path="hook",source="shop",status="202"} 1.0',
        'enom_bridge_requests_total{path="hook",source="unknown",status="401"} 4.0',
    ]
    assert 'enom_bridge_jobs_open{status="queued"} 1.0' in text
    assert 'enom_bridge_account_paused{account="main"} 0.0' in text
    assert "john" not in text


def get(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path)
    answer = connection.getresponse()
    got = answer.status, answer.read().decode()
    connection.close()
    return got


def test_metrics_without_a_database_are_those_of_the_process(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise StoreUnavailable("gone")

    monkeypatch.setattr(scene.service.gauges, "read", away)
    text = generate_latest(scene.app.extensions["web"].metrics.registry).decode()
    assert "enom_bridge_request_duration_seconds" in text
    assert "enom_bridge_jobs_open" not in text
