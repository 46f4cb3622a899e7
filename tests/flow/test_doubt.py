"""A purchase in doubt whose job is not needed any more: a person can end the doubt, and what
waits for it goes on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.domain.errors import NotPossible
from bridge.sim import Simulator
from bridge.store.base import tables
from tests.support.bench import Clock
from tests.support.scene import PASSWORD
from tests.support.stores import BACKENDS
from tests.support.world import LEASE, SETTLE, Crash, World

BOX = "box@example.net"  # its domain has no pak


@pytest.fixture
def world(simulator: Simulator, clock: Clock, database_url: str, tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, simulator, clock, database_url)
    yield made
    made.close()


def crash() -> None:
    raise Crash


def test_a_doubt_that_holds_up_the_hook_that_took_its_place_can_be_ended(world: World) -> None:
    world.trap.point, world.trap.left, world.trap.act = "intent-committed", 1, crash
    first = world.hook("create", address=BOX, password=PASSWORD)
    world.work(150)
    assert world.job(first)["status"] == "held"
    second = world.hook("create", address=BOX, password="Other-Secret.8")
    world.work(150)
    assert (world.job(second)["status"], world.job(second)["waiting_for"]) == ("queued", "settle")
    with pytest.raises(NotPossible, match=r"overtaken.*counts as settled"):
        world.service.operator.retry(first["job"])
    world.work(150)
    assert world.job(second)["status"] == "succeeded"
    assert world.outside.bought("example.net", "PurchasePOPBundle") == 1
    assert [row["outcome"] for row in world.rows(tables.purchases)] == ["judged", "done"]


def test_a_purchase_that_came_late_is_not_repeated_by_a_retry_that_reads_the_past(
    world: World,
) -> None:
    """Its sender was stopped; it went out just before a person tried again, and no read shows it
    yet."""

    def meanwhile() -> None:
        world.clock.now += LEASE + 1
        world.work(150)

    world.sim.control("/settings", {"stale_seconds": SETTLE - 1.0})
    world.outside.sending = world.trap
    world.trap.point, world.trap.left, world.trap.act = "sending", 1, meanwhile
    first = world.hook("create", address=BOX, password=PASSWORD)
    world.step("stopped")
    assert world.job(first)["status"] == "held"
    again = world.service.operator.retry(first["job"])
    world.work(300)
    assert world.job({"job": again.job})["status"] == "succeeded"
    assert world.outside.bought("example.net", "PurchasePOPBundle") == 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_second_answer_that_is_lost_takes_the_new_mailbox_from_nobody(
    backend: str, simulator: Simulator, clock: Clock, database_url: str, tmp_path: Path
) -> None:
    """The creation and what follows it both come late: a lost answer does not say that the
    mailbox is another's."""
    world = World(tmp_path, simulator, clock, database_url, backend=backend)
    try:
        world.outside.delays = [SETTLE - 1.0] * 2
        receipt = world.hook("create", password=PASSWORD)
        world.work(600)
        job = world.job(receipt)
        assert (job["status"], job["error"]) == ("succeeded", None)
        [record] = world.rows(tables.mailboxes)
        assert (record["source"], record["service_id"]) == ("shop", "7")
        assert (world.mailbox() or {})["password"] == PASSWORD
    finally:
        world.close()
