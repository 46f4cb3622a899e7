"""Every HTTP call that leaves the bridge. A call ends by its deadline, and says whether the other
side may have got it.

Nothing is followed, repeated, unpacked or taken from the environment. Only the look-up of a name
cannot be cut short; a call whose look-up took too long sends nothing.
"""

import socket
import ssl
import threading
import weakref
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache
from http.client import HTTPException, HTTPResponse
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH, check_header_validity
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, NewConnectionError, ProtocolError
from urllib3.util.ssl_ import create_urllib3_context

from bridge.infra.call_deadline import Call, calls

MEBIBYTE = 1 << 20
CHUNK = 1 << 16
SWITCHING = 101  # the one final status below 200: what follows is another protocol
MOST_HOSTS = 10  # that one thread keeps a connection to
HEADERS = {"User-Agent": "enom-bridge", "Accept": "*/*", "Accept-Encoding": "identity"}
LONGEST_WAIT = 86400.0  # seconds; most that a Retry-After can ask for


@dataclass(frozen=True)
class Reply:
    """What came back: header names lower-cased, `body` complete."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class NotSent(Exception):
    """Nothing of the request reached the other side."""


class Lost(Exception):
    """The request may have been received; its answer cannot be used."""


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that Retry-After asks for, at most a day; `now` in epoch seconds. None: it is
    missing, or not understood.

    A whole number, or an HTTP date in any of its three forms (RFC 9110, 5.6.7 and 10.2.3); a date that has passed is 0.
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_WAIT) if len(text) < 10 else None
    if not text[:3].isalpha():  # the parser would find a date in less than one
        return None
    try:
        date = parsedate_to_datetime(text)
        seconds = date.replace(tzinfo=date.tzinfo or UTC).timestamp() - now
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return max(0.0, min(seconds, LONGEST_WAIT))


class HttpClient:
    """Sends requests, with connections of its own for each thread. TLS certificates are verified.

    Through the adapter of requests alone: a session around it only adds what we do not want, such as redirects, cookies,
    netrc and proxies. Below it one connection for each host instead of urllib3's pools, which took most of a call's time.
    """

    def __init__(self) -> None:
        self._local = threading.local()
        self._lock = threading.Lock()
        # Weakly: with its thread an adapter goes, and closes what it kept.
        self._adapters: weakref.WeakSet[_Adapter] = weakref.WeakSet()
        self.verify: bool | str = True

    def post(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        timeout: float,
        limit: int = MEBIBYTE,
    ) -> Reply:
        """Posts `body`. `timeout` bounds the whole call in seconds, `limit` the answer's body in
        bytes.

        Raises NotSent or Lost; their texts name the fault and the host, nothing else of the request.
        """
        return self._call("POST", url, body, headers, timeout, limit)

    def get(self, url: str, *, timeout: float, limit: int = MEBIBYTE) -> Reply:
        """Sends a GET, with the same promises as `post`."""
        return self._call("GET", url, None, {}, timeout, limit)

    def close(self) -> None:
        """Closes every kept connection; later calls open new ones."""
        with self._lock:
            adapters, self._adapters = list(self._adapters), weakref.WeakSet()
            self._local = threading.local()
        for adapter in adapters:
            adapter.close()

    def _call(
        self,
        method: str,
        url: str,
        body: bytes | None,
        headers: Mapping[str, str],
        timeout: float,
        limit: int,
    ) -> Reply:
        call = Call(timeout)
        fault = ""
        try:
            calls.current = call
            with call:
                request = _Request(_target(method, url), body, headers)
                answer: Any = self._adapter().send(request, timeout=timeout, verify=self.verify)
                with getattr(answer, "raw", answer) as answer:  # a stand-in gives a whole response
                    return _read(answer, call, limit)
        except Lost as error:
            fault = str(error)
        except (requests.RequestException, HTTPError, HTTPException, OSError, ValueError) as error:
            fault = "no complete answer in time" if call.over else _fault(error)
            # A stand-in adapter opens no connection, so only the kind of error can tell.
            call.sent = call.sent or isinstance(error, requests.ReadTimeout)
        finally:
            calls.current = None
        # Outside the handler, so that no foreign exception with a request in it hangs on to ours.
        raise (Lost if call.sent else NotSent)(f"{fault} ({_host(url)})")

    def _adapter(self) -> "_Adapter":
        adapter: _Adapter | None = getattr(self._local, "adapter", None)
        if adapter is None:
            adapter = self._local.adapter = _Adapter()
            with self._lock:
                self._adapters.add(adapter)
        return adapter


class _Target(NamedTuple):
    """What requests makes of a URL."""

    method: str
    url: str
    path: str
    host: tuple[str, str, int | None]
    """Scheme, name or address, port."""
    headers: Mapping[str, str]


@lru_cache(100)
def _target(method: str, url: str) -> _Target:
    """Raises a ValueError for a URL that cannot be asked."""
    prepared = requests.Request(method, url, headers=HEADERS).prepare()
    prepared.headers.pop("Content-Length", None)  # of no body
    parts = urlsplit(str(prepared.url))
    name = parts.netloc.rpartition("@")[2]
    if parts.port == {"http": 80, "https": 443}.get(parts.scheme):
        name = name.rpartition(":")[0] or name
    host = parts.scheme, parts.hostname or "", parts.port
    headers = {"Host": name, **prepared.headers}
    return _Target(method, str(prepared.url), prepared.path_url, host, headers)


class _Request(requests.PreparedRequest):
    """One request to a target. Raises a ValueError for a header that holds more than one line."""

    def __init__(self, target: _Target, body: bytes | None, headers: Mapping[str, str]) -> None:
        super().__init__()
        for header in headers.items():
            check_header_validity(header)
        length = {} if body is None else {"Content-Length": str(len(body))}
        self.target = target
        self.method, self.url, self.body = target.method, target.url, body
        # A dict of its own kind would lower each name several times.
        self.headers: Any = {**target.headers, **headers, **length}


def _read(answer: Any, call: Call, limit: int) -> Reply:
    headers: dict[str, str] = {}
    for name, value in answer.headers.items():
        known = headers.get(name := name.lower())
        headers[name] = value if known is None else f"{known}, {value}"
    # Its headers are here, so it has got the request, whatever becomes of the body.
    call.sent = True
    if headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise Lost("the answer is compressed, which was not requested")
    body = bytearray()
    # read1, which gives what is there: read() would wait for a whole chunk of a sender that drips.
    while chunk := answer.read1(min(CHUNK, limit + 1)):
        body += chunk
        if len(body) > limit:
            raise Lost(f"the answer is larger than {limit} bytes")
        if call.over:
            raise Lost("no complete answer in time")
    # After the watchdog's cut a connection looks as if the other side had ended the body.
    if call.over:
        raise Lost("no complete answer in time")
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length) != len(body) and "transfer-encoding" not in headers:
        raise Lost("the answer was cut short")
    return Reply(answer.status, headers, bytes(body))


def _fault(error: Exception) -> str:
    """What went wrong, for whoever has to mend it.

    The libraries wrap the cause; its own words name no request.
    """
    found: list[BaseException] = [error]
    for each in found:
        inner = (*each.args, getattr(each, "reason", None), each.__cause__, each.__context__)
        found += [
            one
            for one in inner
            if isinstance(one, BaseException) and not any(one is known for known in found)
        ]
    for each in found:
        if isinstance(each, ssl.SSLCertVerificationError):
            return f"its certificate is not valid: {each.verify_message.rstrip('.')}"
        if isinstance(each, socket.gaierror):
            return "its name has no address"
        if isinstance(each, ConnectionRefusedError):
            return "it refuses connections"
        if isinstance(each, TimeoutError):
            return "it does not answer in time"
    return type(error).__name__


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or "no host"
    except ValueError:
        return "no host"


def _open(connection: HTTPConnection) -> socket.socket:
    call = calls.current or Call(30.0)
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
            call.watch(opened)
            opened.settimeout(max(call.left, 0.001))
        except OSError as error:
            opened.close()
            fault = error
        else:
            return opened
    raise NewConnectionError(connection, type(fault).__name__) from fault


class _Plain(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _open(self)


class _Tls(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _open(self)


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
        """Raises Lost where it ends without an empty line, which http.client takes for the end of
        the headers: what was cut there would be an answer with this status and nothing to say."""
        lines = _Lines(self.fp)
        self.fp: Any = lines
        super().begin()
        if self.fp is lines:
            self.fp = lines.stream
        if lines.last not in (b"\r\n", b"\n"):
            raise Lost("the answer was cut short")

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
        self.connection: HTTPConnection = (
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
        call = calls.current or Call(30.0)
        # What can be read before anything was asked is the other side's end of it.
        if not self.connection.is_connected:
            self.connection.close()
            self.connection.connect()
        opened = self.connection.sock
        opened.settimeout(max(call.left, 0.001))
        # The last moment at which a call that came too late sends nothing.
        call.watch(opened)
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


class _Adapter(HTTPAdapter):
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
