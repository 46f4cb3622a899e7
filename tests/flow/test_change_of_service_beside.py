"""A change of service beside crashes, other processes and what people do meanwhile."""

import threading
from contextlib import suppress
from typing import Any

import pytest
import sqlalchemy as sa

from bridge.domain.errors import NotPossible
from bridge.domain.model import Address
from bridge.store.base import tables
from tests.flow.test_change_of_service import (
    COMPANY,
    SINGLE,
    THIRD,
    commands,
    data,
    ended,
    move,
    owner,
    work_off,
)
from tests.flow.test_scenarios_services import A, B, C, create, done, states, whole
from tests.support.scene import Open, Scene
from tests.support.together import each_at_once


def test_the_same_id_with_another_former_service_is_refused(mail: Scene) -> None:
    mail.hook("change_service", id="msg_x", **data())
    other = mail.send("mailbox.change_service", id="msg_x", **data(source="1043"))
    assert other.status_code == 409
    same = mail.send("mailbox.change_service", id="msg_x", **data())
    assert same.status_code in (200, 202)


def test_a_failed_one_tried_again_after_it_went_on_and_came_back(sold: Scene) -> None:
    create(sold, C, service_id=COMPANY, seats=1)
    failed = move(sold, seats=1)
    assert ended(failed) == ("failed", "seats_full")
    assert move(sold, A, SINGLE, THIRD)["status"] == "succeeded"
    assert move(sold, A, THIRD, SINGLE)["status"] == "succeeded"
    again = sold.service.operator.by("test").retry(failed["job"])
    sold.work(600)
    assert ended(sold.job({"job": again.job})) == ("failed", "seats_full")
    assert owner(sold) == SINGLE


def test_a_late_one_after_it_went_on_to_a_third(sold: Scene) -> None:
    move(sold, A, SINGLE, COMPANY)
    move(sold, A, COMPANY, THIRD)
    move(sold, A, THIRD, SINGLE)
    late = move(sold, A, SINGLE, COMPANY, at=-3600)
    assert (late["status"], owner(sold)) == ("cancelled", SINGLE)


def test_two_ways_at_once(sold: Scene) -> None:
    before = commands(sold)
    there = sold.hook("change_service", **data())
    back = sold.hook("change_service", **data(A, COMPANY, SINGLE))
    assert work_off(sold, there, back) == [("succeeded", None)] * 2
    assert (owner(sold), commands(sold)) == (SINGLE, before)


def test_one_tried_again_is_not_carried_out_for_a_former_owner_that_has_it_anew(
    sold: Scene,
) -> None:
    """The mailbox is another one by now: terminated and ordered anew."""
    create(sold, C, service_id=COMPANY, seats=1)
    failed = move(sold, seats=1)
    sold.do("terminate", address=A, service_id=SINGLE)
    create(sold, A, service_id=SINGLE, customer_id="5")
    again = sold.service.operator.by("test").retry(failed["job"])
    sold.work(600)
    assert ended(sold.job({"job": again.job}))[0] == "failed"


class Stopped(BaseException):
    pass


@pytest.mark.parametrize("point", ["claimed", "observed", "planned", "finishing", "finished"])
@pytest.mark.parametrize("then", ["suspend", "unsuspend", "terminate", "seats", "former"])
def test_a_crash_at_each_point(sold: Scene, point: str, then: str) -> None:
    create(sold, C, service_id=COMPANY, seats=2)
    hook = sold.hook("change_service", **data(seats=2))
    job = sold.engine.queue.claim("dead", sold.engine.limits)
    assert job is not None

    def stop(name: str) -> None:
        if name == point:
            raise Stopped

    before, sold.engine.worker.checkpoint = sold.engine.worker.checkpoint, stop
    with pytest.raises(Stopped):
        sold.engine.worker.run(job)
    sold.engine.worker.checkpoint = before
    over = point == "finished"
    match then:
        case "seats":
            create(sold, "dan@example.com", service_id=COMPANY, seats=2)
        case "former":
            sold.hook("terminate", address=A, service_id=SINGLE)
        case _:
            whole(sold, then, service_id=COMPANY)
    sold.clock.now += 600
    sold.work(600)
    status, code = ended(sold.job(hook))
    if then == "seats" and not over:
        assert (status, code, owner(sold)) == ("failed", "seats_full", SINGLE)
    else:
        assert status == "succeeded" or (then == "terminate" and owner(sold) == SINGLE)
    if then == "former":
        assert (states(sold, A), owner(sold)) == (["active"], COMPANY)
    if then == "suspend":
        assert (states(sold, A, C), owner(sold)) == (["suspended"] * 2, COMPANY)
    told = [each for each in sold.call_back(600) if each["data"]["job"] == hook["job"]]
    assert [each["type"] for each in told] == [f"job.{status}"]
    if then != "terminate":
        assert told[0]["data"]["changed"] is (status == "succeeded")


def side_by_side(scene: Scene, count: int) -> None:
    """So many jobs are claimed, and end at the same moment."""
    claimed = [scene.engine.queue.claim(f"w{n}", scene.engine.limits) for n in range(count)]
    barrier = threading.Barrier(count)

    def meet(name: str) -> None:
        if name in ("finishing", "planned"):
            with suppress(threading.BrokenBarrierError):
                barrier.wait(3)

    scene.engine.worker.checkpoint = meet
    assert None not in claimed
    each_at_once(scene.engine.worker.run, claimed)
    scene.engine.worker.checkpoint = lambda name: None
    scene.work(600)


