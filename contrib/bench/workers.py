"""1, 2 and 4 processes of `enom-bridge worker` and one of `web` on one PostgreSQL: suspensions a
second, beside linear.

Each worker has 4 hands, the account allows 16 calls in flight. Then a run with a limit below the
hands, in which a worker comes and one is killed: never more calls than allowed, every mailbox's
jobs in their order, nothing lost.
"""

import argparse
import http.client
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bridge import wiring
from bridge.domain.model import Address
from bridge.store.base.tables import jobs, steps, workers
from contrib.bench.drain import Remote, furnish, open_jobs, simulator
from contrib.bench.program import free_port, running
from contrib.bench.setting import build, head, hook
from contrib.bench.stores import stores

HANDS = 4  # of each worker
IN_FLIGHT = 16
LOW = 6  # calls in flight of the run in which one is killed
TIMEOUT = 10  # seconds of a call; a dead worker's jobs are taken up 30 seconds later at the latest
PASSWORD = "Made-Up.67890"


class House:
    """A simulator, a bridge's database and a web process; the account is paused until `go`."""

    def __init__(
        self,
        stack: ExitStack,
        url: str,
        boxes: int,
        actions: Sequence[str],
        latency: float,
        in_flight: int,
    ) -> None:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        self.stack, self.boxes, self.path = stack, boxes, folder / "bridge.toml"
        self.sim: Remote = stack.enter_context(simulator())
        furnish(self.sim, boxes, boxes)
        more = {"concurrency": HANDS, "timeout": TIMEOUT}
        self.service = build(
            folder, self.sim.endpoint, self.sim.hosted_email, in_flight, url, **more
        )
        stack.callback(self.service.close)
        self.service.account_state.pause_account("main", "credentials", "until all are there")
        port = free_port()
        stack.enter_context(running(self.path, "web", "--port", str(port)))
        until(lambda: answers(port))
        self.send(port, actions)
        self.sim.control("/settings", {"latency": latency})
        self.sim.control("/history", method="DELETE")

    def send(self, port: int, actions: Sequence[str]) -> None:
        line = http.client.HTTPConnection("127.0.0.1", port)
        for number in range(self.boxes):
            address = f"user{number}@example{number}.com"
            self.service.operator.adopt("main", Address.parse(address), "shop", str(number))
            for action in actions:
                secret = {"password": PASSWORD} if action == "change_password" else {}
                body, headers = hook(
                    f"mailbox.{action}", service_id=str(number), address=address, **secret
                )
                line.request("POST", "/hooks/shop", body, headers)
                answer = line.getresponse()
                assert answer.status == 202, answer.read()
                answer.read()

    def worker(self) -> Any:
        before = self.alive()
        process = self.stack.enter_context(running(self.path, "worker"))
        until(lambda: self.alive() > before)
        return process

    def alive(self) -> int:
        with self.service.database.read() as tx:
            return int(tx.scalar(sa.select(sa.func.count()).select_from(workers)) or 0)

    def held_by(self, pid: int) -> int:
        mine = jobs.c.status == "running", jobs.c.lease_owner.like(f"%:{pid}:%")
        with self.service.database.read() as tx:
            return int(tx.scalar(sa.select(sa.func.count()).where(*mine)) or 0)

    def go(self) -> float:
        self.service.account_state.resume_account("main")
        return time.monotonic()

    def most_in_flight(self) -> int:
        seen = self.sim.control("/history")["history"]
        edges = sorted(
            [(call["started"], 1) for call in seen] + [(call["ended"], -1) for call in seen]
        )
        most = now = 0
        for _, step in edges:
            now += step
            most = max(most, now)
        return most


def until(done: Callable[[], bool], seconds: float = 300.0) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.05)


def answers(port: int) -> bool:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        line.request("GET", "/healthz")
        return line.getresponse().status == 200
    except OSError:
        return False
    finally:
        line.close()


def drain(url: str, count: int, boxes: int, latency: float) -> tuple[float, int]:
    """Jobs a second with so many workers, and the most calls in flight."""
    with ExitStack() as stack:
        house = House(stack, url, boxes, ["suspend"], latency, IN_FLIGHT)
        for _ in range(count):
            house.worker()
        begun = house.go()
        until(lambda: open_jobs(house.service) == 0)
        rate = boxes / (time.monotonic() - begun)
        assert succeeded(house.service) == boxes
        return rate, house.most_in_flight()


def come_and_die(url: str, boxes: int, latency: float) -> str:
    """Two workers; a third comes, the first is killed.

    Two jobs of each mailbox. What was seen, in a sentence.
    """
    with ExitStack() as stack:
        house = House(stack, url, boxes, ["suspend", "change_password"], latency, LOW)
        first, _ = house.worker(), house.worker()
        begun = house.go()
        time.sleep(boxes * latency / LOW)
        house.worker()
        time.sleep(boxes * latency / LOW)
        until(lambda: house.held_by(first.pid) > 0)
        held = house.held_by(first.pid)
        first.kill()
        until(lambda: open_jobs(house.service) == 0)
        took, most, late = (
            time.monotonic() - begun,
            house.most_in_flight(),
            out_of_order(house.service),
        )
        truth = house.sim.control("/state")["domains"]
        left = [
            box
            for domain in truth.values()
            for box in domain["mailboxes"].values()
            if box["password"] != PASSWORD
        ]
        assert most <= LOW and not late and not left and succeeded(house.service) == 2 * boxes, (
            most,
            late,
            left,
        )
    events = f"a worker came and one was killed with {held} jobs in its hands"
    return (
        f"{2 * boxes} jobs, {events}: {took:.0f} s, at most {most} calls in flight of {LOW}, "
        f"{late} mailboxes out of order."
    )


def succeeded(service: wiring.Service) -> int:
    with service.database.read() as tx:
        return int(tx.scalar(sa.select(sa.func.count()).where(jobs.c.status == "succeeded")) or 0)


def out_of_order(service: wiring.Service) -> int:
    """Mailboxes of which a command began before one of an earlier job had ended."""
    mine = sa.select(
        jobs.c.mailbox_id,
        jobs.c.sequence,
        sa.func.min(steps.c.started_at),
        sa.func.max(steps.c.ended_at),
    )
    mine = mine.join(steps, steps.c.job_id == jobs.c.id).group_by(
        jobs.c.mailbox_id, jobs.c.sequence
    )
    with service.database.read() as tx:
        rows = tx.execute(mine.order_by(jobs.c.mailbox_id, jobs.c.sequence)).all()
    return sum(one[0] == next[0] and next[2] < one[3] for one, next in pairwise(rows))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--jobs", type=int, default=80, help="for each worker")
    options.add_argument(
        "--latency", type=float, default=0.2, help="seconds that each answer takes"
    )
    chosen = options.parse_args()
    with stores(True) as found:
        fresh = found["PostgreSQL"]
        rates = {
            count: drain(fresh(), count, count * chosen.jobs, chosen.latency) for count in (1, 2, 4)
        }
        result = come_and_die(fresh(), chosen.jobs, chosen.latency)
    print(
        head(
            f"Workers of {HANDS} hands each on one PostgreSQL, {chosen.jobs} suspensions for "
            f"each, latency {chosen.latency} s"
        )
    )
    print("\n| workers | jobs/s | ÷ linear | most calls in flight |\n| --- | --- | --- | --- |")
    for count, (rate, most) in rates.items():
        print(
            f"| {count} | {rate:.2f} | {rate / (count * rates[1][0]):.2f} | {most} of {IN_FLIGHT} |"
        )
    print(f"\n{result}")


if __name__ == "__main__":
    main()
