"""The machine's clock jumps an hour, either way, at each point of a job: nothing is lost, and
nothing is bought twice."""

import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import pytest

from bridge import wiring
from bridge.domain.jobs import ENDED
from bridge.reporting import explain
from bridge.sim import Simulator
from bridge.store.base import database, tables
from tests.support.bench import Clock
from tests.support.bridge import furnish
from tests.support.scene import PASSWORD, Scene
from tests.support.world import World

BOX = "box@example.net"  # its domain has no pak
HOUR = 3600.0


class Ahead(Scene):
    """A bridge on a machine whose clock shows so many seconds more."""

    ahead = 0.0

    def tuning(self) -> wiring.Tuning:
        watch = SimpleNamespace(
            time=lambda: self.clock.now + self.ahead, monotonic=self.clock, sleep=time.sleep
        )
        self.watches = [
            mock.patch.object(database, "time", watch),
            mock.patch.object(wiring, "time", watch),
        ]
        for each in self.watches:
            each.start()
        return wiring.Tuning()

    def close(self) -> None:
        for each in self.watches:
            each.stop()
        super().close()


class HourAhead(Ahead):
    ahead = HOUR


class Stepped(World):
    """Time passes for all alike; the bridge's machine shows so many seconds more."""

    ahead = 0.0

    def tuning(self) -> wiring.Tuning:
        wall = lambda: self.clock.now + self.ahead  # noqa: E731
        watch = SimpleNamespace(time=wall, monotonic=self.clock, sleep=time.sleep)
        self.watches = [
            mock.patch.object(database, "time", watch),
            mock.patch.object(wiring, "time", watch),
        ]
        for each in self.watches:
            each.start()
        return wiring.Tuning(checkpoint=self.trap)

    def close(self) -> None:
        for each in self.watches:
            each.stop()
        super().close()


@pytest.fixture
def world(
    simulator: Simulator, clock: Clock, database_url: str, tmp_path: Path
) -> Iterator[Stepped]:
    made = Stepped(tmp_path, simulator, clock, database_url)
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


@pytest.mark.parametrize(
    "store", ["sqlite"]
)  # PostgreSQL has a clock of its own, which is not this machine's
@pytest.mark.parametrize("step", [HOUR, -HOUR])
def test_a_clock_that_jumps_loses_nothing_and_repeats_no_purchase(
    world: Stepped, step: float
) -> None:
    for n in range(2, len(points(world)) + 1, 3):
        world.ahead = 0.0
        world.reset()
        world.fault("PurchasePOPBundle", "drop_after")
        world.sim.control("/settings", {"stale_seconds": 15.0})  # less than settle
        world.trap.point, world.trap.left, world.trap.act = (
            "*",
            n,
            lambda: setattr(world, "ahead", step),
        )
        world.hook("create", address=BOX, password=PASSWORD)
        run_out(world)
        world.trap.point = ""
        assert [row["status"] for row in world.rows(tables.jobs)] == ["succeeded"], (
            f"stepped at point {n}"
        )
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


@pytest.mark.parametrize("store", ["sqlite"])
def test_after_a_start_with_the_clock_put_right_what_it_had_leased_goes_on_within_a_minute(
    simulator: Simulator, clock: Clock, database_url: str, tmp_path: Path
) -> None:
    """The clock is an hour ahead, is put right, and the bridge is killed and started again."""
    simulator.control("/reset")
    furnish(simulator)
    before = HourAhead(tmp_path, simulator, clock, database_url, account__max_in_flight=4)
    before.engine.beat()
    hooks = [
        before.body(
            "mailbox.create", address=f"box{n}@example.com", service_id=str(n), password=PASSWORD
        )
        for n in range(3)
    ]
    taken = [
        before.post("/hooks/shop", body, before.sign(body, f"msg_{n}", skew=HOUR))
        for n, body in enumerate(hooks)
    ]
    claimed = before.engine.queue.claim(before.engine.owner, before.engine.limits)
    assert claimed is not None
    running, waiting = (
        claimed.id,
        [id for answer in taken if (id := (answer.json or {})["job"]) != claimed.id],
    )
    before.close()

    clock.now += 10
    after = Ahead(tmp_path, simulator, clock, database_url, account__max_in_flight=4)
    try:
        result = [explained(after, job) for job in (running, *waiting)]
        assert "no longer responds" in result[0] and "restart the bridge" in result[0]
        assert all(
            f"running now in this domain: {running}, and not before" in text for text in result[1:]
        )
        after.work(1800)
        assert {after.job({"job": job})["status"] for job in (running, *waiting)} == {
            "running",
            "queued",
        }, "for an hour"

        wiring.correct_future_times(after.service)
        after.work(120)
        for _ in range(2):
            clock.now += 60
            after.work(300)
        assert {after.job({"job": job})["status"] for job in (running, *waiting)} == {"succeeded"}
    finally:
        after.close()


def explained(scene: Scene, job: str) -> str:
    return "\n".join(
        explain.tell(
            scene.service.lookup.story(job), scene.service.account_state.worker_alive(), 72
        )
    )