def used(scene: Scene, service: str = COMPANY) -> int:
    query = sa.select(sa.func.count()).where(
        tables.mailboxes.c.service_id == service, tables.mailboxes.c.state != "absent"
    )
    with scene.service.database.read() as tx:
        return int(tx.scalar(query) or 0)


def test_two_changes_at_the_last_seat(sold: Scene) -> None:
    hooks = [
        sold.hook("change_service", **data(seats=1)),
        sold.hook("change_service", **data(B, "1043", seats=1)),
    ]
    side_by_side(sold, 2)
    ends = sorted(ended(sold.job(each))[0] for each in hooks)
    assert (ends, used(sold)) == (["failed", "succeeded"], 1)


def test_a_change_and_a_creation_at_the_last_seat(sold: Scene) -> None:
    more = {"service_id": COMPANY, "seats": 1}
    hooks = [
        sold.hook("change_service", **data(seats=1)),
        sold.hook("create", address=C, password="Sample-Pass.01", **more),
    ]
    side_by_side(sold, 2)
    ends = sorted(ended(sold.job(each))[0] for each in hooks)
    assert (ends, used(sold)) == (["failed", "succeeded"], 1)


def test_an_adoption_meanwhile_is_not_undone(sold: Scene) -> None:
    hook = sold.hook("change_service", **data())
    sold.service.operator.by("test").adopt("main", Address.parse(A), "shop", THIRD)
    sold.work(600)
    assert (ended(sold.job(hook)), owner(sold)) == (("failed", "not_ours"), THIRD)


def test_an_adoption_while_it_runs_is_refused(sold: Scene) -> None:
    hook = sold.hook("change_service", **data())
    job = sold.engine.queue.claim("worker", sold.engine.limits)
    assert job is not None
    with pytest.raises(NotPossible):
        sold.service.operator.by("test").adopt("main", Address.parse(A), "shop", THIRD)
    sold.engine.worker.run(job)
    assert (ended(sold.job(hook)), owner(sold)) == (("succeeded", None), COMPANY)


def test_a_held_deletion_is_not_approved_after_it_came_back(open_scene: Open) -> None:
    scene = open_scene(
        backend="hosted-email", account__settle=0, safety__max_terminations_per_hour=1
    )
    for service, address in ((SINGLE, A), ("1043", B)):
        create(scene, address, service_id=service)
    scene.do("terminate", address=B, service_id="1043")
    held = scene.do("terminate", address=A, service_id=SINGLE)
    assert held["status"] == "held"
    move(scene)
    move(scene, A, COMPANY, SINGLE)
    with pytest.raises(NotPossible):
        scene.service.operator.by("test").retry(held["job"], approve=True)
    assert states(scene, A) == ["active"]


def test_what_is_shown_names_the_new_service(sold: Scene) -> None:
    move(sold, seats=3, customer_id="5")
    lookup, services = sold.service.lookup, sold.service.services
    assert lookup.mailbox(A)["service_id"] == COMPANY
    assert (
        services.service("shop", COMPANY)["used"],
        services.service("shop", SINGLE)["used"],
    ) == (
        1,
        0,
    )
    items = {each["address"]: each for each in lookup.mailboxes("shop", "", 9)[0]}
    assert (items[A]["service_id"], items[A]["customer_id"]) == (COMPANY, "5")


def held_change(scene: Scene, **more: Any) -> dict[str, Any]:
    """One that nobody could answer for longer than the bridge tries."""
    scene.fault("get_user", "error_500", times=None)
    receipt = scene.do("change_service", 100 * 3600, **data(**more))
    scene.sim.control("/faults", method="DELETE")
    assert receipt["status"] == "held", receipt
    return receipt


def test_a_held_one_ends_with_its_service(sold: Scene) -> None:
    create(sold, C, service_id=COMPANY)
    held = held_change(sold)
    done(sold, "terminate", service_id=COMPANY)
    assert (sold.job(held)["status"], owner(sold), states(sold, A)) == (
        "cancelled",
        SINGLE,
        ["active"],
    )


def test_another_source_takes_nothing_over(open_scene: Open) -> None:
    scene = open_scene(backend="hosted-email", account__settle=0)
    create(scene, A, service_id=SINGLE, customer_id="5")
    assert states(scene, A) == ["active"]
    assert ended(move(scene, A, "1043", customer_id="6")) == ("failed", "not_ours")


def test_a_change_while_the_account_is_paused_keeps_its_place(sold: Scene) -> None:
    sold.service.operator.by("test").pause_account("main", "moving")
    first = sold.hook("change_service", **data())
    late = sold.hook("terminate", address=A, service_id=SINGLE)
    sold.work(600)
    assert sold.job(first)["waiting_for"] == "account"
    sold.service.operator.by("test").resume_account("main")
    assert work_off(sold, first, late) == [("succeeded", None), ("failed", "not_ours")]
    assert states(sold, A) == ["active"]


def test_in_a_grace_that_ends_while_it_waits_nothing_goes_over(open_scene: Open) -> None:
    scene = open_scene(backend="hosted-email", account__settle=0, safety__terminate_grace_days=30)
    create(scene, A, service_id=SINGLE)
    scene.do("terminate", address=A, service_id=SINGLE)
    scene.service.operator.by("test").pause_account("main", "moving")
    waits = scene.hook("change_service", **data())
    scene.periodic_tasks(31 * 86400)
    scene.service.operator.by("test").resume_account("main")
    scene.work(3600)
    assert ended(scene.job(waits))[0] == "failed"
    assert states(scene, A) == ["absent"]
