"""The clock of an embedded database: a step of the machine's clock shortens no wait, and is
followed slowly."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from bridge.store import Database
from bridge.store.base import database


class Machine:
    """`passed` seconds since the start; its clock shows `stepped` more than it should."""

    def __init__(self) -> None:
        self.passed = self.stepped = 0.0

    def time(self) -> float:
        return 1_800_000_000.0 + self.passed + self.stepped

    def monotonic(self) -> float:
        return 500.0 + self.passed


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()
    monkeypatch.setattr(database, "time", SimpleNamespace(time=made.time, monotonic=made.monotonic))
    return made


@pytest.fixture
def embedded(machine: Machine, tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path}/bridge.sqlite3")
    yield made
    made.close()


@pytest.mark.parametrize("step", [3600.0, -3600.0])
def test_a_step_of_the_machines_clock_moves_nothing_at_once(
    machine: Machine, embedded: Database, step: float
) -> None:
    before = embedded.clock()
    machine.stepped = step
    machine.passed = 20.0
    assert embedded.clock() == before + 20
    embedded.synchronise()
    assert abs(embedded.clock() - (before + 20)) <= 2


@pytest.mark.parametrize("step", [3600.0, -3600.0])
def test_in_the_end_it_shows_the_machines_time_and_never_went_back(
    machine: Machine, embedded: Database, step: float
) -> None:
    machine.stepped = step
    seen = [embedded.clock()]
    for _ in range(3000):
        machine.passed += 15
        embedded.synchronise()
        seen.append(embedded.clock())
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(machine.time())
