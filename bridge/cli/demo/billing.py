"""A stand-in for the billing side's receiver: takes callbacks on a real socket and checks each
signature."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from importlib.metadata import version
from typing import Any

from hooks import signing
from hooks.types import Delivery

Verify = Callable[[bytes, Mapping[str, str]], Any]
"""Body and headers (lower-cased); raises when the signature is not right."""
Check = Callable[[str], Verify]
"""Makes one from a secret."""

PATIENCE = 20.0  # seconds that a callback may take
MOST = 1 << 20


def published_check() -> tuple[Check, str] | None:
    """The published Standard Webhooks package, which shares no line with the signer; None if it
    is not installed."""
    try:
        webhook = import_module("standardwebhooks").Webhook
    except ImportError:
        return None
    return (
        lambda secret: webhook(secret).verify,
        f"the published package standardwebhooks {version('standardwebhooks')}",
    )


def own_check() -> tuple[Check, str]:
    return own_verifier, "this bridge's own verifier only"


def own_verifier(secret: str) -> Verify:
    key = signing.decode_secret(secret)
    return lambda body, headers: signing.verify(
        Delivery("", headers, body, time.time()), [key], "standard", time.time()
    )


class Server(ThreadingHTTPServer):
    take: Callable[[Mapping[str, str], bytes], int]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(min(int(self.headers["content-length"]), MOST))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.send_response(self.server.take(headers, body))
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing: what came is shown with its scene."""


class Billing:
    """Keeps what came in `received` (callbacks whose signature was right) and `refused` (why the
    others were not)."""

    def __init__(self, verify: Verify) -> None:
        self.received: list[dict[str, Any]] = []
        self.refused: list[str] = []
        self._verify = verify
        self._changed = threading.Condition()
        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.take = self.take
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="billing"
        )

    def __enter__(self) -> "Billing":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/callback"

    def about(self, job: str) -> dict[str, Any] | None:
        """The callback of this job, as soon as it is here; None when it does not come."""
        with self._changed:
            self._changed.wait_for(lambda: self.refused or self._find(job), PATIENCE)
            return self._find(job)

    def _find(self, job: str) -> dict[str, Any] | None:
        return next(
            (callback for callback in self.received if callback["data"]["job"] == job), None
        )

    def take(self, headers: Mapping[str, str], body: bytes) -> int:
        """Checks and keeps one callback; header names lower-cased. Gives the HTTP status."""
        try:
            self._verify(body, headers)
        except Exception as error:  # a foreign package's, of any kind
            refusal = f"a callback was refused: {type(error).__name__}: {error}"
        else:
            refusal = ""
        with self._changed:
            if refusal:
                self.refused.append(refusal)
            else:
                self.received.append({"id": headers["webhook-id"], **json.loads(body)})
            self._changed.notify_all()
        return 401 if refusal else 200
