"""A stand-in for the billing side: signs hooks, receives callbacks on a real socket and verifies
them independently."""

import json
import socket
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests
from standardwebhooks import Webhook

SECRET = "whsec_" + "c2FtcGxlLXNlY3JldC1vZi10aGUtdGVzdHMtMzItYnl0ZXM="


class Billing:
    """Callbacks as they came, in order: `received`. `answers` are HTTP statuses to give before
    200 is given."""

    def __init__(self, secret: str = SECRET) -> None:
        self.webhook = Webhook(secret)
        self.received: list[dict[str, Any]] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.always: int | None = None
        self.refused = 0
        self._changed = threading.Condition()
        billing = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                status, headers = billing.take(dict(self.headers), body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}
        )
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/callback"

    def take(self, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str]]:
        with self._changed:
            if self.always is not None:
                self.refused += 1
                return self.always, {}
            if self.answers:
                self.refused += 1
                return self.answers.pop(0)
            message = self.webhook.verify(
                body, {name.lower(): value for name, value in headers.items()}
            )
            self.received.append({"id": headers.get("webhook-id"), **message})
            self._changed.notify_all()
        return 200, {}

    def wait_for(self, count: int, seconds: float = 60.0) -> list[dict[str, Any]]:
        with self._changed:
            arrived = self._changed.wait_for(lambda: len(self.received) >= count, seconds)
        assert arrived, f"{len(self.received)} of {count} callbacks came"
        return self.received

    def hook(
        self, type: str, *, id: str | None = None, at: datetime | None = None, **data: Any
    ) -> tuple[bytes, dict[str, str]]:
        """Body and headers, signed by the published package."""
        now = datetime.now(UTC)
        body = json.dumps(
            {"type": type, "timestamp": (at or now).isoformat(), "data": data}
        ).encode()
        id = id or f"msg_{uuid.uuid4().hex}"
        headers = {
            "webhook-id": id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self.webhook.sign(id, now, body.decode()),
            "content-type": "application/json",
        }
        return body, headers

    def send(
        self, url: str, type: str, *, wait: float | None = None, **more: Any
    ) -> requests.Response:
        body, headers = self.hook(type, **more)
        if wait is not None:
            headers["prefer"] = f"wait={wait}"
        with requests.Session() as session:
            session.trust_env = False
            return session.post(url, data=body, headers=headers, timeout=60)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def until_free(port: int) -> None:
    """Waits until nothing listens there: the workers of a server that was killed hold its port until
    the kernel has ended them."""

    def refuses() -> bool:
        with socket.socket() as tried:
            return tried.connect_ex(("127.0.0.1", port)) != 0

    until(refuses)


def until(
    what: Any, seconds: float = 60.0, pause: float = 0.02, why: Callable[[], str] = str
) -> Any:
    """Polls `what` until it is true and returns it; a failing wait is a failing test, and tells
    `why`."""
    end = time.monotonic() + seconds
    while not (value := what()):
        assert time.monotonic() < end, f"nothing after {seconds} s: {what} {why()}"
        time.sleep(pause)
    return value
