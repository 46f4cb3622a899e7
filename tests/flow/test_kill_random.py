"""A bridge killed or stopped again and again under load loses nothing, pays once, and keeps
every mailbox's order."""

import random
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.process import Bridge
from tests.support.stage import Stage
from tests.support.stores import BACKENDS
from tests.support.workload import Workload

LEASE = 3.0
BRIDGES = {"sqlite": (1, 1), "postgres": (2, 3)}  # in brief, in the long form
CALM = (
    1.5,
    4.0,
)  # the most seconds between two, likewise: a process that is always starting does no work that could go wrong
STOPS = (
    0.2  # share of them; a stop lasts longer than the lease, in which one bridge alone does nothing
)


class Disturber:
    """Kills bridges with kill -9, or stops them for longer than their lease, at moments drawn by
    seed."""

    def __init__(self, path: Path, bridges: int, seed: int, calm: float) -> None:
        self.path, self.calm = path, calm
        self.chance = random.Random(seed)
        self.bridges = [self.start() for _ in range(bridges)]
        self.kills = self.stops = self.restarts = 0

    def start(self) -> Bridge:
        return Bridge(self.path, lease=LEASE)

    def url(self) -> str:
        return self.chance.choice(self.bridges).hooks

    def kill(self) -> None:
        time.sleep(self.chance.uniform(0.5, self.calm))  # the random moment
        number = self.chance.randrange(len(self.bridges))
        self.bridges[number].kill()
        self.bridges[number].close()
        self.bridges[number] = self.start()
        self.kills += 1

    def restart(self) -> None:
        """Gracefully."""
        time.sleep(self.chance.uniform(0.5, self.calm))
        number = self.chance.randrange(len(self.bridges))
        assert self.bridges[number].close()
        self.bridges[number] = self.start()
        self.restarts += 1

    def stop(self) -> None:
        time.sleep(self.chance.uniform(0.5, self.calm))
        bridge = self.chance.choice(self.bridges)
        bridge.signal(signal.SIGSTOP)
        time.sleep(self.chance.uniform(LEASE, 2 * LEASE))
        bridge.signal(signal.SIGCONT)
        self.stops += 1

    def close(self) -> None:
        for bridge in self.bridges:
            bridge.close()


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("backend", BACKENDS)
def test_killed_and_stopped_at_random_under_load(
    store: str,
    backend: str,
    database_url: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    tally: Callable[..., None],
) -> None:
    stage = Stage(tmp_path, backend=backend)
    long, seed = request.config.getoption("--long"), request.config.getoption("--seed")
    jobs, domains = (request.config.getoption("--jobs"), 60) if long else (75, 10)
    load = Workload(stage, store, database_url, jobs=jobs, domains=domains, seed=seed)
    disturber = Disturber(stage.config(database_url), BRIDGES[store][long], seed, CALM[long])
    pool = ThreadPoolExecutor(1)
    sent = pool.submit(load.send, disturber.url)
    try:
        for _ in range(3 if long else 2):
            disturber.kill()
        while long and not sent.done():
            disturber.stop() if disturber.chance.random() < STOPS else disturber.kill()
        sent.result(60 + load.jobs)
        counts = load.finish()
        if counts.late_calls:
            counts = load.look_again(disturber.url)
    finally:
        disturber.close()
        pool.shutdown()
        stage.close()
    tally(
        f"killed and stopped at random, {backend}",
        store,
        counts,
        kills=disturber.kills,
        stops=disturber.stops,
        retried=load.retried,
    )
    assert counts.faults == {}
    assert counts.jobs >= load.jobs + load.retried
