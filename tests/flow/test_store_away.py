"""A disk that fills up, a PostgreSQL that is killed, under load: what was answered is done, the
rest was told 503."""

import random
import resource
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.audit import read
from tests.support.billing import until
from tests.support.bridge import PASSWORD
from tests.support.postgres import Postgres
from tests.support.process import Bridge
from tests.support.stage import Stage
from tests.support.workload import Workload

TIMES = 3


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    stage.close()


def fill(bridge: Bridge, path: Path) -> None:
    """No file of the bridge grows beyond what its log may still need: as on a disk without room."""
    room = path.with_suffix(".log").stat().st_size + (64 << 10)
    limit(bridge, room)


def limit(bridge: Bridge, room: int) -> None:
    assert bridge.process.pid is not None
    resource.prlimit(bridge.process.pid, resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))


def under_load(
    load: Workload, bridges: list[Bridge], times: int, disturb: Callable[[], None]
) -> None:
    """Sends everything, and disturbs so many times meanwhile."""
    chance = random.Random(load.seed)
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(load.send, lambda: chance.choice(bridges).hooks)
        for _ in range(times):
            time.sleep(chance.uniform(0.5, 1.5))  # the random moment
            disturb()
        sent.result()


@pytest.mark.parametrize("store", ["sqlite"])
def test_a_full_disk_is_a_503_with_nothing_accepted_until_there_is_room_again(
    stage: Stage, database_url: str
) -> None:
    stage.domain("full.test")
    path = stage.config(database_url)
    bridge = Bridge(path)
    try:
        taken: list[str] = []

        def send() -> int:
            id = f"msg_{len(taken)}"
            box = f"box{len(taken)}@full.test"
            data = {"service_id": box, "address": box, "password": PASSWORD}
            answer = stage.billing.send(bridge.hooks, "mailbox.create", id=id, **data)
            if answer.status_code == 202:
                taken.append(id)
            else:
                assert (
                    int(answer.headers["Retry-After"]) > 0
                    and "nothing was accepted" in answer.json()["detail"]
                )
            return answer.status_code

        assert send() == 202
        fill(bridge, path)
        until(lambda: send() == 503)
        assert {row["hook_id"] for row in read(database_url)["jobs"]} == set(taken)
        until(lambda: "the database is not reachable" in path.with_suffix(".log").read_text())
        limit(bridge, resource.RLIM_INFINITY)
        until(lambda: send() == 202)
        jobs = stage.ended(database_url, len(taken))
        assert [job["status"] for job in jobs][:10] == ["succeeded"] * min(
            10, len(jobs)
        )  # a pak has ten places
        assert {job["hook_id"] for job in jobs} == set(taken)
    finally:
        bridge.close()


@pytest.mark.timeout(
    1800
)  # other purchases of a domain look again a minute after one in doubt was judged
@pytest.mark.parametrize("store", ["sqlite"])
def test_a_disk_that_fills_up_again_and_again_loses_nothing(
    stage: Stage, database_url: str, request: pytest.FixtureRequest, tally: Callable[..., None]
) -> None:
    long = request.config.getoption("--long")
    load = Workload(stage, "disk", database_url, jobs=1200 if long else 90, domains=10, seed=11)
    path = stage.config(database_url)
    bridge, times = Bridge(path), TIMES * (8 if long else 1)

    def disturb() -> None:
        fill(bridge, path)
        time.sleep(0.7)
        limit(bridge, resource.RLIM_INFINITY)

    try:
        under_load(load, [bridge], times, disturb)
        counts = load.finish()
    finally:
        bridge.close()
    tally("disk full", "sqlite", counts, times=times, retried=load.retried)
    assert counts.faults == {}
    assert counts.jobs == load.jobs + load.retried
    assert "the database is not reachable" in path.with_suffix(".log").read_text()


@pytest.mark.timeout(
    1800
)  # other purchases of a domain look again a minute after one in doubt was judged
@pytest.mark.parametrize("store", ["postgres"])
def test_a_server_that_is_killed_again_and_again_loses_nothing(
    stage: Stage,
    database_url: str,
    postgres: Postgres,
    request: pytest.FixtureRequest,
    tally: Callable[..., None],
) -> None:
    long = request.config.getoption("--long")
    load = Workload(stage, "server", database_url, jobs=1200 if long else 90, domains=10, seed=12)
    path = stage.config(database_url)
    bridges, times = [Bridge(path) for _ in range(2)], TIMES * (8 if long else 1)

    def disturb() -> None:
        postgres.stop()
        time.sleep(0.5)
        postgres.start()

    try:
        under_load(load, bridges, times, disturb)
        counts = load.finish()
    finally:
        for bridge in bridges:
            bridge.close()
    tally("PostgreSQL killed", "postgres", counts, times=times, retried=load.retried)
    assert counts.faults == {}
    assert counts.jobs == load.jobs + load.retried
