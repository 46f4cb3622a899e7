"""Two whole bridges on one store share the work, and never meet where they may not."""

from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import pytest

from tests.support.process import Bridge
from tests.support.stage import Stage
from tests.support.stores import BACKENDS
from tests.support.workload import Workload

IN_FLIGHT = 3


@pytest.mark.parametrize("backend", BACKENDS)
def test_two_bridges_on_one_store(
    store: str,
    backend: str,
    database_url: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    tally: Callable[..., None],
) -> None:
    stage = Stage(tmp_path, backend=backend)
    long = request.config.getoption("--long")
    load = Workload(
        stage,
        f"two-{store}",
        database_url,
        jobs=2000 if long else 50,
        domains=12 if long else 6,
        seed=7,
    )
    paths = [
        stage.config(database_url, account__max_in_flight=IN_FLIGHT, account__timeout=5)
        for _ in range(2)
    ]
    bridges = [Bridge(path, lease=10.0) for path in paths]
    try:
        turns = cycle(bridges)
        load.send(lambda: next(turns).hooks)
        counts = load.finish()
    finally:
        for bridge in bridges:
            bridge.close()
        stage.close()
    tally(f"two workers on one store, {backend}", store, counts)
    assert counts.faults == {}
    assert most_at_a_time(stage.sim.control("/history")["history"]) <= IN_FLIGHT
    assert all(" ended " in path.with_suffix(".log").read_text() for path in paths), (
        "one of them did nothing"
    )


def most_at_a_time(history: list[dict[str, float]]) -> int:
    moments = sorted(
        [(call["started"], 1) for call in history] + [(call["ended"], -1) for call in history]
    )
    at_a_time = most = 0
    for _, change in moments:
        at_a_time += change
        most = max(most, at_a_time)
    return most
