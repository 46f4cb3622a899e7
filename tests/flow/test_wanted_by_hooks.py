"""What takes a mailbox away is asked again whether it is still wanted: when it comes, while it
waits, just before a command."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bridge.domain.errors import NotPossible
from bridge.domain.model import Address, Mailbox
from bridge.infra.crypto import Purpose
from bridge.sim import Simulator
from bridge.store.base import tables
from tests.support.bench import Clock
from tests.support.scene import PASSWORD, Open, Scene
from tests.support.stores import on_sqlite
from tests.support.world import World

store = on_sqlite  # the store's part in these rules is tested in tests/store

DAY = 86400.0
OTHER = "Other-Secret.8"
AMY = "amy@example.com"
NEEDS: Mapping[str, dict[str, Any]] = {
    "unsuspend": {},
    "create": {"password": PASSWORD},
    "renew": {"until": "2027-06-01"},
}
DELETES = ("DeletePOP3", "delete_user")

needs = pytest.mark.parametrize("needs", NEEDS)


def ended(scene: Scene, *sent: dict[str, Any]) -> list[str]:
    """Status and code of each."""
    shown = [scene.job(each) for each in sent]
    return [
        " ".join(filter(None, (each["status"], (each["error"] or {}).get("code"))))
        for each in shown
    ]


# It waits: the account is paused, and the customer pays meanwhile.


@needs
def test_what_waits_for_a_paused_account_is_called_off_by_a_customer_who_pays(
    scene: Scene, needs: str
) -> None:
    scene.do("create", password=PASSWORD)
    scene.do("suspend")
    scene.service.operator.pause_account("main", "")
    terminate = scene.hook("terminate")
    scene.clock.now += DAY
    paid = scene.hook(needs, **NEEDS[needs])
    assert ended(scene, terminate) == ["cancelled overtaken"]
    scene.service.operator.resume_account("main")
    scene.work(300)
    assert ended(scene, terminate, paid) == ["cancelled overtaken", "succeeded"]
    assert scene.mailbox() is not None and scene.calls(*DELETES) == []
    assert scene.call_back(60)[-1]["data"]["job"] == paid["job"]


def test_what_waited_before_it_is_done_once_it_is_called_off(scene: Scene) -> None:
    """Else the mailbox of a paid service would never be made: each hook cancelled for the sake
    of the next."""
    scene.service.operator.pause_account("main", "")
    create = scene.hook("create", password=PASSWORD)
    word = scene.hook("change_password", password=OTHER)
    terminate, paid = scene.hook("terminate"), scene.hook("renew", until="2027-06-01")
    scene.service.operator.resume_account("main")
    scene.work(300)
    assert ended(scene, create, word, terminate, paid) == [
        "succeeded",
        "succeeded",
        "cancelled overtaken",
        "succeeded",
    ]
    assert (scene.mailbox() or {})["password"] == OTHER


def test_what_waited_before_it_is_not_begun_when_it_stays(scene: Scene) -> None:
    scene.service.operator.pause_account("main", "")
    create, word, terminate = (
        scene.hook("create", password=PASSWORD),
        scene.hook("change_password", password=OTHER),
        scene.hook("terminate"),
    )
    assert ended(scene, create, word, terminate) == ["queued", "queued", "queued"]
    scene.service.operator.resume_account("main")
    scene.work(300)
    assert ended(scene, create, word, terminate) == [
        "cancelled overtaken",
        "cancelled overtaken",
        "succeeded",
    ]
    assert {call["command"] for call in scene.calls()} <= {"GetPOP3", "get_user"}
    result = [each["data"]["job"] for each in scene.call_back(60)]
    assert terminate["job"] in result


@pytest.mark.parametrize("other", ["suspend", "change_password", "change_plan", "terminate"])
def test_nothing_else_calls_it_off(scene: Scene, other: str) -> None:
    scene.do("create", password=PASSWORD)
    scene.service.operator.pause_account("main", "")
    terminate = scene.hook("terminate")
    scene.clock.now += 60
    scene.hook(
        other,
        **{"change_password": {"password": OTHER}, "change_plan": {"plan": "large"}}.get(other, {}),
    )
    scene.hook("unsuspend", service_id="8")
    assert ended(scene, terminate) == ["queued"]
    scene.service.operator.resume_account("main")
    scene.work(300)
    assert scene.mailbox() is None


# It is held.


def over_the_limit(open_scene: Open, **more: Any) -> tuple[Scene, dict[str, Any]]:
    """A scene in which the deletion of john.doe is held by the hourly limit."""
    scene = open_scene(safety__max_terminations_per_hour=1, **more)
    scene.do("create", address=AMY, service_id="8", password=PASSWORD)
    scene.do("create", password=PASSWORD)
    assert scene.do("terminate", address=AMY, service_id="8")["status"] == "succeeded"
    held = scene.do("terminate")
    assert ended(scene, held) == ["held unsafe"]
    scene.call_back(60)
    scene.receiver.callbacks.clear()
    return scene, held


@needs
def test_what_the_hourly_limit_holds_is_called_off_by_a_customer_who_pays(
    open_scene: Open, needs: str
) -> None:
    scene, held = over_the_limit(open_scene)
    paid = scene.do(needs, **NEEDS[needs])
    scene.do("change_password", password=OTHER)
    assert ended(scene, held, paid) == ["cancelled overtaken", "succeeded"]
    for approve in (True, False):
        with pytest.raises(NotPossible, match="only held"):
            scene.service.operator.retry(held["job"], approve=approve)
    scene.work(300)
    assert (scene.mailbox() or {})["password"] == OTHER
    result = [each for each in scene.call_back(60) if each["data"]["job"] == held["job"]]
    assert [(each["id"], each["type"], each["data"]["error"]["code"]) for each in result] == [
        (f"cb_{held['job']}_2", "job.cancelled", "overtaken")
    ]


def test_what_a_person_had_approved_already_is_called_off_all_the_same(open_scene: Open) -> None:
    scene, held = over_the_limit(open_scene)
    scene.service.operator.pause_account("main", "")
    again = scene.service.operator.retry(held["job"], approve=True)
    scene.hook("unsuspend")
    scene.service.operator.resume_account("main")
    scene.work(300)
    assert ended(scene, {"job": again.job}, held) == ["cancelled overtaken", "held unsafe"]
    assert scene.mailbox() is not None
    with pytest.raises(NotPossible, match="already approved"):
        scene.service.operator.retry(held["job"], approve=True)


# It comes late.


@needs
def test_one_that_is_older_by_its_own_time_than_what_needs_the_mailbox_comes_too_late(
    scene: Scene, needs: str
) -> None:
    scene.do("create", password=PASSWORD, at=-3600)
    paid = scene.do(needs, **NEEDS[needs])
    late = scene.hook("terminate", at=-600)
    assert ended(scene, paid, late) == ["succeeded", "cancelled overtaken"]
    scene.work(300)
    assert scene.mailbox() is not None
    assert scene.do("terminate", at=1)["status"] == "succeeded"
    assert scene.mailbox() is None


def test_equal_times_go_by_arrival_and_a_whole_second_is_not_older_than_a_part_of_it(
    scene: Scene,
) -> None:
    scene.clock.now = float(int(scene.clock.now))
    scene.do("create", password=PASSWORD)
    scene.clock.now = float(int(scene.clock.now) + 1)
    scene.hook("unsuspend", at=0.5)
    assert scene.do("terminate", at=0)["status"] == "succeeded"
    assert scene.mailbox() is None


def test_another_services_hooks_for_the_address_make_nothing_forgotten(scene: Scene) -> None:
    scene.do("create", password=PASSWORD, at=-3600)
    scene.do("unsuspend")
    scene.do("unsuspend", service_id="8")
    assert ended(scene, scene.hook("terminate", at=-600)) == ["cancelled overtaken"]
    assert scene.do("terminate", at=-600, service_id="9")["error"]["code"] == "not_ours"


def test_a_create_that_is_older_than_an_unsuspend_is_not_late_by_it(scene: Scene) -> None:
    """It decides more than the unsuspend does."""
    scene.do("unsuspend")
    assert scene.do("create", password=PASSWORD, at=-600)["status"] == "succeeded"


def test_a_parked_one_that_is_read_again_is_older_than_what_was_paid_since(scene: Scene) -> None:
    scene.do("create", password=PASSWORD, at=-3600)
    body = json.loads(
        scene.body("mailbox.terminate", at=-600, service_id="7", address="john.doe@example.com")
    )
    parked = {**body, "data": body["data"] | {"address": "john doe@example.com"}}
    raw = json.dumps(parked).encode()
    assert scene.post("/hooks/shop", raw, scene.sign(raw, "msg_parked")).status_code == 422
    scene.do("unsuspend")
    # As after an upgrade that reads more: its body is readable now.
    with scene.service.database.write() as tx:
        sealed = scene.service.sealer.seal(Purpose.CONTENT, json.dumps(body).encode().decode())
        digest = scene.service.sealer.digest(
            Purpose.CONTENT, json.dumps([body["type"], body["data"]], sort_keys=True).encode()
        )
        tx.execute(
            sa.update(tables.hooks)
            .where(tables.hooks.c.hook_id == "msg_parked")
            .values(sealed=sealed, digest=digest)
        )
    preview = scene.service.replay.recorded("msg_parked", "shop")
    assert preview.problem is None
    receipt = scene.service.replay.carry_out(preview, "ann")
    assert (receipt.status, (receipt.error or {})["code"]) == ("cancelled", "overtaken")
    scene.work(300)
    assert scene.mailbox() is not None


# A worker is at it.


@pytest.fixture
def open_world(
    simulator: Simulator, clock: Clock, database_url: str, tmp_path: Path
) -> Iterator[Callable[..., World]]:
    made: list[World] = []

    def make(**changes: Any) -> World:
        made.append(World(tmp_path, simulator, clock, database_url, **changes))
        return made[-1]

    yield make
    for world in made:
        world.close()


POINTS = ("claimed", "observed", "planned")


@needs
@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("grace", [0, 7])
def test_what_a_worker_is_at_is_called_off_before_its_first_command(
    open_world: Callable[..., World], needs: str, point: str, grace: int
) -> None:
    world = open_world(safety__terminate_grace_days=grace)
    world.do("create", password=PASSWORD)
    paid: list[dict[str, Any]] = []
    world.trap.point, world.trap.left = point, 1
    world.trap.act = lambda: paid.append(world.hook(needs, **NEEDS[needs]))
    terminate = world.hook("terminate")
    world.work(300)
    assert ended(world, terminate, paid[0]) == ["cancelled overtaken", "succeeded"]
    assert world.job(terminate)["changed"] is False
    assert world.mailbox() is not None and world.calls(*DELETES, "logout_user") == []
    world.periodic_tasks(9 * DAY)
    world.work(300)
    assert world.mailbox() is not None
    assert world.outside.wrong == []


@needs
def test_a_grace_that_needs_no_command_does_not_begin_either(
    open_world: Callable[..., World], needs: str
) -> None:
    """It is suspended already, as it mostly is before a terminate."""
    world = open_world(safety__terminate_grace_days=7)
    world.do("create", password=PASSWORD)
    world.do("suspend")
    paid: list[dict[str, Any]] = []
    world.trap.point, world.trap.left = "finishing", 1
    world.trap.act = lambda: paid.append(world.hook(needs, **NEEDS[needs]))
    terminate = world.hook("terminate")
    world.work(300)
    assert ended(world, terminate, paid[0]) == ["cancelled overtaken", "succeeded"]
    assert [row["delete_after"] for row in world.rows(tables.mailboxes)] == [None]


def test_the_rest_of_a_suspension_that_begins_a_grace_is_not_sent(
    open_world: Callable[..., World],
) -> None:
    world = open_world(safety__terminate_grace_days=7)
    world.do("create", password=PASSWORD)
    paid: list[dict[str, Any]] = []
    world.trap.point, world.trap.left = "answer-committed", 1
    world.trap.act = lambda: paid.append(world.hook("unsuspend"))
    terminate = world.hook("terminate")
    world.work(300)
    assert ended(world, terminate, paid[0]) == ["cancelled overtaken", "succeeded"]
    result = world.job(terminate)
    assert (result["changed"], result["state"]) == (True, "suspended")
    assert set((world.mailbox() or {})["services"].values()) == {"enabled"}
    assert world.outside.wrong == []


def test_a_deletion_that_surely_was_not_sent_is_asked_again(
    open_world: Callable[..., World],
) -> None:
    """The account turned out to be in maintenance, hours go by, and the customer pays."""
    world = open_world()
    world.do("create", password=PASSWORD)
    world.fault("DeletePOP3", "maintenance", times=None)
    terminate = world.hook("terminate")
    world.work(60)
    assert world.job(terminate)["status"] == "queued" and len(world.calls("DeletePOP3")) >= 1
    paid = world.hook("unsuspend")
    world.sim.control("/faults", method="DELETE")
    world.work(600)
    assert ended(world, terminate, paid) == ["cancelled overtaken", "succeeded"]
    assert world.mailbox() is not None


def test_a_deletion_whose_answer_was_lost_and_that_does_not_show_is_asked_again(
    open_world: Callable[..., World],
) -> None:
    world = open_world()
    world.do("create", password=PASSWORD)
    world.fault("DeletePOP3", "drop_before")
    terminate = world.hook("terminate")
    world.work(2)
    paid = world.hook("unsuspend")
    world.work(600)
    assert ended(world, terminate, paid) == ["cancelled overtaken", "succeeded"]
    assert world.mailbox() is not None and len(world.calls("DeletePOP3")) == 1


def test_one_that_deleted_before_the_customer_came_back_says_so(
    open_world: Callable[..., World],
) -> None:
    world = open_world()
    world.do("create", password=PASSWORD)
    paid: list[dict[str, Any]] = []
    world.trap.point, world.trap.left = "intent-committed", 1
    world.trap.act = lambda: paid.append(world.hook("unsuspend"))
    terminate = world.hook("terminate")
    world.work(300)
    assert ended(world, terminate, paid[0]) == ["succeeded", "failed not_found"]


# A grace.


def in_grace(scene: Scene) -> None:
    scene.do("create", password=PASSWORD)
    assert scene.do("terminate")["state"] == "suspended"


@needs
def test_a_deletion_at_the_end_of_a_grace_that_is_held_is_called_off(
    open_scene: Open, needs: str
) -> None:
    scene = open_scene(safety__terminate_grace_days=7, safety__max_terminations_per_hour=1)
    in_grace(scene)
    scene.do("create", address=AMY, service_id="8", password=PASSWORD)
    scene.do("terminate", address=AMY, service_id="8")
    scene.periodic_tasks(8 * DAY)
    scene.work(300)
    held = next(row for row in rows(scene) if row["purge"] and row["status"] == "held")
    scene.do(needs, service_id=held["service_id"], address=held["address"], **NEEDS[needs])
    (purge,) = (row for row in rows(scene) if row["id"] == held["id"])
    assert (purge["status"], purge["error"]["code"]) == ("cancelled", "overtaken")
    with pytest.raises(NotPossible):
        scene.service.operator.retry(held["id"], approve=True)
    scene.periodic_tasks(3 * DAY)
    scene.work(300)
    assert scene.mailbox(held["address"]) is not None


def rows(scene: Scene) -> list[Any]:
    with scene.service.database.read() as tx:
        return list(tx.execute(sa.select(tables.jobs).order_by(tables.jobs.c.id)).mappings())


def test_a_renewal_takes_the_deletion_after_a_grace_back(open_scene: Open) -> None:
    scene = open_scene(safety__terminate_grace_days=7)
    in_grace(scene)
    assert scene.do("renew", until="2027-06-01")["status"] == "succeeded"
    assert scene.service.lookup.record("main", "john.doe@example.com").delete_after is None
    scene.periodic_tasks(9 * DAY)
    scene.work(300)
    assert scene.mailbox() is not None


def test_a_customer_who_came_back_in_vain_is_not_deleted_at_the_end_of_the_grace(
    open_scene: Open,
) -> None:
    """The unsuspension is held for a person, and nobody looks in time."""
    scene = open_scene(safety__terminate_grace_days=7, worker__retry_hours=0.1)
    in_grace(scene)
    scene.fault("change_user", "oma_25", times=None)
    back = scene.do("unsuspend", seconds=3 * 3600)
    assert back["status"] in ("failed", "held")
    scene.sim.control("/faults", method="DELETE")
    scene.periodic_tasks(8 * DAY)
    scene.work(300)
    scene.periodic_tasks(8 * DAY)
    scene.work(300)
    assert scene.mailbox() is not None and scene.calls(*DELETES) == []
    assert scene.do("terminate")["state"] == "suspended"
    scene.periodic_tasks(8 * DAY)
    scene.work(300)
    assert scene.mailbox() is None


def test_a_preview_goes_by_the_record_as_it_is_after_the_look(open_scene: Open) -> None:
    """Its look may have begun before a worker's last command."""
    scene = open_scene(backend="hosted-email", bridge__wait_limit=0)
    assert scene.do("create", password=PASSWORD)["status"] == "succeeded"
    scene.clock.now += 300
    scene.do("change_plan", plan="large", id="msg_plan")
    scene.clock.now += 300
    backend = scene.service.accounts["main"].backend
    real = backend.observe

    def slow(address: Address, *about: Any) -> Mailbox:
        seen = real(address, *about)  # and its answer travels
        backend.observe = real
        assert scene.do("terminate")["status"] == "succeeded"
        return seen

    backend.observe = slow
    preview = scene.service.replay.recorded("msg_plan", "shop")
    assert preview.problem is not None and preview.problem[0] == "unclear", preview.plan
