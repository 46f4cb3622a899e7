"""The hooks, whoever sends them, whoever hears of them, and the process that is between."""

import hashlib
import hmac
import http.client
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from contrib.bench.peers.counts import Hook
from contrib.bench.peers.kinds import ACCOUNT, Peer
from contrib.bench.program import free_port
from contrib.bench.setting import SECRET
from hooks import signing
from hooks.types import Delivery

KEY = signing.decode_secret(SECRET)
AGAIN = 0.2  # seconds until a sender repeats what was not answered 2xx


def signed(hook: Hook) -> tuple[bytes, dict[str, str]]:
    """Body and headers: Standard Webhooks, and what adnanh/webhook can check, which is the body
    alone."""
    now = datetime.now(UTC)
    data = {
        "service_id": hook.address,
        "address": hook.address,
        "password": hook.password,
        "bundle": hook.bundle,
    }
    body = json.dumps({"type": hook.type, "timestamp": now.isoformat(), "data": data}).encode()
    alone = {
        "x-body-signature": f"sha256={hmac.digest(KEY, body, hashlib.sha256).hex()}",
        "content-type": "application/json",
    }
    return body, signing.sign(hook.id, int(now.timestamp()), body, KEY) | alone


class Senders:
    """Send each mailbox's hooks one after the other, several mailboxes at a time, each until it
    is answered 2xx."""

    def __init__(self, port: int, mailboxes: Sequence[Sequence[Hook]], connections: int) -> None:
        self.accepted: dict[str, float] = {}
        self._port, self._left, self._lock = port, iter(mailboxes), threading.Lock()
        self._threads = [
            threading.Thread(target=self._send_all, daemon=True) for _ in range(connections)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def busy(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    def _send_all(self) -> None:
        line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        while mailbox := self._next():
            for hook in mailbox:
                while not self._send(line, hook):
                    line.close()
                    time.sleep(AGAIN)
                self.accepted[hook.id] = time.monotonic()
        line.close()

    def _next(self) -> Sequence[Hook]:
        with self._lock:
            return next(self._left, ())

    def _send(self, line: http.client.HTTPConnection, hook: Hook) -> bool:
        body, headers = signed(hook)
        try:
            line.request("POST", "/hooks/shop", body, headers)
            answer = line.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            return False
        return 200 <= answer.status < 300


class Receiver:
    """Hears the callbacks and checks their signatures."""

    def __init__(self) -> None:
        self.result: dict[str, str] = {}
        self.at: dict[str, float] = {}
        self.quiet_since = time.monotonic()
        receiver = self

        class Callback(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                signing.verify(
                    Delivery("shop", headers, body, time.time()), [KEY], "standard", time.time()
                )
                report = json.loads(body)
                receiver.hear(report["data"]["hook"], report["type"])
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 512

            def handle_error(self, request: object, client_address: object) -> None:
                """A peer was killed in the middle of a callback."""

        self._server = Server(("127.0.0.1", 0), Callback)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/callback"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def hear(self, hook: str, type: str) -> None:
        self.quiet_since = time.monotonic()
        self.result[hook] = type
        self.at.setdefault(hook, self.quiet_since)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Running:
    """A peer in a session of its own, that is killed as a whole, as systemd does with a service
    whose main process dies."""

    def __init__(self, peer: Peer, folder: Path, enom: str, callback: str) -> None:
        self._peer, self._folder, self.port, self.peak = peer, folder, free_port(), 0
        key = KEY.decode("ascii")
        self._environment = ACCOUNT | {
            "ENOM": enom,
            "CALLBACK": callback,
            "KEY": key,
            "PORT": str(self.port),
        }
        self._over = threading.Event()
        self.start()
        self._watch = threading.Thread(target=self._measure, daemon=True)
        self._watch.start()

    def start(self) -> None:
        command = self._peer.command(self._folder, self._environment)
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self._folder,
                env=os.environ | self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        end = time.monotonic() + 60
        while not self._answers():
            if time.monotonic() > end or self._process.poll() is not None:
                raise SystemExit(
                    f"{self._peer.name} did not "
                    f"start:\n{(self._folder / 'log').read_text()[-2000:]}"
                )
            time.sleep(0.05)

    def kill(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        self._over.set()
        self._watch.join()
        self.kill()

    def _answers(self) -> bool:
        """To an unsigned hook: anything but "not found", which Node-RED says until its flow is
        there."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            line.request("POST", "/hooks/shop", b"{}", {"content-type": "application/json"})
            return line.getresponse().status != 404
        except (OSError, http.client.HTTPException):
            return False
        finally:
            line.close()

    def _measure(self) -> None:
        while not self._over.wait(0.2):
            self.peak = max(self.peak, resident(self._process.pid))


def resident(session: int) -> int:
    """Bytes in memory of all processes of a session; what several of them share is counted once."""
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if os.getsid(int(folder.name)) == session:
                rows = dict(
                    line.split(":", 1)
                    for line in (folder / "smaps_rollup").read_text().splitlines()[1:]
                )
                total += int(rows["Pss"].split()[0]) * 1024
        except (OSError, KeyError):
            continue  # it has ended
    return total
