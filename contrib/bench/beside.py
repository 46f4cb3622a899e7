"""Accepting while 16 jobs are in flight and a reconciliation runs, beside the same bridge with
nothing to do, by turns.

The account is paused on the idle one. On the busy one the hooks that come are the jobs that it
works at.
"""

import argparse
import multiprocessing
import statistics
import tempfile
import threading
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import sqlalchemy as sa

from bridge import wiring
from bridge.config import HostPort
from bridge.domain.model import Address as Mailbox
from bridge.reconcile.reconcile import DOMAINS as READING
from bridge.store.base.tables import jobs
from bridge.web import create_app
from bridge.web.server import Server
from contrib.bench.accept import Figures, loaded
from contrib.bench.drain import furnish, simulator
from contrib.bench.setting import build, head

HANDS = 16
DOMAINS = 97  # as the load has them


def serve(endpoint: str, hosted: str, count: int, busy: bool, pipe: Connection) -> None:
    """A bridge that accepts and works; busy or not, it then says how many jobs it ended and how
    often it reconciled."""
    with tempfile.TemporaryDirectory() as folder:
        # Beyond the hands there is room for the reconciliation's calls.
        service = build(Path(folder), endpoint, hosted, HANDS + 4, concurrency=HANDS)
        for number in range(count):
            service.operator.adopt(
                "main",
                Mailbox.parse(f"user{number}@example{number % DOMAINS}.com"),
                "shop",
                str(number),
            )
        if not busy:
            service.operator.pause_account("main", "idle")
        server, engine = (
            Server(create_app(service), HostPort("127.0.0.1", 0), None),
            service.new_engine(),
        )
        engine.start()
        server.start()
        over = threading.Event()
        reconciling = Reconciling(service, over)
        if busy:
            reconciling.start()
        pipe.send(server.port)
        pipe.recv()
        pipe.send((ended(service), reconciling.times))
        over.set()
        server.stop()
        engine.stop()
        if busy:
            reconciling.join()
        service.close()


class Reconciling(threading.Thread):
    """Compares the account with Enom, again and again."""

    def __init__(self, service: wiring.Service, over: threading.Event) -> None:
        super().__init__()
        self.service, self.over, self.times = service, over, 0.0

    def run(self) -> None:
        while not self.over.is_set():
            self.service.reconcile.account(
                "main", "bench", progress=partial(self._part, float(int(self.times)))
            )
            self.times = float(int(self.times) + 1)

    def _part(self, before: float, what: str) -> Callable[[int, int], None]:
        """First all domains are read, then single mailboxes."""

        def result(done: int, of: int) -> None:
            self.times = before + (0.0 if what == READING else 0.5) + min(0.5 * done / of, 0.49)

        return result


def ended(service: wiring.Service) -> int:
    with service.database.read() as tx:
        return int(
            tx.scalar(sa.select(sa.func.count()).where(jobs.c.finished_at.is_not(None))) or 0
        )


def measure(
    busy: bool, count: int, connections: int, latency: float
) -> tuple[Figures, tuple[float, float]]:
    context = multiprocessing.get_context("spawn")
    with simulator() as sim:
        furnish(sim, DOMAINS, count)
        sim.control("/settings", {"latency": latency})
        ours, theirs = context.Pipe()
        bridge = context.Process(
            target=serve, args=(sim.endpoint, sim.hosted_email, count, busy, theirs)
        )
        bridge.start()
        figures = loaded([ours.recv()], count, connections)
        ours.send("stop")
        meanwhile = ours.recv()
        bridge.join()
    return figures, meanwhile


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--hooks", type=int, default=4000)
    options.add_argument("--connections", type=int, default=16)
    options.add_argument(
        "--latency", type=float, default=0.2, help="seconds that each answer of Enom takes"
    )
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    given = chosen.hooks, chosen.connections, chosen.latency
    rounds = [[measure(busy, *given) for busy in (False, True)] for _ in range(chosen.rounds)]
    print(
        head(
            f"Hooks accepted beside work, {chosen.connections} connections, {chosen.hooks} "
            f"hooks, {chosen.rounds} rounds"
        )
    )
    print(
        "\n| | hooks/s | p50 ms | p99 ms | jobs ended meanwhile | reconciliations |\n|"
        + " --- |" * 6
    )
    last = []
    for index, name in enumerate(("idle", f"{HANDS} jobs in flight, reconciling")):
        rate, p50, p99 = (
            statistics.median(turn[index][0][column] for turn in rounds) for column in range(3)
        )
        done, reconciled = (
            statistics.median(turn[index][1][column] for turn in rounds) for column in range(2)
        )
        last.append(p99)
        print(f"| {name} | {rate:.0f} | {p50:.1f} | {p99:.1f} | {done:.0f} | {reconciled:.1f} |")
    print(f"| busy ÷ idle | | | {last[1] / last[0]:.2f} | | |")


if __name__ == "__main__":
    main()
