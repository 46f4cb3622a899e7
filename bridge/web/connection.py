"""One connection of a stranger: what it may cost, whose it is, how it hears that it is not HTTP.

waitress reads in one loop for all, so whatever is raised while it reads is met here.
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.task import ErrorTask, WSGITask
from waitress.utilities import BadRequest

from bridge.infra import clients
from bridge.web.problems import described

LONGEST = 30.0  # seconds that one request may take to arrive whole, however steadily it drips
# Connections, each with two temporary files at worst; one more, and the slowest is closed.
MOST_OPEN = 300
TITLES = {413: "Too large", 431: "Headers too large"}
DETAILS = {413: "The body is larger than 64 KiB.", 431: "The headers are larger than 32 KiB."}


class Parser(HTTPRequestParser):
    """What cannot be read is the sender's fault, also where waitress itself does not expect it.

    `prepared`: the environment of the request, where it was received with others. Not the
    connection's: the next request may come while the thread of this one is not yet done.
    """

    prepared: Any = None

    def received(self, data: bytes) -> int:
        try:
            consumed = int(super().received(data))
        except ValueError:
            # A length of thousands of digits, a host that is not closed with a bracket.
            self.error = BadRequest("")
            self.completed = True
            consumed = len(data)
        # waitress would tell the sender of a whole or a refused one to go on, and take what follows
        # for a part of it.
        self.expect_continue = self.expect_continue and not self.completed
        return consumed

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        # A proxy in front may have believed the length (RFC 9112, 6.3), or an encoding that
        # HTTP/1.0 does not have.
        if "TRANSFER_ENCODING" in self.headers or (
            self.chunked and "CONTENT_LENGTH" in self.headers
        ):
            raise ParsingError("")


def problem(status: int, title: str, detail: str) -> bytes:
    return json.dumps(described(status, title, detail)).encode()


class Refusal(ErrorTask):
    """What waitress refuses is answered like every problem, and repeats nothing of the request."""

    def execute(self) -> None:
        request: Any = self.request  # its types are not those of the published stubs
        code = request.error.code
        # Its 501, for an unknown encoding, is no fault of ours.
        status = code if code in TITLES or code == 500 else 400
        title = TITLES.get(status, "Internal error" if status == 500 else "Not HTTP")
        detail = DETAILS.get(status, "The request cannot be read as HTTP.")
        body = problem(status, title, detail)
        self.status = f"{status} {title}"
        headers: Any = self.response_headers
        headers.append(("Content-Type", "application/problem+json"))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class Answer(WSGITask):
    """Head and body of an answer in one piece, where waitress sends them one after the other."""

    def get_environment(self) -> Any:
        request: Any = self.request
        return request.prepared or super().get_environment()

    def write(self, data: bytes) -> None:
        whole = self.complete and data and self.has_body and self.content_length == len(data)
        if self.wrote_header or not whole:
            super().write(data)
            return
        head: Any = self.build_response_header()
        self.wrote_header = True
        self.content_bytes_written = len(data)
        self.channel.write_soon(head + data)


served = threading.local()
"""`channel`: the connection that this thread answers; `quiet`: it answers others before the loop is
woken."""


class Connection(HTTPChannel):
    """A connection that makes room for others: strangers cannot use them up by sending slowly, or
    by not reading.

    Only one request of it is looked at: what came behind it is not even read before that one is
    answered.
    """

    parser_class = Parser
    task_class = Answer
    error_task_class = Refusal
    server: Any  # these two are not whole in the published stubs
    requests: Any

    def __init__(self, server: Any, wire: Any, address: Any, *given: Any, **more: Any) -> None:
        self.wire, self.descriptor = wire, int(wire.fileno())
        self.waiting_since = time.monotonic()
        self.loop = threading.get_ident()
        self.behind = b""  # at most what was received at once
        self.client = self.peer = peer_of(address)
        super().__init__(server, wire, address, *given, **more)
        self._make_room()

    def environment(self) -> Any:
        """Of its request, which `service` answers with it afterwards."""
        request = self.requests[0]
        request.prepared = self.task_class(self, request).get_environment()
        return request.prepared

    def service(self) -> None:
        served.channel = self
        try:
            super().service()
        finally:
            served.channel = None

    def received(self, data: bytes) -> bool:
        """As waitress does it, but for one request, not for all that have come."""
        if self.request is None:
            self.waiting_since = time.monotonic()
        lock: Any = self.requests_lock  # type: ignore[attr-defined]  # not in the published stubs
        with lock:
            if self.will_close or self.close_when_flushed:
                return False
            self.behind += data
            while self.behind and not self.requests:
                self._read_on()
        return True

    def _read_on(self) -> None:
        request: Any = self.request or self.parser_class(self.adj)
        self.request = request
        self.behind = self.behind[request.received(self.behind) :]
        if request.expect_continue and request.headers_finished and not self.sent_continue:
            self.send_continue()
        if request.completed:
            self.request, self.sent_continue = None, False
            if not request.empty:
                self.client = self.server.client_of(self, request)
                self.requests.append(request)
                self.server.add_task(self)

    def read_at_once(self) -> None:
        """What was sent before the connection was accepted need not wait for the loop's next
        round."""
        try:
            data = self.wire.recv(self.adj.recv_bytes)
        except BlockingIOError:
            return  # nothing yet
        except OSError:
            data = b""
        if data:
            self._look_at(data)
        else:
            self.will_close = True  # the loop closes it

    def _look_at(self, data: bytes) -> None:
        """`received`, where the loop itself, or its listener, would end with what is raised."""
        try:
            self.received(data)
        except Exception:  # of any kind: a stranger chooses the bytes
            self.logger.exception("What was received could not be read")
            self.will_close = True

    def readable(self) -> bool:
        """Asked in each round of the loop of waitress; so a sender whose request takes longer than
        LONGEST seconds to arrive is ended here."""
        if (
            self.request is not None
            and not self.requests
            and time.monotonic() - self.waiting_since > LONGEST
        ):
            self.will_close = True
        ready = bool(super().readable())
        if ready and self.behind:
            self._look_at(b"")
            ready = bool(super().readable())
        return ready

    def end(self) -> None:
        """Lets the loop close it, in its next round."""
        self.will_close = True
        self.server.loop.changed(self.descriptor)

    def _flush_some(self, do_close: bool = True) -> bool:
        """Only the loop closes a connection: it would die of one that a thread takes away."""
        inherited: Any = super()  # this method is not in the published stubs
        return bool(inherited._flush_some(do_close and threading.get_ident() == self.loop))

    def handle_close(self) -> None:
        super().handle_close()
        if self.request is not None:
            self.request.close()  # what has arrived of it may lie in a temporary file
            self.request = None

    def _make_room(self) -> None:
        channels: Any = self.server.active_channels
        others = [one for one in channels.values() if not one.will_close]
        if len(others) > MOST_OPEN:
            give_way(one for one in others if one is not self)


def give_way(channels: Iterable[Connection]) -> bool:
    """Closes the slowest connection, of the address that has the most. False: all wait for us.

    What waits for us is left alone; it is answered within a moment.
    """
    slow = [one for one in channels if not one.requests and not one.behind]
    if slow:
        held = Counter(one.peer for one in slow)
        min(slow, key=lambda one: (-held[one.peer], one.waiting_since)).end()
    return bool(slow)


def peer_of(address: Any) -> str:
    return clients.counted_as(clients.read(str(address[0])))
