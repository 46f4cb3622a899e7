"""A bridge killed with kill -9 again and again under load loses nothing, pays once, and keeps every mailbox's order."""

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.process import Bridge
from tests.support.stage import Stage
from tests.support.workload import Workload

KILLS = 3


def test_killed_at_random_under_load(
    store: str, database_url: str, tmp_path: Path, request: pytest.FixtureRequest, tally: Callable[..., None]
) -> None:
    stage = Stage(tmp_path)
    long = request.config.getoption("--long")
    kills = KILLS * 8 if long else KILLS
    load = Workload(stage, store, database_url, jobs=2400 if long else 150, domains=20, seed=5)
    path = stage.config(database_url)
    chance = random.Random(5)
    bridges = [Bridge(path, lease=3.0) for _ in range(2 if store == "postgres" else 1)]
    pool = ThreadPoolExecutor(1)
    sent = pool.submit(load.send, lambda: chance.choice(bridges).hooks)
    try:
        for _ in range(kills):
            time.sleep(chance.uniform(0.5, 1.5))  # the random moment
            number = chance.randrange(len(bridges))
            bridges[number].kill()
            bridges[number].close()
            bridges[number] = Bridge(path, lease=3.0)
        sent.result(60 + load.jobs)
        counts = load.finish()
    finally:
        for bridge in bridges:
            bridge.close()
        pool.shutdown()
        stage.close()
    tally("killed at random", store, counts, kills=kills, retried=load.retried)
    assert counts.faults == {}
    assert counts.jobs == load.jobs + load.retried
