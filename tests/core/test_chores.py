"""What has to happen now and then: one that fails ends nobody else's turn, is seen to fail, and
fills no log."""

from typing import Any

from bridge.domain.errors import StoreUnavailable
from bridge.infra.events import Events
from bridge.infra.periodic_tasks import AGAIN, PeriodicTask, PeriodicTasks


class House:
    """Three chores; those in `broken` raise what stands there."""

    def __init__(self) -> None:
        self.now = 0.0
        self.done: list[Any] = []
        self.result: list[Any] = []
        self.broken: dict[str, Exception] = {}
        self.events = Events()
        self.events.add(self)
        every = {"probes": 5.0, "wiping": 5.0, "pruning": 3600.0}
        self.periodic_tasks = PeriodicTasks(
            [
                PeriodicTask(name, pause, lambda name=name: self.do(name))
                for name, pause in every.items()
            ],
            self.events,
        )

    def do(self, name: str) -> None:
        if name in self.broken:
            raise self.broken[name]
        self.done.append(name)

    def begin(self, kind: str, facts: dict[str, Any]) -> None: ...
    def end(self, begun: None, kind: str, facts: dict[str, Any], seconds: float) -> None:
        self.result.append((kind, facts["name"], facts["outcome"]))

    def turn(self, seconds: float) -> list[str]:
        """What was done in the round so many seconds later."""
        self.now += seconds
        self.done.clear()
        self.periodic_tasks.run_due(lambda: self.now)
        return list(self.done)


def test_each_is_done_at_its_interval_and_at_the_start() -> None:
    house = House()
    assert house.turn(0) == ["probes", "wiping", "pruning"]
    assert house.turn(4) == []
    assert house.turn(1) == ["probes", "wiping"]
    assert house.turn(3600) == ["probes", "wiping", "pruning"]


def test_one_that_raises_ends_no_other_and_is_tried_again_after_a_while() -> None:
    for fault in (ZeroDivisionError("a fault of ours"), StoreUnavailable("The database is busy.")):
        house = House()
        house.broken["probes"] = fault
        assert house.turn(0) == ["wiping", "pruning"]
        assert house.result == [
            ("chore", "probes", "failed"),
            ("chore", "wiping", "done"),
            ("chore", "pruning", "done"),
        ]
        house.broken["probes"] = AssertionError("tried too soon")
        house.result.clear()
        assert house.turn(5) == ["wiping"]
        assert ("chore", "probes", "failed") not in house.result
        del house.broken["probes"]
        assert house.turn(AGAIN) == ["probes", "wiping"]
        assert ("chore", "probes", "done") in house.result


def test_one_that_takes_long_is_not_due_again_at_once() -> None:
    house = House()

    def slow() -> None:
        house.now += 100

    periodic_tasks = PeriodicTasks([PeriodicTask("slow", 5.0, slow)], Events())
    periodic_tasks.run_due(lambda: house.now)
    periodic_tasks.run_due(lambda: house.now)
    assert house.now == 100
