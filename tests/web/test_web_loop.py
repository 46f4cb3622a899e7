"""The web loop asks a connection what it waits for when something happened with it, and all of
them now and then."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from bridge.web import loop
from bridge.web.loop import Loop

PATIENCE = 60


class Channel:
    """As much of a channel of waitress as the loop uses. `asked` counts how often it was asked."""

    accepting = False

    def __init__(
        self, channels: dict[int, Any], pair: tuple[socket.socket, socket.socket] | None = None
    ) -> None:
        self.near, self.far = pair or socket.socketpair()
        self.channels = channels
        self.asked = 0
        self.reads, self.writes = True, False
        self.heard: list[bytes] = []
        self.wrote, self.closed = threading.Event(), threading.Event()
        channels[self.near.fileno()] = self

    def readable(self) -> bool:
        self.asked += 1
        return self.reads

    def writable(self) -> bool:
        return self.writes

    def handle_read_event(self) -> None:
        self.heard.append(self.near.recv(100))
        self.near.send(b"!")

    def handle_write_event(self) -> None:
        self.writes = False
        self.wrote.set()

    def handle_expt_event(self) -> None:
        raise AssertionError

    def handle_close(self) -> None:
        if self.channels.pop(self.near.fileno(), None) is not None:
            self.near.close()
            self.far.close()
            self.closed.set()

    handle_error = handle_close

    def says(self, text: bytes) -> bytes:
        """What is answered."""
        self.far.settimeout(PATIENCE)
        self.far.send(text)
        return self.far.recv(100)


@contextmanager
def running(channels: dict[int, Any]) -> Iterator[Loop]:
    made = Loop(channels)
    thread = threading.Thread(target=made.run)
    thread.start()
    try:
        yield made
    finally:
        for channel in list(channels.values()):
            channel.far.shutdown(socket.SHUT_RDWR)
            channel.reads = channel.writes = True
            channel.handle_read_event = channel.handle_close
            made.changed(channel.near.fileno())
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_a_connection_with_which_nothing_happens_is_not_asked_in_every_round(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loop, "ALL", 2.0)
    channels: dict[int, Any] = {}
    quiet, busy = Channel(channels), Channel(channels)
    with running(channels):
        for _ in range(200):
            assert busy.says(b"?") == b"!"
        assert len(busy.heard) == 200
        assert quiet.asked < 100 < busy.asked


def test_an_urgent_byte_that_nobody_reads_keeps_the_loop_no_busier() -> None:
    channels: dict[int, Any] = {}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        far = socket.create_connection(listener.getsockname(), PATIENCE)
        near, _ = listener.accept()
    urgent, busy = Channel(channels, (near, far)), Channel(channels)
    met: list[bool] = []
    urgent.handle_expt_event = lambda: met.append(True)  # type: ignore[method-assign]
    far.send(b"!", socket.MSG_OOB)
    with running(channels):
        for _ in range(200):
            assert busy.says(b"?") == b"!"
        assert len(met) == 0


def test_a_connection_is_asked_at_once_when_another_thread_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loop, "ALL", PATIENCE)
    channels: dict[int, Any] = {}
    answered, waker = Channel(channels), Channel(channels)
    with running(channels) as made:
        assert waker.says(b"?") == b"!"
        answered.writes = True
        made.changed(answered.near.fileno())
        waker.says(b"wake up")
        assert answered.wrote.wait(PATIENCE)


def test_what_nobody_said_is_found_when_all_are_asked() -> None:
    channels: dict[int, Any] = {}
    one = Channel(channels)
    with running(channels):
        one.writes = True
        assert one.wrote.wait(PATIENCE)


def test_a_descriptor_that_is_used_again_is_watched_for_its_new_connection() -> None:
    channels: dict[int, Any] = {}
    keeps, old = Channel(channels), Channel(channels)
    with running(channels):
        old.handle_read_event = old.handle_close  # type: ignore[method-assign]  # it has gone
        old.far.send(b"bye")
        assert old.closed.wait(PATIENCE)
        new = Channel(channels)
        assert (new.says(b"?"), keeps.says(b"?")) == (b"!", b"!")
