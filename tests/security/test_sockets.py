"""On real sockets, against the server that is shipped: framing that two parsers could read
differently, and slow senders."""

import errno
import json
import random
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bridge.config import HostPort
from bridge.web import connection, listener
from bridge.web.server import Server
from tests.security.hostile import Hostile, Request
from tests.security.stand import KEY, NOW, Stand, resident, stand

POST = b"POST /hooks/shop HTTP/1.1\r\nHost: x\r\n"
BODY = json.dumps({
    "type": "mailbox.suspend", "timestamp": "2027-03-01T12:00:00Z",
    "data": {"service_id": "7", "address": "john@example.com"},
}).encode()  # fmt: skip
GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


@contextmanager
def serving(folder: Path, **changes: Any) -> Iterator[tuple[Stand, Server]]:
    with stand(folder, **changes) as bridge:
        server = Server(bridge.app, HostPort("127.0.0.1", 0), None, threads=4)
        server.start()
        try:
            yield bridge, server
        finally:
            server.stop()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Stand, Server]]:
    with serving(tmp_path) as both:
        yield both


def connect(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), 20)


def answers(wire: socket.socket) -> list[tuple[int, bytes]]:
    """Everything that comes until the other side closes, as statuses and bodies; one that goes
    on for ever is a fault."""
    heard, end = bytearray(), time.monotonic() + 60
    try:
        while piece := wire.recv(65536):
            heard += piece
            assert time.monotonic() < end, bytes(heard[-300:])
    except ConnectionError:
        pass
    found = []
    while heard:
        head, _, rest = bytes(heard).partition(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        length = next(
            (int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:")),
            0,
        )
        if len(rest) < length:
            break  # cut off with the connection
        found.append((int(head.split(b" ")[1]), rest[:length]))
        heard = bytearray(rest[length:])
    return found


def ask(server: Server, raw: bytes) -> list[tuple[int, bytes]]:
    with connect(server) as wire:
        try:
            wire.sendall(raw)
            wire.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # refused before all of it was sent
        return answers(wire)


FRAMINGS = {
    "a length and chunks": POST
    + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    + GET,
    "chunks and a length": POST
    + b"Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    + GET,
    "two lengths": POST + b"Content-Length: 5\r\nContent-Length: 0\r\n\r\nhello" + GET,
    "one length twice": POST + b"Content-Length: 5, 5\r\n\r\nhello",
    "a length with a sign": POST + b"Content-Length: +5\r\n\r\nhello",
    "a negative length": POST + b"Content-Length: -1\r\n\r\n",
    "a length of thousands of digits": POST + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
    "a length in other digits": POST + "Content-Length: \u0665\r\n\r\n".encode() + b"hello",
    "chunks in HTTP/1.0": b"POST /hooks/shop HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    + GET,
    "an encoding that nobody has": POST + b"Transfer-Encoding: xchunked\r\n\r\n",
    "an encoding twice": POST
    + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "an encoding before another": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "an encoding behind a tab": POST + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    "an encoding with a space in its name": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "an encoding in a folded line": POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "a chunk without a size": POST + b"Transfer-Encoding: chunked\r\n\r\n\r\n\r\n",
    "a chunk of a negative size": POST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
    "a chunk of no number": POST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n",
    "a chunk of an endless size": POST
    + b"Transfer-Encoding: chunked\r\n\r\n"
    + b"f" * 9000
    + b"\r\n\r\n",
    "a chunk with 0x": POST + b"Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
    "a chunk that is longer than it says": POST
    + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n",
    "a chunk with an endless extension": POST
    + b"Transfer-Encoding: chunked\r\n\r\n5;"
    + b"x" * 300_000
    + b"\r\nhello",
    "endless trailers": POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: y\r\n" * 60_000,
    "lines that end in LF": b"POST /hooks/shop HTTP/1.1\nHost: x\nContent-Length: 0\n\n",
    "a bare CR": b"POST /hooks/shop HTTP/1.1\r\nHost: x\rContent-Length: 0\r\n\r\n",
    "NUL in a header": POST + b"X-\x00: y\r\n\r\n",
    "no name": POST + b": y\r\n\r\n",
    "a header without a colon": POST + b"whatever\r\n\r\n",
    "a broken host in the URL": b"GET http://[::1 HTTP/1.1\r\n\r\n",
    "a strange host in the URL": b"GET http://\xe2\x84\x80/ HTTP/1.1\r\n\r\n",
    "a lower-case method": b"post /hooks/shop HTTP/1.1\r\n\r\n",
    "no path": b"GET  HTTP/1.1\r\n\r\n",
    "a version that nobody has": b"GET / HTTP/9.9\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 300,
    "headers without an end": POST + b"X: " + b"y" * 40_000,
    "many headers": POST + b"".join(b"X-%d: y\r\n" % number for number in range(5000)) + b"\r\n",
    "half a request": POST + b"Content-Length: 500\r\n\r\n{",
    "half a line": b"POST /hoo",
    "nothing": b"",
    "only empty lines": b"\r\n" * 5000,
    "more than one may send ahead": GET * 900,
}


@pytest.mark.parametrize("name", FRAMINGS)
def test_framing_that_could_be_read_in_two_ways_is_refused_and_tells_nothing(
    stage: tuple[Stand, Server], name: str
) -> None:
    bridge, server = stage
    before = bridge.rows()
    for status, body in ask(server, FRAMINGS[name]):
        assert status < 500, body
        assert json.loads(body)
        assert b"xchunked" not in body and b"post" not in body
    assert bridge.faults.seen == []
    assert bridge.rows() == before
    assert ask(server, GET)[0][0] == 200


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stand, Server]]:
    with serving(tmp_path_factory.mktemp("served")) as both:
        yield both


