"""The machine's clock jumps an hour, either way, at each point of a job: nothing is lost, and nothing is bought twice."""

import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import pytest

from bridge import wiring
from bridge.jobs import ENDED
from bridge.sim import Simulator
from bridge.store import database, tables
from tests.support.scene import PASSWORD
from tests.support.world import World

BOX = "box@example.net"  # its domain has no pak
HOUR = 3600.0


class Stepped(World):
    """Time passes for all alike; the bridge's machine shows so many seconds more."""

    ahead = 0.0

    def tuning(self) -> wiring.Tuning:
        wall = lambda: self.clock.now + self.ahead  # noqa: E731
        watch = SimpleNamespace(time=wall, monotonic=self.clock, sleep=time.sleep)
        self.watches = [mock.patch.object(database, "time", watch), mock.patch.object(wiring, "time", watch)]
        for each in self.watches:
            each.start()
        return wiring.Tuning(checkpoint=self.trap)

    def close(self) -> None:
        for each in self.watches:
            each.stop()
        super().close()


@pytest.fixture
def world(simulator: Simulator, database_url: str, tmp_path: Path) -> Iterator[Stepped]:
    made = Stepped(tmp_path, simulator, simulator.clock, database_url)  # type: ignore[attr-defined]
    yield made
    made.close()


def run_out(world: Stepped) -> None:
    for _ in range(100):
        world.work(20)
        world.service.database.synchronise()
        if all(row["status"] in ENDED for row in world.rows(tables.jobs)):
            return


def points(world: Stepped) -> list[str]:
    world.fault("PurchasePOPBundle", "drop_after")
    world.hook("create", address=BOX, password=PASSWORD)
    run_out(world)
    return list(world.trap.passed)


@pytest.mark.parametrize("store", ["sqlite"])  # PostgreSQL has a clock of its own, which is not this machine's
@pytest.mark.parametrize("step", [HOUR, -HOUR])
def test_a_clock_that_jumps_loses_nothing_and_repeats_no_purchase(world: Stepped, step: float) -> None:
    for n in range(2, len(points(world)) + 1, 3):
        world.ahead = 0.0
        world.reset()
        world.fault("PurchasePOPBundle", "drop_after")
        world.sim.control("/settings", {"stale_seconds": 15.0})  # less than settle
        world.trap.point, world.trap.left, world.trap.act = "*", n, lambda: setattr(world, "ahead", step)
        world.hook("create", address=BOX, password=PASSWORD)
        run_out(world)
        world.trap.point = ""
        assert [row["status"] for row in world.rows(tables.jobs)] == ["succeeded"], f"stepped at point {n}"
        assert world.outside.bought("example.net", "PurchasePOPBundle") == 1
        assert world.outside.wrong == []


@pytest.mark.parametrize("store", ["sqlite"])
@pytest.mark.parametrize("step", [HOUR, -HOUR])
def test_what_is_signed_by_another_clock_is_refused_meanwhile(world: Stepped, step: float) -> None:
    world.ahead = step
    assert world.send("mailbox.create", id="msg_1", password=PASSWORD).status_code == 401
    assert world.rows(tables.hooks) == []
    world.ahead = 0.0  # the clock is set right, and billing sends again
    assert world.send("mailbox.create", id="msg_1", password=PASSWORD).status_code == 202
