"""A month-end of many resellers, simulated: how long it takes, and which of Enom's limits, workers
and database is busy.

A job waits for its turn (its account's `max_in_flight`, the other domains', a free hand of a
worker), and then, for each of its calls, takes a share of a worker process, some transactions of the database,
and the latency of Enom. What it costs is measured, see docs/performance.md; `--check` measures it
here, runs a real bridge, and shows the simulation beside it.
"""

import argparse
import heapq
import itertools
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from contrib.bench.drain import drain
from contrib.bench.setting import head


@dataclass(frozen=True)
class Case:
    """Times in seconds.

    `own`: of a worker process for a job. `look`: of it for each account that a claim looks at.
    """

    accounts: int
    domains: int
    jobs: int
    within: float
    calls: int
    latency: float
    in_flight: int
    workers: int
    concurrency: int
    own: float
    look: float
    commits: int
    transactions: float
    largest: int
    spread: float


@dataclass
class Server:
    """Does one thing at a time, in the order of asking."""

    free_at: float = 0.0
    busy: float = 0.0
    hands: int = 0

    def serve(self, now: float, seconds: float) -> float:
        self.free_at = max(self.free_at, now) + seconds
        self.busy += seconds
        return self.free_at


@dataclass
class Account:
    running: int = 0
    waiting: dict[int, deque[float]] = field(default_factory=dict)
    """Domain -> when its jobs came."""
    turns: deque[int] = field(default_factory=deque)
    """The domains at which jobs wait, in the order of their turns."""


@dataclass(frozen=True)
class Ended:
    took: float
    times: list[float]
    """From a hook to the end of its job, sorted."""
    worker_busy: float
    database_busy: float


class Month:
    def __init__(self, case: Case, seed: int = 1) -> None:
        self.case, self.random = case, random.Random(seed)
        self.workers = [Server(hands=case.concurrency) for _ in range(case.workers)]
        self.database = Server()
        self.accounts = [Account() for _ in range(case.accounts)]
        self.events: list[tuple[float, int, Callable[[float], None]]] = []
        self.order, self.times, self.now = itertools.count(), list[float](), 0.0

    def run(self) -> Ended:
        case = self.case
        for number in range(case.jobs):
            domain = self.random.randrange(case.domains) if number >= case.largest else 0
            account = self.accounts[domain % case.accounts]
            self.at(
                self.random.uniform(0, case.within),
                partial(self.come, account=account, domain=domain),
            )
        while self.events:
            self.now, _, event = heapq.heappop(self.events)
            event(self.now)
        busy = sum(worker.busy for worker in self.workers) / len(self.workers)
        return Ended(self.now, sorted(self.times), busy / self.now, self.database.busy / self.now)

    def at(self, time: float, event: Callable[[float], None]) -> None:
        heapq.heappush(self.events, (time, next(self.order), event))

    def come(self, now: float, account: Account, domain: int) -> None:
        queue = account.waiting.get(domain)
        if queue is None:
            queue = account.waiting[domain] = deque()
            account.turns.append(domain)
        queue.append(now)
        self.claim(now)

    def claim(self, now: float) -> None:
        """As the program does: the accounts by turns, the first that has work and a free call."""
        while (worker := max(self.workers, key=lambda each: each.hands)).hands:
            self.accounts.append(self.accounts.pop(0))
            for looked, account in enumerate(tuple(self.accounts), 1):
                if account.turns and account.running < self.case.in_flight:
                    domain = account.turns.popleft()
                    came = account.waiting[domain].popleft()
                    if account.waiting[domain]:
                        account.turns.append(domain)
                    else:
                        del account.waiting[domain]
                    account.running += 1
                    worker.hands -= 1
                    begun = worker.serve(now, looked * self.case.look)
                    self.at(begun, self.step(worker, account, came, self.case.calls))
                    break
            else:
                return

    def step(
        self, worker: Server, account: Account, came: float, left: int
    ) -> Callable[[float], None]:
        """The next call with what belongs to it: processor, then transactions, then Enom."""
        case = self.case

        def end(now: float) -> None:
            account.running -= 1
            worker.hands += 1
            self.times.append(now - came)
            self.claim(now)

        def call(now: float) -> None:
            latency = case.latency * self.random.uniform(1 - case.spread, 1 + case.spread)
            self.at(now + latency, self.step(worker, account, came, left - 1))

        def commit(now: float) -> None:
            self.at(self.database.serve(now, case.commits / case.transactions / case.calls), call)

        def work(now: float) -> None:
            self.at(worker.serve(now, case.own / case.calls), commit)

        return work if left else end


