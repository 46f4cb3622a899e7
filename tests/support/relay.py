"""Stands between the bridge and WHMCS, and treats callbacks as networks do: loses, doubles,
delays and reorders them."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature", "content-type")
Delivery = tuple[str, dict[str, str], bytes]


class Relay:
    """`mode`: "pass", "lose" (says 200, forwards nothing), "refuse" (503), "twice", or "keep"
    until `release`."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.mode = "pass"
        self.kept: list[Delivery] = []
        self.statuses: list[int] = []
        relay = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name: self.headers[name] for name in HEADERS}
                self.send_response(relay.take((self.path, headers, body)))
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

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/{path}"

    def take(self, delivery: Delivery) -> int:
        if self.mode == "lose":
            return 200
        if self.mode == "refuse":
            return 503
        if self.mode == "keep":
            self.kept.append(delivery)
            return 200
        status = self.forward(delivery)
        return self.forward(delivery) if self.mode == "twice" else status

    def forward(self, delivery: Delivery) -> int:
        path, headers, body = delivery
        with requests.Session() as web:
            web.trust_env = False
            status = web.post(
                self.target + path, data=body, headers=headers, timeout=60
            ).status_code
        self.statuses.append(status)
        return status

    def release(self) -> list[int]:
        """Forwards what was kept, the newest first; what WHMCS answered to each."""
        kept, self.kept = self.kept[::-1], []
        return [self.forward(delivery) for delivery in kept]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
