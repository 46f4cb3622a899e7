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
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache
from http.client import HTTPException, IncompleteRead
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests
from requests.utils import check_header_validity
from urllib3.exceptions import HTTPError

from bridge.infra.call_deadline import Call, calls
from bridge.infra.http_connections import Adapter

MEBIBYTE = 1 << 20
CHUNK = 1 << 16
HEADERS = {"User-Agent": "enom-bridge", "Accept": "*/*", "Accept-Encoding": "identity"}
NO_HEADERS: Mapping[str, str] = MappingProxyType({})
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
        self._adapters: weakref.WeakSet[Adapter] = weakref.WeakSet()
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

    def get(
        self,
        url: str,
        *,
        timeout: float,
        limit: int = MEBIBYTE,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> Reply:
        """Sends a GET, with the same promises as `post`."""
        return self._call("GET", url, None, headers, timeout, limit)

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

    def _adapter(self) -> "Adapter":
        adapter: Adapter | None = getattr(self._local, "adapter", None)
        if adapter is None:
            adapter = self._local.adapter = Adapter()
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
        if isinstance(each, IncompleteRead):
            return "the answer was cut short"
    return type(error).__name__


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or "no host"
    except ValueError:
        return "no host"
