"""Every HTTP call that leaves the bridge. A call ends by its deadline, and says whether the other
side may have got it.

Nothing is followed, repeated, unpacked or taken from the environment. Only the look-up of a name
cannot be cut short; a call whose look-up took too long sends nothing.
"""

import socket
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from heapq import heappop, heappush
from http.client import HTTPException
from itertools import count
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakSet

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, NewConnectionError

MEBIBYTE = 1 << 20
CHUNK = 1 << 16
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

    Through the adapter alone: a session around it only adds what we do not want, such as redirects, cookies, netrc and proxies.
    """

    def __init__(self) -> None:
        self._local = threading.local()
        self._lock = threading.Lock()
        # Weakly: with its thread an adapter goes, and closes what it kept.
        self._adapters: WeakSet[_Adapter] = WeakSet()
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
            adapters, self._adapters = list(self._adapters), WeakSet()
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
        call = _Call(timeout)
        fault = ""
        try:
            _calls.current = call
            with call:
                headers = {
                    "User-Agent": "enom-bridge",
                    "Accept": "*/*",
                    **headers,
                    "Accept-Encoding": "identity",
                }
                request = requests.Request(method, url, data=body, headers=headers).prepare()
                with self._adapter().send(
                    request, stream=True, timeout=timeout, verify=self.verify
                ) as answer:
                    return _read(answer, call, limit)
        except Lost as error:
            fault = str(error)
        except (requests.RequestException, HTTPError, HTTPException, OSError, ValueError) as error:
            fault = "no complete answer in time" if call.over else _fault(error)
            # A stand-in adapter opens no connection, so only the kind of error can tell.
            call.sent = call.sent or isinstance(error, requests.ReadTimeout)
        finally:
            _calls.current = None
        # Outside the handler, so that no foreign exception with a request in it hangs on to ours.
        raise (Lost if call.sent else NotSent)(f"{fault} ({_host(url)})")

    def _adapter(self) -> "_Adapter":
        adapter: _Adapter | None = getattr(self._local, "adapter", None)
        if adapter is None:
            # No repeats below us: whether a command may be sent again only the journal knows.
            adapter = self._local.adapter = _Adapter(max_retries=0)
            with self._lock:
                self._adapters.add(adapter)
        return adapter


def _read(answer: requests.Response, call: "_Call", limit: int) -> Reply:
    headers = {name.lower(): value for name, value in answer.headers.items()}
    # Its headers are here, so it has got the request, whatever becomes of the body.
    call.sent = True
    if headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise Lost("the answer is compressed, which was not requested")
    body = bytearray()
    # read1, which gives what is there: read() would wait for a whole chunk of a sender that drips.
    while chunk := answer.raw.read1(min(CHUNK, limit + 1), decode_content=False):
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
    return Reply(answer.status_code, headers, bytes(body))


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


class _Call:
    """One call: its deadline, whether a byte was sent, and the connection that is cut at the
    deadline."""

    def __init__(self, timeout: float) -> None:
        self.sent = False
        self.deadline = time.monotonic() + timeout
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def __enter__(self) -> "_Call":
        _watchdog.watch(self)
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            if self._socket:
                self._socket.close()
            self._socket = None

    @property
    def left(self) -> float:
        return self.deadline - time.monotonic()

    @property
    def over(self) -> bool:
        return self.left <= 0

    def watch(self, connection: socket.socket) -> None:
        """A second handle on the connection, because TLS and urllib3 pass the first one on and
        close it early."""
        if self.over:
            raise TimeoutError("the deadline has passed")
        with self._lock:
            if self._socket:
                self._socket.close()
            self._socket = socket.fromfd(connection.fileno(), connection.family, connection.type)

    def cut(self) -> None:
        with self._lock, suppress(OSError):
            if self._socket:
                self._socket.shutdown(socket.SHUT_RDWR)


class _Watchdog:
    """Cuts every call that is still under way at its deadline.

    One thread for all: one for each took a tenth of a job.
    """

    def __init__(self) -> None:
        self._calls: list[
            tuple[float, int, _Call]
        ] = []  # a heap; the number keeps two of one moment apart
        self._numbers = count()
        self._earlier = threading.Condition()
        self._thread: threading.Thread | None = None

    def watch(self, call: _Call) -> None:
        with self._earlier:
            heappush(self._calls, (call.deadline, next(self._numbers), call))
            if (
                self._thread is None or not self._thread.is_alive()
            ):  # not in a process that was forked
                self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)
                self._thread.start()
            elif self._calls[0][2] is call:
                self._earlier.notify()

    def _run(self) -> None:
        while True:
            with self._earlier:
                left = self._calls[0][2].left if self._calls else None
                if left is None or left > 0:
                    self._earlier.wait(left)
                    continue
                call = heappop(self._calls)[2]
            call.cut()  # one that has ended has no connection any more


_watchdog = _Watchdog()


class _Calls(threading.local):
    current: _Call | None = None


_calls = _Calls()  # how a connection, which urllib3 makes, finds the call that it serves


def _open(connection: HTTPConnection) -> socket.socket:
    call = _calls.current or _Call(30.0)
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


def _before_sending(connection: HTTPConnection) -> None:
    """Called before each write: the last moment at which a call that came too late sends
    nothing."""
    if connection.sock is None:
        connection.connect()
    if call := _calls.current:
        if not call.sent:
            call.watch(connection.sock)
        call.sent = True


class _Plain(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _open(self)

    def send(self, data: Any) -> None:
        _before_sending(self)
        super().send(data)


class _Tls(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _open(self)

    def send(self, data: Any) -> None:
        _before_sending(self)
        super().send(data)


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _Tls


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}
