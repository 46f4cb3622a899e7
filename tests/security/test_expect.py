"""`Expect: 100-continue`: who is told to go on still has something to send, and nobody waits for
nothing."""

import socket
import struct
import threading
from pathlib import Path

import pytest
from flask import Response

from bridge.web.connection import Connection
from bridge.web.server import Server
from tests.security.stand import Stand
from tests.security.test_sockets import GET, POST, answers, connect, serving, stage

__all__ = ["stage"]
EXPECT = b"Expect: 100-continue\r\n"
HEAD = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
LAST = b"GET /nothing HTTP/1.1\r\nConnection: close\r\n\r\n"


def statuses(server: Server, sent: bytes) -> list[int]:
    """Of a sender that keeps its own side open, so that only an answer ends its wait."""
    with connect(server) as wire:
        wire.sendall(sent)
        return [status for status, _ in answers(wire)]


CASES = {
    "without a body": (HEAD + EXPECT + b"\r\n" + LAST, [200, 404]),
    "with a length of 0": (POST + EXPECT + b"Content-Length: 0\r\n\r\n" + LAST, [401, 404]),
    "with a length that is none": (POST + EXPECT + b"Content-Length: abc\r\n\r\n", [400]),
    "with more than may come": (POST + EXPECT + b"Content-Length: 500000\r\n\r\n", [413]),
    "with a length and chunks": (
        POST + EXPECT + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        [400],
    ),
    "with its body at once": (
        POST + EXPECT + b"Content-Length: 5\r\n\r\nhello" + LAST,
        [100, 401, 404],
    ),
    "behind another": (GET + HEAD + EXPECT + b"\r\n" + LAST, [200, 200, 404]),
}


@pytest.mark.parametrize(("sent", "expected"), CASES.values(), ids=CASES)
def test_each_request_gets_its_own_answer_whatever_it_expects(
    stage: tuple[Stand, Server], sent: bytes, expected: list[int]
) -> None:
    assert statuses(stage[1], sent) == expected
    assert stage[0].faults.seen == []


def test_who_waits_to_be_told_is_told(stage: tuple[Stand, Server]) -> None:
    with connect(stage[1]) as wire:
        wire.sendall(POST + EXPECT + b"Connection: close\r\nContent-Length: 5\r\n\r\n")
        assert wire.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        wire.sendall(b"hello")
        assert [status for status, _ in answers(wire)] == [401]


def test_only_the_loop_closes_a_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here the sender leaves while a thread is about to tell it to go on: a loop from which one
    is taken dies of it."""
    closed_by: list[str] = []
    gone, begun, let_go = threading.Event(), threading.Event(), threading.Event()
    inherited = Connection.handle_close

    def handle_close(self: Connection) -> None:
        closed_by.append(threading.current_thread().name)
        inherited(self)
        gone.set()

    def slow() -> Response:
        begun.set()
        let_go.wait(20)
        return Response("{}")

    monkeypatch.setattr(Connection, "handle_close", handle_close)
    with serving(tmp_path) as (bridge, server):
        bridge.app.view_functions["health.healthz"] = slow
        monkeypatch.setattr(
            server._server, "pull_trigger", lambda: None
        )  # else the loop mostly comes first
        wire = connect(server)
        wire.sendall(GET + POST + EXPECT + b"Content-Length: 5\r\n\r\n")
        assert begun.wait(20)
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        wire.close()  # with a reset
        let_go.set()
        assert gone.wait(20)
        assert set(closed_by) == {"web"}
        assert bridge.faults.seen == []
