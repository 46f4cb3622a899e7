"""Suspensions completed per second against a simulator of fixed latency, beside the limit of
latency and `max_in_flight`.

The limit is in-flight ÷ (calls per job x latency): what a bridge would reach that costs nothing
itself.
"""

import argparse
import json
import multiprocessing
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from bridge import wiring
from bridge.domain.model import Address
from bridge.sim import Simulator
from bridge.store.base.tables import jobs
from bridge.web import create_app
from contrib.bench.setting import TOKEN, USER, WORD, build, head, hook


class Remote:
    """A simulator in a process of its own, so that its cost is not the bridge's."""

    def __init__(self, endpoint: str, hosted_email: str, control_url: str) -> None:
        self.endpoint, self.hosted_email, self.control_url = endpoint, hosted_email, control_url

    def control(self, path: str, body: Any = None, method: str = "") -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.control_url + path, data, method=method or ("POST" if data else "GET")
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


@contextmanager
def simulator() -> Iterator[Remote]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=simulate, args=(theirs,))
    process.start()
    yield Remote(*ours.recv())
    ours.send("stop")
    process.join()


def simulate(pipe: Connection) -> None:
    with Simulator(seed=1) as sim:
        pipe.send((sim.endpoint, sim.hosted_email, sim.control_url))
        pipe.recv()


def furnish(sim: Remote, domains: int, mailboxes: int, room: int = 0) -> None:
    """An account with so many domains and mailboxes, and `room` for more in each domain."""
    account = {
        "uid": "reseller",
        "token": TOKEN,
        "environment": "test",
        "balance": 5000.0,
        "allow": ["127.0.0.1"],
    }
    sim.control("/accounts", account | {"hosted_user": USER, "hosted_password": WORD})
    for number in range(domains):
        domain = f"example{number}.com"
        sim.control("/domains", {"uid": "reseller", "domain": domain})
        size = -(-mailboxes // domains) + room
        pak = sim.control(
            "/paks",
            {"domain": domain, "size": size, "expires": "2030-01-01T00:00:00Z", "kind": "pak"},
        )
        for place in range(number, mailboxes, domains):
            box = {
                "address": f"user{place}@{domain}",
                "password": "Made-Up.12345",
                "bundle": pak["bundle"],
                "settled": True,
            }
            sim.control("/mailboxes", box)


def fill(service: wiring.Service, domains: int, mailboxes: int) -> None:
    """Adopts every mailbox and accepts one suspension for each, before anything works on them."""
    client = create_app(service).test_client()
    for place in range(mailboxes):
        address = f"user{place}@example{place % domains}.com"
        service.operator.adopt("main", Address.parse(address), "shop", str(place))
        body, headers = hook("mailbox.suspend", service_id=str(place), address=address)
        assert client.post("/hooks/shop", data=body, headers=headers).status_code == 202


class Drained(NamedTuple):
    rate: float
    """Jobs a second."""
    calls: float
    """To the remote, for each job."""


def drain(jobs: int, domains: int, latency: float, in_flight: int) -> Drained:
    with simulator() as sim, tempfile.TemporaryDirectory() as folder:
        furnish(sim, domains, jobs)
        service = build(Path(folder), sim.endpoint, sim.hosted_email, in_flight)
        fill(service, domains, jobs)
        sim.control("/settings", {"latency": latency})
        sim.control("/history", method="DELETE")
        engine = service.new_engine()
        begun = time.monotonic()
        engine.start()
        while (left := open_jobs(service)) > 0:
            time.sleep(0.05)
        took = time.monotonic() - begun
        engine.stop()
        calls = len(sim.control("/history")["history"])
        outcome = service.lookup.page("jobs", None, status="succeeded")[0]
        service.close()
    assert left == 0 and len(outcome) == jobs, f"{len(outcome)} of {jobs} succeeded"
    return Drained(jobs / took, calls / jobs)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--jobs", type=int, default=400)
    options.add_argument("--domains", type=int, default=100)
    options.add_argument(
        "--latency", type=float, default=0.2, help="seconds that each answer takes"
    )
    options.add_argument("--in-flight", type=int, default=16)
    chosen = options.parse_args()
    rate, calls = drain(chosen.jobs, chosen.domains, chosen.latency, chosen.in_flight)
    limit = chosen.in_flight / (calls * chosen.latency)
    print(
        head(f"{chosen.jobs} suspensions over {chosen.domains} domains, latency {chosen.latency} s")
    )
    print(
        "\n| max_in_flight | calls a job | jobs/s | limit "
        "| ratio |\n| --- | --- | --- | --- | --- |"
    )
    print(f"| {chosen.in_flight} | {calls:.2f} | {rate:.2f} | {limit:.2f} | {rate / limit:.2f} |")


def open_jobs(service: wiring.Service) -> int:
    with service.database.read() as tx:
        return int(tx.scalar(sa.select(sa.func.count()).where(jobs.c.finished_at.is_(None))) or 0)


if __name__ == "__main__":
    main()
