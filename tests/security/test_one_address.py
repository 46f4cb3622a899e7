"""One address keeps no other waiting, however many connections it opens and whatever it sends
ahead. Nothing is timed."""

import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Response, request

from bridge.config import HostPort
from bridge.web import listener
from bridge.web.connection import Connection, Parser
from bridge.web.server import Server
from tests.security.stand import Stand, stand
from tests.security.test_sockets import answers

ONE, OTHER = "127.0.0.66", "127.0.0.67"  # this machine is all of 127.0.0.0/8


def get(path: str, close: bool = False, more: str = "") -> bytes:
    return (
        f"GET {path} HTTP/1.1\r\nHost: "
        f"x\r\n{'Connection: close' if close else 'X: y'}\r\n{more}\r\n"
    ).encode()


class Gate:
    """Stands where an answer is made: writes down in which order, and lets nobody through before
    it is open."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self.begun, self.open = threading.Event(), threading.Event()

    def __call__(self) -> Response:
        self.order.append(request.args["n"])
        self.begun.set()
        assert self.open.wait(30)
        return Response("{}")


@contextmanager
def gated(folder: Path, threads: int = 1, **changes: Any) -> Iterator[tuple[Stand, Server, Gate]]:
    with stand(folder, **changes) as bridge:
        gate = Gate()
        bridge.app.view_functions["health.healthz"] = gate
        server = Server(bridge.app, HostPort("127.0.0.1", 0), None, threads=threads)
        server.start()
        try:
            yield bridge, server, gate
        finally:
            gate.open.set()
            server.stop()


def connect(server: Server, address: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), 20, source_address=(address, 0))


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def channels(server: Server) -> list[Connection]:
    return [item for item in list(server._channels.values()) if isinstance(item, Connection)]


def waiting(server: Server) -> int:
    """Requests that have arrived whole."""
    return sum(len(each.requests) for each in channels(server))


def test_who_has_many_connections_has_one_turn_like_everybody(tmp_path: Path) -> None:
    with gated(tmp_path) as (_, server, gate), ExitStack() as wires:
        for number in range(20):
            wire = wires.enter_context(connect(server, ONE))
            wire.sendall(get(f"/healthz?n=one{number}"))
            until(lambda number=number: waiting(server) == number + 1)
        wire = wires.enter_context(connect(server, OTHER))
        wire.sendall(get("/healthz?n=other", close=True))
        until(lambda: waiting(server) == 21)
        gate.open.set()
        assert answers(wire)[0][0] == 200
        assert gate.order.index("other") <= 2


def test_behind_a_proxy_of_ours_the_turns_are_the_clients(tmp_path: Path) -> None:
    with (
        gated(tmp_path, bridge__trusted_proxies=["127.0.0.0/8"]) as (_, server, gate),
        ExitStack() as wires,
    ):
        for number in range(20):
            wire = wires.enter_context(connect(server, ONE))
            wire.sendall(
                get(f"/healthz?n=one{number}", more="X-Forwarded-For: 203.0.113.9:443\r\n")
            )
            until(lambda number=number: waiting(server) == number + 1)
        wire = wires.enter_context(connect(server, ONE))
        wire.sendall(get("/healthz?n=other", close=True, more="X-Forwarded-For: 203.0.113.10\r\n"))
        until(lambda: waiting(server) == 21)
        gate.open.set()
        assert answers(wire)[0][0] == 200
        assert gate.order.index("other") <= 2


def test_a_stranger_does_not_choose_whose_turn_it_takes(tmp_path: Path) -> None:
    with gated(tmp_path) as (_, server, _gate), ExitStack() as wires:
        for number in range(5):
            wire = wires.enter_context(connect(server, ONE))
            wire.sendall(
                get(f"/healthz?n={number}", more=f"X-Forwarded-For: 203.0.113.{number}\r\n")
            )
            until(lambda number=number: waiting(server) == number + 1)
        assert {each.client for each in channels(server)} == {ONE}


def test_of_what_was_sent_ahead_only_one_request_is_looked_at(tmp_path: Path) -> None:
    with gated(tmp_path) as (bridge, server, gate), connect(server, ONE) as wire:
        sent = [get(f"/healthz?n={number}") for number in range(16)]
        wire.sendall(b"".join(sent) + get("/healthz?n=16", close=True))
        assert gate.begun.wait(20)
        until(lambda: channels(server)[0].requests)
        (one,) = channels(server)
        assert (len(one.requests), one.request) == (1, None)
        gate.open.set()
        assert [status for status, _ in answers(wire)] == [200] * 17
        assert gate.order == [str(number) for number in range(17)]
        assert bridge.faults.seen == []


def test_a_request_of_which_a_part_was_sent_ahead_is_answered_whole(tmp_path: Path) -> None:
    body = b'{"type": "x"}'
    head = (
        b"POST /hooks/shop HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
        % len(body)
    )
    with gated(tmp_path) as (_, server, gate), connect(server, ONE) as wire:
        wire.sendall(get("/healthz?n=0") + head + body[:5])
        assert gate.begun.wait(20)
        gate.open.set()
        wire.sendall(body[5:])
        assert [status for status, _ in answers(wire)] == [200, 401]


@pytest.fixture
def unstarted(tmp_path: Path) -> Iterator[Server]:
    with stand(tmp_path) as bridge:
        server = Server(bridge.app, HostPort("127.0.0.1", 0), None, threads=1)
        yield server
        server.start()
        server.stop()


def test_everybody_who_waits_is_accepted_in_one_round(unstarted: Server) -> None:
    with ExitStack() as wires:
        for _ in range(30):
            wires.enter_context(connect(unstarted, ONE))
        unstarted._server.handle_accept()
        assert len(channels(unstarted)) == 30


def test_what_was_sent_before_it_was_accepted_is_read_with_it(unstarted: Server) -> None:
    with connect(unstarted, ONE) as wire:
        wire.sendall(get("/openapi.json", close=True))
        unstarted._server.handle_accept()
        assert wire.recv(12) == b"HTTP/1.1 200"  # without any round of the loop


def crowd(server: Server, wires: ExitStack, most: int) -> None:
    """So many connections of one address, each with a request that waits for us."""
    for number in range(most):
        wires.enter_context(connect(server, ONE)).sendall(get(f"/healthz?n={number}"))
    until(lambda: waiting(server) == most)


def test_one_address_has_so_many_connections_and_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "MOST_OF_ONE", 5)
    with gated(tmp_path) as (bridge, server, gate), ExitStack() as wires:
        crowd(server, wires, 5)
        refused = wires.enter_context(connect(server, ONE))
        ((status, body),) = answers(refused)
        assert status == 503 and json.loads(body)["status"] == 503 and b"this address" in body
        other = wires.enter_context(connect(server, OTHER))
        other.sendall(get("/healthz?n=other", close=True))
        until(lambda: waiting(server) == 6)
        gate.open.set()
        assert answers(other)[0][0] == 200
        assert bridge.faults.seen == []


def test_a_slow_connection_of_the_same_address_makes_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "MOST_OF_ONE", 5)
    with gated(tmp_path) as (_, server, gate), ExitStack() as wires:
        others = wires.enter_context(connect(server, OTHER))
        slow = wires.enter_context(connect(server, ONE))
        slow.sendall(b"GET /heal")
        until(lambda: len([each for each in channels(server) if each.request is not None]) == 1)
        crowd(server, wires, 4)
        fresh = wires.enter_context(connect(server, ONE))
        fresh.sendall(get("/healthz?n=fresh", close=True))
        assert slow.recv(10) == b""
        gate.open.set()
        assert answers(fresh)[0][0] == 200
        others.sendall(get("/healthz?n=other", close=True))
        assert answers(others)[0][0] == 200


def test_a_proxy_of_ours_is_not_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "MOST_OF_ONE", 2)
    with gated(tmp_path, bridge__trusted_proxies=[ONE]) as (_, server, gate), ExitStack() as wires:
        crowd(server, wires, 6)
        gate.open.set()


def test_the_description_is_made_once_and_not_sent_to_whoever_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stand(tmp_path) as bridge:
        client = bridge.app.test_client()
        monkeypatch.setattr(bridge.app.json, "dumps", lambda *_, **__: pytest.fail("made anew"))
        first = client.get("/openapi.json")
        again = client.get("/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
        assert (first.status_code, again.status_code, again.data) == (200, 304, b"")
        assert first.content_type == "application/json"


def test_a_flood_writes_no_line_for_each_request_that_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    monkeypatch.setattr(
        logging.getLogger("waitress.queue"), "warning", lambda text, *_: lines.append(text)
    )
    with gated(tmp_path) as (_, server, gate), ExitStack() as wires:
        crowd(server, wires, 10)
        gate.open.set()
    assert lines == []


def test_what_cannot_be_read_ends_its_connection_and_not_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the loop accepts it, or looks at what came behind: both would end with what is
    raised."""
    real = Parser.received

    def broken(parser: Parser, data: bytes) -> int:
        if b"n=broken" in data[:30]:
            raise RuntimeError("a fault of ours")
        return real(parser, data)

    monkeypatch.setattr(Parser, "received", broken)
    with gated(tmp_path) as (_, server, gate):
        gate.open.set()
        for sent in (get("/healthz?n=broken"), get("/healthz?n=0") + get("/healthz?n=broken")):
            with connect(server, ONE) as wire:
                wire.sendall(sent)
                answers(wire)  # until it is closed
        with connect(server, ONE) as wire:
            wire.sendall(get("/healthz?n=1", close=True))
            assert answers(wire)[0][0] == 200
