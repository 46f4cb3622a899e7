"""A store with a million finished jobs, hooks and callbacks beside one with 2,000: how fast, how
large, and how it is pruned.

The small one holds what a first page shows, so that both show the same. By turns; the ratio is the
speed with the full one.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bridge import wiring
from bridge.store import Retention
from bridge.store.base import tables
from bridge.web import create_app
from contrib.bench.filling import DAY, DAYS, DOMAINS, add_jobs, fill, settle
from contrib.bench.setting import build, head, hook
from contrib.bench.stores import sign_in, stores

EACH = 10  # jobs of a mailbox
SMALL = 200  # mailboxes; as many as a page of mailbox.list holds
# from one mailbox that gets a hook to the next; no divisor of DOMAINS, so that every one has a
# domain of its own
STRIDE = 499
COLUMNS = (
    "| | bytes a job | jobs pruned | in s | longest batch, ms | nothing old, ms | MiB before | MiB "
    "after as many came again |"
)
LISTS = ("jobs", "hooks", "callbacks", "mailboxes", "audit", "drift")


class Side:
    """One of the two stores, filled."""

    def __init__(self, folder: Path, url: str, jobs: int) -> None:
        folder.mkdir()
        self.jobs, self.mailboxes = jobs, max(SMALL, jobs // EACH)
        self.service = build(
            folder, "http://127.0.0.1:9/interface.asp", "http://127.0.0.1:9/api", database=url
        )
        before = size(self.service)
        fill(self.service, jobs, self.mailboxes, waiting=0)
        self.bytes = size(self.service) - before
        self.client = create_app(self.service).test_client()
        sign_in(self.service, self.client)
        engine = self.service.new_engine()
        self.queue = engine.queue
        self.limits = {"main": replace(engine.limits["main"], in_flight=10**6)}

    def accept(self, nth: int) -> None:
        number = nth * STRIDE % self.mailboxes
        data = {"service_id": str(number), "address": f"user{number}@example{number % DOMAINS}.com"}
        body, headers = hook("mailbox.suspend", **data)
        assert self.client.post("/hooks/shop", data=body, headers=headers).status_code == 202

    def claim(self, nth: int) -> None:
        assert self.queue.claim("bench", self.limits) is not None

    def query(self, nth: int) -> None:
        body, headers = hook("mailbox.list")
        answer: Any = self.client.post("/query/shop", data=body, headers=headers).json
        assert len(answer["data"]["items"]) == SMALL


def page(path: str) -> Callable[[Side, int], None]:
    def show(side: Side, nth: int) -> None:
        assert side.client.get(path).status_code == 200

    return show


WORK: Mapping[str, Callable[[Side, int], None]] = {
    "accepting a hook": Side.accept,
    "claiming a job": Side.claim,
    "`mailbox.list`": Side.query,
    **{f"`/admin/{name}`": page(f"/admin/{name}") for name in LISTS},
    "`/admin/jobs` of a service": page("/admin/jobs?service_id=7"),
    "`/admin/services`": page("/admin/services/shop/7"),
}


def compare(small: Side, full: Side, rounds: int) -> Mapping[str, tuple[float, float]]:
    """Median milliseconds of each piece of work, with the small store and the full one."""
    found = {}
    for name, work in WORK.items():
        times: dict[Side, list[float]] = {small: [], full: []}
        for nth in range(rounds):
            for side in (small, full) if nth % 2 else (full, small):
                begun = time.perf_counter()
                work(side, nth)
                times[side].append(1000 * (time.perf_counter() - begun))
        found[name] = statistics.median(times[small]), statistics.median(times[full])
    return found


def size(service: wiring.Service) -> int:
    """Bytes of the file, or of every table with its indexes."""
    with service.database.read() as tx:
        if service.database.embedded:
            return int(tx.scalar(sa.text("PRAGMA page_count")) or 0) * int(
                tx.scalar(sa.text("PRAGMA page_size")) or 0
            )
        return sum(
            int(tx.scalar(sa.select(sa.func.pg_total_relation_size(name))) or 0)
            for name in tables.metadata.tables
        )


def prune(full: Side) -> str:
    """The oldest third goes, and as many new ones come: a row that says how long it took and
    what became of the size."""
    before = size(full.service)
    retention = Retention(full.service.database, wiring.new_job_id, DAYS * 2 / 3)
    batches: list[float] = []
    gone, begun = 0, time.perf_counter()
    while count := retention.prune():
        batches.append(time.perf_counter() - begun - sum(batches))
        gone += count
    took = time.perf_counter() - begun
    settle(full.service)
    moments = [time.time() - DAY + number * DAY / gone for number in range(gone)]
    add_jobs(full.service, moments, full.jobs, full.mailboxes, random.Random(2))
    while retention.prune():  # what has become old meanwhile
        pass
    rest = [upkeep_alone(retention) for _ in range(5)]
    figures = f"{took:.0f} | {1000 * max(batches):.0f} | {1000 * statistics.median(rest):.1f}"
    return f"{gone} | {figures} | {before / 2**20:.0f} | {size(full.service) / 2**20:.0f}"


def upkeep_alone(retention: Retention) -> float:
    """Seconds of a look that finds nothing old, or one."""
    begun = time.perf_counter()
    retention.prune()
    return time.perf_counter() - begun


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument(
        "--jobs",
        type=int,
        default=1_000_000,
        help="finished jobs in the full store; a tenth of it mailboxes",
    )
    options.add_argument("--rounds", type=int, default=200)
    options.add_argument("--no-postgres", action="store_true")
    chosen = options.parse_args()
    speeds, sizes = {}, []
    with stores(not chosen.no_postgres) as found:
        for store, url in found.items():
            with tempfile.TemporaryDirectory() as folder:
                small = Side(Path(folder) / "small", url(), SMALL * EACH)
                full = Side(Path(folder) / "full", url(), chosen.jobs)
                speeds[store] = compare(small, full, min(chosen.rounds, SMALL))
                sizes.append(f"| {store} | {full.bytes / full.jobs:.0f} | {prune(full)} |")
                small.service.close()
                full.service.close()
    print(
        head(
            f"A store with {chosen.jobs} finished jobs beside one with {SMALL * EACH}, "
            f"{chosen.rounds} rounds"
        )
    )
    print(
        "\n| | " + " | ".join(f"{store}: small, ms | full, ms | ratio" for store in speeds) + " |"
    )
    print("| --- |" + " --- | --- | --- |" * len(speeds))
    for name in WORK:
        figures = (
            f"{few:.1f} | {many:.1f} | {few / many:.2f}"
            for few, many in (times[name] for times in speeds.values())
        )
        print(f"| {name} | {' | '.join(figures)} |")
    print(f"\n{COLUMNS}\n|{' --- |' * 8}", *sizes, sep="\n")


if __name__ == "__main__":
    main()