def row(case: Case) -> str:
    ended = Month(case).run()
    enom = case.jobs * case.calls * case.latency / (case.accounts * case.in_flight)
    cells = (
        f"{case.latency:g} s", case.in_flight, f"{case.workers} x {case.concurrency}", f"{ended.took / 3600:.2f}",
        f"{enom / 3600:.2f}", f"{ended.times[len(ended.times) // 2] / 60:.1f}", f"{ended.times[-1] / 60:.1f}",
        f"{case.jobs / ended.took:.1f}", f"{ended.worker_busy:.0%}", f"{ended.database_busy:.0%}",
    )  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"


COLUMNS = (
    "Enom's latency", "max_in_flight", "workers x concurrency", "all done after h", "Enom's limit h", "median hook min",
    "last hook min", "jobs/s", "a worker is busy", "database is busy",
)  # fmt: skip


def check(case: Case) -> None:
    """A real bridge with the latency, and what goes into its simulation: two runs with a remote
    that answers at once.

    Side by side they tell what the process can do, which is `own`; one at a time, what a job waits for besides Enom.
    """
    alone = drain(case.jobs // 4, case.domains, 0.0, 1)
    instant, real = (
        drain(case.jobs, case.domains, latency, case.in_flight) for latency in (0.0, case.latency)
    )
    own, calls = 1 / instant.rate, round(real.calls)
    alike = replace(
        case, accounts=1, within=0, calls=calls, workers=1, concurrency=case.in_flight, own=own, look=0,
        latency=case.latency + max(0, 1 / alone.rate - own) / calls, transactions=float("inf"), largest=0, spread=0,
    )  # fmt: skip
    simulated = alike.jobs / Month(alike).run().took
    what = f"{case.jobs} suspensions over {case.domains} domains"
    print(head(f"{what}, latency {case.latency} s, max_in_flight {case.in_flight}"))
    print(
        "\n| own s a job | alone s | real jobs/s | simulated jobs/s | simulated ÷ real |\n| "
        "--- | --- | --- | --- | --- |"
    )
    print(
        f"| {own:.3f} | {1 / alone.rate:.3f} | {real.rate:.2f} | {simulated:.2f} | "
        f"{simulated / real.rate:.2f} |"
    )


def main() -> None:
    options = argparse.ArgumentParser(prog="contrib.bench.month", description=__doc__)
    options.add_argument(
        "--check",
        action="store_true",
        help="compare with a real run: one account, 400 jobs unless said",
    )
    options.add_argument("--accounts", type=int, default=10)
    options.add_argument("--domains", type=int, help="of all accounts; default 200,000")
    options.add_argument("--jobs", type=int, help="suspensions; default 50,000")
    options.add_argument(
        "--within", type=float, default=3600, help="seconds in which the hooks come"
    )
    options.add_argument("--calls", type=int, default=4, help="to Enom, for each job")
    options.add_argument(
        "--latency",
        type=float,
        nargs="+",
        default=[1, 3, 12],
        help="seconds of a call; several: a row for each",
    )
    options.add_argument(
        "--spread", type=float, default=0.5, help="share by which a latency varies, either way"
    )
    options.add_argument(
        "--in-flight",
        type=int,
        nargs="+",
        default=[4, 16, 32],
        help="of each account; several: a row for each",
    )
    options.add_argument("--workers", type=int, default=2, help="processes")
    options.add_argument(
        "--concurrency", type=int, help="of each process; default: enough for all accounts"
    )
    options.add_argument(
        "--own", type=float, default=0.012, help="seconds of a worker process for a job"
    )
    options.add_argument(
        "--look",
        type=float,
        default=0.002,
        help="seconds of it for each account that a claim looks at",
    )
    options.add_argument("--commits", type=int, default=9, help="transactions of a job")
    options.add_argument(
        "--transactions", type=float, default=1000, help="that the database takes a second"
    )
    options.add_argument(
        "--largest", type=int, default=0, help="of the jobs, how many are of one domain"
    )
    given = vars(options.parse_args())
    checking, latencies, limits = (given.pop(name) for name in ("check", "latency", "in_flight"))
    given["jobs"] = given["jobs"] or (400 if checking else 50_000)
    given["domains"] = given["domains"] or (100 if checking else 200_000)
    if checking:
        return check(Case(latency=latencies[0], in_flight=limits[0], **given))
    many = (
        f"{given['jobs']:,} suspensions of {given['accounts']} "
        f"accounts, {given['domains']:,} domains"
    )
    print(head(f"{many}, {given['calls']} calls a job"))
    print(f"\n| {' | '.join(COLUMNS)} |\n|{' --- |' * len(COLUMNS)}")
    for latency, in_flight in itertools.product(latencies, limits):
        concurrency = given["concurrency"] or -(-in_flight * given["accounts"] // given["workers"])
        print(
            row(Case(latency=latency, in_flight=in_flight, **given | {"concurrency": concurrency})),
            flush=True,
        )


if __name__ == "__main__":
    main()
