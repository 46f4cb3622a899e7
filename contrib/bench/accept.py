"""Hooks accepted per second: durable (SQLite, synchronous FULL) beside the same app that stores nothing, by turns.

The load comes from a process of its own with 16 connections; every body is signed beforehand and used once.
"""

import argparse
import http.client
import multiprocessing
import statistics
import tempfile
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path

from bridge.config import Address
from bridge.ports import Receipt
from bridge.web import create_app
from bridge.web.server import Server
from contrib.bench.setting import build, head, hook

NOTHING = Receipt("job_none", "msg", "mailbox.suspend", "a@example.com", "1", 1, "queued", None, "unknown", False, {}, "", None)


def serve(stores: bool, pipe: Connection) -> None:
    """One bridge without workers; `stores` False: the inbox is replaced by one that forgets."""
    with tempfile.TemporaryDirectory() as folder:
        service = build(Path(folder), "http://127.0.0.1:9/interface.asp", "http://127.0.0.1:9/api")
        if not stores:
            service.intake.inbox.accept = lambda *_: NOTHING  # type: ignore[method-assign]
        server = Server(create_app(service), Address("127.0.0.1", 0), None)
        server.start()
        pipe.send(server.port)
        pipe.recv()
        server.stop()
        service.close()


def load(port: int, count: int, connections: int, pipe: Connection, first: int = 0) -> None:
    numbers = range(first, first + count)
    bodies = [hook("mailbox.suspend", service_id=str(n), address=f"user{n}@example{n % 97}.com") for n in numbers]
    taken, lock, times = iter(bodies), threading.Lock(), []

    def client() -> None:
        line = http.client.HTTPConnection("127.0.0.1", port)
        while True:
            with lock:
                body, headers = next(taken, (None, {}))
            if body is None:
                line.close()
                return
            begun = time.perf_counter()
            line.request("POST", "/hooks/shop", body, headers)
            response = line.getresponse()
            response.read()
            times.append(time.perf_counter() - begun)
            if response.status != 202:
                raise SystemExit(f"HTTP {response.status}")

    threads = [threading.Thread(target=client) for _ in range(connections)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pipe.send((len(times) / (time.perf_counter() - begun), sorted(times)))


def measure(stores: bool, count: int, connections: int) -> tuple[float, float, float]:
    """Rate per second, p50 and p99 in milliseconds."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=serve, args=(stores, theirs))
    server.start()
    port = ours.recv()
    mine, yours = context.Pipe()
    client = context.Process(target=load, args=(port, count, connections, yours))
    client.start()
    rate, times = mine.recv()
    client.join()
    ours.send("stop")
    server.join()
    return rate, 1000 * times[len(times) // 2], 1000 * times[int(len(times) * 0.99)]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--hooks", type=int, default=3000)
    options.add_argument("--connections", type=int, default=16)
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    rounds = [[measure(stores, chosen.hooks, chosen.connections) for stores in (True, False)] for _ in range(chosen.rounds)]
    print(head(f"Hooks accepted, {chosen.connections} connections, {chosen.hooks} hooks a round, {chosen.rounds} rounds"))
    print("\n| | hooks/s | p50 ms | p99 ms |\n| --- | --- | --- | --- |")
    middle = []
    for index, name in enumerate(("durable (SQLite, synchronous FULL)", "verified and validated, not stored")):
        rate, p50, p99 = (statistics.median(turn[index][column] for turn in rounds) for column in range(3))
        middle.append(rate)
        print(f"| {name} | {rate:.0f} | {p50:.1f} | {p99:.1f} |")
    print(f"| ratio | {middle[0] / middle[1]:.2f} | | |")


if __name__ == "__main__":
    main()
