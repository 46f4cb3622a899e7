"""Sockets and threads: one HTTP/1.1 connection per thread, answers written byte by byte where a
fault wants it."""

import ipaddress
import socket
import socketserver
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any

from .exchange import Answer

MOST_BODY = 1 << 20
HUGE = 64 << 20
CHUNK = b" " * (1 << 16)


@dataclass(frozen=True)
class Incoming:
    method: str
    path: str
    query: str
    content_type: str
    body: bytes
    client: str


Respond = Callable[[Incoming], Answer]


class Server(socketserver.TCPServer):
    """Serves in daemon threads until stopped; then no thread and no socket of it is left."""

    allow_reuse_address = True
    request_queue_size = 256

    def __init__(self, host: str, port: int, respond: Respond, stopped: threading.Event) -> None:
        if not _loopback(host):
            raise ValueError(
                f"host: {host!r} is not a loopback address, and the simulator shows passwords; "
                "use 127.0.0.1"
            )
        self.respond, self.stopped = respond, stopped
        self._open: dict[threading.Thread, socket.socket] = {}
        self._guard = threading.Lock()
        self._acceptor = threading.Thread(
            target=self.serve_forever, args=(0.01,), name="sim-accept", daemon=True
        )
        super().__init__((host, port), Connection)

    @property
    def url(self) -> str:
        return f"http://{self.server_address[0]!s}:{self.server_address[1]}"

    @property
    def alive(self) -> bool:
        return self._acceptor.is_alive()

    def start(self) -> None:
        self._acceptor.start()

    def stop(self) -> None:
        if self._acceptor.is_alive():
            self.shutdown()
            self._acceptor.join()
        self.server_close()
        with self._guard:
            left = dict(self._open)
        for connection in left.values():
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # the client was quicker
        for thread in left:
            thread.join()

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = threading.Thread(
            target=self._serve, args=(request, client_address), name="sim-serve", daemon=True
        )
        with self._guard:
            self._open[thread] = request
        thread.start()

    def _serve(self, request: Any, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        except OSError:
            pass  # the client hung up, as clients with a time-out do
        finally:
            with self._guard:
                del self._open[threading.current_thread()]
            self.shutdown_request(request)


class Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > MOST_BODY:
            self.close_connection = True
            self._write(Answer(413, "text/plain", b"body too large"))
            return
        path, _, query = self.path.partition("?")
        content_type = self.headers.get("Content-Type", "")
        body = self.rfile.read(int(length))
        self._write(
            self.server.respond(
                Incoming(self.command, path, query, content_type, body, self.client_address[0])
            )
        )

    do_POST = do_GET
    do_DELETE = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: requests are in the history."""

    def _write(self, answer: Answer) -> None:
        if answer.wire == "drop":
            self.close_connection = True
            return
        head = self._head(answer)
        if answer.wire == "drip_headers":
            self._drip(head, answer.delay)
            self.wfile.write(answer.body)
        elif answer.wire == "drip":
            self.wfile.write(head)
            self._drip(answer.body, answer.delay)
        elif answer.wire == "cut":
            self.wfile.write(head + answer.body[: len(answer.body) // 2])
            self.close_connection = True
        elif answer.wire == "huge":
            self.wfile.write(head + answer.body)
            self._pad(HUGE - len(answer.body))
        else:
            self.wfile.write(head + answer.body)

    def _head(self, answer: Answer) -> bytes:
        length = HUGE if answer.wire == "huge" else len(answer.body)
        lines = [
            f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}",
            "Server: Microsoft-IIS/10.0",
        ]
        lines += [f"Content-Type: {answer.content_type}", f"Content-Length: {length}"]
        lines += [f"{name}: {value}" for name, value in answer.headers]
        if self.close_connection:
            lines.append("Connection: close")
        return "\r\n".join([*lines, "", ""]).encode("ascii")

    def _drip(self, data: bytes, delay: float) -> None:
        for byte in data:
            self.wfile.write(bytes((byte,)))
            if self.server.stopped.wait(delay):
                return

    def _pad(self, left: int) -> None:
        """White space, which both XML and JSON allow after the end: only a size limit saves the
        reader."""
        while left > 0 and not self.server.stopped.is_set():
            left -= self.wfile.write(CHUNK[:left])


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.IPv4Address(host).is_loopback
    except ValueError:
        return False
