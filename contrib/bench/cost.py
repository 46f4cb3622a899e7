"""What one hook costs on an idle bridge: from sending it to its callback, one at a time, with a
remote that answers at once.

For each action: milliseconds in all, what of it were calls to the remote, what the bridge's process
computed, and how many calls were made. The remote and the billing side are processes of their own.
"""

import argparse
import http.client
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

from bridge.config import HostPort
from bridge.infra import garbage
from bridge.web import create_app
from bridge.web.server import Server
from contrib.bench.drain import Remote, furnish, simulator
from contrib.bench.setting import build, head, hook

BOXES = 5  # mailboxes in a domain
FIRST, SECOND = "Made-Up.12345", "Made-Up.67890"
ACTIONS: Mapping[str, Mapping[str, str]] = {
    "create": {"password": FIRST},
    "suspend": {},
    "unsuspend": {},
    "change_password": {"password": SECOND},
    "terminate": {},
}


class Calls:
    """Seconds that calls to the remote took."""

    seconds = 0.0

    def begin(self, kind: str, facts: Mapping[str, Any]) -> None:
        pass

    def end(self, begun: None, kind: str, facts: Mapping[str, Any], seconds: float) -> None:
        if kind == "call":
            self.seconds += seconds


def serve(endpoint: str, hosted: str, callback: str, pipe: Connection) -> None:
    """A bridge, as `enom-bridge serve` runs it.

    Asked for it, it tells the seconds of calls and of the processor so far.
    """
    with tempfile.TemporaryDirectory() as folder:
        service = build(Path(folder), endpoint, hosted, callback=callback)
        calls = Calls()
        service.events.add(calls)
        server, engine = (
            Server(create_app(service), HostPort("127.0.0.1", 0), None),
            service.new_engine(),
        )
        garbage.settle()  # as `enom-bridge serve` does
        engine.start()
        server.start()
        pipe.send(server.port)
        while pipe.recv():
            pipe.send((calls.seconds, time.process_time()))
        server.stop()
        engine.stop()
        service.close()


class Billing:
    """Takes callbacks, and keeps when each came."""

    def __init__(self) -> None:
        self.came: SimpleQueue[float] = SimpleQueue()
        billing = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                billing.came.put(time.perf_counter())
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/callback"
        Thread(target=self._server.serve_forever, daemon=True).start()


def measure(
    sim: Remote, billing: Billing, port: int, bridge: Connection, count: int
) -> Mapping[str, Mapping[str, Any]]:
    """By action: lists of the milliseconds in all, in calls and computed, one of each hook; and
    how many calls a hook took."""
    line, found = http.client.HTTPConnection("127.0.0.1", port), {}
    for action, data in ACTIONS.items():
        sim.control("/history", method="DELETE")
        totals, calling, computed = [], [], []
        for number in range(count):
            address = f"box{number}@example{number // BOXES}.com"
            body, headers = hook(
                f"mailbox.{action}", service_id=str(number), address=address, **data
            )
            before = asked(bridge)
            begun = time.perf_counter()
            line.request("POST", "/hooks/shop", body, headers)
            answer = line.getresponse()
            assert answer.status == 202, answer.read()
            answer.read()
            totals.append(1000 * (billing.came.get(timeout=60) - begun))
            time.sleep(0.02)  # until the answer to the callback is recorded
            after = asked(bridge)
            calling.append(1000 * (after[0] - before[0]))
            computed.append(1000 * (after[1] - before[1]))
        calls = len(sim.control("/history")["history"]) / count
        found[action] = {"all": totals, "calls": calling, "computed": computed, "count": calls}
    return found


def asked(bridge: Connection) -> tuple[float, float]:
    bridge.send("figures")
    figures: tuple[float, float] = bridge.recv()
    return figures


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--hooks", type=int, default=200, help="of each action")
    chosen = options.parse_args()
    billing, context = Billing(), multiprocessing.get_context("spawn")
    with simulator() as sim:
        furnish(sim, -(-chosen.hooks // BOXES), 0, BOXES)
        ours, theirs = context.Pipe()
        bridge = context.Process(
            target=serve, args=(sim.endpoint, sim.hosted_email, billing.url, theirs)
        )
        bridge.start()
        found = measure(sim, billing, ours.recv(), ours, chosen.hooks)
        ours.send(None)
        bridge.join()
    print(
        head(f"One hook at a time on an idle bridge, {chosen.hooks} of each action, milliseconds")
    )
    print(
        "\n| | p50 | p99 | of it in calls, p50 | without them, "
        "p50 | p99 | computed, p50 | p99 | calls |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for action, each in found.items():
        own = [total - calls for total, calls in zip(each["all"], each["calls"], strict=True)]
        computed = pair(each["computed"])
        print(
            f"| {action} | {pair(each['all'])} | {statistics.median(each['calls']):.1f} | "
            f"{pair(own)} | {computed} | "
            f"{each['count']:.2f} |"
        )


def pair(times: list[float]) -> str:
    return f"{statistics.median(times):.1f} | {sorted(times)[int(len(times) * 0.99)]:.1f}"


if __name__ == "__main__":
    main()