@pytest.mark.parametrize(
    "name",
    [
        "a length and chunks",
        "chunks and a length",
        "two lengths",
        "a chunk that is longer than it says",
    ],
)
def test_nothing_is_smuggled_behind_a_request(stage: tuple[Stand, Server], name: str) -> None:
    """What follows in the same bytes is never answered as a request of its own."""
    assert 200 not in [status for status, _ in ask(stage[1], FRAMINGS[name])]


def raw(made: Request) -> bytes:
    """A request as bytes, as it is: no header is corrected."""
    lines = [f"{made.method} {made.path}{'?' + made.query if made.query else ''} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in [("connection", "close"), *made.headers]]
    if made.method == "POST":
        lines.append(f"content-length: {len(made.body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + made.body


def test_hostile_requests_over_sockets(
    stage: tuple[Stand, Server], request: pytest.FixtureRequest
) -> None:
    bridge, server = stage
    before = bridge.rows()
    made, chance = Hostile(11, KEY, NOW), random.Random(11)
    for _ in range(20_000 if request.config.getoption("--long") else 250):
        whole = raw(made.strangers())
        if chance.random() < 0.3:
            cut = chance.randrange(len(whole))
            whole = whole[:cut] + chance.choice(
                [b"", b"\x00", b"\r\n\r\n", b"\xff", whole[cut + 1 :]]
            )
        for status, body in ask(server, whole):
            assert status < 500 or b'"ready"' in body, (whole[:600], status, body)
            page = b"/admin" in whole and body.startswith(b"<!doctype html>")
            assert page or body == b"" or json.loads(body), (whole[:600], status, body)
    assert bridge.faults.seen == []
    assert bridge.rows() == before


def test_slow_connections_use_up_neither_the_places_nor_the_memory(
    served: tuple[Stand, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    bridge, server = served
    monkeypatch.setattr(connection, "MOST_OPEN", 40)
    before = resident()
    slow = [connect(server) for _ in range(120)]
    try:
        for number, wire in enumerate(slow):
            try:
                wire.sendall(
                    POST + b"Content-Length: 200000\r\n\r\n" + b"x" * 100_000
                    if number % 2
                    else POST[:20]
                )
            except ConnectionError:
                pass  # it had to make room already
        assert ask(server, GET)[0][0] == 200
        assert resident() - before < 32 << 20
        open_now = sum(
            isinstance(item, connection.Connection) for item in server._channels.values()
        )
        assert open_now <= 42
    finally:
        for wire in slow:
            wire.close()
    assert bridge.faults.seen == []


def test_a_stop_closes_what_has_arrived_of_half_a_request(tmp_path: Path) -> None:
    with serving(tmp_path) as (_, server), connect(server) as wire:
        wire.sendall(POST + b"Content-Length: 200000\r\n\r\n" + b"x" * 100_000)
        deadline = time.monotonic() + 20
        while (
            not (half := [each for each in channels(server) if each.request is not None])
            and time.monotonic() < deadline
        ):
            time.sleep(0.01)
        server.stop()
        assert [each.request for each in half] == [None]
        server.stop = lambda: None  # type: ignore[method-assign]


def channels(server: Server) -> list[connection.Connection]:
    return [
        item for item in list(server._channels.values()) if isinstance(item, connection.Connection)
    ]


def test_a_request_that_drips_is_cut_off_in_the_end(
    served: tuple[Stand, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "LONGEST", 0.3)
    with connect(served[1]) as wire:
        wire.sendall(POST)
        with pytest.raises(ConnectionError):
            for _ in range(200):
                wire.sendall(b"X: y\r\n")
                time.sleep(0.05)


def test_who_does_not_take_the_answers_gets_no_memory_for_them(
    served: tuple[Stand, Server],
) -> None:
    before = resident()
    greedy = [connect(served[1]) for _ in range(30)]
    try:
        for wire in greedy:
            wire.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 150)
        assert ask(served[1], GET)[0][0] == 200
        assert resident() - before < 32 << 20
    finally:
        for wire in greedy:
            wire.close()


@pytest.mark.parametrize(("trusted", "status"), [([], 401), (["127.0.0.1/32"], 202)])
def test_behind_a_proxy_the_clients_address_counts_only_where_the_proxy_is_trusted(
    tmp_path: Path, trusted: list[str], status: int
) -> None:
    """Over a socket, because the server must not take the header away."""
    changes = {"bridge__trusted_proxies": trusted, "source__allow_from": ["198.51.100.7/32"]}
    with serving(tmp_path, **changes) as (_, server):
        body = BODY
        signed = Hostile(1, KEY, NOW).sign(
            Request(headers=[("content-type", "application/json")], body=body)
        )
        headers = [*signed.headers, ("x-forwarded-for", "203.0.113.9, 198.51.100.7")]
        assert ask(server, raw(Request("POST", "/hooks/shop", headers, body)))[0][0] == status


def test_several_headers_of_a_proxy_are_one_chain(tmp_path: Path) -> None:
    changes = {
        "bridge__trusted_proxies": ["127.0.0.1", "198.51.100.0/24"],
        "source__allow_from": ["203.0.113.9"],
    }
    with serving(tmp_path, **changes) as (_, server):
        for chain, status in (
            (("203.0.113.9:51234", "198.51.100.7"), 202),
            (("203.0.113.9", "203.0.113.10"), 401),
        ):
            body = BODY
            signed = Hostile(1, KEY, NOW).sign(
                Request(headers=[("content-type", "application/json")], body=body)
            )
            headers = [
                *signed.headers,
                *(("x-forwarded-for", hop) for hop in chain),
                ("x_forwarded_for", "203.0.113.9"),
            ]
            assert ask(server, raw(Request("POST", "/hooks/shop", headers, body)))[0][0] == status


def test_without_a_descriptor_it_pauses_instead_of_trying_in_every_round(
    served: tuple[Stand, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, server = served
    monkeypatch.setattr(listener, "PAUSE", 0.2)
    accept, tries, until = listener.LimitedListener.accept, [], time.monotonic() + 1

    def scarce(self: listener.LimitedListener) -> Any:
        tries.append(time.monotonic())
        if tries[-1] < until:
            raise OSError(errno.EMFILE, "Too many open files")
        return accept(self)

    monkeypatch.setattr(listener.LimitedListener, "accept", scarce)
    assert ask(server, GET)[0][0] == 200
    assert len([each for each in tries if each < until]) <= 6


def test_the_files_of_the_machine_are_not_served(stage: tuple[Stand, Server]) -> None:
    for path in (
        b"/../bridge.toml",
        b"/..%2fbridge.toml",
        b"//etc/passwd",
        b"/static/%2e%2e/bridge.toml",
        b"/%00",
        b"/metrics",
    ):
        assert ask(stage[1], b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n")[0][0] == 404
    for path in (
        b"/admin/static/../session.py",
        b"/admin/static/%2e%2e/session.py",
        b"/admin/static/",
    ):
        assert ask(stage[1], b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n")[0][0] in (303, 404)
