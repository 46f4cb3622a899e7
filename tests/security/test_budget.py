"""Strangers cannot use up what the signed need: a ratio of two measurements side by side in one
run, never a duration."""

import statistics
import sys
import threading
import time
from pathlib import Path

import pytest

from bridge.web.server import Server
from tests.security.hostile import Hostile, Request
from tests.security.stand import KEY, NOW
from tests.security.test_sockets import POST, answers, connect, raw, serving

DATA = b'{"service_id": "7", "address": "john@example.com"}'
BODY = b'{"type": "mailbox.suspend", "timestamp": "2027-03-01T12:00:00Z", "data": ' + DATA + b"}"
MOST = 60  # times as long as without the flood; without room made for others it would be never


def answered(server: Server, made: Hostile, count: int) -> float:
    """The median of the seconds that a signed hook takes, on a new connection each time."""
    took = []
    for _ in range(count):
        whole = raw(made.sign(Request(headers=[("content-type", "application/json")], body=BODY)))
        begun = time.perf_counter()
        with connect(server) as wire:
            wire.sendall(whole)
            assert answers(wire)[0][0] in (200, 202, 409)
        took.append(time.perf_counter() - begun)
    return statistics.median(took)


class Flood:
    """Strangers: some send unsigned hooks as fast as they can, others open connections and never
    finish."""

    def __init__(self, server: Server, senders: int, slow: int) -> None:
        self.server, self.stop, self.sent = server, threading.Event(), 0
        self.slow = [connect(server) for _ in range(slow)]
        for wire in self.slow:
            try:
                wire.sendall(POST + b"Content-Length: 60000\r\n\r\n{")
            except ConnectionError:
                pass
        self.threads = [threading.Thread(target=self.send) for _ in range(senders)]
        for thread in self.threads:
            thread.start()

    def send(self) -> None:
        unsigned = POST + b"Connection: close\r\nContent-Length: 60000\r\n\r\n" + b"x" * 60_000
        while not self.stop.is_set():
            try:
                with connect(self.server) as wire:
                    wire.sendall(unsigned)
                    wire.recv(100)
                    self.sent += 1
            except OSError:
                pass

    def end(self) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join(30)
        for wire in self.slow:
            wire.close()


@pytest.mark.parametrize(
    ("senders", "slow"), [(8, 0), (0, 350), (8, 350)], ids=["fast", "slow", "both"]
)
def test_a_signed_hook_is_answered_while_strangers_flood(
    tmp_path: Path, senders: int, slow: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(tmp_path) as (bridge, server):
        made = Hostile(3, KEY, NOW)
        quiet = answered(server, made, 15)
        flood = Flood(server, senders, slow)
        try:
            loud = answered(server, made, 15)
        finally:
            flood.end()
        with capsys.disabled():
            sys.stdout.write(
                f"\nbudget: {senders} fast and {slow} slow strangers: ratio "
                f"{loud / quiet:.1f}, unsigned {flood.sent}\n"
            )
        assert loud / quiet < MOST
        assert bridge.faults.seen == []


def test_without_making_room_the_test_would_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.web.connection.Connection._make_room", lambda self: None)
    monkeypatch.setattr("bridge.web.server.MOST_OPEN", -60)  # a limit of 40 is met sooner
    with serving(tmp_path) as (_, server):
        slow = [connect(server) for _ in range(60)]
        try:
            deadline = time.monotonic() + 20
            while not server._server.in_connection_overflow and time.monotonic() < deadline:
                time.sleep(0.05)
            with connect(server) as wire:
                wire.settimeout(1)
                wire.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                with pytest.raises(TimeoutError):
                    wire.recv(10)
        finally:
            for wire in slow:
                wire.close()
