"""A second fault while the bridge recovers from the first, in pairs drawn by seed: the end is right, or a person is asked."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bridge.sim.faults import FITS
from tests.flow.test_lying_remote import COMMANDS, DELAYS, ELSEWHERE, READS, Cell, Trial, cells
from tests.support.audit import read
from tests.support.stage import Stage

PAIRS = 150


@dataclass(frozen=True)
class Pair(Cell):
    """`command` meets `fault`, and after it `then` meets `second`."""

    then: str = ""
    second: str = ""

    def __str__(self) -> str:
        return f"{super().__str__()}-{self.then}-{self.second}".replace("_", "-").lower()


def pairs(seed: int) -> list[Cell]:
    chance = random.Random(seed)
    drawn = {}
    for cell in chance.sample(list(cells()), PAIRS):
        then = chance.choice((cell.command, *READS, *COMMANDS[cell.action]))
        fits = ("any", "hosted" if then.islower() else "interface")
        second = chance.choice(sorted(name for name, fit in FITS.items() if fit in fits and name not in ELSEWHERE))
        pair = Pair(cell.action, cell.command, cell.fault, then, second)
        if len(str(pair)) < 60:  # it names a domain
            drawn[str(pair)] = pair
    return list(drawn.values())


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(3))
def test_a_second_fault_during_recovery(
    store: str, seed: int, database_url: str, tmp_path: Path, request: pytest.FixtureRequest, tally: Callable[..., None]
) -> None:
    stage = Stage(tmp_path)
    trial = Trial(stage, database_url, pairs(seed))
    trial.patience = 900.0  # two pauses of growing length follow each other
    arm_second = {str(pair): pair for pair in trial.cells if isinstance(pair, Pair)}
    send = trial.send

    def armed(cell: Cell, action: str) -> None:
        pair = arm_second.get(str(cell))
        if pair is not None and action == cell.action:
            delay = {"delay": DELAYS[pair.second]} if pair.second in DELAYS else {}
            stage.sim.control("/faults", {"command": pair.then, "fault": pair.second, "domain": pair.domain, **delay})
        send(cell, action)

    trial.send = armed  # type: ignore[method-assign]
    try:
        counts = trial.run()
        tally("pairs of faults", store, counts)
        assert counts.faults == {}
        jobs = {job["service_id"]: job for job in read(database_url)["jobs"]}
        assert {name: jobs[name]["status"] for name in arm_second if jobs[name]["status"] not in ("succeeded", "held")} == {}
        assert [str(cell) for cell in trial.cells if stage.bought(cell.domain) > 1] == []
    finally:
        trial.bridge.close()
        stage.close()
