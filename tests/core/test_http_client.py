"""Outgoing against real sockets: an answer that never ends would hang the test, so the time
limit of pytest is the proof."""

import gc
import gzip
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
import requests
import responses

from bridge.infra.http_client import HttpClient, Lost, NotSent
from tests.support.billing import until
from tests.support.tls import self_signed

Script = Callable[[socket.socket], None]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SHORT = 0.3


class Remote:
    """Runs one script for each connection, after the request has been read, and keeps what was
    sent."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.scripts: list[Script] = []
        self.greeting: Script = lambda connection: None
        self.tls: ssl.SSLContext | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/path"

    @property
    def serving(self) -> list[threading.Thread]:
        """One for each connection, until that is closed."""
        return self._threads[1:]

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
            self._threads[-1].start()

    def _serve(self, raw: socket.socket) -> None:
        with raw, suppress(OSError):
            raw.settimeout(20)
            self.greeting(raw)
            connection = self.tls.wrap_socket(raw, server_side=True) if self.tls else raw
            with connection:
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        with suppress(OSError):
            while request := self._read(connection):
                self.requests.append(request)
                script = self.scripts.pop(0)
                script(connection)
                if script is not answer_ok:
                    return

    def _read(self, connection: socket.socket) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data or (b"POST" in data and not data.endswith(b"}")):
            more = connection.recv(4096)
            if not more:
                return b""
            data += more
        return data


def answer_ok(connection: socket.socket) -> None:
    connection.sendall(OK)


def send(*parts: bytes) -> Script:
    return lambda connection: [connection.sendall(part) for part in parts] and None


def drip(head: bytes, byte: bytes) -> Script:
    """Sends `byte` again and again until the other side is gone."""

    def script(connection: socket.socket) -> None:
        connection.sendall(head)
        pause = threading.Event()
        while True:
            connection.sendall(byte)
            pause.wait(0.02)

    return script


def silence(connection: socket.socket) -> None:
    while connection.recv(100):
        pass


@pytest.fixture
def remote() -> Iterator[Remote]:
    remote = Remote()
    yield remote
    remote.stop()


@pytest.fixture
def outgoing() -> Iterator[HttpClient]:
    outgoing = HttpClient()
    yield outgoing
    outgoing.close()


@pytest.fixture
def post(remote: Remote, outgoing: HttpClient) -> Iterator[Callable[..., object]]:
    def call(script: Script, timeout: float = 20.0, limit: int = 1000) -> object:
        remote.scripts.append(script)
        return outgoing.post(remote.url, b"{}", {"X-Note": "1"}, timeout=timeout, limit=limit)

    yield call
    outgoing.close()


def test_a_reply_has_status_headers_and_body(post, remote):
    reply = post(send(b"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\nno"))
    assert (reply.status, reply.headers["retry-after"], reply.body) == (503, "7", b"no")
    assert b"X-Note: 1" in remote.requests[0]
    assert b"Accept-Encoding: identity" in remote.requests[0]


def test_a_connection_is_kept(post, remote):
    assert post(answer_ok).body == post(answer_ok).body == b"ok"
    assert (remote.connections, len(remote.requests)) == (1, 2)


def test_get_sends_no_body(remote, outgoing):
    remote.scripts.append(answer_ok)
    assert outgoing.get(remote.url, timeout=20).body == b"ok"
    assert remote.requests[0].startswith(b"GET /path ")


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(silence, id="no answer"),
        pytest.param(drip(b"HTTP/1.1 200 OK\r\n", b"X"), id="dripping headers"),
        pytest.param(drip(b"HTTP/1.1 200 OK\r\n", b"X: 1\r\n"), id="headers without end"),
        pytest.param(
            drip(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
            id="interim answers without end",
        ),
        pytest.param(
            drip(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", b"x"), id="dripping body"
        ),
        pytest.param(drip(b"HTTP/1.1 200 OK\r\n\r\n", b"x"), id="dripping body without length"),
        pytest.param(
            drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
            id="dripping chunk size",
        ),
        pytest.param(
            drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: 1\r\n"),
            id="trailers without end",
        ),
    ],
)
def test_nothing_outlives_the_deadline(post, script):
    with pytest.raises(Lost, match=r"127\.0\.0\.1"):
        post(script, timeout=SHORT)


def test_each_call_has_a_deadline_of_its_own(remote, outgoing):
    asked, reported = threading.Event(), threading.Event()

    def in_the_end(connection):
        asked.set()
        reported.wait(20)
        answer_ok(connection)

    remote.scripts += [
        in_the_end,
        drip(b"HTTP/1.1 200 OK\r\n", b"X"),
    ]  # which no time-out of a socket ends
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(outgoing.post, remote.url, b"{}", {}, timeout=60)
        assert asked.wait(60)
        with pytest.raises(Lost):
            outgoing.post(remote.url, b"{}", {}, timeout=SHORT)
        reported.set()
        assert late.result(60).body == b"ok"


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(lambda connection: None, id="dropped"),
        pytest.param(send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"), id="cut short"),
        pytest.param(send(b"HTTP/1.1 200 OK\r\n"), id="cut after its first line"),
        pytest.param(send(b"HTTP/1.1 204 No Content\r\nServer: a"), id="cut within a header"),
        pytest.param(send(b"HTTP/1.1 200 OK\r\nServer: a\r\n"), id="cut before the empty line"),
        pytest.param(
            send(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nServer: a\r\n"),
            id="cut after an interim answer",
        ),
        pytest.param(
            send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12"),
            id="cut in a chunk",
        ),
        pytest.param(
            send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n12"), id="bad chunk"
        ),
        pytest.param(
            send(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", b"x" * 5000), id="too large"
        ),
        pytest.param(send(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 5000), id="too large without length"),
        pytest.param(send(b"\x00\x01\x02\r\n\r\n"), id="not HTTP"),
        pytest.param(
            send(
                b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 29\r\n\r\n",
                gzip.compress(b"x" * 5000)[:29],
            ),
            id="packed",
        ),
    ],
)
def test_an_unusable_answer_is_lost(post, script):
    with pytest.raises(Lost):
        post(script)


def test_a_complete_answer_of_the_largest_size_is_taken(post):
    assert (
        len(post(send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"x" * 1000)).body)
        == 1000
    )


def test_a_lost_request_is_sent_once(post, remote):
    with pytest.raises(Lost):
        post(lambda connection: None)
    assert len(remote.requests) == 1


def test_a_redirect_is_not_followed(post, remote):
    reply = post(
        send(f"HTTP/1.1 307 Go\r\nLocation: {remote.url}\r\nContent-Length: 0\r\n\r\n".encode())
    )
    assert (reply.status, len(remote.requests)) == (307, 1)


def test_the_environment_sets_no_proxy_and_no_credentials(post, remote, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login someone password something\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert post(answer_ok).status == 200
    assert b"authorization" not in remote.requests[0].lower()


def test_it_says_who_asks_and_no_more(post, remote):
    post(answer_ok)
    sent = {
        line.split(b":")[0].lower()
        for line in remote.requests[0].split(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    }
    assert b"user-agent: enom-bridge\r\n" in remote.requests[0].lower()
    assert sent == {
        b"host",
        b"user-agent",
        b"accept",
        b"accept-encoding",
        b"content-length",
        b"x-note",
    }  # the last is given


def test_cookies_are_not_kept(post, remote):
    post(
        send(
            b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        )
    )
    post(answer_ok)
    assert b"cookie" not in remote.requests[1].lower()


def test_a_closed_port_means_not_sent(outgoing):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NotSent, match=r"^it refuses connections \(127\.0\.0\.1\)$"):
        outgoing.post(f"http://127.0.0.1:{port}/", b"{}", {}, timeout=5)


def test_a_handshake_without_end_means_not_sent(remote, outgoing):
    remote.greeting = drip(b"\x16\x03\x03\x40\x00", b"\x02")
    with pytest.raises(NotSent):
        outgoing.post(remote.url.replace("http:", "https:"), b"{}", {}, timeout=SHORT)
    assert remote.requests == []


@pytest.fixture
def certificate(remote, tmp_path):
    """Makes the remote speak TLS; gives the path of its certificate."""
    remote.tls, chain = self_signed(tmp_path)
    return str(chain)


def test_an_unknown_certificate_means_not_sent(remote, outgoing, certificate):
    with pytest.raises(NotSent) as caught:
        outgoing.post(remote.url.replace("http:", "https:"), b"{}", {}, timeout=20)
    assert str(caught.value) == "its certificate is not valid: self-signed certificate (127.0.0.1)"
    assert remote.requests == []


def test_the_deadline_holds_inside_tls(remote, outgoing, certificate):
    outgoing.verify = certificate
    remote.scripts = [answer_ok, drip(b"HTTP/1.1 200 OK\r\n", b"X")]
    url = remote.url.replace("http:", "https:")
    assert outgoing.post(url, b"{}", {}, timeout=20).body == b"ok"
    with pytest.raises(Lost):
        outgoing.post(url, b"{}", {}, timeout=SHORT)
    assert (remote.connections, len(remote.requests)) == (1, 2)


def test_an_unknown_name_means_not_sent(outgoing, monkeypatch):
    def fails(*args, **kwargs):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fails)
    with pytest.raises(NotSent, match=r"its name has no address \(nowhere\.example\.test\)"):
        outgoing.post("http://nowhere.example.test/", b"{}", {}, timeout=5)


def test_a_look_up_that_takes_too_long_sends_nothing(remote, outgoing, monkeypatch):
    real, slow = socket.getaddrinfo, threading.Event()

    def late(*args, **kwargs):
        slow.wait(SHORT)
        return real(*args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", late)
    with pytest.raises(NotSent):
        outgoing.post(remote.url, b"{}", {}, timeout=SHORT / 3)
    assert remote.requests == []


@pytest.mark.parametrize(
    "url",
    ["", "nonsense", "ftp://example.test/", "http://", "http://[::1", "http://exa mple.test/"],
)
def test_a_bad_url_means_not_sent(outgoing, url):
    with pytest.raises(NotSent):
        outgoing.post(url, b"{}", {}, timeout=1)


def test_a_bad_header_means_not_sent(outgoing, remote):
    with pytest.raises(NotSent):
        outgoing.post(remote.url, b"{}", {"X-Note": "a\r\nX-Other: b"}, timeout=1)


def test_a_fault_tells_nothing_of_the_request(post):
    with pytest.raises(Lost) as caught:
        post(lambda connection: None)
    assert "path" not in str(caught.value)
    assert caught.value.__context__ is None


def test_no_thread_is_left(post):
    post(
        answer_ok
    )  # the watchdog is there from the first call on, and the remote's own thread for the kept connection
    before = set(threading.enumerate())
    for _ in range(3):
        post(answer_ok)
    assert set(threading.enumerate()) <= before


def test_the_connections_of_a_thread_end_with_it(post, remote):
    """A comparison of a night starts threads anew: what they left would add up until no file can
    be opened any more."""
    for _ in range(10):
        thread = threading.Thread(target=post, args=(answer_ok,))
        thread.start()
        thread.join()
    assert remote.connections == 10
    gc.collect()
    until(lambda: not any(each.is_alive() for each in remote.serving), 10)


def test_the_edge_can_be_mocked(outgoing):
    with responses.RequestsMock() as mocked:
        mocked.post("https://example.test/x", body=b"yes", status=202, headers={"Retry-After": "3"})
        reply = outgoing.post("https://example.test/x", b"{}", {}, timeout=5)
        assert (reply.status, reply.body, reply.headers["retry-after"]) == (202, b"yes", "3")
        mocked.post("https://example.test/y", body=requests.ReadTimeout())
        with pytest.raises(Lost):
            outgoing.post("https://example.test/y", b"{}", {}, timeout=5)
        mocked.post("https://example.test/z", body=requests.ConnectTimeout())
        with pytest.raises(NotSent):
            outgoing.post("https://example.test/z", b"{}", {}, timeout=5)


@pytest.mark.parametrize("interim", [b"102 Processing", b"103 Early Hints"])
def test_an_interim_answer_is_not_the_answer(post, remote, interim):
    """Else the next call on this connection would read the answer of this one as its own."""
    before = b"HTTP/1.1 " + interim + b"\r\nLink: </a>\r\n\r\n"
    assert post(send(before, OK)).body == b"ok"


def test_no_call_gets_the_answer_of_the_one_before(remote, outgoing):
    def answers_late(connection):
        connection.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        threading.Event().wait(SHORT)
        head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\n"
        connection.sendall(head + b"first")

    remote.scripts += [answers_late, answer_ok]
    bodies = [outgoing.post(remote.url, b"{}", {}, timeout=20).body for _ in range(2)]
    assert bodies == [b"first", b"ok"]


def test_a_connection_that_changes_its_protocol_is_not_kept(post, remote):
    switching = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"
    assert post(send(switching)).status == 101
    assert post(answer_ok).body == b"ok"
    assert remote.connections == 2
