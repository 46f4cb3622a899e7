"""Stopped gracefully and backed up, again and again under load: nothing is held or told twice,
and each backup is whole."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from bridge.store import Copies, Database
from bridge.store.base.tables import hooks
from tests.flow.test_kill_random import BRIDGES, CALM, Disturber
from tests.support.stage import Stage
from tests.support.workload import Workload


@pytest.mark.timeout(3600)
def test_stopped_gracefully_and_backed_up_under_load(
    store: str,
    new_database: Callable[[str], str],
    tmp_path: Path,
    request: pytest.FixtureRequest,
    tally: Callable[..., None],
) -> None:
    stage, url = Stage(tmp_path), new_database(store)
    long, seed = request.config.getoption("--long"), request.config.getoption("--seed")
    jobs, domains = (1500, 25) if long else (90, 10)
    load = Workload(stage, f"kept-{store}", url, jobs=jobs, domains=domains, seed=seed)
    crew = Disturber(stage.config(url), BRIDGES[store][long], seed, CALM[long])
    database, pool = Database(url), ThreadPoolExecutor(1)
    copies, backups = Copies(database, {"main": 1.0}), dict[Path, set[str]]()
    sent = pool.submit(load.send, crew.url)
    try:
        while not sent.done() or len(backups) < 2:
            crew.restart()
            backup, accepted = tmp_path / f"backup{len(backups)}", set(load.accepted)
            copies.backup(backup)
            backups[backup] = accepted
        sent.result(60 + load.jobs)
        counts = load.finish()
    finally:
        crew.close()
        pool.shutdown()
        stage.close()
    tally(
        "stopped gracefully and backed up",
        store,
        counts,
        graceful_stops=crew.restarts,
        backups=len(backups),
    )
    assert counts.faults == {}
    assert (counts.held, counts.callbacks_twice, counts.late_calls) == (0, 0, 0)
    for backup, accepted in backups.items():
        copies.restore(backup)
        with database.read() as tx:
            assert accepted <= set(tx.scalars(sa.select(hooks.c.hook_id)))
    database.close()
