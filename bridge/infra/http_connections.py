"""Connections to other hosts below the adapter of requests: one for each host and thread, kept while
it is read to its end.

Rule 1: nothing is sent twice, whatever becomes of a connection.
"""

import socket
import ssl
import weakref
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from http.client import HTTPException, HTTPResponse, IncompleteRead
from typing import Any

from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError, ProtocolError
from urllib3.util.ssl_ import create_urllib3_context

from bridge.infra.call_deadline import Handle, calls

SWITCHING = 101  # the one final status below 200: what follows is another protocol
MOST_HOSTS = 10  # that one thread keeps a connection to


def _open(connection: "_Plain | _Tls") -> socket.socket:
    call = calls.under_way()
    fault: OSError = OSError("the name has no address")
    for family, *_, address in socket.getaddrinfo(
        connection._dns_host, connection.port, type=socket.SOCK_STREAM
    ):
        opened = socket.socket(family, socket.SOCK_STREAM)
        try:
            # Half of what is left, so that an address that never answers leaves time for the next
            # one.
            opened.settimeout(max(call.left / 2, 0.001))
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            opened.connect(address)
            connection.handle = Handle(opened)
            call.watch(connection.handle)
            # From here on the watchdog ends what takes too long, byte by byte or not. With a
            # time-out of its own a socket asks the system twice for each read and write.
            opened.settimeout(None)
        except OSError as error:
            connection.let_go()
            opened.close()
            fault = error
        else:
            return opened
    raise NewConnectionError(connection, type(fault).__name__) from fault


class _Watched:
    """What a connection has beside it, so that the watchdog can cut it."""

    handle: Handle | None = None

    def let_go(self) -> None:
        if self.handle:
            self.handle.close()
        self.handle = None


class _Plain(_Watched, HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _open(self)

    def close(self) -> None:
        super().close()
        self.let_go()


class _Tls(_Watched, HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _open(self)

    def close(self) -> None:
        super().close()
        self.let_go()


@lru_cache(4)
def _context(verify: bool | str) -> ssl.SSLContext:
    """Trusts what `verify` names, or else whom requests trusts. To read them takes as long as a
    dozen calls, so it is not done for each connection."""
    context = create_urllib3_context()
    context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH if verify is True else str(verify))
    return context


class _Lines:
    """A stream that keeps the line which was read last."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.last = b""

    def readline(self, limit: int) -> bytes:
        self.last = self.stream.readline(limit)
        return self.last

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


class _Answer(HTTPResponse):
    """Keeps its connection for the next call once it was read to its end."""

    connection: HTTPConnection

    def begin(self) -> None:
        """Reads up to the body of the final answer: an interim one taken for it would leave that to
        the next call on this connection."""
        self._read_head()
        while 100 <= self.status < 200 and self.status != SWITCHING:
            self.headers: Any = None  # else it counts as begun
            self._read_head()
        self.will_close |= self.status == SWITCHING

    def _read_head(self) -> None:
        """Raises IncompleteRead where it ends without an empty line, which http.client takes for
        the end of the headers: an answer with this status and nothing to say."""
        lines = _Lines(self.fp)
        self.fp: Any = lines
        super().begin()
        if self.fp is lines:
            self.fp = lines.stream
        if lines.last not in (b"\r\n", b"\n"):
            raise IncompleteRead(lines.last)

    def close(self) -> None:
        unread = not self.isclosed() and self.length != 0
        super().close()
        if unread or self.will_close:
            self.connection.close()


class _HostConnection:
    """A connection to one host, in the place of a pool of urllib3. It does not repeat anything:
    whether a command may be sent again only the journal knows."""

    def __init__(self, host: tuple[str, str, int | None], verify: bool | str) -> None:
        scheme, name, port = host
        self.connection: _Plain | _Tls = (
            _Tls(name, port, ssl_context=_context(verify))
            if scheme == "https"
            else _Plain(name, port)
        )
        weakref.finalize(self, self.connection.close)  # when its thread has ended

    def urlopen(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], **_: Any
    ) -> _Answer:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        data = f"{method} {url} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + (body or b"")
        try:
            return self._ask(method, data)
        except BaseException as error:
            self.connection.close()
            if isinstance(error, HTTPException) and not isinstance(error, OSError):
                raise ProtocolError(error) from error
            raise

    def _ask(self, method: str, data: bytes) -> _Answer:
        call = calls.under_way()
        # What can be read before anything was asked is the other side's end of it.
        if not self.connection.is_connected:
            self.connection.close()
            self.connection.connect()
        opened = self.connection.sock
        # The last moment at which a call that came too late sends nothing.
        call.watch(self.connection.handle)
        call.sent = True
        with suppress(BrokenPipeError, ConnectionResetError):  # perhaps it answered before
            opened.sendall(data)
        answer = _Answer(opened, method=method)
        answer.connection = self.connection
        try:
            answer.begin()
        except BaseException:
            answer.close()
            raise
        return answer


class Adapter(HTTPAdapter):
    """The adapter of requests with `_HostConnection` for pools, and what came for a response."""

    def __init__(self) -> None:
        super().__init__(max_retries=0)
        self._connections: dict[object, _HostConnection] = {}

    def get_connection_with_tls_context(
        self, request: Any, verify: bool | str | None, proxies: Any = None, cert: Any = None
    ) -> Any:
        host = request.target.host
        found = self._connections.get((host, verify))
        if found is None:
            if len(self._connections) >= MOST_HOSTS:
                self._connections.pop(next(iter(self._connections))).connection.close()
            found = self._connections[host, verify] = _HostConnection(host, verify or True)
        return found

    def cert_verify(self, conn: object, url: object, verify: object, cert: object) -> None:
        """Nothing more: `_HostConnection` was made with what it trusts."""

    def request_url(self, request: Any, proxies: object) -> str:
        path: str = request.target.path
        return path

    def build_response(self, req: Any, resp: Any) -> Any:
        return resp if isinstance(resp, _Answer) else super().build_response(req, resp)

    def close(self) -> None:
        for each in self._connections.values():
            each.connection.close()
        super().close()
