"""A second fault while the bridge recovers from the first, in pairs drawn by seed: the end is
right, or a person is asked."""

import random
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import pytest

from bridge.domain.jobs import ENDED
from bridge.sim import Simulator
from bridge.sim.faults import FITS
from bridge.store.base import tables
from tests.flow.test_crash_matrix import BEFORE, SPENDING, hook
from tests.flow.test_lying_remote import COMMANDS, DELAYS, ELSEWHERE, READS, Cell, Trial, cells
from tests.support.audit import read
from tests.support.bench import Clock
from tests.support.stage import Stage
from tests.support.world import SETTLE, World

PAIRS = 150
NEEDS_A_SOCKET = {"slow", "late", "drip", "drip_headers", "huge"}
A_FEW_MINUTES = {"oma_22": 90.0, "oma_25": 90.0}  # of waiting that Enom asks for, in seconds


@dataclass(frozen=True)
class Pair(Cell):
    """`command` meets `fault`, and after it `then` meets `second`."""

    then: str = ""
    second: str = ""

    def __str__(self) -> str:
        return f"{super().__str__()}-{self.then}-{self.second}".replace("_", "-").lower()


def pairs(seed: int, without: Collection[str] = ELSEWHERE) -> list[Pair]:
    chance = random.Random(seed)
    drawn = {}
    first = [cell for cell in cells() if cell.fault not in without]
    for cell in chance.sample(first, min(PAIRS, len(first))):
        then = chance.choice((cell.command, *READS, *COMMANDS[cell.action]))
        fits = ("any", "hosted" if then.islower() else "interface")
        second = chance.choice(
            sorted(name for name, fit in FITS.items() if fit in fits and name not in without)
        )
        pair = Pair(cell.action, cell.command, cell.fault, then, second)
        if len(str(pair)) < 60:  # it names a domain
            drawn[str(pair)] = pair
    return list(drawn.values())


@pytest.mark.parametrize("store", ["sqlite"])
def test_two_faults_in_a_row_do_not_keep_a_job_for_long(
    store: str,
    database_url: str,
    simulator: Simulator,
    clock: Clock,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    tally: Callable[..., None],
) -> None:
    """In one process, on a clock of its own, with the longest pauses that chance can give."""
    world = World(tmp_path, simulator, clock, database_url)
    world.engine.worker.random = lambda: 1.0
    long, without = request.config.getoption("--long"), ELSEWHERE | NEEDS_A_SOCKET
    drawn = (
        [pair for seed in range(10) for pair in pairs(seed, without)]
        if long
        else pairs(0, without)[:12]
    )
    try:
        for pair in drawn:
            took, usual = seconds_until_the_end(world, pair)
            assert took <= 2 * SETTLE + 10 + sum(
                A_FEW_MINUTES.get(fault, 0.0) for fault in (pair.fault, pair.second)
            ), pair
            assert usual, pair
    finally:
        world.close()
    tally("pairs of faults, in process", store, None, pairs=len(drawn))


def seconds_until_the_end(world: World, pair: Pair) -> tuple[float, bool]:
    """And whether it succeeded, with nothing wrong and nothing bought twice."""
    world.reset()
    for action in BEFORE.get(pair.action, ("create",)):
        hook(world, action)
        world.work(2 * SETTLE)
    world.fault(pair.command, pair.fault)
    world.fault(pair.then, pair.second)
    begin = world.clock.now
    hook(world, pair.action)
    while (job := world.rows(tables.jobs)[-1])["status"] not in ENDED:
        if not world.step():
            world.clock.now = world.next_job() or begin
    bought = [world.outside.bought("example.net", command) for command in SPENDING]
    good = job["status"] == "succeeded" and world.outside.wrong == [] and max(bought) <= 1
    return job["finished_at"] - begin, good


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(3))
def test_a_second_fault_during_recovery(
    store: str,
    seed: int,
    database_url: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    tally: Callable[..., None],
) -> None:
    stage = Stage(tmp_path)
    trial = Trial(stage, database_url, list(pairs(seed)))
    trial.patience = 900.0  # where the machine is slow, time-outs come on top of the faults
    arm_second = {str(pair): pair for pair in trial.cells if isinstance(pair, Pair)}
    send = trial.send

    def armed(cell: Cell, action: str) -> None:
        pair = arm_second.get(str(cell))
        if pair is not None and action == cell.action:
            delay = {"delay": DELAYS[pair.second]} if pair.second in DELAYS else {}
            stage.sim.control(
                "/faults",
                {"command": pair.then, "fault": pair.second, "domain": pair.domain, **delay},
            )
        send(cell, action)

    trial.send = armed  # type: ignore[method-assign]
    try:
        counts = trial.run()
        tally("pairs of faults", store, counts)
        assert counts.faults == {}
        jobs = {job["service_id"]: job for job in read(database_url)["jobs"]}
        assert {
            name: jobs[name]["status"]
            for name in arm_second
            if jobs[name]["status"] not in ("succeeded", "held")
        } == {}
        assert [str(cell) for cell in trial.cells if stage.bought(cell.domain) > 1] == []
    finally:
        trial.bridge.close()
        stage.close()
